"""`model: linear_gaussian_vae`: probabilistic PCA as a VAE, where everything is exact."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.networks import OfImages
from reportgen.declaration.scalars import Real, Whole


class LinearGaussianVAE(OfImages):
    """Probabilistic PCA: z ~ N(0, I), x|z ~ N(W z + b, s² I), q(z|x) = N(A (x − b), diag σ²).

    θ = (W, b, s²) is the maximum-likelihood solution on the training images'
    grey levels, in closed form; its axes make the posterior's covariance
    diagonal, so that the mean-field q is the posterior unless it is moved.
    Source: Tipping & Bishop (1999), section 3.2; Lucas et al. (2019).
    """

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("elbo", "elbo_analytic_kl")
    coordinates: ClassVar = "the weights A and the scales σ of a linear encoder"

    model: Literal["linear_gaussian_vae"] = "linear_gaussian_vae"
    """Probabilistic PCA."""
    latent: Annotated[int, Whole(1, 64)] = 3
    """Number d of principal components; exact values are known for 5 or fewer."""
    perturbation: Annotated[float, Real(least=0.0)] = 0.0
    """How far q is from the posterior: the standard deviation of noise added to log σ, and to A in units of
    the root mean square of its entries."""

    @property
    def latent_size(self) -> int:
        return self.latent

    @property
    def groups(self) -> tuple[str, ...]:
        return "mean", "log_scale"

    @property
    def sentence(self) -> str:
        where = (
            "q is the exact posterior"
            if self.perturbation == 0.0
            else f"q is the posterior moved by noise of relative size {self.perturbation:g}"
        )
        return (
            f"Probabilistic PCA with {self.latent} components, fitted in closed form to the grey levels of "
            f"the data set {self.data_title}, and a linear encoder; {where}"
        )
