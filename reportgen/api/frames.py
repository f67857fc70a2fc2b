"""Rows of results as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportgen.errors import MissingRequirementError
from reportgen.findings.rows import COLUMNS, Row

if TYPE_CHECKING:
    import pandas


def plain(rows: Sequence[Row], swept: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One dictionary a row, with the columns of results.csv; NaN where a number is not available."""
    return [
        {name: getattr(row, name) for name in COLUMNS} | {name: row.setting[name] for name in swept}
        for row in rows
    ]


def frame(rows: Sequence[Row], swept: Sequence[str] = ()) -> pandas.DataFrame:
    """The same as a DataFrame. Raises MissingRequirementError without pandas."""
    try:
        import pandas
    except ImportError:
        raise MissingRequirementError(
            "frame() needs pandas, found none. Install it (pip install 'reportgen[notebook]'), or take the "
            "same rows as dictionaries from .rows."
        ) from None
    return pandas.DataFrame(plain(rows, swept), columns=[*COLUMNS, *swept])
