"""What the families of discrete units have in common."""

from __future__ import annotations

from typing import NoReturn

from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import NotReparameterizableError
from reportgen.families.family import RelaxedFamily


class Discrete(RelaxedFamily):
    """η are logits; z jumps as they change, so neither ∂z/∂η nor ∇_z log q is of use."""

    @property
    def noise(self) -> int:
        return self.latent

    def log_density(self, noise: Tensor) -> Tensor:
        return self.log_density_at(self.sample(noise))

    def score(self, noise: Tensor) -> Tensor:
        return self.score_at(self.sample(noise))

    def score_at(self, z: Tensor) -> Tensor:
        """z − p."""
        return z - self.mean

    def pullback(self, noise: Tensor, v: Tensor) -> NoReturn:
        """Raises NotReparameterizableError."""
        raise NotReparameterizableError(DISTRIBUTIONS[self.name].refusal("pathwise"))

    def log_density_gradient(self, noise: Tensor) -> NoReturn:
        """Raises NotReparameterizableError."""
        raise NotReparameterizableError(DISTRIBUTIONS[self.name].refusal("the gradient of log q in z"))
