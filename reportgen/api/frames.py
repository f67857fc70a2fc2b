"""Rows of results as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportgen.declaration.train import TRAINING_SEED
from reportgen.errors import MissingRequirementError
from reportgen.findings.models.rows import EVERY
from reportgen.findings.rows import COLUMNS, Row

if TYPE_CHECKING:
    import pandas


def plain(rows: Sequence[Row], swept: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One dictionary per row, with the columns of results.csv; NaN where a number is not available."""
    return [
        {name: getattr(row, name) for name in COLUMNS} | {name: row.setting[name] for name in swept}
        for row in rows
    ]


def frame(rows: Sequence[Row], swept: Sequence[str] = ()) -> pandas.DataFrame:
    """The rows of `plain` as a DataFrame; a training seed that is swept is a number or missing.

    Its column is Int64, pandas' nullable integers (objects, if a seed is too large for them). It is missing
    in rows of the mean over trainings, where results.csv has the word `every`. Raises
    MissingRequirementError without pandas.
    """
    try:
        import pandas
    except ImportError:
        raise MissingRequirementError(
            "frame() needs pandas, found none. Install it (pip install 'reportgen[notebook]'), or take the "
            "same rows as dictionaries from .rows."
        ) from None
    table = pandas.DataFrame(plain(rows, swept), columns=[*COLUMNS, *swept])
    if TRAINING_SEED in swept:
        seeds = [None if row.setting[TRAINING_SEED] == EVERY else row.setting[TRAINING_SEED] for row in rows]
        fit = all(seed is None or seed < 2**63 for seed in seeds)
        table[TRAINING_SEED] = pandas.array(seeds, dtype="Int64" if fit else object)
    return table
