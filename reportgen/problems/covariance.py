"""The Gaussian q named by a declaration's `covariance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from reportgen.declaration.problems.covariance import COVARIANCES, family_options
from reportgen.distributions import DISTRIBUTIONS
from reportgen.families import FAMILIES, Family


def _chosen(settings: Mapping[str, Any]) -> tuple[str, dict[str, int]]:
    covariance = str(settings.get("covariance", "diagonal"))
    return covariance, family_options(covariance, int(settings.get("rank", 1)))


def gaussian_of(settings: Mapping[str, Any]) -> Callable[[Tensor], Family]:
    """The map η [I m] → q for resolved settings, which may lack `covariance` and `rank`."""
    covariance, options = _chosen(settings)
    family = FAMILIES[COVARIANCES[covariance]]

    def of_eta(eta: Tensor) -> Family:
        return family.from_eta(eta, **options)

    return of_eta


def correlations(settings: Mapping[str, Any], latent: int) -> dict[str, int]:
    """Name → size of the part of η after mean and log scale; empty for a diagonal covariance.

    ``lower`` is L below its diagonal, ``factor`` is U; with a full covariance
    the log scale is the logarithm of L's diagonal.
    """
    covariance, options = _chosen(settings)
    size = DISTRIBUTIONS[COVARIANCES[covariance]].parameters(latent, **options) - 2 * latent
    return {{"full": "lower", "low_rank": "factor"}[covariance]: size} if size else {}
