"""What a section is: a title, a template, and the context it is filled with."""

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
    """What the template is filled with; None where the experiment gives nothing to say, and the
    section is left out. An entry ``title`` replaces the title."""
