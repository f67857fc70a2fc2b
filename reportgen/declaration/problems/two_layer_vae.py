"""`model: two_layer_vae`: a VAE with two stochastic layers, after Burda et al. (2016)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from reportgen.declaration.complaints import refuse
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.problems.vae import NETWORKS_BEGIN, datasets, hidden_groups, products
from reportgen.declaration.scalars import AsList, Choice, Whole, filled


def _two(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(values) != 2:
        raise refuse(f"must be two numbers, one a layer, got {len(values)}. Write [10, 5] or the like.")
    return values


Widths = Annotated[tuple[Annotated[int, Whole(1, 65536)], ...], AsList(), AfterValidator(filled)]


class TwoLayerVAE(Problem):
    """x → h1 → h2 in q, h2 → h1 → x in p, all Gaussian but the Bernoulli pixels.

    Source: Burda et al. (2016), section 5 and figure 1.
    """

    objectives: ClassVar = ("elbo", "iwae")
    usual: ClassVar = ("elbo",)
    trained: ClassVar = True
    layered: ClassVar = True
    unit: ClassVar = ("image", "images")
    network: ClassVar = True
    coordinates: ClassVar = "the weights of both layers of a variational autoencoder’s encoder"
    evaluation: ClassVar = ("decoder pass", "decoder passes")
    prepared: ClassVar = "binarized"

    model: Literal["two_layer_vae"] = "two_layer_vae"
    """A VAE with two stochastic layers."""
    data: Annotated[str, Choice(datasets)] = "digits"
    """Data set; `reportgen list` names them."""
    latent: Annotated[tuple[Annotated[int, Whole(1, 4096)], ...], AsList(), AfterValidator(_two)] = (10, 5)
    """Units of h1 and of h2."""
    hidden: Widths = (50, 50)
    """Units of the tanh layers between x and h1, in q; p has the same in reverse."""
    upper_hidden: Widths = (20, 20)
    """Units of the tanh layers between h1 and h2, in q; p has the same in reverse."""

    @property
    def beginning(self) -> str:
        return NETWORKS_BEGIN

    @property
    def generative(self) -> bool:
        return True

    @property
    def latent_size(self) -> int:
        return sum(self.latent)

    @property
    def size(self) -> str:
        first, second = self.latent
        return f"{first} and {second} latent units"

    @property
    def dataset(self) -> str:
        return self.data

    def weights(self, columns: int, rows: int) -> int:
        first, second = self.latent
        lower, upper = self.hidden, self.upper_hidden
        encoder = products(columns, *lower, 2 * first) + products(first, *upper, 2 * second)
        decoder = products(second, *upper[::-1], 2 * first) + products(first, *lower[::-1], columns)
        return encoder + decoder

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(
            f"layer{number}.{group}"
            for number, widths in enumerate((self.hidden, self.upper_hidden), 1)
            for group in (*hidden_groups(widths), "mean", "log_scale")
        )

    @property
    def sentence(self) -> str:
        first, second = self.latent
        lower, upper = ("–".join(map(str, widths)) for widths in (self.hidden, self.upper_hidden))
        return (
            f"A variational autoencoder with two Gaussian stochastic layers of {first} and {second} units, "
            f"tanh layers {lower} below the first and {upper} between the two, mirrored in the decoder, and "
            f"Bernoulli pixels, on the data set {self.data}"
        )
