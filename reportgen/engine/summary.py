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
from torch import Tensor

from reportgen.engine.arrays import Array, blank, lower_fractions, put, quantile_table
from reportgen.engine.channels import Channel, ChannelKey, Reference, Values
from reportgen.engine.direction import directional_ratios
from reportgen.engine.draws import Frame
from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.exact import Exact
from reportgen.engine.moments import LeftOut, Moments
from reportgen.engine.pushforward import Pushforward
from reportgen.engine.seldom import seldom, without
from reportgen.engine.space import Space
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm
from reportgen.store.records import HISTOGRAM_BINS, HISTOGRAM_DECADES


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
    references: Mapping[Reference, Arm],
    spaces: Mapping[str, Space],
    groups: int,
    frame: Frame,
    shifts: Mapping[Reference, Tensor],
    rounds: Iterator[Values],
    exact: Mapping[ChannelKey, Exact],
) -> dict[str, Array]:
    """All arrays of a measurement record, by name; `rounds` are draws that the moments have not seen."""
    sound = {key: LeftOut.of(c.moments) for key, c in channels.items() if c.cause is None}
    traces = {key: left.trace(spaces[channels[key].space].pushforward.grams) for key, left in sound.items()}
    images, rows = frame.gram.shape[0], len(next(iter(channels.values())).moments.count) + 1
    live = {name: [b.live() for b in space.pushforward.blocks] for name, space in spaces.items()}
    coordinates = _coordinates(arms, channels, sound, spaces, live)

    def other_halves(place: Reference, arm: Arm) -> Tensor:
        return _directions(channels[ChannelKey.of(arm)].moments, shifts[place], spaces[place[1]].pushforward)

    directions = {
        place: other_halves(place, arm) for place, arm in references.items() if ChannelKey.of(arm) in sound
    }

    out = blank(len(arms), images, rows - 1, groups)
    out["coordinate_count"], out["coordinate_dead"] = np.zeros(groups), np.zeros(groups)
    for name, space in reversed(list(spaces.items())):  # φ last: the first group is all of it
        sizes = [block.size for block in space.pushforward.blocks]
        out["coordinate_count"][list(space.columns)] = [sum(sizes), *sizes]
        dead = [int((~alive).sum()) for alive in live[name]]
        out["coordinate_dead"][list(space.columns)] = [sum(dead), *dead]
    ratios = directional_ratios(arms, channels, references, shifts, rounds, frame, spaces)
    others = (ratios.sum(2, keepdim=True) - ratios) / (ratios.shape[2] - 1)
    out["directional_ratio"], out["directional_ratio_without"] = ratios.mean(2).numpy(), others.numpy()
    for a, arm in enumerate(arms):
        key = ChannelKey.of(arm)
        if key not in sound:
            continue
        left, trace, place = sound[key], traces[key], (arm.objective, channels[key].space)
        pushforward, columns = spaces[place[1]].pushforward, list(spaces[place[1]].columns)
        shift, reference = shifts[place], references.get(place)
        mean = left.mean + shift.unsqueeze(1)
        put(out, "variance", a, columns, trace)
        raw = torch.einsum("iwa,giab,iwb->iwg", mean, pushforward.grams, mean)
        put(out, "squared_norm", a, columns, raw - trace / left.count.view(1, -1, 1))
        out["image_squared_norm_raw"][a] = raw[:, 0, 0].numpy()
        batch = [pushforward.pull(mean[:, w]) for w in range(rows)]
        batch_raw = torch.stack([_squared(part) for part in batch])
        batch_bias = (trace[..., 0] / left.count).sum(0) / images**2
        out["batch_squared_norm"][a] = float(batch_raw[0] - batch_bias[0])
        out["batch_squared_norm_without"][a] = (batch_raw - batch_bias)[1:].numpy()
        out["batch_squared_norm_raw"][a] = float(batch_raw[0])
        out["image_dot"][a] = (mean[:, 0] * pushforward.push(batch[0])).sum(1).numpy()
        if reference is not None and place in directions:
            along = _projection(channels[key].moments, shift, directions[place])
            of_reference = channels[ChannelKey.of(reference)].moments
            turned = _projection(of_reference, shift, other_halves(place, arm))
            out["projection"][a] = along[:, 0].numpy()
            out["projection_without"][a] = (along + turned - turned[:, :1])[:, 1:].numpy()
        if key in coordinates:
            _put_coordinates(out, a, columns, coordinates[key])
            partner = coordinates.get(ChannelKey.of(reference)) if reference is not None else None
            if partner is not None:
                lower = lower_fractions(partner.variances, coordinates[key].variances)
                out["coordinate_lower"][a] = lower[0]
                out["coordinate_lower_without"][a] = lower[1:]
        paired = channels[key].paired
        known = sound.get(ChannelKey.of(reference)) if reference is not None else None
        # The reference may break at the K it is compared at where it does not at its own.
        tested = paired is not None and bool(torch.isfinite(paired.moments.mean).all())
        if paired is not None and tested and known is not None and not arm.constant:
            signal = known.mean[:, 0]
            # Rounding of single estimates: relative to their size in the precision they were computed in.
            size = torch.diagonal(left.covariance(0), dim1=1, dim2=2).amax(1)
            floor = size * (torch.finfo(frame.gram.dtype).eps * 8) ** 2
            half = paired.moments.total / 2.0 * paired.reference.key.num_samples
            rare = seldom(frame.q, half) if place[1] == "phi" else None
            test = equal_means_test(without(paired.moments, rare), signal + shift, floor)
            out["bias_statistic"][a] = test.statistic.numpy()
            out["bias_dimension"][a] = test.dimension.numpy()
            out["bias_p_value"][a] = test.p_value.numpy()
            out["detectable_bias"][a] = test.detectable.numpy()
        target = _target(key, reference, channels, exact)
        if key in exact:
            _put_exact(out, a, columns, exact[key], shift, pushforward.grams)
        if target is not None:
            away = left.mean - target.mean.unsqueeze(1)
            squared = torch.einsum("iwa,giab,iwb->iwg", away, pushforward.grams, away)
            put(out, "bias_squared", a, columns, squared - trace / left.count.view(1, -1, 1))
        if key in exact and target is not None:
            apart = exact[key].mean - target.mean
            of_group = torch.einsum("ia,giab,ib->ig", apart, pushforward.grams, apart)
            out["exact_bias_squared"][a][:, columns] = of_group.numpy()
    if not exact:
        for name in EXACT:
            del out[name]
    return out


