"""Estimators of bounds, and measure-valued ones, against slow twins: one replicate at a time, every weight.

As in test_estimators.py the twin differentiates a surrogate loss through the
whole model; what is constant in it is detached where its paper says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS
from reportgen.estimators.log_sums import log_sum_of_others
from reportgen.families import MeanFieldGaussian
from reportgen.objectives import OBJECTIVES
from reportgen.problems.model import free_gaussian
from reportgen.problems.vae import VAEProblem
from reportgen.streams import stream
from tests.estimator_checks import Case
from tests.tiny_vae import IMAGES, LATENT, REPLICATES, K, engine, f_of, log_normal, noise, tiny_vae
from tests.toys import Toy, rainforth


class Sampled:
    """K samples at one data point, attached to the encoder's weights or not."""

    def __init__(self, problem: VAEProblem, objective: str, i: int, epsilon: Tensor) -> None:
        self.problem, self.objective, self.x = problem, OBJECTIVES[objective], problem.x[i]
        self.eta = problem.encoder(self.x)
        self.mean, self.log_scale = self.eta.chunk(2, -1)
        self.z = self.mean + self.log_scale.exp() * epsilon

    def f(self, z: Tensor, eta: Tensor) -> Tensor:
        return f_of(self.problem, self.objective, self.x, z, eta)

    def log_q(self, z: Tensor) -> Tensor:
        return log_normal(z, self.mean, self.log_scale)


def bound(f: Tensor) -> Tensor:
    return f.exp().mean().log()


def weights(f: Tensor) -> Tensor:
    return (f.exp() / f.exp().sum()).detach()


def without(f: Tensor, k: int, replacement: Tensor) -> Tensor:
    """The bound with sample k replaced."""
    return bound(torch.stack([replacement if j == k else f[j] for j in range(len(f))]))


def others(f: Tensor, k: int) -> Tensor:
    return torch.stack([f[j] for j in range(len(f)) if j != k])


def path_of_bound(s: Sampled) -> Tensor:
    return bound(s.f(s.z, s.eta))


def stuck(s: Sampled) -> Tensor:
    return s.f(s.z, s.eta.detach()).mean()


def stuck_bound(s: Sampled) -> Tensor:
    f = s.f(s.z, s.eta.detach())
    return (weights(f) * f).sum()


def doubly(s: Sampled) -> Tensor:
    f = s.f(s.z, s.eta.detach())
    return (weights(f) ** 2 * f).sum()


def score_of_bound(s: Sampled, baseline: Callable[[Tensor, int], Tensor] | None = None) -> Tensor:
    """Σ (L̂ − L̂₋ₖ) log q(z_k) + L̂(η), with z detached."""
    z = s.z.detach()
    f = s.f(z, s.eta)
    signals = [bound(f) - (0.0 if baseline is None else baseline(f, k)) for k in range(len(f))]
    return (torch.stack(signals).detach() * s.log_q(z)).sum() + bound(f)


def arithmetic(s: Sampled) -> Tensor:
    return score_of_bound(s, lambda f, k: without(f, k, others(f, k).exp().mean().log()))


def geometric(s: Sampled) -> Tensor:
    return score_of_bound(s, lambda f, k: without(f, k, others(f, k).mean()))


TWINS: list[tuple[str, str, Callable[[Sampled], Tensor]]] = [
    ("iwae", "pathwise", path_of_bound),
    ("iwae", "sticking_the_landing", stuck_bound),
    ("iwae", "doubly_reparameterized", doubly),
    ("iwae", "score_function", score_of_bound),
    ("iwae", "vimco", arithmetic),
    ("iwae", "vimco_geometric", geometric),
    ("elbo", "sticking_the_landing", stuck),
    ("reconstruction", "sticking_the_landing", stuck),
]


@pytest.fixture(scope="module")
def problem() -> VAEProblem:
    return tiny_vae()


