"""Measures gradients that functions return, one call per replicate; nothing else is known about them.

There is no model, sample or objective, so any estimator of any gradient can be
measured. Moments, sketches, stopping rule and record are those of the
layer-by-layer route.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reportgen.declaration.own_estimator import function_of
from reportgen.engine.arrays import blank
from reportgen.engine.found import Found
from reportgen.engine.layered.centred import CentredMoments
from reportgen.engine.layered.channel import CoordinateChannel
from reportgen.engine.layered.gradients import CHUNK, GroupShape, LayerGradient
from reportgen.engine.layered.sketch import SKETCH, Sketch
from reportgen.engine.layered.summary import put_found, sound
from reportgen.engine.moments import Moments
from reportgen.engine.part import arm_record
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.replicates import Key, Paired
from reportgen.engine.serial import FOLLOWED, serial_dependence
from reportgen.engine.stopping import rounds
from reportgen.errors import CellError, UsageError
from reportgen.estimators import Estimator
from reportgen.memory import MEANS
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.given import GivenGradients
from reportgen.problems.seeding import seeded
from reportgen.store.records import ArmRecord, MeasurementRecord
from reportgen.streams import stream

OBJECTIVE = "own"
BUCKETS, FEWEST_BUCKETS = 32, 8
AT_ONCE = 8
"""Replicates per bucket, at most, between two checks of the precision."""
REMEDY = "Look at what the function returns."


@dataclass
class GivenChannel(CoordinateChannel[None]):
    """Replicates of one function, with a single data point; its noise is the seeds of its calls, [1 R 1]."""

    replicate: Callable[[int], Mapping[str, Tensor]]
    sketched: list[Tensor] = field(default_factory=list, kw_only=True)
    """Sketches of its first estimates, about `FOLLOWED` of them, in batches [R q]."""

    def follow(self, sketches: Tensor) -> None:
        """Keep the sketches of a batch, [1 R q], if more are needed; all batches have the same R."""
        if len(self.sketched) * sketches.shape[1] < FOLLOWED:
            self.sketched.append(sketches[0])

    def sketches(self, model: None, noise: Mapping[bool, Tensor]) -> Tensor:
        """As in the base class, but NaN once the function is broken, so that nothing is compared with it."""
        if self.cause is None:
            try:
                return super().sketches(model, noise)
            except CellError as error:
                self.cause, self.retired = str(error), True
        return torch.full((1, self.used(noise).shape[1], SKETCH), math.nan, dtype=torch.float64)

    def gradients(self, _: None, noise: Tensor) -> dict[str, LayerGradient]:
        found = [self.replicate(int(seed)) for seed in noise.flatten()]
        return {
            name: LayerGradient.written_out(torch.stack([one[name] for one in found]).unsqueeze(0))
            for name in self.moments.sizes
        }

    def at_once(self, images: int) -> int:
        return max(CHUNK // (images * sum(self.moments.sizes.values())), 1)


def measure_given(
    problem: GivenGradients,
    cell: MeasurementCell,
    *,
    dataset: str = "none",
    report: Callable[[MeasureProgress], None] | None = None,
    environment: dict[str, Any] | None = None,
) -> MeasurementRecord:
    """Measure functions, each until its total variance is precise enough or the budget is spent.

    The budget counts calls of each function. All functions get the same seeds, on which they are compared
    with the cell's reference; the reference is called first. Raises UsageError if the means do not fit in
    memory. The record is that of `reportgen.engine.measure` with one more array, ``serial_dependence`` [A]
    from `reportgen.engine.serial`, NaN for a broken function.
    """
    started = perf_counter()
    settings, sizes, arms = cell.measure, problem.sizes, cell.arms
    budget, least = int(settings["budget"]), int(settings["min_replicates"])
    precision = float(settings["precision"])
    buckets = _buckets(sum(sizes.values()), len(arms))
    shapes = {name: GroupShape(1, size, has_bias=False) for name, size in sizes.items()}
    sketch = Sketch.of(shapes, torch.float64, cell.seed, "given")
    own = next(arm for arm in arms if arm.label == cell.references[arm.objective])
    channels = {
        Key.of(arm): GivenChannel(
            Key.of(arm),
            Estimator(arm.label, unbiased=arm is own),
            CentredMoments.about_the_first(buckets, sizes),
            sketch,
            partial(problem.replicate, function_of(arm.estimator)),
            minimum=least,
            remedy=REMEDY,
            cause=problem.broken.get(function_of(arm.estimator)),
            retired=function_of(arm.estimator) in problem.broken,
        )
        for arm in arms
    }
    partner = channels[Key.of(own)]
    partner.compared = True  # so that it is sketched and followed even if it is the only function
    for channel in channels.values():
        if channel is not partner:
            channel.paired = Paired(partner, Moments.empty(1, buckets, SKETCH))
    samples = max(min(AT_ONCE, -(-least // buckets), budget // buckets), 1)
    noise = stream(cell.seed, "given", str(cell.setting))
    with seeded(cell.seed):
        drawn = rounds(
            sorted(channels.values(), key=lambda channel: channel is not partner),
            lambda _: {False: torch.from_numpy(noise.integers(2**32, size=(1, samples, 1)))},
            lambda channel, bucket, batch: channel.observe(bucket, None, batch),
            lambda channel: channel.relative_half_width(),
            samples=samples,
            buckets=buckets,
            precision=precision,
            budget=budget,
            report=report,
        )
    found = Found(arms, channels, {(own.objective, "phi"): own}, drawn)
    arrays = blank(len(arms), 1, buckets, 1 + len(sizes))
    columns = {"phi": list(range(1 + len(sizes)))}
    put_found(arrays, found, sound(found), columns, 1 + len(sizes), problem.epsilon)
    arrays["serial_dependence"] = np.array(
        [math.nan if one.cause else serial_dependence(torch.cat(one.sketched)) for one in channels.values()]
    )
    return MeasurementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset=dataset,
        groups=("all", *sizes),
        arms=tuple(_arm_record(arm, found.channel(arm), precision, arm is own) for arm in arms),
        images=(0,),
        latent=0,
        eta=0,
        parameters=sum(sizes.values()),
        draws_per_image=drawn,
        seconds=perf_counter() - started,
        environment=environment or {},
        arrays=arrays,
    )


def _arm_record(arm: Arm, channel: CoordinateChannel[None], precision: float, reference: bool) -> ArmRecord:
    """`arm_record` without decoder passes, which are unknown here."""
    seconds = channel.seconds / max(channel.replicates, 1)
    found = arm_record(arm, channel, latent=0, precision=precision, reference=reference, seconds=seconds)
    return replace(found, forward=0.0, backward=0.0)


def _buckets(coordinates: int, functions: int) -> int:
    """As many buckets as fit in memory, at most `BUCKETS`; raises UsageError below `FEWEST_BUCKETS`."""
    fit = MEANS // (2 * 8 * coordinates * functions)
    if fit < FEWEST_BUCKETS:
        raise UsageError(
            f"estimators: {functions} gradients of {coordinates:,} coordinates need more than "
            f"{MEANS / 2**30:.0f} GiB for their means. Measure fewer at once, or return fewer coordinates."
        )
    return min(fit, BUCKETS)
