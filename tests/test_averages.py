"""Which estimators of K samples are the mean of K one-sample estimates, as each says, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.engine.vectors import points
from reportgen.engine.vectors.draws import IntegrandValues
from reportgen.engine.vectors.source import Wanted
from reportgen.estimators import ESTIMATORS, Coefficients, Draws
from reportgen.plan import Arm
from reportgen.problems.model import free_gaussian
from reportgen.problems.problem import Problem
from tests.cells import arm, measured
from tests.discrete_cases import bits_model
from tests.estimator_checks import Case, check_drawn_variance
from tests.toys import TWO_UNITS, Toy, conjugate, rainforth

SAMPLES, REPLICATES = 3, 7
AWAY = conjugate(0.5, 1.3)
BITS = Toy("bits", bits_model)
PLACES = [(BITS, "elbo"), (BITS, "reconstruction"), (TWO_UNITS, "expectation"), (rainforth(2), "elbo")]


def placed(name: str) -> Iterator[Case]:
    """The estimator at every place where it applies and estimates a mean."""
    kind = ESTIMATORS[name]
    for toy, objective in PLACES:
        family = toy.problem.family(toy.eta).name
        moves = DISTRIBUTIONS[family].reparameterizable or not kind.reparameterizes
        offered = kind.parameters == "phi" or toy.problem.generative is not None
        if kind.serves(objective) and moves and offered and family in (kind.families or (family,)):
            yield Case(toy, objective, name, SAMPLES)


def is_mean_of_single_samples(case: Case) -> bool:
    """Whether the estimate of K samples is the mean of those of each alone, on the same draws."""
    if ESTIMATORS[case.estimator].min_samples > 1:
        return False  # there is no estimate of one sample
    together = case.channel()
    alone = replace(together, key=replace(together.key, num_samples=1))
    noise = case.source(1).stream("measure", Wanted.by([together]))
    values, frame = noise.draw(SAMPLES * REPLICATES), case.frame()
    single = alone.estimate(values, frame).unflatten(1, (REPLICATES, SAMPLES))
    return torch.allclose(together.estimate(values, frame), single.mean(2), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, kind in ESTIMATORS.items() if kind.evaluate])
def test_an_estimator_averages_if_and_only_if_it_says_so(name: str) -> None:
    cases = list(placed(name))
    assert cases, "an estimator that no place here serves is not tested"
    assert {is_mean_of_single_samples(case) for case in cases} == {ESTIMATORS[name].averages}


@pytest.mark.parametrize(
    "name", [n for n, kind in ESTIMATORS.items() if kind.evaluate and kind.parameters == "phi"]
)
def test_an_estimator_sees_f_at_the_samples_if_and_only_if_it_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not use its time does not contain."""
    case = next(placed(name))
    channel, frame = case.channel(), case.frame()
    values = case.source(1).stream("measure", Wanted.by([channel])).draw(SAMPLES * REPLICATES)
    seen: list[str] = []
    for part in ("value", "gradient"):
        own = getattr(IntegrandValues, part).func

        def watched(self: IntegrandValues, own: Callable[..., Tensor] = own, part: str = part) -> Tensor:
            seen.append(part)
            return own(self)

        monkeypatch.setattr(IntegrandValues, part, property(watched))
    channel.estimate(values, frame)
    assert bool(seen) == ESTIMATORS[name].at_samples


