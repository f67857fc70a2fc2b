"""A VAE small enough to be differentiated weight by weight, and its integrands from their definitions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch, PointsAt
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS
from reportgen.families import MeanFieldGaussian
from reportgen.objectives import Objective
from reportgen.problems.vae import VAEProblem
from reportgen.streams import stream

LATENT, PIXELS, IMAGES, REPLICATES, K = 2, 6, 3, 4, 3


class TinyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.head = nn.Linear(PIXELS, 5), nn.Linear(5, 2 * LATENT)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.hidden(x)))


def tiny_vae() -> VAEProblem:
    torch.manual_seed(0)
    decoder = (
        nn.Sequential(nn.Linear(LATENT, 5), nn.Tanh(), nn.Linear(5, PIXELS)).double().requires_grad_(False)
    )
    x = (torch.rand(IMAGES, PIXELS) < 0.5).double()
    return VAEProblem(TinyEncoder().double(), decoder, x)


def log_normal(z: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    return (-0.5 * ((z - mean) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


def f_of(problem: VAEProblem, objective: Objective, x: Tensor, z: Tensor, eta: Tensor) -> Tensor:
    """The integrand, straight from its definition."""
    logits = problem.decoder(z)
    value = torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)
    if objective.integrand.name == "log_weight":
        mean, log_scale = eta.chunk(2, -1)
        value = (
            value + log_normal(z, torch.zeros_like(z), torch.zeros_like(z)) - log_normal(z, mean, log_scale)
        )
    return value


def noise(*names: str, width: int = LATENT) -> Tensor:
    """[I R·K width]."""
    drawn = stream(7, "tiny", *names).standard_normal((IMAGES, REPLICATES * K, width))
    return torch.from_numpy(drawn)


def engine(
    problem: VAEProblem, objective: Objective, name: str, epsilon: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """ĝ_η [I R m] from the fast route, and the coefficients used; auxiliary noise is `noise("further")`."""
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    estimator = ESTIMATORS[name]
    frame = Frame(
        problem, q, Pushforward.of(problem.encoder, problem.x).grams[0], PointsAt(problem, q, q.mean, True)
    )
    further = noise("further", width=LATENT * estimator.auxiliary)
    values = IntegrandValues(Batch(problem, q, epsilon, True, further), objective.integrand)
    draws = IntegrandDraws(values, frame, K, 0.0, objective.several, estimator.auxiliary)
    coefficients = dict(estimator.fit(draws)) if estimator.fit else {}
    evaluate = estimator.of(objective.name)
    assert evaluate is not None
    return evaluate(draws, coefficients), coefficients
