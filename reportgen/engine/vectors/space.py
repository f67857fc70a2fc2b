"""Where replicates live: for φ the parameters η of q, for θ the few parameters of p themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.problems.problem import Problem


@dataclass(frozen=True)
class Space:
    """How vectors of one kind reach the parameters whose gradient they are."""

    pushforward: Pushforward
    columns: tuple[int, ...]
    """Places of its groups, ``all`` first, among those of the record."""

    @property
    def dimension(self) -> int:
        """m, the length of a replicate."""
        return self.pushforward.grams.shape[-1]

    @property
    def gram(self) -> Tensor:
        """J Jᵀ over all its parameters, [I m m], float64."""
        return self.pushforward.grams[0]

    @cached_property
    def live(self) -> list[Tensor]:
        """Which coordinates of each group have a gradient at some image, [P_group], bool."""
        return self.pushforward.by_group([block.live() for block in self.pushforward.blocks])


def spaces_of(
    problem: Problem, wanted: set[str], tell: Callable[[float], None] | None = None
) -> tuple[dict[str, Space], tuple[str, ...]]:
    """The spaces ``phi`` and, where wanted, ``theta``; and the names of all groups, ``all`` first.

    Where the encoder's Jacobian is computed image by image, `tell` is told the share that is done.
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
