"""Do the estimators have the same mean?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section

LEVEL = 0.05


def row(findings: Findings, label: str, objective: str) -> Mapping[str, Any]:
    """One estimator against the reference at the last checkpoint, and the smallest p-value of all checkpoints."""
    tests = [
        findings.get("bias_p_value", label, objective=objective, checkpoint=epoch) for epoch in findings.checkpoints
    ]
    values = [test.value for test in tests if test.available]
    return {
        "title": about.title_of(findings, label),
        "unbiased": about.is_unbiased(findings, label),
        "projection": findings.get("relative_projection", label, objective=objective),
        "cosine": findings.get("cosine_to_reference", label, objective=objective),
        "p": prose.p_value(values[-1]).removeprefix("p = ").removeprefix("p ") if values else words.DASH,
        "rejected": sum(value < LEVEL for value in values),
        "tested": len(values),
        "detectable": findings.get("detectable_bias", label, objective=objective),
    }


def verdict(findings: Findings, objective: str) -> str:
    """What the tests say of the estimators that claim to be unbiased, and of those that do not."""
    reference = findings.reference(objective)
    others = [label for label in findings.labels if label != reference]
    rows = {label: row(findings, label, objective) for label in others}
    honest = [label for label in others if rows[label]["unbiased"] and rows[label]["tested"]]
    control = [label for label in others if not rows[label]["unbiased"] and rows[label]["tested"]]
    parts = []
    if honest:
        tests = sum(rows[label]["tested"] for label in honest)
        found = sum(rows[label]["rejected"] for label in honest)
        parts.append(
            f"{about.under(objective)}, {words.counted(tests, 'joint test')} of unbiased estimators against "
            f"{about.named(findings, reference)} were made, one an estimator and checkpoint; "
            f"{prose.in_words(found)} {'was' if found == 1 else 'were'} below 0.05 after correction over the images"
            + (
                f" (about {prose.number(LEVEL * tests, 1)} would be by chance, since they are not corrected over one another)"
                if found
                else ""
            )
        )
    for label in control:
        found, tests = rows[label]["rejected"], rows[label]["tested"]
        how = "every one of" if found == tests else f"{prose.in_words(found)} of"
        parts.append(f"{about.named(findings, label)} was rejected in {how} {words.counted(tests, 'test')}")
    return " ".join(words.sentence(part) for part in parts)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Sentences and one table an objective; left out with nothing to compare."""
    if not findings.checkpoints or len(findings.labels) < 2:
        return None
    groups = []
    for objective in findings.objectives:
        reference = findings.reference(objective)
        rows = [row(findings, label, objective) for label in findings.labels if label != reference]
        groups.append({"title": about.objective_title(objective), "rows": rows})
    return {
        "reference": about.named(findings, findings.reference()),
        "images": prose.count(about.images(findings)),
        "paragraphs": [text for o in findings.objectives if (text := verdict(findings, o))],
        "groups": groups,
        "last": prose.count(findings.checkpoints[-1]),
    }


SECTION = Section("unbiasedness", "Unbiasedness", context, ("unbiasedness",))
