"""Every claim in full: its words, its test, every comparison made for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import ClaimFinding, ComparisonFinding, Estimate, Findings, prose
from reportgen.report import words
from reportgen.report.bibliography import REFERENCES
from reportgen.report.section import Section

SHARES = {"gap closed", "constant effect", "monte carlo share", "coordinate lower"}
"""Statistics that are read in per cent."""


def effect(text: str, estimate: Estimate) -> str:
    """An effect with its interval, in the unit it is read in."""
    if not estimate.available:
        return ""
    return words.share(estimate) if text in SHARES else prose.with_interval(estimate)


def effect_name(text: str) -> str:
    """What an effect is, as a table says it."""
    return {
        "gap closed": "share of the gap closed",
        "constant effect": "largest relative change",
        "coordinate lower": "coordinates",
        "relative projection": "relative projection",
        "ratio of work normalized variance": "ratio of variance × work",
        "ratio of evaluations": "ratio of passes",
        "difference of evaluations": "difference of passes",
    }.get(text, text)


def source(text: str | None) -> tuple[str, str]:
    """A declared source as a citation key and the place in it: ("burda2016", "section 2")."""
    head, _, place = (text or "").partition(",")
    return (head.strip(), place.strip()) if head.strip() in REFERENCES else ("", (text or "").strip())


def simultaneous(detail: ComparisonFinding) -> str:
    """The interval that the verdict rests on."""
    wide = Estimate(detail.estimate.value, detail.low, detail.high, detail.estimate.replicates)
    if not wide.has_interval or wide.low == wide.high:
        return words.DASH
    if detail.effect in SHARES:
        return words.share(wide).partition(" (")[2].rstrip(")") + " %"
    return prose.interval(wide)


def place(detail: ComparisonFinding, swept: bool) -> str:
    """Where a comparison was made."""
    epoch = f"epoch {prose.count(detail.checkpoint)}"
    if not swept:
        return epoch
    return f"{', '.join(f'{name.rpartition(chr(46))[2]} {value}' for name, value in detail.setting.items())}, {epoch}"


def one(claim: ClaimFinding) -> Mapping[str, Any]:
    """A claim with its rows."""
    key, where = source(claim.source)
    swept = len({repr(sorted(detail.setting.items())) for detail in claim.details}) > 1
    tested = any(detail.p_value == detail.p_value for detail in claim.details)
    return {
        "id": claim.id,
        "statement": words.sentence(claim.statement),
        "quote": claim.quote if claim.quote and claim.quote != claim.statement else "",
        "source_key": key,
        "source_place": where,
        "test": claim.test,
        "verdict": claim.verdict,
        "expect": claim.expect,
        "cause": claim.cause or "",
        "effect": effect_name(claim.effect),
        "tested": tested,
        "rows": [
            {
                "place": place(detail, swept),
                "several": detail.text if len({d.text for d in claim.details}) > 1 else "",
                "estimate": effect(detail.effect, detail.estimate) or detail.cause or words.DASH,
                "simultaneous": simultaneous(detail),
                "p": prose.p_value(detail.p_value).removeprefix("p = ").removeprefix("p ") if tested else "",
                "verdict": detail.verdict,
                "budget": detail.estimate.status == "budget",
            }
            for detail in claim.details
        ],
    }


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out where nothing is claimed."""
    if not findings.claims:
        return None
    claims = [one(claim) for claim in findings.claims]
    return {
        "claims": claims,
        "comparisons": prose.count(findings.comparisons),
        "level": prose.percent(findings.claims[0].level, 5),
        "budget": any(row["budget"] for claim in claims for row in claim["rows"]),
    }


SECTION = Section("judged", "The claims, one by one", context)
