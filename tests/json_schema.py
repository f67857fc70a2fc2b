"""A validator of plain data for the part of JSON Schema that a declaration's schema uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
    "null": (type(None),),
}
ANNOTATIONS = {"then", "else", "$defs", "$schema", "title", "description", "default"}
Schema = dict[str, Any]


def faults(schema: Schema, value: Any, root: Schema, at: str = "") -> list[str]:
    """Where a value violates the schema: place and keyword each. Raises KeyError for an unknown keyword."""
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword in INSIDE:
            found += INSIDE[keyword](schema, value, root, at)
        elif keyword not in ANNOTATIONS and not ALONE[keyword](wanted, value, root):
            found.append(f"{at}: {keyword}")
    return found


def _reference(schema: Schema, value: Any, root: Schema, at: str) -> list[str]:
    return faults(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, at)


def _properties(schema: Schema, value: Any, root: Schema, at: str) -> list[str]:
    known = schema["properties"]
    inner = value if isinstance(value, dict) else {}
    return [f for key in inner if key in known for f in faults(known[key], inner[key], root, f"{at}.{key}")]


def _additional(schema: Schema, value: Any, root: Schema, at: str) -> list[str]:
    wanted, inner = schema["additionalProperties"], value if isinstance(value, dict) else {}
    rest = [key for key in inner if key not in schema.get("properties", {})]
    if isinstance(wanted, dict):
        return [f for key in rest for f in faults(wanted, inner[key], root, f"{at}.{key}")]
    return [] if wanted else [f"{at}.{key}: additionalProperties" for key in rest]


def _items(schema: Schema, value: Any, root: Schema, at: str) -> list[str]:
    inner = value if isinstance(value, list) else []
    return [f for i, each in enumerate(inner) for f in faults(schema["items"], each, root, f"{at}[{i}]")]


def _conditional(schema: Schema, value: Any, root: Schema, at: str) -> list[str]:
    chosen = "else" if faults(schema["if"], value, root) else "then"
    return faults(schema.get(chosen, {}), value, root, at)


INSIDE: dict[str, Callable[[Schema, Any, Schema, str], list[str]]] = {
    "$ref": _reference,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "if": _conditional,
}


def _is(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name]) and (name != "integer" or value == int(value))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


ALONE: dict[str, Callable[[Any, Any, Schema], bool]] = {
    "type": lambda w, v, _: any(_is(name, v) for name in ([w] if isinstance(w, str) else w)),
    "enum": lambda w, v, _: v in w,
    "const": lambda w, v, _: bool(v == w),
    "anyOf": lambda w, v, root: any(not faults(each, v, root) for each in w),
    "oneOf": lambda w, v, root: sum(not faults(each, v, root) for each in w) == 1,
    "required": lambda w, v, _: not isinstance(v, dict) or set(w) <= set(v),
    "minItems": lambda w, v, _: not isinstance(v, list) or len(v) >= w,
    "minLength": lambda w, v, _: not isinstance(v, str) or len(v) >= w,
    "maxLength": lambda w, v, _: not isinstance(v, str) or len(v) <= w,
    "pattern": lambda w, v, _: not isinstance(v, str) or re.search(w, v) is not None,
    "minimum": lambda w, v, _: not _number(v) or bool(v >= w),
    "exclusiveMinimum": lambda w, v, _: not _number(v) or bool(v > w),
    "exclusiveMaximum": lambda w, v, _: not _number(v) or bool(v < w),
}
