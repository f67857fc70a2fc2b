"""Claims → how many have which verdict, as a clause."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.findings import ClaimFinding, prose
from reportgen.report.text.words import SHAPES


def came_out(claims: Sequence[ClaimFinding], noun: str, where: str = "") -> str:
    """“Of 13 declared claims, eight are confirmed and …”; if all agree, “All four declared claims are …”.

    `noun` names one of them, `where` follows it.
    """
    count = len(claims)
    if len({claim.verdict for claim in claims}) > 1:
        return f"Of {prose.in_words(count)} {noun}s{where}, {verdicts(claims)}"
    if count == 1:
        return f"The one {noun}{where} is {claims[0].verdict}"
    every = "Both" if count == 2 else f"All {prose.in_words(count)}"
    return f"{every} {noun}s{where} are {claims[0].verdict}"


def verdicts(claims: Sequence[ClaimFinding]) -> str:
    """“eleven are confirmed and two are refuted”."""
    counts = {word: sum(claim.verdict == word for claim in claims) for word in SHAPES}
    parts = [f"{prose.in_words(n)} {'is' if n == 1 else 'are'} {word}" for word, n in counts.items() if n]
    return prose.listing(parts)


def against(claims: Sequence[ClaimFinding]) -> str:
    """A clause, to follow `came_out`, on those of `claims` whose verdicts are not as declared."""
    contrary = [claim for claim in claims if not claim.as_expected]
    if len(contrary) == len(claims) and len({claim.verdict for claim in claims}) == 1:
        return ", against the declaration"
    if contrary == [claim for claim in claims if claim.verdict != "confirmed"]:
        several = len({claim.verdict for claim in contrary}) > 1
        return f"{'; all that are not confirmed came out' if several else ','} against the declaration"
    return f"; of these, {verdicts(contrary)} against the declaration"


def all_expected(claims: Sequence[ClaimFinding]) -> str:
    """“, all as expected: two were declared to fail”, if all verdicts are as declared.

    For claims with only one verdict: “, as declared” unless that is “confirmed”.
    """
    if len({claim.verdict for claim in claims}) == 1:
        return "" if claims[0].verdict == "confirmed" else ", as declared"
    declared = [
        f"{prose.in_words(n)} {'was' if n == 1 else 'were'} declared {outcome}"
        for verdict, outcome in (("refuted", "to fail"), ("undecided", "to stay undecided"))
        if (n := sum(claim.expect == verdict for claim in claims))
    ]
    return ", all as expected" + (f": {prose.listing(declared)}" if declared else "")
