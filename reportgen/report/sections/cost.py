"""Variance for the same work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.figures.drafting.ticks import plain
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.marks import told
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def passes(estimate: Estimate, *, in_words: bool = False) -> str:
    """A count of evaluations; if some are shared it can be a fraction, given to four digits."""
    value = estimate.value
    if not estimate.available:
        return told(words.DASH, estimate)
    whole = prose.in_words if in_words else prose.count
    return told(whole(int(value)) if value.is_integer() else plain(float(f"{value:.4g}")), estimate)


def duration(estimate: Estimate) -> str:
    """A time with its unit; a dash if it is not available."""
    if not estimate.available:
        return words.DASH
    return told(prose.seconds(estimate.value), estimate)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Evaluations, time, and variance times each, at the last checkpoint under the first objective."""
    v = findings.vocabulary
    work = "time_normalized_variance" if v.given else "work_normalized_variance"
    rows: list[dict[str, Any]] = [
        {
            "label": label,
            "title": about.title_of(findings, label),
            "evaluations": passes(findings.get("evaluations", label)),
            "seconds": duration(findings.get("seconds_per_replicate", label)),
            "work": findings.get(work, label),
        }
        for label in findings.compared()
    ]
    usable = [row for row in rows if row["work"].available and about.is_unbiased(findings, row["label"])]
    if not usable:
        return None
    best = min(usable, key=lambda row: row["work"].value)
    apart = all(row is best or row["work"].low > best["work"].high for row in usable)
    text = (
        f"Of the unbiased estimators, {about.named(findings, best['label'])} has the smallest product, "
        f"{words.with_interval(best['work'])}"
    )
    none = [about.named(findings, row["label"]) for row in usable if row["work"].value == 0.0]
    if len(none) > 1:
        text, apart = (
            f"Of the unbiased estimators, {prose.listing(none)} have no variance, and so a product of zero",
            True,
        )
    text += "." if apart else ", though its interval overlaps that of another."
    ratio = ""
    pair = about.pair(findings)
    if pair and not v.given:
        mine, theirs = (findings.get("evaluations", label) for label in pair)
        if mine.available and theirs.available:
            noun = v.evaluation_alone if mine.value == 1 else v.evaluations_alone
            first, second = (about.named(findings, label) for label in pair)
            ratio = words.sentence(
                f"one estimate takes {passes(mine, in_words=True)} {noun} with {first} and "
                f"{'as many' if mine.value == theirs.value else passes(theirs, in_words=True)} with {second}"
            )
    return {
        "given": v.given,
        "rows": rows,
        "powers": words.has_powers(row["work"] for row in rows),
        "text": text if len(usable) > 1 and not v.given else "",
        "ratio": ratio,
        "objective": about.under(findings, findings.objectives[0]),
        "evaluations": v.evaluations_alone,
        "short": v.evaluations_alone.split()[-1],
        "work": f"{v.work}, the same on every machine",
        "at_last": v.at_last,
        "taylor": about.label_of(findings, "taylor_control_variate") is not None,
        "fitted": about.fitted(findings.estimator_of.values()),
        "each": v.each,
    }


SECTION = Section("cost", "Cost", context)
