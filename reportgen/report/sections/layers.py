"""By layer, and coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section


def coordinates(findings: Findings, others: Sequence[str], reference: str) -> str:
    """In how large a part of the coordinates the reference has the lower variance."""
    parts = []
    for label in others:
        lower = findings.get("coordinate_lower", label)
        if lower.available:
            parts.append(f"{words.share(lower)} of coordinates against {about.named(findings, label)}")
    if not parts:
        return ""
    return (
        f"Coordinate by coordinate, {about.named(findings, reference)} has the lower variance in "
        f"{prose.listing(parts)}, at the "
        "last checkpoint."
    )


def dead(findings: Findings, reference: str) -> str:
    """How many coordinates have no gradient at all."""
    found = findings.coordinates(reference)
    if found is None or not found.dead:
        return ""
    return (
        f"{words.capital(words.counted(found.dead, 'coordinate'))} of {prose.count(found.count)} have no "
        "gradient at any "
        "image, since the pixel they weigh is never on; they are left out of distributions."
    )


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Ratios to the reference by parameter group, at the last checkpoint; left out with one group."""
    if len(findings.groups) < 2 or not findings.checkpoints:
        return None
    reference = findings.reference()
    others = [label for label in findings.labels if label != reference]
    groups = [group for group in findings.groups if group != "all"]
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [findings.ratio(label, reference, group=group) for group in groups],
        }
        for label in others
    ]
    pair = about.contrast(findings)
    honest = [label for label in others if about.is_unbiased(findings, label)]
    sentences = [coordinates(findings, honest, reference)]
    spread = ""
    if pair:
        found = {group: findings.ratio(*pair, group=group) for group in groups}
        usable = {group: ratio for group, ratio in found.items() if ratio.available}
        if len(usable) > 1:
            most = max(usable, key=lambda group: usable[group].value)
            least = min(usable, key=lambda group: usable[group].value)
            spread = (
                f"The ratio of {about.named(findings, pair[0])} to {about.named(findings, pair[1])} is "
                "largest in the "
                f"block {most}, {prose.with_interval(usable[most])}, and smallest in {least}, "
                f"{prose.with_interval(usable[least])}."
            )
    return {
        "groups": groups,
        "reference": about.title_of(findings, reference),
        "variances": [findings.get("total_variance", reference, group=group) for group in groups],
        "rows": rows,
        "spread": spread,
        "sentences": [text for text in (*sentences, dead(findings, reference)) if text],
        "last": prose.count(findings.checkpoints[-1]),
        "objective": about.under(findings.objectives[0]),
    }


SECTION = Section(
    "layers", "By layer and by coordinate", context, ("variance_by_layer", "coordinate_distribution")
)
