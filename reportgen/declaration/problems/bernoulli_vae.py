"""`model: bernoulli_vae`: a variational autoencoder with bits as its latent units."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.networks import Mirrored, Units, hidden_groups
from reportgen.declaration.scalars import Whole


class BernoulliVAE(Mirrored):
    """A variational autoencoder with a Bernoulli q(z|x), fair bits as the prior, and Bernoulli pixels.

    Source: Tucker et al. (2017), section 5.2, its single nonlinear layer.
    """

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("elbo", "elbo_analytic_kl")
    coordinates: ClassVar = "the weights of a variational autoencoder’s encoder"

    model: Literal["bernoulli_vae"] = "bernoulli_vae"
    """A variational autoencoder with Bernoulli latent units."""
    hidden: Units = (50,)
    """Units of the encoder's hidden tanh layers; the decoder has the same in reverse."""
    latent: Annotated[int, Whole(1, 4096)] = 8
    """Number d of latent bits; exact values are known for about 12 or fewer, with K = 1."""

    @property
    def distribution(self) -> str:
        return "bernoulli"

    @property
    def size(self) -> str:
        return f"{self.latent} latent bit{'s' * (self.latent != 1)}"

    @property
    def groups(self) -> tuple[str, ...]:
        return *hidden_groups(self.hidden), "logits"

    @property
    def sentence(self) -> str:
        units = "latent bit" if self.latent == 1 else "latent bits"
        return (
            f"A variational autoencoder with a Bernoulli encoder {self.layers} (tanh layers, {self.latent} "
            f"{units}), fair bits as the prior, a mirrored decoder and Bernoulli pixels, on the data set "
            f"{self.data_title}"
        )
