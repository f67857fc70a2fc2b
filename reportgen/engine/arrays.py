"""Creates and fills the arrays of a record (see `reportgen.store.records` for their meaning)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.engine.equal_means import EqualMeansTest
from reportgen.store.records import HISTOGRAM_BINS, HISTOGRAM_DECADES, QUANTILES, T_STEPS
from reportgen.store.shapes import EXACT, FIXED, MEASURED, shape_of

Array = NDArray[np.float64]


def blank(arms: int, images: int, buckets: int, groups: int) -> dict[str, Array]:
    """All arrays with an axis of arms, filled with NaN."""
    sizes = {"A": arms, "I": images, "S": buckets, "G": groups, **FIXED}
    shapes = {name: shape_of(axes, sizes) for name, axes in {**MEASURED, **EXACT}.items()}
    return {name: np.full(shape, np.nan) for name, shape in shapes.items()}


def put(out: dict[str, Array], name: str, arm: int, columns: list[int], values: Tensor) -> None:
    """Put values [I W G] into the arrays: row 0 into `name`, the leave-outs into `name`_without."""
    out[name][arm][:, columns] = values[:, 0].numpy()
    out[f"{name}_without"][arm][:, :, columns] = values[:, 1:].numpy()


def put_mean(
    out: dict[str, Array],
    arm: int,
    columns: list[int],
    raw: Tensor,
    noise: Tensor,
    batch: Tensor,
    dots: Tensor,
) -> None:
    """Put squared norms of the mean gradient, of each image and of the mean over images, less their noise.

    `raw` are the squared norms and `noise` the part of them expected from noise, [I W G]; `batch` [W] is the
    squared norm of the mean over images, `dots` [I] each image's inner product with that mean.
    """
    put(out, "squared_norm", arm, columns, raw - noise)
    out["image_squared_norm_raw"][arm] = raw[:, 0, 0].numpy()
    batch_noise = noise[..., 0].sum(0) / len(noise) ** 2
    out["batch_squared_norm"][arm] = float(batch[0] - batch_noise[0])
    out["batch_squared_norm_without"][arm] = (batch - batch_noise)[1:].numpy()
    out["batch_squared_norm_raw"][arm] = float(batch[0])
    out["image_dot"][arm] = dots.numpy()


def put_test(out: dict[str, Array], arm: int, test: EqualMeansTest) -> None:
    """Put the results of the test of equal means, image by image."""
    out["bias_statistic"][arm] = test.statistic.numpy()
    out["bias_dimension"][arm] = test.dimension.numpy()
    out["bias_p_value"][arm] = test.p_value.numpy()
    out["detectable_bias"][arm] = test.detectable.numpy()


def put_ratios(out: dict[str, Array], ratios: Tensor) -> None:
    """Put the directional ratios, given for every bucket [A I S]: their mean over buckets, and leave-outs."""
    others = (ratios.sum(2, keepdim=True) - ratios) / (ratios.shape[2] - 1)
    out["directional_ratio"], out["directional_ratio_without"] = ratios.mean(2).numpy(), others.numpy()


def put_coordinates(
    out: dict[str, Array], arm: int, columns: list[int], variances: Sequence[Sequence[Tensor]]
) -> None:
    """Put quantiles and histogram of coordinates' `variances`: for each row of W, by group, ``all`` first."""
    table = torch.stack([quantile_table(row) for row in variances])
    out["coordinate_quantiles"][arm][columns] = table[0].numpy()
    out["coordinate_quantiles_without"][arm][:, columns] = table[1:].numpy()
    low, high = HISTOGRAM_DECADES
    logarithm = variances[0][0].clamp_min(1e-300).log10().clamp(low, high)
    out["coordinate_histogram"][arm] = torch.histc(logarithm, HISTOGRAM_BINS, low, high).numpy()


def quantile_table(parts: Sequence[Tensor]) -> Tensor:
    """The record's quantiles of each part, [parts Q]."""
    at = torch.tensor(QUANTILES, dtype=torch.float64)
    return torch.stack([_quantiles(part, at) for part in parts])


def _quantiles(values: Tensor, at: Tensor) -> Tensor:
    """Quantiles by linear interpolation between order statistics; NaN for an empty group."""
    if values.numel() == 0:
        return torch.full_like(at, torch.nan)
    return torch.from_numpy(np.quantile(values.numpy(), at.numpy()))


def put_lower(
    out: dict[str, Array], arm: int, reference: Sequence[Tensor], variances: Sequence[Tensor]
) -> None:
    """Count by t the coordinates where the reference has less variance, and the others; [P] per row of W."""
    lower, t = reference[0] < variances[0], _t_of_log_ratio(reference, variances)
    steps = torch.tensor(T_STEPS, dtype=torch.float64)
    for side, sizes in enumerate((t[lower], -t[~lower])):
        smaller = torch.searchsorted(sizes.clamp_min(0.0).sort().values, steps)
        out["coordinate_lower"][arm, side] = (sizes.numel() - smaller).numpy()


def _t_of_log_ratio(reference: Sequence[Tensor], variances: Sequence[Tensor]) -> Tensor:
    """log(variance / reference's) over its jackknife error, [P]; rows after the first are leave-outs.

    ±∞ if all rows have the same ratio, −∞ if that ratio is 1; 0 if one of the two variances vanishes in some
    rows only.
    """
    whole, units = _log_ratio(reference[0], variances[0]), len(variances) - 1
    first, second = torch.zeros_like(whole), torch.zeros_like(whole)
    for below, above in zip(reference[1:], variances[1:], strict=True):
        ratio = _log_ratio(below, above)
        change = torch.where(ratio == whole, 0.0, ratio - whole)
        first += change
        second += change**2
    error = ((units - 1) / units * (second - first**2 / units).clamp_min(0.0)).sqrt()
    t = torch.where((whole == 0.0) & (error == 0.0), -torch.inf, whole / error)
    return t.nan_to_num(0.0, torch.inf, -torch.inf)


def _log_ratio(below: Tensor, above: Tensor) -> Tensor:
    """log(above / below), taken as 0 where both are zero."""
    ratio = above.log() - below.log()
    return torch.where((above == 0.0) & (below == 0.0), 0.0, ratio)
