"""From moments in η to the numbers of a record, in φ (see `reportgen.store.records` for their meaning).

Only the directional ratios take new draws, and exact values come from enumeration or quadrature; every
other number is an exact function of the moments and of the encoder's Jacobian.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, tee

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
from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.moments import LeftOut, Moments
from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.direction import directional_ratios
from reportgen.engine.vectors.exact import Exact, exact_moments
from reportgen.engine.vectors.meter import Measured, integrands_of
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.engine.vectors.seldom import seldom, without
from reportgen.engine.vectors.space import Space
from reportgen.store.shapes import EXACT


@dataclass(frozen=True)
class _Seen:
    """Results from one channel that several arms share; axis W is that of `LeftOut`."""

    channel: Channel
    space: Space

    @property
    def pushforward(self) -> Pushforward:
        return self.space.pushforward

    @property
    def columns(self) -> list[int]:
        return list(self.space.columns)

    @cached_property
    def left(self) -> LeftOut:
        return LeftOut.of(self.channel.moments)

    @cached_property
    def trace(self) -> Tensor:
        """Variance of every group, [I W G]."""
        return self.left.trace(self.pushforward.grams)

    @property
    def mean_noise(self) -> Tensor:
        """Variance of the mean, [I W G]."""
        return self.trace / self.left.count.view(1, -1, 1)

    def forms(self, v: Tensor) -> Tensor:
        """vᵀ J Jᵀ v of every group, [I W m] → [I W G]."""
        return torch.einsum("iwa,giab,iwb->iwg", v, self.pushforward.grams, v)

    def alive(self, parts: Sequence[Tensor]) -> list[Tensor]:
        """The live coordinates of parts given block by block: all together, [P], then each group's."""
        groups = self.pushforward.by_group(parts)
        kept = [part[alive] for part, alive in zip(groups, self.space.live, strict=True)]
        together = torch.cat(kept)
        return [together, *torch.split(together, [len(part) for part in kept])]


def summarize(found: Measured, groups: int) -> dict[str, Array]:
    """All arrays of a measurement record, by name, for this route's arms in their order."""
    seen = {
        key: _Seen(channel, found.spaces[channel.space])
        for key, channel in found.channels.items()
        if channel.cause is None
    }
    exact = _exact(found, seen)
    own = {Key.of(found.arms[a]) for a in own_arms(found.arms)}
    out = blank(len(found.arms), found.images, found.buckets, groups)
    variances = _coordinate_variances(seen, own)
    directions: dict[tuple[Key, Place], Tensor] = {}
    _put_counts(out, found.spaces, groups)
    put_ratios(out, directional_ratios(found))
    for a, arm in enumerate(found.arms):
        key, place, reference = Key.of(arm), found.place(arm), found.reference(arm)
        if key not in seen:
            continue
        one, shift = seen[key], found.shifts[place]
        partner = Key.of(reference) if reference is not None else None
        put(out, "variance", a, one.columns, one.trace)
        _put_mean(out, a, one, shift)
        if partner in seen:
            for channel in (key, partner):
                if (channel, place) not in directions:
                    directions[channel, place] = _directions(seen[channel], shift)
            own_way, other_way = directions[key, place], directions[partner, place]
            along, without = _projections(one, seen[partner], shift, own_way, other_way)
            out["projection"][a], out["projection_without"][a] = along.numpy(), without.numpy()
        if key in own:
            put_coordinates(out, a, one.columns, variances[key])
            if partner in variances:
                put_lower(out, a, *([row[0] for row in variances[other]] for other in (partner, key)))
        if partner in seen and not arm.constant:
            _put_test(out, a, one, seen[partner].left.mean[:, 0] + shift, found)
        if exact:
            _put_exact(out, a, one, shift, exact.get(key), _target(found, a, exact))
    if not exact:
        for name in EXACT:
            del out[name]
    return out


