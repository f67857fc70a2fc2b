"""Variational families q(z; η) with sample, score, pullback and KL: one file and one line here for each.

Their descriptions, which need no torch, are in `reportgen.distributions` under
the same names. The contract tests run over the whole table.
"""

from __future__ import annotations

from reportgen.families.bernoulli import Bernoulli
from reportgen.families.categorical import Categorical
from reportgen.families.family import Family, RelaxedFamily
from reportgen.families.fixed_scale import FixedScaleGaussian
from reportgen.families.full_covariance import FullCovarianceGaussian
from reportgen.families.gaussian import MeanFieldGaussian
from reportgen.families.low_rank import LowRankGaussian

FAMILIES: dict[str, type[Family]] = {
    "gaussian": MeanFieldGaussian,
    "fixed_scale_gaussian": FixedScaleGaussian,
    "full_covariance_gaussian": FullCovarianceGaussian,
    "low_rank_gaussian": LowRankGaussian,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
}

__all__ = [
    "FAMILIES",
    "Bernoulli",
    "Categorical",
    "Family",
    "FixedScaleGaussian",
    "FullCovarianceGaussian",
    "LowRankGaussian",
    "MeanFieldGaussian",
    "RelaxedFamily",
]