@pytest.mark.parametrize(
    "name", [n for n, kind in ESTIMATORS.items() if kind.evaluate and kind.parameters == "phi"]
)
def test_an_estimator_makes_the_decoder_passes_that_it_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forward and backward, at the samples, at points of its own, and once an image at the mean of q."""
    case, kind = next(placed(name)), ESTIMATORS[name]
    channel, frame = case.channel(), case.frame()
    images, latent = case.toy.eta.shape[0], frame.q.latent
    own, made = points._evaluate, np.zeros(2, dtype=int)

    def counted(problem: Problem, z: Tensor, with_gradient: bool) -> tuple[Tensor, Tensor]:
        made[:] += np.array([1, with_gradient]) * z.shape[0] * z.shape[1]
        return own(problem, z, with_gradient)

    monkeypatch.setattr(points, "_evaluate", counted)
    values = case.source(1).stream("measure", Wanted.by([channel])).draw(SAMPLES * REPLICATES)
    if not kind.at_samples:
        made[:] = 0  # the draw was for others
    channel.estimate(values, frame)
    at_mean = np.array([kind.extra_forward, kind.extra_backward])
    said = np.array([kind.forward_passes(SAMPLES, latent), kind.backward_passes(SAMPLES)]) - at_mean
    np.testing.assert_array_equal(made, images * (REPLICATES * said + at_mean))


def product_of_means(draws: Draws, _: Coefficients) -> Tensor:
    """The product of the means of f and of the score: right only at K = 1."""
    return draws.f.mean(2, keepdim=True) * draws.score.mean(2)


@pytest.mark.parametrize("name", ["leave_one_out", "moving_average_baseline", "score_function"])
def test_a_wrong_claim_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"evaluate": product_of_means} if name == "score_function" else {}
    monkeypatch.setitem(ESTIMATORS, name, replace(ESTIMATORS[name], averages=True, **wrong))
    with pytest.raises(AssertionError):
        test_an_estimator_averages_if_and_only_if_it_says_so(name)


@contextmanager
def not_said(name: str) -> Iterator[None]:
    """The estimator without its claim that it averages: exact values are then found for all K samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ESTIMATORS, name, replace(ESTIMATORS[name], averages=False))
        yield


@pytest.mark.parametrize(
    "case",
    [
        *(
            Case(AWAY, "elbo", name, k)
            for k in (2, 3)
            for name in ("score_function", "pathwise", "score_function_optimal_constant")
        ),
        Case(AWAY, "elbo", "pathwise", 4, antithetic=True),
        Case(AWAY, "elbo", "score_function", 4, antithetic=True),
        Case(rainforth(1), "elbo", "generative", 3),
        Case(BITS, "elbo", "straight_through", 2),
        Case(BITS, "reconstruction", "taylor_control_variate", 3),
    ],
    ids=str,
)
def test_moments_are_those_of_all_samples_together(case: Case) -> None:
    fast = case.exact()
    with not_said(case.estimator):
        slow = case.exact()
    assert fast is not None and slow is not None
    torch.testing.assert_close(fast.mean, slow.mean, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(fast.covariance, slow.covariance, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    "case",
    [
        Case(TWO_UNITS, "expectation", "pathwise", 16),
        Case(rainforth(2), "elbo", "sticking_the_landing", 5),
        Case(AWAY, "elbo", "measure_valued", 6),
        Case(AWAY, "elbo", "score_function_optimal_constant", 10),
        Case(TWO_UNITS, "expectation", "pathwise", 16, antithetic=True),
    ],
    ids=str,
)
def test_many_samples_have_an_exact_variance_and_it_is_right(case: Case) -> None:
    with not_said(case.estimator):
        assert case.exact() is None, "too many dimensions for all samples together"
    check_drawn_variance(case, 20_000)


def test_an_antithetic_pair_is_not_two_samples() -> None:
    """A cubic's slope is even about the mean: a pair says the same thing twice, and two pairs another."""
    toy = Toy("cubic", lambda: free_gaussian([0.0], [1.0], lambda z: (z**3).sum(-1)))
    pair, pairs = (Case(toy, "expectation", "pathwise", k, antithetic=True).exact() for k in (2, 4))
    plain = Case(toy, "expectation", "pathwise", 4).exact()
    assert pair is not None and pairs is not None and plain is not None
    torch.testing.assert_close(pairs.covariance, pair.covariance / 2.0)
    torch.testing.assert_close(plain.covariance[0, 0, 0], pairs.covariance[0, 0, 0] / 2.0)


def test_a_bound_is_not_a_mean() -> None:
    """Of IWAE the covariance at K is not that at 1 over K, whatever the estimator says."""
    one, two = (Case(AWAY, "iwae", "pathwise", k).exact() for k in (1, 2))
    assert one is not None and two is not None
    assert not torch.allclose(two.covariance, one.covariance / 2.0, rtol=1e-2)
    assert Case(TWO_UNITS, "expectation", "pathwise", 8).exact() is not None
    assert Case(rainforth(2), "iwae", "pathwise", 8).exact() is None


def test_a_record_has_them_at_every_k() -> None:
    arms = [arm("elbo", "pathwise", k) for k in (1, 64)] + [Arm("iwae", "pathwise", "bound", 64)]
    record = measured(rainforth(2).problem, arms, precision=0.5, budget=4000, min_replicates=20)
    found = record.arrays["exact_variance"]
    np.testing.assert_allclose(found[1], found[0] / 64.0, rtol=1e-12)
    assert np.isnan(found[2]).all()
