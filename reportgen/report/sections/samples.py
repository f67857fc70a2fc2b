"""Variance against the number of samples inside one estimate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.figures.reading import kind_of
from reportgen.findings import Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def averages(findings: Findings, label: str) -> bool:
    """Whether an estimate is a mean over independent samples, so that its slope is known to be −1."""
    spec = next(spec for spec in findings.experiment.estimators if spec.label == label)
    several = OBJECTIVES[findings.objectives[0]].several
    return kind_of(findings, label).averages and not spec.antithetic and not several


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Slopes on log-log axes; left out if no curve was declared."""
    rows: list[dict[str, Any]] = []
    for label in findings.labels:
        curve = findings.curve(label)
        slope = findings.slope("total_variance", label)
        if len(curve) > 1 and slope.available:
            rows.append(
                {
                    "label": label,
                    "title": about.title_of(findings, label, samples=False),
                    "first": curve[0],
                    "last": curve[-1],
                    "slope": slope,
                    "side": words.side(slope, -1.0),
                }
            )
    if not rows:
        return None
    agreeing = [about.named(findings, row["label"]) for row in rows if row["side"] == "around"]
    missed = [row for row in rows if row["side"] in ("below", "above")]
    chance = [about.named(findings, row["label"]) for row in missed if averages(findings, row["label"])]
    steeper, flatter = (
        [
            about.named(findings, row["label"])
            for row in missed
            if row["side"] == side and not averages(findings, row["label"])
        ]
        for side in ("below", "above")
    )
    parts = []
    if agreeing:
        whose = "every estimator" if len(agreeing) == len(findings.labels) > 1 else prose.listing(agreeing)
        parts.append(f"the interval of the slope contains −1 for {whose}")
    if chance:
        verb = "averages" if len(chance) == 1 else "average"
        parts.append(
            f"by chance it excludes −1 for {prose.listing(chance)}, which also {verb} independent samples"
        )
    for names, how in ((steeper, "faster than 1/K"), (flatter, "more slowly than 1/K")):
        if names:
            one = f"the variance of {names[0]} falls {how}"
            parts.append(one if len(names) == 1 else f"the variances of {prose.listing(names)} fall {how}")
    return {
        "rows": rows,
        "text": " ".join(words.sentence(part) for part in parts),
        "coupled": any(findings.estimator_of[row["label"]] == "leave_one_out" for row in rows),
        "objective": about.under_every(findings, findings.objectives[0]),
        "where": findings.vocabulary.at_checkpoint(findings.checkpoints[-1]),
        "bound": OBJECTIVES[findings.objectives[0]].several,
    }


SECTION = Section("samples", "Variance against the number of samples", context)
