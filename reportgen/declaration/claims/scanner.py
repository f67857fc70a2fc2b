"""Reads the text of a claim's test word by word; `grammar` knows what the words mean."""

from __future__ import annotations

import re

from reportgen.declaration.scalars import percent
from reportgen.declaration.yaml_scalars import construct, resolvers

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
NUMBER = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?\s*%?")
SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_ARM = re.compile(r"[^,()<>=]*")
_QUOTED = re.compile(r'"([^"]+)"')
_PLAIN = re.compile(r"[^\s,()<>=\[\]]+")
_PLAINLY = {"≥": ">=", "≤": "<=", "−": "-", "–": "-"} | dict.fromkeys(
    "“”„‘’‚«»", "the test without these quotes"
)
"""Sign that a text editor may put there → what to write instead."""
RESERVED = frozenset({"in", "under", "at", "after", "and"})
"""Words that continue a test, and so cannot be values or names of groups."""


class GrammarError(ValueError):
    """A test that cannot be read; the message begins with the column (from 1)."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class Scanner:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def number(self, what: str) -> float:
        """A finite number; percentages become hundredths. `what` is what the error says was expected."""
        match = NUMBER.match(self.text, self.skip())
        if match is None:
            raise self.error(f"expected {what}")
        self.at = match.end()
        read = percent(match[0])
        value = float(match[0]) if read is None else read
        if abs(value) == float("inf"):
            raise GrammarError(match.start() + 1, f"{match[0]} is too large a number")
        return value + 0.0

    def arm(self) -> str:
        """The label or name of an estimator, single spaces between its words."""
        here = self.skip()
        match = _ARM.match(self.text, here)
        label = " ".join(match[0].split()) if match else ""
        if not label:
            raise self.error("expected the label or name of an estimator")
        self.at = here + len(match[0]) if match else here
        return label

    def word(self, what: str) -> str:
        """A word of letters, digits, underscores and inner dots."""
        match = WORD.match(self.text, self.skip())
        if match is None:
            raise self.error(f"expected {what}")
        self.at = match.end()
        return match[0].rstrip(".")

    def plain(self, what: str) -> str:
        """A word of anything but spaces and the grammar's own signs."""
        match = _PLAIN.match(self.text, self.skip())
        if match is None or match[0] in RESERVED:
            raise self.error(f"expected {what}")
        self.at = match.end()
        return match[0]

    def quoted(self) -> str | None:
        """The text in double quotes, if that comes next."""
        match = _QUOTED.match(self.text, self.skip())
        if match is None:
            return None
        self.at = match.end()
        return match[1]

    def comes(self, *words: str) -> bool:
        """Whether one of these words is the next."""
        match = WORD.match(self.text, self.skip())
        return match is not None and match[0] in words

    def value(self, what: str) -> object:
        """A plain word as YAML reads it, or several of them in square brackets."""
        if not self.accept("["):
            return self.scalar(what)
        found = [self.scalar(what)]
        while self.accept(","):
            found.append(self.scalar(what))
        if not self.accept("]"):
            raise self.error("expected ',' or ']' in a list of values")
        return tuple(found)

    def scalar(self, what: str) -> object:
        """A plain word as YAML reads it: text, a number, true, false or null."""
        here = self.skip()
        word = self.plain(what)
        for tag, pattern in resolvers().get(word[0], ()):
            if pattern.match(word):
                return _finite(tag, word, here)
        return word

    def symbol(self, symbol: str, of: str) -> None:
        """Requires a symbol of the form `of`."""
        if not self.accept(symbol):
            raise self.error(f"expected {symbol!r} in {of}(…)")

    def accept(self, token: str) -> bool:
        """Reads a whole word or a symbol if it comes next, and says whether it did."""
        here = self.skip()
        end = here + len(token)
        word = WORD.match(self.text, here)
        if not self.text.startswith(token, here) or (word is not None and word[0] != token):
            return False
        self.at = end
        return True

    def peek(self) -> str | None:
        """The next character that is not a space; None at the end."""
        here = self.skip()
        return self.text[here] if here < len(self.text) else None

    def skip(self) -> int:
        """Skips spaces; returns where the next word begins."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    def error(self, message: str) -> GrammarError:
        """An error about what comes next."""
        here = self.skip()
        rest = self.text[here:].split()
        found = repr(rest[0][:30]) if rest else "the end"
        remedy = f". Write {_PLAINLY[rest[0][0]]}" if rest and rest[0][0] in _PLAINLY else ""
        return GrammarError(here + 1, f"{message}, got {found}{remedy}")


def _finite(tag: str, word: str, here: int) -> object:
    try:
        value = construct(tag, word)
    except ValueError as error:
        raise GrammarError(here + 1, f"expected {error}, got {word[:30]!r}") from None
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise GrammarError(here + 1, f"expected a finite number, got {word[:30]!r}")
    return value
