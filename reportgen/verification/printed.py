"""Compares what is printed on a report's pages with the pages that a second run gives, number by number.

The second run's report is laid out with the first one's dates and timings, so
that the same numbers give the same pages. Pages with the same content are the
same; the texts of others are aligned, and numbers in the same place of the
same words are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from reportgen.findings import prose, verdicts
from reportgen.verification.document import Document
from reportgen.verification.numbers import DIFFERENT, EQUIVALENT, IDENTICAL, NOT_JUDGED, Number

NUMBER = r"[−-]?\d[\d\u202f]*(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?%?"
TOKENS = re.compile(rf"[^\W\d_]\w*|\d+[A-Za-z]\w*|(?P<number>{NUMBER})|\S")
"""Words, names such as that of a run, numbers, signs."""
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-", "\u202f")
AROUND = 4
"""Words that are quoted on either side of a number."""

Array = NDArray[np.float64]
Ends = tuple[str, str, str]
"""A number as it is printed, and the ends of its interval."""
WORDS = frozenset(verdicts.VERDICTS)
DRAWN = "drawn otherwise"
"""Said of a page that differs in more than its words."""


@dataclass(frozen=True)
class Printed:
    """Something on a page that the second run prints otherwise."""

    page: int
    """Page of the report that is verified, from 1."""
    reported: str
    again: str
    around: str
    """The words around it."""
    standing: str


@dataclass(frozen=True)
class Pages:
    """What was found on the pages."""

    count: int
    same: int
    """Pages that are the same to the byte."""
    numbers: int
    """Numbers on the other pages that are the same."""
    others: tuple[Printed, ...]


@dataclass(frozen=True)
class _Token:
    text: str
    is_number: bool
    page: int
    apart: bool = True
    """Whether there is a space before it."""


def compare(
    reported: Document,
    again: Document,
    numbers: Sequence[Number],
    *,
    promised: bool,
    repeated: bool = False,
    same_verdicts: bool = False,
    counted: tuple[int, int] | None = None,
) -> Pages:
    """Compare the pages of a report with those of the second run.

    With `promised` they must be the same. Otherwise a number may differ as
    those of results.csv and claims.json do: if one of `numbers` is printed so
    here and so there, it has that one's standing; if none is, it is not judged.
    But these are different: a number with an interval that is in the second
    run's numbers there, but not in the evidence here; with `repeated`, if all of
    `numbers` are the same, a number that is no rounding of the other; with
    `same_verdicts`, if all verdicts are the same, another verdict. `counted` has
    the rows of each results.csv, which pages print, if another commit wrote one.
    """
    count = len(reported.sums)
    if reported.content == again.content:
        return Pages(count, count, 0, ())
    open_pages = [
        page
        for page in range(max(count, len(again.sums)))
        if page >= count or page >= len(again.sums) or reported.sums[page] != again.sums[page]
    ]
    here, there = (
        [token for page in open_pages if page < len(of.sums) for token in _tokens(of.text(page), page + 1)]
        for of in (reported, again)
    )
    known = Values(numbers)
    with_ends = {**_with_ends(here), **_with_ends(there)}
    same, found = 0, []
    for one, other, around in _side_by_side(here, there):
        if one.text == other.text:
            same += one.is_number
        else:
            ends = with_ends.get(id(one)), with_ends.get(id(other))
            standing = known.standing(one, other, *ends)
            if (
                promised
                or (same_verdicts and _other_verdict(one.text, other.text))
                or (repeated and standing == NOT_JUDGED and _other_number(one, other))
            ) and not (counted and (one.text, other.text) == tuple(map(prose.count, counted))):
                standing = DIFFERENT
            found.append(Printed(one.page, one.text, other.text, around, standing))
    found += _drawn(reported, again, {item.page for item in found}, DIFFERENT if promised else NOT_JUDGED)
    return Pages(count, count - sum(page < count for page in open_pages), same, tuple(found))


def _drawn(reported: Document, again: Document, told: set[int], standing: str) -> Iterator[Printed]:
    """Pages that look different, without those that must be the same and are listed for their words."""
    for page, (one, other) in enumerate(zip_longest(reported.drawn, again.drawn), start=1):
        if one == other or (standing == DIFFERENT and page in told):
            continue
        if one is None or other is None:
            yield Printed(page, DRAWN, "no such page" if one else "a page", "all of it", standing)
            continue
        where = "its fonts, links or images"
        if reported.sums[page - 1] != again.sums[page - 1]:
            where = "its lines, or where things stand"
        yield Printed(page, DRAWN, "other words" if page in told else "the same words", where, standing)


class Values:
    """The numbers of the evidence and of the second run, pair by pair."""

    def __init__(self, numbers: Sequence[Number]) -> None:
        worth = {IDENTICAL: 1.0, EQUIVALENT: 1.0, DIFFERENT: -1.0}
        rows = [
            (old, new, worth.get(number.standing, 0.0))
            for number in numbers
            if (was := number.found.old) is not None and (now := number.found.new) is not None
            for old, new in ((was.value, now.value), (was.low, now.low), (was.high, now.high))
        ]
        table: Array = np.array(rows, dtype=float).reshape(-1, 3)
        self.old, self.new, self.worth = table.T

    def standing(
        self, reported: _Token, again: _Token, here: Ends | None = None, there: Ends | None = None
    ) -> str:
        """The standing of two printed numbers by what they may be; `here` and `there` are their intervals."""
        if not (reported.is_number and again.is_number):
            return NOT_JUDGED
        if here is not None and there is not None:
            was, now = self._printed(self.old, here), self._printed(self.new, there)
            fits = self.worth[::3][was & now]
            if (now.any() and not was.any()) or (fits.size > 0 and (fits < 0.0).all()):
                return DIFFERENT
            if now.any():  # the page shows the least or most of several numbers, and the runs differ in which
                return EQUIVALENT if (fits > 0.0).any() else NOT_JUDGED
        pairs = _rounds_to(self.old, reported.text) & _rounds_to(self.new, again.text)
        if (self.worth[pairs] > 0.0).any():
            return EQUIVALENT
        return DIFFERENT if (self.worth[pairs] < 0.0).any() else NOT_JUDGED

    @staticmethod
    def _printed(values: Array, texts: Ends) -> NDArray[np.bool_]:
        """Which numbers are printed so, with both ends of their intervals."""
        percent = "%" if texts[0].endswith("%") or texts[2].endswith("%") else ""
        parts = (_rounds_to(values[k::3], text.rstrip("%") + percent) for k, text in enumerate(texts))
        return np.asarray(np.logical_and.reduce(list(parts)))


def _with_ends(tokens: Sequence[_Token]) -> dict[int, Ends]:
    """Identity of a token → the number and interval, “1.2 (1.1 to 1.3)”, of which it is a part."""
    found: dict[int, Ends] = {}
    for at, token in enumerate(tokens):
        rest = tokens[at + 1 : at + 5]
        low = 1 if rest and rest[0].text == "(" else 0
        if not token.is_number or len(rest) < low + 3 or rest[low + 1].text != "to":
            continue
        ends = (rest[low], rest[low + 2])
        if all(end.is_number for end in ends):
            texts = (token.text, ends[0].text, ends[1].text)
            found |= dict.fromkeys(map(id, (token, *ends)), texts)
    return found


def _other_number(reported: _Token, again: _Token) -> bool:
    """Whether two measured numbers differ, and not only in how many digits are printed.

    A number without a point and with fewer than four digits may count pages or tables.
    """
    texts = [of.text.translate(POWERS) for of in (reported, again)]
    if not (reported.is_number and again.is_number) or all(re.fullmatch(r"-?\d{1,3}", of) for of in texts):
        return False
    if texts[0].startswith("-") != texts[1].startswith("-"):
        return True
    values = np.array([float(re.sub("×10.*|%", "", of)) * 10.0 ** _power(of) for of in texts])
    return not any(_rounds_to(values, of.text).all() for of in (reported, again))


def _power(text: str) -> int:
    return int(text.rstrip("%").partition("×10")[2] or 0) - 2 * text.endswith("%")


def _other_verdict(reported: str, again: str) -> bool:
    """Whether two texts are different verdicts."""
    here, there = (set(text.split()) for text in (reported, again))
    return max(len(here), len(there)) <= 2 and bool(here & WORDS) and bool(there & WORDS) and here != there


def _rounds_to(values: Array, text: str) -> NDArray[np.bool_]:
    """Which values are printed so, to the digits printed; signs are not compared, since words may give them.

    Zeros at the end of a large whole number fill its places.
    """
    plain = text.translate(POWERS).lstrip("-")
    percent, plain = plain.endswith("%"), plain.rstrip("%")
    mantissa, _, power = plain.partition("×10")
    scale = 10.0 ** int(power or 0) * (0.01 if percent else 1.0)
    zeros = len(mantissa) - len(mantissa.rstrip("0")) if re.fullmatch(r"\d{5,}", mantissa) else 0
    last = 10.0 ** (zeros - len(mantissa.partition(".")[2])) * scale
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(np.abs(values) - float(mantissa) * scale) <= 0.5001 * last)


def _tokens(text: str, page: int) -> list[_Token]:
    return [
        _Token(found[0], found["number"] is not None, page, text[: found.start()][-1:].isspace())
        for found in TOKENS.finditer(text)
    ]


def _side_by_side(here: Sequence[_Token], there: Sequence[_Token]) -> Iterator[tuple[_Token, _Token, str]]:
    """Tokens in the same place of the same words, and passages without a counterpart; with words around."""
    ours, theirs = (["#" if token.is_number else token.text for token in of] for of in (here, there))
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            for i, j in zip(range(a, b), range(c, d), strict=True):
                yield here[i], there[j], _joined(here[max(i - AROUND, 0) : i + AROUND + 1])
            continue
        page = here[min(a, len(here) - 1)].page if here else 1
        one, other = (_Token(_joined(part) or "nothing", False, page) for part in (here[a:b], there[c:d]))
        yield one, other, _joined(here[max(a - AROUND, 0) : b + AROUND])


def _joined(tokens: Sequence[_Token]) -> str:
    return "".join(" " * token.apart + token.text for token in tokens).strip()
