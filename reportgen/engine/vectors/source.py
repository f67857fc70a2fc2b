"""The source of draws: noise from named streams, and the batches made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from numpy.random import Generator
from torch import Tensor

from reportgen.engine.vectors.channels import Channel, Values
from reportgen.engine.vectors.draws import Frame, IntegrandValues
from reportgen.engine.vectors.points import Batch
from reportgen.objectives import Integrand
from reportgen.streams import stream


@dataclass(frozen=True)
class Wanted:
    """What the channels in use need from a batch."""

    plain: bool
    """Whether they need independent samples."""
    mirrored: bool
    """Whether they need antithetic pairs, which have separate noise."""
    gradient: bool
    """Whether they need ∂ log p(x|z)/∂z at the samples."""
    auxiliary: int
    """Further standard normals needed for each one of the noise."""

    @classmethod
    def by(cls, channels: Iterable[Channel], pilot: bool = False) -> Wanted:
        """The least that serves all these channels and, except for a pilot, those paired with them."""
        used = list(channels)
        if not pilot:
            used += [channel.paired.reference for channel in used if channel.paired is not None]
        return cls(
            plain=any(not channel.key.antithetic for channel in used),
            mirrored=any(channel.key.antithetic for channel in used),
            gradient=any(channel.estimator.needs_gradient for channel in used),
            auxiliary=max(channel.estimator.auxiliary for channel in used),
        )

    def whole(self, samples: int) -> int:
        """`samples`, rounded up to whole pairs if some are mirrored."""
        step = 2 if self.mirrored else 1
        return -(-samples // step) * step


@dataclass(frozen=True)
class Source:
    """Makes the draws of one cell."""

    frame: Frame
    integrands: tuple[Integrand, ...]
    seed: int
    identity: tuple[str, int]
    """What distinguishes this cell's noise from that of others: its setting and checkpoint."""

    def stream(self, purpose: str, wanted: Wanted) -> Stream:
        """Draws for one purpose, independent of those for another."""
        names = [(purpose,), (purpose, "mirrored"), (purpose, "auxiliary"), (purpose, "mirrored auxiliary")]
        generators = [stream(self.seed, *name, *self.identity) for name in names]
        return Stream(self, wanted, *generators)


@dataclass
class Stream:
    """A sequence of batches; each kind of noise has its own generator."""

    source: Source
    wanted: Wanted
    plain: Generator
    mirrored: Generator
    auxiliary: Generator
    mirrored_auxiliary: Generator

    def sample(self, samples: int) -> Tensor:
        """The next N plain samples for every data point, [I N d], without evaluating anything at them."""
        q = self.source.frame.q
        return q.sample(self._normal(self.plain, samples, q.noise))

    def draw(self, samples: int) -> Values:
        """The next N samples for every data point, evaluated; N must be even if some are mirrored."""
        values: dict[tuple[str, bool], IntegrandValues] = {}
        noise = self.source.frame.q.noise
        if self.wanted.plain:
            epsilon = self._normal(self.plain, samples, noise)
            values |= self._values(epsilon, self.auxiliary, mirrored=False)
        if self.wanted.mirrored:
            half = self._normal(self.mirrored, samples // 2, noise)
            epsilon = torch.stack([half, -half], 2).flatten(1, 2)
            values |= self._values(epsilon, self.mirrored_auxiliary, mirrored=True)
        return values

    def _values(
        self, epsilon: Tensor, auxiliary: Generator, mirrored: bool
    ) -> dict[tuple[str, bool], IntegrandValues]:
        frame, wanted = self.source.frame, self.wanted
        width = epsilon.shape[2] * wanted.auxiliary
        further = self._normal(auxiliary, epsilon.shape[1], width) if width else None
        batch = Batch(frame.problem, frame.q, epsilon, wanted.gradient, further)
        return {(f.name, mirrored): IntegrandValues(batch, f) for f in self.source.integrands}

    def _normal(self, generator: Generator, samples: int, width: int) -> Tensor:
        gram = self.source.frame.gram
        wide = gram.dtype == torch.float64
        shape = (gram.shape[0], samples, width)
        return torch.from_numpy(generator.standard_normal(shape, dtype="float64" if wide else "float32"))
