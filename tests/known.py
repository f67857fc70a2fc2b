"""Records of problems whose moments are known: measured values, with exact values and biases beside them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from reportgen.store.records import MeasurementRecord


def known(record: MeasurementRecord, **arrays: Any) -> MeasurementRecord:
    """The record with further arrays; a number fills an array shaped like `variance` or its leave-outs."""
    shapes = {True: record.arrays["variance_without"].shape, False: record.arrays["variance"].shape}
    more = {name: np.full(shapes["without" in name], value) for name, value in arrays.items()}
    return dataclasses.replace(record, arrays={**record.arrays, **more})


def with_oracles(record: MeasurementRecord) -> MeasurementRecord:
    """The record as if it were right to 1 % about the exact moments, and biased by half its noise."""
    arrays = record.arrays
    return known(
        record,
        exact_variance=1.01 * arrays["variance"],
        exact_squared_norm=np.abs(arrays["squared_norm"]),
        exact_bias_squared=0.5 * arrays["variance"],
        bias_squared=0.5 * arrays["variance"],
        bias_squared_without=0.5 * arrays["variance_without"],
    )