def _coordinate_variances(seen: Mapping[Key, _Seen], keys: Collection[Key]) -> dict[Key, list[list[Tensor]]]:
    """Variances of live coordinates by channel, for each row of W: all together, [P], then each group's.

    All channels of a space are processed at once, so that a recomputed Jacobian serves them all.
    """
    found: dict[Key, list[list[Tensor]]] = {}
    for space in {one.channel.space for one in seen.values()}:
        mine = {key: one for key, one in seen.items() if key in keys and one.channel.space == space}
        if not mine:
            continue
        any_one = next(iter(mine.values()))
        blocks = any_one.pushforward.blocks
        covariances = (
            one.left.covariance(row) for one in mine.values() for row in range(len(one.left.count))
        )
        each = zip(blocks, tee(covariances, len(blocks)), strict=True)
        rows = map(any_one.alive, zip(*(block.coordinate_variances(own) for block, own in each), strict=True))
        found |= {key: list(islice(rows, len(one.left.count))) for key, one in mine.items()}
    return found


def _put_counts(out: dict[str, Array], spaces: Mapping[str, Space], groups: int) -> None:
    """How many coordinates each group has, and how many of them never have a gradient."""
    counts, dead = np.zeros(groups), np.zeros(groups)
    for _, space in reversed(list(spaces.items())):  # φ last, so that ``all`` counts φ
        columns, sizes = list(space.columns), list(space.pushforward.sizes.values())
        counts[columns] = [sum(sizes), *sizes]
        still = [int((~alive).sum()) for alive in space.live]
        dead[columns] = [sum(still), *still]
    out["coordinate_count"], out["coordinate_dead"] = counts, dead


def _put_mean(out: dict[str, Array], a: int, one: _Seen, shift: Tensor) -> None:
    mean = one.left.mean + shift.unsqueeze(1)
    batch = one.pushforward.pulls(mean[:, w] for w in range(mean.shape[1]))
    whole = next(batch)
    squared = torch.stack([_squared(whole), *map(_squared, batch)])
    dots = (mean[:, 0] * one.pushforward.push(whole)).sum(1)
    put_mean(out, a, one.columns, one.forms(mean), one.mean_noise, squared, dots)


def _put_test(out: dict[str, Array], a: int, one: _Seen, signal: Tensor, found: Measured) -> None:
    """Put the test of equal means with the reference, whose mean gradient is `signal`, [I m]."""
    paired = one.channel.paired
    # The reference may break at the K at which it is compared, though not at its own.
    if paired is None or not paired.moments.finite():
        return
    # Rounding of single estimates is relative to their size, in the precision in which they were computed.
    size = torch.diagonal(one.left.covariance(0), dim1=1, dim2=2).amax(1)
    floor = size * (torch.finfo(found.frame.gram.dtype).eps * 8) ** 2
    half = paired.moments.total / 2.0 * paired.reference.key.num_samples
    rare = seldom(found.frame.q, half) if one.channel.space == "phi" else None
    put_test(out, a, equal_means_test(without(paired.moments, rare), signal, floor))


def _put_exact(
    out: dict[str, Array], a: int, one: _Seen, shift: Tensor, exact: Exact | None, target: Exact | None
) -> None:
    """Put the exact moments of these replicates, and their bias relative to `target`."""
    grams = one.pushforward.grams
    if exact is not None:
        of_group = torch.einsum("iab,giba->ig", exact.covariance, grams)
        out["exact_variance"][a][:, one.columns] = of_group.numpy()
        out["exact_squared_norm"][a][:, one.columns] = _forms(exact.mean + shift, grams).numpy()
    if target is not None:
        away = one.forms(one.left.mean - target.mean.unsqueeze(1))
        put(out, "bias_squared", a, one.columns, away - one.mean_noise)
    if exact is not None and target is not None:
        apart = _forms(exact.mean - target.mean, grams)
        out["exact_bias_squared"][a][:, one.columns] = apart.numpy()


def _forms(v: Tensor, grams: Tensor) -> Tensor:
    return torch.einsum("ia,giab,ib->ig", v, grams, v)


