"""Replicates of all coordinates of a gradient, kept as moments, with sketches to compare estimators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from reportgen.engine.finite import MODEL_REMEDY, not_finite
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.layered.sketch import Sketch
from reportgen.engine.pairing import block_means
from reportgen.engine.precision import relative_half_width
from reportgen.engine.replicates import Paired, Replicates

D = TypeVar("D")
"""What gradients are computed from, besides noise: a model."""


@dataclass
class CoordinateChannel(Replicates[LayerMoments], ABC, Generic[D]):
    """Replicates of one estimator, as moments of every coordinate; differences are taken between sketches."""

    sketch: Sketch
    paired: Paired[Any] | None = field(default=None, kw_only=True)
    compared: bool = field(default=False, kw_only=True)
    """Whether other channels are compared with this one, on the same noise."""
    remedy: str = field(default=MODEL_REMEDY, kw_only=True)
    """What to do about an estimate that is inf or nan."""
    _known: tuple[Mapping[bool, Tensor], Tensor] | None = field(default=None, kw_only=True, repr=False)
    """Noise and sketches of the latest batch, if other channels are compared with this one."""

    @abstractmethod
    def gradients(self, model: D, noise: Tensor) -> Mapping[str, LayerGradient]:
        """The gradients of every layer, from noise [I R·K n]."""

    @abstractmethod
    def at_once(self, images: int) -> int | None:
        """The most replicates of `images` data points whose gradients fit in memory; None if unlimited."""

    def used(self, noise: Mapping[bool, Tensor]) -> Tensor:
        """The noise of the channel's kind, cut to whole replicates, [I R·K n]."""
        own, num_samples = noise[self.key.antithetic], self.key.num_samples
        return own[:, : own.shape[1] // num_samples * num_samples]

    def sketches(self, model: D, noise: Mapping[bool, Tensor]) -> Tensor:
        """The sketches of every replicate, [I R q]; not recomputed if this noise was observed last."""
        if self._known is not None and self._known[0] is noise:
            return self._known[1]
        parts = self.parts(self.used(noise))
        return torch.cat([self.sketch(self.gradients(model, part)) for part in parts], 1)

    def observe(self, bucket: int, model: D, noise: Mapping[bool, Tensor]) -> None:
        """Add a batch to the moments of the estimates, and to those of their differences to the reference."""
        sketches: list[Tensor] = []
        for part in self.parts(self.used(noise)):
            started = perf_counter()
            gradients = self.gradients(model, part)
            self.moments.update(bucket, gradients, part.shape[1] // self.num_samples)
            self.seconds += perf_counter() - started
            if not bool(torch.isfinite(self.moments.squared_norms[:, bucket].sum())):
                raise not_finite(self.key.estimator, self.remedy)
            if self.paired is not None or self.compared:
                sketches.append(self.sketch(gradients))
        if sketches:
            self.follow(torch.cat(sketches, 1))
        if self.compared:
            self._known = noise, torch.cat(sketches, 1)
        if self.paired is not None:
            partner, own = self.paired.reference, torch.cat(sketches, 1)
            other = own if partner is self else partner.sketches(model, noise)
            size = partner.num_samples // self.num_samples
            self.paired.moments.update(bucket, block_means(own, size) - other)

    def follow(self, sketches: Tensor) -> None:
        """Hook for a batch's sketches, [I R q], in the order of its estimates; by default does nothing."""

    def relative_half_width(self) -> float:
        """Relative half-width of the total variance's interval."""
        trace = self.moments.trace(self.moments.squared_offsets())[..., 0]
        return relative_half_width(trace[:, 0], trace[:, 1:])

    def parts(self, noise: Tensor) -> tuple[Tensor, ...]:
        """Noise [I R·K n] split into parts of whole replicates whose gradients fit in memory."""
        num_samples = self.key.num_samples
        replicates = self.at_once(noise.shape[0]) or noise.shape[1] // num_samples
        return torch.split(noise, replicates * num_samples, dim=1)
