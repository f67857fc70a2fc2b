"""What an estimator is: a pure function of shared draws, and its description.

This room imports no torch at run time, so that declarations are checked and
reports are written where torch is not installed; the functions work on
tensors through their methods and operators alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

Coefficients = Mapping[str, "Tensor"]


class Draws(Protocol):
    """What one evaluation of the decoder offers to every estimator.

    Axes: I images, R replicates, K samples inside one estimate, d latent
    units, m parameters η of q(z; η). Every attribute refers to the integrand
    f(z; η) of one objective, E_q[f].
    """

    @property
    def epsilon(self) -> Tensor:
        """Noise ε of the reparameterization z = g(ε; η), [I R K d]."""

    @property
    def f(self) -> Tensor:
        """Integrand at the samples, [I R K]."""

    @property
    def gradient(self) -> Tensor:
        """∇_z f at the samples with η held fixed, [I R K d]."""

    @property
    def explicit(self) -> Tensor | None:
        """∂f/∂η at fixed z, [I R K m]; None where f does not depend on η."""

    @property
    def score(self) -> Tensor:
        """∇_η log q(z; η) at the samples, [I R K m]."""

    @property
    def log_q(self) -> Tensor:
        """log q(z; η) at the samples, [I R K]."""

    @property
    def centre(self) -> Tensor:
        """The mean of q, the point of Taylor expansions, [I 1 1 d]."""

    @property
    def z(self) -> Tensor:
        """The samples, [I R K d]."""

    @property
    def f_at_centre(self) -> Tensor:
        """Integrand at the mean of q, [I 1 1]."""

    @property
    def gradient_at_centre(self) -> Tensor:
        """∇_z f at the mean of q, [I 1 1 d]."""

    def pullback(self, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v at the samples: [I R K d] → [I R K m]."""

    @property
    def gram(self) -> Tensor:
        """J Jᵀ with J = ∂η/∂φ of each image, [I m m]: the metric of φ seen from η."""

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂E_q[z]/∂η)ᵀ v: [I 1 1 d] → [I 1 1 m]."""


@dataclass(frozen=True)
class Estimator:
    """One estimator of ∇_η E_q[f], as the engine runs it and the report prints it.

    ``evaluate(draws, coefficients)`` returns one estimate a replicate,
    [I R m]; each averages the K samples of its replicate. ``fit`` computes
    coefficients (a baseline, say) from *pilot* draws, independent of those
    measured, so that an estimator that is unbiased for any constant
    coefficient stays so.
    """

    name: str
    title: str
    formula: str
    """LaTeX of the estimate of ∇_φ E_q[f], display form, no delimiters."""
    spoken: str
    """The formula in words, its alternative text."""
    requires: str
    """What must hold or be computable, one sentence."""
    source: str
    """Citation keys, comma separated, from the report's bibliography."""
    evaluate: Callable[[Draws, Coefficients], Tensor]
    fit: Callable[[Draws], Coefficients] | None = None
    unbiased: bool = True
    needs_gradient: bool = False
    """Whether ∇_z f at every sample is used (one decoder backward a sample)."""
    min_samples: int = 1
    default_samples: int = 1
    """K where the declaration gives none."""
    extra_forward: int = 0
    """Decoder forward passes an estimate needs besides one a sample."""
    extra_backward: int = 0
    """Decoder backward passes an estimate needs besides one a sample."""

    def forward_passes(self, num_samples: int) -> int:
        """Decoder forward passes of one estimate with K = `num_samples`."""
        return num_samples + self.extra_forward

    def backward_passes(self, num_samples: int) -> int:
        """Decoder backward passes (with respect to z) of one estimate."""
        return (num_samples if self.needs_gradient else 0) + self.extra_backward
