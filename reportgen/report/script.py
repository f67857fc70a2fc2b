"""The page's script. It only adds to the page, which is complete without it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from reportgen.resources import templates

FILES = ("page.js", "results.js", "numbers.js", "figures.js")
"""Files in ``templates/script``, in the order in which they run."""


@dataclass(frozen=True)
class Script:
    """Text of a script element, and the source expression with which the page's policy allows only it."""

    text: Markup
    allowed: str


def script() -> Script:
    """All files as one script. Source: Content Security Policy Level 3, section 2.3.1, hash sources."""
    text = "".join((templates() / "script" / name).read_text(encoding="utf-8") for name in FILES)
    text = f"\n{text}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"'sha256-{digest}'")
