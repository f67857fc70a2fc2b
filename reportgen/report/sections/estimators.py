"""The estimators: formulas, requirements, sources, cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.findings import Findings
from reportgen.report import about
from reportgen.report.formulas import Formula
from reportgen.report.section import Section


def served(kind: Estimator, findings: Findings) -> str:
    """The first objective that an estimator is for."""
    return next((name for name in findings.objectives if kind.serves(name)), findings.objectives[0])


def warning(kind: Estimator, findings: Findings) -> str:
    """What to know of an estimator whose mean is not the gradient."""
    if kind.control:
        return "Not an estimator of the gradient; it is here as a negative control."
    if kind.is_unbiased(served(kind, findings)):
        return ""
    return "Biased: its mean is not the gradient, and its variance alone does not say how good it is. "


def context(findings: Findings) -> Mapping[str, Any]:
    """One entry an estimator of the table, one row a label."""
    names = list(dict.fromkeys(findings.estimator_of[label] for label in findings.labels))
    found = []
    for name in names:
        kind = ESTIMATORS[name]
        own = [
            f"“{label}”"
            for label in findings.labels
            if findings.estimator_of[label] == name and label != name
        ]
        found.append(
            {
                "name": name,
                "title": kind.title,
                "labels": f"Called {' and '.join(own)} here." if own else "",
                "requires": f"Requires: {kind.requires[:1].lower()}{kind.requires[1:]}"
                if not kind.control
                else "",
                "warning": warning(kind, findings),
                "cites": [key.strip() for key in kind.source.split(",") if key.strip()],
                "formula": Formula(kind.formula, kind.spoken, display=True),
            }
        )
    rows: list[dict[str, Any]] = []
    latent = findings.experiment.problem.latent_size
    for spec in findings.experiment.estimators:
        kind = ESTIMATORS[spec.name]
        rows.append(
            {
                "name": spec.name,
                "title": about.title_of(findings, spec.label, samples=False),
                "label": spec.label,
                "num_samples": spec.num_samples,
                "forward": kind.forward_passes(spec.num_samples, latent),
                "backward": kind.backward_passes(spec.num_samples),
                "parameters": "θ" if kind.parameters == "theta" else "φ",
                "unbiased": "yes" if kind.is_unbiased(served(kind, findings)) else "no",
            }
        )
    v = findings.vocabulary
    return {
        "estimators": found,
        "rows": rows,
        "theta": any(row["parameters"] == "θ" for row in rows),
        "work": "passes through the decoder" if v.trained else v.evaluations,
        "evaluations": v.evaluations,
        "antithetic": any(spec.antithetic for spec in findings.experiment.estimators),
    }


SECTION = Section("estimators", "The estimators", context)
