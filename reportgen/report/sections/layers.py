"""Variance by layer and by coordinate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.figures.reading import largest_blocks
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.marks import told_of_all
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

ACROSS = 8
"""The most blocks that are columns of the table; more of them are rows."""
ENDS = {0.0: "no coordinate", 1.0: "every coordinate"}
"""Fractions of the coordinates that have special words."""
FEW = 5
"""The most blocks in the table if there are too many estimators for columns."""


def coordinates(findings: Findings, others: Sequence[str], reference: str) -> str:
    """The fraction of coordinates in which the reference has the lower variance."""
    against: dict[str, list[tuple[str, Estimate]]] = {}
    for label in others:
        lower = findings.get("coordinate_lower", label)
        if lower.available:
            part = ENDS.get(lower.value, f"{prose.share(lower)} of coordinates")
            against.setdefault(part, []).append((about.named(findings, label), lower))
    if not against:
        return ""
    parts = []
    for part, found in against.items():
        names, estimates = zip(*found, strict=True)
        every = len(names) == len(others) > 2
        than_whom = "every other unbiased estimator" if every else prose.listing(names)
        each = "" if every else {1: "", 2: "both "}.get(len(names), "each of ")
        parts.append(f"than {each}{than_whom} in {told_of_all(part, estimates)}")
    where = findings.vocabulary.last
    return words.sentence(f"{where} {about.named(findings, reference)} has lower variance {'; '.join(parts)}")


def dead(findings: Findings, reference: str) -> str:
    """How many coordinates have no gradient at all, and why."""
    found = findings.coordinates(reference)
    if found is None or not found.dead:
        return ""
    one, layer = found.dead == 1, findings.first_layer()
    clause = f"{'has' if one else 'have'} zero gradient at every {findings.vocabulary.unit}"
    off = layer.dead * layer.units if layer is not None else 0
    if 0 < off <= found.dead:
        some = f"{prose.in_words(off)} of them " if off < found.dead else ""
        clause += (
            f", {some}because the {'pixel it weights is' if off == 1 else 'pixels they weight are'} never on"
        )
    clause += "; it is" if one else "; they are"
    dead = prose.in_words(found.dead)
    return f"Of {prose.count(found.count)} coordinates, {dead} {clause} left out of the distributions."


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Ratios to the reference by parameter group at the last checkpoint; left out with only one block."""
    if len(findings.blocks) < 3 or not findings.checkpoints:
        return None
    reference = findings.reference()
    labels = findings.compared()
    others = [label for label in labels if label != reference]
    blocks = [group for group in findings.blocks if group != "all"]
    groups = largest_blocks(findings)
    if len(groups) > ACROSS and len(labels) > about.ACROSS:
        groups = largest_blocks(findings, FEW)
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "cells": [findings.ratio(label, reference, group=group) for group in groups],
        }
        for label in others
    ]
    variances = {label: [findings.get("total_variance", label, group=g) for g in groups] for label in labels}
    if others and not any(cell.available for cell in variances[reference]):
        rows = [{"title": about.title_of(findings, label), "cells": variances[label]} for label in others]
        variances[reference] = []
    pair = about.pair(findings)
    honest = [label for label in others if about.is_unbiased(findings, label)]
    sentences = [coordinates(findings, honest, reference)]
    spread = ""
    if pair:
        found = {group: findings.ratio(*pair, group=group) for group in blocks}
        usable = {group: ratio for group, ratio in found.items() if ratio.available}
        if len({prose.with_interval(ratio) for ratio in usable.values()}) > 1:
            most = max(usable, key=lambda group: usable[group].value)
            least = min(usable, key=lambda group: usable[group].value)
            spread = (
                f"The variance ratio of {about.named(findings, pair[0])} to {about.named(findings, pair[1])} "
                "is largest in the "
                f"block “{findings.vocabulary.block(most)}”, {words.with_interval(usable[most])}, "
                "and smallest in "
                f"“{findings.vocabulary.block(least)}”, "
                f"{words.with_interval(usable[least])}."
            )
    return {
        **({} if findings.vocabulary.network else {"title": "By block of parameters"}),
        "free": findings.vocabulary.free,
        "groups": [findings.vocabulary.block(group) for group in groups],
        "down": len(groups) > ACROSS,
        "some": f"the {prose.in_words(len(groups))} of {prose.in_words(len(blocks))} in which it is highest"
        if len(groups) < len(blocks)
        else "",
        "reference": about.title_of(findings, reference),
        "variances": variances[reference],
        "rows": rows,
        "spread": spread,
        "sentences": [text for text in (*sentences, dead(findings, reference)) if text],
        "where": findings.vocabulary.at_checkpoint(findings.checkpoints[-1]),
        "objective": about.under(findings, findings.objectives[0]),
    }


SECTION = Section("layers", "By layer and by coordinate", context)
