"""Antithetic pairs, a modifier of any estimator that does not need independent samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from reportgen.declaration import load
from reportgen.engine.vectors.exact import exact_moments
from reportgen.engine.vectors.source import Wanted
from reportgen.errors import DeclarationError
from reportgen.objectives import OBJECTIVES
from reportgen.problems.model import free_gaussian
from tests.estimator_checks import Case, check_drawn_mean, check_exact_and_drawn
from tests.toys import CURVES, Toy, conjugate, function

NAMES = ["score_function", "taylor_control_variate", "pathwise", "sticking_the_landing"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("toy", CURVES, ids=lambda toy: toy.name)
def test_pairs_have_the_mean_and_the_variance_of_the_quadrature(toy: Toy, name: str) -> None:
    check_exact_and_drawn(Case(toy, "expectation", name, 2, antithetic=True))


@pytest.mark.parametrize("name", ["measure_valued", "measure_valued_independent", "moving_average_baseline"])
def test_pairs_of_estimators_with_further_noise_are_unbiased(name: str) -> None:
    check_drawn_mean(Case(conjugate(0.5, 1.3), "elbo", name, 2, antithetic=True))


def own_quadrature(slope: Callable[[np.ndarray], np.ndarray], mean: float, scale: float) -> list[float]:
    """Variances of pathwise over a pair, for μ and log σ, by numpy alone."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    weights = weights / weights.sum()
    up, down = slope(mean + scale * nodes), slope(mean - scale * nodes)
    pairs = [(up + down) / 2, scale * nodes * (up - down) / 2]
    return [float(weights @ pair**2 - (weights @ pair) ** 2) for pair in pairs]


@pytest.mark.parametrize(
    ("toy", "slope"),
    [
        (function("quadratic", -1.0, 1.0, 0.8), lambda z: 2 * (z + 1)),
        (function("cosine", 1.5, 0.4, 0.8), lambda z: -1.5 * np.sin(1.5 * z)),
        (function("exponential", 0.5, 0.4, 0.8), lambda z: -z * np.exp(-0.5 * z**2)),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_variance_of_pathwise_over_a_pair(toy: Toy, slope: Callable[[np.ndarray], np.ndarray]) -> None:
    exact = Case(toy, "expectation", "pathwise", 2, antithetic=True).exact()
    assert exact is not None
    mean, scale = float(toy.eta[0, 0]), float(toy.eta[0, 1].exp())
    found = exact.covariance[0].diagonal().tolist()
    assert found == pytest.approx(own_quadrature(slope, mean, scale), rel=1e-8, abs=1e-14)


def test_no_variance_is_left_where_the_slope_is_linear() -> None:
    """In μ for linear and quadratic f, whose slopes at ε and −ε average to that at the mean."""
    linear = Toy("linear", lambda: free_gaussian([0.7], [1.4], lambda z: 3.0 * z.sum(-1)))
    for toy, slope in ((linear, 3.0), (function("quadratic", -1.0, 0.7, 1.4), 3.4)):
        drawn = Case(toy, "expectation", "pathwise", 4, antithetic=True).drawn(500)
        assert float((drawn[..., 0] - slope).abs().max()) < 1e-13
    # The scale's part of a linear f is odd in ε, and cancels too; of independent samples it does not.
    pairs = Case(linear, "expectation", "pathwise", 2, antithetic=True).drawn(500)
    assert float(pairs[..., 1].abs().max()) < 1e-13
    assert float(Case(linear, "expectation", "pathwise", 2).drawn(500)[..., 1].abs().max()) > 0.1


def test_pairs_can_be_worse() -> None:
    """Where the slope is even about the mean, a pair says the same thing twice."""
    toy = Toy("cubic", lambda: free_gaussian([0.0], [1.0], lambda z: (z**3).sum(-1)))
    pair = Case(toy, "expectation", "pathwise", 2, antithetic=True).exact()
    single = Case(toy, "expectation", "pathwise").exact()
    assert pair is not None and single is not None
    torch.testing.assert_close(pair.covariance[0, 0, 0], single.covariance[0, 0, 0])


def variances(case: Case, baselines: list[float]) -> list[float]:
    """Exact total variances of the score function less these constants."""
    found = []
    for baseline in baselines:
        channel = case.channel()
        channel.coefficients = {"baseline": torch.full((1, 1, 1), baseline, dtype=torch.float64)}
        exact = exact_moments(channel, OBJECTIVES[case.objective].integrand, case.frame())
        assert exact is not None
        found.append(float(exact.covariance.diagonal(dim1=1, dim2=2).sum()))
    return found


@pytest.mark.parametrize(
    "toy", [function("exponential", 2.0), function("cosine", 2.5)], ids=lambda toy: toy.name
)
def test_the_optimal_constant_is_that_of_independent_samples(toy: Toy) -> None:
    """The variance is a parabola in b, so three values of it tell the least; of pairs b* misses that."""
    for antithetic in (False, True):
        case = Case(toy, "expectation", "score_function_optimal_constant", 2, antithetic)
        fitted = float(case.channel().coefficients["baseline"])
        below, middle, above = variances(case, [-1.0, 0.0, 1.0])
        curvature = (below + above) / 2 - middle
        best = (below - above) / 4 / curvature
        least, found = variances(case, [best, fitted])
        if not antithetic:
            assert found == pytest.approx(least, rel=1e-3)
            continue
        assert found > 1.05 * least
        values = case.source(2).stream("measure", Wanted.by([case.channel()])).draw(400_000)
        draws = case.channel().draws(values, case.frame())
        f_score, score = (draws.f.unsqueeze(-1) * draws.score).mean(2), draws.score.mean(2)
        told = float((f_score * score).sum() / (score * score).sum())
        assert variances(case, [told])[0] == pytest.approx(least, rel=1e-3)


@pytest.mark.parametrize("name", ["leave_one_out", "vimco", "vimco_geometric"])
def test_estimators_of_independent_samples_refuse_pairs(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    listed = f"estimators: [pathwise, {{name: {name}, antithetic: true}}]"
    path.write_text(f"experiment: mine\nobjective: [elbo, iwae]\n{listed}\n")
    with pytest.raises(DeclarationError, match=f"{name} needs independent samples"):
        load(path)
