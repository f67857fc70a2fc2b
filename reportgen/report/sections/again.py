"""How to make it again: command, seed, versions, hashes, the whole declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import words
from reportgen.report.section import Section


def context(findings: Findings) -> Mapping[str, Any]:
    """The numbers of cells; provenance itself is shared by every section."""
    return {
        "trained": bool(findings.plan.trainings),
        "trainings": words.counted(len(findings.plan.trainings), "trained model"),
        "measurements": words.counted(len(findings.plan.measurements), "measured cell"),
        "measuring": prose.seconds(sum(r.seconds for r in findings.measurements)),
        "fitting": prose.seconds(sum(r.seconds for r in findings.trainings)),
        "judgements": words.counted(len(findings.plan.judgements), "judged model")
        if findings.plan.judgements
        else "",
        "judging": prose.seconds(sum(r.seconds for r in findings.judgements)),
        "rows": prose.count(findings.row_count),
    }


SECTION = Section("again", "How to make it again", context)