EXACT = ("exact_variance", "exact_squared_norm", "exact_bias_squared", "bias_squared", "bias_squared_without")
"""Arrays that only records with exact answers have."""


def exact_parts(
    arms: tuple[Arm, ...], channels: Mapping[ChannelKey, Channel], frame: Frame, spaces: Mapping[str, Space]
) -> dict[Reference, Tensor]:
    """What the exact part of an objective adds to every estimate, [I m]: −∇KL, or nothing."""
    images = frame.gram.shape[0]
    shifts = {}
    for arm in arms:
        space = channels[ChannelKey.of(arm)].space
        if OBJECTIVES[arm.objective].exact_kl and space == "phi":
            shifts[arm.objective, space] = -frame.q.kl_gradient().double()
        else:
            shifts[arm.objective, space] = torch.zeros(images, spaces[space].dimension, dtype=torch.float64)
    return shifts


def _target(
    key: ChannelKey,
    reference: Arm | None,
    channels: Mapping[ChannelKey, Channel],
    exact: Mapping[ChannelKey, Exact],
) -> Exact | None:
    """What the estimate's mean should be, shift left out: an unbiased estimator's exact mean."""
    candidates = [key] if channels[key].unbiased else []
    if reference is not None and (not key.several or reference.num_samples == key.num_samples):
        candidates.append(ChannelKey.of(reference))
    candidates += [
        other
        for other, channel in channels.items()
        if channel.unbiased and channel.space == channels[key].space and _same_gradient(other, key)
    ]
    return next((exact[candidate] for candidate in candidates if candidate in exact), None)


def _same_gradient(first: ChannelKey, second: ChannelKey) -> bool:
    """Whether unbiased estimators of the two have one mean, which no constant moves, nor K unless a bound."""
    objective = (first.integrand, first.several) == (second.integrand, second.several)
    return objective and (not first.several or first.num_samples == second.num_samples)


def _put_coordinates(out: dict[str, Array], arm: int, columns: list[int], found: Coordinates) -> None:
    out["coordinate_quantiles"][arm][columns] = found.quantiles[0].numpy()
    out["coordinate_quantiles_without"][arm][:, columns] = found.quantiles[1:].numpy()
    out["coordinate_histogram"][arm] = found.histogram.numpy()


def _put_exact(
    out: dict[str, Array], arm: int, columns: list[int], exact: Exact, shift: Tensor, grams: Tensor
) -> None:
    out["exact_variance"][arm][:, columns] = torch.einsum("iab,giba->ig", exact.covariance, grams).numpy()
    mean = exact.mean + shift
    out["exact_squared_norm"][arm][:, columns] = torch.einsum("ia,giab,ib->ig", mean, grams, mean).numpy()


def _squared(parts: list[Tensor]) -> Tensor:
    return torch.stack([(part**2).sum() for part in parts]).sum()


def _directions(moments: Moments, shift: Tensor, pushforward: Pushforward) -> Tensor:
    """J_i u for each half of the buckets, even and odd, u the images' mean gradient in the *other*, [I 2 m].

    With u from the same replicates, its noise would lengthen the reference's
    own projection, and so shorten every other estimator's relative to it.
    """
    others = (moments.pooled(slice(1 - half, None, 2))[1] + shift for half in (0, 1))
    return torch.stack([pushforward.push(pushforward.pull(mean)) for mean in others], 1)


def _projection(moments: Moments, shift: Tensor, directions: Tensor) -> Tensor:
    """Mean along the directions of the other half, over both halves, [I W] as in `LeftOut`.

    The directions are held. What leaving a bucket out of them as well changes in the mean over images is what
    the reference changes along the arm's own directions: the product of two means is the same either way.
    """
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
    channels: Mapping[ChannelKey, Channel],
    sound: Mapping[ChannelKey, LeftOut],
    spaces: Mapping[str, Space],
    live: Mapping[str, list[Tensor]],
) -> dict[ChannelKey, Coordinates]:
    """Per-coordinate variances for each objective's first arm of every label."""
    wanted: dict[tuple[str, str], ChannelKey] = {}
    for arm in arms:
        if not arm.constant:
            wanted.setdefault((arm.objective, arm.label), ChannelKey.of(arm))
    result = {}
    for key in dict.fromkeys(wanted.values()):
        if key not in sound:
            continue
        left, space = sound[key], channels[key].space
        variances, table = [], []
        for row in range(left.count.shape[0]):
            covariance = left.covariance(row)
            parts = [
                block.coordinate_variance(covariance)[alive]
                for block, alive in zip(spaces[space].pushforward.blocks, live[space], strict=True)
            ]
            everything = torch.cat(parts)
            variances.append(everything)
            table.append(quantile_table([everything, *parts]))
        low, high = HISTOGRAM_DECADES
        logarithm = variances[0].clamp_min(1e-300).log10().clamp(low, high)
        histogram = torch.histc(logarithm, HISTOGRAM_BINS, low, high)
        result[key] = Coordinates(variances, torch.stack(table), histogram)
    return result
