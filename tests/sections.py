"""Sections of a declaration as a plan holds them: resolved, plain data."""

from __future__ import annotations

from typing import Any

from reportgen.declaration.train import Train


def train_section(**given: Any) -> dict[str, Any]:
    """A `train` section with every default."""
    return Train.model_validate(given).model_dump(mode="json")
