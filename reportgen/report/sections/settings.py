"""Variance against swept settings, such as the number of latent units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reportgen.declaration.train import TRAINING_SEED
from reportgen.figures.crossings import Crossing, crossings, interval_text, place_text
from reportgen.figures.drafting.labels import setting_title
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.reading import arms_drawn, blocks_swept, run_name, runs_shown
from reportgen.figures.variance_against_setting import named_value
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.choice import evenly
from reportgen.findings.series import Series
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

NAMES = {"problem.latent": "the number of latent units"}
"""Settings with a special name in the text."""
ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
LISTED = 8
"""The most values that a sentence lists."""
LONG = 13
"""The most rows shown; results.csv has all."""


def name_of(path: str) -> str:
    """A setting inside a sentence."""
    return NAMES.get(path, setting_title(path, long=True))


def told(findings: Findings, run: Series, objectives: Sequence[str]) -> str:
    """How the ratio of the two main estimators changes along one series."""
    pair = about.pair(findings)
    if pair is None:
        return ""
    ratios = [(v, findings.ratio(*pair, objective=objectives[0], setting=run.setting(v))) for v in run.values]
    usable = [(v, ratio) for v, ratio in ratios if ratio.has_interval]
    if len(usable) < 2:
        return ""
    (first, low), (last, high) = usable[0], usable[-1]
    at = "with" if run.path in NAMES else "at"
    first_at, last_at = f"{at} {named_value(run.path, first)}", f"{at} {plain(last)}"
    name = run_name(findings, run)
    under = prose.listing([about.of_objective(findings, one) for one in objectives])
    lead = f"with {name}, " if name else f"{under}, "
    text = (
        f"{lead}the variance ratio of {about.named(findings, pair[0])} to "
        f"{about.named(findings, pair[1])} is "
        f"{words.with_interval(low)} {first_at} and {words.with_interval(high)} {last_at}"
    )
    steps = list(pairwise(usable))
    often = " at every step" if len(steps) > 1 else ""
    if all(after[1].low > before[1].high for before, after in steps):
        text += f"; it grows{often}"
    elif all(after[1].high < before[1].low for before, after in steps):
        text += f"; it falls{often}"
    elif often:
        text += f"; {turning(usable, at)}"
    else:
        text += "; the two intervals overlap"
    below = [words.side(ratio) == "below" for _, ratio in usable]
    names = [plain(v) for v, _ in usable]
    if all(below):
        text += f". {prose.capital(about.named(findings, pair[0]))} has the lower variance throughout"
    elif any(below):
        first_below, last_below = below.index(True), len(below) - 1 - below[::-1].index(True)
        where = f"At {values_told([name for name, lower in zip(names, below, strict=True) if lower])}"
        if all(below[first_below:]) and sum(below) > 1:
            where = f"From {names[first_below]} on"
        elif all(below[: last_below + 1]) and sum(below) > 1:
            where = f"Up to {names[last_below]}"
        if any(words.side(ratio) == "above" for _, ratio in usable):
            text += f". {where}, their order is reversed"
        else:
            text += (
                f". {where}, {about.named(findings, pair[0])} has the lower variance; "
                f"nowhere does {about.named(findings, pair[1])}"
            )
    return words.sentence(text)


def values_told(names: Sequence[str]) -> str:
    """“2, 5 and 10”; for more than `LISTED`, how many there are and in which range."""
    if len(names) <= LISTED:
        return prose.listing(names)
    return f"{prose.count(len(names))} values between {names[0]} and {names[-1]}"


def slopes(findings: Findings, run: Series) -> str:
    """Slopes of the total variance of every estimator, if a claim takes a slope along this setting."""
    if run.path not in findings.sloped:
        return ""
    arms = arms_drawn(findings, findings.objectives)
    several = len({objective for _, objective in arms}) > 1
    found = [
        (label, objective, findings.slope_along(label, run.path, setting=run.fixed, objective=objective))
        for label, objective in arms
    ]
    parts = [
        f"{words.with_interval(slope)} for {about.named(findings, label)}"
        + f" {about.of_objective(findings, objective)}" * several
        for label, objective, slope in found
        if slope.has_interval
    ]
    if not parts:
        return ""
    name = run_name(findings, run)
    lead = f"with {name}, " if name else ""
    return words.sentence(
        f"{lead}the slope of total variance against {name_of(run.path)}, fitted on log-log axes, is "
        f"{prose.listing(parts)}"
    )


def turning(ratios: Sequence[tuple[Any, Estimate]], at: str) -> str:
    """What a ratio that is not monotone does between its ends: how low it falls, how high it rises.

    Only what lies beyond both ends, with disjoint intervals, is reported.
    """
    (_, first), *inner, (_, last) = ratios
    low, high = (choose(inner, key=lambda pair: pair[1].value) for choose in (min, max))
    parts = []
    if low[1].high < min(first.low, last.low):
        parts.append(f"falls to {words.with_interval(low[1])} {at} {plain(low[0])}")
    if high[1].low > max(first.high, last.high):
        parts.append(f"rises to {words.with_interval(high[1])} {at} {plain(high[0])}")
    if not parts:
        return "the intervals show neither a rise nor a fall throughout"
    return f"in between it {' and '.join(parts)}"


def wide_table(findings: Findings, run: Series) -> Mapping[str, Any]:
    """A table with values as columns, at most as many as fit: the reference's variance, and ratios to it."""
    reference, values = findings.reference(), evenly(run.values, about.ACROSS)
    return {
        "values": [about.written(value) for value in values],
        "left_out": left_out(values, run),
        "rows": [
            {
                "title": about.title_of(findings, label),
                "cells": [findings.ratio(label, reference, setting=run.setting(v)) for v in values],
            }
            for label in findings.compared()
            if label != reference
        ],
        "variances": [findings.get("total_variance", reference, setting=run.setting(v)) for v in values],
    }


