"""Epochs, as a declaration lists them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from reportgen.declaration.complaints import describe, refuse
from reportgen.declaration.scalars import AsList, Marker, Whole, ascending, filled

Epochs = Annotated[
    tuple[Annotated[int, Whole(0)], ...],
    AsList(),
    AfterValidator(filled),
    AfterValidator(ascending),
]


class WhichCheckpoints(Marker):
    """``last``, ``every``, or epochs."""

    def check(self, value: Any) -> str | tuple[int, ...]:
        if value in ("last", "every"):
            return str(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, (list, tuple)):
            raise refuse(f"must be last, every or a list of epochs, got {describe(value)}. Use last.")
        return ascending(filled(tuple(Whole(0).check(epoch) for epoch in value)))

    def schema(self) -> dict[str, Any]:
        epochs = {"type": "array", "minItems": 1, "items": Whole(0).schema()}
        return {"anyOf": [{"enum": ["last", "every"]}, epochs]}


Which = Annotated[str | tuple[int, ...], WhichCheckpoints()]


def chosen(which: str | tuple[int, ...], checkpoints: tuple[int, ...]) -> tuple[int, ...]:
    """The epochs that are chosen, of the checkpoints at which parameters are kept."""
    if which == "every":
        return checkpoints
    return checkpoints[-1:] if which == "last" else tuple(int(epoch) for epoch in which)
