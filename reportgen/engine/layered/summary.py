"""From moments of coordinates to the numbers of a record (see `reportgen.store.records`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reportgen.engine.arrays import (
    Array,
    blank,
    put,
    put_coordinates,
    put_lower,
    put_mean,
    put_ratios,
    put_test,
)
from reportgen.engine.directions import known
from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.found import Found
from reportgen.engine.layered.channel import CoordinateChannel
from reportgen.engine.layered.channels import LayeredChannel
from reportgen.engine.layered.meter import Measured
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.references import own_arms
from reportgen.engine.replicates import Key
from reportgen.plan import buckets_for
from reportgen.problems.layered import LayeredModel

DIRECTION_ROWS = 4096
"""Fresh draws for the directional ratios, over all data points and buckets (more if K requires it)."""


@dataclass(frozen=True)
class Seen:
    """Results from one channel that several arms share; axis W is that of `LayerMoments.include`."""

    channel: CoordinateChannel[Any]

    @property
    def moments(self) -> LayerMoments:
        return self.channel.moments

    @cached_property
    def _offsets(self) -> Tensor:
        return self.moments.squared_offsets()

    @cached_property
    def squared_means(self) -> Tensor:
        """[I W 1 + G]"""
        return self.moments.squared_means(self._offsets)

    @cached_property
    def trace(self) -> Tensor:
        """[I W 1 + G]"""
        return self.moments.trace(self._offsets)

    @cached_property
    def together(self) -> Tensor:
        """Mean over data points of the buckets' sums, [S P]."""
        return self.moments.together()

    @cached_property
    def live(self) -> Tensor:
        """Coordinates that ever had a gradient, [P]."""
        return self.moments.live()

    @cached_property
    def coordinate_variances(self) -> list[list[Tensor]]:
        """Variances of live coordinates for each row of W: all together, [P], then each group's."""
        sizes = list(self.moments.sizes.values())
        live = torch.split(self.live, sizes)
        whole = torch.split(self.moments.coordinate_variances(), sizes, dim=1)
        parts = [part[:, alive] for part, alive in zip(whole, live, strict=True)]
        return [[torch.cat(row), *row] for row in zip(*parts, strict=True)]

    @property
    def all_coordinate_variances(self) -> list[Tensor]:
        """Variances of live coordinates for each row of W, of all groups together, [P]."""
        return [row[0] for row in self.coordinate_variances]

    def half(self, which: int) -> Tensor:
        """Mean over data points and over the buckets of one parity, [P]."""
        kept = (torch.arange(len(self.moments.count)) % 2 == which).double()
        return (kept @ self.together) / (kept @ self.moments.count)


def summarize_layers(
    model: LayeredModel, found: Measured, groups: int, columns: Mapping[str, list[int]]
) -> dict[str, Array]:
    """All arrays of the record for this route's arms in their order; `columns` of each space's groups."""
    images, seen = model.x.shape[0], sound(found)
    out = blank(len(found.arms), images, buckets_for(images), groups)
    put_ratios(out, _directional_ratios(model, found, seen))
    put_found(out, found, seen, columns, groups, torch.finfo(model.x.dtype).eps)
    return out


def sound(found: Found[Any]) -> dict[Key, Seen]:
    """The channels that are not broken."""
    return {key: Seen(channel) for key, channel in found.channels.items() if channel.cause is None}


def put_found(
    out: dict[str, Array],
    found: Found[Any],
    seen: dict[Key, Seen],
    columns: Mapping[str, list[int]],
    groups: int,
    epsilon: float,
) -> None:
    """Put everything that follows from moments; `epsilon` is the machine epsilon of the gradients' type."""
    own = {Key.of(found.arms[a]) for a in own_arms(found.arms)}
    _put_counts(out, found.channels, seen, columns, groups)
    for a, arm in enumerate(found.arms):
        key, reference = Key.of(arm), found.reference(arm)
        if key not in seen:
            continue
        one, partner = seen[key], Key.of(reference) if reference is not None else None
        mine = columns[one.channel.space]
        put(out, "variance", a, mine, one.trace)
        _put_mean(out, a, mine, one)
        if partner in seen:
            along, without = projections(one, seen[partner])
            out["projection"][a], out["projection_without"][a] = along.numpy(), without.numpy()
        if key in own:
            put_coordinates(out, a, mine, one.coordinate_variances)
            if partner in own and partner in seen and bool((one.live == seen[partner].live).all()):
                put_lower(out, a, seen[partner].all_coordinate_variances, one.all_coordinate_variances)
        if partner in seen:
            _put_test(out, a, one.channel, found.channels[partner], epsilon)


def _put_counts(
    out: dict[str, Array],
    channels: Mapping[Key, CoordinateChannel[Any]],
    seen: Mapping[Key, Seen],
    columns: Mapping[str, list[int]],
    groups: int,
) -> None:
    """How many coordinates each group has, and how many of them never had a gradient."""
    counts, dead = np.zeros(groups), np.zeros(groups)
    for key, channel in sorted(channels.items(), key=lambda pair: pair[1].space, reverse=True):
        own, sizes = columns[channel.space], list(channel.moments.sizes.values())  # φ last: ``all`` counts φ
        counts[own] = [sum(sizes), *sizes]
        if key in seen:
            still = [int(part.sum()) for part in torch.split(~seen[key].live, sizes)]
            dead[own] = [sum(still), *still]
    out["coordinate_count"], out["coordinate_dead"] = counts, dead


