"""A measurement as HTML: one row per estimator, its total variance drawn as an interval on a log axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from reportgen.api.tables import styled
from reportgen.findings import Estimate
from reportgen.findings.prose import number, seconds, superscript, value_of, with_interval

if TYPE_CHECKING:
    from reportgen.api.measurement import Measurement

WIDTH, HEIGHT, MARGIN, DOT = 220.0, 24.0, 10.0, 4.0
MOST_TICKS = 6
HEADING = ("Estimator", "K", "", "Total variance", "Ratio", "Signal/noise", "Same mean?", "Time")


class LogAxis:
    """A log axis in pixels, over the whole decades that hold all intervals."""

    def __init__(self, estimates: Sequence[Estimate]) -> None:
        ends = [end for one in estimates for end in ends_of(one)]
        logs = [math.log10(end) for end in ends if end > 0 and math.isfinite(end)] or [0.0]
        self.low, self.high = math.floor(min(logs)), math.ceil(max(logs))
        if self.low == self.high:
            self.high += 1

    def at(self, value: float) -> float:
        """The position of a value, clipped to the axis."""
        share = (math.log10(value) - self.low) / (self.high - self.low) if value > 0 else 0.0
        return MARGIN + min(max(share, 0.0), 1.0) * (WIDTH - 2 * MARGIN)

    @property
    def ticks(self) -> list[int]:
        """Exponents of ten that are marked."""
        step = max(1, math.ceil((self.high - self.low) / MOST_TICKS))
        return list(range(self.low, self.high + 1, step))


def ends_of(one: Estimate) -> tuple[float, ...]:
    """Ends of the interval; the value alone if it has none, nothing if it is not available."""
    return (one.low, one.high) if one.has_interval else (one.value,) if one.available else ()


def table(found: Measurement) -> str:
    """The whole measurement, as HTML that needs nothing around it."""
    variances = {label: found.get("total_variance", label) for label in found.labels}
    axis = LogAxis(list(variances.values()))
    cells = [_cells(found, label, variances[label], axis) for label in found.labels]
    kept = [i for i in range(len(HEADING)) if any(row[i] for row in cells)]
    heads = [f"<th{_number(i)}>{_scale(axis) if i == 2 else escape(HEADING[i])}</th>" for i in kept]
    body = "".join(f"<tr>{''.join(f'<td{_number(i)}>{row[i]}</td>' for i in kept)}</tr>" for row in cells)
    notes = " ".join(found.notes)
    broken = "".join(f"<p>{escape(a.label)}: {escape(a.cause)}</p>" for a in found.record.arms if a.cause)
    return styled(
        f"<p>{escape(found.heading)}</p><table><thead><tr>{''.join(heads)}</tr></thead>"
        f'<tbody>{body}</tbody></table><p class="quiet">{escape(notes)}</p>{broken}'
    )


def _cells(found: Measurement, label: str, variance: Estimate, axis: LogAxis) -> tuple[str, ...]:
    reference = found.is_reference(label)
    ratio = found.get("variance_ratio", label)
    arm = next(arm for arm in found.record.arms if arm.label == label)
    return (
        escape(label),
        found.num_samples(label),
        _bar(variance, axis, label, reference),
        f'<span title="{escape(with_interval(variance))}">{escape(value_of(variance))}</span>',
        "1" if reference else escape(with_interval(ratio)),
        escape(value_of(found.get("signal_to_noise", label))),
        escape(found.same_mean(label)),
        escape(seconds(arm.seconds_per_replicate)),
    )


def _number(column: int) -> str:
    return ' class="n"' if column in (1, 3, 4, 5, 7) else ' class="bar"' if column == 2 else ""


def _bar(one: Estimate, axis: LogAxis, label: str, reference: bool) -> str:
    """The interval as a line, the value as a dot, which is hollow for the reference."""
    said = f"{label}: total variance {with_interval(one)}"
    marks = "".join(
        f'<line x1="{axis.at(10.0**t):.1f}" x2="{axis.at(10.0**t):.1f}" y1="0" y2="{HEIGHT:g}" '
        'stroke="currentColor" stroke-opacity=".18"/>'
        for t in axis.ticks
    )
    if ends := ends_of(one):
        left, right, y = axis.at(ends[0]), axis.at(ends[-1]), HEIGHT / 2
        if right - left > 2 * DOT:  # a shorter one lies within the dot
            marks += (
                f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:g}" y2="{y:g}" stroke="var(--rg-mark)" '
                'stroke-width="2" stroke-linecap="round"/>'
            )
        marks += (
            f'<circle cx="{axis.at(one.value):.1f}" cy="{y:g}" r="{DOT:g}" stroke="var(--rg-mark)" '
            f'fill="{"none" if reference else "var(--rg-mark)"}" stroke-width="1.6"/>'
        )
    return (
        f'<svg role="img" aria-label="{escape(said)}" width="{WIDTH:g}" height="{HEIGHT:g}">'
        f"<title>{escape(said)}</title>{marks}</svg>"
    )


def _scale(axis: LogAxis) -> str:
    labels = "".join(
        f'<text x="{axis.at(10.0**t):.1f}" y="12" text-anchor="middle" font-size="11" font-weight="400" '
        f'fill="currentColor">{_power(t)}</text>'
        for t in axis.ticks
    )
    return (
        f'<svg role="img" aria-label="total variance, log axis" width="{WIDTH:g}" height="16">{labels}</svg>'
    )


def _power(exponent: int) -> str:
    return number(10.0**exponent, 1) if -3 <= exponent <= 3 else f"10{superscript(exponent)}"
