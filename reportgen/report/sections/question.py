"""The question, and what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings
from reportgen.objectives import OBJECTIVES
from reportgen.report import about
from reportgen.report.formulas import Formula
from reportgen.report.section import Section

NOTES = {
    "reconstruction": "f is the log-likelihood alone.",
    "elbo": (
        "What Burda et al. compare: every term is sampled, and the pathwise gradient is that of the log "
        "weight "
        "(SGVB-A of Kingma and Welling)."
    ),
    "elbo_analytic_kl": (
        "The KL term and its gradient are in closed form and add no variance (SGVB-B). Estimators of its "
        "sampled "
        "part are those of the reconstruction term, so their total variances agree; signal and bias differ."
    ),
}


def context(findings: Findings) -> Mapping[str, Any]:
    """Objectives with their formulas, and the model."""
    objectives = []
    for name in findings.objectives:
        found = OBJECTIVES[name]
        formula = Formula(found.formula, found.spoken, display=True)
        note = NOTES.get(name, "")
        if name == "reconstruction" and about.from_post(findings):
            note = f"The term that the source post asks about; {note}"
        objectives.append({"name": name, "title": found.title, "formula": formula, "note": note})
    return {
        "objectives": objectives,
        "model": about.model(findings),
        "from_post": about.from_post(findings),
    }


SECTION = Section("question", "The question", context)
