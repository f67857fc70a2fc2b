"""The meter against closed forms: mean by z-score, variance by z-score, zeros to machine precision.

z ~ N(μ, σ²), one dimension, η = (μ, log σ): forms for ∂/∂σ carry a factor σ
in the mean and σ² in the variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from reportgen.engine.vectors import meter
from reportgen.problems import Problem
from reportgen.problems.model import free_gaussian
from tests.cells import arm, measured, position, standard_error
from tests.estimator_checks import Case
from tests.toys import Toy

Z_BOUND = 4.5
"""At fixed seeds; two-sided probability 7e-6 a comparison under the null."""


@dataclass(frozen=True)
class Oracle:
    """Exact gradient and variance of one estimator at one toy, for (μ, σ)."""

    name: str
    mean: float
    scale: float
    f: Callable[[torch.Tensor], torch.Tensor]
    gradient: tuple[float, float]
    variance: dict[str, tuple[float, float]]


def quadratic(mean: float, scale: float, k: float) -> Oracle:
    """f = (z − k)². With d = μ − k the gradients are 2d and 2σ."""
    d, s2 = mean - k, scale**2
    return Oracle(
        f"quadratic k={k}",
        mean,
        scale,
        lambda z: ((z - k) ** 2).sum(-1),
        (2 * d, 2 * scale),
        {
            "pathwise": (4 * s2, 4 * d**2 + 8 * s2),
            "score_function": (d**4 / s2 + 14 * d**2 + 15 * s2, 2 * d**4 / s2 + 60 * d**2 + 74 * s2),
            "score_function_optimal_per_coordinate": (8 * d**2 + 6 * s2, 40 * d**2 + 24 * s2),
        },
    )


def cosine(mean: float, scale: float, k: float) -> Oracle:
    """f = cos kz; characteristic functions of the normal at k and 2k give every moment."""
    a, b = math.exp(-(k**2) * scale**2 / 2), math.exp(-2 * k**2 * scale**2)
    t, c2 = 2 * k * scale, math.cos(2 * k * mean)
    g_mean, g_scale = -k * math.sin(k * mean) * a, -(k**2) * scale * math.cos(k * mean) * a
    return Oracle(
        f"cos k={k}",
        mean,
        scale,
        lambda z: torch.cos(k * z).sum(-1),
        (g_mean, g_scale),
        {
            "pathwise": (
                k**2 / 2 * (1 - c2 * b) - g_mean**2,
                k**2 / 2 * (1 - c2 * (1 - t**2) * b) - g_scale**2,
            ),
            "score_function": (
                (1 + c2 * (1 - t**2) * b) / (2 * scale**2) - g_mean**2,
                (2 + c2 * (t**4 - 4 * t**2 + 2) * b) / (2 * scale**2) - g_scale**2,
            ),
        },
    )


ORACLES = [
    quadratic(1.0, 1.0, 0.0),
    quadratic(1.0, 0.5, 3.0),
    quadratic(2.0, 1.5, 2.0),
    cosine(1.0, 1.0, 0.5),
    cosine(1.0, 1.0, 1.3),
    cosine(1.0, 1.0, 5.0),
]
CASES = [(oracle, name) for oracle in ORACLES for name in oracle.variance]


@pytest.mark.parametrize(("oracle", "name"), CASES, ids=lambda value: getattr(value, "name", value))
def test_mean_and_variance_of_each_estimator_are_the_closed_forms(
    oracle: Oracle, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "PILOT_SAMPLES", 500_000)  # the closed form is that of the exact baseline
    problem = free_gaussian([oracle.mean], [oracle.scale], oracle.f)
    record = measured(
        problem, [arm("reconstruction", name)], reference=name, min_replicates=100_000, precision=0.01
    )
    jacobian = (1.0, oracle.scale)
    for group, (label, factor) in enumerate(zip(("mean", "log_scale"), jacobian, strict=True), start=1):
        assert record.groups[group] == label
        variance = record.arrays["variance"][0, 0, group]
        exact = oracle.variance[name][group - 1] * factor**2
        error = standard_error(record, "variance", 0, group)
        assert abs(variance - exact) < Z_BOUND * error
        assert error < 0.04 * exact
        signal = record.arrays["squared_norm"][0, 0, group]
        expected = (oracle.gradient[group - 1] * factor) ** 2
        assert abs(signal - expected) < Z_BOUND * standard_error(record, "squared_norm", 0, group)


def test_pathwise_is_the_noisier_one_beyond_the_crossover_of_the_cosine() -> None:
    for k, lower in ((1.0, "pathwise"), (1.13, "score_function")):
        oracle = cosine(1.0, 1.0, k)
        pathwise, score = oracle.variance["pathwise"][0], oracle.variance["score_function"][0]
        assert (pathwise < score) == (lower == "pathwise")


# The conjugate model: z ~ N(0, 1), x|z ~ N(z, 1), x = 2, q the exact posterior N(1, 1/2).
X = 2.0
LOG_EVIDENCE = -0.5 * math.log(2 * math.pi * 2.0) - X**2 / 4.0


def conjugate(additive_constant: bool = True) -> Problem:
    offset = -0.5 * math.log(2 * math.pi) if additive_constant else 0.0
    return free_gaussian([1.0], [math.sqrt(0.5)], lambda z: (-0.5 * (X - z) ** 2 + offset).sum(-1))


def scored(additive_constant: bool) -> tuple[float, float]:
    """Variances of f·√2 ε and f·(ε² − 1): f = a + ε/√2 − ε²/4 at z = 1 + ε/√2, log p(x|z) without KL."""
    a = -0.5 * math.log(2 * math.pi) * additive_constant - 0.5
    return 2 * a**2 - 3 * a + 31 / 8, 2 * a**2 - 5 * a + 77 / 8


CONJUGATE = [
    ("elbo", "pathwise", True, (2.0, 2.0)),
    ("elbo_analytic_kl", "pathwise", True, (0.5, 1.0)),
    ("elbo", "score_function", True, (2 * LOG_EVIDENCE**2, 2 * LOG_EVIDENCE**2)),
    ("reconstruction", "pathwise", True, (0.5, 1.0)),
    ("reconstruction", "score_function", True, scored(True)),
    ("reconstruction", "score_function", False, scored(False)),
]


@pytest.mark.parametrize(("objective", "name", "constant", "exact"), CONJUGATE)
def test_variances_at_the_exact_posterior(
    objective: str, name: str, constant: bool, exact: tuple[float, float]
) -> None:
    record = measured(conjugate(constant), [arm(objective, name)], reference=name, min_replicates=150_000)
    for group in (1, 2):
        variance = record.arrays["variance"][0, 0, group]
        bound = Z_BOUND * standard_error(record, "variance", 0, group)
        assert abs(variance - exact[group - 1]) < bound


@pytest.mark.parametrize("constant", [True, False])
def test_the_variances_of_the_score_function_are_those_of_a_quadrature_rule(constant: bool) -> None:
    toy = Toy("posterior", lambda: conjugate(constant))
    found = Case(toy, "reconstruction", "score_function").exact()
    assert found is not None
    np.testing.assert_allclose(np.diagonal(found.covariance[0].numpy()), scored(constant), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "num_samples"),
    [
        ("score_function_optimal_constant", 1),
        ("score_function_optimal_per_coordinate", 1),
        ("leave_one_out", 2),
    ],
)
def test_a_baselined_score_function_of_the_elbo_has_no_variance_at_the_posterior(
    name: str, num_samples: int
) -> None:
    record = measured(conjugate(), [arm("elbo", name, num_samples), arm("elbo", "pathwise")])
    row = position(record, "elbo", name)
    assert record.arrays["variance"][row].max() < 1e-25
    assert record.arrays["variance"][position(record, "elbo", "pathwise"), 0, 0] > 3.5


def test_taylor_control_variate_is_exact_for_a_linear_integrand() -> None:
    problem = free_gaussian([0.3, -1.0], [0.7, 1.2], lambda z: 2.0 * z[..., 0] - z[..., 1] + 40.0)
    record = measured(
        problem, [arm("reconstruction", "taylor_control_variate"), arm("reconstruction", "pathwise")]
    )
    row = position(record, "reconstruction", "taylor_control_variate")
    assert record.arrays["variance"][row].max() < 1e-24
    assert record.arrays["squared_norm"][row, 0, 1] == pytest.approx(5.0, rel=1e-12)


def test_the_printed_formula_has_the_mean_it_was_computed_to_have() -> None:
    # f = z², q = N(2, 1): E[f ∇_μ q] = 0.564, the gradient is 4.
    problem = free_gaussian([2.0], [1.0], lambda z: (z**2).sum(-1))
    arms = [arm("reconstruction", "score_function_as_printed"), arm("reconstruction", "pathwise")]
    record = measured(problem, arms, min_replicates=200_000)
    row = position(record, "reconstruction", "score_function_as_printed")
    norm = math.sqrt(record.arrays["squared_norm"][row, 0, 1])
    assert norm == pytest.approx(1.0 / math.sqrt(math.pi), abs=0.01)
    assert record.arrays["bias_p_value"][row, 0] < 1e-12


def test_unbiased_estimators_pass_the_test_that_the_printed_formula_fails() -> None:
    problem = free_gaussian(
        [2.0, -0.5], [1.0, 0.6], lambda z: torch.sin(z).sum(-1) + (z**2).prod(-1), points=4
    )
    names = [
        "score_function",
        "score_function_optimal_constant",
        "score_function_optimal_per_coordinate",
        "taylor_control_variate",
        "pathwise",
        "score_function_as_printed",
    ]
    arms = [arm("reconstruction", name) for name in names] + [arm("reconstruction", "leave_one_out", 3)]
    record = measured(problem, arms, min_replicates=20_000, precision=0.05)
    p = {found.estimator: record.arrays["bias_p_value"][i] for i, found in enumerate(record.arms)}
    for name in [*names[:4], "leave_one_out"]:
        assert (p[name] > 0.001).all(), name
    assert (p["score_function_as_printed"] < 1e-12).all()
