"""What explains the gap: the share that each ingredient closes, and the effect of a constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.figures.drafting.ticks import plain
from reportgen.figures.reading import kind_of
from reportgen.findings import Estimate, Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def uses_gradient(findings: Findings, label: str) -> bool:
    """Whether an estimator uses a derivative of f in z anywhere; for a user's own, as measured."""
    arm = findings.arm(label) if is_own(findings, label) else None
    return kind_of(findings, label).differentiates if arm is None else arm.about.backward > 0


def is_own(findings: Findings, label: str) -> bool:
    """Whether it is a user's own, so that how it uses the values of f is not known."""
    return any(spec.label == label and spec.own for spec in findings.experiment.estimators)


def between(findings: Findings, worst: str, best: str) -> list[str]:
    """Labels of the unbiased estimators other than the two ends."""
    return [
        label
        for label in findings.compared()
        if label not in (worst, best) and about.is_unbiased(findings, label)
    ]


def reading(share: Estimate) -> str:
    """A share of the gap in words."""
    if not share.has_interval:
        return "an unknown part of the gap"
    if share.low > 1:
        return "more than all of the gap"
    if share.high < 0:
        return "none of the gap: its variance is even higher"
    if share.low > 0.5:
        return "more than half of the gap"
    return "less than half of the gap" if share.high < 0.5 else "about half of the gap"


def closing(findings: Findings, worst: str, best: str, others: Sequence[str]) -> str:
    """What each estimator closes of the gap, as a clause; equal shares in words are stated once."""
    found: dict[str, list[tuple[str, str]]] = {}
    for label in others:
        share = findings.gap_closed(label, worst, best)
        if share.available:
            found.setdefault(reading(share), []).append((about.named(findings, label), words.share(share)))
    parts = []
    for part, own in found.items():
        what, _, higher = part.partition(":")
        if len(own) == 1:
            parts.append(f"{own[0][0]} closes {part}, {own[0][1]}")
        else:
            more = ", their variances being even higher" if higher else ""
            listed = prose.listing([f"{share} by {name}" for name, share in own])
            parts.append(f"{what} is closed{more}: {listed}")
    return "; ".join(parts)


def explanation(findings: Findings, worst: str, best: str, others: Sequence[str]) -> list[str]:
    """What the shares say about the derivative as the reason, for estimators with the same K."""
    counts = {spec.label: spec.num_samples for spec in findings.experiment.estimators}
    if counts[worst] != counts[best]:
        return []
    free = [label for label in others if not uses_gradient(findings, label) and counts[label] == counts[best]]
    whole = findings.ratio(worst, best)
    where = words.side(whole)
    if free and where in ("below", "around"):
        higher = "does not have" if where == "below" else "is not shown to have"
        return [
            words.sentence(
                f"{about.named(findings, worst)} {higher} the higher variance"
                f"{findings.vocabulary.at_last}, so there is no gap for the derivative to explain"
            )
        ]
    shares = {label: findings.gap_closed(label, worst, best) for label in free}
    usable = {label: share for label, share in shares.items() if share.has_interval}
    if not usable:
        return []
    top = max(usable, key=lambda label: usable[label].value)
    share, rest = usable[top], findings.ratio(top, best)
    text = (
        f"Of the estimators that use no derivative of the integrand, {about.named(findings, top)} closes "
        f"the most, {words.share(share)} of the gap on the log scale. "
    )
    left = words.side(rest)
    if left == "above":
        text += (
            f"It leaves a factor of {words.with_interval(rest)} to {about.named(findings, best)}; at most "
            f"this factor, not the whole gap of {words.with_interval(whole)}, requires the derivative. "
        )
    elif left == "below":
        name = about.named(findings, best)
        text += f"Its variance is then below that of {name}, so closing the gap requires no derivative. "
    else:
        text += f"Its variance cannot be distinguished from that of {about.named(findings, best)}. "
    post = about.from_post(findings)
    if share.low > 0.5:
        text += (
            "The source post’s explanation, that REINFORCE lacks the information in the derivative, is "
            "therefore only partial: most"
            if post
            else "Most"
        )
        text += " of the gap, on the log scale, closes "
        if is_own(findings, top):
            text += "without a derivative."
        elif kind_of(findings, top).weighs_score:
            text += "once a baseline is subtracted from the value that multiplies the score."
        else:
            text += "without a derivative, where differences of values take the place of a score."
    elif share.high < 0.5:
        text += "The larger part of the gap, on the log scale, remains for the derivative to explain"
        text += ", as the source post says." if post else "."
    else:
        text += "Whether this is the larger part of the gap is undecided at this precision."
    return [text, *elsewhere(findings, top, worst, best)]


