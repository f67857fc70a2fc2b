"""From moments in η to the numbers of a record, in φ.

Nothing here is estimated again: every number is an exact function of the
moments and of the encoder's Jacobian (see `reportgen.store.records` for what
each array means).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.families import MeanFieldGaussian
from reportgen.measure.channels import Channel, ChannelKey
from reportgen.measure.direction import directional_ratios
from reportgen.measure.draws import Frame, IntegrandValues
from reportgen.measure.equal_means import equal_means_test
from reportgen.measure.moments import LeftOut, Moments
from reportgen.measure.pushforward import Pushforward
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm
from reportgen.store.records import HISTOGRAM_BINS, HISTOGRAM_DECADES, QUANTILES

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coordinates:
    """Per-coordinate variances of one channel, summarized; each row w lacks bucket w − 1."""

    variances: list[Tensor]
    """[P] for each of the W rows."""
    quantiles: Tensor
    """[W G Q]"""
    histogram: Tensor
    """[bins]"""


def summarize(
    arms: tuple[Arm, ...],
    channels: Mapping[ChannelKey, Channel],
    references: Mapping[str, Arm],
    pushforward: Pushforward,
    q: MeanFieldGaussian,
    rounds: Iterator[Mapping[str, IntegrandValues]],
    frame: Frame,
) -> dict[str, Array]:
    """All arrays of a measurement record, by name; `rounds` are draws that the moments have not seen."""
    sound = {key: LeftOut.of(c.moments) for key, c in channels.items() if c.cause is None}
    traces = {key: left.trace(pushforward.grams) for key, left in sound.items()}
    images, rows = pushforward.grams.shape[1], next(iter(traces.values())).shape[1] if traces else 2
    moved = -q.kl_gradient().double()  # [I m]
    shifts = {name: moved if o.exact_kl else torch.zeros_like(moved) for name, o in OBJECTIVES.items()}
    live = [block.live() for block in pushforward.blocks]
    coordinates = _coordinates(arms, references, sound, pushforward, live)
    reference_moments = {
        objective: channels[ChannelKey.of(arm)].moments
        for objective, arm in references.items()
        if ChannelKey.of(arm) in sound
    }
    directions = {
        objective: _directions(moments, shifts[objective], pushforward)
        for objective, moments in reference_moments.items()
    }

    out = _blank(len(arms), images, rows - 1, len(pushforward.groups))
    out["coordinate_count"] = _per_group([block.size for block in pushforward.blocks])
    out["coordinate_dead"] = _per_group([int((~alive).sum()) for alive in live])
    ratios = directional_ratios(arms, channels, references, shifts, rounds, frame, pushforward)
    others = (ratios.sum(2, keepdim=True) - ratios) / (ratios.shape[2] - 1)
    out["directional_ratio"], out["directional_ratio_without"] = ratios.mean(2).numpy(), others.numpy()
    for a, arm in enumerate(arms):
        key = ChannelKey.of(arm)
        if key not in sound:
            continue
        left, trace = sound[key], traces[key]
        mean = left.mean + shifts[arm.objective].unsqueeze(1)
        _put(out, "variance", a, trace)
        raw = torch.einsum("iwa,giab,iwb->iwg", mean, pushforward.grams, mean)
        _put(out, "squared_norm", a, raw - trace / left.count.view(1, -1, 1))
        out["image_squared_norm_raw"][a] = raw[:, 0, 0].numpy()
        batch = [pushforward.pull(mean[:, w]) for w in range(rows)]
        batch_raw = torch.stack([_squared(part) for part in batch])
        batch_bias = (trace[..., 0] / left.count).sum(0) / images**2
        out["batch_squared_norm"][a] = float(batch_raw[0] - batch_bias[0])
        out["batch_squared_norm_without"][a] = (batch_raw - batch_bias)[1:].numpy()
        out["batch_squared_norm_raw"][a] = float(batch_raw[0])
        out["image_dot"][a] = (mean[:, 0] * pushforward.push(batch[0])).sum(1).numpy()
        if arm.objective in directions:
            moments = channels[key].moments
            along = _projection(moments, shifts[arm.objective], directions[arm.objective])
            out["projection"][a] = along[:, 0].numpy()
            out["projection_without"][a] = along[:, 1:].numpy()
        if key in coordinates:
            out["coordinate_quantiles"][a] = coordinates[key].quantiles[0].numpy()
            out["coordinate_quantiles_without"][a] = coordinates[key].quantiles[1:].numpy()
            out["coordinate_histogram"][a] = coordinates[key].histogram.numpy()
            reference = references.get(arm.objective)
            partner = coordinates.get(ChannelKey.of(reference)) if reference is not None else None
            if partner is not None:
                lower = _fraction_lower(partner.variances, coordinates[key].variances)
                out["coordinate_lower"][a] = lower[0]
                out["coordinate_lower_without"][a] = lower[1:]
        paired = channels[key].paired
        if paired is not None and not arm.constant and arm.objective in references:
            signal = sound[ChannelKey.of(references[arm.objective])].mean[:, 0]
            # Rounding of single estimates: relative to their size in the precision they were computed in.
            size = torch.diagonal(left.covariance(0), dim1=1, dim2=2).amax(1)
            floor = size * (torch.finfo(q.mean.dtype).eps * 8) ** 2
            test = equal_means_test(paired.moments, signal + shifts[arm.objective], floor)
            out["bias_statistic"][a] = test.statistic.numpy()
            out["bias_dimension"][a] = test.dimension.numpy()
            out["bias_p_value"][a] = test.p_value.numpy()
            out["detectable_bias"][a] = test.detectable.numpy()
    return out


def _blank(arms: int, images: int, buckets: int, groups: int) -> dict[str, Array]:
    shapes: dict[str, tuple[int, ...]] = {
        "variance": (arms, images, groups),
        "variance_without": (arms, images, buckets, groups),
        "squared_norm": (arms, images, groups),
        "squared_norm_without": (arms, images, buckets, groups),
        "projection": (arms, images),
        "projection_without": (arms, images, buckets),
        "batch_squared_norm": (arms,),
        "batch_squared_norm_without": (arms, buckets),
        "batch_squared_norm_raw": (arms,),
        "directional_ratio": (arms, images),
        "directional_ratio_without": (arms, images, buckets),
        "image_dot": (arms, images),
        "image_squared_norm_raw": (arms, images),
        "bias_statistic": (arms, images),
        "bias_dimension": (arms, images),
        "bias_p_value": (arms, images),
        "detectable_bias": (arms, images),
        "coordinate_quantiles": (arms, groups, len(QUANTILES)),
        "coordinate_quantiles_without": (arms, buckets, groups, len(QUANTILES)),
        "coordinate_histogram": (arms, HISTOGRAM_BINS),
        "coordinate_lower": (arms,),
        "coordinate_lower_without": (arms, buckets),
    }
    return {name: np.full(shape, np.nan) for name, shape in shapes.items()}


def _put(out: dict[str, Array], name: str, arm: int, values: Tensor) -> None:
    """values [I W G]: row 0 into `name`, the others into `name`_without."""
    out[name][arm] = values[:, 0].numpy()
    out[f"{name}_without"][arm] = values[:, 1:].numpy()


def _per_group(sizes: list[int]) -> Array:
    return np.array([sum(sizes), *sizes], dtype=np.float64)


def _squared(parts: list[Tensor]) -> Tensor:
    return torch.stack([(part**2).sum() for part in parts]).sum()


def _directions(reference: Moments, shift: Tensor, pushforward: Pushforward) -> Tensor:
    """J_i u for each half of the buckets, even and odd, u the images' mean gradient in the *other*, [I 2 m].

    With u from the same replicates, its noise would lengthen the reference's
    own projection, and so shorten every other estimator's relative to it.
    """
    others = (reference.pooled(slice(1 - half, None, 2))[1] + shift for half in (0, 1))
    return torch.stack([pushforward.push(pushforward.pull(mean)) for mean in others], 1)


def _projection(moments: Moments, shift: Tensor, directions: Tensor) -> Tensor:
    """Mean along the directions of the reference's other half, over both halves, [I W] as in `LeftOut`."""
    buckets = len(moments.count)
    halves = torch.arange(buckets) % 2
    along = ((moments.mean + shift.unsqueeze(1)) * directions[:, halves]).sum(2)  # [I S]
    include = torch.cat([torch.ones(1, buckets).double(), 1.0 - torch.eye(buckets).double()])
    rows = torch.zeros(len(along), buckets + 1, dtype=torch.float64)
    for half in (0, 1):
        weight = include * moments.count * (halves == half)
        rows += along @ (weight / weight.sum(1, keepdim=True)).T / 2.0
    return rows


