"""The numbers behind a figure as a table, one row per mark, for pages, files and screen readers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reportgen.findings import Estimate

Cell = str | int | float | Estimate | None
"""None if a row has nothing in the column; NaN if a number is not available."""

PLACES = ("Monte Carlo",)
"""First words of headings that begin with a proper name."""

Form = Literal["plain", "number", "nats", "p", "percent"]
"""How a page writes numbers without interval: as they are, three digits, two decimals, or a p-value.
Fractions are written in per cent, with or without interval."""


@dataclass(frozen=True)
class Mark:
    """The point in the drawing that a row stands for: its panel, its series and its index in the series.

    A series with an empty name cannot be switched off by itself.
    """

    series: str
    index: int
    panel: int = 0


@dataclass(frozen=True)
class Column:
    """A column, with its unit if it has one."""

    name: str
    unit: str = ""
    form: Form = "plain"
    heads: bool = False
    """Whether its cells are the headings of rows, as they are in exactly one column; they name the series."""

    @property
    def heading(self) -> str:
        """The heading with its unit: “Total variance, nats²”."""
        return f"{self.name}, {self.unit}" if self.unit else self.name


@dataclass(frozen=True)
class Row:
    """Cells, one per column, and the mark they describe; None if no single mark is drawn for them."""

    cells: tuple[Cell, ...]
    mark: Mark | None = None


@dataclass(frozen=True)
class Table:
    """Everything that a figure draws, in reading order."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Checks that every row has a cell per column, one column heads rows, and marks are distinct."""
        marks = [row.mark for row in self.rows if row.mark is not None]
        fits = all(len(row.cells) == len(self.columns) for row in self.rows)
        if not fits or len(set(marks)) < len(marks) or sum(column.heads for column in self.columns) != 1:
            raise ValueError(f"a table of {[column.name for column in self.columns]} does not fit its rows")

    @property
    def series(self) -> tuple[str, ...]:
        """The series that can be switched off, in the order of their rows."""
        names = (row.mark.series for row in self.rows if row.mark is not None)
        return tuple(dict.fromkeys(name for name in names if name))

    def column(self, index: int) -> list[Cell]:
        """The cells of one column."""
        return [row.cells[index] for row in self.rows]

    def estimated(self, index: int) -> bool:
        """Whether a column holds estimates, which also take cells for interval, replicates and status."""
        return any(isinstance(cell, Estimate) for cell in self.column(index))

    @cached_property
    def csv(self) -> bytes:
        """RFC 4180 in UTF-8 with a header; numbers read back to the bit, missing ones are empty."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self._header())
        estimated = [self.estimated(index) for index in range(len(self.columns))]
        for row in self.rows:
            writer.writerow(
                text for cell, wide in zip(row.cells, estimated, strict=True) for text in _written(cell, wide)
            )
        return out.getvalue().encode()

    def _header(self) -> Iterator[str]:
        alone = sum(self.estimated(index) for index in range(len(self.columns))) == 1
        for index, column in enumerate(self.columns):
            unit = f" [{column.unit}]" if column.unit else ""
            kept = column.name[1:2].isupper() or column.name.startswith(PLACES)
            name = column.name if kept else column.name[:1].lower() + column.name[1:]
            yield f"{name}{unit}"
            if self.estimated(index):
                before = "" if alone else f"{name} "
                yield from (f"{before}{name}" for name in ("ci_low", "ci_high", "replicates", "status"))


def _written(cell: Cell, estimated: bool) -> tuple[str, ...]:
    if isinstance(cell, Estimate):
        ends = (_number(cell.value), _number(cell.low), _number(cell.high))
        return (*ends, str(cell.replicates or ""), cell.status)
    return (_number(cell), *([""] * 4 if estimated else []))


def _number(cell: str | float | None) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
