"""At which K is the reference compared with an estimator?

At the estimator's own, where the reference can be had there. An expectation
has one gradient for every K; where the reference needs more samples than the
estimator takes, so many of the estimator's replicates as use the same draws
as one of the reference's are averaged, and their mean is compared with it. A
bound of K samples is another function for each K: there is nothing to compare.
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
    """Compares each arm, at its declared K without a constant, with the reference on the same draws.

    `made` opens a channel where no arm has the reference's at that K, `differences` moments of what a
    channel differs by.
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
    """The key of the replicates that those of `key` are compared with; None where no K has the same gradient.

    They are the reference's, an estimator of this kind, on the same draws; but where those should not be
    mirrored, or are the very same, on independent ones.
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
    """K of the reference beside an estimator of `own` samples: the first multiple of it that is enough.

    `fewest` is the least that the reference takes, `several` whether the
    objective is a bound of K samples. None where no K has the same gradient.
    """
    times = -(-fewest // own)
    return None if several and times > 1 else times * own


def block_means(estimates: Tensor, size: int) -> Tensor:
    """Means of `size` successive replicates, [I R …] → [I R//size …]; what does not fill a block is left."""
    blocks = estimates.shape[1] // size
    whole = estimates[:, : blocks * size]
    return whole.reshape(len(estimates), blocks, size, *estimates.shape[2:]).mean(2)
