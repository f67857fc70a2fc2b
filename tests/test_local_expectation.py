"""Local expectation gradients at every code: their mean, REINFORCE's given the other bits, wrong versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reportgen.estimators import ESTIMATORS, Coefficients, Draws, Estimator
from reportgen.objectives import OBJECTIVES
from tests.cells import arm, measured
from tests.discrete_cases import BITS, IMAGES, bits_model, estimates, every_code, exact_gradient, log_q
from tests.test_enumeration import SHORT, exact, toy

KIND = ESTIMATORS["local_expectation"]
EACH_OBJECTIVE = pytest.mark.parametrize("objective", ["reconstruction", "elbo"])


def at_every_code(kind: Estimator, objective: str) -> tuple[Tensor, Tensor]:
    """Estimates of one sample [I 2ᵈ m], and the probability of each code [I 2ᵈ]."""
    model, codes = bits_model(), every_code().expand(IMAGES, -1, -1)
    noise = torch.where(codes == 1.0, -9.0, 9.0).double()  # far below and above every threshold
    probability = log_q(codes, model.encoder(model.x).detach().unsqueeze(1)).exp()
    return estimates(model, OBJECTIVES[objective], kind, noise, noise), probability


def mean_over_codes(kind: Estimator, objective: str) -> Tensor:
    found, probability = at_every_code(kind, objective)
    return (probability.unsqueeze(-1) * found).sum(1)


@EACH_OBJECTIVE
def test_its_mean_over_all_codes_is_the_gradient(objective: str) -> None:
    gradient = exact_gradient(bits_model(), OBJECTIVES[objective])
    torch.testing.assert_close(mean_over_codes(KIND, objective), gradient, rtol=1e-11, atol=1e-12)


def right(draws: Draws, coefficients: Coefficients) -> Tensor:
    assert KIND.evaluate is not None
    return KIND.evaluate(draws, coefficients)


def sign_of_the_sample(draws: Draws, _: Coefficients) -> Tensor:
    """f(z) − f(turned), whichever value the bit has."""
    return _differences(draws, lambda z, j: torch.ones_like(z[..., j]), one_at_a_time=True)


def all_bits_turned(draws: Draws, _: Coefficients) -> Tensor:
    """The other point has no bit in common with the sample."""
    return _differences(draws, lambda z, j: 2.0 * z[..., j] - 1.0, one_at_a_time=False)


def without_the_slope(draws: Draws, _: Coefficients) -> Tensor:
    """The difference in f for its derivative in the logit."""
    p = draws.q.mean.unsqueeze(1)
    return right(draws, {}) / (p * (1.0 - p)).squeeze(2)


def _differences(draws: Draws, sign: Callable[[Tensor, int], Tensor], one_at_a_time: bool) -> Tensor:
    found = torch.empty_like(draws.z)
    for j in range(BITS):
        other = 1.0 - draws.z
        if one_at_a_time:
            other = draws.z.clone()
            other[..., j] = 1.0 - other[..., j]
        found[..., j] = (draws.f - draws.evaluate(other)) * sign(draws.z, j)
    return draws.mean_pullback(found).mean(2)


@EACH_OBJECTIVE
@pytest.mark.parametrize(
    "wrong", [sign_of_the_sample, all_bits_turned, without_the_slope], ids=lambda w: w.__name__
)
def test_wrong_versions_have_another_mean(
    wrong: Callable[[Draws, Coefficients], Tensor], objective: str
) -> None:
    gradient = exact_gradient(bits_model(), OBJECTIVES[objective])
    found = mean_over_codes(replace(KIND, evaluate=wrong), objective)
    assert float((found - gradient).norm() / gradient.norm()) > 0.05


@EACH_OBJECTIVE
def test_it_is_reinforces_mean_given_the_other_bits(objective: str) -> None:
    """So that no baseline, were it a function of the other bits, has less variance in any coordinate."""
    found, probability = at_every_code(KIND, objective)
    plain, _ = at_every_code(ESTIMATORS["score_function"], objective)
    shape = (IMAGES, *[2] * BITS)
    for j in range(BITS):
        weight = probability.reshape(shape)
        given = (weight * plain[..., j].reshape(shape)).sum(1 + j) / weight.sum(1 + j)
        for bit in (0, 1):
            own = found[..., j].reshape(shape).select(1 + j, bit)
            torch.testing.assert_close(own, given, rtol=1e-10, atol=1e-12)


def test_of_a_single_bit_it_is_exact() -> None:
    """p (1 − p) (f(1) − f(0)), whatever is drawn."""
    record = measured(toy(), [arm("expectation", KIND.name)], reference=KIND.name, **SHORT)
    assert exact(record, 0)[0] == pytest.approx(0.0, abs=1e-15)
    assert record.arrays["variance"][0, 0, 0] == pytest.approx(0.0, abs=1e-15)
    gradient = 0.3 * 0.7 * (0.501**2 - 0.499**2)
    assert exact(record, 0, "exact_squared_norm")[0] == pytest.approx(gradient**2, rel=1e-9)


def test_it_takes_a_pass_for_the_sample_and_one_for_each_bit() -> None:
    assert KIND.forward_passes(3, latent=5) == 3 * (5 + 1) and KIND.backward_passes(3) == 0
    assert not KIND.differentiates, "a black box has it too"
