"""The kinds of value a declaration is made of, each with its own error message.

They are markers for ``Annotated``: ``Annotated[int, Whole(1)]``. Text is
never read as a number, and a number never as text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from reportgen.declaration.complaints import describe, refuse, suggestion

_PERCENT = re.compile(r"\s*([-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?)\s*%\s*")


def percent(text: str) -> float | None:
    """``2%`` → 0.02, the double nearest to it; None for any other text."""
    match = _PERCENT.fullmatch(text)
    if match is None:
        return None
    mantissa, _, exponent = match[1].lower().partition("e")
    return float(f"{mantissa}e{int(exponent or 0) - 2}")


class Marker:
    """A check that becomes a pydantic validator, with its JSON Schema beside it."""

    def check(self, value: Any) -> Any:
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.schema()


@dataclass(frozen=True)
class Whole(Marker):
    """A whole number; 1e6 is one."""

    minimum: int = 1
    maximum: int = 10**12

    def check(self, value: Any) -> int:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value != int(value):
            remedy = _number_meant(value) or f" Use {self.minimum} or more."
            raise refuse(f"must be a whole number, got {describe(value)}.{remedy}")
        if value < self.minimum:
            raise refuse(
                f"must be at least {self.minimum}, got {describe(value)}. Use {self.minimum} or more."
            )
        if value > self.maximum:
            most = self.maximum if self.maximum < 10**6 else f"{self.maximum:.0e}"
            raise refuse(f"must be at most {most}, got {describe(value)}. Use {most} or less.")
        return int(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum}


@dataclass(frozen=True)
class Real(Marker):
    """A finite number, as float."""

    above: float = -math.inf
    least: float = -math.inf
    below: float = math.inf

    def check(self, value: Any) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            remedy = _number_meant(value) or " Write it in digits, such as 0.001."
            raise refuse(f"must be a finite number, got {describe(value)}.{remedy}")
        if not value > self.above:
            raise refuse(f"must be more than {self.above:g}, got {describe(value)}. Use a larger one.")
        if value < self.least:
            raise refuse(f"must be at least {self.least:g}, got {describe(value)}. Use a larger one.")
        if not value < self.below:
            raise refuse(f"must be less than {self.below:g}, got {describe(value)}. Use a smaller one.")
        return float(value) + 0.0  # no negative zero

    def schema(self) -> dict[str, Any]:
        ends = {"exclusiveMinimum": self.above, "minimum": self.least, "exclusiveMaximum": self.below}
        return {"type": "number"} | {key: end for key, end in ends.items() if math.isfinite(end)}


@dataclass(frozen=True)
class Fraction(Marker):
    """A number between 0 and 1, also written as a percentage."""

    def check(self, value: Any) -> float:
        read = percent(value) if isinstance(value, str) else value
        if not isinstance(read, (int, float)) or isinstance(read, bool):
            remedy = _number_meant(value) or " Write it so."
            raise refuse(f"must be a fraction such as 0.02 or 2%, got {describe(value)}.{remedy}")
        if not 0 < read < 1:
            remedy = (
                f" Write {read:g}% if you mean per cent."
                if isinstance(value, (int, float)) and 1 <= read < 100
                else " Use 2%, say."
            )
            raise refuse(f"must lie between 0 and 1 (0% and 100%), got {describe(value)}.{remedy}")
        return float(read)

    def schema(self) -> dict[str, Any]:
        number = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
        return {"anyOf": [number, {"type": "string", "pattern": r"^[0-9.]+ ?%$"}]}


@dataclass(frozen=True)
class Switch(Marker):
    """true or false."""

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse(f"must be true or false, got {describe(value)}. Write one of these.")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Text(Marker):
    """Text that is not empty, on one line once white space is folded, each letter in one spelling (NFC)."""

    longest: int = 2000

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            remedy = (
                "Put it in quotes." if isinstance(value, (int, float)) else "Write some, or remove the key."
            )
            raise refuse(f"must be text, got {describe(value)}. {remedy}")
        folded = unicodedata.normalize("NFC", " ".join(value.split()))  # one spelling of each letter
        if not folded:
            raise refuse("must not be empty. Write something, or remove the key.")
        unseen = next((c for c in folded if unicodedata.category(c) in ("Cc", "Cf", "Cs")), None)
        if unseen is not None:
            raise refuse(f"must be printable characters, got U+{ord(unseen):04X}. Remove it.")
        if len(folded) > self.longest:
            raise refuse(f"must have at most {self.longest} characters, got {len(folded)}. Shorten it.")
        return folded

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True)
class Slug(Marker):
    """A name that is also a folder's or an anchor's: letters, digits, hyphens, underscores."""

    def check(self, value: Any) -> str:
        text = Text(64).check(value)
        if not re.fullmatch(_SLUG, text):
            plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
            proposal = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")
            letters = "letters" if text.isascii() else "letters from a to z"
            raise refuse(
                f"must be {letters}, digits, - and _ and begin with a letter or digit, "
                f"got {describe(value)}. Use {proposal or 'my-name'}."
            )
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_SLUG}$", "maxLength": 64}


_SLUG = "[A-Za-z0-9][A-Za-z0-9_-]*"


@dataclass(frozen=True)
class Choice(Marker):
    """One word of a table. The table is read when it is needed, not when it is declared."""

    names: Callable[[], Iterable[str]]

    def check(self, value: Any) -> str:
        known = list(self.names())
        if value not in known if isinstance(value, str) else True:
            raise refuse(
                f"must be one of {', '.join(known)}; got {describe(value)}. "
                f"{suggestion(value, known, listed=True)}"
            )
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.names())}


def one_of(*names: str) -> Choice:
    """A choice among a fixed few."""
    return Choice(lambda: names)


class AsList:
    """Lets a list of one be written without brackets: a ``BeforeValidator`` whose JSON Schema says so."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed, listed["items"]]}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) else value


