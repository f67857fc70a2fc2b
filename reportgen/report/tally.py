"""Claims → how many came out how, as a clause."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.findings import ClaimFinding, prose
from reportgen.report.words import SHAPES


def verdicts(claims: Sequence[ClaimFinding]) -> str:
    """“eleven are confirmed and two are refuted”."""
    counts = {word: sum(claim.verdict == word for claim in claims) for word in SHAPES}
    parts = [f"{prose.in_words(n)} {'is' if n == 1 else 'are'} {word}" for word, n in counts.items() if n]
    return prose.listing(parts)


def all_expected(claims: Sequence[ClaimFinding]) -> str:
    """“, all as expected: two were declared to fail”, of claims that all came out as declared."""
    declared = [
        f"{prose.in_words(n)} {'was' if n == 1 else 'were'} declared {outcome}"
        for verdict, outcome in (("refuted", "to fail"), ("undecided", "to stay undecided"))
        if (n := sum(claim.expect == verdict for claim in claims))
    ]
    return ", all as expected" + (f": {prose.listing(declared)}" if declared else "")
