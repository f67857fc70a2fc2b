"""What a route found: its arms, and the replicates that they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reportgen.engine.references import Place
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
