"""What trained models look like from inside: how training went, bounds, latent units, images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings
from reportgen.report.text.section import Section


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Figures and where they are; left out where no model is judged."""
    return {} if findings.judgements else None


SECTION = Section("inside", "Inside the models", context)
