"""The named statistics of one arm: one table, in the order of results.csv.

Each is described at its function. `by_group` says whether it exists for every
parameter group; `default_only`, whether only for an estimator's default arm (its
own K, no constant added); `of_first_layer`, whether only for the layer that sees
images; `needs` names arrays that it requires and a record may lack, as it does
if nothing is known exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reportgen.findings.statistics import (
    bias,
    coordinates,
    exact,
    noise_split,
    one_weight,
    pixels,
    signal,
    squared_error,
    variance,
)
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NAN, Estimate, NotAvailableError, unavailable
from reportgen.findings.statistics.jackknife import LEVEL, Quantity
from reportgen.findings.statistics.source import OfArms
from reportgen.store.records import QUANTILES


@dataclass(frozen=True)
class Statistic:
    """A name in results.csv and the function that computes it; a plain float has no interval."""

    name: str
    of: Callable[[MeasuredArm, str], Quantity | float]
    by_group: bool = False
    default_only: bool = False
    of_first_layer: bool = False
    needs: tuple[str, ...] = ()
    of_models: bool = False
    """Whether it needs more than gradient estimates, such as passes, several data points or own draws."""

    def groups(self, arm: MeasuredArm) -> tuple[str, ...]:
        """Parameter groups for which it is given."""
        if self.of_first_layer:
            layer = arm.record.first_layer
            return (layer,) if layer in arm.groups else ()
        return arm.groups if self.by_group else arm.groups[:1]

    def present(self, arm: MeasuredArm, group: str) -> bool:
        """Whether the record has everything that it needs."""
        if self.of_models and not arm.about.forward:
            return False
        if self.of_first_layer:
            return all(name in arm.record.arrays for name in self.needs)
        return all(exact.has(arm, name, group) for name in self.needs)


def _whole(of: Callable[[MeasuredArm], Quantity | float]) -> Callable[[MeasuredArm, str], Quantity | float]:
    def only(arm: MeasuredArm, group: str) -> Quantity | float:
        if group != "all":
            raise NotAvailableError("made for all coordinates together only")
        return of(arm)

    return only


def _ratio_to_reference(arm: MeasuredArm, group: str) -> Quantity:
    return variance.variance_ratio(arm, arm.reference, group)


def _of_first_layer(
    name: str, of: Callable[[MeasuredArm], Quantity | float], array: str = "weight"
) -> Statistic:
    def made(arm: MeasuredArm, group: str) -> Quantity | float:
        if not group or group != arm.record.first_layer:
            raise NotAvailableError("made for the layer that sees images only")
        return of(arm)

    return Statistic(name, made, default_only=True, of_first_layer=True, needs=(array,), of_models=True)


def _quantile(position: int) -> Callable[[MeasuredArm, str], Quantity]:
    return lambda arm, group: coordinates.quantile(arm, position, group)


def _known(name: str, of: Callable[[MeasuredArm, str], Quantity], array: str) -> Statistic:
    return Statistic(name, of, by_group=True, needs=(array,))


STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic("total_variance", variance.total_variance, by_group=True),
        Statistic("variance_ratio", _ratio_to_reference, by_group=True),
        Statistic("mean_norm", signal.mean_norm, by_group=True),
        Statistic("signal_to_noise", signal.signal_to_noise, by_group=True),
        Statistic("directional_signal_to_noise", _whole(signal.directional_signal_to_noise), of_models=True),
        Statistic("cosine_to_reference", _whole(signal.cosine_to_reference)),
        Statistic("relative_projection", _whole(signal.relative_projection)),
        Statistic("bias_statistic", _whole(bias.bias_statistic), default_only=True),
        Statistic("bias_p_value", _whole(bias.bias_p_value), default_only=True),
        Statistic("detectable_bias", _whole(bias.detectable_bias), default_only=True),
        Statistic("data_variance", _whole(noise_split.data_variance), of_models=True),
        Statistic("monte_carlo_share", _whole(noise_split.monte_carlo_share), of_models=True),
        Statistic("evaluations", _whole(variance.evaluations), of_models=True),
        Statistic("seconds_per_replicate", _whole(variance.seconds_per_replicate)),
        Statistic("work_normalized_variance", _whole(variance.work_normalized_variance), of_models=True),
        Statistic("time_normalized_variance", _whole(variance.time_normalized_variance)),
        Statistic("coordinate_lower", _whole(coordinates.coordinate_lower), default_only=True),
        *(
            Statistic(coordinates.quantile_name(p), _quantile(i), by_group=True, default_only=True)
            for i, p in enumerate(QUANTILES)
        ),
        _known("exact_total_variance", exact.exact_total_variance, "exact_variance"),
        _known("variance_to_exact", exact.variance_to_exact, "exact_variance"),
        _known("exact_mean_norm", exact.exact_mean_norm, "exact_squared_norm"),
        _known("bias_squared", squared_error.bias_squared, "bias_squared"),
        _known("exact_bias_squared", exact.exact_bias_squared, "exact_bias_squared"),
        _known("mean_squared_error", squared_error.mean_squared_error, "bias_squared"),
        _of_first_layer("pixel_variance_ratio", lambda arm: pixels.ratio(arm, arm.reference), "pixels"),
        _of_first_layer("bright_pixel_share", pixels.bright_share, "pixels"),
        _of_first_layer("weight_mean", one_weight.mean_of),
        _of_first_layer("weight_deviation", one_weight.deviation_of),
        _of_first_layer("weight_far_share", one_weight.far_of),
    )
}


def estimate(
    make: Callable[[], Quantity | float],
    *arms: MeasuredArm,
    statistic: str = "total_variance",
    group: str = "all",
) -> Estimate:
    """The estimate that `make` computes from these arms, or why there is none.

    `statistic`, of parameter group `group`, is its name in results.csv, or that of what it is made of.
    """
    statuses = [arm.about.status for arm in arms]
    replicates, source = min([arm.about.replicates for arm in arms]), OfArms((statistic,), group, arms)
    if "broken" in statuses:
        return unavailable(arms[statuses.index("broken")].status, replicates, source)
    status = next((s for s in ("budget", "control") if s in statuses), "met")
    try:
        made = make()
        if isinstance(made, int | float):
            return Estimate(made, NAN, NAN, replicates, status, source)
        if isinstance(made, one_weight.Proportion):
            replicates = made.total  # estimates drawn only for this
        low, high = made.interval(LEVEL)
        return Estimate(made.value, low, high, replicates, status, source)
    except NotAvailableError as reason:
        return unavailable(str(reason), replicates, source)


def of_arm(name: str, arm: MeasuredArm, group: str = "all") -> Estimate:
    """A named statistic of an arm."""
    statistic = STATISTICS[name]
    return estimate(lambda: statistic.of(arm, group), arm, statistic=name, group=group)
