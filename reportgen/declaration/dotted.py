"""Settings by their dotted path, `train.after.objective`, in plain data, and their values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any


def value_at(plain: Mapping[str, Any], path: str) -> Any:
    """The value at a path. Raises KeyError if a part of it is missing."""
    found: Any = plain
    for name in path.split("."):
        if not isinstance(found, Mapping):
            raise KeyError(path)
        found = found[name]
    return found


def with_value(plain: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy that has `value` at a path. Raises KeyError if the mapping it belongs in is missing."""
    name, _, rest = path.partition(".")
    if not rest:
        return {**plain, name: value}
    inner = plain[name]
    if not isinstance(inner, Mapping):
        raise KeyError(path)
    return {**plain, name: with_value(inner, rest, value)}


def identity(value: Any) -> Hashable:
    """A key that is equal for equal values of a setting, and for equal settings.

    A tuple equals a list and 1.0 equals 1, but a truth value equals no number.
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
    """A value as results.csv writes it: true, 0.5; a list, nested or not, as its values between spaces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(cell_text, value)) if isinstance(value, list | tuple) else str(value)
