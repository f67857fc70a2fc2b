"""The interface of a variational family q(z; η).

Axes: I data points, N samples, d the length of z, m the length of η, n the
number of standard normals from which one sample is made. Methods that take
`noise` [I N n], independent standard normals, refer to the sample
z = `sample(noise)`; those named `…_at` take z itself. Leading axes broadcast;
the data type is that of η.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from torch import Tensor

LOG_TWO_PI = math.log(2.0 * math.pi)


class Family(Protocol):
    """Distributions q(z; η) at I data points.

    The methods of a discrete family that would differentiate z raise
    NotReparameterizableError.
    """

    name: ClassVar[str]
    """Its key in `FAMILIES` and in `reportgen.distributions.DISTRIBUTIONS`."""

    @classmethod
    def from_eta(cls, eta: Tensor, *args: Any, **options: Any) -> Self:
        """Make q from η [I m] as an encoder returns it, with options by name (rank, classes, scale).

        Raises UsageError if no η of this family has the length m.
        """

    @property
    def latent(self) -> int:
        """d, the length of z."""

    @property
    def noise(self) -> int:
        """n, the number of standard normals from which one sample is made."""

    def sample(self, noise: Tensor) -> Tensor:
        """z ~ q(z; η), [I N n] → [I N d]."""

    def log_density(self, noise: Tensor) -> Tensor:
        """log q(z; η) at the sample, [I N n] → [I N]; if n > d, the marginal density of z."""

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """∇_z log q(z; η) at the sample, [I N n] → [I N d]. Discrete families raise."""

    def score(self, noise: Tensor) -> Tensor:
        """∇_η log q(z; η) at the sample, z held fixed, [I N n] → [I N m]."""

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v with the noise held fixed, v [I N d] → [I N m]. Discrete families raise."""

    @property
    def mean(self) -> Tensor:
        """E_q[z], [I 1 d]."""

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂E_q[z]/∂η)ᵀ v, [I 1 d] → [I 1 m]."""

    def log_density_at(self, z: Tensor) -> Tensor:
        """log q(z; η), [I N d] → [I N], differentiable in z by autograd.

        A discrete family evaluates Σ z log p (+ (1 − z) log(1 − p)), which is
        defined for relaxed z too.
        """

    def score_at(self, z: Tensor) -> Tensor:
        """∇_η log q(z; η), [I N d] → [I N m]."""

    def entropy(self) -> Tensor:
        """− E_q[log q], nats, [I]."""

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ p), nats, [I]; the prior p is N(0, I), Bernoulli(½), or uniform over the classes."""

    def kl_gradient(self) -> Tensor:
        """∇_η KL(q ‖ p), [I m]."""


@runtime_checkable
class RelaxedFamily(Family, Protocol):
    """A discrete family with a continuous relaxation of its samples.

    Source: Maddison, Mnih & Teh (2017); Jang, Gu & Poole (2017).
    """

    @property
    def code_count(self) -> int:
        """The number of values that z can take."""

    def codes(self) -> Tensor:
        """All values that z can take, [codes d]."""

    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        """The relaxed sample ζ, [I N d]; it tends to `sample(noise)` as the temperature tends to 0."""

    def relaxed_pullback(self, noise: Tensor, temperature: float, v: Tensor) -> Tensor:
        """(∂ζ/∂η)ᵀ v with the noise held fixed, v [I N d] → [I N m]."""
