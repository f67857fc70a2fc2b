"""Settings by their dotted path, `train.after.objective`, in plain data, and their values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any


def value_at(plain: Mapping[str, Any], path: str) -> Any:
    """The value at a path. KeyError where a part of it is missing."""
    found: Any = plain
    for name in path.split("."):
        if not isinstance(found, Mapping):
            raise KeyError(path)
        found = found[name]
    return found


def with_value(plain: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy that has `value` at a path. KeyError where the mapping it belongs in is missing."""
    name, _, rest = path.partition(".")
    if not rest:
        return {**plain, name: value}
    inner = plain[name]
    if not isinstance(inner, Mapping):
        raise KeyError(path)
    return {**plain, name: with_value(inner, rest, value)}


def identity(value: Any) -> Hashable:
    """The same of values of a setting, or of settings, that are the same.

    A tuple is a list, 1.0 is 1, and a truth value is no number.
    """
    if isinstance(value, list | tuple):
        return tuple(map(identity, value))
    if isinstance(value, Mapping):
        return frozenset((name, identity(inner)) for name, inner in value.items())
    return isinstance(value, bool), value


def same_value(first: Any, second: Any) -> bool:
    """Whether two values of a setting, or two settings, are the same."""
    return identity(first) == identity(second)


def cell_text(value: Any) -> str:
    """A value as results.csv writes it: true, 0.5; of a list, and of lists in it, all values in a row."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(cell_text, value)) if isinstance(value, list | tuple) else str(value)
