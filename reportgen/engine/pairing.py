"""Pairs each estimator with the reference, and decides at which K the two are compared.

They are compared at the estimator's own K if the reference allows it. If it
needs more samples, and the objective is an expectation, whose gradient does not
depend on K, then as many of the estimator's replicates as share the draws of
one replicate of the reference are averaged, and their mean is compared with it.
A bound of K samples is a different function for each K, and is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from torch import Tensor

from reportgen.engine.moments import Moments
from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key, Paired, Replicates
from reportgen.estimators import Estimator
from reportgen.plan import Arm

C = TypeVar("C", bound=Replicates[Any])


def pair(
    channels: Mapping[Key, C],
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    estimators: Mapping[str, Estimator],
    made: Callable[[Key], C],
    differences: Callable[[C], Moments],
) -> None:
    """Pair each arm, at its declared K and without a constant, with the reference on the same draws.

    `made` opens the reference's channel at that K if no arm has it; `differences` makes empty moments for the
    differences of a channel.
    """
    for arm in (arms[a] for a in own_arms(arms)):
        channel = channels[Key.of(arm)]
        reference = references.get((arm.objective, channel.space))
        if reference is None or reference.label == arm.label or channel.paired is not None:
            continue
        beside = counterpart(channel.key, reference, estimators[reference.estimator])
        if beside is not None:
            channel.paired = Paired(channels.get(beside) or made(beside), differences(channel))


def counterpart(key: Key, reference: Arm, kind: Estimator) -> Key | None:
    """The key of the reference's replicates with which those of `key` are compared; None if no K is suitable.

    `kind` is the reference's estimator. The draws are the same, unless the reference must not be antithetic
    or would be the very replicates of `key`: then its draws are not mirrored.
    """
    samples = reference_samples(key.num_samples, kind.min_samples, key.several)
    if samples is None:
        return None
    found = replace(
        key, estimator=reference.estimator, num_samples=samples, temperature=reference.temperature
    )
    if kind.independent or found == key:
        return replace(found, antithetic=False)
    return found


def reference_samples(own: int, fewest: int, several: bool) -> int | None:
    """K of the reference beside an estimator with `own` samples: the smallest sufficient multiple of `own`.

    `fewest` is the smallest K that the reference allows, `several` whether the
    objective is a bound of K samples. None if no K gives the same gradient.
    """
    times = -(-fewest // own)
    return None if several and times > 1 else times * own


def block_means(estimates: Tensor, size: int) -> Tensor:
    """Means of `size` successive replicates, [I R …] → [I R//size …]; an incomplete block is dropped."""
    blocks = estimates.shape[1] // size
    whole = estimates[:, : blocks * size]
    return whole.reshape(len(estimates), blocks, size, *estimates.shape[2:]).mean(2)
