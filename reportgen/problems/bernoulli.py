"""The Bernoulli log-likelihood of binary pixels, summed without storing its terms.

With one logarithm per pixel, Σ log(1 + eˡ) over hundreds of pixels costs as much
as the decoder's matrix products. But log(1 + eˡ) = ½ (l + |l|) − log σ(|l|): the
linear parts are a product and a sum, and the factors σ(|l|) lie in [½, 1), so
many of them can be multiplied without underflow before one logarithm is taken.

Rows are processed in blocks of a few hundred, so that every pass over a block
but the first finds it in the cache; the derivative, if required, is computed in
the same block. If the decoder ends in a linear layer, its logits exist only
block by block.

Logits may be arbitrarily large: the derivative is accurate to rounding, and
cancellation in the linear parts costs less than 10⁻⁴ of log p in float32, even
with logits in the thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

ROWS = 256
"""Samples per block: with 784 pixels each, less than a megabyte."""
HALVINGS = 4
"""Factors are multiplied until 2⁴ to 2⁵ − 1 share a logarithm: 2⁻³¹ is well within float32's range."""

Block = tuple[slice, slice]


class _OfLogits(torch.autograd.Function):
    """Σ_pixels x l − log(1 + eˡ) of logits [I N pixels]; its derivative in l is x − sigmoid(l)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        total = logits.new_empty(logits.shape[:2])
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[1] else None
        for block in _blocks(logits):
            own, at = x[block[0]], logits[block]
            factors = torch.abs(at)
            total[block] = _value(own, at, factors)
            if gradient is not None:
                torch.sub(own.unsqueeze(1), torch.sigmoid(at, out=factors), out=gradient[block])
            del factors  # so that the next block reuses its memory, which is in the cache
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, Tensor]:
        return None, _weighted(ctx.saved_tensors[0], upstream[0])


class _OfLastLayer(torch.autograd.Function):
    """`_OfLogits` for l = h Wᵀ + b with inputs h [I N hidden]; its derivative in h is (x − sigmoid(l)) W."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        total = inputs.new_empty(inputs.shape[:2])
        gradient = torch.empty_like(inputs) if ctx.needs_input_grad[1] else None
        for block in _blocks(inputs):
            own, at = x[block[0]], inputs[block]
            logits = torch.addmm(bias, at.reshape(-1, at.shape[-1]), weight.T).view(*at.shape[:2], -1)
            factors = torch.abs(logits)
            total[block] = _value(own, logits, factors)
            if gradient is not None:
                torch.sub(own.unsqueeze(1), torch.sigmoid(logits, out=factors), out=factors)
                into = gradient[block].view(-1, at.shape[-1])
                torch.mm(factors.view(-1, factors.shape[-1]), weight, out=into)
            del logits, factors
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, Tensor, None, None]:
        return None, _weighted(ctx.saved_tensors[0], upstream[0]), None, None


def _blocks(rows: Tensor) -> Iterator[Block]:
    """Slices of images and samples that divide [I N …] into blocks."""
    images, samples = rows.shape[:2]
    step = max(ROWS // max(samples, 1), 1)
    for i in range(0, images, step):
        for s in range(0, samples, ROWS):
            yield slice(i, i + step), slice(s, s + ROWS)


def _value(x: Tensor, logits: Tensor, factors: Tensor) -> Tensor:
    """Log-likelihoods of a block of rows, [i n]; `factors` holds |logits| and is overwritten."""
    total = torch.bmm(logits, (x - 0.5).unsqueeze(-1)).squeeze(-1)
    total.sub_(factors.sum(-1), alpha=0.5)
    factors.sigmoid_()
    width = factors.shape[-1]
    for _ in range(HALVINGS):
        if width < 2:
            break
        half = width // 2
        if width % 2:
            factors[..., 0].mul_(factors[..., width - 1])
        factors[..., :half].mul_(factors[..., half : 2 * half])
        width = half
    return total.add_(factors[..., :width].log_().sum(-1))


def _weighted(gradient: Tensor, upstream: Tensor) -> Tensor:
    """gradient [I N …] times upstream [I N], which is an expanded 1 where the result is simply summed."""
    if not any(upstream.stride()) and float(upstream[0, 0]) == 1.0:
        return gradient
    return gradient * upstream.unsqueeze(-1)


def bernoulli_log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|l) = Σ x l − log(1 + eˡ); x [I pixels], logits [I N pixels] → [I N].

    Differentiable once, and only in the logits.
    """
    total: Tensor = _OfLogits.apply(x, logits)  # type: ignore[no-untyped-call]
    return total


def log_likelihood_of_layer(x: Tensor, inputs: Tensor, layer: nn.Linear) -> Tensor:
    """log p(x|l) with logits l = layer(inputs); x [I pixels], inputs [I N hidden] → [I N].

    Differentiable once, and only in the inputs: the layer's parameters, which
    are part of θ, must not require a gradient.
    """
    total: Tensor = _OfLastLayer.apply(x, inputs, layer.weight, layer.bias)  # type: ignore[no-untyped-call]
    return total
