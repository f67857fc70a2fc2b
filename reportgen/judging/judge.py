"""Judges a trained VAE: its test likelihood, its active units, and images to look at."""

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
"""Number of draws from the prior to show."""
ORIGINALS = 20
"""Number of test images to show beside their reconstructions."""


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

    `parameters` are the checkpoint's, by name. The cell's `judge` section gives
    the rest: `images` test images, chosen at random (None for all), are binarized
    once; their bounds are computed from `num_samples` samples each, and from fewer
    as `curve` says. `report` is called with the fraction done.

    The binarization of an image and the noise of its bound depend only on the seed
    and on the image's row. So a bound is the same whichever other images are
    judged, up to rounding that depends on the device, the libraries and the number
    of threads. `images` takes the head of one permutation, so a smaller selection
    is part of a larger one.

    Source: Burda et al. (2016), section 5: 5000 samples, equation 8; active
    units, section 5.2. Raises CellError for a model that is not a Gaussian VAE,
    for too few or too many images, and for a bound that is not finite.
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
    """The curve in ascending order, without repeats, up to `num_samples`. CellError if k is out of range."""
    ks = tuple(sorted({*curve, num_samples}))
    if ks[0] < 1 or ks[-1] > num_samples:
        raise CellError(
            f"judge.curve: each k must be from 1 to judge.num_samples, {num_samples}; "
            f"got {next(k for k in ks if not 1 <= k <= num_samples)}. Leave it out, or take more samples."
        )
    return ks


def judged_rows(dataset: Dataset, images: int | None, seed: int) -> tuple[int, ...]:
    """Rows of the test part, ascending. Raises CellError if there are too few, or too few are requested."""
    available = len(dataset.test)
    count = available if images is None else images
    if not BUCKETS <= count <= available:
        raise CellError(
            f"judge.images: from {BUCKETS} to the {available} images of {dataset.name}'s test part, "
            f"got {count}. Use {available}, or leave it out for all."
        )
    return chosen_rows(dataset, count, seed)


def binary_images(dataset: Dataset, rows: Sequence[int], seed: int) -> Pixels:
    """One binary draw of each of these test images, the same whichever others are requested, [I pixels]."""
    return binarized(dataset, dataset.test, stream(seed, "judging", "binarized"))[list(rows)]