def check_twin(
    problem: VAEProblem, objective: str, name: str, twin: Callable[[Sampled, int, int], Tensor]
) -> None:
    epsilon = noise()
    fast, _ = engine(problem, OBJECTIVES[objective], name, epsilon)
    parameters = list(problem.encoder.parameters())
    for i in range(IMAGES):
        for r in range(REPLICATES):
            sampled = Sampled(problem, objective, i, epsilon[i, r * K : (r + 1) * K])
            slow = torch.autograd.grad(twin(sampled, i, r), parameters)
            eta = problem.encoder(problem.x[i])
            pulled = torch.autograd.grad(eta, parameters, grad_outputs=fast[i, r])
            for a, b in zip(pulled, slow, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("objective", "name", "twin"), TWINS, ids=lambda v: getattr(v, "__name__", v))
def test_estimate_is_what_autograd_gives_for_every_weight(
    problem: VAEProblem, objective: str, name: str, twin: Callable[[Sampled], Tensor]
) -> None:
    check_twin(problem, objective, name, lambda s, i, r: twin(s))


ATTACHED = {"sticking_the_landing": path_of_bound, "doubly_reparameterized": stuck_bound, "vimco": geometric}


@pytest.mark.parametrize("name", list(ATTACHED))
def test_another_surrogate_is_rejected(problem: VAEProblem, name: str) -> None:
    with pytest.raises(AssertionError):
        check_twin(problem, "iwae", name, lambda s, i, r: ATTACHED[name](s))


def measured_differences(s: Sampled, i: int, r: int, coupled: bool) -> Tensor:
    """Σ_j of differences of f times the parameter they belong to, unit by unit and sample by sample."""
    epsilon = noise()[i, r * K : (r + 1) * K]
    further = noise("further", width=2 * LATENT)[i, r * K : (r + 1) * K]
    normal = torch.distributions.Normal(0.0, 1.0)
    loss = torch.zeros(()).double()
    for k in range(K):
        for j in range(LATENT):
            mean, scale = s.mean[j].detach(), s.log_scale[j].exp().detach()
            size = further[k, j]
            w = (-2.0 * normal.cdf(-size).log()).sqrt()
            other = w if coupled else (-2.0 * normal.cdf(-epsilon[k, j]).log()).sqrt()
            m = inverse(maxwell_cdf, normal.cdf(size)) * further[k, LATENT + j].sign()
            n = m * normal.cdf(epsilon[k, j]) if coupled else epsilon[k, j]

            def f(step: Tensor, k: int = k, j: int = j, mean: Tensor = mean, scale: Tensor = scale) -> Tensor:
                z = s.z[k].detach().clone()
                z[j] = mean + scale * step
                return s.f(z, s.eta).detach()

            loss = loss + s.mean[j] * (f(w) - f(-other)) / (scale * math.sqrt(2.0 * math.pi)) / K
            loss = loss + s.log_scale[j] * (f(m) - f(n)) / K
    return loss


def maxwell_cdf(x: Tensor) -> Tensor:
    return torch.erf(x / math.sqrt(2.0)) - math.sqrt(2.0 / math.pi) * x * torch.exp(-x * x / 2.0)


def inverse(function: Callable[[Tensor], Tensor], value: Tensor) -> Tensor:
    """By bisection on (0, 12)."""
    low, high = torch.zeros_like(value), torch.full_like(value, 12.0)
    for _ in range(80):
        middle = (low + high) / 2.0
        below = function(middle) < value
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return low


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
@pytest.mark.parametrize("name", ["measure_valued", "measure_valued_independent"])
def test_measure_valued_estimate_is_the_sum_of_differences(
    problem: VAEProblem, objective: str, name: str
) -> None:
    coupled = name == "measure_valued"
    check_twin(problem, objective, name, lambda s, i, r: measured_differences(s, i, r, coupled))


