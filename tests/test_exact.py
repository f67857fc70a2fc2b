"""Quadrature over an estimator's noise against the closed forms of the literature."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import reportgen
from reportgen.engine.vectors.exact import Exact, moments, quadrature
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm
from reportgen.problems.model import LatentModel, free_gaussian
from tests.cells import arm, measured
from tests.estimator_checks import Case
from tests.toys import Toy

SHORT = {"precision": 0.5, "budget": 400, "min_replicates": 20}
"""What is exact does not depend on how long is measured."""


def exact(problem: LatentModel, one: Arm) -> np.ndarray:
    """Exact variance in μ and in log σ, summed over dimensions; NaN where there is none."""
    arms = [one, Arm(one.objective, "pathwise", "reference")]
    record = measured(problem, arms, reference="reference", **SHORT)
    return record.arrays["exact_variance"][0, 0, 1:]


def conjugate() -> LatentModel:
    """z ~ N(0, 1), x|z ~ N(z, 1), x = 2, q the posterior N(1, 1/2)."""

    def log_likelihood(z: Tensor) -> Tensor:
        return -0.5 * ((2.0 - z) ** 2).sum(-1) - 0.5 * math.log(2 * math.pi)

    return free_gaussian([1.0], [math.sqrt(0.5)], log_likelihood)


LOG_EVIDENCE = -0.5 * math.log(4 * math.pi) - 1.0


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (arm("elbo", "pathwise"), (2.0, 2.0)),
        (arm("elbo_analytic_kl", "pathwise"), (0.5, 1.0)),
        (arm("elbo", "score_function"), (2.0 * LOG_EVIDENCE**2, 2.0 * LOG_EVIDENCE**2)),
        (arm("elbo", "leave_one_out", 2), (0.0, 0.0)),
        (Arm("elbo", "pathwise", "a", 2, antithetic=True), (0.0, 2.0)),
    ],
    ids=lambda value: f"{value.objective}-{value.label}" if isinstance(value, Arm) else "",
)
def test_the_conjugate_model(one: Arm, expected: tuple[float, float]) -> None:
    assert np.allclose(exact(conjugate(), one), expected, rtol=1e-8, atol=1e-20)


@pytest.mark.parametrize("k", [0.5, 1.3, 5.0])
def test_the_cosine(k: float) -> None:
    """μ = σ = 1: the forms of the normal's characteristic function at k and 2k."""
    a, b, t = math.exp(-(k**2) / 2), math.exp(-2 * k**2), 2 * k
    mean, scale = -k * math.sin(k) * a, -(k**2) * math.cos(k) * a
    problem = free_gaussian([1.0], [1.0], lambda z: torch.cos(k * z).sum(-1))
    pathwise = (
        k**2 / 2 * (1 - math.cos(2 * k) * b) - mean**2,
        k**2 / 2 * (1 - math.cos(2 * k) * (1 - t**2) * b) - scale**2,
    )
    score = (
        (1 + math.cos(2 * k) * (1 - t**2) * b) / 2 - mean**2,
        (2 + math.cos(2 * k) * (t**4 - 4 * t**2 + 2) * b) / 2 - scale**2,
    )
    assert np.allclose(exact(problem, arm("expectation", "pathwise")), pathwise, rtol=1e-8)
    assert np.allclose(exact(problem, arm("expectation", "score_function")), score, rtol=1e-8)


@pytest.mark.parametrize("one", [arm("expectation", name) for name in ("pathwise", "score_function")])
@pytest.mark.parametrize("unit", [1e-14, 1e-7, 1e7, 1e14])
def test_another_unit_of_f_scales_what_is_exact(one: Arm, unit: float) -> None:
    """Gradients that are small or large all over are as exact as those of size one."""
    own = exact(free_gaussian([1.0], [1.0], lambda z: torch.cos(1.3 * z).sum(-1)), one)
    scaled = exact(free_gaussian([1.0], [1.0], lambda z: unit * torch.cos(1.3 * z).sum(-1)), one)
    assert own.min() > 0.1
    np.testing.assert_allclose(scaled / unit**2, own, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-14, 1e14])
def test_another_unit_of_z_scales_what_is_exact(unit: float) -> None:
    def problem(c: float) -> LatentModel:
        return free_gaussian([c], [c], lambda z: torch.cos(1.3 * z / c).sum(-1))

    own, scaled = (exact(problem(c), arm("expectation", "pathwise")) for c in (1.0, unit))
    np.testing.assert_allclose(scaled * [unit**2, 1.0], own, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-9, 1e-3])
@pytest.mark.parametrize("one", [arm("elbo", "sticking_the_landing"), arm("elbo", "leave_one_out", 2)])
def test_rounding_beside_large_terms_is_zero(one: Arm, scale: float) -> None:
    """At a narrow posterior terms as large as its precision cancel."""
    precision = 1.0 / scale**2 - 1.0
    problem = free_gaussian([0.0], [scale], lambda z: -0.5 * precision * (z**2).sum(-1))
    assert exact(problem, one).tolist() == [0.0, 0.0]


def test_the_last_digits_of_a_large_f_are_no_gradient() -> None:
    """A sum that rounds is the same at every z but for them."""
    problem = free_gaussian([1.0], [1.0], lambda z: (100.0 + z - z).sum(-1))
    assert exact(problem, arm("expectation", "leave_one_out", 2)).tolist() == [0.0, 0.0]
    small = free_gaussian([1.0], [1.0], lambda z: (1.0 + 1e-9 * torch.cos(z)).sum(-1))
    whole = free_gaussian([1.0], [1.0], lambda z: torch.cos(z).sum(-1))
    found, own = (exact(one, arm("expectation", "pathwise")) for one in (small, whole))
    np.testing.assert_allclose(found * 1e18, own, rtol=1e-9)


