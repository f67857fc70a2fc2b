"""Monte Carlo noise and minibatch noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

FEWEST = 8
"""Fewest data points for which a variance between them is reported."""


def context(findings: Findings) -> Mapping[str, Any] | None:
    """The Monte Carlo share of a minibatch gradient's variance, at the checkpoints shown."""
    v = findings.vocabulary
    if not findings.checkpoints or v.count < FEWEST:
        return None
    epochs, left_out = about.across(findings)
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [findings.get("monte_carlo_share", label, checkpoint=epoch) for epoch in epochs],
        }
        for label in findings.compared()
        if about.is_unbiased(findings, label)
    ]
    if not any(cell.available for row in rows for cell in row["cells"]):
        return None
    pair = about.pair(findings)
    said: dict[str, list[str]] = {}
    for label in pair or ():
        found = findings.get("monte_carlo_share", label)
        if found.available:
            told = words.side(found, 0.5)
            reading = {
                "above": f"most of the noise comes from the samples, not the choice of {v.units}",
                "below": f"most of the noise comes from the choice of {v.units}, and more samples do not "
                "reduce it",
            }.get(told, "neither source is shown to be the larger")
            said.setdefault(reading, []).append(
                f"{words.share(found)} of the variance with {about.named(findings, label)}"
            )
    sentences = [
        words.sentence(f"{v.last} Monte Carlo noise is {prose.listing(parts)}: {reading}")
        for reading, parts in said.items()
    ]
    return {
        "rows": rows,
        "epochs": epochs,
        "left_out": left_out,
        "sentences": sentences,
        "counted": v.counted,
        "units": v.units,
        "unit": v.unit,
        "trained": v.trained,
        "round": v.round,
        "objective": about.under(findings, findings.objectives[0]),
    }


SECTION = Section("noise", "Monte Carlo noise and minibatch noise", context)
