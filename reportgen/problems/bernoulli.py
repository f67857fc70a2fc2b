"""The Bernoulli log-likelihood of binary pixels, summed without writing the terms down.

Σ log(1 + eˡ) over hundreds of pixels costs as much as the decoder's matrix
products when every pixel takes a logarithm. Each factor 1 + e^{−|l|} lies in
(1, 2], so a hundred of them multiply without overflow, and one logarithm
serves them all.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK = 64
"""Factors multiplied before a logarithm is taken: 2⁶⁴ is far inside float32."""


class _SoftplusSum(torch.autograd.Function):
    """Σ_pixels log(1 + eˡ), [.. pixels] → [..]; its derivative in l is sigmoid(l)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        ctx.save_for_backward(logits)
        factors = logits.abs().neg_().exp_().add_(1.0)
        total = logits.clamp_min(0.0).sum(-1)
        for start in range(0, logits.shape[-1], CHUNK):
            total += factors[..., start : start + CHUNK].prod(-1).log_()
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        (logits,) = ctx.saved_tensors
        return torch.sigmoid(logits).mul_(upstream[0].unsqueeze(-1))


def softplus_sum(logits: Tensor) -> Tensor:
    """Σ log(1 + eˡ) over the last axis, differentiable once."""
    total: Tensor = _SoftplusSum.apply(logits)
    return total


def bernoulli_log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|l) = Σ x l − log(1 + eˡ); x [I pixels], logits [I N pixels] → [I N]."""
    return torch.bmm(logits, x.unsqueeze(-1)).squeeze(-1) - softplus_sum(logits)
