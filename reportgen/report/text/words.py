"""Findings → words: comparisons and verdicts as worded in the text.

Nothing here is decided in advance: what is higher, lower or indistinguishable is
read off an interval, so that a sentence is right whatever was found. Digits are
left to `reportgen.findings.prose`; an estimate's text carries its rows
(`reportgen.findings.marks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from reportgen.findings import Estimate, prose
from reportgen.findings.marks import CLOSE, OPENING, told

SHAPES = {"confirmed": "●", "refuted": "◆", "undecided": "○", "broken": "▲"}
"""A distinct shape for each verdict, so that none depends on colour."""

DASH = "–"


def cell(estimate: Estimate, power: bool = False) -> str:
    """An estimate in a table: only its value, or a dash if it is not available."""
    return told(prose.value_of(estimate, power=power) if estimate.available else DASH, estimate)


def ends(estimate: Estimate, power: bool = False) -> str:
    """An estimate's interval in a table; empty if there is none to show."""
    if not estimate.has_interval or prose.is_point(estimate):
        return ""
    return told(prose.interval(estimate, power=power), estimate)


def has_powers(estimates: Iterable[Estimate]) -> bool:
    """Whether one estimate in a column needs a power of ten, so that all are written with one."""
    return any("×10" in prose.value_of(estimate) for estimate in estimates)


def with_interval(estimate: Estimate) -> str:
    """614 (595 to 634), see `prose.with_interval`."""
    return told(prose.with_interval(estimate), estimate)


def with_intervals(estimates: Sequence[Estimate]) -> list[str]:
    """Several estimates side by side, see `prose.with_intervals`."""
    return [told(text, one) for text, one in zip(prose.with_intervals(estimates), estimates, strict=True)]


def number(estimate: Estimate) -> str:
    """Only its value, to three digits whatever the interval."""
    return told(prose.number(estimate.value), estimate)


def between(estimates: Sequence[Estimate]) -> str:
    """“between 1.2 and 3.4”: the smallest and the largest of several; “at 1.2” if they read the same."""
    low, high = (choose(estimates, key=lambda one: one.value) for choose in (min, max))
    if prose.number(low.value) == prose.number(high.value):
        return f"at {number(low)}"
    return f"between {number(low)} and {number(high)}"


def p_value(estimate: Estimate) -> str:
    """p = 0.034, on one line."""
    return told(unbroken(prose.p_value(estimate.value)), estimate)


def share(estimate: Estimate) -> str:
    """A fraction in per cent with its interval: 69% (66 to 71)."""
    return told(prose.share(estimate), estimate)


def share_cell(estimate: Estimate) -> str:
    """A fraction in per cent, in a table."""
    return told(prose.percent(estimate.value) if estimate.available else DASH, estimate)


def side(estimate: Estimate, of: float = 1.0) -> str:
    """Where the interval lies: ``above``, ``below`` or ``around`` a value; ``unknown`` without one."""
    if not estimate.has_interval:
        return "unknown"
    if estimate.low > of:
        return "above"
    return "below" if estimate.high < of else "around"


def counted(value: int, noun: str, plural: str | None = None) -> str:
    """“one estimator”, “seven estimators”, “64 images”."""
    return f"{prose.in_words(value)} {noun if value == 1 else plural or noun + 's'}"


def compared(first: str, second: str, ratio: Estimate, when: str = "") -> str:
    """What a ratio of variances says of two estimators, as a clause without a full stop.

    `when` is the time in training, with a leading blank.
    """
    told = side(ratio)
    if ratio.available and ratio.value == 0.0:
        return f"the variance of {first}{when} is zero, and that of {second} is not"
    if told == "above":
        return f"the variance of {first}{when} is {with_interval(ratio)} times that of {second}"
    if told == "below":
        return f"the variance of {first}{when} is lower, {with_interval(ratio)} times that of {second}"
    if told == "around":
        value = with_interval(ratio)
        return f"the variances of {first} and {second}{when} cannot be distinguished: their ratio is {value}"
    return f"the variances of {first} and {second} cannot be compared ({ratio.status})"


capital = prose.capital

_NUMBERED = re.compile(
    r"\b(?:epoch|step|row|column|unit|image|latent|seed|[dkK]) (?=\d)"
    rf"|\b\d (?=layers?\b)|[∂∇] (?=log\b)|\blog (?=[σpqw]\b)|\b\w+ (?:=|&lt;|&gt;) (?=[{prose.MINUS}\d])"
)
_CONDITIONAL = re.compile(r"\w\(\w \| \w\)")


def unbroken(text: str) -> str:
    """The text with no-break spaces, so that it stays on one line."""
    return text.replace(" ", "\u00a0")


def tied(text: str) -> Markup:
    """A text without line breaks inside “epoch 200”, “2 layers”, “k = 0.87”, “log σ”, “p(x | z)”."""
    whole = _NUMBERED.sub(lambda found: unbroken(found[0]), str(escape(text)))
    return Markup(_CONDITIONAL.sub(r'<span class="nowrap">\g<0></span>', whole))


_PAGES = re.compile(r"\d+–\d+")


