"""Base classes of the sections of models of images, and of models whose networks are trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from reportgen.declaration.complaints import refuse
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import AsList, Choice, Whole, filled

MOST_LAYERS = 1000
"""Most layers of one network: through more tanh layers, one after another, nothing is learnt."""


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


class OfImages(Problem):
    """A model of the images of a data set."""

    unit: ClassVar = ("image", "images")
    evaluation: ClassVar = ("decoder pass", "decoder passes")

    data: Annotated[str, Choice(datasets)] = "digits"
    """Name of the data set; `reportgen list` shows them all."""

    @property
    def dataset(self) -> str:
        return self.data


class OfNetworks(OfImages):
    """A model of binary images, whose encoder and decoder are networks that are trained."""

    trained: ClassVar = True
    network: ClassVar = True
    prepared: ClassVar = "binarized"

    @property
    def beginning(self) -> str:
        return "biases at zero, and the decoder’s output bias at the logit of the mean training image"

    @property
    def generative(self) -> bool:
        return True


class Mirrored(OfNetworks):
    """A model whose decoder has the encoder's hidden layers in reverse, with z between the two."""

    hidden: Units
    latent: Annotated[int, Whole(1, 4096)]

    @property
    def latent_size(self) -> int:
        return self.latent

    @property
    def layers(self) -> str:
        """“100–100–10”: units of the encoder, z last."""
        return "–".join(map(str, (*self.hidden, self.latent)))

    def weights(self, columns: int, rows: int) -> int:
        return products(self.latent, *self.hidden[::-1], columns)

    def encoding(self, columns: int) -> int:
        return products(columns, *self.hidden, self.eta_size)

    def units(self, columns: int) -> int:
        return self.latent + sum(self.hidden) + columns
