"""The Gaussian q that a declaration's `covariance` names."""

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
    """η [I m] → q, of resolved settings with or without `covariance` and `rank`."""
    covariance, options = _chosen(settings)
    family = FAMILIES[COVARIANCES[covariance]]

    def of_eta(eta: Tensor) -> Family:
        return family.from_eta(eta, **options)

    return of_eta


def correlations(settings: Mapping[str, Any], latent: int) -> dict[str, int]:
    """Name and size of what η holds after mean and log scale, where it holds anything.

    ``lower`` is L below its diagonal, ``factor`` is U; in a full covariance
    the log scale is the logarithm of L's diagonal.
    """
    covariance, options = _chosen(settings)
    size = DISTRIBUTIONS[COVARIANCES[covariance]].parameters(latent, **options) - 2 * latent
    return {{"full": "lower", "low_rank": "factor"}[covariance]: size} if size else {}
