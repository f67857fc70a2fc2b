"""Headers of a table's cells: by scope, and by name if groups of rows have their own heads."""

from __future__ import annotations

from typing import Any

import pydyf

from reportgen.report.pdf.tagging.page import attribute
from reportgen.report.pdf.tagging.structure import Structure


def set_scope(cell: Any, within: str) -> None:
    """Sets a scope instead of a list of headers, since ids of repeated heads would not be unique."""
    about = cell.get("A")
    if about is None:  # the anonymous box inside a cell
        return
    about.pop("Headers", None)
    cell.pop("ID", None)
    if cell["S"] == "/TH":
        about["Scope"] = "/Row" if within == "/TBody" and "ColSpan" not in about else "/Column"
    elif len(about) == 1:
        del cell["A"]


def name_heads(structure: Structure, table: Any) -> None:
    """Lists the headers of every cell by name, if groups of rows have their own heads.

    By scope alone, a cell would have its group's head but none above another group between.
    """
    parts = [
        (part["S"], [*structure.children(row)])
        for part in structure.children(table)
        for row in structure.children(part)
    ]
    if not any(_is_groups(cell) for _, cells in parts for cell in cells):
        return
    above: dict[int, list[Any]] = {}
    group: dict[int, Any] = {}
    for part, cells in parts:
        column = 0
        own: list[Any] = []
        for cell in cells:
            span = int(cell.get("A", {}).get("ColSpan", 1))
            about = cell.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
            columns = range(column, column + span)
            if part == "/TBody" and cell["S"] == "/TD":
                heads = [head for index in columns for head in above.get(index, ())]
                about["Headers"] = pydyf.Array([*heads, *group.values(), *own])
            elif cell["S"] == "/TH":
                name = structure.name("head", cell)
                if part == "/THead":
                    for index in columns:
                        above.setdefault(index, []).append(name)
                elif _is_groups(cell):
                    group[column] = name
                else:
                    own.append(name)
            column += span


def _is_groups(cell: Any) -> bool:
    return attribute(cell, "scope") == "rowgroup"
