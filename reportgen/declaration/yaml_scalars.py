"""Which plain words of YAML are numbers, truth values or nothing: the core schema of YAML 1.2.

PyYAML follows 1.1, where 1e-3 is text, ``no`` is false, 1:30 is ninety and
010 is eight. Reading and writing share the table below, so that what is
written is read as the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TAG = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, TEXT = (_TAG + kind for kind in ("null", "bool", "int", "float", "str"))

_PLAIN = (
    (NULL, r"~|null|Null|NULL|", "~nN"),
    (BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        FLOAT,
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
)

MOST_DIGITS = 30
"""Longer integers are refused; no setting is that large."""


def resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """The table in PyYAML's form: first character → (tag, pattern) in order of preference."""
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, pattern, firsts in _PLAIN:
        for first in (*firsts, *([""] if tag == NULL else [])):
            table.setdefault(first, []).append((tag, re.compile(rf"(?:{pattern})\Z")))
    return table


def construct(tag: str, word: str) -> object:
    """The value of a plain word with a resolved tag. Raises ValueError, which says what is expected."""
    if tag == NULL:
        return None
    if tag == BOOL:
        if word.lower() not in ("true", "false"):
            raise ValueError("true or false")
        return word.lower() == "true"
    if tag == INT:
        if len(word) > MOST_DIGITS:
            raise ValueError(f"an integer of at most {MOST_DIGITS} digits")
        base = {"0o": 8, "0x": 16}.get(word[:2], 10)
        return _number(lambda: int(word[2:] if base != 10 else word, base), "an integer in digits")
    if tag == FLOAT:
        return _number(lambda: float(re.sub(r"\.(inf|nan)", r"\1", word.lower())), "a number in digits")
    return word


def _number(made: Callable[[], float], wanted: str) -> float:
    try:
        return made()
    except ValueError:
        raise ValueError(wanted) from None
