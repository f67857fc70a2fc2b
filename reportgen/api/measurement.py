"""What `reportgen.measure` returns: statistics with intervals, as text, as a table, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reportgen.api.bars import table
from reportgen.api.frames import frame, plain
from reportgen.api.tables import aligned
from reportgen.declaration.complaints import suggestion
from reportgen.errors import UsageError
from reportgen.findings import STATISTICS, Estimate
from reportgen.findings.prose import p_value, seconds, value_of, with_interval
from reportgen.findings.rows import Row, arm_rows
from reportgen.findings.statistics.arm import MeasuredArm, find
from reportgen.findings.statistics.cautions import cautions
from reportgen.findings.statistics.named import estimate, of_arm
from reportgen.findings.statistics.variance import variance_ratio
from reportgen.objectives import OBJECTIVES
from reportgen.store.records import MeasurementRecord

if TYPE_CHECKING:
    import pandas

HEADING = ("estimator", "K", "total variance", "ratio", "signal to noise", "same mean?", "passes", "time")
"""Column heads of the printed table."""


@dataclass(frozen=True, eq=False, repr=False)
class Measurement:
    """Gradient estimators of one model, measured on the same draws.

    A notebook shows it as a table with interval bars; `print` writes it as text.
    """

    record: MeasurementRecord
    objective: str
    unbiased: Mapping[str, bool]
    """Label → whether that estimator is unbiased by construction, in the order asked for."""
    precision: float = field(default=0.02)
    """Relative half-width that was asked for."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics that `get` knows, as in results.csv."""
        return tuple(STATISTICS)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the estimators, in the order asked for."""
        return tuple(self.unbiased)

    @property
    def reference(self) -> str | None:
        """Label of the estimator that ratios and tests compare with: of gradients in φ, if there are any."""
        return next(iter(self._references().values()), None)

    def is_reference(self, label: str) -> bool:
        """Whether others are compared with this estimator: one is of those in φ, one of those in θ."""
        return label in self._references().values()

    def _references(self) -> dict[str, str]:
        """Parameters, ``phi`` first → label of the estimator that others in them are compared with."""
        found = {arm.parameters: arm.label for arm in self.record.arms if arm.reference}
        return dict(sorted(found.items()))

    def get(self, statistic: str, estimator: str, group: str = "all") -> Estimate:
        """A statistic with its 95 % interval; `group` is a layer of the encoder, or “θ ” and a decoder layer.

        The names are those of results.csv: total_variance, variance_ratio,
        signal_to_noise, bias_p_value, … Raises UsageError for a name that does not exist.
        """
        if statistic not in self.statistics:
            raise _unknown("statistic", statistic, self.statistics)
        if group not in self.record.groups:
            raise _unknown("group", group, self.record.groups)
        return of_arm(statistic, self._arm(estimator), group)

    def ratio(self, first: str, second: str) -> Estimate:
        """Total variance of the first over that of the second, paired.

        Raises UsageError if they are gradients in different parameters.
        """
        a, b = self._arm(first), self._arm(second)
        if a.about.parameters != b.about.parameters:
            raise UsageError(
                f"ratio: must be of two gradients in the same parameters, {first} and {second} are "
                "one in φ and one in θ. Name two of one kind."
            )
        return estimate(lambda: variance_ratio(a, b, "all"), a, b)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every statistic of every estimator and layer, with the columns of results.csv."""
        return plain(self._rows())

    def frame(self) -> pandas.DataFrame:
        """The same as a DataFrame. Raises MissingRequirementError without pandas."""
        return frame(self._rows())

    def _rows(self) -> list[Row]:
        arms = [MeasuredArm(self.record, i) for i in range(len(self.record.arms))]
        rows = (row for arm in arms for row in arm_rows("", arm, ()))
        return [row for row in rows if row.statistic in self.statistics]

    def _arm(self, label: str) -> MeasuredArm:
        arm = find(self.record, self.objective, label)
        if arm is None:
            raise _unknown("estimator", label, self.labels)
        return arm

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        record, points = self.record, len(self.record.images)
        spaces = {arm.parameters for arm in record.arms}
        parts = [f"{record.parameters:,} parameters of the encoder"] if "phi" in spaces else []
        if "theta" in spaces:
            counts = zip(record.groups, record.arrays["coordinate_count"], strict=True)
            size = sum(int(count) for name, count in counts if name.startswith("θ "))
            parts.append(f"{size:,} parameters of the decoder")
        return (
            f"{OBJECTIVES[self.objective].title}, gradient in {' and in '.join(parts)}, "
            f"{points} data point{'s' * (points != 1)}, {record.draws_per_image:,} draws each"
        )

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = aligned([HEADING, *(self._cells(label) for label in self.labels)], numbers=(1,))
        broken = [f"{arm.label}: {arm.cause}" for arm in self.record.arms if arm.cause]
        return "\n".join([self.heading, *lines, *self.notes, *broken])

    @property
    def notes(self) -> list[str]:
        """Remarks to print beside the numbers, among them doubts about the user's code."""
        said = []
        if references := list(self._references().values()):
            in_theta = f", of those in θ to {references[1]}" if len(references) > 1 else ""
            said.append(f"Ratios are to {references[0]}{in_theta}, paired; intervals are 95 %.")
        missed = [arm.label for arm in self.record.arms if arm.status == "budget"]
        if missed:
            said.append(f"Not within {self.precision:.3g} at this budget: {', '.join(missed)}.")
        return [*said, *map(str, cautions(self.record))]

    def same_mean(self, label: str) -> str:
        """How the mean compares with the reference's, in a few words."""
        if self.is_reference(label):
            return "reference"
        p = self.get("bias_p_value", label)
        text = p_value(p.value) if p.available else "not tested"
        return text if self.unbiased[label] else f"biased, {text}"

    def num_samples(self, label: str) -> str:
        """K, the samples in an estimate."""
        return str(self._arm(label).about.num_samples)

    def passes(self, label: str) -> str:
        """Passes through the decoder that one estimate takes, forward + backward."""
        about = self._arm(label).about
        return f"{about.forward:g} + {about.backward:g}"

    def _cells(self, label: str) -> tuple[str, ...]:
        ratio, time = self.get("variance_ratio", label), self._arm(label).about.seconds_per_replicate
        return (
            label,
            self.num_samples(label),
            with_interval(self.get("total_variance", label)),
            with_interval(ratio) if not self.is_reference(label) else "1",
            value_of(self.get("signal_to_noise", label)),
            self.same_mean(label),
            self.passes(label),
            seconds(time),
        )

    def _repr_html_(self) -> str:
        return table(self)


def _unknown(what: str, found: str, known: Iterable[str]) -> UsageError:
    known = list(known)
    nearest = suggestion(found, known, listed=True)
    return UsageError(f"{what}: must be one of {', '.join(known)}; got {found!r}. {nearest}")
