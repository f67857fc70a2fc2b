"""`model: logistic_regression`: Bayesian logistic regression on the breast cancer data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from reportgen.declaration.problems.covariance import (
    COVARIANCES,
    Covariance,
    Rank,
    family_options,
    groups,
    said,
    without_unused,
)
from reportgen.declaration.problems.problem import Problem

FEATURES = 30
"""Columns of the data; z has one weight for each, and the intercept."""


class LogisticRegression(Problem):
    """Bayesian logistic regression: z ~ N(0, I), p(y|z) = ∏ₙ σ(yₙ zᵀxₙ), q(z) Gaussian.

    There is no encoder: φ is η. There is one data point, the whole data set.
    Source: Titsias & Lázaro-Gredilla (2014), section 3; Mohamed et al. (2020), section 8.
    """

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("elbo", "elbo_analytic_kl")
    trained: ClassVar = True
    unit: ClassVar = ("data set", "data sets")
    round: ClassVar = ("step", "steps")
    coordinates: ClassVar = "the free parameters of q"

    model: Literal["logistic_regression"] = "logistic_regression"
    """Bayesian logistic regression on the breast cancer data, 569 points of 30 features."""
    covariance: Covariance = "diagonal"
    """Covariance of q: diagonal, full, or low_rank (plus diagonal)."""
    rank: Rank = 1
    """Number of columns in the factor of a low_rank covariance; not used by the others."""

    @property
    def distribution(self) -> str:
        return COVARIANCES[self.covariance]

    @property
    def family_options(self) -> dict[str, int]:
        return family_options(self.covariance, self.rank)

    @property
    def latent_size(self) -> int:
        return FEATURES + 1

    @property
    def dataset(self) -> str:
        return "breast_cancer"

    @property
    def beginning(self) -> str:
        return "q begins at the prior" + (", its factor near zero" if self.covariance == "low_rank" else "")

    @property
    def data_title(self) -> str:
        return "the breast cancer data"

    @property
    def size(self) -> str:
        return f"{self.latent_size} weights"

    @property
    def images(self) -> bool:
        return False

    @classmethod
    def needed(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        return without_unused(settings)

    def weights(self, columns: int, rows: int) -> int:
        return rows * (columns + 50)  # a logarithm of a sigmoid takes as long as fifty products

    @property
    def groups(self) -> tuple[str, ...]:
        return groups(self.covariance, self.latent_size)

    @property
    def sentence(self) -> str:
        return (
            "Bayesian logistic regression on the breast cancer data of scikit-learn (569 points, 30 "
            "standardized features and an intercept) with the prior N(0, I); q is Gaussian with "
            f"{said(self.covariance, self.rank)}"
        )
