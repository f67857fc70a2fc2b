"""The size of the gradient against its noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about
from reportgen.report.section import Section


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Signal-to-noise ratios under the first objective, at every checkpoint."""
    if not findings.checkpoints:
        return None
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [
                findings.get("signal_to_noise", label, checkpoint=epoch) for epoch in findings.checkpoints
            ],
        }
        for label in findings.labels
    ]
    if not any(cell.available for row in rows for cell in row["cells"]):
        return None
    pair = about.contrast(findings)
    sentence = ""
    if pair:
        mine, theirs = (findings.get("signal_to_noise", label) for label in pair)
        if mine.available and theirs.available:
            sentence = (
                f"At the last checkpoint it is {prose.with_interval(theirs)} for "
                f"{about.named(findings, pair[1])} and "
                f"{prose.with_interval(mine)} for {about.named(findings, pair[0])}."
            )
    directed = _directed(findings, pair) if pair else ""
    return {
        "directed": directed,
        "rows": rows,
        "epochs": findings.checkpoints,
        "sentence": sentence,
        "lost": any(not cell.available for row in rows for cell in row["cells"]),
        "objective": about.under(findings.objectives[0]),
    }


def _directed(findings: Findings, pair: tuple[str, str]) -> str:
    """Directional ratios of the two estimators the report is about, at the last checkpoint."""
    mine, theirs = (findings.get("directional_signal_to_noise", label) for label in pair)
    if not (mine.available and theirs.available):
        return ""
    return (
        f"At the last checkpoint it is {prose.with_interval(theirs)} for {about.named(findings, pair[1])} "
        f"and {prose.with_interval(mine)} for {about.named(findings, pair[0])}."
    )


SECTION = Section("signal", "Signal and noise", context, ("signal_to_noise",))
