"""What every family of discrete units refuses."""

from __future__ import annotations

from typing import ClassVar, NoReturn

from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import NotReparameterizableError


class Discrete:
    """z jumps as η moves: neither ∂z/∂η nor ∇_z log q is of use."""

    name: ClassVar[str]

    def pullback(self, noise: Tensor, v: Tensor) -> NoReturn:
        """Raises NotReparameterizableError."""
        raise NotReparameterizableError(DISTRIBUTIONS[self.name].refusal("pathwise"))

    def log_density_gradient(self, noise: Tensor) -> NoReturn:
        """Raises NotReparameterizableError."""
        raise NotReparameterizableError(DISTRIBUTIONS[self.name].refusal("the gradient of log q in z"))
