"""Everything a report says, looked up by name. Figures and texts take their numbers only from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from reportgen.declaration.claims.statistics import SLOPES
from reportgen.declaration.claims.tests import Slope, curve_of
from reportgen.findings import verdicts
from reportgen.findings.claims.judged import ClaimFinding
from reportgen.findings.measured import Measured
from reportgen.findings.models.rows import model_rows
from reportgen.findings.models.table import JudgedModel, judged_models
from reportgen.findings.rows import Row, count_rows, make_rows, swept_columns
from reportgen.findings.series import is_number
from reportgen.findings.statistics import (
    bias,
    coordinates,
    crossovers,
    curves,
    exact,
    one_weight,
    pixels,
    variance,
)
from reportgen.findings.statistics.arm import MeasuredArm, broken_arms, find
from reportgen.findings.statistics.coordinates import Coordinates
from reportgen.findings.statistics.crossovers import Crossover
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError, unavailable
from reportgen.findings.statistics.named import STATISTICS, estimate, of_arm
from reportgen.findings.vocabulary import Vocabulary, vocabulary
from reportgen.store.records import QUANTILES, ArmRecord, MeasurementRecord

T = TypeVar("T")


@dataclass(frozen=True, eq=False, repr=False)
class Findings(Measured):
    """What an experiment found; made by `collect`. Places are named as in `Measured`."""

    claims: tuple[ClaimFinding, ...]
    _causes: Mapping[str, str]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What things are called here."""
        record = self.record()
        declared = int(self.experiment.measure.images) if self.experiment.problem.dataset else 1
        count = len(record.images) if record else declared
        free = record is not None and count == 1 and record.eta == record.parameters
        return vocabulary(self.experiment, count, free)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every statistic of every arm and of every judged model, in the order of results.csv."""
        measured = {record.key: record for record in self.measurements}
        judged = {record.key: record for record in self.judgements}
        columns = swept_columns(self.experiment)
        return (
            *make_rows(self.experiment, self.plan, measured, self._causes),
            *model_rows(self.experiment, self.plan, judged, self._causes, columns),
        )

    @property
    def row_count(self) -> int:
        """Number of rows, counted without making those of arms."""
        judged = {record.key: record for record in self.judgements}
        of_models = model_rows(self.experiment, self.plan, judged, self._causes, ())
        measured = {record.key: record for record in self.measurements}
        return count_rows(self.plan, measured) + sum(1 for _ in of_models)

    @cached_property
    def models(self) -> tuple[JudgedModel, ...]:
        """The table of judged models, with published numbers beside them."""
        judged = {record.key: record for record in self.judgements}
        broken = {record.key: record for record in self.broken}
        return judged_models(self.experiment, self.plan, judged, broken)

    @property
    def exit_code(self) -> int:
        """0 all as declared, 1 contrary to it, 3 undecided or unfinished, 4 a cell or an estimator broke."""
        broken = sum(not record.paused for record in self.broken) + len(broken_arms(self.measurements))
        judged = [(claim.verdict, claim.expect) for claim in self.claims]
        return verdicts.exit_code(judged, broken, unfinished=len(self.broken) > 0)

    @property
    def comparisons(self) -> int:
        """Number of tests that all claims make together; their intervals share the error of 5 %."""
        return round(0.05 / (1.0 - self.claims[0].level)) if self.claims else 0

    def get(self, statistic: str, label: str, *, group: str = "all", **place: Any) -> Estimate:
        """A named statistic of one arm.

        `place` is any of objective, checkpoint, setting, num_samples,
        constant. Raises LookupError for a statistic or label that does not
        exist; the estimate for a place that was not measured is not available.
        """
        if statistic == "constant_effect":
            return self._constant_effect(label, place)
        if statistic not in STATISTICS:
            raise LookupError(f"no statistic {statistic!r}; there are {', '.join(STATISTICS)}")
        arm = self.arm(label, **place)
        return NOT_MEASURED if arm is None else of_arm(statistic, arm, group)

    def of_record(
        self, statistic: str, record: MeasurementRecord, arm: ArmRecord, group: str = "all"
    ) -> Estimate:
        """A named statistic of one arm of a record."""
        return self.get(
            statistic,
            arm.label,
            group=group,
            objective=arm.objective,
            checkpoint=record.checkpoint,
            setting=record.setting,
            num_samples=arm.num_samples,
            constant=arm.constant,
        )

    def ratio(
        self,
        first: str,
        second: str,
        *,
        group: str = "all",
        objective: str | None = None,
        against: str | None = None,
        **place: Any,
    ) -> Estimate:
        """Total variance of the first over that of the second in the same place, paired.

        `against` is the objective of the second, if it differs.
        """
        a = self.arm(first, objective=objective, **place)
        b = self.arm(second, objective=against or objective, **place)
        if a is None or b is None:
            return NOT_MEASURED
        return estimate(
            lambda: variance.variance_ratio(a, b, group), a, b, statistic="variance_ratio", group=group
        )

    def objective_ratio(
        self, label: str, first: str, second: str, *, group: str = "all", **place: Any
    ) -> Estimate:
        """Total variance of an estimator under the first objective over that under the second, paired."""
        return self.ratio(label, label, group=group, objective=first, against=second, **place)

    def gap_closed(self, label: str, worst: str, best: str, *, group: str = "all", **place: Any) -> Estimate:
        """Share of the gap in log variance between `worst` (0) and `best` (1) that an estimator closes."""
        a, w, b = (self.arm(name, **place) for name in (label, worst, best))
        if a is None or w is None or b is None:
            return NOT_MEASURED
        return estimate(lambda: variance.gap_closed(a, w, b, group), a, w, b, group=group)

    def other_means(self, **place: Any) -> tuple[str, ...]:
        """Labels whose means the joint tests find to differ from the reference's, at 5 % over all tests."""
        tests = {label: self.get("bias_p_value", label, **place) for label in self.labels}
        made = {label: test.value for label, test in tests.items() if test.available}
        adjusted = bias.holm(np.array(list(made.values())))
        return tuple(label for label, p in zip(made, adjusted, strict=True) if p < 0.05)

    def exactly_the_same_mean(self, label: str, **place: Any) -> bool | None:
        """Whether its exact mean is the reference's, which must be the exact gradient; None if not known."""
        arms = self.arm(self.reference(place.get("objective")), **place), self.arm(label, **place)
        try:
            reference, own = (exact.is_unbiased(arm) for arm in arms if arm is not None)
        except (NotAvailableError, ValueError):
            return None
        return own if reference else None

    def slope(self, statistic: str, label: str, *, group: str = "all", **place: Any) -> Estimate:
        """Log-log slope of a statistic in SLOPES against num_samples; raises LookupError for others."""
        if statistic not in SLOPES:
            raise LookupError(f"slopes are made of {', '.join(SLOPES)}, got {statistic!r}")
        plain = [arm for arm in self._arms(label, place) if not arm.about.constant]
        if not plain:
            return NOT_MEASURED
        return estimate(
            lambda: curves.slope(plain, group, statistic), *plain, statistic=statistic, group=group
        )

    def crossovers(
        self,
        first: str,
        second: str,
        path: str,
        *,
        group: str = "all",
        setting: Mapping[str, Any] | None = None,
        objective: str | tuple[str, str] | None = None,
        checkpoint: int | None = None,
    ) -> tuple[Crossover, ...]:
        """Where the variances of two estimators cross along a swept setting, ascending.

        `objective` may be a pair, one for each of the two; `setting` fixes other settings. The default
        `checkpoint` is the last of those at which most values are measured. Intervals hold at 95 %, at all
        values together. Raises LookupError for an unknown label or a setting that is not swept over numbers.
        """
        self._require(first, second)
        records = self._along(path, setting)
        values = [record.setting[path] for record in records]
        if not values or not all(map(is_number, values)):
            raise LookupError(f"{path} is not swept over numbers here, and a crossover runs along numbers")
        if checkpoint is None:
            measured = [record.checkpoint for record in records]
            checkpoint = max(measured, key=lambda epoch: (measured.count(epoch), epoch))
        chosen = objective or self.objectives[0]
        mine, theirs = (chosen, chosen) if isinstance(chosen, str) else chosen
        pairs = []
        for record in sorted(records, key=lambda record: float(record.setting[path])):
            a, b = find(record, mine, first), find(record, theirs, second)
            if record.checkpoint == checkpoint and a is not None and b is not None:
                pairs.append((float(record.setting[path]), a, b))
        return crossovers.crossovers(pairs, path, group)

    @cached_property
    def sloped(self) -> frozenset[str]:
        """Swept settings along which a claim takes a slope, apart from num_samples."""
        tests = (claim.parsed.comparison for claim in self.experiment.claims)
        return frozenset(of.over for of in map(curve_of, tests) if isinstance(of, Slope))

    def slope_along(
        self,
        label: str,
        path: str,
        *,
        group: str = "all",
        setting: Mapping[str, Any] | None = None,
        **place: Any,
    ) -> Estimate:
        """Log-log slope of the total variance against a swept setting, by default at the last checkpoint.

        `setting` fixes other settings.
        """
        fixed = {**self._base_setting(), **(setting or {})}
        arms = {
            float(value): self.arm(label, setting={**fixed, path: value}, **place)
            for value in self.settings(path, setting)
        }
        points = [(value, arm) for value, arm in arms.items() if arm is not None]
        if len(points) < 2:
            return NOT_MEASURED
        return estimate(
            lambda: curves.slope_along(points, group),
            *(arm for _, arm in points),
            statistic="total_variance",
            group=group,
        )

    def curve(
        self, label: str, statistic: str = "total_variance", **place: Any
    ) -> tuple[tuple[int, Estimate], ...]:
        """(num_samples, statistic) for every K measured, ascending."""
        found = {arm.about.num_samples: arm for arm in self._arms(label, place) if not arm.about.constant}
        return tuple((k, of_arm(statistic, found[k])) for k in sorted(found))

    def constants(self, label: str, **place: Any) -> tuple[tuple[float, Estimate], ...]:
        """(constant added to log p, total variance) for every constant measured, ascending."""
        own = self._arms(label, place)
        k = own[0].about.num_samples if own else 1
        found = {arm.about.constant: arm for arm in reversed(own) if arm.about.num_samples == k}
        return tuple((c, of_arm("total_variance", found[c])) for c in sorted(found))

    def coordinates(self, label: str, group: str = "all", **place: Any) -> Coordinates | None:
        """Quantiles and histogram of per-coordinate variance; None if the arm was not measured."""
        arm = self.arm(label, **place)
        if arm is None:
            return None
        quantiles = tuple((p, of_arm(coordinates.quantile_name(p), arm, group)) for p in QUANTILES)
        drawn = group == "all" and arm.about.status != "broken"
        counts, edges = coordinates.counts(arm) if drawn else ((), ())
        count, dead = coordinates.sizes(arm, group)
        return Coordinates(quantiles, counts, edges, count, dead)

    def images_lower(self, first: str, second: str, **place: Any) -> tuple[int, int]:
        """Number of images where the first's total variance is lower, and of all; (0, 0) if not measured."""
        a, b = self.arm(first, **place), self.arm(second, **place)
        if a is None or b is None or "broken" in (a.about.status, b.about.status):
            return 0, 0
        return variance.images_lower(a, b)

    def first_layer(self, checkpoint: int | None = None) -> pixels.FirstLayer | None:
        """The layer that sees the images; None if there is no such layer, or nothing was measured."""
        record = self.record(checkpoint)
        return None if record is None else pixels.first_layer(record)

    def pixel_noise(self, label: str, **place: Any) -> pixels.PixelNoise | None:
        """Where in the image the first layer's noise lies; None if it was not measured."""
        return self._of_layer(pixels.noise, label, place)

    def of_first_layer(self, statistic: str, label: str, **place: Any) -> Estimate:
        """A named statistic of the first layer."""
        arm = self.arm(label, **place)
        if arm is None or not arm.record.first_layer:
            return NOT_MEASURED
        return of_arm(statistic, arm, arm.record.first_layer)

    def weight_place(self) -> one_weight.Place | None:
        """The weight whose individual estimates were kept; None if there is none."""
        record = self.record()
        return None if record is None else one_weight.place(record)

    def weight_estimates(self, label: str, **place: Any) -> one_weight.WeightEstimates | None:
        """The distribution of that weight's estimates; None if they were not kept, or do not vary."""
        return self._of_layer(one_weight.estimates, label, place)

    def _of_layer(self, of: Callable[[MeasuredArm], T], label: str, place: Mapping[str, Any]) -> T | None:
        arm = self.arm(label, **place)
        if arm is None or "weight_counts" not in arm.record.arrays:
            return None
        try:
            return of(arm)
        except NotAvailableError:
            return None

    def _constant_effect(self, label: str, place: Mapping[str, Any]) -> Estimate:
        own = self._arms(label, place)
        if not own:
            return NOT_MEASURED
        used = curves.at_constants(own) or own
        return estimate(lambda: curves.constant_effect(used), *used)


NOT_MEASURED = unavailable("not measured there")
