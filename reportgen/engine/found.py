"""What a route found: its arms, and the replicates that they read."""

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
    """To be summed up."""

    arms: tuple[Arm, ...]
    channels: Mapping[Key, C]
    references: Mapping[Place, Arm]
    drawn: int
    """Draws a data point."""

    def channel(self, arm: Arm) -> C:
        """The one that the arm reads."""
        return self.channels[Key.of(arm)]

    def place(self, arm: Arm) -> Place:
        """The arm's objective, and whose gradient it is."""
        return arm.objective, self.channel(arm).space

    def reference(self, arm: Arm) -> Arm | None:
        """What the arm is compared with; None where nothing is."""
        return self.references.get(self.place(arm))

    def twin(self, arm: Arm) -> Arm | None:
        """The reference, if its gradient is the arm's: that of a bound is another one for each K."""
        reference = self.reference(arm)
        if reference is not None and self.channel(arm).key.several:
            return reference if reference.num_samples == arm.num_samples else None
        return reference

    def directing(self, arm: Arm) -> C:
        """The replicates along whose mean the arm's are split.

        Of an unbiased arm the reference's, whose mean is the same and better known; else its own.
        """
        own, twin = self.channel(arm), self.twin(arm)
        return self.channel(twin) if twin is not None and own.unbiased else own

    def in_phi(self) -> tuple[dict[int, C], int]:
        """Sound replicates of φ by the first arm of each label and objective, and which arm is the reference.

        That of the first arm's objective; −1 where it is none of these arms.
        """
        own = {a: self.channel(self.arms[a]) for a in own_arms(self.arms)}
        reference = self.references.get((self.arms[0].objective, "phi"))
        first = self.arms.index(reference) if reference in self.arms else -1
        return {a: one for a, one in own.items() if one.space == "phi" and one.cause is None}, first
