"""Data of the figure of total variance against a swept setting: series of the sweep, blocks, crossings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportgen.figures.crossings import Crossing, crossings
from reportgen.figures.drafting.lines import Line, extent
from reportgen.figures.reading import arms_drawn, blocks_swept, comparable, line_of, run_name, runs_shown
from reportgen.findings import Estimate, Findings
from reportgen.findings.series import Series
from reportgen.findings.statistics.scales import is_logarithmic
from reportgen.findings.statistics.variance import NOTHING

NUMBERED = 3
"""The most crossings in a panel that all have their number."""


@dataclass(frozen=True)
class Ring:
    """A crossing as drawn, at the height of its line; `named` if its number is beside it."""

    crossing: Crossing
    height: float
    named: bool


@dataclass(frozen=True)
class Panel:
    """One series of the sweep in one block of parameters; lines and exact curves run over `values`."""

    path: str
    title: str
    """What distinguishes the series from the others; empty for a single one."""
    block: str
    """Title of the block of parameters; empty for all of them together."""
    values: tuple[float, ...]
    lines: tuple[Line, ...]
    objectives: tuple[str, ...]
    """One per line."""
    exact: tuple[tuple[float, ...], ...]
    """One per line, NaN where no exact variance is known."""
    rings: tuple[Ring, ...] = ()
    """Crossings that are sure."""
    unsure: bool = False
    """Whether there are crossings that are not sure."""
    settings: tuple[Mapping[str, Any], ...] = ()
    """The setting at each of `values`."""
    group: str = "all"

    @property
    def heights(self) -> list[float]:
        """Values that its vertical axis must include."""
        found = extent(self.lines)
        for exact in self.exact:
            found += [v for v in exact if v > min(found) / 10]
        return found


@dataclass(frozen=True)
class VarianceAgainstSetting:
    """Panels at the last checkpoint: a row per block and a column per series, or one row for one series."""

    objective: str
    trained: bool
    rows: tuple[tuple[Panel | None, ...], ...]
    """None where there is no line to draw, for lack of variance or of a second value."""
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values leave the others' scale, one line per panel: named but not drawn."""
    several: bool = False
    """Whether lines of several objectives share a panel."""
    sloped: frozenset[str] = frozenset()
    """Settings along which a claim takes a slope, which is a straight line on log-log axes."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, row by row."""
        return tuple(panel for row in self.rows for panel in row if panel is not None)

    def alike(self, panel: Panel) -> tuple[Panel, ...]:
        """The panels that share this one's scales: all of its setting, if one of them has every value."""
        found = tuple(one for one in self.panels if one.path == panel.path)
        every = {value for one in found for value in one.values}
        return found if any(every == set(one.values) for one in found) else (panel,)

    def values(self, panel: Panel) -> tuple[float, ...]:
        """The values along a panel's axis."""
        return max((one.values for one in self.alike(panel)), key=len)

    def log(self, panel: Panel) -> bool:
        """Whether a panel's horizontal axis is logarithmic."""
        return panel.path in self.sloped or is_logarithmic(self.values(panel))

    def heights(self, panel: Panel) -> list[float]:
        """Values that a panel's vertical axis must include: those of its block in all panels alike."""
        return [v for one in self.alike(panel) if one.block == panel.block for v in one.heights]

    @property
    def known(self) -> bool:
        """Whether there is an exact curve."""
        return any(math.isfinite(v) for panel in self.panels for one in panel.exact for v in one)


def data(findings: Findings) -> VarianceAgainstSetting | None:
    """The panels of the series shown, each with at least two values; None if there are none."""
    runs = runs_shown(findings)
    if not runs or not findings.checkpoints:
        return None
    trained = findings.vocabulary.trained
    arms = arms_drawn(findings, () if trained else findings.objectives)
    apart: list[Line] = []
    rows: list[tuple[Panel | None, ...]] = []
    for group in blocks_swept(findings):
        row: list[Panel | None] = []
        for run in runs:
            panel, left_out = panel_of(findings, run, group, arms)
            apart += left_out
            row.append(panel if panel.lines else None)
        if any(row):
            rows.append(tuple(row))
    drawn = [c for c in range(len(runs)) if any(row[c] for row in rows)]
    rows = [tuple(row[c] for c in drawn) for row in rows]
    if not rows:
        return None
    if len(rows) > 1 and len(drawn) == 1:
        rows = [tuple(row[0] for row in rows)]
    return VarianceAgainstSetting(
        findings.objectives[0],
        trained,
        tuple(rows),
        tuple(apart),
        len({objective for _, objective in arms}) > 1,
        findings.sloped,
    )


