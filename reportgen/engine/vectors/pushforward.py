"""From η to every parameter of the encoder, exactly.

For a fixed image the gradient in φ is Jᵀ ĝ_η with J = ∂η/∂φ, [m × P], which
does not depend on the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.blocks import Block, DenseBlock
from reportgen.engine.vectors.factoring import factored
from reportgen.errors import CellError


@dataclass(frozen=True)
class Pushforward:
    """All parameter groups of an encoder at its images."""

    blocks: tuple[Block, ...]
    sizes: Mapping[str, int]
    """Coordinates of every group, by its name, in the encoder's order."""
    grams: Tensor
    """[G I m m], group ``all`` first."""

    @property
    def groups(self) -> tuple[str, ...]:
        return ("all", *self.sizes)

    @property
    def parameters(self) -> int:
        """P"""
        return sum(self.sizes.values())

    def by_group(self, parts: Sequence[Tensor]) -> list[Tensor]:
        """What is given block by block, [P_block], group by group in their order."""
        found: dict[str, Tensor] = {}
        for block, part in zip(self.blocks, parts, strict=True):
            found |= zip(block.groups, torch.split(part, list(block.groups.values())), strict=True)
        return [found[name] for name in self.sizes]

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[list[Tensor]]:
        """Mean over images of Jᵀ v for each block, of one v [I m] after another."""
        each = tee(vectors, len(self.blocks))
        pulled = (block.pulls(own) for block, own in zip(self.blocks, each, strict=True))
        return map(list, zip(*pulled, strict=True))

    def push(self, u: Sequence[Tensor]) -> Tensor:
        """J u with u given block by block, [I m]."""
        pushed = [block.push(part) for block, part in zip(self.blocks, u, strict=True)]
        return torch.stack(pushed).sum(0)

    @classmethod
    def free(cls, groups: Mapping[str, int], images: int) -> Pushforward:
        """Of parameters that are the measured vector itself, group after group: J is the identity."""
        whole = torch.eye(sum(groups.values()), dtype=torch.float64)
        return cls._made([DenseBlock(groups, whole.expand(images, -1, -1))], list(groups))

    @classmethod
    def of(cls, encoder: nn.Module, x: Tensor, tell: Callable[[float], None] | None = None) -> Pushforward:
        """Factor J at the inputs x [I …]; the encoder is put into evaluation mode.

        `tell` is told the share of images that are done, whenever J is computed one by one.
        """
        encoder.eval()
        blocks, names = factored(encoder, x, tell)
        if not blocks:
            raise CellError(
                "encoder: needs at least one parameter that requires a gradient and reaches η, found none. "
                "Check requires_grad and detach in its forward."
            )
        return cls._made(blocks, names)

    @classmethod
    def _made(cls, blocks: Sequence[Block], names: Sequence[str]) -> Pushforward:
        sizes = {name: size for block in blocks for name, size in block.groups.items()}
        found = {name: one for block in blocks for name, one in zip(block.groups, block.grams(), strict=True)}
        grams = torch.stack([found[name] for name in names])
        return cls(
            tuple(blocks),
            {name: sizes[name] for name in names},
            torch.cat([grams.sum(0, keepdim=True), grams]),
        )
