"""Intervals of measured total variances contain the exact one as often as they claim."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from scipy import stats

from tests.cells import arm, measured, moments_alone, no_quadrature
from tests.estimator_checks import Case
from tests.toys import conjugate

TOY = conjugate(0.5, 1.3)
NAMES = ["pathwise", "score_function", "sticking_the_landing", "measure_valued", "leave_one_out"]
SEEDS = 40
LEAST = int(stats.binom.ppf(1e-4, SEEDS, 0.95))
"""Of intervals of 95 %, fewer than this many of 40 hold the truth once in ten thousand."""


def held(measurements: Sequence[tuple[float, float]], truth: float) -> int:
    """How many intervals v · exp(± half-width) hold it."""
    return sum(abs(math.log(value / truth)) <= half_width for value, half_width in measurements)


def test_exact_variances_lie_inside_their_intervals_at_the_nominal_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments_alone(monkeypatch)
    no_quadrature(monkeypatch)
    samples = {name: 2 if name == "leave_one_out" else 1 for name in NAMES}
    arms = [arm("elbo", name, k) for name, k in samples.items()]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
    for seed in range(SEEDS):
        record = measured(TOY.problem, arms, seed=seed, precision=1e-4, budget=20_000)
        for row, one in enumerate(record.arms):
            found[one.estimator].append(
                (float(record.arrays["variance"][row, 0, 0]), one.relative_half_width)
            )
    for name, k in samples.items():
        exact = Case(TOY, "elbo", name, k).exact()
        assert exact is not None
        truth = float(exact.covariance[0].trace())
        assert held(found[name], truth) >= LEAST, name
        # A standard deviation for a variance, and a variance a quarter off:
        assert held([(math.sqrt(v), h) for v, h in found[name]], truth) < LEAST, name
        assert held(found[name], truth * 1.25) < LEAST, name
