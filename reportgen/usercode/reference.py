"""How a declaration names an object in a user's code: `folder/file.py:name` or `package.module:name`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FILE = r"[^:\s](?:[^:\n]*[^:\s])?\.py"
_DOTTED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
PATTERN = rf"(?:{_FILE}|{_DOTTED}):[A-Za-z_]\w*"
"""Both spellings, as a regular expression."""


@dataclass(frozen=True)
class Reference:
    """An object in a user's code, by the place of the code and its name there."""

    place: str
    """A file, absolute or relative to the declaration's folder, or a dotted module."""
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """Reads a reference; None if the text is none."""
        if not re.fullmatch(PATTERN, text):
            return None
        place, _, name = text.rpartition(":")
        return cls(place, name)

    @property
    def is_file(self) -> bool:
        """Whether the place is a file, and not a module's name."""
        return self.place.endswith(".py")

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"
