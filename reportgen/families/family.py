"""What a variational family q(z; η) is to the engine.

Axes: I data points, N samples, d = length of z, m = length of η, n = standard
normals that one sample takes. Methods that take `noise` [I N n] speak of the
sample z = `sample(noise)`; it is always independent and standard normal. Those
named `…_at` take z itself. Leading axes broadcast; the data type is η's.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from torch import Tensor

LOG_TWO_PI = math.log(2.0 * math.pi)


class Family(Protocol):
    """Distributions q(z; η) of I data points.

    A discrete family refuses what differentiates z, with
    NotReparameterizableError.
    """

    name: ClassVar[str]
    """Its key in `FAMILIES` and in `reportgen.distributions.DISTRIBUTIONS`."""

    @classmethod
    def from_eta(cls, eta: Tensor, *args: Any, **options: Any) -> Self:
        """From η [I m], as an encoder puts it out; options by name (rank, classes, scale).

        Raises UsageError where m is the length of no such η.
        """

    @property
    def latent(self) -> int:
        """d, the length of z."""

    @property
    def noise(self) -> int:
        """n, the standard normals one sample takes."""

    def sample(self, noise: Tensor) -> Tensor:
        """z ~ q(z; η), [I N n] → [I N d]."""

    def log_density(self, noise: Tensor) -> Tensor:
        """log q(z; η) at the sample, [I N n] → [I N]; of the marginal of z where n > d."""

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """∇_z log q(z; η) at the sample, [I N n] → [I N d]. Discrete families refuse."""

    def score(self, noise: Tensor) -> Tensor:
        """∇_η log q(z; η) at the sample, z held fixed, [I N n] → [I N m]."""

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v with the noise held fixed, v [I N d] → [I N m]. Discrete families refuse."""

    @property
    def mean(self) -> Tensor:
        """E_q[z], [I 1 d]."""

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂E_q[z]/∂η)ᵀ v, [I 1 d] → [I 1 m]."""

    def log_density_at(self, z: Tensor) -> Tensor:
        """log q(z; η), [I N d] → [I N], differentiable in z by autograd.

        For discrete families the polynomial Σ z log p (+ (1 − z) log(1 − p)),
        which is defined for relaxed z too.
        """

    def score_at(self, z: Tensor) -> Tensor:
        """∇_η log q(z; η), [I N d] → [I N m]."""

    def entropy(self) -> Tensor:
        """− E_q[log q], nats, [I]."""

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ p), nats, [I]; p is N(0, I), Bernoulli(½), or uniform over the classes."""

    def kl_gradient(self) -> Tensor:
        """∇_η KL(q ‖ p), [I m]."""


@runtime_checkable
class RelaxedFamily(Family, Protocol):
    """A discrete family with a continuous relaxation of its samples.

    Source: Maddison, Mnih & Teh (2017); Jang, Gu & Poole (2017).
    """

    @property
    def code_count(self) -> int:
        """How many values z can take."""

    def codes(self) -> Tensor:
        """All of them, [codes d]."""

    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        """ζ [I N d]; tends to `sample(noise)` as the temperature falls to 0."""

    def relaxed_pullback(self, noise: Tensor, temperature: float, v: Tensor) -> Tensor:
        """(∂ζ/∂η)ᵀ v with the noise held fixed, v [I N d] → [I N m]."""
