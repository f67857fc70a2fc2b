"""Numbers of sections, figures, tables and equations, and references to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from reportgen.errors import RenderError


@dataclass
class Numbering:
    """Numbers things as they appear; a second pass over the text knows every number.

    Templates are rendered twice, since text may refer to what comes later.
    """

    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    cited: list[str] = field(default_factory=list)
    final: bool = False
    """Whether this is the second pass, where an unknown reference is an error."""
    _counts: dict[str, int] = field(default_factory=dict)

    def second_pass(self) -> Numbering:
        """A copy with the same numbers and citations, which counts anew and refuses unknown references."""
        return Numbering(dict(self.numbers), list(self.cited), final=True)

    def number(self, kind: str, name: str) -> str:
        """The next number of a kind, kept under `name`."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        text = str(self._counts[kind])
        if self.final and self.numbers.get((kind, name)) != text:
            raise RenderError(f"report: {kind} {name!r} is numbered twice. Give each its own name.")
        self.numbers[kind, name] = text
        return text

    def set(self, kind: str, name: str, number: str) -> None:
        """Sets a given number, such as a section's."""
        self.numbers[kind, name] = number

    def has(self, kind: str, name: str) -> bool:
        """Whether something is in the report (in the first pass: so far)."""
        return (kind, name) in self.numbers

    def of(self, kind: str, name: str) -> str:
        """The number of something. Raises RenderError in the second pass if there is none."""
        if (kind, name) not in self.numbers:
            if self.final:
                raise RenderError(
                    f"report: the text refers to {kind} {name!r}, which is not in it. Mend the template."
                )
            return "?"
        return self.numbers[kind, name]

    def cite(self, key: str) -> None:
        """Records a citation."""
        if key not in self.cited:
            self.cited.append(key)
