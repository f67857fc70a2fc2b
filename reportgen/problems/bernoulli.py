"""The Bernoulli log-likelihood of binary pixels, summed without writing the terms down.

Σ log(1 + eˡ) over hundreds of pixels costs as much as the decoder's matrix
products when every pixel takes a logarithm. With log(1 + eˡ) = ½ (l + |l|) −
log σ(|l|) the linear parts are one product and one sum; each factor σ(|l|)
lies in [½, 1), so that dozens of them multiply without underflow and one
logarithm serves them all.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK = 64
"""Factors multiplied before a logarithm is taken: 2⁻⁶⁴ is far inside float32."""


class _LogLikelihood(torch.autograd.Function):
    """Σ_pixels x l − log(1 + eˡ); its derivative in l is x − sigmoid(l)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        ctx.save_for_backward(x, logits)
        factors = logits.abs()
        total = torch.bmm(logits, (x - 0.5).unsqueeze(-1)).squeeze(-1)
        total.sub_(factors.sum(-1), alpha=0.5)
        factors.sigmoid_()
        for start in range(0, logits.shape[-1], CHUNK):
            total += factors[..., start : start + CHUNK].prod(-1).log_()
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, Tensor]:
        x, logits = ctx.saved_tensors
        gradient = torch.sigmoid(logits).sub_(x.unsqueeze(1))
        return None, gradient.mul_(-upstream[0].unsqueeze(-1))


def bernoulli_log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|l) = Σ x l − log(1 + eˡ); x [I pixels], logits [I N pixels] → [I N].

    Differentiable once, in the logits alone.
    """
    total: Tensor = _LogLikelihood.apply(x, logits)  # type: ignore[no-untyped-call]
    return total
