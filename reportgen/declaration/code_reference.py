"""What a declaration says of a user's own Python: where it is, and with which arguments to call it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.complaints import describe, refuse
from reportgen.declaration.dotted import cell_text
from reportgen.declaration.scalars import Marker
from reportgen.usercode.reference import PATTERN, Reference


@dataclass(frozen=True)
class CodeReference(Marker):
    """``file.py:name`` or ``package.module:name``."""

    example: str

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or Reference.parse(value) is None:
            raise refuse(
                f"must be file.py:name or package.module:name, got {describe(value)}. "
                f"Write {self.example}, say."
            )
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{PATTERN}$"}


@dataclass(frozen=True)
class Arguments(Marker):
    """Keyword arguments with plain values: numbers, text, true, false, or lists of them."""

    def check(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refuse(f"must be a mapping of keywords, got {describe(value)}. Write {{width: 8}}, say.")
        for name, given in value.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise refuse(f"must have Python names as keys, got {describe(name)}.")
            for item in given if isinstance(given, list | tuple) else [given]:
                if not isinstance(item, bool | int | float | str):
                    raise refuse(
                        f"must be a number, text, true or false, or a list of them, got {describe(item)}.",
                        at=(name,),
                    )
                if isinstance(item, float) and not math.isfinite(item):
                    raise refuse(f"must be finite, got {describe(item)}. Use a number.", at=(name,))
        return {name: list(v) if isinstance(v, tuple) else v for name, v in value.items()}

    def schema(self) -> dict[str, Any]:
        plain = {"type": ["number", "string", "boolean"]}
        return {
            "type": "object",
            "additionalProperties": {"anyOf": [plain, {"type": "array", "items": plain}]},
        }


def called(reference: str, arguments: Mapping[str, Any]) -> str:
    """Code and arguments as a sentence names them: “my_vae.py:build, called with latent = 4, tied = true”."""
    given = ", ".join(f"{name} = {cell_text(value)}" for name, value in arguments.items())
    return f"{reference}, called with {given}" if given else reference