def _exact(found: Measured, seen: Mapping[Key, _Seen]) -> dict[Key, Exact]:
    """Exact moments of every sound channel for which they can be computed."""
    integrands = integrands_of(found.channels)
    exact = {
        key: exact_moments(one.channel, integrands[key.integrand], found.frame) for key, one in seen.items()
    }
    return {key: moments for key, moments in exact.items() if moments is not None}


def _target(found: Measured, a: int, exact: Mapping[Key, Exact]) -> Exact | None:
    """What the estimate's mean should be, without the shift: the exact mean of an unbiased estimator.

    A user's own estimator is unbiased only by its declaration, so its mean is never the target.
    """
    arm = found.arms[a]
    key, twin = Key.of(arm), found.twin(arm)
    candidates = [key] if found.channels[key].unbiased else []
    if twin is not None:
        candidates.append(Key.of(twin))
    candidates += [
        other
        for other, channel in found.channels.items()
        if channel.unbiased and channel.space == found.channels[key].space and _same_gradient(other, key)
    ]
    sound = (candidate for candidate in candidates if not found.channels[candidate].own)
    return next((exact[candidate] for candidate in sound if candidate in exact), None)


def _same_gradient(first: Key, second: Key) -> bool:
    """Whether unbiased estimators have the same mean: the same objective and, for a bound, the same K."""
    objective = (first.integrand, first.several) == (second.integrand, second.several)
    return objective and (not first.several or first.num_samples == second.num_samples)


def _squared(parts: list[Tensor]) -> Tensor:
    return torch.stack([(part**2).sum() for part in parts]).sum()


def _projections(
    one: _Seen, reference: _Seen, shift: Tensor, own: Tensor, other: Tensor
) -> tuple[Tensor, Tensor]:
    """Projections of a channel on its reference, [I], and leave-outs [I S] (see `reportgen.store.records`).

    At image i it is p_i = ½ Σ_h ḡ_ih · r̄_(1−h) over the halves h of the buckets, where ḡ_ih is the
    channel's mean in that half, and r̄ the reference's over all images. Leaving out bucket s of image i
    changes ḡ_ih, as `along` says for fixed r̄, but it changes r̄ too. The mean over images,
    ½ Σ_h ḡ_h · r̄_(1−h), is symmetric in g and r, so the change through r̄ is that of the reference's
    projection on the channel's mean, `turned`. `own` and `other` are the `_directions` of the two.
    """
    along = _projection(one.channel.moments, shift, other)
    turned = _projection(reference.channel.moments, shift, own)
    return along[:, 0], (along + turned - turned[:, :1])[:, 1:]


def _directions(of: _Seen, shift: Tensor) -> Tensor:
    """J_i u for the even and odd half of the buckets, [I 2 m]; u is the images' mean gradient in the *other*.

    If u came from the same replicates, its noise would lengthen the reference's
    projection on itself, and so shorten every other estimator's relative to it.
    """
    moments, pushforward = of.channel.moments, of.pushforward
    others = (moments.pooled(slice(1 - half, None, 2))[1] + shift for half in (0, 1))
    return torch.stack([pushforward.push(parts) for parts in pushforward.pulls(others)], 1)


def _projection(moments: Moments, shift: Tensor, directions: Tensor) -> Tensor:
    """Mean projection on the other half's direction, held fixed, over both halves, [I W] as in `LeftOut`."""
    buckets = len(moments.count)
    halves = torch.arange(buckets) % 2
    along = ((moments.mean + shift.unsqueeze(1)) * directions[:, halves]).sum(2)  # [I S]
    include = torch.cat([torch.ones(1, buckets).double(), 1.0 - torch.eye(buckets).double()])
    rows = torch.zeros(len(along), buckets + 1, dtype=torch.float64)
    for half in (0, 1):
        weight = include * moments.count * (halves == half)
        rows += along @ (weight / weight.sum(1, keepdim=True)).T / 2.0
    return rows
