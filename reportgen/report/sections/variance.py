"""Variance without training: every estimator compared with the reference, at the base setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.figures.drafting.labels import named_setting
from reportgen.findings import Findings, prose
from reportgen.findings.statistics.cautions import Caution, cautions, together
from reportgen.report.sections.training import between_objectives, stories
from reportgen.report.text import about
from reportgen.report.text.section import Section
from reportgen.store import MeasurementRecord


def rows(findings: Findings, objective: str, parameters: str) -> list[Mapping[str, Any]]:
    """Variances of the estimators of one gradient; in φ with the ratio to the reference, None for itself."""
    reference = findings.reference(objective)
    return [
        {
            "title": about.title_of(findings, label),
            "variance": findings.get("total_variance", label, objective=objective),
            "ratio": findings.ratio(label, reference, objective=objective)
            if parameters == "phi" and label != reference
            else None,
        }
        for label in findings.compared(objective, parameters)
    ]


def warnings(findings: Findings) -> list[str]:
    """Cautions about estimates from a user's own functions or model, and the settings they apply to."""
    found: dict[tuple[str, str], list[tuple[MeasurementRecord, Caution]]] = {}
    for record in findings.measurements:
        for caution in cautions(record, lambda label: about.named(findings, label)):
            found.setdefault(caution.words, []).append((record, caution))
    told = [
        (_settings(findings, [record for record, _ in same]), together([caution for _, caution in same]))
        for same in found.values()
    ]
    return [f"{prose.capital(where)}: {text}" if where else text for where, text in told]


def _settings(findings: Findings, records: Sequence[MeasurementRecord]) -> str:
    """“arms = 2 and arms = 24”; empty for only the base setting."""
    if all(record.base for record in records):
        return ""
    if len(records) == len(findings.measurements):
        return "in every setting"
    named = [", ".join(named_setting(*one) for one in record.setting.items()) for record in records]
    return "; ".join(named) if any(", " in one for one in named) else prose.listing(named)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Sentences, and a table of variances and ratios; left out if there is training."""
    if not findings.checkpoints or findings.vocabulary.trained:
        return None
    v = findings.vocabulary
    together = about.variance_objectives(findings)
    groups: list[dict[str, Any]] = []
    for objective, *same in together:
        named = "; ".join(about.objective_title(findings, name) for name in (objective, *same))
        titles = "" if v.given else named
        theta = rows(findings, objective, "theta")
        groups.append({"title": titles, "rows": rows(findings, objective, "phi")})
        groups += [{"title": f"{titles}, gradient in θ", "rows": theta}] if theta else []
    return {
        "paragraphs": [text for text in (*stories(findings), between_objectives(findings)) if text],
        "warnings": warnings(findings),
        "groups": groups,
        "ratios": any(row["ratio"] for group in groups for row in group["rows"]),
        "reference": about.references(findings, about.named),
        "unit": v.unit,
        "units": v.units,
        "alone": v.alone,
        "at_last": v.at_last,
    }


SECTION = Section("variance", "Variance", context)
