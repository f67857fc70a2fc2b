"""Variance over training: every estimator compared with the reference at each checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from reportgen.findings import Findings, marks, prose
from reportgen.findings.over_trainings import ratio_over_trainings
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def story(findings: Findings, objectives: Sequence[str], worst: str, reference: str) -> str:
    """How the ratio of two variances develops over training, under objectives that share it."""
    if not findings.vocabulary.trained:
        return story_untrained(findings, objectives, worst, reference)
    epochs, v = findings.checkpoints, findings.vocabulary
    ratios = {
        epoch: findings.ratio(worst, reference, objective=objectives[0], checkpoint=epoch) for epoch in epochs
    }
    told = {epoch: words.side(ratio) for epoch, ratio in ratios.items() if ratio.has_interval}
    names = about.named(findings, worst), about.named(findings, reference)
    if not told:
        return words.sentence(
            f"{about.under_all(findings, objectives)}, {words.compared(*names, ratios[epochs[-1]])}"
        )
    last = max(told)
    noun = v.round, v.rounds
    when = f" after {words.counted(last, *noun)}" if last else " before training"
    text = f"{about.under_all(findings, objectives)}, {words.compared(*names, ratios[last], when)}. "
    higher = [epoch for epoch, where in told.items() if where == "above"]
    lower = [epoch for epoch, where in told.items() if where == "below"]
    equal = [epoch for epoch, where in told.items() if where == "around"]
    parts = [f"higher {words.runs(higher, epochs, noun)}"] if higher else []
    parts += [f"lower {words.runs(lower, epochs, noun)}"] if lower else []
    parts += [f"indistinguishable {words.runs(equal, epochs, noun)}"] if equal else []
    if len(told) > 1:
        values = [ratios[epoch] for epoch in told]
        text += f"It is {prose.listing(parts)}; the ratio lies {words.between(values)} over training"
    return words.sentence(text)


def stories(findings: Findings) -> list[str]:
    """The stories of the two main estimators, for all objectives that both serve, and over trainings."""
    pair = about.pair(findings)
    if pair is None:
        return []
    groups = [
        objectives
        for objectives in about.variance_objectives(findings)
        if set(pair) <= set(findings.compared(objectives[0]))
    ]
    told = [
        *(story(findings, objectives, *pair) for objectives in groups),
        trained_anew(findings, groups, *pair),
    ]
    return [text for text in told if text]


def trained_anew(findings: Findings, groups: Sequence[Sequence[str]], worst: str, reference: str) -> str:
    """The ratio of two variances over trainings of the model, under objectives that share it.

    Empty if the model has only one training.
    """
    found = [(group, ratio_over_trainings(findings, worst, reference, group[0])) for group in groups]
    known = [(group, over) for group, over in found if over is not None]
    if not known:
        return ""
    v, (_, first) = findings.vocabulary, known[0]
    when = (
        f"after {words.counted(first.checkpoint, v.round, v.rounds)}"
        if first.checkpoint
        else "before training"
    )
    parts = [
        f"{words.with_interval(over.mean)} times that of {about.named(findings, reference)} "
        f"{about.under_all(findings, group, seeded=False)}, single trainings {words.between(over.each)}"
        for group, over in known
    ]
    return words.sentence(
        f"over {prose.in_words(len(first.each))} trainings with different seeds, the variance of "
        f"{about.named(findings, worst)} {when} is {'; and '.join(parts)} (geometric means, intervals over "
        "trainings)"
    )


def story_untrained(findings: Findings, objectives: Sequence[str], worst: str, reference: str) -> str:
    """The ratio of two variances without training, and in how many settings it is above or below 1."""
    names = about.named(findings, worst), about.named(findings, reference)
    base = findings.ratio(worst, reference, objective=objectives[0])
    where = f"{about.under_all(findings, objectives)}{findings.vocabulary.at_last}"
    text = f"{where}, {words.compared(*names, base)}"
    settings = [record.setting for record in findings.measurements]
    ratios = [findings.ratio(worst, reference, objective=objectives[0], setting=s) for s in settings]
    known = [ratio for ratio in ratios if ratio.has_interval]
    if len(known) < 2:
        return words.sentence(text)
    sides = [words.side(ratio) for ratio in known]
    counts = {"higher": sides.count("above"), "lower": sides.count("below")}
    counts["indistinguishable"] = len(known) - sum(counts.values())
    found = {told: count for told, count in counts.items() if count}
    if len(found) == 1:
        every = "both" if len(known) == 2 else f"all {prose.in_words(len(known))}"
        text += f". It is {next(iter(found))} in {every} settings"
    else:
        parts = [f"{told} in {prose.in_words(count)}" for told, count in found.items()]
        text += f". Of {words.counted(len(known), 'setting')}, it is {prose.listing(parts)}"
    return words.sentence(f"{text}; the ratio lies {words.between(known)}")


def between_objectives(findings: Findings) -> str:
    """Each estimator's variance under the first objective relative to the others, if nothing is trained."""
    if findings.vocabulary.trained or len(findings.objectives) < 2:
        return ""
    first, *others = findings.objectives
    told = []
    for label, other in product(findings.compared(first), others):
        if label not in findings.compared(other):
            continue
        own = findings.objective_ratio(label, first, other)
        settings = [record.setting for record in findings.measurements]
        ratios = [findings.objective_ratio(label, first, other, setting=s) for s in settings]
        sides = [words.side(ratio) for ratio in ratios if ratio.has_interval]
        if not own.available or all(ratio.value == 1.0 for ratio in ratios if ratio.available):
            continue
        text = f"{words.with_interval(own)} with {about.named(findings, label)}"
        if len(others) > 1:
            text += f" against that {about.under(findings, other)}"
        if len(sides) > 1:
            counts = [
                f"{'all' if sides.count(side) == len(sides) else sides.count(side)} {side}"
                for side in ("above", "below")
                if side in sides
            ]
            text += f" (of {len(sides)} settings {prose.listing(counts)} 1)" if counts else ""
        told.append(text)
    if not told:
        return ""
    rest = prose.listing([about.under(findings, other) for other in others], "or")
    return words.sentence(
        f"the variance {about.under(findings, first)} over that {rest}{findings.vocabulary.at_last} is "
        f"{prose.listing(told)}"
    )


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Sentences, and the table of ratios at the checkpoints shown; left out if nothing is trained."""
    if not findings.checkpoints or not findings.vocabulary.trained:
        return None
    pair = about.pair(findings)
    together = about.variance_objectives(findings)
    paragraphs = stories(findings)
    by_image = ""
    if pair:
        lower, total = findings.images_lower(pair[1], pair[0])
        unit = findings.vocabulary.unit
        if total > 1:
            ratio = findings.ratio(pair[1], pair[0])
            found = f"all {prose.in_words(total)}" if lower == total else prose.of(lower, total)
            by_image = (
                f"Compared {unit} by {unit} at the last checkpoint, {about.named(findings, pair[1])} has the "
                f"lower variance for {marks.told(found, ratio)} {findings.vocabulary.units}."
            )
    groups = []
    epochs, left_out = about.across(findings)
    for objective, *same in together:
        reference = findings.reference(objective)
        rows: list[dict[str, Any]] = [
            {
                "title": about.title_of(findings, label),
                "cells": [
                    findings.ratio(label, reference, objective=objective, checkpoint=epoch)
                    for epoch in epochs
                ],
            }
            for label in findings.compared(objective)
            if label != reference
        ]
        variances = [
            findings.get("total_variance", reference, objective=objective, checkpoint=epoch)
            for epoch in epochs
        ]
        groups.append(
            {
                "title": "; ".join(about.objective_title(findings, name) for name in (objective, *same)),
                "reference": about.title_of(findings, reference),
                "variances": variances,
                "rows": rows,
            }
        )
    return {
        "paragraphs": paragraphs,
        "by_image": by_image,
        "alone": findings.vocabulary.alone,
        "unit": findings.vocabulary.unit,
        "units": findings.vocabulary.units,
        "epochs": epochs,
        "left_out": left_out,
        "round": findings.vocabulary.round,
        "groups": groups,
        "model": about.of_model(findings),
        "long": words.is_long(groups),
        "columns": len(epochs) + 1,
    }


SECTION = Section("training", "Variance over training", context)
