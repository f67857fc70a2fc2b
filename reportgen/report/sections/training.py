"""Variance over training: every estimator against the reference, at every checkpoint, under every objective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section


def story(findings: Findings, objective: str, worst: str, reference: str) -> str:
    """What became of the ratio of two variances over training, under one objective."""
    epochs = findings.checkpoints
    ratios = {epoch: findings.ratio(worst, reference, objective=objective, checkpoint=epoch) for epoch in epochs}
    told = {epoch: words.side(ratio) for epoch, ratio in ratios.items() if ratio.has_interval}
    if not told:
        return words.sentence(words.compared(
            about.named(findings, worst), about.named(findings, reference), ratios[epochs[-1]]
        ))  # fmt: skip
    first, last = min(told), max(told)
    text = f"{about.under(objective)}, after {words.counted(last, 'epoch')} "
    text += words.compared(about.named(findings, worst), about.named(findings, reference), ratios[last]) + "."
    higher = [epoch for epoch, where in told.items() if where == "above"]
    lower = [epoch for epoch, where in told.items() if where == "below"]
    equal = [epoch for epoch, where in told.items() if where == "around"]
    parts = [f"higher {words.runs(higher, epochs)}"] if higher else []
    parts += [f"lower {words.runs(lower, epochs)}"] if lower else []
    parts += [f"not told apart {words.runs(equal, epochs)}"] if equal else []
    text += f" It is {prose.listing(parts)}"
    if first != last:
        values = [ratios[epoch].value for epoch in told]
        text += f"; the ratio was {prose.with_interval(ratios[first])} at epoch {prose.count(first)}"
        text += f", and lay between {prose.number(min(values))} and {prose.number(max(values))} over training"
    return words.capital(text) + "."


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Sentences, and the table of ratios."""
    if not findings.checkpoints:
        return None
    pair = about.contrast(findings)
    paragraphs = [story(findings, objective, *pair) for objective in findings.objectives] if pair else []
    by_image = ""
    if pair:
        lower, total = findings.images_lower(pair[1], pair[0])
        if total:
            by_image = (
                f"The same can be asked image by image: at the last checkpoint {about.named(findings, pair[1])} has the "
                f"lower variance in {prose.count(lower)} of {prose.count(total)} images."
            )
    groups = []
    for objective in findings.objectives:
        reference = findings.reference(objective)
        rows = [
            {
                "title": about.title_of(findings, label),
                "cells": [
                    findings.ratio(label, reference, objective=objective, checkpoint=epoch)
                    for epoch in findings.checkpoints
                ],
            }
            for label in findings.labels
            if label != reference
        ]
        variances = [
            findings.get("total_variance", reference, objective=objective, checkpoint=epoch)
            for epoch in findings.checkpoints
        ]
        groups.append(
            {
                "title": about.objective_title(objective),
                "reference": about.title_of(findings, reference),
                "variances": variances,
                "rows": rows,
            }
        )
    return {
        "paragraphs": paragraphs,
        "by_image": by_image,
        "epochs": findings.checkpoints,
        "groups": groups,
        "columns": len(findings.checkpoints) + 1,
    }


SECTION = Section("training", "Variance over training", context, ("variance_over_training_by_objective", "learning_curve"))