def test_sides_that_are_not_coupled_are_told_apart(problem: VAEProblem) -> None:
    with pytest.raises(AssertionError):
        check_twin(problem, "elbo", "measure_valued", lambda s, i, r: measured_differences(s, i, r, False))


def test_measure_valued_needs_no_derivative() -> None:
    """f = 1 for z > 0: ∂/∂μ is the density at 0, which pathwise cannot see."""
    step = Toy("step", lambda: free_gaussian([0.3], [0.8], lambda z: ((z > 0) + 0.0 * z).sum(-1)))
    at_zero = math.exp(-0.5 * (0.3 / 0.8) ** 2) / (0.8 * math.sqrt(2.0 * math.pi))
    exact = torch.tensor([at_zero, -0.3 * at_zero]).double()  # Φ(μ/σ) in μ and in log σ
    for name in ("measure_valued", "measure_valued_independent"):
        drawn = Case(step, "expectation", name).drawn(40_000)[0]
        assert bool(((drawn.mean(0) - exact).abs() < 4.5 * drawn.std(0) / 200.0).all())


def test_costs_of_measure_valued_estimators_are_counted() -> None:
    coupled, independent = ESTIMATORS["measure_valued"], ESTIMATORS["measure_valued_independent"]
    assert coupled.forward_passes(3, latent=5) == 3 * 4 * 5
    assert independent.forward_passes(3, latent=5) == 3 * (3 * 5 + 1)
    assert coupled.backward_passes(3) == 0


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
def test_gradient_in_theta_is_autograds(objective: str) -> None:
    toy, k, replicates = rainforth(2), 3, 5
    case = Case(toy, objective, "generative", k)
    fast = case.drawn(replicates)
    with torch.no_grad():
        q = toy.problem.family(toy.eta)
    noise = torch.from_numpy(stream(1, "measure", "toy", 0).standard_normal((2, replicates * k, 2)))
    z = q.sample(noise).reshape(2, replicates, k, 2)
    log_q = q.log_density(noise).reshape(2, replicates, k)
    likelihood = toy.problem.log_likelihood(z.flatten(1, 2)).reshape(2, replicates, k)
    for i in range(2):
        for r in range(replicates):
            mean = toy.problem.prior.mean.clone().requires_grad_(True)
            prior = torch.distributions.Normal(mean, 1.0).log_prob(z[i, r]).sum(-1)
            f = likelihood[i, r] + prior - log_q[i, r]
            (slow,) = torch.autograd.grad(bound(f) if objective == "iwae" else f.mean(), mean)
            torch.testing.assert_close(fast[i, r], slow, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["vimco", "vimco_geometric", "doubly_reparameterized", "pathwise"])
def test_log_weights_far_from_zero_do_no_harm(problem: VAEProblem, name: str) -> None:
    """log w a thousand nats down, where w underflows; a dominant sample; a constant is not felt."""
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    frame = Frame(problem, q, Pushforward.of(problem.encoder, problem.x).grams[0], None)
    values = IntegrandValues(Batch(problem, q, noise(), True), OBJECTIVES["iwae"].integrand)
    evaluate = ESTIMATORS[name].bound
    assert evaluate is not None
    plain, far = (evaluate(IntegrandDraws(values, frame, K, c, True), {}) for c in (0.0, -1000.0))
    torch.testing.assert_close(plain, far, rtol=1e-8, atol=1e-10)


def test_sum_of_others_keeps_its_digits() -> None:
    f = torch.tensor([[[-800.0, 3.0, 60.0], [5.0, 5.0, 5.0], [700.0, -700.0, 0.0]]]).double()
    slow = torch.stack([others(f[0, r], k).logsumexp(0) for r in range(3) for k in range(3)]).reshape(1, 3, 3)
    torch.testing.assert_close(log_sum_of_others(f), slow, rtol=1e-14, atol=1e-14)
    subtracted = (f.logsumexp(2, keepdim=True).exp() - f.exp()).log()
    assert not torch.allclose(subtracted, slow)
