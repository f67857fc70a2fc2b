"""The spaces of replicates: for gradients in φ that of η, for those in a small θ that of θ itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.problems.problem import Problem


@dataclass(frozen=True)
class Space:
    """A space of replicates, with the map from it to the parameters whose gradient is estimated."""

    pushforward: Pushforward
    columns: tuple[int, ...]
    """Columns of its groups, ``all`` first, in the record's arrays."""

    @property
    def dimension(self) -> int:
        """m, the length of a replicate."""
        return self.pushforward.grams.shape[-1]

    @property
    def gram(self) -> Tensor:
        """J Jᵀ over all parameters, [I m m], float64."""
        return self.pushforward.grams[0]

    @cached_property
    def live(self) -> list[Tensor]:
        """Which coordinates of each group have a gradient at some image, [P_group], bool."""
        return self.pushforward.by_group([block.live() for block in self.pushforward.blocks])


def spaces_of(
    problem: Problem, wanted: set[str], tell: Callable[[float], None] | None = None
) -> tuple[dict[str, Space], tuple[str, ...]]:
    """The spaces ``phi`` and, if wanted, ``theta``; and the names of all groups, ``all`` first.

    If the encoder's Jacobian is computed image by image, `tell` is called with the share done.
    """
    phi = Pushforward.of(problem.encoder, problem.x, tell)
    groups = phi.groups
    spaces = {"phi": Space(phi, tuple(range(len(groups))))}
    if "theta" in wanted:
        assert problem.generative is not None
        named: Mapping[str, int] = {f"θ {name}": size for name, size in problem.generative.groups.items()}
        theta = Pushforward.free(named, problem.x.shape[0])
        first = len(groups)
        spaces["theta"] = Space(theta, (0, *range(first, first + len(named))))
        groups = (*groups, *named)
    return spaces, groups