def panel_of(
    findings: Findings, run: Series, group: str, arms: Sequence[tuple[str, str]]
) -> tuple[Panel, tuple[Line, ...]]:
    """A panel, and the lines that it leaves out; `arms` are pairs (label, objective)."""

    def over(statistic: str, label: str, objective: str) -> tuple[Estimate, ...]:
        return tuple(
            findings.get(statistic, label, objective=objective, group=group, setting=run.setting(value))
            for value in run.values
        )

    whole = {
        arm: line_of(findings, arm, over("total_variance", *arm), several=len({o for _, o in arms}) > 1)
        for arm in arms
    }
    lines = {arm: without_rounding(one) for arm, one in whole.items()}
    measured = {arm: one for arm, one in lines.items() if sum(v > 0 for v in one.values) > 1}
    under = [objective for _, objective in measured]
    drawn, apart = comparable(findings, tuple(measured.values()), under)
    kept = [arm for arm, one in lines.items() if one in drawn]
    left_out = tuple(whole[arm] for arm, one in lines.items() if one in apart)
    exact = tuple(
        tuple(
            e.value if e.available and e.value > 0 else math.nan for e in over("exact_total_variance", *arm)
        )
        for arm in kept
    )
    values = tuple(float(value) for value in run.values)
    found = [one for one in crossings(findings, run, group) if set(one.arms) <= set(kept)]
    sure = [one for one in found if one.sure]
    log = run.path in findings.sloped or is_logarithmic(values)
    rings = rings_of(sure, values, lines, log=log)
    block = "" if group == "all" else findings.vocabulary.block(group)
    settings = tuple(run.setting(value) for value in run.values)
    objectives = tuple(objective for _, objective in kept)
    panel = Panel(
        run.path,
        run_name(findings, run),
        block,
        values,
        drawn,
        objectives,
        exact,
        rings,
        unsure=len(sure) < len(found),
        settings=settings,
        group=group,
    )
    return panel, left_out


def without_rounding(one: Line) -> Line:
    """The line with zeros in place of values that are rounding relative to its largest."""
    least = NOTHING * max((v for v in one.values if math.isfinite(v)), default=0.0)
    estimates = (
        replace(e, value=0.0, low=0.0, high=0.0) if e.available and 0.0 < e.value < least else e
        for e in one.estimates
    )
    return replace(one, estimates=tuple(estimates))


def rings_of(
    found: Sequence[Crossing], values: Sequence[float], lines: Mapping[tuple[str, str], Line], *, log: bool
) -> tuple[Ring, ...]:
    """The rings of these crossings; if there are many, only those of the first pair are named."""
    few = len(found) <= NUMBERED
    return tuple(
        Ring(
            one,
            height_at(one.at, values, lines[one.arms[1]].values, log=log),
            few or one.arms == found[0].arms,
        )
        for one in found
    )


def height_at(at: float, values: Sequence[float], heights: Sequence[float], *, log: bool) -> float:
    """Height of a line between two of its points, on a log axis; the horizontal axis is one too if `log`."""
    points = [(x, math.log(y)) for x, y in zip(values, heights, strict=True) if y > 0]
    before = max((p for p in points if p[0] <= at), default=points[0])
    after = min((p for p in points if p[0] >= at), default=points[-1])
    here, start, end = (math.log(x) if log else x for x in (at, before[0], after[0]))
    share = (here - start) / (end - start) if end > start else 0.0
    return math.exp(before[1] + share * (after[1] - before[1]))
