"""The estimators: formulas, requirements, sources, cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.estimators import ESTIMATORS
from reportgen.findings import Findings
from reportgen.report import about
from reportgen.report.formulas import Formula
from reportgen.report.section import Section


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
                if kind.unbiased
                else "",
                "warning": ""
                if kind.unbiased
                else "Not an estimator of the gradient; it is here as a negative control.",
                "cites": [key.strip() for key in kind.source.split(",") if key.strip()],
                "formula": Formula(kind.formula, kind.spoken, display=True),
            }
        )
    rows: list[dict[str, Any]] = []
    for spec in findings.experiment.estimators:
        kind = ESTIMATORS[spec.name]
        rows.append(
            {
                "name": spec.name,
                "title": about.title_of(findings, spec.label, samples=False),
                "label": spec.label,
                "num_samples": spec.num_samples,
                "forward": kind.forward_passes(spec.num_samples),
                "backward": kind.backward_passes(spec.num_samples),
                "unbiased": "yes" if kind.unbiased else "no",
            }
        )
    return {"estimators": found, "rows": rows}


SECTION = Section("estimators", "The estimators", context)
