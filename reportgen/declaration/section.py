"""A mapping of the declaration: frozen, and nothing unknown is accepted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of the declaration."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
