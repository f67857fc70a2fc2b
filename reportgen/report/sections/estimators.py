"""The estimators: formulas, requirements, sources, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.declaration import EstimatorSpec
from reportgen.declaration.code_reference import called
from reportgen.declaration.own_estimator import function_of
from reportgen.estimators import Estimator
from reportgen.findings import Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report.text import about
from reportgen.report.text.formulas import Formula
from reportgen.report.text.section import Section


def warning(kind: Estimator, findings: Findings) -> str:
    """A warning about an estimator whose mean is not the gradient."""
    if kind.control:
        return "Not an estimator of the gradient; included as a negative control."
    biased = [name for name in _served(kind, findings.objectives) if not kind.is_unbiased(name, None)]
    if not biased:
        return ""
    which = prose.listing([f"the {OBJECTIVES[name].title} of more than one sample" for name in biased])
    text = f"Biased for {which}" if kind.unbiased else "Biased"
    return f"{text}: its mean is not the gradient, so its variance alone does not show how good it is. "


def context(findings: Findings) -> Mapping[str, Any]:
    """One entry per estimator, one row per label."""
    kinds = {spec.name: spec.kind for spec in findings.experiment.estimators}
    made = {spec.name: _made(spec) for spec in findings.experiment.estimators}
    formulas = {name: _formulas(kind, findings.objectives) for name, kind in kinds.items()}
    found = []
    v = findings.vocabulary
    for name, kind in kinds.items():
        if v.given and not (kind.spoken or warning(kind, findings)):
            continue
        called = [label for label in findings.labels if findings.estimator_of[label] == name]
        own = [f"“{_called(findings, label)}”" for label in called]
        plain = all(label in (name, function_of(name), kind.title) for label in called)
        found.append(
            {
                "title": kind.title,
                "labels": "" if plain else f"Labelled {prose.listing(own)}.",
                "requires": f"Requires: {kind.requires[:1].lower()}{kind.requires[1:]}"
                if kind.requires and not kind.control
                else "",
                "words": "" if kind.formula else _words(made[name], kind.spoken),
                "warning": warning(kind, findings),
                "cites": [key.strip() for key in kind.source.split(",") if key.strip()],
                "formulas": formulas[name],
            }
        )
    rows: list[dict[str, Any]] = []
    record = findings.record()
    latent = record.latent if record is not None else 0
    for spec in findings.experiment.estimators:
        kind, arm = spec.kind, findings.arm(spec.label)
        measured = (
            arm.about if spec.own is not None and arm is not None else None
        )  # only its file knows its cost
        rows.append(
            {
                "anchors": [anchor for anchor, _ in formulas[spec.name]],
                "title": about.title_of(findings, spec.label, samples=False),
                "label": spec.label,
                "num_samples": spec.num_samples,
                "forward": round(measured.forward)
                if measured
                else kind.forward_passes(spec.num_samples, latent),
                "backward": round(measured.backward) if measured else kind.backward_passes(spec.num_samples),
                "parameters": "θ" if kind.parameters == "theta" else "φ",
                "unbiased": _unbiased(kind, findings.objectives, spec.num_samples),
            }
        )
    return {
        "given": v.given,
        "estimators": found,
        "rows": rows,
        "theta": any(row["parameters"] == "θ" for row in rows),
        "work": v.work.partition(" and ")[0],
        "evaluations": v.evaluations_alone,
        "derivative": v.derivative,
        "antithetic": any(spec.antithetic for spec in findings.experiment.estimators),
        "paired": about.fitted(spec.name for spec in findings.experiment.estimators if spec.antithetic),
    }


def _called(findings: Findings, label: str) -> str:
    """A label as declared, or as figures name it if that differs by more than a capital."""
    title = about.title_of(findings, label, samples=False)
    return label if title[:1].lower() == label[:1].lower() and title[1:] == label[1:] else title


def _served(kind: Estimator, objectives: Sequence[str]) -> list[str]:
    return [name for name in objectives if name in OBJECTIVES and kind.serves(name)]


def _formulas(kind: Estimator, objectives: Sequence[str]) -> list[tuple[str, Formula]]:
    """The formulas that these objectives use, each with the anchor by which the text refers to it.

    There are none for a user's own estimator.
    """
    if not kind.formula:
        return []
    forms = [kind.formula_of(name) for name in _served(kind, objectives)] or [(kind.formula, kind.spoken)]
    return [
        (
            f"estimator-{kind.name}" + ("-bound" if latex == kind.bound_formula else ""),
            Formula(latex, spoken, True),
        )
        for latex, spoken in dict.fromkeys(forms)
    ]


def _made(spec: EstimatorSpec) -> str:
    """The reference to a user's code with its arguments; empty for other estimators."""
    return "" if spec.own is None or spec.own.given else called(spec.own.python, spec.own.arguments or {})


def _words(reference: str, spoken: str) -> str:
    """Describes a user's own estimator, which has no drawn formula; without a reference, only as spoken."""
    if not reference:
        return f"{prose.capital(spoken.rstrip('.'))}." if spoken else ""
    said = f": {spoken.rstrip('.')}" if spoken else ""
    return f"An estimator of the author’s own ({reference}){said}."


def _unbiased(kind: Estimator, objectives: Sequence[str], num_samples: int) -> str:
    """“yes”, “no”, or for which objectives not, for estimates from `num_samples` samples."""
    served = _served(kind, objectives)
    biased = [name for name in served if not kind.is_unbiased(name, num_samples)]
    if not biased:
        return "yes" if kind.unbiased else "no"
    titles = [f"for the {OBJECTIVES[name].title}" for name in biased]
    return "no" if biased == served else f"not {prose.listing(titles)}"


SECTION = Section("estimators", "The estimators", context)
