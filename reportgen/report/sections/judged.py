"""Every claim in full: its words, its test, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from reportgen.figures.model_grid import model_name
from reportgen.findings import ClaimFinding, ComparisonFinding, Estimate, Findings, prose
from reportgen.findings.marks import told
from reportgen.report.sections.cost import passes
from reportgen.report.text import about, words
from reportgen.report.text.bibliography import REFERENCES
from reportgen.report.text.section import Section

SHARES = {"gap closed", "constant effect", "monte carlo share", "coordinate lower"}
"""Effects given in per cent."""

COUNTS = {"active units", "change of active units"}
"""Effects that are counts."""


def effect(text: str, estimate: Estimate) -> str:
    """An effect with its interval, in its unit."""
    if not estimate.available:
        return ""
    if text in COUNTS:
        return told(prose.whole(estimate), estimate)
    if text == "evaluations":
        return passes(estimate)
    return words.share(estimate) if text in SHARES else words.with_interval(estimate)


def effect_name(text: str) -> str:
    """Name of an effect in a table."""
    return {
        "gap closed": "share of the gap closed",
        "constant effect": "largest relative change",
        "coordinate lower": "coordinates",
        "ratio of work normalized variance": "ratio of variance × work",
        "ratio of evaluations": "ratio of passes",
        "difference of evaluations": "difference of passes",
        "negative log likelihood": "negative log-likelihood",
        "change of negative log likelihood": "change of the negative log-likelihood",
    }.get(text, text)


def sources(text: str | None) -> list[tuple[str, str]]:
    """Declared sources as keys and places: "burda2016, section 2" → ("burda2016", "section 2")."""
    found = []
    for part in (text or "").split(";"):
        head, _, place = part.strip().partition(",")
        known = head.strip() in REFERENCES
        found.append((head.strip(), place.strip()) if known else ("", part.strip()))
    return [pair for pair in found if any(pair)]


def is_verbatim(claim: ClaimFinding) -> bool:
    """Whether the claim's statement is the quote itself."""
    return claim.quote == claim.statement


def headline(claim: ClaimFinding) -> str:
    """A claim as an entry of a table: its author's words in quotation marks."""
    return f"“{claim.quote}”" if is_verbatim(claim) else words.headline(claim.statement)


def simultaneous(detail: ComparisonFinding) -> str:
    """The interval on which the verdict rests."""
    wide = Estimate(detail.estimate.value, detail.low, detail.high, detail.estimate.replicates)
    if not wide.has_interval or prose.is_point(wide):
        return words.DASH
    kinds = ((COUNTS, prose.whole_interval), (SHARES, prose.share_interval))
    text = next((of for names, of in kinds if detail.effect in names), prose.interval)(wide)
    return told(text, detail.estimate)


def place(detail: ComparisonFinding, swept: bool, findings: Findings, fixed: Set[str] = frozenset()) -> str:
    """Where a comparison was made; empty if there is only one place.

    `swept` says whether the places of its claim differ in a setting, `fixed` in which settings they do not.
    """
    v = findings.vocabulary
    epoch = v.checkpoint(detail.checkpoint) if v.trained else ""
    return ", ".join(part for part in (setting_of(detail, findings, fixed) if swept else "", epoch) if part)


def setting_of(detail: ComparisonFinding, findings: Findings, fixed: Set[str]) -> str:
    """The setting of a comparison, without what is `fixed`."""
    return model_name(findings, detail.setting, fixed) or ", ".join(
        about.placed(name, value) for name, value in detail.setting.items() if name not in fixed
    )


def result(claim: ClaimFinding, swept: bool, findings: Findings, fixed: Set[str] = frozenset()) -> str:
    """The comparison that decides, with the interval on which it was judged."""
    decisive = claim.headline
    if decisive is None:
        return ""
    where = place(decisive, swept, findings, fixed)
    where += ": " * bool(where)
    if not decisive.estimate.available:
        return words.sentence(f"{where}{decisive.cause or decisive.estimate.status}")
    text = f"{where}{effect_name(decisive.effect)} {effect(decisive.effect, decisive.estimate)}"
    wide = simultaneous(decisive)
    if wide != words.DASH:
        text += f", simultaneous interval {wide}"
    if decisive.p_value == decisive.p_value:
        text += f", {told(words.unbroken(prose.p_value(decisive.p_value)), decisive.estimate)}"
    if decisive.estimate.status == "budget" and wide != words.DASH:
        text += "; the declared precision was not reached"
    if decisive.cause:
        text += f"; {decisive.cause}"
    return words.sentence(text)


def values_of(claim: ClaimFinding, key: str) -> set[str]:
    """The values that a swept setting has in the places of a claim."""
    return {repr(detail.setting.get(key)) for detail in claim.details}


