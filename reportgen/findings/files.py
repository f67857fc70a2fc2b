"""results.csv and claims.json: findings for other programs."""

from __future__ import annotations

import csv
import io
import json
import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from itertools import groupby
from operator import attrgetter
from typing import Any

from reportgen.declaration.dotted import cell_text
from reportgen.findings.claims.comparisons import ComparisonFinding
from reportgen.findings.claims.judged import ClaimFinding
from reportgen.findings.findings import Findings
from reportgen.findings.rows import COLUMNS, Row, swept_columns
from reportgen.findings.statistics.estimate import Estimate

DIGITS = 12
"""Significant digits of the ends of intervals in results.csv."""
DOWN, UP = Context(DIGITS, ROUND_FLOOR), Context(DIGITS, ROUND_CEILING)


def csv_text(findings: Findings) -> str:
    """results.csv: RFC 4180 with a header; values read back to the bit, missing ones are empty.

    Ends of intervals are rounded outwards to `DIGITS` digits, since none is known more precisely.
    """
    swept = swept_columns(findings.experiment)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *swept])
    fixed = attrgetter(*COLUMNS)
    numbers = slice(COLUMNS.index("value"), COLUMNS.index("ci_high") + 1)
    for _, rows in groupby(findings.rows, lambda row: id(row.setting)):  # one mapping for all rows of an arm
        first, *others = rows
        after = [_cell(first.setting[name]) for name in swept]
        for row in (first, *others):
            cells = [*fixed(row), *after]
            cells[numbers] = ["" if math.isnan(number) else number for number in (row.value, *_ends(row))]
            writer.writerow(cells)
    return out.getvalue()


def _ends(row: Row) -> tuple[float, float]:
    """Ends of a row's interval, rounded outwards to `DIGITS` digits; unrounded if the interval is a point."""
    low, high = row.ci_low, row.ci_high
    if not low < high:
        return low, high
    return float(DOWN.create_decimal_from_float(low)), float(UP.create_decimal_from_float(high))


def claims_data(findings: Findings) -> list[dict[str, Any]]:
    """claims.json as Python data; None where a number is not available or not finite."""
    return [claim_data(claim) for claim in findings.claims]


def claims_text(findings: Findings) -> str:
    """claims.json."""
    return json.dumps(claims_data(findings), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _cell(value: Any) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else cell_text(value)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def claim_data(claim: ClaimFinding) -> dict[str, Any]:
    """One entry of claims.json."""
    return {
        "id": claim.id,
        "statement": claim.statement,
        "verdict": claim.verdict,
        **_interval(claim.estimate),
        "source": claim.source,
        "effect": claim.effect,
        "expect": claim.expect,
        "as_expected": claim.as_expected,
        "quote": claim.quote,
        "test": claim.test,
        "where": claim.where,
        "cause": claim.cause,
        "simultaneous_level": claim.level,
        "comparisons": [_comparison(detail) for detail in claim.details],
    }


def _interval(estimate: Estimate) -> dict[str, Any]:
    return {
        "estimate": _number(estimate.value),
        "ci_low": _number(estimate.low),
        "ci_high": _number(estimate.high),
    }


def _comparison(found: ComparisonFinding) -> dict[str, Any]:
    return {
        "comparison": found.text,
        "checkpoint": found.checkpoint,
        "setting": dict(found.setting),
        "verdict": found.verdict,
        "effect": found.effect,
        **_interval(found.estimate),
        "simultaneous_low": _number(found.low),
        "simultaneous_high": _number(found.high),
        "p_value": _number(found.p_value),
        "status": found.estimate.status,
        "cause": found.cause,
    }
