"""Against what the declaration sweeps, the number of latent units for instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section

NAMES = {"problem.latent": "the number of latent units"}
"""Settings that have a name in the text."""


def told(findings: Findings, path: str, values: tuple[Any, ...], objectives: Sequence[str]) -> str:
    """How the ratio of the two main estimators changes along one setting."""
    pair = about.contrast(findings)
    if pair is None:
        return ""
    ratios = [(v, findings.ratio(*pair, objective=objectives[0], setting={path: v})) for v in values]
    usable = [(v, ratio) for v, ratio in ratios if ratio.has_interval]
    if len(usable) < 2:
        return ""
    (first, low), (last, high) = usable[0], usable[-1]
    text = (
        f"{about.under_all(objectives)}, the ratio of {about.named(findings, pair[0])} to "
        f"{about.named(findings, pair[1])} is "
        f"{prose.with_interval(low)} at {first} and {prose.with_interval(high)} at {last}"
    )
    steps = list(pairwise(usable))
    if all(after[1].low > before[1].high for before, after in steps):
        text += "; it grows with every step"
    elif all(after[1].high < before[1].low for before, after in steps):
        text += "; it falls with every step"
    else:
        text += "; it does not change in one direction throughout, or by less than the intervals can tell"
    below = [str(v) for v, ratio in usable if words.side(ratio) == "below"]
    if below:
        text += f". At {prose.listing(below)} the order of the two is reversed"
    return words.sentence(text)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """One table a swept setting; left out without a sweep."""
    tables = []
    for path in findings.experiment.swept:
        values = findings.settings(path)
        if len(values) < 2:
            continue
        reference = findings.reference()
        tables.append(
            {
                "path": path,
                "name": NAMES.get(path, path),
                "values": [str(value) for value in values],
                "reference": about.title_of(findings, reference),
                "variances": [findings.get("total_variance", reference, setting={path: v}) for v in values],
                "rows": [
                    {
                        "title": about.title_of(findings, label),
                        "cells": [findings.ratio(label, reference, setting={path: v}) for v in values],
                    }
                    for label in findings.labels
                    if label != reference
                ],
                "paragraphs": [
                    t
                    for group in about.variance_objectives(findings)
                    if (t := told(findings, path, values, group))
                ],
            }
        )
    if not tables:
        return None
    only = tuple(table["path"] for table in tables) == ("problem.latent",)
    return {
        **({"title": "Variance against the number of latent units"} if only else {}),
        "tables": tables,
        "latent": "problem.latent" in findings.experiment.swept,
        "objective": about.under(findings.objectives[0]),
    }


SECTION = Section("settings", "Against the settings swept", context, ("variance_against_latent",))