def ascending(values: tuple[int, ...]) -> tuple[int, ...]:
    """For ``AfterValidator``: refuses a list that is not strictly increasing."""
    if list(values) != sorted(set(values)):
        raise refuse(f"must increase without repeats, got {list(values)}. Write {sorted(set(values))}.")
    return values


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """For ``AfterValidator``: refuses a list that names something twice."""
    for i, value in enumerate(values):
        if value in values[:i]:
            raise refuse(f"must name each thing once, got {describe(value)} twice. Remove one.", at=(i,))
    return values


def filled(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """For ``AfterValidator``: refuses an empty list."""
    if not values:
        raise refuse("must not be an empty list. Name at least one, or remove the key for the default.")
    return values


def _number_meant(value: Any) -> str:
    """How to write the number that a text seems to be; empty if it does not seem to be one."""
    if not isinstance(value, str):
        return ""
    if _SEVERAL.match(value):
        return " A list of numbers is written [0, 1, 5]."
    plain = value.strip().replace("\u2212", "-")
    percents = _PERCENT_WORD.search(plain)
    bare = plain[: percents.start()] if percents else plain
    bare = re.sub(r"(?<=\d)[ _'\u00a0\u202f](?=\d{3}\b)", "", bare)
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})+", bare):
        bare = bare.replace(",", "")  # separators of thousands
    bare = bare.replace(",", ".") if bare.count(",") == 1 else bare
    bare = re.sub(r"(?:(?<=\d)\s*[*×·]\s*|^)10\s*(?:\^|\*\*)\s*", lambda m: "e" if m.start() else "1e", bare)
    written = bare + ("%" if percents else "")
    try:
        finite = math.isfinite(float(bare))
    except ValueError:
        return ""
    return f" Write {written}{' without quotes' if written == value.strip() else ''}." if finite else ""


_SEVERAL = re.compile(r"\s*(?:\(|[-+]?\d+\s*(?:[;:–…-]|\.\.)\s*\d)")
"""The beginning of a text that holds several numbers."""
_PERCENT_WORD = re.compile(r"\s*(?:%|٪|％|per ?cent|percent|pct)\s*$", re.IGNORECASE)