def where(
    detail: ComparisonFinding,
    swept: bool,
    several: bool,
    findings: Findings,
    fixed: Set[str] = frozenset(),
) -> str:
    """A comparison's place among those of its claim, with its text if there are `several` comparisons."""
    found = place(detail, swept, findings, fixed)
    return ", ".join(part for part in (detail.text, found) if part) if several else found


def one(claim: ClaimFinding, findings: Findings) -> Mapping[str, Any]:
    """A claim with what decides it, and a mark for each place."""
    swept = len({repr(sorted(detail.setting.items())) for detail in claim.details}) > 1
    fixed = {key for key in claim.details[0].setting if len(values_of(claim, key)) == 1} if swept else set()
    verbatim = is_verbatim(claim)
    return {
        "id": claim.id,
        "statement": f"“{claim.quote}”" if verbatim else words.sentence(claim.statement),
        "verbatim": verbatim,
        "quote": claim.quote if claim.quote and not verbatim else "",
        "sources": sources(claim.source),
        "test": claim.test,
        "verdict": claim.verdict,
        "expect": claim.expect,
        "cause": claim.cause or "",
        "result": result(claim, swept, findings, fixed),
        "marks": marks(claim, findings, swept, fixed) if len(claim.details) > 1 else [],
    }


def marks(claim: ClaimFinding, findings: Findings, swept: bool, fixed: Set[str]) -> list[dict[str, Any]]:
    """The verdicts by place, in one of three forms.

    For one comparison without training, the values of a setting after its name; for several comparisons in
    one setting, the checkpoints of each after its text; else one group per setting, with its checkpoints.
    """
    v, several = findings.vocabulary, len({detail.text for detail in claim.details}) > 1
    found: list[dict[str, Any]] = []
    if swept and not v.trained and not several:
        return along_settings(claim.details, fixed)
    if several and not swept and v.trained:
        return along_checkpoints(claim.details, v.rounds)
    for group in by_setting(claim.details):
        together = v.trained and not several and len(group) > 1
        setting = setting_of(group[0], findings, fixed) if swept else ""
        lead = ", ".join(part for part in (setting, v.rounds) if part) if together else ""
        places = [
            {
                "place": prose.count(detail.checkpoint)
                if together
                else where(detail, swept, several, findings, fixed),
                "verdict": detail.verdict,
                "shape": words.SHAPES[detail.verdict],
            }
            for detail in group
        ]
        if not found:
            lead = words.capital(lead)
            if not lead and not several:
                places[0]["place"] = words.capital(places[0]["place"])
        found.append({"lead": lead, "places": places})
    return found


def along_checkpoints(details: Sequence[ComparisonFinding], rounds: str) -> list[dict[str, Any]]:
    """For several comparisons in one setting: the checkpoints of each after its text."""
    found: dict[str, list[dict[str, Any]]] = {}
    for detail in details:
        mark = {
            "place": prose.count(detail.checkpoint),
            "verdict": detail.verdict,
            "shape": words.SHAPES[detail.verdict],
        }
        found.setdefault(detail.text, []).append(mark)
    return [
        {"lead": f"{text}, {rounds if len(places) > 1 else rounds.removesuffix('s')}", "places": places}
        for text, places in found.items()
    ]


def along_settings(details: Sequence[ComparisonFinding], fixed: Set[str]) -> list[dict[str, Any]]:
    """Without training: the values of a setting after its name, as in “k −3 −2 −1”."""
    found: dict[str, list[dict[str, Any]]] = {}
    for detail in (one for group in by_setting(details) for one in group):
        *before, (last, value) = [
            (about.setting_name(name), about.written(value, name))
            for name, value in detail.setting.items()
            if name not in fixed
        ]
        lead = ", ".join([*(f"{name} {text}" for name, text in before), last])
        mark = {"place": value, "verdict": detail.verdict, "shape": words.SHAPES[detail.verdict]}
        found.setdefault(lead, []).append(mark)
    first, *_ = found
    return [
        {"lead": words.capital(lead) if lead == first else lead, "places": places}
        for lead, places in found.items()
    ]


def by_setting(details: Sequence[ComparisonFinding]) -> list[list[ComparisonFinding]]:
    """Comparisons grouped by setting, in order of numeric settings."""
    groups: dict[str, list[ComparisonFinding]] = {}
    for detail in details:
        groups.setdefault(repr(sorted(detail.setting.items())), []).append(detail)

    def numbers(group: list[ComparisonFinding]) -> list[float]:
        return [value for value in group[0].setting.values() if isinstance(value, int | float)]

    return sorted(groups.values(), key=numbers)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out if nothing is claimed."""
    if not findings.claims:
        return None
    return {
        "claims": [one(claim, findings) for claim in findings.claims],
        "comparisons": findings.comparisons,
        "looks": prose.in_words(findings.comparisons),
        "level": prose.percent(findings.claims[0].level, 3),
    }


SECTION = Section("judged", "The claims, one by one", context)
