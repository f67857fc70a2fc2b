"""The moving-average baseline: against a loop, unbiased, and its variance in closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reportgen.engine.vectors.source import Wanted
from reportgen.estimators import ESTIMATORS, Coefficients, Draws
from reportgen.estimators.moving_average_baseline import DECAY, past_average
from reportgen.streams import stream
from tests.estimator_checks import Case, check_drawn_mean
from tests.toys import conjugate, function

NAME = "moving_average_baseline"


def slow_average(f: list[float], start: float) -> list[float]:
    found = [start]
    for value in f[:-1]:
        found.append(0.9 * found[-1] + 0.1 * value)
    return found


@pytest.mark.parametrize("steps", [1, 2, 5, 900])
def test_average_is_that_of_a_loop(steps: int) -> None:
    f = torch.from_numpy(stream(0, "average").standard_normal((2, steps)) - 300.0)
    start = torch.tensor([[-310.0], [5.0]]).double()
    slow = torch.tensor([slow_average(f[i].tolist(), float(start[i])) for i in range(2)], dtype=torch.float64)
    torch.testing.assert_close(past_average(f, start), slow, rtol=1e-12, atol=1e-10)


def test_a_step_does_not_see_itself_nor_what_comes_after() -> None:
    f = torch.zeros(1, 8).double()
    later = f.clone()
    later[0, 5:] = 1e6
    moved = (past_average(later, f[:, :1]) - past_average(f, f[:, :1]))[0]
    assert bool((moved[:6] == 0.0).all()) and float(moved[6]) == pytest.approx(1e5)


def test_variance_is_that_of_the_best_constant_and_that_of_the_average() -> None:
    """E ĝ_r² − E[(f − E f)² s²] = Var b_r E[s²], on the same draws, averaged over the steps of a batch."""
    d, scale, steps, batches = 1.0, 1.3, 400, 800
    case = Case(function("quadratic", 0.0, d, scale), "expectation", NAME)
    channel, frame = case.channel(), case.frame()
    start = d**2 + scale**2  # E f, so that the pilot's own error plays no part
    channel.coefficients = {"start": torch.full((1, 1), start).double()}
    noise = case.source(5).stream("measure", Wanted.by([channel]))
    excess = []
    for _ in range(batches):
        values = noise.draw(steps)
        draws = channel.draws(values, frame)
        held = ((draws.f - start).unsqueeze(-1) * draws.score).mean(2)
        excess.append(float((channel.estimate(values, frame) ** 2 - held**2)[0, :, 0].mean()))
    spread = 4.0 * d**2 * scale**2 + 2.0 * scale**4  # Var f
    of_average = [0.01 * sum(0.81**a for a in range(r)) * spread for r in range(steps)]
    expected = sum(of_average) / steps / scale**2
    error = float(torch.tensor(excess).std()) / batches**0.5
    assert abs(sum(excess) / batches - expected) < 4.5 * error
    assert expected > 9.0 * error, "the test could not tell it from none"


def test_errors_of_successive_replicates_are_uncorrelated() -> None:
    case = Case(conjugate(0.5, 1.3), "elbo", NAME)
    runs = case.drawn(40_000) - case.gradient
    products = runs[:, 1:] * runs[:, :-1]
    error = products.std(1) / products.shape[1] ** 0.5
    assert bool((products.mean(1).abs() < 4.5 * error).all())


def own_f_included(draws: Draws, coefficients: Coefficients) -> Tensor:
    """The average after the step, as a careless loop would subtract it."""
    f = draws.f.mean(2)
    baseline = DECAY * past_average(f, coefficients["start"]) + (1.0 - DECAY) * f
    return ((draws.f - baseline.unsqueeze(-1)).unsqueeze(-1) * draws.score).mean(2)


def test_an_average_that_includes_its_own_f_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = conjugate(0.5, 1.3)
    check_drawn_mean(Case(toy, "elbo", NAME))
    monkeypatch.setitem(ESTIMATORS, "wrong", replace(ESTIMATORS[NAME], evaluate=own_f_included))
    with pytest.raises(AssertionError, match="z ="):
        check_drawn_mean(Case(toy, "elbo", "wrong"))


def test_a_single_replicate_has_no_exact_moments() -> None:
    assert Case(conjugate(0.5, 1.3), "elbo", NAME).exact() is None
    assert Case(conjugate(0.5, 1.3), "elbo", "score_function").exact() is not None