def venue(text: str) -> Markup:
    """A source's venue: its name in italics, without line breaks before the volume or inside “242–247”."""
    name, space, numbers = re.fullmatch(r"(.*?)(?:( )(\d.*))?", text).groups("")  # type: ignore[union-attr]
    told = _PAGES.sub(r'<span class="nowrap">\g<0></span>', str(escape(numbers)))
    return Markup("<em>{}</em>{}{}").format(name, space and "\u00a0", Markup(told))


_OPTION = re.compile(r"(?<=\s)--\S+")


def options(command: str) -> Markup:
    """A command without line breaks inside “--allow-code”."""
    return Markup(_OPTION.sub(r'<span class="nowrap">\g<0></span>', str(escape(command))))


_COMPOUND = re.compile(r"\w+(?:-\w+)+")


def compounds(text: str) -> Markup:
    """A heading without line breaks inside “first-order”."""
    return Markup(_COMPOUND.sub(r'<span class="nowrap">\g<0></span>', str(escape(text))))


_BLANKS = re.compile(r"[ \t\n]+")
"""Unlike `str.split`, this does not match the no-break spaces inside numbers."""


def sentence(text: str) -> str:
    """A clause as a sentence: with a capital, and a full stop unless it ends with a mark."""
    clause = capital(" ".join(_BLANKS.split(text.strip())))
    return clause if clause[-1:] in ".?!" else clause + "."


def headline(text: str) -> str:
    """A clause as a heading or table entry: with a capital, without a full stop."""
    return capital(" ".join(_BLANKS.split(text.strip())).rstrip("."))


def runs(values: Sequence[int], of: Sequence[int], noun: tuple[str, str]) -> str:
    """“at every checkpoint”, “at epochs 0 and 1”, “at no checkpoint”; `noun` is singular and plural."""
    if list(values) == list(of):
        return "at every checkpoint" if len(values) > 1 else f"at {noun[0]} {prose.count(values[0])}"
    if not values:
        return "at no checkpoint"
    return f"at {noun[len(values) > 1]} {prose.listing([prose.count(v) for v in values])}"


def verdict(word: str, expect: str = "confirmed", full: bool = False) -> Markup:
    """A verdict as a shape and a word, with what was expected if that is not “confirmed”.

    With `full`, also whenever it is not as expected.
    """
    note = ""
    if word == expect != "confirmed":
        note = ", as expected"
    elif word != expect and (full or expect != "confirmed"):
        note = f", expected {expect}"
    return Markup(
        '<span class="verdict {0}"><span class="shape" aria-hidden="true">{1}</span> {0}</span>{2}'
    ).format(word, SHAPES[word], Markup('<span class="note">{}</span>').format(note) if note else "")


def powers(text: str) -> Markup:
    """Text with exponents as superscripts: 3^i, 10^(−i/7)."""
    return Markup(re.sub(r"\^(?:\(([^)]*)\)|(\w))", r"<sup>\1\2</sup>", str(escape(text))))


ROWS = 14
"""Most rows of a table that is kept on one page."""


def is_long(groups: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a table of groups may continue on the next page, rather than leave this one half empty."""
    return sum(len(group["rows"]) for group in groups) > ROWS


_STAGE = re.compile(r"\b(layer\d+\.)(?=\w)")
_CELLS = re.compile(r"(?=<td)")
_NUMBER = re.compile(
    rf'(<td class="n">{OPENING}(?:&[lg]t; )?{prose.MINUS}?[\d{prose.THIN}]+(\.\d+)?%?{CLOSE}?)(</td>.*)', re.S
)


def decimals(rows: str) -> Markup:
    """Rows of a table, one per line, with the numbers of each column aligned at their decimal points.

    Invisible digits fill up shorter numbers. Powers of ten are at the right edge.
    """
    table = [_CELLS.split(row) for row in str(rows).splitlines()]
    most: dict[int, str] = {}
    for row in table:
        for column, cell in enumerate(row):
            if found := _NUMBER.fullmatch(cell):
                most[column] = max(most.get(column, ""), found[2] or "", key=len)
    for row in table:
        for column, cell in enumerate(row):
            found = _NUMBER.fullmatch(cell)
            if found and (rest := most[column][len(found[2] or "") :]):
                row[column] = f'{found[1]}<span class="unseen" aria-hidden="true">{rest}</span>{found[3]}'
    return Markup("\n".join("".join(row) for row in table) + "\n")


ROOMY = 7
"""Most columns of numbers that are well apart on paper."""


def crowd(columns: Sequence[Any]) -> str:
    """A class, to follow another one, for a table with more columns than `ROOMY`."""
    return " crowded" if len(columns) > ROOMY else ""


def stages(group: str) -> Markup:
    """A parameter group's name, which may break after the name of its stochastic layer."""
    return Markup(_STAGE.sub(r"\1<wbr>", str(escape(group))))


FILTERS: dict[str, Callable[..., Any]] = {
    "capital": capital,
    "cell": cell,
    "compounds": compounds,
    "count": prose.count,
    "crowd": crowd,
    "decimals": decimals,
    "ends": ends,
    "options": options,
    "powers": powers,
    "share_cell": share_cell,
    "stages": stages,
    "tied": tied,
    "venue": venue,
}
