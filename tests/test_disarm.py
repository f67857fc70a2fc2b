"""DisARM at every pair of codes: its mean, ARM's mean given the codes, and wrong versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.special import ndtr, ndtri

from reportgen.declaration import load_text
from reportgen.errors import DeclarationError
from reportgen.estimators import ESTIMATORS, Coefficients, Draws
from reportgen.objectives import OBJECTIVES
from tests.discrete_cases import (
    BITS,
    IMAGES,
    bits_model,
    drawn,
    estimates,
    estimates_of,
    exact_gradient,
    normals,
)

DISARM = ESTIMATORS["disarm"]
MANY = 200_000
EACH_OBJECTIVE = pytest.mark.parametrize("objective", ["reconstruction", "elbo"])


def every_pair() -> tuple[Tensor, Tensor]:
    """Noise [I 3ᵈ d] amid each interval of uniforms where both codes stay as they are; its probability.

    With m = min(p, 1 − p) a bit differs below u = m and above 1 − m, and is alike between.
    """
    model = bits_model()
    p = torch.sigmoid(model.encoder(model.x)).detach()
    least = torch.minimum(p, 1.0 - p)
    middle = torch.stack([least / 2.0, torch.full_like(p, 0.5), 1.0 - least / 2.0])  # [3 I d]
    width = torch.stack([least, 1.0 - 2.0 * least, least])
    which = torch.cartesian_prod(*[torch.arange(3)] * BITS)  # [3ᵈ d]
    u, length = (part.movedim(0, 2)[:, torch.arange(BITS), which] for part in (middle, width))
    return ndtri(u), length.prod(-1)


def mean_over_pairs(evaluate: Callable[[Draws, Coefficients], Tensor], objective: str) -> Tensor:
    """[I m], exact."""
    noise, probability = every_pair()
    torch.testing.assert_close(probability.sum(1), torch.ones(IMAGES, dtype=torch.float64))
    kind = replace(DISARM, evaluate=evaluate)
    found = estimates(bits_model(), OBJECTIVES[objective], kind, noise, noise)
    return (probability.unsqueeze(-1) * found).sum(1)


def right(draws: Draws, coefficients: Coefficients) -> Tensor:
    evaluate = DISARM.evaluate
    assert evaluate is not None
    return evaluate(draws, coefficients)


@EACH_OBJECTIVE
def test_its_mean_over_all_pairs_is_the_gradient_of_the_sum_over_all_codes(objective: str) -> None:
    gradient = exact_gradient(bits_model(), OBJECTIVES[objective])
    torch.testing.assert_close(mean_over_pairs(right, objective), gradient, rtol=1e-11, atol=1e-12)


def mirrored(draws: Draws) -> Tensor:
    return draws.q.sample(-draws.epsilon.flatten(1, 2)).reshape(draws.z.shape)


def halves(draws: Draws, other: Tensor) -> Tensor:
    return 0.5 * (draws.f - draws.evaluate(other)).unsqueeze(-1) * (draws.z - other)


def leave_one_out_of_the_pair(draws: Draws, _: Coefficients) -> Tensor:
    """Each sample with the other as its baseline, as if they were independent."""
    return halves(draws, mirrored(draws)).mean(2)


def other_sign(draws: Draws, coefficients: Coefficients) -> Tensor:
    return -right(draws, coefficients)


def probability_of_one(draws: Draws, _: Coefficients) -> Tensor:
    """p in place of max(p, 1 − p): σ(η) in place of σ(|η|)."""
    return (halves(draws, mirrored(draws)) * draws.q.mean.unsqueeze(1)).mean(2)


def bits_turned(draws: Draws, _: Coefficients) -> Tensor:
    """1 − z for the sample of 1 − u."""
    p = draws.q.mean.unsqueeze(1)
    return (halves(draws, 1.0 - draws.z) * p.maximum(1.0 - p)).mean(2)


WRONG = [leave_one_out_of_the_pair, other_sign, probability_of_one, bits_turned]


@EACH_OBJECTIVE
@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w.__name__)
def test_wrong_versions_have_another_mean(
    wrong: Callable[[Draws, Coefficients], Tensor], objective: str
) -> None:
    gradient = exact_gradient(bits_model(), OBJECTIVES[objective])
    assert float((mean_over_pairs(wrong, objective) - gradient).norm() / gradient.norm()) > 0.05


def arm(draws: Draws, _: Coefficients) -> Tensor:
    """Yin & Zhou (2019): (f(z′) − f(z)) (u − ½), of which DisARM is the mean given both codes."""
    difference = draws.evaluate(mirrored(draws)) - draws.f
    return (difference.unsqueeze(-1) * (ndtr(draws.epsilon) - 0.5)).mean(2)


@EACH_OBJECTIVE
def test_it_is_arms_mean_given_the_codes(objective: str) -> None:
    """ARM is linear in u, so that its mean over an interval is what it is amid it."""
    noise, _ = every_pair()
    model, chosen = bits_model(), OBJECTIVES[objective]
    of_arm = estimates(model, chosen, replace(DISARM, evaluate=arm), noise, noise)
    torch.testing.assert_close(estimates(model, chosen, DISARM, noise, noise), of_arm, rtol=1e-9, atol=1e-12)


@EACH_OBJECTIVE
def test_its_variance_is_below_arms_in_every_coordinate(objective: str) -> None:
    noise = normals(IMAGES, MANY, BITS, what="many")
    made, chosen = drawn(bits_model(), noise, noise), OBJECTIVES[objective]
    own, of_arm = (estimates_of(made, chosen, kind) for kind in (DISARM, replace(DISARM, evaluate=arm)))
    assert bool((own.var(1) < 0.95 * of_arm.var(1)).all())


def test_a_constant_added_to_f_is_not_felt() -> None:
    noise, chosen = normals(IMAGES, 12, BITS, what="noise"), OBJECTIVES["reconstruction"]
    model = bits_model()
    more = replace(model, likelihood=lambda z: model.likelihood(z) + 123.0)
    own, away = (estimates(one, chosen, DISARM, noise, noise, 3) for one in (model, more))
    torch.testing.assert_close(own, away, rtol=1e-9, atol=1e-11)


def test_a_pair_costs_what_two_samples_do() -> None:
    assert DISARM.forward_passes(3) == ESTIMATORS["leave_one_out"].forward_passes(6) == 6
    assert DISARM.backward_passes(3) == 0


def test_its_pairs_are_independent_and_of_bits() -> None:
    entry = "experiment: e\nproblem: {model: %s}\nestimators: [score_function, {name: disarm, %s}]\n"
    load_text(entry % ("bits, function: parity", "num_samples: 2"), "e.yaml")
    with pytest.raises(DeclarationError, match="needs independent samples, which antithetic ones are not"):
        load_text(entry % ("bits", "antithetic: true"), "e.yaml")
    with pytest.raises(DeclarationError, match="needs a family that is bernoulli, not categorical"):
        load_text(entry % ("categorical", "num_samples: 2"), "e.yaml")
