"""Every estimator against its slow twin: autograd through the whole model, one replicate at a time.

The twin never sees η: it differentiates the textbook surrogate with respect
to every weight of a VAE's encoder.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from reportgen.applicability import refusal
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS
from reportgen.estimators.halves import STEPS, below, maxwell
from reportgen.families import MeanFieldGaussian
from reportgen.objectives import OBJECTIVES, Objective
from reportgen.problems.vae import VAEProblem
from reportgen.report.sections.estimators import _formulas, _unbiased
from tests import test_discrete, test_estimators_twins
from tests.tiny_vae import IMAGES, LATENT, REPLICATES, K, engine, f_of, log_normal, noise, tiny_vae


@pytest.fixture(scope="module")
def problem() -> VAEProblem:
    return tiny_vae()


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


ELSEWHERE = {
    *("score_function_optimal_per_coordinate", "measure_valued", "measure_valued_independent"),
    *("moving_average_baseline", "generative", "rebar_optimal_scale"),
}
"""Estimators that other tests compare with a twin."""


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_estimator_has_a_slow_twin(name: str) -> None:
    bounds = {twin[1] for twin in test_estimators_twins.TWINS}
    assert name in {*TWINS, *bounds, *test_discrete.TWINS, *ELSEWHERE}, (
        f"{name}: needs a slow twin, found none. Add its surrogate to TWINS in tests/test_estimators.py; "
        "for a bound, in tests/test_estimators_twins.py; for discrete units, in tests/test_discrete.py."
    )


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


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_estimator_keeps_its_contract(problem: VAEProblem, name: str, objective: str) -> None:
    estimator = ESTIMATORS[name]
    assert estimator.name == name
    assert estimator.title and estimator.short and estimator.requires and estimator.source
    assert estimator.default_samples >= estimator.min_samples >= 1
    assert estimator.serves("elbo") or estimator.serves("iwae")
    evaluate = estimator.of(objective)
    if evaluate is None:
        return
    assert all(estimator.formula_of(objective))
    assert evaluate.__doc__ and "Source:" in evaluate.__doc__ and "[I R" in evaluate.__doc__
    assert "torch" not in vars(__import__("sys").modules[evaluate.__module__])
    if estimator.parameters == "phi" and (not estimator.families or "gaussian" in estimator.families):
        fast, _ = engine(problem, OBJECTIVES[objective], name, noise())
        assert fast.shape == (IMAGES, REPLICATES, 2 * LATENT)
        assert torch.isfinite(fast).all()


def test_the_report_prints_the_forms_that_the_objectives_use() -> None:
    stuck = ESTIMATORS["sticking_the_landing"]
    plain, bound = stuck.formula_of("elbo"), stuck.formula_of("iwae")
    assert plain == (stuck.formula, stuck.spoken) and bound == (stuck.bound_formula, stuck.bound_spoken)
    both = _formulas(stuck, ["elbo", "reconstruction", "iwae"])
    assert [(anchor, formula.latex) for anchor, formula in both] == [
        ("estimator-sticking_the_landing", plain[0]),
        ("estimator-sticking_the_landing-bound", bound[0]),
    ]
    assert [formula.latex for _, formula in _formulas(stuck, ["iwae"])] == [bound[0]]
    assert _unbiased(stuck, ["elbo"], 2) == "yes" and _unbiased(stuck, ["iwae"], 2) == "no"
    assert _unbiased(stuck, ["elbo", "iwae"], 2) == "not for the IWAE bound"
    assert len(_formulas(ESTIMATORS["vimco"], ["elbo", "iwae"])) == 1


def test_the_gradient_in_theta_is_of_log_p_of_x_and_z_alone() -> None:
    kind = ESTIMATORS["generative"]
    assert kind.serves("elbo") and kind.serves("iwae") and not kind.serves("reconstruction")
    assert refusal(kind, "gaussian", ("elbo", "reconstruction"), True) is None
    assert refusal(kind, "gaussian", ("reconstruction",), True) == (
        "generative estimates no gradient of reconstruction. Add the objective elbo or iwae, or remove it."
    )


def test_undeclared_use_of_the_gradient_is_refused(problem: VAEProblem) -> None:
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(problem.encoder(problem.x))
    batch = Batch(problem, q, noise(), with_gradient=False)
    with pytest.raises(RuntimeError, match="needs_gradient=True"):
        _ = batch.log_likelihood_gradient


def test_of_a_maxwell_variable_the_smaller_tail_alone_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Incomplete gamma functions take most of the time of a measure-valued estimate; at 0 they take none."""
    normal = noise("maxwell").flatten()
    worked = 0
    for name in ("igamma", "igammac"):
        real = getattr(torch.Tensor, name)

        def counted(shape: Tensor, x: Tensor, real: Callable[..., Tensor] = real) -> Tensor:
            nonlocal worked
            worked += int(x.count_nonzero())
            tail: Tensor = real(shape, x)
            return tail

        monkeypatch.setattr(torch.Tensor, name, counted)
    drawn = maxwell(normal)
    assert worked == STEPS * normal.numel()
    half = torch.tensor(1.5, dtype=normal.dtype)
    assert torch.allclose(torch.special.gammainc(half, drawn**2 / 2), below(normal), rtol=1e-12)
