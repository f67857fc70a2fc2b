"""The estimators: formulas, requirements, sources, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.findings import Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report import about
from reportgen.report.formulas import Formula
from reportgen.report.section import Section


def context(findings: Findings) -> Mapping[str, Any]:
    """One entry an estimator of the table, one row a label."""
    names = list(dict.fromkeys(findings.estimator_of[label] for label in findings.labels))
    formulas = {name: _formulas(ESTIMATORS[name], findings.objectives) for name in names}
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
                "title": kind.title,
                "labels": f"Called {' and '.join(own)} here." if own else "",
                "requires": ""
                if kind.control
                else f"Requires: {kind.requires[:1].lower()}{kind.requires[1:]}",
                "warning": "Not an estimator of the gradient; it is here as a negative control."
                if kind.control
                else "",
                "cites": [key.strip() for key in kind.source.split(",") if key.strip()],
                "formulas": formulas[name],
            }
        )
    record = findings.record()
    latent = record.latent if record is not None else 0
    rows: list[dict[str, Any]] = []
    for spec in findings.experiment.estimators:
        kind = ESTIMATORS[spec.name]
        rows.append(
            {
                "anchors": [anchor for anchor, _ in formulas[spec.name]],
                "title": about.title_of(findings, spec.label, samples=False),
                "label": spec.label,
                "num_samples": spec.num_samples,
                "forward": kind.forward_passes(spec.num_samples, latent),
                "backward": kind.backward_passes(spec.num_samples),
                "unbiased": _unbiased(kind, findings.objectives),
            }
        )
    return {"estimators": found, "rows": rows}


def _served(kind: Estimator, objectives: Sequence[str]) -> list[str]:
    return [name for name in objectives if name in OBJECTIVES and kind.serves(name)]


def _formulas(kind: Estimator, objectives: Sequence[str]) -> list[tuple[str, Formula]]:
    """The forms that these objectives use, each with the name by which the text refers to it."""
    forms = [kind.formula_of(name) for name in _served(kind, objectives)] or [(kind.formula, kind.spoken)]
    return [
        (
            f"estimator-{kind.name}" + ("-bound" if latex == kind.bound_formula else ""),
            Formula(latex, spoken, True),
        )
        for latex, spoken in dict.fromkeys(forms)
    ]


def _unbiased(kind: Estimator, objectives: Sequence[str]) -> str:
    """“yes”, “no”, or for which objectives not."""
    served = _served(kind, objectives)
    biased = [name for name in served if not kind.is_unbiased(name)]
    if not biased:
        return "yes" if kind.unbiased else "no"
    return "no" if biased == served else f"not {prose.listing([about.under(name) for name in biased])}"


SECTION = Section("estimators", "The estimators", context)
