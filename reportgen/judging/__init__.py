"""Judges a trained VAE on test images, as in Burda et al. (2016): likelihood, active units, samples."""

from __future__ import annotations

from reportgen.judging.judge import judge

__all__ = ["judge"]