def elsewhere(findings: Findings, label: str, worst: str, best: str) -> list[str]:
    """What the same estimator leaves of the gap under other objectives with different ratios."""
    first = findings.ratio(label, best)
    said, apart = [first], False
    name, sentences = about.named(findings, label), []
    for objective in findings.objectives[1:]:
        rest = findings.ratio(label, best, objective=objective)
        whole = findings.ratio(worst, best, objective=objective)
        share = findings.gap_closed(label, worst, best, objective=objective)
        if not (rest.has_interval and whole.has_interval and share.has_interval) or rest in said:
            continue
        said.append(rest)
        apart |= prose.value_of(rest) != prose.value_of(first)
        closes = f"{about.of_objective(findings, objective)} {name} closes {words.share(share)}"
        left = (
            f"leaves a factor of {words.with_interval(rest)} of a whole gap of {words.with_interval(whole)}"
        )
        sentences.append(words.sentence(f"{closes} and {left}"))
    if not sentences:
        return []
    start = "How much is left depends on the objective." if apart else "As much is left elsewhere."
    return [f"{start} {' '.join(sentences)}"]


STEPS = {
    "baseline": "subtracting a baseline needs values of f only",
    "measure_valued": "differences of f between coupled points also need values of f only, but many of them",
    "taylor_control_variate": "a first-order Taylor expansion needs one derivative, at the mean of q",
}
"""What an estimator between the ends requires; all that weigh the score differ by their baselines."""


def steps(findings: Findings, others: Sequence[str], best: str) -> str:
    """What the estimators between the two ends require, each kind once, and what the lower end does."""
    kinds = {
        "baseline" if kind_of(findings, label).weighs_score else findings.estimator_of[label]
        for label in others
        if not is_own(findings, label)
    }
    found = [text for kind, text in STEPS.items() if kind in kinds]
    pathwise = findings.estimator_of[best] == "pathwise"
    name = "the pathwise estimator" if pathwise else about.named(findings, best)
    one = "one" if "taylor_control_variate" in kinds else "a derivative"
    return "; ".join([*found, f"{name} needs {one} at every sample"]) if found else ""


def constants(findings: Findings, label: str) -> str:
    """The effect of an added constant on an estimator's variance."""
    found = [(c, v) for c, v in findings.constants(label) if v.available]
    effect = findings.get("constant_effect", label)
    if len(found) < 2 or not effect.available:
        return ""
    name = about.named(findings, label)
    if effect.high < 1e-6 or effect.value == 0:
        return words.sentence(f"the total variance of {name} is the same, to rounding, for every constant")
    values = words.with_intervals([v for _, v in found])
    listed = prose.listing([f"{value} at {plain(c)}" for value, (c, _) in zip(values, found, strict=True)])
    listed += " nats" if OBJECTIVES[findings.objectives[0]].unit else ""
    if effect.has_interval and effect.low == 0:
        return words.sentence(f"for {name} no change is detected: its total variance is {listed}")
    return words.sentence(f"the total variance of {name} changes with it: {listed}")


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Shares of the gap at the checkpoints shown, and the effect of constants.

    Left out if there is neither, and unless the lower end uses a derivative and the other does not.
    """
    pair = about.pair(findings)
    if pair is None or not findings.checkpoints:
        return None
    if uses_gradient(findings, pair[0]) or not uses_gradient(findings, pair[1]):
        return None
    worst, best = pair
    others = between(findings, worst, best)
    epochs, left_out = about.across(findings)
    rows: list[dict[str, Any]] = [
        {
            "title": about.title_of(findings, label),
            "gradient": "yes" if uses_gradient(findings, label) else "no",
            "cells": [findings.gap_closed(label, worst, best, checkpoint=epoch) for epoch in epochs],
        }
        for label in others
    ]
    rows = [row for row in rows if any(cell.available for cell in row["cells"])]
    moved = [text for label in findings.compared() if (text := constants(findings, label))]
    if not rows and not moved:
        return None
    closes = closing(findings, worst, best, others)
    objective = about.under(findings, findings.objectives[0])
    where = findings.vocabulary.at_checkpoint(findings.checkpoints[-1])
    return {
        "steps": steps(findings, others, best),
        "worst": about.named(findings, worst),
        "best": about.named(findings, best),
        "rows": rows,
        "epochs": epochs if findings.vocabulary.trained else (),
        "left_out": left_out,
        "round": findings.vocabulary.round,
        "where": where,
        "likelihood": bool(OBJECTIVES[findings.objectives[0]].unit),
        "shares": words.sentence(f"{objective}{where}, {closes}") if closes else "",
        "explanation": explanation(findings, worst, best, others),
        "constants": moved,
        "objective": objective,
    }


SECTION = Section("why", "What explains the gap", context)
