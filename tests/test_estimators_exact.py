"""Every estimator at every toy with an exact answer: mean, variance, closed forms, zeros."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch

from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from tests.estimator_checks import (
    Case,
    check_drawn_mean,
    check_drawn_variance,
    check_exact_and_drawn,
    check_exact_mean,
)
from tests.toys import CURVES, TWO_UNITS, Toy, conjugate, function, rainforth

AWAY = conjugate(0.5, 1.3)
POSTERIOR = conjugate()


def served(toy: Toy, objective: str, most: int) -> Iterator[Case]:
    """Every estimator that applies, at its own K and at others up to `most`."""
    family = toy.problem.family(toy.eta).name
    for name, kind in ESTIMATORS.items():
        if kind.families and family not in kind.families:
            continue
        if kind.reparameterizes and not DISTRIBUTIONS[family].reparameterizable:
            continue
        if (kind.parameters == "theta" and toy.problem.generative is None) or not kind.serves(objective):
            continue
        least = max(kind.min_samples, 2 if OBJECTIVES[objective].several else 1)
        for k in range(least, max(most, least) + 1):
            yield Case(toy, objective, name, k)


CASES = [case for toy in CURVES for case in served(toy, "expectation", 1)]
CASES += [case for objective in ("elbo", "reconstruction") for case in served(AWAY, objective, 1)]
CASES += [*served(AWAY, "iwae", 2), *served(rainforth(1), "elbo", 2), *served(rainforth(1), "iwae", 2)]
WIDE = [
    *served(TWO_UNITS, "expectation", 2),
    *served(rainforth(2), "elbo", 1),
    *served(rainforth(2), "iwae", 2),
    *served(AWAY, "iwae", 3),
]
"""Cases whose noise has too many dimensions for quadrature, most of them."""


def has_exact(case: Case) -> bool:
    return not ESTIMATORS[case.estimator].sequential


def is_unbiased(case: Case) -> bool:
    return ESTIMATORS[case.estimator].is_unbiased(case.objective, case.num_samples)


EXACT = [case for case in CASES if has_exact(case)]
UNBIASED = [case for case in EXACT if is_unbiased(case)]
BIASED = [case for case in EXACT if not is_unbiased(case)]


@pytest.mark.parametrize("case", UNBIASED, ids=str)
def test_mean_by_quadrature_and_of_draws_is_the_gradient_and_the_variance_of_both_the_same(
    case: Case,
) -> None:
    check_exact_and_drawn(case)


@pytest.mark.parametrize("case", BIASED, ids=str)
def test_mean_by_quadrature_of_a_biased_one_is_not_the_gradient_and_its_variance_is_that_of_draws(
    case: Case,
) -> None:
    with pytest.raises(AssertionError, match="not close"):
        check_exact_mean(case)
    check_drawn_variance(case)


@pytest.mark.parametrize("case", [case for case in (*CASES, *WIDE) if case not in UNBIASED], ids=str)
def test_mean_of_draws_is_the_gradient_unless_biased(case: Case) -> None:
    if is_unbiased(case):
        check_drawn_mean(case)
    elif case.estimator == "score_function_as_printed":
        with pytest.raises(AssertionError, match="z ="):
            check_drawn_mean(case)


# Closed forms. Variances for (μ, σ); those for log σ carry a factor σ².


def quadratic_variances(d: float, s: float) -> dict[str, tuple[float, float]]:
    """f = (z − k)² with d = μ − k, by the moments of the normal, Weibull(2, ½) and Maxwell laws."""
    d2, s2 = d * d, s * s
    return {
        "pathwise": (4 * s2, 4 * d2 + 8 * s2),
        "score_function": (d2**2 / s2 + 14 * d2 + 15 * s2, 2 * d2**2 / s2 + 60 * d2 + 74 * s2),
        # Coupled: 4 d W/√(2π) with Var W = 2 − π/2; 2 d (M − N) + σ (M² − N²) with E (M − N)² = 1 and
        # M² − N² exponential of mean 2.
        "measure_valued": (4 * d2 * (4 / math.pi - 1), 4 * d2 + 4 * s2),
        # Independent: the variances of both sides add up; Var M = 3, Var M² = 6.
        "measure_valued_independent": (d2 * (8 / math.pi - 2) + 4 * s2 / math.pi, 16 * d2 + 8 * s2),
    }


def cosine_variances(mean: float, s: float, k: float) -> dict[str, tuple[float, float]]:
    """f = cos kz, by the characteristic function of the normal at k and 2k."""
    a, b = math.exp(-((k * s) ** 2) / 2), math.exp(-2 * (k * s) ** 2)
    t, c = 2 * k * s, math.cos(2 * k * mean)
    g_mean, g_scale = -k * math.sin(k * mean) * a, -(k**2) * s * math.cos(k * mean) * a
    return {
        "pathwise": (
            k**2 / 2 * (1 - c * b) - g_mean**2,
            k**2 / 2 * (1 - c * (1 - t**2) * b) - g_scale**2,
        ),
        "score_function": (
            (1 + c * (1 - t**2) * b) / (2 * s**2) - g_mean**2,
            (2 + c * (t**4 - 4 * t**2 + 2) * b) / (2 * s**2) - g_scale**2,
        ),
    }


CLOSED = [
    (function("quadratic", k, mean, scale), scale, quadratic_variances(mean - k, scale))
    for k, mean, scale in ((-1.0, 1.0, 1.0), (2.0, 2.0, 1.5), (3.0, 1.0, 0.5))
]
CLOSED += [
    (function("cosine", k, 1.0, scale), scale, cosine_variances(1.0, scale, k))
    for k, scale in ((0.5, 1.0), (2.0, 0.7))
]


@pytest.mark.parametrize(("toy", "scale", "variances"), CLOSED, ids=lambda v: getattr(v, "name", ""))
def test_variances_by_quadrature_are_the_closed_forms(
    toy: Toy, scale: float, variances: dict[str, tuple[float, float]]
) -> None:
    for name, (mean, log_scale) in variances.items():
        exact = Case(toy, "expectation", name).exact()
        assert exact is not None
        expected = [mean, log_scale * scale**2]
        assert exact.covariance[0].diagonal().tolist() == pytest.approx(expected, rel=1e-8), name


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_leave_one_out_of_k_samples(k: int) -> None:
    """Mean by z-score for every K; for μ and f = (z − μ)² the variance is σ² (10 + 2/(K − 1)) / K."""
    check_drawn_mean(Case(AWAY, "elbo", "leave_one_out", k))
    case = Case(function("quadratic", 0.7, 0.7, 1.3), "expectation", "leave_one_out", k)
    check_drawn_mean(case)
    # With b the mean of the other f, E[(f − b)² s²] = E[(f − σ²)² s²] + Var b E[s²] = 10 σ² + 2 σ²/(K − 1);
    # terms of two samples are uncorrelated, since f is even and E[f s] = E[s] = 0.
    squared = case.drawn(60_000)[0, :, 0] ** 2
    expected = 1.3**2 * (10 + 2 / (k - 1)) / k
    assert abs(float(squared.mean()) - expected) < 4.5 * float(squared.std()) / 60_000**0.5
    if k == 2:
        exact = case.exact()
        assert exact is not None
        assert float(exact.covariance[0, 0, 0]) == pytest.approx(expected, rel=1e-9)


# Zeros at the exact posterior, where log w is the evidence whatever z.

ZEROS = [
    Case(POSTERIOR, "elbo", "sticking_the_landing"),
    Case(POSTERIOR, "elbo", "leave_one_out", 2),
    Case(POSTERIOR, "elbo", "score_function_optimal_constant"),
    Case(POSTERIOR, "elbo", "measure_valued"),
    Case(POSTERIOR, "elbo", "measure_valued_independent"),
    Case(POSTERIOR, "elbo", "moving_average_baseline"),
    Case(POSTERIOR, "iwae", "sticking_the_landing", 3),
    Case(POSTERIOR, "iwae", "doubly_reparameterized", 1),
    Case(POSTERIOR, "iwae", "doubly_reparameterized", 3),
]


@pytest.mark.parametrize("case", ZEROS, ids=str)
def test_no_variance_at_the_posterior(case: Case) -> None:
    assert float(case.drawn(2000).abs().max()) < 1e-13
    if has_exact(case):
        exact = case.exact()
        assert exact is not None and float(exact.covariance.abs().max()) < 1e-24


@pytest.mark.parametrize(
    ("name", "k", "variance"), [("pathwise", 1, 2.0), ("vimco", 2, 1.0), ("vimco_geometric", 3, 2.0 / 3.0)]
)
def test_and_some_with_the_score_left_in(name: str, k: int, variance: float) -> None:
    """All weights are equal: what is left is − mean_k s_k."""
    exact = Case(POSTERIOR, "iwae", name, k).exact()
    assert exact is not None
    torch.testing.assert_close(exact.covariance[0], variance * torch.eye(2).double(), rtol=1e-10, atol=1e-10)


def test_a_doubly_reparameterized_gradient_of_one_sample_sticks_the_landing() -> None:
    one, other = Case(AWAY, "iwae", "doubly_reparameterized"), Case(AWAY, "elbo", "sticking_the_landing")
    torch.testing.assert_close(one.drawn(50), other.drawn(50))
