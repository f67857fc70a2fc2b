"""From moments of coordinates to the numbers of a record (see `reportgen.store.records`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from reportgen.engine.arrays import Array, blank, lower_fractions, put, quantile_table
from reportgen.engine.direction import KNOWN
from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.layered.meter import Key, LayeredChannel, Measured
from reportgen.engine.layered.moments import LayerMoments
from reportgen.plan import Arm
from reportgen.problems.layered import LayeredModel
from reportgen.store.records import HISTOGRAM_BINS, HISTOGRAM_DECADES

DIRECTION_ROWS = 4096
"""Fresh draws for the directional ratios, over all data points and buckets."""


@dataclass(frozen=True)
class Seen:
    """What several arms look up in one channel."""

    moments: LayerMoments

    @cached_property
    def squared_means(self) -> Tensor:
        """[I W 1 + G]"""
        return self.moments.squared_means()

    @cached_property
    def trace(self) -> Tensor:
        """[I W 1 + G]"""
        return self.moments.trace(self.squared_means)

    @cached_property
    def together(self) -> Tensor:
        """Mean over data points of the buckets' sums, [S P]."""
        return self.moments.sums.mean(0)

    @cached_property
    def live(self) -> Tensor:
        """Coordinates that ever had a gradient, [P]."""
        return self.moments.squares.sum(0) > 0

    def half(self, which: int) -> Tensor:
        """Mean over data points of the mean in buckets of one parity, [P]."""
        kept = (torch.arange(len(self.moments.count)) % 2 == which).double()
        return (kept @ self.together) / (kept @ self.moments.count)


def summarize_layers(
    model: LayeredModel,
    arms: tuple[Arm, ...],
    found: Measured,
    groups: int,
    columns: Mapping[str, list[int]],
    buckets: int,
) -> dict[str, Array]:
    """All arrays of the record for these arms, in their order; `columns` are each space's groups."""
    images = model.x.shape[0]
    seen = {key: Seen(c.moments) for key, c in found.channels.items() if c.cause is None}
    out = blank(len(arms), images, buckets, groups)
    out["coordinate_count"], out["coordinate_dead"] = np.zeros(groups), np.zeros(groups)
    coordinates: dict[Key, tuple[list[Tensor], Tensor, Tensor]] = {}
    for key, channel in sorted(found.channels.items(), key=lambda pair: pair[1].space, reverse=True):
        own, sizes = columns[channel.space], list(channel.moments.sizes.values())  # φ last: ``all`` is φ
        out["coordinate_count"][own] = [sum(sizes), *sizes]
        if key in seen:
            dead = [int(part.sum()) for part in torch.split(~seen[key].live, sizes)]
            out["coordinate_dead"][own] = [sum(dead), *dead]
    wanted: dict[tuple[str, str], Key] = {}
    for arm in arms:
        wanted.setdefault((arm.objective, arm.label), Key.of(arm))
    for key in dict.fromkeys(wanted.values()):
        if key in seen:
            coordinates[key] = _coordinates(seen[key])
    ratios = _directional_ratios(model, arms, found, seen, buckets)
    others = (ratios.sum(2, keepdim=True) - ratios) / (buckets - 1)
    out["directional_ratio"], out["directional_ratio_without"] = ratios.mean(2).numpy(), others.numpy()
    for a, arm in enumerate(arms):
        key = Key.of(arm)
        if key not in seen:
            continue
        channel, one = found.channels[key], seen[key]
        moments, own = one.moments, columns[channel.space]
        put(out, "variance", a, own, one.trace)
        noise = one.trace / moments.counts.view(1, -1, 1)
        put(out, "squared_norm", a, own, one.squared_means - noise)
        out["image_squared_norm_raw"][a] = one.squared_means[:, 0, 0].numpy()
        products = one.together @ one.together.T
        batch_raw = ((moments.include @ products) * moments.include).sum(1) / moments.counts**2
        batch_noise = noise[..., 0].sum(0) / images**2
        out["batch_squared_norm"][a] = float(batch_raw[0] - batch_noise[0])
        out["batch_squared_norm_without"][a] = (batch_raw - batch_noise)[1:].numpy()
        out["batch_squared_norm_raw"][a] = float(batch_raw[0])
        batch = one.together.sum(0) / moments.total
        out["image_dot"][a] = ((moments.sums @ batch).sum(1) / moments.total).numpy()
        reference = found.references.get((arm.objective, channel.space))
        partner = Key.of(reference) if reference is not None else None
        if partner in seen:
            along, without = projections(one, seen[partner])
            out["projection"][a], out["projection_without"][a] = along.numpy(), without.numpy()
        if key in coordinates:
            variances, table, histogram = coordinates[key]
            out["coordinate_quantiles"][a][own] = table[0].numpy()
            out["coordinate_quantiles_without"][a][:, own] = table[1:].numpy()
            out["coordinate_histogram"][a] = histogram.numpy()
            if partner in coordinates and bool((one.live == seen[partner].live).all()):
                lower = lower_fractions(coordinates[partner][0], variances)
                out["coordinate_lower"][a], out["coordinate_lower_without"][a] = lower[0], lower[1:]
        tested = channel.paired is not None and bool(torch.isfinite(channel.paired.moments.mean).all())
        if tested and partner in seen:
            _put_test(out, a, channel, found.channels[partner], model)
    return out


