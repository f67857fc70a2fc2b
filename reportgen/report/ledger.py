"""The summary's table, one row per claim, and the sentences above it that count the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.findings import ClaimFinding, prose
from reportgen.findings.marks import plain
from reportgen.report.entry import Entry
from reportgen.report.sections.judged import effect, effect_name, headline, sources
from reportgen.report.text import tally, words
from reportgen.report.text.bibliography import REFERENCES

_LAST_NUMBER = re.compile(r" (\S{1,4})$")
"""Number at the end of “section 2.1”, which must stay on the same line."""


def sentences(entries: Sequence[Entry], left_out: Mapping[str, str], failed: Mapping[str, str]) -> list[str]:
    """Numbers of claims and experiments, verdicts, and what is not as declared, broke, or is not finished.

    `left_out`: experiment → the data set that it lacks; `failed`: experiment → why it has no report.
    """
    said = [_counted(entries)] if entries else []
    broke = [f"{words.counted(len(of.broken), 'cell')} of {of.name}" for of in entries if of.broken]
    if broke:
        said.append(f"{words.capital(prose.listing(broke))} broke.")
    waiting = [f"{words.counted(len(of.unfinished), 'cell')} of {of.name}" for of in entries if of.unfinished]
    if waiting:
        verb = "is" if sum(len(of.unfinished) for of in entries) == 1 else "are"
        said.append(f"{words.capital(prose.listing(waiting))} {verb} not finished.")
    if left_out:
        lacking = [f"{name} ({data})" for name, data in left_out.items()]
        said.append(f"Not measured because the data set is missing: {prose.listing(lacking)}.")
    said += [f"{name} has no report: {cause}" for name, cause in failed.items()]
    return said


def _counted(entries: Sequence[Entry]) -> str:
    claims = [claim for of in entries for claim in of.claims]
    experiments = words.counted(len(entries), "experiment")
    if not claims:
        return f"There are no claims in {experiments}."
    text = tally.came_out(claims, "claim", f" in {experiments}")
    contrary = [
        f"{claim.id} of {of.name} ({claim.verdict})"
        for of in entries
        for claim in of.claims
        if not claim.as_expected
    ]
    if not contrary:
        return f"{text}{tally.all_expected(claims)}."
    return f"{text}. Not as declared {'is' if len(contrary) == 1 else 'are'} {prose.listing(contrary)}."


def groups(entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
    """The rows of each experiment, under its name."""
    return [
        {
            "name": of.name,
            "title": of.title,
            "run_id": of.run_id,
            "report": of.report,
            "broken": _cells(of.broken, "broke"),
            "unfinished": _cells(of.unfinished, "not finished"),
            "claims": [_row(of, claim) for claim in of.claims],
        }
        for of in entries
    ]


def _cells(causes: Sequence[str], what: str) -> str:
    """“two cells broke”; empty if none did."""
    return f"{words.counted(len(causes), 'cell')} {what}" if causes else ""


def _row(of: Entry, claim: ClaimFinding) -> Mapping[str, Any]:
    return {
        "address": f"{of.report}#claim-{claim.id}",
        "statement": headline(claim),
        "sources": [_cited(key, place) for key, place in sources(claim.source)],
        "verdict": claim.verdict,
        "expect": claim.expect,
        "as_expected": claim.as_expected,
        "name": effect_name(claim.effect),
        "effect": plain(effect(claim.effect, claim.estimate)) or words.DASH,
        "cause": "" if claim.estimate.available else (claim.cause or "").removeprefix("broken: "),
    }


def _cited(key: str, place: str) -> Mapping[str, str]:
    """A source for a narrow column: “Burda et al. (2016)” and the place in it."""
    place = _LAST_NUMBER.sub("\u00a0\\1", place)
    source = REFERENCES.get(key)
    if source is None:
        return {"text": "", "link": "", "place": place}
    return {"text": f"{source.brief} ({source.year})", "link": source.link, "place": place}
