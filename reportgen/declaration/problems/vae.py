"""`model: vae`: a Gaussian variational autoencoder with Bernoulli pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from reportgen.declaration.complaints import refuse
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
from reportgen.declaration.scalars import AsList, Choice, Whole, filled, one_of

MOST_LAYERS = 1000
"""Of one network: through more tanh layers than that, one after another, nothing is learnt."""


def shallow(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """For ``AfterValidator``: refuses more layers than a network can use."""
    if len(values) > MOST_LAYERS:
        raise refuse(f"must name at most {MOST_LAYERS} layers, got {len(values)}. Name fewer.")
    return values


Units = Annotated[
    tuple[Annotated[int, Whole(1, 65536)], ...], AsList(), AfterValidator(filled), AfterValidator(shallow)
]
"""Units of each layer of a network."""


def datasets() -> Iterable[str]:
    """Names of the data sets there are."""
    from reportgen.datasets import DATASETS

    return DATASETS


def products(*widths: int) -> int:
    """Multiplications in linear layers between units of these numbers, for one row."""
    return sum(inputs * outputs for inputs, outputs in pairwise(widths))


def hidden_groups(widths: Sequence[int]) -> tuple[str, ...]:
    """Parameter groups of an encoder's hidden layers: hidden.0, hidden.1, …"""
    return tuple(f"hidden.{number}" for number in range(len(widths)))


NETWORKS_BEGIN = "biases at zero, and the decoder’s output bias at the logit of the mean training image"
"""Where networks begin, besides their weights."""


class VAE(Problem):
    """A variational autoencoder with a Gaussian q(z|x) and Bernoulli pixels."""

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl")
    trained: ClassVar = True
    judged: ClassVar = True
    unit: ClassVar = ("image", "images")
    network: ClassVar = True
    coordinates: ClassVar = "the weights of a variational autoencoder’s encoder"
    evaluation: ClassVar = ("decoder pass", "decoder passes")
    prepared: ClassVar = "binarized"

    model: Annotated[Literal["vae"], one_of("vae")] = "vae"
    """A variational autoencoder with a Gaussian q(z|x) and Bernoulli pixels."""
    data: Annotated[str, Choice(datasets)] = "digits"
    """Data set; `reportgen list` names them."""
    hidden: Units = (100, 100)
    """Units of the encoder's hidden layers; the decoder has the same in reverse."""
    latent: Annotated[int, Whole(1, 4096)] = 10
    """Latent units d; a diagonal q has 2 d parameters an image."""
    activation: Annotated[str, one_of("tanh")] = "tanh"
    """Nonlinearity of the hidden layers."""
    covariance: Covariance = "diagonal"
    """Covariance of q(z|x): diagonal, full, or low_rank (plus diagonal)."""
    rank: Rank = 1
    """Columns of the factor of a low_rank covariance; the others have no use for it."""

    @property
    def generative(self) -> bool:
        return True

    @property
    def latent_size(self) -> int:
        return self.latent

    @property
    def dataset(self) -> str:
        return self.data

    @property
    def beginning(self) -> str:
        return NETWORKS_BEGIN

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

    def weights(self, columns: int, rows: int) -> int:
        return products(self.latent, *self.hidden[::-1], columns)

    def encoding(self, columns: int) -> int:
        return products(columns, *self.hidden, self.eta_size)

    def units(self, columns: int) -> int:
        return self.latent + sum(self.hidden) + columns

    @property
    def groups(self) -> tuple[str, ...]:
        return *hidden_groups(self.hidden), *groups(self.covariance, self.latent)

    @property
    def sentence(self) -> str:
        layers = "–".join(str(width) for width in (*self.hidden, self.latent))
        units = "latent unit" if self.latent == 1 else "latent units"
        q = "" if self.covariance == "diagonal" else f" with {said(self.covariance, self.rank)}"
        return (
            f"A variational autoencoder with a Gaussian encoder {layers} ({self.activation} layers, "
            f"{self.latent} {units}){q}, a mirrored decoder and Bernoulli pixels, on the data set "
            f"{self.data_title}"
        )
