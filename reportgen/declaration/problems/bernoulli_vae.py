"""`model: bernoulli_vae`: a variational autoencoder with bits as its latent units."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.problems.vae import NETWORKS_BEGIN, Units, datasets, hidden_groups, products
from reportgen.declaration.scalars import Choice, Whole


class BernoulliVAE(Problem):
    """A variational autoencoder with a Bernoulli q(z|x), fair bits as the prior, and Bernoulli pixels.

    Source: Tucker et al. (2017), section 5.2, its single nonlinear layer.
    """

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("elbo", "elbo_analytic_kl")
    trained: ClassVar = True
    unit: ClassVar = ("image", "images")
    evaluation: ClassVar = ("decoder pass", "decoder passes")
    prepared: ClassVar = "binarized"
    network: ClassVar = True
    coordinates: ClassVar = "the weights of a variational autoencoder’s encoder"

    model: Literal["bernoulli_vae"] = "bernoulli_vae"
    """A variational autoencoder with Bernoulli latent units."""
    data: Annotated[str, Choice(datasets)] = "digits"
    """Data set; `reportgen list` names them."""
    hidden: Units = (50,)
    """Units of the encoder's hidden tanh layers; the decoder has the same in reverse."""
    latent: Annotated[int, Whole(1, 4096)] = 8
    """Latent bits d; exact values are for about 12 or fewer, and K = 1."""

    @property
    def beginning(self) -> str:
        return NETWORKS_BEGIN

    @property
    def distribution(self) -> str:
        return "bernoulli"

    @property
    def generative(self) -> bool:
        return True

    @property
    def latent_size(self) -> int:
        return self.latent

    @property
    def size(self) -> str:
        return f"{self.latent} latent bit{'s' * (self.latent != 1)}"

    @property
    def dataset(self) -> str:
        return self.data

    def weights(self, columns: int, rows: int) -> int:
        return products(self.latent, *self.hidden[::-1], columns)

    def encoding(self, columns: int) -> int:
        return products(columns, *self.hidden, self.latent)

    def units(self, columns: int) -> int:
        return self.latent + sum(self.hidden) + columns

    @property
    def groups(self) -> tuple[str, ...]:
        return *hidden_groups(self.hidden), "logits"

    @property
    def sentence(self) -> str:
        layers = "–".join(str(width) for width in (*self.hidden, self.latent))
        units = "latent bit" if self.latent == 1 else "latent bits"
        return (
            f"A variational autoencoder with a Bernoulli encoder {layers} (tanh layers, {self.latent} "
            f"{units}), fair bits as the prior, a mirrored decoder and Bernoulli pixels, on the data set "
            f"{self.data_title}"
        )
