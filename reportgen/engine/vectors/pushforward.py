"""From η to every parameter of the encoder, exactly.

For a fixed image the gradient in φ is Jᵀ ĝ_η with J = ∂η/∂φ, [m × P], which
does not depend on the sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.blocks import Block, DenseBlock
from reportgen.engine.vectors.factoring import factored
from reportgen.errors import CellError


@dataclass(frozen=True)
class Pushforward:
    """All parameter groups of an encoder at its images."""

    blocks: tuple[Block, ...]
    grams: Tensor
    """[G I m m], group ``all`` first."""

    @property
    def groups(self) -> tuple[str, ...]:
        return ("all", *(block.name for block in self.blocks))

    @property
    def parameters(self) -> int:
        """P"""
        return sum(block.size for block in self.blocks)

    def pull(self, v: Tensor) -> list[Tensor]:
        """Mean over images of Jᵀ v for each block."""
        return [block.pull(v) for block in self.blocks]

    def push(self, u: Sequence[Tensor]) -> Tensor:
        """J u with u given block by block, [I m]."""
        pushed = [block.push(part) for block, part in zip(self.blocks, u, strict=True)]
        return torch.stack(pushed).sum(0)

    @classmethod
    def free(cls, groups: Mapping[str, int], images: int) -> Pushforward:
        """Of parameters that are the measured vector itself, group after group: J is the identity."""
        whole = torch.eye(sum(groups.values()), dtype=torch.float64)
        parts = torch.split(whole, list(groups.values()), dim=1)
        blocks = tuple(
            DenseBlock(name, part.expand(images, -1, -1)) for name, part in zip(groups, parts, strict=True)
        )
        grams = torch.stack([block.gram() for block in blocks])
        return cls(blocks, torch.cat([grams.sum(0, keepdim=True), grams]))

    @classmethod
    def of(cls, encoder: nn.Module, x: Tensor) -> Pushforward:
        """Factor J at the inputs x [I …]; the encoder is put into evaluation mode."""
        encoder.eval()
        blocks = factored(encoder, x)
        if not blocks:
            raise CellError(
                "encoder: needs at least one parameter that requires a gradient and reaches η, found none. "
                "Check requires_grad and detach in its forward."
            )
        grams = torch.stack([block.gram() for block in blocks])
        return cls(tuple(blocks), torch.cat([grams.sum(0, keepdim=True), grams]))
