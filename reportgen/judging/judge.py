"""The judgement of a trained VAE: its test likelihood, its active units, and images to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reportgen.datasets import Dataset, binarized
from reportgen.datasets.dataset import Pixels
from reportgen.errors import CellError
from reportgen.judging.activity import BUCKETS, posterior_means, unit_variances, unit_variances_without
from reportgen.judging.bounds import bounds
from reportgen.judging.networks import networks
from reportgen.judging.pictures import reconstructions, samples
from reportgen.judging.weights import LayeredWeights
from reportgen.plan import JudgementCell
from reportgen.problems.images import chosen_rows
from reportgen.store.records import JudgementRecord
from reportgen.streams import stream

SAMPLES = 64
"""Draws from the prior that are shown."""
ORIGINALS = 20
"""Test images that are shown beside their reconstructions."""


def judge(
    cell: JudgementCell,
    parameters: Mapping[str, Tensor],
    dataset: Dataset,
    *,
    device: str = "cpu",
    report: Callable[[float], None] | None = None,
    environment: dict[str, Any] | None = None,
) -> JudgementRecord:
    """Judge the VAE of a checkpoint on the test part of its data set.

    `parameters` are the checkpoint's by name. As the cell says, `images` test images are taken at random (all
    of them for None), binarized once; `num_samples` samples of each make its bound,
    and the bounds of fewer samples in `curve`. `report` is told the fraction done.

    What an image is binarized to and what noise it sees depend on the seed and
    on its row alone; so a bound is the same whichever other images are judged,
    and changes by rounding only with the device, the library and the number of
    threads. The sample that `images` draws is the head of one permutation, so
    fewer images are some of the more.

    Source: Burda et al. (2016), section 5: 5000 samples, equation 8; active
    units, section 5.2. Raises CellError for a model that is no Gaussian VAE,
    for images that are not there, and for a bound that is not a number.
    """
    started = perf_counter()
    seed, num_samples = cell.seed, int(cell.judge["num_samples"])
    curve = whole_curve(cell.judge["curve"], num_samples)
    rows = judged_rows(dataset, cell.judge["images"], seed)
    where = torch.device(device)
    found = networks(cell.problem, parameters, dataset, seed, where)
    x = torch.from_numpy(binary_images(dataset, rows, seed)).to(where, found.dtype)
    means = posterior_means(found, x, rows, seed)
    shown = x[np.linspace(0, len(rows) - 1, min(ORIGINALS, len(rows))).astype(int)]
    arrays = {
        "bounds": bounds(
            LayeredWeights(found), x, rows, curve, num_samples=num_samples, seed=seed, report=report
        ),
        "unit_variance": unit_variances(means),
        "unit_variance_without": unit_variances_without(means, seed),
        "samples": samples(found, SAMPLES, seed, where),
        "originals": shown.double().cpu().numpy(),
        "reconstructions": reconstructions(found, shown, seed),
    }
    return JudgementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset=dataset.name,
        shape=dataset.shape,
        layers=found.widths,
        num_samples=num_samples,
        curve=curve,
        images=rows,
        seconds=perf_counter() - started,
        environment=environment or {},
        arrays=arrays,
    )


def whole_curve(curve: Sequence[int], num_samples: int) -> tuple[int, ...]:
    """Ascending, without repetition, `num_samples` at its end. Raises CellError for a k out of range."""
    ks = tuple(sorted({*curve, num_samples}))
    if ks[0] < 1 or ks[-1] > num_samples:
        raise CellError(
            f"judge.curve: each k must be from 1 to judge.num_samples, {num_samples}; "
            f"got {next(k for k in ks if not 1 <= k <= num_samples)}. Leave it out, or take more samples."
        )
    return ks


def judged_rows(dataset: Dataset, images: int | None, seed: int) -> tuple[int, ...]:
    """Rows of the test part, ascending. Raises CellError where there are too few, or too few are wanted."""
    available = len(dataset.test)
    count = available if images is None else images
    if not BUCKETS <= count <= available:
        raise CellError(
            f"judge.images: from {BUCKETS} to the {available} images of {dataset.name}'s test part, "
            f"got {count}. Use {available}, or leave it out for all."
        )
    return chosen_rows(dataset, count, seed)


def binary_images(dataset: Dataset, rows: Sequence[int], seed: int) -> Pixels:
    """One binary draw of each of these test images, whichever others are asked for, [I pixels]."""
    return binarized(dataset, dataset.test, stream(seed, "judging", "binarized"))[list(rows)]
