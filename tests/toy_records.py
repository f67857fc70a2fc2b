"""Records of scalar toys with known variances, for tests of intervals: many repetitions at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.store.records import ArmRecord, MeasurementRecord

Array = NDArray[np.float64]


def arm_record(label: str, *, reference: bool = False, **changes: Any) -> ArmRecord:
    """An arm measured without trouble."""
    fields: dict[str, Any] = {
        "objective": "reconstruction", "estimator": label, "label": label, "num_samples": 1, "constant": 0.0,
        "status": "met", "cause": None, "replicates": 100, "relative_half_width": 0.01, "forward": 1.0,
        "backward": 0.0, "seconds_per_replicate": 2e-6, "reference": reference,
    }  # fmt: skip
    return ArmRecord(**{**fields, **changes})


def record(arms: Sequence[ArmRecord], arrays: dict[str, Array], **changes: Any) -> MeasurementRecord:
    """A record of these arms and arrays; the only parameter group is ``all``."""
    fields: dict[str, Any] = {
        "key": "k", "training_key": "t", "setting": {}, "base": True, "checkpoint": 0, "dataset": "toy",
        "groups": ("all",), "images": tuple(range(arrays["variance"].shape[1])), "latent": 1, "eta": 2,
        "parameters": 1, "draws_per_image": 100, "seconds": 1.0, "environment": {},
    }  # fmt: skip
    return MeasurementRecord(arms=tuple(arms), arrays=arrays, **{**fields, **changes})


def moments(draws: Array) -> tuple[Array, Array, Array, Array]:
    """Mean and variance (ddof 1) of [… S n] over S and n, and the same without each bucket, [… S]."""
    buckets, size = draws.shape[-2:]
    total, fewer = buckets * size, (buckets - 1) * size
    mean = draws.mean((-2, -1))
    centred = draws - mean[..., None, None]
    offset = -centred.sum(-1) / fewer
    square = (centred**2).sum(-1)
    whole = square.sum(-1)
    without = (whole[..., None] - square - fewer * offset**2) / (fewer - 1)
    return mean, whole / (total - 1), mean[..., None] + offset, without


def repetitions(draws: dict[str, Array]) -> Iterator[tuple[MeasuredArm, ...]]:
    """Arms of each repetition, from draws [T I S n] of every label; the last label is the reference."""
    parts = {label: moments(values) for label, values in draws.items()}
    count = next(iter(draws.values())).shape[0]
    total = int(np.prod(next(iter(draws.values())).shape[-2:]))
    arms = [arm_record(label, reference=label == list(draws)[-1], replicates=total) for label in draws]
    for t in range(count):
        stacked = [[part[t] for part in moments_] for moments_ in parts.values()]
        mean, variance, mean_without, without = (np.stack(column) for column in zip(*stacked, strict=True))
        size = total / without.shape[-1] * (without.shape[-1] - 1)
        arrays = {
            "variance": variance[..., None],
            "variance_without": without[..., None],
            "squared_norm": (mean**2 - variance / total)[..., None],
            "squared_norm_without": (mean_without**2 - without / size)[..., None],
            "projection": mean * mean[-1].mean(),
            "projection_without": mean_without * mean[-1].mean(),
        }
        made = record(arms, arrays)
        yield tuple(MeasuredArm(made, i) for i in range(len(arms)))
