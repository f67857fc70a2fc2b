"""Reads YAML into plain data and remembers the line of every path.

Stricter than PyYAML: duplicate keys, tags, several documents, aliases that
loop or multiply, and nesting without end are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from reportgen.declaration import yaml_faults
from reportgen.declaration.complaints import Complaint, Path, Places, describe
from reportgen.declaration.yaml_scalars import BOOL, FLOAT, INT, NULL, TEXT, construct, resolvers

DEEPEST = 30
MOST_VALUES = 20_000
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Source:
    """Plain data (dict, list, str, int, float, bool, None) and the line of every path in it."""

    data: Any
    lines: dict[Path, int]


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        self.line = line


class _Composer(yaml.SafeLoader):
    """PyYAML's composer with the scalars of YAML 1.2 and a limit to nesting."""

    yaml_implicit_resolvers = resolvers()
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.depth > DEEPEST:
            raise _TooDeepError(self.peek_event().start_mark.line + 1)  # type: ignore[no-untyped-call]
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def decode(raw: bytes, name: str) -> str:
    """Bytes of a file as text. Raises DeclarationError if they are not UTF-8, or too many."""
    if len(raw) > MOST_BYTES:
        text = f"a declaration has at most {MOST_BYTES} bytes, got {len(raw)}. Is it the right file?"
        raise Places(name, {}).error([Complaint((), text)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        text = f"must be UTF-8, got the byte 0x{raw[error.start]:02x}. Save the file as UTF-8."
        raise Places(name, {(): line}).error([Complaint((), text)]) from None


def read(text: str, name: str) -> Source:
    """Parses a declaration. Raises DeclarationError (``name:line …``) for anything that is not a mapping."""

    def fail(line: int, message: str) -> Exception:
        return Places(name, {(): line}).error([Complaint((), message)])

    try:
        node = _compose(text)
    except _TooDeepError as error:
        raise fail(error.line, f"nested more than {DEEPEST} deep. Flatten it.") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise fail(line, f"holds the unprintable character U+{code:04X}. Remove it.") from None
    except yaml.MarkedYAMLError as error:
        raise fail(*yaml_faults.told(error, text)) from None
    if node is None:
        raise fail(
            1, "is empty. A declaration needs at least `experiment: a-name`; `reportgen init` writes one."
        )
    builder = _Builder()
    data = builder.build(node, (), [])
    if builder.complaints:
        raise Places(name, builder.lines).error(builder.complaints)
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else f"the single value {describe(data)}"
        raise fail(
            1,
            f"must be a mapping of settings (`experiment: a-name` and so on), got {found}. "
            "`reportgen init` writes one.",
        )
    return Source(data, builder.lines)


def read_value(text: str) -> Any:
    """Parses one value as it stands after ``--set path=``. Raises ValueError with the reason."""
    try:
        node = _compose(text)
    except yaml.reader.ReaderError:
        raise ValueError("holds a character that is no text. Remove it.") from None
    except (_TooDeepError, yaml.YAMLError) as error:
        problem = getattr(error, "problem", None) or "nested too deep"
        raise ValueError(f"is not a YAML value ({problem}). Quote it.") from None
    if node is None:
        return None
    builder = _Builder()
    value = builder.build(node, (), [])
    if builder.complaints:
        raise ValueError(builder.complaints[0].text)
    return value


def _compose(text: str) -> yaml.Node | None:
    loader = _Composer(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


class _Builder:
    """Turns nodes into data; a complaint leaves None in its place."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.complaints: list[Complaint] = []
        self.count = 0

    def build(self, node: yaml.Node, path: Path, around: list[yaml.Node]) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self.count += 1
        if self.count > MOST_VALUES:
            if self.count == MOST_VALUES + 1:
                self._complain(
                    path, f"more than {MOST_VALUES} values once its aliases are written out. Shorten it."
                )
            return None
        if any(node is other for other in around):
            return self._complain(path, "is an alias of something it is part of. Write the value out.")
        if node.tag not in (NULL, BOOL, INT, FLOAT, TEXT, *_CONTAINERS):
            return self._complain(path, f"tags such as {node.tag!r} are not read. Remove the tag.")
        if isinstance(node, yaml.ScalarNode):
            try:
                return construct(node.tag, node.value)
            except (ValueError, OverflowError) as error:
                start = node.value if len(node.value) <= 30 else node.value[:27] + "…"
                return self._complain(path, f"must be {error}, got {start}. Write it so.")
        inner = [*around, node]
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i), inner) for i, item in enumerate(node.value)]
        return self._mapping(node, path, inner)

    def _mapping(self, node: yaml.Node, path: Path, inner: list[yaml.Node]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.lines.setdefault((*path, "?"), line)
                self._complain((*path, "?"), "a key must be a word, got a list or mapping. Write a word.")
                continue
            key = str(key_node.value)
            place = (*path, key)
            if key in result:
                first = self.lines[place]
                self._complain(place, f"is declared twice, in lines {first} and {line}. Keep one.")
                continue
            self.lines[place] = line
            result[key] = self.build(value_node, place, inner)
        return result

    def _complain(self, path: Path, text: str) -> None:
        self.complaints.append(Complaint(path, text))


_CONTAINERS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
