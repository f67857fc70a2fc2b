"""Monte Carlo noise against minibatch noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section


def context(findings: Findings) -> Mapping[str, Any] | None:
    """The Monte Carlo share of a minibatch gradient's variance, at every checkpoint."""
    if not findings.checkpoints:
        return None
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [
                findings.get("monte_carlo_share", label, checkpoint=epoch) for epoch in findings.checkpoints
            ],
        }
        for label in findings.labels
        if about.is_unbiased(findings, label)
    ]
    if not any(cell.available for row in rows for cell in row["cells"]):
        return None
    pair = about.contrast(findings)
    sentences = []
    for label in pair or ():
        found = findings.get("monte_carlo_share", label)
        if found.available:
            told = words.side(found, 0.5)
            reading = {
                "above": "the samples, not the choice of images, make most of the noise",
                "below": "the choice of images makes most of the noise, which more samples do not mend",
            }.get(told, "neither source is shown to be the larger")
            sentences.append(
                f"With {about.named(findings, label)}, Monte Carlo noise is {words.share(found)} of the "
                "variance at the last "
                f"checkpoint: {reading}."
            )
    return {
        "rows": rows,
        "epochs": findings.checkpoints,
        "sentences": sentences,
        "images": prose.count(about.images(findings)),
        "objective": about.under(findings.objectives[0]),
    }


SECTION = Section("noise", "Monte Carlo noise and minibatch noise", context, ("noise_split",))
