"""What an experiment is about: its names as the text says them, and the places it measured."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from reportgen.estimators import ESTIMATORS
from reportgen.figures import reading
from reportgen.findings import Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report.words import counted


def title_of(findings: Findings, label: str, *, samples: bool = True) -> str:
    """An estimator's short title, as figures say it: “Pathwise”, “Leave-one-out, K = 2”."""
    return reading.title_of(findings, label, samples=samples)


def named(findings: Findings, label: str) -> str:
    """An estimator inside a sentence: “the score function”, “pathwise”, “the optimal constant baseline”."""
    name = findings.estimator_of[label]
    own = label != name or name not in ESTIMATORS
    return f"“{label}”" if own else ESTIMATORS[name].short


def objective_title(name: str) -> str:
    """An objective's title: “ELBO, analytic KL”."""
    return OBJECTIVES[name].title if name in OBJECTIVES else name


def under(name: str) -> str:
    """An objective inside a sentence: “for the reconstruction term”."""
    return {
        "reconstruction": "for the reconstruction term",
        "elbo": "for the ELBO",
        "elbo_analytic_kl": "for the ELBO with analytic KL",
        "iwae": "for the IWAE bound",
    }.get(name, f"for {objective_title(name)}")


def label_of(findings: Findings, estimator: str) -> str | None:
    """The first label of an estimator of the table, None where it was not declared."""
    return next((label for label in findings.labels if findings.estimator_of[label] == estimator), None)


def is_unbiased(findings: Findings, label: str) -> bool:
    """Whether the estimator claims to be; a user's own is taken at its word."""
    name = findings.estimator_of[label]
    return ESTIMATORS[name].unbiased if name in ESTIMATORS else True


def from_post(findings: Findings) -> bool:
    """Whether the experiment starts from the source post: a claim cites it."""
    return any("borea" in (claim.source or "") for claim in findings.claims)


def contrast(findings: Findings) -> tuple[str, str] | None:
    """The two estimators that the report is about: REINFORCE, else the first, against the reference."""
    reference = findings.reference()
    worst = label_of(findings, "score_function") or next(
        (label for label in findings.labels if label != reference and is_unbiased(findings, label)), None
    )
    return None if worst is None or worst == reference else (worst, reference)


def images(findings: Findings) -> int:
    """Images measured in the base setting."""
    record = findings.record()
    return len(record.images) if record else int(findings.experiment.measure.images)


def model(findings: Findings) -> str:
    """The model and its data in one or two sentences."""
    problem = findings.experiment.problem
    layers = "–".join(str(width) for width in (*problem.hidden, problem.latent))
    record = findings.record()
    trained = findings.experiment.train
    units = "latent unit" if problem.latent == 1 else "latent units"
    text = (
        f"A variational autoencoder with a Gaussian encoder {layers} ({problem.activation} layers, "
        f"{prose.count(problem.latent)} {units}), a mirrored decoder and Bernoulli pixels, on the data set "
        f"{problem.data}"
    )
    if record is not None:
        text += f"; φ has {prose.count(record.parameters)} coordinates"
    if trained.epochs:
        text += (
            f". It was trained for {counted(trained.epochs, 'epoch')} on "
            f"{objective_title(trained.objective)} with pathwise gradients"
        )
    else:
        text += ". It was not trained"
    text += (
        f". The same parameters, kept at {counted(len(findings.checkpoints), 'checkpoint')}, "
        "serve every "
        f"estimator: differences between estimators are not differences between training runs."
    )
    return text


def run_id(findings: Findings) -> str:
    """Twelve hex digits that name this run: a digest of all its cells' keys."""
    keys = sorted(
        [cell.key for cell in findings.plan.trainings] + [cell.key for cell in findings.plan.measurements]
    )
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12]


def setting_text(setting: Any) -> str:
    """“problem.latent = 20”."""
    return ", ".join(f"{name} = {value}" for name, value in setting.items())


def variance_objectives(findings: Findings) -> list[tuple[str, ...]]:
    """Objectives, those together whose variances are the same number for number.

    A closed-form term adds to the gradient and not to its variance, so the
    text says once what holds for both.
    """
    groups: dict[tuple[float, ...], list[str]] = {}
    for objective in findings.objectives:
        values = tuple(
            findings.get("total_variance", label, objective=objective, checkpoint=epoch).value
            for label in findings.labels
            for epoch in findings.checkpoints
        )
        known = next((key for key in groups if _same(key, values)), values)
        groups.setdefault(known, []).append(objective)
    return [tuple(group) for group in groups.values()]


def _same(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(first, second, strict=True)
    )


def under_all(names: Sequence[str]) -> str:
    """Several objectives inside a sentence: “for the reconstruction term and for the ELBO”."""
    return prose.listing([under(name) for name in names])
