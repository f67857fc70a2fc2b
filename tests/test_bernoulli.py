"""The summed Bernoulli log-likelihood against the one torch.distributions spells out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reportgen.problems.bernoulli import ROWS, bernoulli_log_likelihood, log_likelihood_of_layer


@pytest.mark.parametrize("pixels", [1, 2, 31, 64, 197])
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


@pytest.mark.parametrize(("images", "samples"), [(1, 2 * ROWS + 3), (5, 7), (ROWS + 2, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_and_the_last_layer_give_what_the_plain_sum_gives(
    images: int, samples: int, weighted: bool
) -> None:
    generator = torch.Generator().manual_seed(images)
    layer = nn.Linear(4, 23).double().requires_grad_(False)
    nn.init.normal_(layer.weight, generator=generator)
    x = (torch.rand(images, 23, generator=generator) < 0.4).double()
    h = torch.randn(images, samples, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    slow = torch.distributions.Bernoulli(logits=layer(h)).log_prob(x.unsqueeze(1)).sum(-1)
    upstream = torch.rand(images, samples, generator=generator).double() if weighted else torch.ones(())
    (expected,) = torch.autograd.grad((slow * upstream).sum(), h)
    for fast in (log_likelihood_of_layer(x, h, layer), bernoulli_log_likelihood(x, layer(h))):
        torch.testing.assert_close(fast, slow)
        total = (fast * upstream).sum() if weighted else fast.sum()
        torch.testing.assert_close(torch.autograd.grad(total, h)[0], expected)


def test_a_decoder_that_is_trained_keeps_its_gradient() -> None:
    from reportgen.problems.networks import Decoder, Encoder
    from reportgen.problems.vae import VAEProblem

    decoder = Decoder(2, [3], 5)
    problem = VAEProblem(Encoder(5, [3], 2), decoder, torch.ones(1, 5))
    problem.log_likelihood(torch.zeros(1, 4, 2)).sum().backward()
    assert decoder.logits.bias.grad is not None and bool((decoder.logits.bias.grad != 0).all())