def _put_mean(out: dict[str, Array], a: int, columns: list[int], one: Seen) -> None:
    moments = one.moments
    noise = one.trace / moments.counts.view(1, -1, 1)
    products = one.together @ one.together.T
    squared = ((moments.include @ products) * moments.include).sum(1) / moments.counts**2
    dots = moments.along(one.together.sum(0) / moments.total).sum(1) / moments.total
    put_mean(out, a, columns, one.squared_means, noise, squared, dots)


def _put_test(
    out: dict[str, Array],
    a: int,
    channel: CoordinateChannel[Any],
    reference: CoordinateChannel[Any],
    epsilon: float,
) -> None:
    """Put the test of equal means, applied to sketches."""
    paired = channel.paired
    # The reference may break at the K at which it is compared, though not at its own.
    if paired is None or not paired.moments.finite():
        return
    signal = reference.sketch.of_vectors(reference.moments.means(0), reference.moments.sizes)
    # Rounding of single estimates is relative to their size, which a sketch preserves on average.
    floor = channel.moments.mean_square() * (epsilon * 8) ** 2
    put_test(out, a, equal_means_test(paired.moments, signal, floor))


def projections(one: Seen, reference: Seen) -> tuple[Tensor, Tensor]:
    """Projections of a channel on its reference, [I], and leave-outs [I S], as in `vectors.summary`."""
    along, turned = _projection(one.moments, reference), _projection(reference.moments, one)
    return along[:, 0], (along + turned - turned[:, :1])[:, 1:]


def _projection(moments: LayerMoments, other: Seen) -> Tensor:
    """Mean projection on the other's direction in the other half, held fixed, over both halves, [I W]."""
    rows = torch.zeros(moments.sums.shape[0], len(moments.include), dtype=torch.float64)
    halves = torch.arange(len(moments.count)) % 2
    for half in (0, 1):
        direction = other.half(1 - half)
        along = moments.along(direction)
        weight = moments.include * (halves == half)
        rows += (along @ weight.T) / (weight @ moments.count) / 2.0
    return rows


def _directional_ratios(model: LayeredModel, found: Measured, seen: Mapping[Key, Seen]) -> Tensor:
    """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ on fresh draws, [A I S], as in `vectors.direction`."""
    arms, images = found.arms, model.x.shape[0]
    buckets = buckets_for(images)
    result = torch.full((len(arms), images, buckets), torch.nan, dtype=torch.float64)
    units: dict[int, Tensor] = {}
    for a, arm in enumerate(arms):
        source = found.directing(arm).key
        if Key.of(arm) in seen and source in seen:
            units[a] = _unit(seen[source])
    longest = max(key.num_samples for key in found.channels)
    samples = max(DIRECTION_ROWS // (images * buckets), longest)
    samples += samples % 2
    for bucket in range(buckets):
        noise = {kind: found.draw(samples, kind) for kind in {key.antithetic for key in seen}}
        for key in {Key.of(arms[a]): None for a in units}:
            of_key = {a: unit for a, unit in units.items() if Key.of(arms[a]) == key}
            used = noise[key.antithetic][:, : samples // key.num_samples * key.num_samples]
            for a, ratio in _ratios(model, found.channels[key], used, of_key).items():
                result[a, :, bucket] = ratio
    return result


def _ratios(
    model: LayeredModel, channel: LayeredChannel, noise: Tensor, units: Mapping[int, Tensor]
) -> dict[int, Tensor]:
    """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ for each of several directions [I P], [I]."""
    pieces: dict[int, list[Tensor]] = {a: [] for a in units}
    for part in channel.parts(noise):
        gradients = channel.gradients(model, part)
        squared = sum((layer.squared_norms().double() for layer in gradients.values()), torch.zeros(1))
        for a, unit in units.items():
            along, start = torch.zeros(1), 0
            for name, size in channel.moments.sizes.items():
                if name in gradients:
                    layer = gradients[name]
                    own = unit[:, start : start + size].to(layer.inputs.dtype)
                    along = along + layer.along(own).double()
                start += size
            pieces[a].append((along**2 / (squared - along**2).clamp_min(0.0)).sqrt())
    return {a: torch.cat(found, 1).mean(1) for a, found in pieces.items()}


def _unit(one: Seen) -> Tensor:
    """The unit vector along each data point's mean gradient, [I P]; NaN where it is lost in noise."""
    mean = one.moments.means(0)
    squared = (mean**2).sum(1)
    certain = known(squared, one.trace[:, 0, 0] / one.moments.counts[0])
    return torch.where(certain.unsqueeze(1), mean / squared.sqrt().unsqueeze(1), torch.nan)
