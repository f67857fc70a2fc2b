"""The statistics that a claim may name: how many estimators each takes, and what it says.

They are computed in `reportgen.findings`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StatisticKind:
    """How many estimators a statistic takes, what it says, and whether it exists for a parameter group."""

    estimators: int
    meaning: str
    by_group: bool = False
    objectives: int = 0
    """Number of objectives it compares, named after the estimators; 0: it is of the claim's objective."""
    of_models: bool = False
    """Whether it takes more than estimates of a gradient: passes, data points, exact answers."""

    @property
    def form(self) -> str:
        """Its arguments, as in an example."""
        return ", ".join([*"ABC"[: self.estimators], *("elbo", "elbo_analytic_kl")[: self.objectives]])


STATISTICS: dict[str, StatisticKind] = {
    "total_variance": StatisticKind(
        1, "variance summed over all coordinates of φ, mean over images", by_group=True
    ),
    "mean_norm": StatisticKind(1, "norm of the mean gradient", by_group=True),
    "signal_to_noise": StatisticKind(
        1, "norm of the mean gradient over the root of the total variance", by_group=True
    ),
    "directional_signal_to_noise": StatisticKind(
        1,
        "length of an estimate along the gradient over its length orthogonal to it, averaged",
        of_models=True,
    ),
    "cosine_to_reference": StatisticKind(1, "cosine of its mean gradient with that of the reference"),
    "variance_ratio": StatisticKind(2, "total variance of A over that of B", by_group=True),
    "objective_ratio": StatisticKind(
        1,
        "total variance under the first objective over that under the second",
        by_group=True,
        objectives=2,
        of_models=True,
    ),
    "gap_closed": StatisticKind(
        3,
        "share of the gap between B's and C's log variance (times samples) that A closes",
        by_group=True,
    ),
    "relative_projection": StatisticKind(
        1, "mean gradient along the reference's, relative to it; 1 without bias"
    ),
    "constant_effect": StatisticKind(
        1, "largest relative change of total variance over measure.constants", of_models=True
    ),
    "monte_carlo_share": StatisticKind(
        1, "share of Monte Carlo noise in the variance of a minibatch gradient", of_models=True
    ),
    "work_normalized_variance": StatisticKind(
        1, "total variance times decoder passes per replicate", of_models=True
    ),
    "coordinate_lower": StatisticKind(
        1, "fraction of coordinates where the reference has the lower measured variance"
    ),
    "evaluations": StatisticKind(1, "decoder passes per replicate, forward and backward", of_models=True),
    "exact_total_variance": StatisticKind(
        1, "total variance where it is known exactly", by_group=True, of_models=True
    ),
    "exact_mean_norm": StatisticKind(
        1, "norm of the mean gradient where it is known exactly", by_group=True, of_models=True
    ),
    "variance_to_exact": StatisticKind(
        1, "measured total variance over the exact one", by_group=True, of_models=True
    ),
    "bias_squared": StatisticKind(
        1,
        "squared distance of the mean from the exact gradient, mean over images",
        by_group=True,
        of_models=True,
    ),
    "exact_bias_squared": StatisticKind(
        1, "the same where it is known exactly", by_group=True, of_models=True
    ),
    "mean_squared_error": StatisticKind(1, "squared bias plus total variance", by_group=True, of_models=True),
}

MODEL_STATISTICS: dict[str, str] = {
    "negative_log_likelihood": "minus the bound with the most samples, nats per image, mean over test images",
    "active_units": "latent units whose posterior mean varies over images by more than 10⁻²",
}
"""Statistics of trained models, which take no estimator, and what they say."""

SLOPES = (
    "total_variance",
    "work_normalized_variance",
    "mean_norm",
    "signal_to_noise",
    "directional_signal_to_noise",
)
"""Statistics whose slope can be asked for."""
