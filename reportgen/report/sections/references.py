"""References: what the text cites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings
from reportgen.report.text.section import Section


def context(findings: Findings) -> Mapping[str, Any]:
    """Nothing: the list is made from the citations of the other sections."""
    return {}


SECTION = Section("references", "References", context)
