"""What an estimator is: a pure function of shared draws, and its description.

This room imports no torch at run time, so that declarations are checked and
reports are written where torch is not installed; the functions work on
tensors through their methods and operators alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from reportgen.objectives import OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

Coefficients = Mapping[str, "Tensor"]

PILOT_SAMPLES = 4096
"""Samples a data point from which coefficients are fitted; a stream of their own. A fitted baseline b̂
adds (b̂ − b*)² E‖∇ log q‖² to the variance, which falls with this number."""


class Draws(Protocol):
    """What one evaluation of the decoder offers to every estimator.

    Axes: I data points, R replicates, K samples inside one estimate, d latent
    units, m parameters η of q(z; η). Every attribute refers to the integrand
    f(z; η) of one objective: E[mean_k f(z_k)], or for a bound of several
    samples E[log mean_k exp f(z_k)] with f = log w.
    """

    @property
    def epsilon(self) -> Tensor:
        """Standard normal noise that the family turns into z, [I R K n]; n = d for Gaussians."""

    @property
    def auxiliary(self) -> Tensor:
        """Further standard normals, as many as the estimator declares, [I R K n·auxiliary]."""

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

    @property
    def weights(self) -> Tensor:
        """∂objective/∂f_k, [I R K]: 1/K of a mean, the normalized importance weights of a bound."""

    @property
    def generative(self) -> Tensor:
        """∇_θ log p_θ(x, z) at the samples, [I R K |θ|]."""

    def weighted(self, values: Tensor) -> Tensor:
        """Σ_k ω_k v_k with ω the `weights`: [I R K …] → [I R …]."""

    def pullback(self, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v at the samples: [I R K d] → [I R K m]."""

    def evaluate(self, z: Tensor) -> Tensor:
        """Integrand at any points, [I R J d] → [I R J]; one decoder pass each."""

    def evaluate_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Integrand and ∇_z f at any points, [I R J d] → [I R J], [I R J d]."""

    def explicit_at(self, z: Tensor) -> Tensor | None:
        """∂f/∂η at any points held fixed, [I R J d] → [I R J m]; None where f does not depend on η."""

    def relaxed(self) -> Tensor:
        """ζ, the relaxation of the samples at the estimator's temperature, [I R K d]; of a discrete q."""

    def relaxed_pullback(self, v: Tensor) -> Tensor:
        """(∂ζ/∂η)ᵀ v with the noise held fixed: [I R K d] → [I R K m]."""

    def relaxed_given(self) -> Tensor:
        """ζ̃ from the law of ζ given the samples, of the auxiliary noise, [I R K d]; of a Bernoulli q."""

    def relaxed_given_pullback(self, v: Tensor) -> Tensor:
        """(∂ζ̃/∂η)ᵀ v with the samples and the noise held fixed: [I R K d] → [I R K m]."""

    @property
    def q(self) -> Any:
        """The family at the data points: `q.sample(noise)`, [I N n] → [I N d], `q.pullback(noise, v)`, …

        A `reportgen.families.Family`, whose noise is standard normal.
        """

    @property
    def gram(self) -> Tensor:
        """J Jᵀ with J = ∂η/∂φ of each data point, [I m m]: the metric of φ seen from η."""

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂E_q[z]/∂η)ᵀ v: [I R K d] → [I R K m], R and K any."""


Evaluate = Callable[[Draws, Coefficients], "Tensor"]


@dataclass(frozen=True)
class Estimator:
    """One estimator of ∇_η E_q[f], as the engine runs it and the report prints it.

    ``evaluate(draws, coefficients)`` returns one estimate a replicate,
    [I R m]; each averages the K samples of its replicate. ``fit`` computes
    coefficients (a baseline, say) from *pilot* draws, independent of those
    measured, so that an estimator that is unbiased for any constant
    coefficient stays so. An entry of the table has every text; a user's own
    needs a name and a function.

    Passes through the decoder are declared, since reports count them; more than
    declared are refused. Forward: `forward_per_sample` (1) and `forward_per_latent`
    (0; for each latent unit) for each sample, and `extra_forward` (0) for each
    estimate. Backward: 1 for each sample with ``needs_gradient=True``,
    `backward_per_sample` more, and `extra_backward` for each estimate. An estimator
    that evaluates f at points of its own alone sets ``at_samples=False``.
    `auxiliary` further normals for each one of the noise; `min_samples`, the fewest
    K; `default_samples`, K where none is asked for; `families`, if not any;
    ``averages=True`` where an estimate of K samples is the mean of estimates of each
    alone, whose exact variance is then known for any K.
    """

    name: str
    title: str = ""
    short: str = ""
    """What a sentence calls it: “the score function”."""
    formula: str = ""
    """LaTeX of the estimate of ∇_φ E_q[f], display form, no delimiters; of a bound's gradient where
    `evaluate` is None."""
    spoken: str = ""
    """The formula in words, its alternative text."""
    requires: str = ""
    """What must hold or be computable, one sentence."""
    source: str = ""
    """Citation keys, comma separated, from the report's bibliography."""
    evaluate: Evaluate | None = None
    """For objectives that are a mean over samples; None where it has no meaning there."""
    bound: Evaluate | None = None
    """For objectives that are a bound of several samples, log mean w; None where it has no meaning there."""
    bound_formula: str = ""
    """LaTeX of `bound`; empty: `formula` serves for both."""
    bound_spoken: str = ""
    """`bound_formula` in words."""
    fit: Callable[[Draws], Coefficients] | None = None
    fitted: str = ""
    """What `fit` finds, in words and in the plural: “baselines”."""
    unbiased: bool = True
    bound_unbiased: bool = True
    """Whether it is unbiased for a bound of several samples."""
    control: bool = False
    """Whether it is here to be rejected: no precision is asked of its variance."""
    at_samples: bool = True
    """Whether f, or its gradient, at the samples themselves is used, and not only at points made of them."""
    needs_gradient: bool = False
    """Whether ∇_z f at every sample is used (one decoder backward a sample)."""
    reparameterizes: bool = False
    """Whether ∂z/∂η is used, so that q must be reparameterizable."""
    families: tuple[str, ...] = ()
    """The only families it is made for; empty: any."""
    integrands: tuple[str, ...] = ()
    """The only integrands whose gradient it estimates; empty: any."""
    instead: tuple[str, ...] = ("score_function", "leave_one_out")
    """What to use where it does not apply."""
    independent: bool = False
    """Whether the samples inside an estimate must be independent, so that they cannot be antithetic."""
    averages: bool = False
    """Whether `evaluate` of K samples is the mean of `evaluate` of each alone, with the same coefficients."""
    sequential: bool = False
    """Whether a replicate depends on those before it in its batch, so that none has moments by itself."""
    parameters: Literal["phi", "theta"] = "phi"
    """Whose gradient is estimated."""
    temperature: float | None = None
    """That of the relaxation where the declaration gives none; None where q is not relaxed."""
    auxiliary: int = 0
    """Further standard normals used for each one of the noise."""
    signs: int = 0
    """How many of those, the last ones, are used by their sign alone."""
    min_samples: int = 1
    default_samples: int = 1
    """K where the declaration gives none."""
    samples_each: int = 1
    """Samples of q at which f is evaluated for each of the K: two where these are pairs."""
    extra_forward: int = 0
    """Decoder forward passes an estimate needs besides one a sample."""
    extra_backward: int = 0
    """Decoder backward passes an estimate needs besides one a sample."""
    forward_per_latent: int = 0
    """Decoder forward passes that each sample needs for each latent unit."""
    forward_per_sample: int = 1
    """Decoder forward passes that each sample needs besides."""
    backward_per_sample: int = 0
    """Decoder backward passes that each sample needs besides that of `needs_gradient`."""

    def forward_passes(self, num_samples: int, latent: int = 0) -> int:
        """Decoder forward passes of one estimate with K = `num_samples` and `latent` units."""
        a_sample = self.forward_per_sample + self.forward_per_latent * latent
        return num_samples * a_sample + self.extra_forward

    def backward_passes(self, num_samples: int) -> int:
        """Decoder backward passes (with respect to z) of one estimate."""
        return num_samples * (int(self.needs_gradient) + self.backward_per_sample) + self.extra_backward

    @property
    def weighs_score(self) -> bool:
        """Whether it is a score times values of f; not where f is evaluated at points made for each unit."""
        return not self.differentiates and not self.forward_per_latent

    @property
    def differentiates(self) -> bool:
        """Whether it needs ∇_z f anywhere, which a black-box integrand does not have."""
        return self.backward_passes(1) > 0

    def serves(self, objective: str) -> bool:
        """Whether it estimates this objective's gradient."""
        return self.of(objective) is not None

    def of(self, objective: str) -> Evaluate | None:
        """The function that estimates this objective's gradient; None where there is none."""
        wanted = OBJECTIVES[objective]
        if self.integrands and wanted.integrand.name not in self.integrands:
            return None
        return self.bound if wanted.several else self.evaluate

    def formula_of(self, objective: str) -> tuple[str, str]:
        """LaTeX and words of what estimates this objective's gradient."""
        if OBJECTIVES[objective].several and self.bound_formula:
            return self.bound_formula, self.bound_spoken
        return self.formula, self.spoken

    def is_unbiased(self, objective: str, num_samples: int | None) -> bool:
        """Whether its mean is this objective's gradient, by construction; of K samples, at every K if None.

        A bound of one sample is the mean of one.
        """
        several = OBJECTIVES[objective].several
        if several and num_samples == 1 and self.evaluate is not None:
            return self.unbiased
        return self.bound_unbiased if several else self.unbiased
