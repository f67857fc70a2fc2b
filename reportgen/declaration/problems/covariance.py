"""The covariance of a Gaussian q, as a declaration chooses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from reportgen.declaration.scalars import Whole, one_of

COVARIANCES = {
    "diagonal": "gaussian",
    "full": "full_covariance_gaussian",
    "low_rank": "low_rank_gaussian",
}
"""Name in a declaration → family in `reportgen.distributions`."""

Covariance = Annotated[str, one_of(*COVARIANCES)]
Rank = Annotated[int, Whole(1, 4096)]


def family_options(covariance: str, rank: int) -> dict[str, int]:
    """Options of the family that has this covariance."""
    return {"rank": rank} if covariance == "low_rank" else {}


def groups(covariance: str, latent: int) -> tuple[str, ...]:
    """Parts of η: the mean and the log scale, then L below its diagonal, or the factor U."""
    correlations = {"full": ("lower",) if latent > 1 else (), "low_rank": ("factor",)}
    return "mean", "log_scale", *correlations.get(covariance, ())


def without_unused(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, without the rank if the covariance has none."""
    low_rank = settings.get("covariance") == "low_rank"
    return {name: value for name, value in settings.items() if name != "rank" or low_rank}


def said(covariance: str, rank: int) -> str:
    """Inside a sentence, after “q is Gaussian with”: “a full covariance matrix”."""
    return {
        "diagonal": "independent coordinates",
        "full": "a full covariance matrix",
        "low_rank": f"a covariance matrix that is diagonal plus one of rank {rank}",
    }[covariance]