def test_quadratics_in_several_dimensions_add_up() -> None:
    """f = ‖z − k‖² in D dimensions: pathwise variances are D times those of one."""
    problem = free_gaussian([1.0] * 4, [0.7] * 4, lambda z: ((z - 0.3) ** 2).sum(-1))
    d, s2 = 0.7, 0.49
    expected = (4 * 4 * s2, 4 * (4 * d**2 + 8 * s2) * s2)
    assert np.allclose(exact(problem, arm("expectation", "pathwise")), expected, rtol=1e-10)


def test_what_does_not_converge_has_no_exact_value() -> None:
    """A step has no smooth integrand; the rule never settles, and says so instead of guessing."""
    problem = free_gaussian([0.3], [1.0], lambda z: torch.sigmoid(400.0 * z).sum(-1))
    record = measured(problem, [arm("expectation", "score_function")], reference="score_function", **SHORT)
    assert "exact_variance" not in record.arrays


NARROW = 0.05


def bump(z: Tensor) -> Tensor:
    """A line with a bump at the mean, narrower than the gaps between nodes."""
    return (z + torch.exp(-((z - 0.01) ** 2) / (2 * NARROW**2))).sum(-1)


BUMP = Toy("bump", lambda: free_gaussian([0.0], [1.0], bump))


def bump_variance() -> float:
    """Of ε f(ε), the score function in μ, on a grid a hundred times finer than the bump."""
    z = np.linspace(-12.0, 12.0, 48_001)
    g = z * bump(torch.from_numpy(z).unsqueeze(-1)).numpy()
    weight = np.exp(-(z**2) / 2.0)
    weight /= weight.sum()
    return float(weight @ g**2 - (weight @ g) ** 2)


def by_rule(case: Case, order: int) -> Exact:
    nodes = quadrature.rule(order, case.channel(), case.frame())
    assert nodes is not None
    return moments._moments(nodes, case.channel(), OBJECTIVES[case.objective].integrand, case.frame())


def test_what_two_rules_miss_a_third_sees() -> None:
    case = Case(BUMP, "expectation", "score_function")
    coarse, third, fine = (by_rule(case, order) for order in (10, 11, 14))
    assert coarse.agrees_with(fine) and not third.agrees_with(fine)
    assert abs(float(fine.covariance[0, 0, 0]) - bump_variance()) > 1e-4, "what the two agree on is wrong"
    assert case.exact() is None


@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_an_estimator_of_ones_own_is_no_proof_of_its_own_mean(factor: float) -> None:
    """It is declared unbiased: its exact bias is what its mean lacks to that of an estimator of the table."""

    away = free_gaussian([0.4], [0.8], lambda z: -0.5 * ((2.0 - z) ** 2).sum(-1))

    def scaled(draws: Any, _: Any) -> Any:
        return factor * (draws.f.unsqueeze(-1) * draws.score).mean(2)

    def measured(*names: Any) -> Any:
        return reportgen.measure(away, names, precision=0.3, budget=2000, min_replicates=64)

    own = reportgen.Estimator(name="own", evaluate=scaled)
    for found in (measured("pathwise", own), measured(own, "pathwise")):
        gradient = found.get("exact_mean_norm", "pathwise").value
        bias = found.get("exact_bias_squared", "own").value
        assert bias == pytest.approx(((factor - 1.0) * gradient) ** 2, rel=1e-6, abs=1e-18)
        assert found.get("exact_bias_squared", "pathwise").value == 0.0
        assert found.get("exact_mean_norm", "own").value == pytest.approx(factor * gradient)
    alone = measured(own)
    assert alone.get("exact_mean_norm", "own").value == pytest.approx(factor * gradient)
    assert not alone.get("exact_bias_squared", "own").available
    assert not alone.get("bias_squared", "own").available


def test_a_third_rule_costs_no_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second rule is the largest allowed, the third is smaller than that."""
    toy = Toy("quadratic", lambda: free_gaussian([1.0] * 3, [0.7] * 3, lambda z: ((z - 0.3) ** 2).sum(-1)))
    monkeypatch.setattr(quadrature, "MOST_NODES", 7**3)
    assert Case(toy, "expectation", "pathwise").exact() is not None
    monkeypatch.setattr(quadrature, "MOST_NODES", 7**3 - 1)
    assert Case(toy, "expectation", "pathwise").exact() is None
    for order, finer in pairwise(quadrature.ORDERS):
        assert order + 1 < finer and {order % 2, (order + 1) % 2} == {0, 1}


def test_too_many_dimensions_have_no_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quadrature, "MOST_NODES", 20)
    record = measured(conjugate(), [arm("elbo", "leave_one_out", 2)], reference="leave_one_out", **SHORT)
    assert "exact_variance" not in record.arrays


def test_measured_variances_lie_in_their_intervals_about_the_exact_ones() -> None:
    """40 seeds, one estimator: the measured z-scores are those of a standard normal."""
    problem = free_gaussian([1.0], [1.0], lambda z: torch.cos(1.3 * z).sum(-1))
    scores = []
    for seed in range(40):
        record = measured(
            problem, [arm("expectation", "pathwise")], precision=0.02, min_replicates=20_000, seed=seed
        )
        value, without = record.arrays["variance"][0, 0, 0], record.arrays["variance_without"][0, 0, :, 0]
        spread = math.sqrt((len(without) - 1) * np.var(np.log(without)))
        scores.append(math.log(value / record.arrays["exact_variance"][0, 0, 0]) / spread)
    assert 0.6 < np.std(scores) < 1.5
    assert abs(np.mean(scores)) < 4.0 / math.sqrt(40)
