"""`model: vae`: a Gaussian variational autoencoder with Bernoulli pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from reportgen.declaration.problems.covariance import (
    COVARIANCES,
    Covariance,
    Rank,
    family_options,
    groups,
    said,
    without_unused,
)
from reportgen.declaration.problems.networks import Mirrored, Units, hidden_groups
from reportgen.declaration.scalars import Whole, one_of


class VAE(Mirrored):
    """A variational autoencoder with a Gaussian q(z|x) and Bernoulli pixels."""

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl")
    judged: ClassVar = True
    coordinates: ClassVar = "the weights of a variational autoencoder’s encoder"

    model: Literal["vae"] = "vae"
    """A variational autoencoder with a Gaussian q(z|x) and Bernoulli pixels."""
    hidden: Units = (100, 100)
    """Units of the encoder's hidden layers; the decoder has the same in reverse."""
    latent: Annotated[int, Whole(1, 4096)] = 10
    """Number d of latent units; a diagonal q has 2 d parameters per image."""
    activation: Annotated[str, one_of("tanh")] = "tanh"
    """Nonlinearity of the hidden layers."""
    covariance: Covariance = "diagonal"
    """Covariance of q(z|x): diagonal, full, or low_rank (plus diagonal)."""
    rank: Rank = 1
    """Number of columns in the factor of a low_rank covariance; not used by the others."""

    @property
    def distribution(self) -> str:
        return COVARIANCES[self.covariance]

    @property
    def family_options(self) -> dict[str, int]:
        return family_options(self.covariance, self.rank)

    @classmethod
    def needed(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        found = without_unused(settings)
        if found.get("covariance") == "diagonal":  # cells made before there was a choice keep their keys
            del found["covariance"]
        return found

    @property
    def written_out(self) -> bool:
        return self.covariance == "diagonal"

    @property
    def groups(self) -> tuple[str, ...]:
        return *hidden_groups(self.hidden), *groups(self.covariance, self.latent)

    @property
    def sentence(self) -> str:
        units = "latent unit" if self.latent == 1 else "latent units"
        q = "" if self.covariance == "diagonal" else f" with {said(self.covariance, self.rank)}"
        return (
            f"A variational autoencoder with a Gaussian encoder {self.layers} ({self.activation} layers, "
            f"{self.latent} {units}){q}, a mirrored decoder and Bernoulli pixels, on the data set "
            f"{self.data_title}"
        )
