"""The size of the gradient relative to its noise."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from reportgen.figures import reading
from reportgen.findings import Findings, prose
from reportgen.findings.statistics.signal import NO_MEAN, NOTHING_AT_ALL
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

KINDS = {"signal_to_noise": "", "directional_signal_to_noise": ", directional"}
"""The two ratios, with what distinguishes the second in titles."""


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Signal-to-noise ratios under the first objective, at the checkpoints shown and against K."""
    if not findings.checkpoints:
        return None
    v, curves = findings.vocabulary, against_samples(findings)
    labels = findings.labels if not v.trained else findings.compared()
    epochs, left_out = about.across(findings)
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [findings.get("signal_to_noise", label, checkpoint=epoch) for epoch in epochs],
            "directed": findings.get("directional_signal_to_noise", label),
        }
        for label in labels
    ]
    if not any(cell.available for row in rows for cell in row["cells"]):
        return None
    pair = about.pair(findings)
    directional = not (v.given or all(NO_MEAN in row["directed"].status for row in rows))
    directed = _sentence(findings, pair, "directional_signal_to_noise") if pair and directional else ""
    return {
        "directed": directed,
        "defined": bool(directed) or (directional and not v.trained),
        "rows": rows,
        "epochs": epochs if v.trained else (),
        "left_out": left_out,
        "sentence": _sentence(findings, pair, "signal_to_noise") if pair else "",
        "lost": any(
            not cell.available
            for row in rows
            for cell in (*row["cells"], *((row["directed"],) if directional and not v.trained else ()))
        ),
        "zero": any(NOTHING_AT_ALL in cell.status for row in rows for cell in row["cells"]),
        "still": any(
            row["cells"][0].available
            and not row["directed"].available
            and NO_MEAN not in row["directed"].status
            for row in rows
        ),
        "directional": directional,
        "objective": about.under(findings, findings.objectives[0]),
        "every": about.under_every(findings, findings.objectives[0]),
        "at_last": v.at_last,
        "round": v.round,
        "where": v.at_checkpoint(findings.checkpoints[-1]),
        "unit": v.unit,
        "units": v.units,
        "alone": v.alone,
        "curves": curves,
        "curves_lost": any(not cell.available for row in curves for cell in (row["first"][1], row["slope"])),
        "told": told(findings) if curves else "",
    }


def against_samples(findings: Findings) -> list[dict[str, Any]]:
    """Both kinds of ratio at the smallest and largest K, with the slope in between.

    Values lost in the noise are not available; empty if K adds nothing to the section on variance.
    """
    rows: list[dict[str, Any]] = []
    if not reading.varies_with_samples(findings):
        return rows
    for label, (statistic, kind) in product(findings.labels, KINDS.items()):
        every = findings.curve(label, statistic)
        curve = [point for point in every if point[1].available]
        slope = findings.slope(statistic, label)
        known = len(curve) > 1 and slope.available
        if known or (len(every) > 1 and any(estimate.lost for _, estimate in every)):
            first, *_, last = curve if known else every
            title = f"{reading.gradient_title(findings, label)}{kind}"
            rows.append({"title": title, "first": first, "last": last, "slope": slope})
    return rows


def told(findings: Findings) -> str:
    """For which estimators the ratio falls with K, and for which it rises."""
    if not reading.varies_with_samples(findings):
        return ""
    parts = []
    for label in findings.labels:
        slope = findings.slope("signal_to_noise", label)
        change = {"below": "falls", "above": "rises"}.get(words.side(slope, 0.0))
        if change:
            name = reading.named_gradient(findings, label)
            parts.append(f"{change} for {name}, with slope {words.with_interval(slope)}")
    of = about.of_model(findings)
    lead = f"on log-log axes against the number of samples K, the signal-to-noise ratio of one estimate{of}"
    return words.sentence(f"{lead} {', and '.join(parts)}") if parts else ""


def _sentence(findings: Findings, pair: tuple[str, str], statistic: str) -> str:
    """The ratios of the two estimators that the report is about, at the last checkpoint."""
    mine, theirs = (findings.get(statistic, label) for label in pair)
    if not (mine.available and theirs.available):
        return ""
    lead = f"{findings.vocabulary.last} it is {words.with_interval(theirs)} for"
    first, second = (about.named(findings, label) for label in pair)
    if prose.with_interval(mine) == prose.with_interval(theirs):
        return words.sentence(f"{lead} both {second} and {first}")
    return words.sentence(f"{lead} {second} and {words.with_interval(mine)} for {first}")


SECTION = Section("signal", "Signal and noise", context)
