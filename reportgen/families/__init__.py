"""Variational families q(z; η): sample, score, pullback, KL; one file each."""

from __future__ import annotations

from reportgen.families.gaussian import MeanFieldGaussian

__all__ = ["MeanFieldGaussian"]
