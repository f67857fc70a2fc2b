"""`model: layered_vae`: a VAE with any number of stochastic layers, after Burda et al. (2016)."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from reportgen.declaration.complaints import listing, refuse
from reportgen.declaration.problems.networks import OfNetworks, Units, hidden_groups, products, shallow
from reportgen.declaration.scalars import AsList, Whole, filled

LOWEST, FURTHER = (50, 50), (20, 20)
"""Tanh layers below h1 and below every further stochastic layer, if a declaration names none."""


def _usual(settings: dict[str, Any]) -> tuple[tuple[int, ...], ...]:
    return (LOWEST, *(FURTHER for _ in settings.get("latent", ())[1:]))


class LayeredVAE(OfNetworks):
    """A VAE with any number of stochastic layers: x → h1 → … → hL in q, hL → … → h1 → x in p.

    The layers are Gaussian, the pixels Bernoulli.

    Source: Burda et al. (2016), section 5 and appendix C.
    """

    objectives: ClassVar = ("elbo", "iwae")
    usual: ClassVar = ("elbo",)
    judged: ClassVar = True
    layered: ClassVar = True
    coordinates: ClassVar = "the weights of all layers of a variational autoencoder’s encoder"

    model: Literal["layered_vae"] = "layered_vae"
    """A VAE with any number of stochastic layers."""
    latent: Annotated[
        tuple[Annotated[int, Whole(1, 4096)], ...], AsList(), AfterValidator(filled), AfterValidator(shallow)
    ] = (10, 5)
    """Number of units of each stochastic layer, h1 first."""
    hidden: Annotated[tuple[Units, ...], AfterValidator(filled)] = Field(default_factory=_usual)
    """Units of the tanh layers of q below each stochastic layer, one list per stochastic layer; p has the
    same in reverse. Default: [50, 50] below h1, [20, 20] below every further one."""

    @model_validator(mode="after")
    def _one_list_a_layer(self) -> LayeredVAE:
        layers, lists = len(self.latent), len(self.hidden)
        if layers != lists:
            raise refuse(
                f"must hold one list of widths for each layer of latent, {layers}, got {lists}. "
                f"Write {[list(widths) for widths in _usual({'latent': self.latent})]} or the like.",
                at=("hidden",),
            )
        return self

    @property
    def latent_size(self) -> int:
        return sum(self.latent)

    @property
    def size(self) -> str:
        return f"{listing(map(str, self.latent), 'and')} latent units"

    @property
    def written_out(self) -> bool:
        return True

    def weights(self, columns: int, rows: int) -> int:
        upward = zip(pairwise(self.latent), self.hidden[1:], strict=True)
        return self.decoding(columns) + sum(
            products(below, *hidden, 2 * above) for (below, above), hidden in upward
        )

    def decoding(self, columns: int) -> int:
        pixels = products(self.latent[0], *self.hidden[0][::-1], columns)
        downward = zip(pairwise(self.latent), self.hidden[1:], strict=True)
        return pixels + sum(products(above, *hidden[::-1], 2 * below) for (below, above), hidden in downward)

    def encoding(self, columns: int) -> int:
        return products(columns, *self.hidden[0], 2 * self.latent[0])

    def units(self, columns: int) -> int:
        of_q = sum(sum(widths) for widths in self.hidden[1:])  # an image passes the first network once
        return of_q + sum(map(sum, self.hidden)) + sum(self.latent) + columns

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(
            f"layer{number}.{group}"
            for number, widths in enumerate(self.hidden, start=1)
            for group in (*hidden_groups(widths), "mean", "log_scale")
        )

    @property
    def sentence(self) -> str:
        count = len(self.latent)
        number = {1: "one", 2: "two", 3: "three", 4: "four"}.get(count, str(count))
        tanh = listing(["–".join(map(str, widths)) for widths in self.hidden], "and")
        return (
            f"A variational autoencoder with {number} Gaussian stochastic layer{'s' * (count != 1)} of "
            f"{listing(map(str, self.latent), 'and')} units, tanh layers {tanh} below "
            f"{'them in turn' if count > 1 else 'it'}, mirrored in the decoder, and "
            f"Bernoulli pixels, on the data set {self.data_title}"
        )