def left_out(values: Sequence[Any], run: Series) -> str:
    """A caption's sentence about values that are not in the table."""
    shown, whole = len(values), len(run.values)
    return f" {prose.capital(prose.of(shown, whole))} values; all are in results.csv." * (shown < whole)


def block_text(findings: Findings, group: str) -> str:
    """A block inside a sentence: “gradient in μ”, “block “mean””."""
    v = findings.vocabulary
    return v.block(group) if v.block(group) != group else f"block “{group}”"


def long_tables(findings: Findings, run: Series) -> list[Mapping[str, Any]]:
    """Tables of total variances, one per block of parameters.

    Values are rows and estimators columns, or the reverse if there are more estimators than fit side by side.
    """
    arms = arms_drawn(findings, findings.objectives)
    if turned := len(arms) > about.ACROSS:
        values = evenly(run.values, about.ACROSS)
        every = left_out(values, run)
    else:
        values, step = thinned(run.values)
        every = f" Every {ORDINALS.get(step, f'{step}th')} value; all are in results.csv." * (step > 1)
    several = len({objective for _, objective in arms}) > 1
    heads = [
        about.title_of(findings, label)
        + (f", {about.objective_title(findings, objective)}" if several else "")
        for label, objective in arms
    ]

    def row(group: str, value: Any) -> list[Estimate]:
        return [
            findings.get(
                "total_variance", label, objective=objective, group=group, setting=run.setting(value)
            )
            for label, objective in arms
        ]

    tables: list[Mapping[str, Any]] = []
    for group in blocks_swept(findings):
        across, down = heads, [about.written(value) for value in values]
        cells = [row(group, value) for value in values]
        if turned:
            across, down, cells = down, across, [list(column) for column in zip(*cells, strict=True)]
        tables.append(
            {
                "block": "" if group == "all" else block_text(findings, group),
                "id": group,
                "left_out": every,
                "turned": turned,
                "heads": across,
                "rows": [{"head": head, "cells": found} for head, found in zip(down, cells, strict=True)],
            }
        )
    return tables


def thinned(values: Sequence[Any]) -> tuple[tuple[Any, ...], int]:
    """At most LONG of the values, evenly spaced, and the step between them."""
    step = math.ceil(len(values) / LONG)
    return tuple(values[::step]), step


def _exact(one: Crossing) -> str:
    """Where the exact variances cross, marked with their rows; a dash if they are not known."""
    if math.isnan(one.exact):
        return words.DASH
    source = one.source and one.source.of("exact_total_variance")
    return marks.told(prose.fixed(one.exact, 4), Estimate(one.exact, source=source))


def crossing_rows(findings: Findings) -> list[Mapping[str, Any]]:
    """Where estimators change places, by series and block; crossings that are not sure come last."""
    rows: list[Mapping[str, Any]] = [
        {
            "run": run_name(findings, run),
            "block": findings.vocabulary.block(group) if group != "all" else "all coordinates",
            "sure": one.sure,
            "before": one.lower_before,
            "beyond": one.lower_beyond,
            "setting": setting_title(run.path),
            "at": marks.told(place_text(one.at, one.low, one.high), estimate),
            "interval": marks.told(interval_text(one.low, one.high), estimate),
            "exact": _exact(one),
        }
        for run in runs_shown(findings)
        for group in blocks_swept(findings)
        for one in crossings(findings, run, group)
        for estimate in [Estimate(one.at, one.low, one.high, source=one.source)]
    ]
    return sorted(rows, key=lambda row: not row["sure"])


def context(findings: Findings) -> Mapping[str, Any] | None:
    """One table, or one per block, for each series of the sweep; left out without a sweep over numbers."""
    tables, v, seeds = [], findings.vocabulary, []
    for run in (shown := runs_shown(findings)):
        short = v.trained
        if TRAINING_SEED in run.fixed:
            seeds.append(str(run.fixed[TRAINING_SEED]))
        tables.append(
            {
                "id": re.sub(r"[^\w.-]+", "-", "-".join([run.path, *map(str, run.named.values())])),
                "path": run.path,
                "name": name_of(run.path),
                "run": run_name(findings, run),
                "symbol": setting_title(run.path),
                "wide": wide_table(findings, run) if short else None,
                "long": [] if short else long_tables(findings, run),
                "paragraphs": [
                    text
                    for text in (
                        *(told(findings, run, group) for group in about.variance_objectives(findings)),
                        slopes(findings, run),
                    )
                    if text
                ],
            }
        )
    if not tables:
        return None
    only = {table["path"] for table in tables} == {"problem.latent"}
    return {
        **({"title": "Variance against the number of latent units"} if only else {}),
        "tables": tables,
        "reference": about.title_of(findings, findings.reference()),
        "chosen": prose.capital(prose.of(len(shown), whole))
        if len(shown) < (whole := len(findings.series()))
        else "",
        "crossings": (rows := crossing_rows(findings)),
        "runs": (runs := any(row["run"] for row in rows)),
        "exact": (exact := any(row["exact"] != words.DASH for row in rows)),
        "columns": 6 + runs + exact,
        "unsure": not all(row["sure"] for row in rows),
        "objective": about.of_objective(findings, findings.objectives[0]),
        "trained": v.trained,
        "seeds": prose.listing(list(dict.fromkeys(seeds)), "or"),
        "references": about.references(findings, about.named),
        "several": len(findings.objectives) > 1 and not v.trained,
    }


SECTION = Section("settings", "Variance against the settings swept", context)
