"""Verification: checks the evidence inside a report's PDF against itself and against a second run."""

from __future__ import annotations

from reportgen.verification.evidence import Evidence, gather
from reportgen.verification.second import again
from reportgen.verification.verification import Verification, judge

__all__ = ["Evidence", "Verification", "again", "gather", "judge"]
