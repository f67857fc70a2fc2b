"""The exact map of gradients from η to all parameters of the encoder.

At a given image the gradient in φ is Jᵀ ĝ_η with J = ∂η/∂φ, [m P], which does
not depend on the sample.
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
    """The Jacobian of all parameter groups of an encoder at its images."""

    blocks: tuple[Block, ...]
    sizes: Mapping[str, int]
    """Number of coordinates of every group by name, in the encoder's order."""
    grams: Tensor
    """J Jᵀ of every group, [G I m m], ``all`` first."""

    @property
    def groups(self) -> tuple[str, ...]:
        return ("all", *self.sizes)

    @property
    def parameters(self) -> int:
        """P"""
        return sum(self.sizes.values())

    def by_group(self, parts: Sequence[Tensor]) -> list[Tensor]:
        """Parts given block by block, [P_block], as parts by group in the encoder's order, [P_group]."""
        found: dict[str, Tensor] = {}
        for block, part in zip(self.blocks, parts, strict=True):
            found |= zip(block.groups, torch.split(part, list(block.groups.values())), strict=True)
        return [found[name] for name in self.sizes]

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[list[Tensor]]:
        """Mean over images of Jᵀ v, block by block, for each v [I m] in turn."""
        each = tee(vectors, len(self.blocks))
        pulled = (block.pulls(own) for block, own in zip(self.blocks, each, strict=True))
        return map(list, zip(*pulled, strict=True))

    def push(self, u: Sequence[Tensor]) -> Tensor:
        """J u at each image, [I m], with u given block by block."""
        pushed = [block.push(part) for block, part in zip(self.blocks, u, strict=True)]
        return torch.stack(pushed).sum(0)

    @classmethod
    def free(cls, groups: Mapping[str, int], images: int) -> Pushforward:
        """The pushforward if the measured vector consists of the parameters themselves: J is the identity."""
        whole = torch.eye(sum(groups.values()), dtype=torch.float64)
        return cls._made([DenseBlock(groups, whole.expand(images, -1, -1))], list(groups))

    @classmethod
    def of(cls, encoder: nn.Module, x: Tensor, tell: Callable[[float], None] | None = None) -> Pushforward:
        """Compute J at the inputs x [I …], in factored form; puts the encoder into evaluation mode.

        `tell` is called with the share of images done, whenever J is computed image by image.
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
