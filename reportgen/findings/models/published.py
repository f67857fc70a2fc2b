"""published.json: every published number beside ours, with its verdict, for other programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from reportgen.declaration import Experiment
from reportgen.findings.models.statistics import LIKELIHOOD
from reportgen.findings.models.table import JudgedModel
from reportgen.findings.models.verdict import NOT_JUDGED
from reportgen.findings.statistics.estimate import Estimate

DECLARED = ("setting", "checkpoint", "quantity", "source", "published", "within", "published_epochs")
"""Keys of an entry that follow from the declaration alone."""


def published_data(experiment: Experiment, models: Sequence[JudgedModel]) -> list[dict[str, Any]]:
    """One entry per published cell, in the order of the table; None where a number is not available.

    `difference` is ours minus the published number, None if the two must not be compared; verdicts are
    the table's words.
    """
    return [_entry(experiment, model) for model in models if model.published is not None]


def published_text(experiment: Experiment, models: Sequence[JudgedModel]) -> str:
    """published.json."""
    entries = published_data(experiment, models)
    return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _entry(experiment: Experiment, model: JudgedModel) -> dict[str, Any]:
    published, cell, budget = experiment.published, model.cell, model.budget
    assert published is not None and model.published is not None
    compared = model.verdict != NOT_JUDGED
    return {
        "setting": dict(model.setting),
        "checkpoint": None if cell is None else cell.checkpoint,
        "quantity": LIKELIHOOD,
        "source": published.source,
        "published": model.published.nll,
        **_numbers(("estimate", "ci_low", "ci_high"), model.likelihood),
        **_numbers(
            ("difference", "difference_low", "difference_high"), model.difference if compared else None
        ),
        "within": published.within,
        "epochs": budget.epochs if budget is not None and model.records else None,
        "published_epochs": published.epochs,
        "trainings": len(model.records),
        "verdict": model.verdict,
        "cause": model.cause or (None if compared else published.comparable),
    }


def _numbers(names: tuple[str, str, str], estimate: Estimate | None) -> dict[str, float | None]:
    ends = (math.nan,) * 3 if estimate is None else (estimate.value, estimate.low, estimate.high)
    return {name: end if math.isfinite(end) else None for name, end in zip(names, ends, strict=True)}
