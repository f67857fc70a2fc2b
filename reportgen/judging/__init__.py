"""Judging a trained VAE on test images, as Burda et al. (2016) do: likelihood, active units, samples."""

from __future__ import annotations

from reportgen.judging.judge import judge

__all__ = ["judge"]
