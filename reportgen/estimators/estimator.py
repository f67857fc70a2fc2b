"""What an estimator is: a pure function of shared draws, and its description.

This package does not import torch at run time, so that declarations can be
checked and reports written where torch is not installed; its functions use
only the tensors' methods and operators.
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
"""Samples per data point from which coefficients are fitted, drawn from a separate stream. A fitted
baseline b̂ adds (b̂ − b*)² E‖∇ log q‖² to the variance, which decreases with this number."""


class Draws(Protocol):
    """A batch of samples, evaluated once for all estimators.

    Axes: I data points, R replicates, K samples per estimate, d the length of
    z, m that of η in q(z; η), n standard normals per sample. Everything refers
    to the integrand f(z; η) of one objective: E[mean_k f(z_k)], or, for a bound
    of several samples, E[log mean_k exp f(z_k)] with f = log w.
    """

    @property
    def epsilon(self) -> Tensor:
        """Standard normal noise from which the family makes z, [I R K n]; n = d unless q is of low rank."""

    @property
    def auxiliary(self) -> Tensor:
        """Further standard normals, as many as the estimator declares, [I R K n·auxiliary]."""

    @property
    def f(self) -> Tensor:
        """The integrand at the samples, [I R K]."""

    @property
    def gradient(self) -> Tensor:
        """∇_z f at the samples with η held fixed, [I R K d]."""

    @property
    def explicit(self) -> Tensor | None:
        """∂f/∂η at fixed z, [I R K m]; None if f does not depend on η."""

    @property
    def score(self) -> Tensor:
        """∇_η log q(z; η) at the samples, [I R K m]."""

    @property
    def log_q(self) -> Tensor:
        """log q(z; η) at the samples, [I R K]."""

    @property
    def centre(self) -> Tensor:
        """The mean of q, about which estimators may expand f, [I 1 1 d]."""

    @property
    def z(self) -> Tensor:
        """The samples, [I R K d]."""

    @property
    def f_at_centre(self) -> Tensor:
        """The integrand at the mean of q, [I 1 1]."""

    @property
    def gradient_at_centre(self) -> Tensor:
        """∇_z f at the mean of q, [I 1 1 d]."""

    @property
    def weights(self) -> Tensor:
        """∂objective/∂f_k, [I R K]: 1/K for a mean, the normalized importance weights for a bound."""

    @property
    def generative(self) -> Tensor:
        """∇_θ log p_θ(x, z) at the samples, [I R K |θ|]."""

    def weighted(self, values: Tensor) -> Tensor:
        """Σ_k ω_k v_k with ω = `weights`: [I R K …] → [I R …]."""

    def pullback(self, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v at the samples: [I R K d] → [I R K m]."""

    def evaluate(self, z: Tensor) -> Tensor:
        """The integrand at given points, [I R J d] → [I R J]; one decoder pass for each."""

    def evaluate_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The integrand and ∇_z f at given points, [I R J d] → [I R J], [I R J d]."""

    def explicit_at(self, z: Tensor) -> Tensor | None:
        """∂f/∂η at given points held fixed, [I R J d] → [I R J m]; None if f does not depend on η."""

    def relaxed(self) -> Tensor:
        """ζ, the samples of a discrete q relaxed at the estimator's temperature, [I R K d]."""

    def relaxed_pullback(self, v: Tensor) -> Tensor:
        """(∂ζ/∂η)ᵀ v with the noise held fixed: [I R K d] → [I R K m]."""

    def relaxed_given(self) -> Tensor:
        """ζ̃ from the distribution of ζ given the samples of a Bernoulli q, by auxiliary noise, [I R K d]."""

    def relaxed_given_pullback(self, v: Tensor) -> Tensor:
        """(∂ζ̃/∂η)ᵀ v with the samples and the noise held fixed: [I R K d] → [I R K m]."""

    @property
    def q(self) -> Any:
        """The `reportgen.families.Family` at the data points: `q.sample(noise)`, [I N n] → [I N d], …"""

    @property
    def gram(self) -> Tensor:
        """J Jᵀ with J = ∂η/∂φ, [I m m]: vᵀ J Jᵀ v is the squared norm in φ of a vector v in η."""

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂E_q[z]/∂η)ᵀ v: [I R K d] → [I R K m]; any R and K, but R = K = 1 for correlated Gaussians."""


Evaluate = Callable[[Draws, Coefficients], "Tensor"]


@dataclass(frozen=True)
class Estimator:
    """One estimator of ∇_η E_q[f], as the engine runs it and the report prints it.

    ``evaluate(draws, coefficients)`` returns one estimate per replicate,
    [I R m], each from the K samples of its replicate. ``fit`` computes
    coefficients (a baseline, say) from *pilot* draws, independent of those
    measured, so that an estimator that is unbiased for constant coefficients
    stays unbiased. An entry of the table has all texts; a user's own estimator
    needs a name and a function.

    Decoder passes are declared, since reports count them; a user's own estimator
    may not take more. Forward: for each sample `forward_per_sample` (1) plus
    `forward_per_latent` (0) times the latent units, and for each estimate
    `extra_forward` (0). Backward: for each sample 1 with ``needs_gradient=True``,
    plus `backward_per_sample`, and for each estimate `extra_backward`. Set
    ``at_samples=False`` if f is evaluated only at points of the estimator's own.

    `auxiliary` is how many further normals it takes for each one of the noise;
    `min_samples` the smallest K; `default_samples` K if none is declared;
    `families` those it is limited to. Set ``averages=True`` if the estimate from K
    samples is the mean of the estimates from each of them: its exact variance is
    then known for every K.
    """

    name: str
    title: str = ""
    short: str = ""
    """Its name within a sentence: “the score function”."""
    formula: str = ""
    """LaTeX of the estimate of ∇_φ E_q[f], display form, without delimiters; of a bound's gradient if
    `evaluate` is None."""
    spoken: str = ""
    """The formula in words, as alternative text."""
    requires: str = ""
    """What must hold or be computable, one sentence."""
    source: str = ""
    """Citation keys, comma separated, from the report's bibliography."""
    evaluate: Evaluate | None = None
    """Used for objectives that are a mean over samples; None if the estimator has no such form."""
    bound: Evaluate | None = None
    """Used for bounds of several samples, log mean w; None if the estimator has no such form."""
    bound_formula: str = ""
    """LaTeX of `bound`; if empty, `formula` serves for both."""
    bound_spoken: str = ""
    """`bound_formula` in words."""
    fit: Callable[[Draws], Coefficients] | None = None
    fitted: str = ""
    """Name of what `fit` computes, in the plural: “baselines”."""
    unbiased: bool = True
    bound_unbiased: bool = True
    """Whether it is unbiased for a bound of several samples."""
    control: bool = False
    """Whether it is a negative control, meant to be rejected: no precision is asked of its variance."""
    at_samples: bool = True
    """Whether it uses f or its gradient at the samples themselves, not only at points derived from them."""
    needs_gradient: bool = False
    """Whether it uses ∇_z f at every sample (one decoder backward pass for each)."""
    reparameterizes: bool = False
    """Whether it uses ∂z/∂η, so that q must be reparameterizable."""
    families: tuple[str, ...] = ()
    """The families that it is limited to; empty for any."""
    integrands: tuple[str, ...] = ()
    """The integrands whose gradient it estimates; empty for any."""
    instead: tuple[str, ...] = ("score_function", "leave_one_out")
    """Estimators to suggest where it does not apply."""
    independent: bool = False
    """Whether the samples of an estimate must be independent, which excludes antithetic ones."""
    averages: bool = False
    """Whether `evaluate` on K samples is its mean over the single samples, given the same coefficients."""
    sequential: bool = False
    """Whether a replicate depends on earlier ones of its batch, so that no exact moments can be computed."""
    parameters: Literal["phi", "theta"] = "phi"
    """The parameters whose gradient is estimated."""
    temperature: float | None = None
    """Default temperature of the relaxation; None if q is not relaxed."""
    auxiliary: int = 0
    """Further standard normals used for each one of the noise."""
    signs: int = 0
    """How many of these, counted from the last, are used only by their sign."""
    min_samples: int = 1
    default_samples: int = 1
    """K if the declaration gives none."""
    samples_each: int = 1
    """Samples of q at which f is evaluated for each of the K: 2 if these are pairs."""
    extra_forward: int = 0
    """Decoder forward passes per estimate, besides those of its samples."""
    extra_backward: int = 0
    """Decoder backward passes per estimate, besides those of its samples."""
    forward_per_latent: int = 0
    """Decoder forward passes per sample and latent unit."""
    forward_per_sample: int = 1
    """Decoder forward passes per sample, besides those for each latent unit."""
    backward_per_sample: int = 0
    """Decoder backward passes per sample, besides that of `needs_gradient`."""

    def forward_passes(self, num_samples: int, latent: int = 0) -> int:
        """Decoder forward passes of one estimate with K = `num_samples` and `latent` units."""
        a_sample = self.forward_per_sample + self.forward_per_latent * latent
        return num_samples * a_sample + self.extra_forward

    def backward_passes(self, num_samples: int) -> int:
        """Decoder backward passes (with respect to z) of one estimate."""
        return num_samples * (int(self.needs_gradient) + self.backward_per_sample) + self.extra_backward

    @property
    def weighs_score(self) -> bool:
        """Whether it is a score times values of f, without derivatives or points for each latent unit."""
        return not self.differentiates and not self.forward_per_latent

    @property
    def differentiates(self) -> bool:
        """Whether it needs ∇_z f at any point, which a black-box integrand does not have."""
        return self.backward_passes(1) > 0

    def serves(self, objective: str) -> bool:
        """Whether it estimates this objective's gradient."""
        return self.of(objective) is not None

    def of(self, objective: str) -> Evaluate | None:
        """The function that estimates this objective's gradient; None if there is none."""
        wanted = OBJECTIVES[objective]
        if self.integrands and wanted.integrand.name not in self.integrands:
            return None
        return self.bound if wanted.several else self.evaluate

    def formula_of(self, objective: str) -> tuple[str, str]:
        """The formula that estimates this objective's gradient, in LaTeX and in words."""
        if OBJECTIVES[objective].several and self.bound_formula:
            return self.bound_formula, self.bound_spoken
        return self.formula, self.spoken

    def is_unbiased(self, objective: str, num_samples: int | None) -> bool:
        """Whether it is unbiased for this objective's gradient by construction; None asks for every K.

        With one sample, a bound is the mean over it.
        """
        several = OBJECTIVES[objective].several
        if several and num_samples == 1 and self.evaluate is not None:
            return self.unbiased
        return self.bound_unbiased if several else self.unbiased
