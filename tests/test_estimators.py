"""Every estimator against its slow twin: autograd through the whole model, one replicate at a time.

The twin never sees η: it differentiates the textbook surrogate with respect
to every weight of a VAE's encoder.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from reportgen.estimators import ESTIMATORS
from reportgen.families import MeanFieldGaussian
from reportgen.measure.draws import Batch, Frame, IntegrandDraws, IntegrandValues, PointsAt
from reportgen.measure.pushforward import Pushforward
from reportgen.objectives import OBJECTIVES, Objective
from reportgen.problems.vae import VAEProblem

LATENT, PIXELS, IMAGES, REPLICATES, K = 2, 6, 3, 4, 3


class TinyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.head = nn.Linear(PIXELS, 5), nn.Linear(5, 2 * LATENT)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.hidden(x)))


@pytest.fixture(scope="module")
def problem() -> VAEProblem:
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


Surrogate = Callable[[VAEProblem, Objective, Tensor, Tensor, dict[str, Tensor]], Tensor]


def score_surrogate(weigh: Callable[[Tensor], Tensor]) -> Surrogate:
    """Mean over K of (detached weight) × log q(detached z): its gradient is the score-function estimate."""

    def surrogate(
        problem: VAEProblem, objective: Objective, x: Tensor, epsilon: Tensor, coefficients: dict[str, Tensor]
    ) -> Tensor:
        eta = problem.encoder(x)
        mean, log_scale = eta.chunk(2, -1)
        z = (mean + log_scale.exp() * epsilon).detach()
        f = f_of(problem, objective, x, z, eta).detach()
        if "baseline" in coefficients:
            f = f - coefficients["baseline"]
        return (weigh(f) * log_normal(z, mean, log_scale)).mean()

    return surrogate


def pathwise_surrogate(
    problem: VAEProblem, objective: Objective, x: Tensor, epsilon: Tensor, _: dict[str, Tensor]
) -> Tensor:
    eta = problem.encoder(x)
    mean, log_scale = eta.chunk(2, -1)
    return f_of(problem, objective, x, mean + log_scale.exp() * epsilon, eta).mean()


def taylor_surrogate(
    problem: VAEProblem, objective: Objective, x: Tensor, epsilon: Tensor, _: dict[str, Tensor]
) -> Tensor:
    eta = problem.encoder(x)
    mean, log_scale = eta.chunk(2, -1)
    centre = mean.detach().requires_grad_(True)
    at_centre = f_of(problem, objective, x, centre, eta.detach())
    (slope,) = torch.autograd.grad(at_centre, centre)
    z = (mean + log_scale.exp() * epsilon).detach()
    residual = (
        f_of(problem, objective, x, z, eta).detach() - at_centre.detach() - (z - centre.detach()) @ slope
    )
    return (residual * log_normal(z, mean, log_scale)).mean() + (mean * slope).sum()


def printed_surrogate(
    problem: VAEProblem, objective: Objective, x: Tensor, epsilon: Tensor, _: dict[str, Tensor]
) -> Tensor:
    eta = problem.encoder(x)
    mean, log_scale = eta.chunk(2, -1)
    z = (mean + log_scale.exp() * epsilon).detach()
    return (f_of(problem, objective, x, z, eta).detach() * log_normal(z, mean, log_scale).exp()).mean()


TWINS: dict[str, Surrogate] = {
    "score_function": score_surrogate(lambda f: f),
    "score_function_optimal_constant": score_surrogate(lambda f: f),
    "leave_one_out": score_surrogate(lambda f: f - (f.sum() - f) / (K - 1)),
    "pathwise": pathwise_surrogate,
    "taylor_control_variate": taylor_surrogate,
    "score_function_as_printed": printed_surrogate,
}


def engine(
    problem: VAEProblem, objective: Objective, name: str, epsilon: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """ĝ_η [I R m] from the fast route, and the coefficients used."""
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    push = Pushforward.of(problem.encoder, problem.x)
    centre = PointsAt(problem, q, q.mean, True)
    frame = Frame(problem, q, push.grams[0], centre)
    draws = IntegrandDraws(
        IntegrandValues(Batch(problem, q, epsilon, True), objective.integrand), frame, K, 0.0
    )
    estimator = ESTIMATORS[name]
    coefficients = dict(estimator.fit(draws)) if estimator.fit else {}
    return estimator.evaluate(draws, coefficients), coefficients


def noise() -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(IMAGES, REPLICATES * K, LATENT, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
@pytest.mark.parametrize("name", list(TWINS))
def test_estimate_is_what_autograd_gives_for_every_weight(
    problem: VAEProblem, objective: str, name: str
) -> None:
    chosen, epsilon = OBJECTIVES[objective], noise()
    fast, coefficients = engine(problem, chosen, name, epsilon)
    parameters = list(problem.encoder.parameters())
    for i in range(IMAGES):
        for r in range(REPLICATES):
            own = {key: value[i].reshape(-1) for key, value in coefficients.items()}
            samples = epsilon[i, r * K : (r + 1) * K]
            loss = TWINS[name](problem, chosen, problem.x[i], samples, own)
            slow = torch.autograd.grad(loss, parameters)
            eta = problem.encoder(problem.x[i])
            pulled = torch.autograd.grad(eta, parameters, grad_outputs=fast[i, r])
            for a, b in zip(pulled, slow, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def test_per_coordinate_baseline_is_the_constant_one_where_it_is_given_one_number(
    problem: VAEProblem,
) -> None:
    fast, coefficients = engine(problem, OBJECTIVES["elbo"], "score_function_optimal_per_coordinate", noise())
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    batch = Batch(problem, q, noise(), False)
    f = OBJECTIVES["elbo"].integrand.value(batch).unflatten(1, (REPLICATES, K))
    score = batch.score.unflatten(1, (REPLICATES, K))
    for j in range(2 * LATENT):
        slow = ((f - coefficients["baseline"][..., j]) * score[..., j]).mean(2)
        torch.testing.assert_close(fast[..., j], slow)


@pytest.mark.parametrize("name", ["leave_one_out", "pathwise", "score_function_optimal_constant"])
def test_a_constant_added_to_f_is_not_felt(problem: VAEProblem, name: str) -> None:
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    frame = Frame(problem, q, Pushforward.of(problem.encoder, problem.x).grams[0], None)
    values = IntegrandValues(Batch(problem, q, noise(), True), OBJECTIVES["reconstruction"].integrand)
    estimator = ESTIMATORS[name]
    results = []
    for constant in (0.0, 123.0):
        draws = IntegrandDraws(values, frame, K, constant)
        results.append(estimator.evaluate(draws, estimator.fit(draws) if estimator.fit else {}))
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-9)
    plain = ESTIMATORS["score_function"]
    moved = [plain.evaluate(IntegrandDraws(values, frame, K, c), {}) for c in (0.0, 123.0)]
    assert (moved[0] - moved[1]).abs().max() > 1.0


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_estimator_keeps_its_contract(problem: VAEProblem, name: str) -> None:
    estimator = ESTIMATORS[name]
    assert estimator.name == name
    assert estimator.formula and estimator.spoken and estimator.requires and estimator.source
    assert estimator.default_samples >= estimator.min_samples >= 1
    fast, _ = engine(problem, OBJECTIVES["elbo"], name, noise())
    assert fast.shape == (IMAGES, REPLICATES, 2 * LATENT)
    assert torch.isfinite(fast).all()
    assert "torch" not in vars(__import__("sys").modules[estimator.evaluate.__module__])


def test_undeclared_use_of_the_gradient_is_refused(problem: VAEProblem) -> None:
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    batch = Batch(problem, q, noise(), with_gradient=False)
    with pytest.raises(RuntimeError, match="must declare it"):
        _ = batch.log_likelihood_gradient
