"""Findings: statistics with intervals, and claims with verdicts, from the records of measured cells.

No torch here: a report can be written wherever the store can be read.
"""

from __future__ import annotations

from reportgen.findings.claims.comparisons import ComparisonFinding
from reportgen.findings.claims.judged import ClaimFinding
from reportgen.findings.collecting import adopt, collect
from reportgen.findings.files import claim_data, claims_data, claims_text, csv_text
from reportgen.findings.findings import Findings
from reportgen.findings.rows import Row
from reportgen.findings.statistics.arm import broken_arms
from reportgen.findings.statistics.coordinates import Coordinates
from reportgen.findings.statistics.crossovers import Crossover
from reportgen.findings.statistics.estimate import Estimate
from reportgen.findings.statistics.named import STATISTICS

__all__ = [
    "STATISTICS",
    "ClaimFinding",
    "ComparisonFinding",
    "Coordinates",
    "Crossover",
    "Estimate",
    "Findings",
    "Row",
    "adopt",
    "broken_arms",
    "claim_data",
    "claims_data",
    "claims_text",
    "collect",
    "csv_text",
]