def _put_test(
    out: dict[str, Array], a: int, channel: LayeredChannel, reference: LayeredChannel, model: LayeredModel
) -> None:
    """The test of equal means along the sketch's directions."""
    assert channel.paired is not None
    differences = channel.paired.moments
    signal = reference.sketch.of_vectors(reference.moments.means(0), reference.moments.sizes)
    # Rounding of single estimates: relative to their size, which a sketch keeps on the average.
    size = channel.moments.squared_norms.sum((1, 2)) / channel.moments.total
    test = equal_means_test(differences, signal, size * (torch.finfo(model.x.dtype).eps * 8) ** 2)
    out["bias_statistic"][a] = test.statistic.numpy()
    out["bias_dimension"][a] = test.dimension.numpy()
    out["bias_p_value"][a] = test.p_value.numpy()
    out["detectable_bias"][a] = test.detectable.numpy()


def projections(one: Seen, reference: Seen) -> tuple[Tensor, Tensor]:
    """Of a channel on its reference, [I], and without each bucket [I S] (see `reportgen.store.records`)."""
    along, turned = _projection(one.moments, reference), _projection(reference.moments, one)
    return along[:, 0], (along + turned - turned[:, :1])[:, 1:]


def _projection(moments: LayerMoments, other: Seen) -> Tensor:
    """Mean along the held direction of another's other half of the buckets, over both halves, [I W]."""
    rows = torch.zeros(moments.sums.shape[0], len(moments.include), dtype=torch.float64)
    halves = torch.arange(len(moments.count)) % 2
    for half in (0, 1):
        direction = other.half(1 - half)
        along = moments.sums @ direction  # [I S]
        weight = moments.include * (halves == half)
        rows += (along @ weight.T) / (weight @ moments.count) / 2.0
    return rows


def _coordinates(one: Seen) -> tuple[list[Tensor], Tensor, Tensor]:
    """Variances of live coordinates for each row, their quantiles [W 1 + G Q], and a histogram."""
    sizes = list(one.moments.sizes.values())
    live = torch.split(one.live, sizes)
    whole = torch.split(one.moments.coordinate_variances(), sizes, dim=1)
    parts = [part[:, alive] for part, alive in zip(whole, live, strict=True)]
    variances = list(torch.cat(parts, 1))
    table = [
        quantile_table([everything, *(part[row] for part in parts)])
        for row, everything in enumerate(variances)
    ]
    low, high = HISTOGRAM_DECADES
    logarithm = variances[0].clamp_min(1e-300).log10().clamp(low, high)
    return variances, torch.stack(table), torch.histc(logarithm, HISTOGRAM_BINS, low, high)


def _directional_ratios(
    model: LayeredModel, arms: tuple[Arm, ...], found: Measured, seen: Mapping[Key, Seen], buckets: int
) -> Tensor:
    """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ on fresh draws, [A I S]; see `reportgen.engine.direction`."""
    images = model.x.shape[0]
    result = torch.full((len(arms), images, buckets), torch.nan, dtype=torch.float64)
    units: dict[int, Tensor] = {}
    for a, arm in enumerate(arms):
        key = Key.of(arm)
        if key not in seen:
            continue
        channel = found.channels[key]
        reference = found.references.get((arm.objective, channel.space))
        same = reference is not None and (not key.several or reference.num_samples == arm.num_samples)
        source = Key.of(reference) if reference is not None and same and channel.unbiased else key
        if source in seen:
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
    """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ along each of some directions [I P], [I]."""
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
    """Each data point's direction of the mean gradient, [I P]; NaN where it is lost in the noise."""
    mean = one.moments.means(0)
    squared = (mean**2).sum(1)
    known = squared - one.trace[:, 0, 0] / one.moments.counts[0] > KNOWN * squared
    return torch.where(known.unsqueeze(1), mean / squared.sqrt().unsqueeze(1), torch.nan)
