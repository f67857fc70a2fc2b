"""Checks the decoder passes that an estimator actually takes against those that it declares.

Reports count the declared passes: an estimator with undeclared evaluations of f would appear cheaper than it
is, and one with an undeclared derivative would appear to need none.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.errors import UsageError
from reportgen.estimators import Estimator


@dataclass
class Passes:
    """What one estimate has requested from its draws."""

    values: bool = False
    """f at the samples."""
    gradients: bool = False
    """∂f/∂z at the samples."""
    centre: bool = False
    """f at the mean of q."""
    centre_gradient: bool = False
    forward: int = 0
    """Forward passes at points of the estimator's own."""
    backward: int = 0

    def of(self, num_samples: int) -> tuple[int, int]:
        """Forward and backward passes of an estimate with K = `num_samples`."""
        forward = self.forward + (num_samples if self.values or self.gradients else 0)
        backward = self.backward + (num_samples if self.gradients else 0)
        return forward + int(self.centre or self.centre_gradient), backward + int(self.centre_gradient)


def require_declared(name: str, estimator: Estimator, seen: Passes, num_samples: int, latent: int) -> None:
    """Raise UsageError if more passes were taken than the estimator declares."""
    forward, backward = seen.of(num_samples)
    declared = estimator.forward_passes(num_samples, latent), estimator.backward_passes(num_samples)
    if forward <= declared[0] and backward <= declared[1]:
        return
    raise UsageError(
        f"{name}: needs the decoder passes of an estimate declared, {forward} forward and {backward} "
        f"backward with K = {num_samples}, found {declared[0]} and {declared[1]}. Set forward_per_sample, "
        "forward_per_latent (for each sample and unit) or extra_forward (for each estimate), and "
        "needs_gradient=True, backward_per_sample or extra_backward."
    )
