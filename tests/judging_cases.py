"""Small models in float64 to judge, and slow computations of what judging them must give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.families import MeanFieldGaussian
from reportgen.judging.networks import Networks, of_problem
from reportgen.judging.noise import ImageNoise
from reportgen.problems.covariance import gaussian_of
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.linear_gaussian_vae import Likelihood, LinearEncoder, PrincipalComponents
from reportgen.problems.networks import Decoder, Encoder, blank
from reportgen.problems.vae import VAEProblem
from reportgen.streams import stream

Array = NDArray[np.float64]
CPU = torch.device("cpu")
PIXELS = 21


def filled(network: nn.Module, name: str, size: float = 0.5) -> nn.Module:
    """Every parameter drawn from a stream of its own, float64."""
    network.double()
    for key, value in network.state_dict().items():
        noise = stream(0, "judging cases", name, key).standard_normal(tuple(value.shape))
        value.copy_(torch.from_numpy(size * noise))
    return network


def images(count: int, pixels: int = PIXELS) -> Tensor:
    """Binary images [count pixels]."""
    return torch.from_numpy((stream(0, "judging cases", "x").random((count, pixels)) < 0.4).astype(float))


def layered(widths: Sequence[int], count: int = 3, pixels: int = PIXELS) -> LayeredVAE:
    """A VAE with these stochastic layers at some images."""
    below = [pixels, *widths]
    up = [
        filled(Encoder(inputs, [6, 5], units), f"up {stage}")
        for stage, (inputs, units) in enumerate(zip(below, widths, strict=False))
    ]
    down: list[nn.Module] = [filled(Decoder(widths[0], [5, 6], pixels), "down 0")]
    for stage, units in enumerate(widths[1:], start=1):
        down.append(filled(Encoder(units, [5], widths[stage - 1]), f"down {stage}"))
    return LayeredVAE(Stages(up), Stages(down), images(count, pixels), tuple(widths))


def one_layer(covariance: str, count: int = 3) -> VAEProblem:
    """A VAE with one stochastic layer and this covariance of q."""
    settings = {"hidden": [6, 5], "latent": 4, "covariance": covariance, "rank": 2}
    encoder, decoder = blank(settings, PIXELS)
    filled(encoder, covariance)
    filled(decoder, "decoder").requires_grad_(False)
    return VAEProblem(encoder, decoder, images(count), gaussian_of(settings))


def taken(problem: LayeredVAE | VAEProblem) -> Networks:
    """The networks of a model, as they are judged."""
    found = of_problem(problem, CPU)
    assert found is not None
    return found


def all_noise(width: int, rows: Sequence[int], samples: int, seed: int) -> Tensor:
    """The noise of each row at once, [I samples width], float64."""
    return torch.stack(
        [ImageNoise(width, seed=seed, row=row).draw(samples, torch.float64, CPU) for row in rows]
    )


def slow_log_weights(problem: LayeredVAE | VAEProblem, noise: Tensor) -> Array:
    """log p(x, z) − log q(z|x) from the definitions, every density by torch.distributions, [I N]."""
    with torch.no_grad():
        if isinstance(problem, LayeredVAE):
            return _slow_layers(problem, noise)
        q = problem.family(problem.encoder(problem.x))
        z = q.sample(noise)
        likelihood = torch.distributions.Bernoulli(logits=problem.decoder(z)).log_prob(
            problem.x.unsqueeze(1).expand(*z.shape[:2], -1)
        )
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(z)
        return np.asarray((likelihood.sum(-1) + prior.sum(-1) - q.log_density_at(z)).numpy())


def _normal(eta: Tensor) -> torch.distributions.Normal:
    mean, log_scale = eta.chunk(2, dim=-1)
    return torch.distributions.Normal(mean, log_scale.exp())


def _slow_layers(problem: LayeredVAE, noise: Tensor) -> Array:
    x = problem.x.unsqueeze(1).expand(*noise.shape[:2], -1)
    below, layers = x, []
    total = torch.zeros(noise.shape[:2], dtype=torch.float64)
    for stage, epsilon in enumerate(torch.split(noise, list(problem.widths), dim=-1)):
        q = _normal(problem.encoder(stage, below))
        below = q.mean + q.stddev * epsilon
        total -= q.log_prob(below).sum(-1)
        layers.append(below)
    total += torch.distributions.Bernoulli(logits=problem.decoder(0, layers[0])).log_prob(x).sum(-1)
    total += torch.distributions.Normal(0.0, 1.0).log_prob(layers[-1]).sum(-1)
    for stage in range(1, len(layers)):
        total += _normal(problem.decoder(stage, layers[stage])).log_prob(layers[stage - 1]).sum(-1)
    return np.asarray(total.numpy())


def slow_bounds(log_weights: Array, curve: Sequence[int]) -> Array:
    """[I N] → [I C]: the mean over whole groups of k, one group after another, the largest weight aside."""
    found = np.empty((len(log_weights), len(curve)))
    for i, own in enumerate(log_weights):
        for c, k in enumerate(curve):
            values = []
            for start in range(0, len(own) - k + 1, k):
                group = own[start : start + k]
                top = float(group.max())
                values.append(top + math.log(math.fsum(math.exp(w - top) for w in group)) - math.log(k))
            found[i, c] = math.fsum(values) / len(values)
    return found


@dataclass(frozen=True)
class LinearGaussian:
    """Probabilistic PCA, whose evidence is known; implements `Judgeable`."""

    model: PrincipalComponents
    encoder: LinearEncoder
    dtype: torch.dtype = torch.float64

    @classmethod
    def of(cls, x: Array, latent: int, away: float) -> LinearGaussian:
        """Fitted to x; q is the posterior moved away from it, and wider."""
        model = PrincipalComponents.fitted(x, latent)
        weight = model.posterior_weight * (1.0 + away)
        return cls(model, LinearEncoder(weight, model.bias, np.log(model.posterior_scale * (1.0 + away))))

    @property
    def noise(self) -> int:
        return self.model.weight.shape[1]

    def visit(self, device: torch.device) -> int:
        return 700

    def at(self, x: Tensor):  # type: ignore[no-untyped-def]
        q = MeanFieldGaussian.from_eta(self.encoder(x.unsqueeze(0)))
        likelihood = Likelihood.of(self.model, x.unsqueeze(0))

        def log_weights(noise: Tensor) -> Tensor:
            epsilon = noise.unsqueeze(0)
            z = q.sample(epsilon)
            prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
            return (likelihood(z) + prior - q.log_density(epsilon)).squeeze(0)

        return log_weights

    def evidence(self, x: Array) -> Array:
        """log N(x; b, W Wᵀ + s² I), [I]."""
        weight = torch.from_numpy(self.model.weight)
        covariance = weight @ weight.T + self.model.noise**2 * torch.eye(len(weight), dtype=torch.float64)
        law = torch.distributions.MultivariateNormal(torch.from_numpy(self.model.bias), covariance)
        return np.asarray(law.log_prob(torch.from_numpy(x)).numpy())
