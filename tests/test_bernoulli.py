"""The summed Bernoulli log-likelihood against the one torch.distributions spells out."""

from __future__ import annotations

import pytest
import torch

from reportgen.problems.bernoulli import CHUNK, bernoulli_log_likelihood


@pytest.mark.parametrize("pixels", [1, CHUNK - 1, CHUNK, 3 * CHUNK + 5])
@pytest.mark.parametrize("scale", [1e-3, 3.0, 200.0])
def test_value_and_gradient_are_those_of_the_plain_sum(pixels: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(pixels)
    x = (torch.rand(2, pixels, generator=generator) < 0.4).double()
    logits = (scale * torch.randn(2, 7, pixels, generator=generator, dtype=torch.float64)).requires_grad_(
        True
    )
    fast = bernoulli_log_likelihood(x, logits)
    slow = torch.distributions.Bernoulli(logits=logits).log_prob(x.unsqueeze(1)).sum(-1)
    torch.testing.assert_close(fast, slow)
    upstream = torch.randn(2, 7, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(
        torch.autograd.grad(fast, logits, upstream)[0], torch.autograd.grad(slow, logits, upstream)[0]
    )


def test_single_precision_neither_overflows_nor_loses_digits() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 30 * torch.randn(1, 50, 784, generator=generator)
    logits[0, 0] = 0.0  # every factor is 2: the largest product
    x = (torch.rand(1, 784, generator=generator) < 0.4).float()
    fast = bernoulli_log_likelihood(x, logits)
    slow = torch.distributions.Bernoulli(logits=logits.double()).log_prob(x.double().unsqueeze(1)).sum(-1)
    # Terms as large as Σ|l| cancel; their rounding is what is left.
    bound = torch.finfo(torch.float32).eps * (logits.double().abs().sum(-1) + slow.abs())
    assert ((fast.double() - slow).abs() < bound).all()
