"""The result of one route: its arms, and the channels from which they are computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key, Replicates
from reportgen.plan import Arm

C = TypeVar("C", bound=Replicates[Any])


@dataclass(frozen=True)
class Found(Generic[C]):
    """Measured arms and channels, to be summarised in a record."""

    arms: tuple[Arm, ...]
    channels: Mapping[Key, C]
    references: Mapping[Place, Arm]
    drawn: int
    """Draws per data point."""

    def channel(self, arm: Arm) -> C:
        """The channel from which the arm is computed."""
        return self.channels[Key.of(arm)]

    def place(self, arm: Arm) -> Place:
        """The arm's objective, and the space (φ or θ) of its gradient."""
        return arm.objective, self.channel(arm).space

    def reference(self, arm: Arm) -> Arm | None:
        """The arm with which this one is compared, or None."""
        return self.references.get(self.place(arm))

    def twin(self, arm: Arm) -> Arm | None:
        """The reference if both estimate the same gradient, which for a bound they do only at equal K."""
        reference = self.reference(arm)
        if reference is not None and self.channel(arm).key.several:
            return reference if reference.num_samples == arm.num_samples else None
        return reference

    def directing(self, arm: Arm) -> C:
        """The channel along whose mean gradient the arm's estimates are split.

        For an unbiased arm, the reference's, whose mean is the same but better known; otherwise its own.
        """
        own, twin = self.channel(arm), self.twin(arm)
        return self.channel(twin) if twin is not None and own.unbiased else own

    def in_phi(self) -> tuple[dict[int, C], int]:
        """Sound channels in φ by the first arm of each label and objective, and the index of a reference.

        It is the reference for the first arm's objective; −1 if it is not among the arms.
        """
        own = {a: self.channel(self.arms[a]) for a in own_arms(self.arms)}
        reference = self.references.get((self.arms[0].objective, "phi"))
        first = self.arms.index(reference) if reference in self.arms else -1
        return {a: one for a, one in own.items() if one.space == "phi" and one.cause is None}, first
