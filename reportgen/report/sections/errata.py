"""Errata of the source post, only if the experiment asks its question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def control(findings: Findings) -> Mapping[str, str] | None:
    """What the tests found for the formula as printed."""
    label = about.label_of(findings, "score_function_as_printed")
    if label is None:
        return None
    projection = findings.get("relative_projection", label)
    p = findings.get("bias_p_value", label)
    parts = []
    if projection.available:
        parts.append(
            f"along that of {about.named(findings, findings.reference())}, its mean gradient"
            f"{findings.vocabulary.at_last} has {words.with_interval(projection)} times the correct length"
        )
    if p.available:
        outcome = "rejects it" if p.value < 0.05 else "does not reject it at this precision"
        parts.append(f"the joint test {outcome} ({words.p_value(p)})")
    return {"label": label, "text": words.sentence("; ".join(parts))} if parts else None


def by_objective(findings: Findings) -> str:
    """The ratio of the two main estimators under each objective."""
    pair = about.pair(findings)
    if pair is None or len(findings.objectives) < 2:
        return ""
    found = [
        (group, findings.ratio(*pair, objective=group[0])) for group in about.variance_objectives(findings)
    ]
    parts = [
        f"{words.with_interval(ratio)} {about.under_all(findings, group)}"
        for group, ratio in found
        if ratio.available
    ]
    if len(parts) < 2:
        return ""
    return (
        f"The objective matters:{findings.vocabulary.at_last} the variance ratio of "
        f"{about.named(findings, pair[0])} to {about.named(findings, pair[1])} is {prose.listing(parts)}."
    )


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out unless a claim cites the source post."""
    if not about.from_post(findings):
        return None
    return {"printed": control(findings), "objectives_text": by_objective(findings)}


SECTION = Section("errata", "Errata of the source post", context)
