"""Against what the declaration sweeps, the number of latent units for instance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reportgen.figures.axes import plain
from reportgen.figures.labels import block_title, setting_title
from reportgen.figures.reading import arms_drawn
from reportgen.figures.variance_against_setting import FEW_BLOCKS, LINES
from reportgen.findings import Findings, prose
from reportgen.findings.series import Series
from reportgen.report import about, words
from reportgen.report.section import Section

NAMES = {"problem.latent": "the number of latent units"}
"""Settings that have a name in the text."""
ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
LONG = 13
"""Rows shown, at most; results.csv has all."""


def name_of(path: str) -> str:
    """A setting inside a sentence."""
    return NAMES.get(path, setting_title(path, long=True))


def run_name(run: Series) -> str:
    """What tells a run of the sweep from the others: “quadratic”; empty for one alone."""
    return ", ".join(
        str(value) if isinstance(value, str) else f"{setting_title(path)} {about.written(value)}"
        for path, value in run.named.items()
    )


def told(findings: Findings, run: Series, objectives: Sequence[str]) -> str:
    """How the ratio of the two main estimators changes along one run."""
    pair = about.contrast(findings)
    if pair is None:
        return ""
    ratios = [(v, findings.ratio(*pair, objective=objectives[0], setting=run.setting(v))) for v in run.values]
    usable = [(v, ratio) for v, ratio in ratios if ratio.has_interval]
    if len(usable) < 2:
        return ""
    (first, low), (last, high) = usable[0], usable[-1]
    at = "at" if run.path in NAMES else f"at {setting_title(run.path)} ="
    lead = f"with {run_name(run)}, " if run_name(run) else f"{about.under_all(findings, objectives)}, "
    text = (
        f"{lead}the ratio of {about.named(findings, pair[0])} to "
        f"{about.named(findings, pair[1])} is "
        f"{prose.with_interval(low)} {at} {plain(first)} and {prose.with_interval(high)} at {plain(last)}"
    )
    steps = list(pairwise(usable))
    if all(after[1].low > before[1].high for before, after in steps):
        text += "; it grows with every step"
    elif all(after[1].high < before[1].low for before, after in steps):
        text += "; it falls with every step"
    else:
        text += "; it does not change in one direction throughout, or by less than the intervals can tell"
    below = [plain(v) for v, ratio in usable if words.side(ratio) == "below"]
    if len(below) == len(usable):
        text += ". The order of the two is the reverse throughout"
    elif below:
        text += f". At {prose.listing(below)} the order of the two is reversed"
    return words.sentence(text)


def wide_table(findings: Findings, run: Series) -> Mapping[str, Any]:
    """Values as columns: the reference's variance, and ratios to it."""
    reference = findings.reference()
    return {
        "rows": [
            {
                "title": about.title_of(findings, label),
                "cells": [findings.ratio(label, reference, setting=run.setting(v)) for v in run.values],
            }
            for label in findings.compared()
            if label != reference
        ],
        "variances": [findings.get("total_variance", reference, setting=run.setting(v)) for v in run.values],
    }


def blocks_shown(findings: Findings) -> tuple[str, ...]:
    """Blocks of parameters that are told apart: few, and of q itself; else all together."""
    blocks = tuple(group for group in findings.blocks() if group != "all")
    few = not findings.vocabulary.trained and 1 < len(blocks) <= FEW_BLOCKS
    return blocks if few else ("all",)


def long_tables(findings: Findings, run: Series, values: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Values as rows: total variances, a column an estimator; a table a block of parameters."""
    arms = arms_drawn(findings, findings.objectives, LINES)
    several = len({objective for _, objective in arms}) > 1
    heads = [
        about.title_of(findings, label)
        + (f", {about.objective_title(findings, objective)}" if several else "")
        for label, objective in arms
    ]
    return [
        {
            "block": "" if group == "all" else block_title(group),
            "id": group,
            "heads": heads,
            "rows": [
                {
                    "value": about.written(value),
                    "cells": [
                        findings.get(
                            "total_variance",
                            label,
                            objective=objective,
                            group=group,
                            setting=run.setting(value),
                        )
                        for label, objective in arms
                    ],
                }
                for value in values
            ],
        }
        for group in blocks_shown(findings)
    ]


def thinned(values: Sequence[Any]) -> tuple[tuple[Any, ...], int]:
    """At most LONG of the values, evenly: and each how-manieth they are."""
    step = math.ceil(len(values) / LONG)
    return tuple(values[::step]), step


def crossings(findings: Findings) -> list[Mapping[str, Any]]:
    """Where the reference and another unbiased estimator change places, block by block."""
    found: list[Mapping[str, Any]] = []
    for run in findings.series():
        for group in blocks_shown(findings):
            for objective in findings.objectives:
                reference = findings.reference(objective)
                for label in findings.compared(objective):
                    if label == reference or not about.is_unbiased(findings, label, objective):
                        continue
                    crossed = findings.crossovers(
                        label, reference, run.path, group=group, setting=run.fixed, objective=objective
                    )
                    found += [
                        {
                            "run": run_name(run) or about.objective_title(findings, objective),
                            "block": block_title(group) if group != "all" else "all coordinates",
                            "loser": about.title_of(findings, c.loses_beyond),
                            "winner": about.title_of(
                                findings, label if c.loses_beyond == reference else reference
                            ),
                            "setting": setting_title(run.path),
                            "at": crossing_value(c.at, c.low, c.high),
                            "interval": crossing_interval(c.low, c.high),
                            "exact": prose.number(c.exact, 4) if c.exact == c.exact else words.DASH,
                        }
                        for c in crossed
                    ]
    return found


def crossing_value(at: float, low: float, high: float) -> str:
    """A place with the digits its interval warrants."""
    width = high - low
    if not math.isfinite(width) or width <= 0:
        return prose.number(at)
    return prose.fixed(at, max(0, min(4, 1 - math.floor(math.log10(width)))))


def crossing_interval(low: float, high: float) -> str:
    """Its interval; an end that no value measured bounds is open."""
    if not (math.isfinite(low) and math.isfinite(high)):
        if math.isfinite(low):
            return f"above {prose.number(low)}"
        return f"below {prose.number(high)}" if math.isfinite(high) else "not bounded"
    digits = max(0, min(4, 1 - math.floor(math.log10(high - low)))) if high > low else 3
    return f"{prose.fixed(low, digits)} to {prose.fixed(high, digits)}"


def context(findings: Findings) -> Mapping[str, Any] | None:
    """One table a run of the sweep; left out without a sweep over numbers."""
    tables, v = [], findings.vocabulary
    for run in findings.series():
        short = v.trained
        values, step = (run.values, 1) if short else thinned(run.values)
        tables.append(
            {
                "id": "-".join([run.path, *(str(value) for value in run.named.values())]).replace(" ", "-"),
                "path": run.path,
                "name": name_of(run.path),
                "run": run_name(run),
                "symbol": setting_title(run.path) if not v.trained else "",
                "values": [about.written(value) for value in values],
                "step": ORDINALS.get(step, f"{step}th") if step > 1 else "",
                "wide": wide_table(findings, run) if short else None,
                "long": [] if short else long_tables(findings, run, values),
                "paragraphs": [
                    t for group in about.variance_objectives(findings) if (t := told(findings, run, group))
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
        "crossings": crossings(findings),
        "objective": about.under(findings, findings.objectives[0]),
        "trained": v.trained,
    }


SECTION = Section("settings", "Against the settings swept", context, ("variance_against_setting",))
