"""Trained models from inside: the course of training, bounds, latent units, images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings
from reportgen.report.text.section import Section


def context(findings: Findings) -> Mapping[str, Any] | None:
    """An empty context, as the section consists of figures; left out if no model is judged."""
    return {} if findings.judgements else None


SECTION = Section("inside", "Inside the models", context)
