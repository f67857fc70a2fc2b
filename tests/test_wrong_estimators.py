"""Wrong twins of estimators, which the checks against exact answers must reject."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reportgen.estimators import ESTIMATORS, Draws
from reportgen.estimators.halves import below, maxwell
from reportgen.estimators.log_sums import log_sum_of_others
from reportgen.objectives import OBJECTIVES
from tests.estimator_checks import Case, check_drawn_mean, check_drawn_variance, check_exact_mean
from tests.toys import conjugate

AWAY = conjugate(0.5, 1.3)


def weighted_once(draws: Draws, _: object) -> Tensor:
    """DReG with ω for ω²."""
    return draws.weighted(draws.pullback(draws.gradient))


def undetached_sample(draws: Draws, _: object) -> Tensor:
    """The surrogate f(z) log q(z) with z left attached: ∇_z log q and ∇_z f join in."""
    q, z = draws.q, draws.z
    slope = -(z - q.mean.unsqueeze(1)) / q.scale.unsqueeze(1) ** 2
    through = draws.f.unsqueeze(-1) * slope + draws.log_q.unsqueeze(-1) * draws.gradient
    return (draws.f.unsqueeze(-1) * draws.score + draws.pullback(through)).mean(2)


def weight_without_its_logarithm(draws: Draws, _: object) -> Tensor:
    """w for log w."""
    return (draws.f.exp().unsqueeze(-1) * draws.score).mean(2)


def attached_weights(draws: Draws, _: object) -> Tensor:
    """DReG's surrogate Σ ω² log w(z) with ω not detached: ∂ω²/∂z joins in."""
    w, f = draws.weights, draws.f
    inner = (w**2 * f).sum(2, keepdim=True)
    through = w**2 + 2.0 * (w**2 * f - w * inner)
    return draws.pullback(through.unsqueeze(-1) * draws.gradient).sum(2)


def score_without_the_weights_own_derivative(draws: Draws, _: object) -> Tensor:
    """REINFORCE of the bound without Σ ω ∂ log w/∂η."""
    bound = draws.f.logsumexp(2, keepdim=True) - math.log(draws.f.shape[2])
    return bound * draws.score.sum(2)


def baseline_with_its_own_sample(draws: Draws, _: object) -> Tensor:
    """Leave-one-out that leaves none out."""
    return ((draws.f - draws.f.mean(2, keepdim=True)).unsqueeze(-1) * draws.score).mean(2)


def replaced_by_itself(draws: Draws, _: object) -> Tensor:
    """VIMCO with log w_k replaced by the mean of all log w, its own among them."""
    f, explicit = draws.f, draws.explicit
    assert explicit is not None
    without = log_sum_of_others(f).logaddexp(f.mean(2, keepdim=True))
    signal = f.logsumexp(2, keepdim=True) - without
    return (signal.unsqueeze(-1) * draws.score).sum(2) + draws.weighted(explicit)


def expansion_not_given_back(draws: Draws, _: object) -> Tensor:
    """The control variate without its own gradient."""
    slope = draws.gradient_at_centre
    expansion = draws.f_at_centre + ((draws.z - draws.centre) * slope).sum(-1)
    return ((draws.f - expansion).unsqueeze(-1) * draws.score).mean(2)


def one_sided(draws: Draws, _: object) -> Tensor:
    """Measure-valued with the Maxwell variable on one side alone, and in the Weibull's place."""
    d = draws.z.shape[3]
    size, _side = draws.auxiliary.reshape(*draws.z.shape[:3], 2, d).unbind(3)
    mean, scale = draws.q.mean.unsqueeze(1), draws.q.scale.unsqueeze(1)
    wide = maxwell(size)
    up, down, near = (
        draws.evaluate(mean + scale * step) for step in (wide, -wide, wide * below(draws.epsilon))
    )
    to_mean = (up - down).unsqueeze(-1) / (scale * math.sqrt(2.0 * math.pi))
    return torch.cat([to_mean, (up - near).unsqueeze(-1)], -1).mean(2)


WRONG: list[tuple[str, Callable[[Draws, object], Tensor], Case]] = [
    ("doubly_reparameterized", weighted_once, Case(AWAY, "iwae", "wrong", 2)),
    ("doubly_reparameterized", attached_weights, Case(AWAY, "iwae", "wrong", 2)),
    ("pathwise", undetached_sample, Case(AWAY, "elbo", "wrong")),
    ("score_function", weight_without_its_logarithm, Case(AWAY, "elbo", "wrong")),
    ("score_function", score_without_the_weights_own_derivative, Case(AWAY, "iwae", "wrong", 2)),
    ("leave_one_out", baseline_with_its_own_sample, Case(AWAY, "elbo", "wrong", 2)),
    ("vimco_geometric", replaced_by_itself, Case(AWAY, "iwae", "wrong", 2)),
    ("taylor_control_variate", expansion_not_given_back, Case(AWAY, "elbo", "wrong")),
    ("measure_valued", one_sided, Case(AWAY, "elbo", "wrong")),
]


@pytest.mark.parametrize(("name", "function", "case"), WRONG, ids=lambda v: getattr(v, "__name__", ""))
def test_a_wrong_estimator_is_rejected(
    name: str,
    function: Callable[[Draws, object], Tensor],
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = "bound" if OBJECTIVES[case.objective].several else "evaluate"
    monkeypatch.setitem(ESTIMATORS, "wrong", replace(ESTIMATORS[name], **{part: function}))
    with pytest.raises(AssertionError, match="not close"):
        check_exact_mean(case)
    with pytest.raises(AssertionError, match="z ="):
        check_drawn_mean(case)


def test_noise_of_twice_the_size_is_rejected_by_its_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws whose variance is not the quadrature's: here a tenth more noise than the rule has."""
    right = Case(AWAY, "elbo", "pathwise").exact()
    check_drawn_variance(Case(AWAY, "elbo", "pathwise"))
    monkeypatch.setattr(
        "tests.estimator_checks.exact_moments", lambda *_: replace(right, covariance=right.covariance * 1.1)
    )
    with pytest.raises(AssertionError, match="z ="):
        check_drawn_variance(Case(AWAY, "elbo", "pathwise"))
