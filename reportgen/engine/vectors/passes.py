"""The decoder passes that an estimator was seen to take, held against those that it declares.

Reports count the declared ones: an estimator that evaluates f at points of its own and does not say so
would come out cheaper than it is, and one that takes a derivative unsaid would pass for one that needs none.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.errors import UsageError
from reportgen.estimators import Estimator


@dataclass
class Passes:
    """What one estimate asked its draws for."""

    values: bool = False
    """f at the samples."""
    gradients: bool = False
    """∂f/∂z there."""
    centre: bool = False
    """f at the mean of q."""
    centre_gradient: bool = False
    forward: int = 0
    """At points of its own."""
    backward: int = 0

    def of(self, num_samples: int) -> tuple[int, int]:
        """Forward and backward passes of an estimate with so many samples."""
        forward = self.forward + (num_samples if self.values or self.gradients else 0)
        backward = self.backward + (num_samples if self.gradients else 0)
        return forward + int(self.centre or self.centre_gradient), backward + int(self.centre_gradient)


def require_declared(name: str, estimator: Estimator, seen: Passes, num_samples: int, latent: int) -> None:
    """Raises UsageError where more passes were taken than the estimator says it takes."""
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
