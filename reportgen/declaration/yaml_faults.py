"""What PyYAML's complaints mean to the person who wrote the file: the line at fault, and the remedy."""

from __future__ import annotations

import re
import unicodedata

import yaml

from reportgen.declaration.complaints import describe

_CLOSES = {"{": "}", "[": "]"}
_CURLED = "“”„‘’‚«»"
_KEY = re.compile(r"\s*(?:- +)*[^\s#'\"{\[-][^:]*:\s")
"""The beginning of a line that already has a key."""


def told(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """Line (from 1) of the fault, and the rest of its sentence: what is required or found, and the remedy."""
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    for number, one in enumerate(lines[:line], 1):
        if (unseen := odd_blank(one[: len(one) - len(one.lstrip())])) is not None:
            return number, f"must be indented with spaces, got U+{ord(unseen):04X}. Replace it by spaces."
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[:column]:
        tab = written.index("\t") + 1
        return line, f"must be indented with spaces, got a tab in column {tab}. Replace it by spaces."
    if "single document" in (error.context or ""):
        return line, "must be one YAML document, got a second one. Remove the line `---`, or use two files."
    return (
        _of_its_beginning(error, text, lines, line)
        or _of_its_place(error, line, column, written)
        or (
            line,
            f"is not valid YAML in column {column}: {error.problem}. Check colons, quotes and indentation.",
        )
    )


def odd_blank(text: str) -> str | None:
    """The first character that looks like a space, or like nothing, but is no space to YAML."""
    return next((c for c in text if c not in " \t" and unicodedata.category(c) in ("Zs", "Cf")), None)


def _of_its_beginning(
    error: yaml.MarkedYAMLError, text: str, lines: list[str], line: int
) -> tuple[int, str] | None:
    """For a fault in something that was begun earlier, and shows only later."""
    start, problem = error.context_mark, error.problem or ""
    if start is None:
        return None
    if "node content" in problem and "<stream end>" in problem:
        return max(len(lines), 1), "is the last, inside a bracket that is not closed. Close it with ] or }."
    first, column = "".join(lines[start.line : start.line + 1])[start.column :], start.column + 1
    at_end = error.problem_mark is None or error.problem_mark.index >= len(text.rstrip())
    if error.context == "while scanning a quoted scalar" and at_end:
        return start.line + 1, f"has a quote in column {column} that is not closed. Close it."
    if "could not find expected ':'" in problem:
        found = describe(first.split(" #")[0].strip())
        return start.line + 1, (
            f"must be `key: value` or `- item`, got {found}. Write a blank after the colon or the dash."
        )
    closing = _CLOSES.get(first[:1], "")
    later = line > start.line + 1 and closing not in "".join(lines[line - 1 : line])
    if closing and later and problem.startswith("expected ','"):
        return (
            start.line + 1,
            f"has a {first[0]} in column {column} that is not closed. Close it with {closing}.",
        )
    if error.context == "while scanning an alias":
        return start.line + 1, _quote_it(column, "*")
    return None


def _of_its_place(
    error: yaml.MarkedYAMLError, line: int, column: int, written: str
) -> tuple[int, str] | None:
    """For a fault at the mark itself."""
    problem, before, here = error.problem or "", written[: column - 1], written[column - 1 : column]
    if problem.startswith("mapping values") and _KEY.match(before):
        curled = " straight" if any(c in _CURLED for c in written) else ""
        return line, f'has a second colon in column {column}. Put the text in{curled} quotes, "…: …".'
    if problem.startswith("mapping values"):
        return line, (
            "begins a setting inside the value of the line before it. Give both the same indentation, "
            "or that line its colon or dash."
        )
    if problem.startswith("sequence entries"):
        return line, f"has a dash in column {column} after a colon. Begin a new line, or write [a, b]."
    if "cannot start any token" in problem or problem.startswith("found undefined alias"):
        return line, _quote_it(column, here)
    if problem.startswith("found unknown escape"):
        return line, f"has a backslash in double quotes, in column {column - 1}. Use single quotes."
    if problem.startswith("expected ','") and "got ':'" in problem:
        return line, f"lacks a comma before column {column}. Write one, or put a text with a colon in quotes."
    if not problem.startswith("expected <block end>"):
        return None
    if here in ("}", "]"):
        return line, f"has a {here} in column {column} that was not opened. Remove it."
    if before.strip(" -"):
        end = before.rstrip()[-1]
        quotes = {'"': "'…'", "'": '"…"'}.get(end, "quotes")
        return (
            line,
            f"goes on in column {column} after a value that ended with {end}. Put it all in {quotes}.",
        )
    if here == "-":
        return (
            line,
            f"is an item of no list, in column {column}. Write a dash before each item, all in one column.",
        )
    block = error.context_mark
    if block is not None and block.column + 1 != column:
        return line, (
            f"begins in column {column}, unlike the block from line {block.line + 1} on, in column "
            f"{block.column + 1}. Indent it like what it belongs to."
        )
    return None


def _quote_it(column: int, sign: str) -> str:
    number = "the number first, 5%, or put a text in quotes" if sign == "%" else "it in quotes"
    return f"has a value in column {column} that begins with {sign}. Write {number}."
