"""What is wrong with a declaration, and how it is said: place, requirement, finding, remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from reportgen.errors import DeclarationError

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Complaint:
    """One thing wrong at one path, such as ("estimators", 1, "num_samples")."""

    path: Path
    text: str


@dataclass(frozen=True)
class Places:
    """Finds the place of a path: a line of the file, or the ``--set`` that put it there."""

    name: str
    lines: dict[Path, int]
    overrides: tuple[tuple[Path, str], ...] = ()
    """Path set from the command line, and the option's text; the last one counts."""

    def sentence(self, complaint: Complaint) -> str:
        """The complaint as one line that starts with its place."""
        complaint = Complaint(self.written(complaint.path), complaint.text)
        shown = spell(complaint.path)
        text = " ".join(complaint.text.split())
        if found := self._option(complaint.path):
            path, option = found
            inner = f" {shown}" if complaint.path != path else ""
            return f"--set {option}{inner}: {text}"
        return f"{self.name}:{self.line(complaint.path)}{' ' + shown if shown else ''}: {text}"

    def written(self, path: Path) -> Path:
        """The path as it stands in the text: there, a single sweep need not be in a list."""
        single = path[:2] == ("sweep", 0) and ("sweep", 0) not in self.lines
        return (*path[:1], *path[2:]) if single else path

    def line(self, path: Path) -> int:
        """Line (from 1) of the path, or of the nearest thing around it that is written down."""
        path = self.written(path)
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def error(self, complaints: Iterable[Complaint]) -> DeclarationError:
        """One error for all complaints, a line each in the file's order; equal ones of claims share one."""
        ordered = sorted(complaints, key=lambda c: (self.line(c.path), [str(part) for part in c.path]))
        alike: dict[tuple[Path, str], dict[Path, Complaint]] = {}
        for one in ordered:
            claim = one.path[:1] == ("claims",)
            place = (*one.path[:1], *one.path[2:]) if claim else one.path
            alike.setdefault((place, one.text), {}).setdefault(one.path, one)
        return DeclarationError("\n".join(self._told(*found.values()) for found in alike.values()))

    def _told(self, first: Complaint, *more: Complaint) -> str:
        """The sentence of the first complaint, and the places of the others, which say the same."""
        where = [
            spell(one.path) + ("" if self._option(one.path) else f" (line {self.line(one.path)})")
            for one in more
        ]
        return self.sentence(first) + (f" So in {listing(where, 'and')}." if where else "")

    def _option(self, inner: Path) -> tuple[Path, str] | None:
        """The override that a path was last set by."""
        return next((one for one in reversed(self.overrides) if inner[: len(one[0])] == one[0]), None)


def spell(path: Path) -> str:
    """("estimators", 1, "label") → ``estimators[1].label``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def refuse(text: str, at: Path = ()) -> PydanticCustomError:
    """An error to raise inside a validator; `at` leads from the validated value to the culprit."""
    return PydanticCustomError("declaration", "{text}", {"text": text, "at": at})


def describe(value: Any) -> str:
    """What was found, short enough for a line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    if isinstance(value, (int, float)):
        text = repr(value)
        return text if len(text) <= 40 else text[:37] + "…"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    return "a list" if value else "an empty list"


def suggestion(found: object, known: Iterable[str], *, listed: bool = False) -> str:
    """``Did you mean …?`` if a known name is near, else the known names, unless they are `listed` already."""
    known = list(known)
    near = [name for name in known if name.lower() == str(found).lower()]
    near = near or difflib.get_close_matches(str(found), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]}?"
    if listed and len(known) > 1:
        return "Choose one of these."
    return f"Use {listing(known)}." if known else "Remove it."


def listing(names: Iterable[str], join: str = "or") -> str:
    """``a, b or c``."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {join} {names[-1]}" if names else "none"
