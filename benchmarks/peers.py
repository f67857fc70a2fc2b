"""Other ways to compute the variances of all coordinates of the encoder's gradient, and their common limit.

Each makes N draws of the named estimator and returns the sample variances
(ddof 1) of all coordinates, [P], layer by layer, weight before bias. Each is
written as users of the library would, without avoidable costs: the image is
encoded once if possible, sums are formed in place, and the likelihood is the
engine's if the library can differentiate it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy

import torch
from backpack import backpack, extend
from backpack.extensions import SumGradSquared
from numpy.random import Generator
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.burda import Case, noise
from reportgen.problems.bernoulli import bernoulli_log_likelihood

warnings.filterwarnings("ignore", message="Full backward hook is firing", category=UserWarning)

Peer = Callable[[Case, str, int, Generator], Tensor]


def surrogate(estimator: str, eta: Tensor, epsilon: Tensor, likelihood: Callable[[Tensor], Tensor]) -> Tensor:
    """[N 2d], [N d] → [N]: scalars whose gradient in φ is one estimate for each row."""
    mean, log_scale = eta.chunk(2, -1)
    z = mean + log_scale.exp() * epsilon
    if estimator == "pathwise":
        return likelihood(z)
    fixed = z.detach()
    log_q = -0.5 * ((fixed - mean) * torch.exp(-log_scale)) ** 2 - log_scale
    return likelihood(fixed).detach() * log_q.sum(-1)


def single_backwards(case: Case, estimator: str, samples: int, generator: Generator) -> Tensor:
    """One backward pass per sample; sums of g and g² in place."""
    parameters = list(case.encoder.parameters())
    first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))

    def likelihood(z: Tensor) -> Tensor:
        return bernoulli_log_likelihood(case.x, case.decoder(z).unsqueeze(0))[0]

    for epsilon in torch.split(noise(generator, samples), 1):
        value = surrogate(estimator, case.encoder(case.x), epsilon, likelihood)
        gradients = torch.autograd.grad(value.sum(), parameters)
        torch._foreach_add_(first, gradients)
        torch._foreach_addcmul_(second, gradients, gradients)
    return _variance(first, second, samples)


def vmap_of_grad(batch: int) -> Peer:
    """torch.func: per-sample gradients of a batch, then sums of them and of their squares."""

    def run(case: Case, estimator: str, samples: int, generator: Generator) -> Tensor:
        parameters = {name: p.detach() for name, p in case.encoder.named_parameters()}

        def likelihood(z: Tensor) -> Tensor:
            target = case.x[0].expand(*z.shape[:-1], -1)
            return -binary_cross_entropy_with_logits(case.decoder(z), target, reduction="none").sum(-1)

        def value(own: dict[str, Tensor], epsilon: Tensor) -> Tensor:
            return surrogate(estimator, functional_call(case.encoder, own, case.x[0]), epsilon, likelihood)

        per_sample = vmap(grad(value), in_dims=(None, 0))
        first, second = ([torch.zeros_like(p) for p in parameters.values()] for _ in range(2))
        for start in range(0, samples, batch):
            gradients = per_sample(parameters, noise(generator, min(batch, samples - start)))
            torch._foreach_add_(first, [g.sum(0) for g in gradients.values()])
            torch._foreach_add_(second, [g.square_().sum(0) for g in gradients.values()])
        return _variance(first, second, samples)

    return run


def backpack_sum_grad_squared(batch: int) -> Peer:
    """BackPACK: Σ g² over a batch of copies of the image, each with its own noise."""

    def run(case: Case, estimator: str, samples: int, generator: Generator) -> Tensor:
        encoder = deepcopy(case.encoder)  # BackPACK leaves hooks behind
        for module in encoder.modules():
            if isinstance(module, nn.Linear):
                extend(module)
        parameters = list(encoder.parameters())
        first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))

        def likelihood(z: Tensor) -> Tensor:
            return bernoulli_log_likelihood(case.x, case.decoder(z).unsqueeze(0))[0]

        for start in range(0, samples, batch):
            epsilon = noise(generator, min(batch, samples - start))
            eta = encoder(case.x.expand(len(epsilon), -1))
            value = surrogate(estimator, eta, epsilon, likelihood).sum()
            encoder.zero_grad()
            with backpack(SumGradSquared()):
                torch.autograd.backward(value)
            torch._foreach_add_(first, [p.grad for p in parameters if p.grad is not None])
            torch._foreach_add_(second, [p.sum_grad_squared for p in parameters])  # type: ignore[attr-defined]
        return _variance(first, second, samples)

    return run


def decoder_products(batch: int) -> Peer:
    """The limit: only the decoder's matrix products, written into existing memory; returns no variances."""

    def run(case: Case, estimator: str, samples: int, generator: Generator) -> Tensor:
        weights = [m.weight for m in case.decoder.modules() if isinstance(m, nn.Linear)]
        values = [torch.ones(batch, weights[0].shape[1])] + [torch.empty(batch, w.shape[0]) for w in weights]
        with torch.no_grad():
            for _ in range(0, samples, batch):
                for weight, h, out in zip(weights, values, values[1:], strict=False):
                    torch.mm(h, weight.T, out=out)
                if estimator == "pathwise":
                    for weight, h, out in zip(weights[::-1], values[:0:-1], values[-2::-1], strict=True):
                        torch.mm(h, weight, out=out)
                    values[0].fill_(1.0)
        return torch.empty(0)

    return run


def _variance(first: list[Tensor], second: list[Tensor], samples: int) -> Tensor:
    parts = [(s - f * f / samples) / (samples - 1) for f, s in zip(first, second, strict=True)]
    return torch.cat([part.reshape(-1) for part in parts]).double()