def _coordinates(
    arms: tuple[Arm, ...],
    references: Mapping[str, Arm],
    sound: Mapping[ChannelKey, LeftOut],
    pushforward: Pushforward,
    live: list[Tensor],
) -> dict[ChannelKey, Coordinates]:
    """Per-coordinate variances for each objective's first arm of every label."""
    wanted: dict[tuple[str, str], ChannelKey] = {}
    for arm in arms:
        if not arm.constant:
            wanted.setdefault((arm.objective, arm.label), ChannelKey.of(arm))
    quantiles = torch.tensor(QUANTILES, dtype=torch.float64)
    result = {}
    for key in dict.fromkeys(wanted.values()):
        if key not in sound:
            continue
        left = sound[key]
        variances, table = [], []
        for row in range(left.count.shape[0]):
            covariance = left.covariance(row)
            parts = [
                block.coordinate_variance(covariance)[alive]
                for block, alive in zip(pushforward.blocks, live, strict=True)
            ]
            everything = torch.cat(parts)
            variances.append(everything)
            table.append(torch.stack([_quantiles(part, quantiles) for part in (everything, *parts)]))
        low, high = HISTOGRAM_DECADES
        logarithm = variances[0].clamp_min(1e-300).log10().clamp(low, high)
        histogram = torch.histc(logarithm, HISTOGRAM_BINS, low, high)
        result[key] = Coordinates(variances, torch.stack(table), histogram)
    return result


def _quantiles(values: Tensor, at: Tensor) -> Tensor:
    """Linear interpolation between order statistics; NaN for an empty group."""
    if values.numel() == 0:
        return torch.full_like(at, torch.nan)
    return torch.from_numpy(np.quantile(values.numpy(), at.numpy()))


def _fraction_lower(reference: list[Tensor], arm: list[Tensor]) -> Array:
    return np.array([float((r < v).double().mean()) for r, v in zip(reference, arm, strict=True)])
