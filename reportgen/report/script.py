"""What the page does beyond being read, where a browser runs scripts; without them it is whole."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from reportgen.resources import templates

FILES = ("page.js", "results.js", "numbers.js", "figures.js")
"""Under ``templates/script``, in the order in which they run."""


@dataclass(frozen=True)
class Script:
    """Text of a script element, and the source expression by which the page's policy allows it alone."""

    text: Markup
    allowed: str


def script() -> Script:
    """All files as one. Source: Content Security Policy Level 3, section 2.3.1, hash sources."""
    text = "".join((templates() / "script" / name).read_text(encoding="utf-8") for name in FILES)
    text = f"\n{text}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"'sha256-{digest}'")
