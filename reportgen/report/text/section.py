"""A section: a title, a template, and the context with which it is filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.findings import Findings


@dataclass(frozen=True)
class Section:
    """One section of the report; its template is ``templates/sections/<id>.html``."""

    id: str
    """Anchor in the page, and name of the template."""
    title: str
    context: Callable[[Findings], Mapping[str, Any] | None]
    """The template's context; None if the experiment has nothing for the section, which is then left out.
    An entry ``title`` replaces the title."""
