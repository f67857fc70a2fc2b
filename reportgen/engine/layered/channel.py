"""Replicates of all coordinates of a gradient, kept as moments and as a few numbers that see differences."""

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
"""What gradients are made at, beside noise: a model."""


@dataclass
class CoordinateChannel(Replicates[LayerMoments], ABC, Generic[D]):
    """Replicates of one estimator, as moments of every coordinate; differences are those of sketches."""

    sketch: Sketch
    paired: Paired[Any] | None = field(default=None, kw_only=True)
    compared: bool = field(default=False, kw_only=True)
    """Whether others are compared with it, on the same noise."""
    remedy: str = field(default=MODEL_REMEDY, kw_only=True)
    """What to do where an estimate is no number."""
    _known: tuple[Mapping[bool, Tensor], Tensor] | None = field(default=None, kw_only=True, repr=False)
    """Sketches of the batch it took in last, where others are compared with it, and its noise."""

    @abstractmethod
    def gradients(self, model: D, noise: Tensor) -> Mapping[str, LayerGradient]:
        """Of every layer, from noise [I R·K n]."""

    @abstractmethod
    def at_once(self, images: int) -> int | None:
        """The most replicates of so many data points whose gradients fit into memory; None for any number."""

    def used(self, noise: Mapping[bool, Tensor]) -> Tensor:
        """As much of its kind of noise as makes whole replicates, [I R·K n]."""
        own, num_samples = noise[self.key.antithetic], self.key.num_samples
        return own[:, : own.shape[1] // num_samples * num_samples]

    def sketches(self, model: D, noise: Mapping[bool, Tensor]) -> Tensor:
        """Of every replicate, [I R q]; made once where it has taken in this very noise."""
        if self._known is not None and self._known[0] is noise:
            return self._known[1]
        parts = self.parts(self.used(noise))
        return torch.cat([self.sketch(self.gradients(model, part)) for part in parts], 1)

    def observe(self, bucket: int, model: D, noise: Mapping[bool, Tensor]) -> None:
        """Take in a batch: moments of the estimate, and of its difference to the reference."""
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
        """Look at those of a batch, [I R q], in the order in which it was made; of pure functions nothing."""

    def relative_half_width(self) -> float:
        """Of the total variance."""
        trace = self.moments.trace(self.moments.squared_offsets())[..., 0]
        return relative_half_width(trace[:, 0], trace[:, 1:])

    def parts(self, noise: Tensor) -> tuple[Tensor, ...]:
        """Noise [I R·K n] of whole replicates, as many at once as their gradients fit into memory."""
        num_samples = self.key.num_samples
        replicates = self.at_once(noise.shape[0]) or noise.shape[1] // num_samples
        return torch.split(noise, replicates * num_samples, dim=1)
