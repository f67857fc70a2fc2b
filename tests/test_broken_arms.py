"""Estimates that are not finite break their own arm and no other, on either route."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from reportgen.engine import measure
from reportgen.engine.layered.surrogates import SURROGATES, Sampled, generative, pathwise
from reportgen.engine.vectors.meter import BATCH_ROWS
from reportgen.estimators import ESTIMATORS, Coefficients, Draws, Estimator
from reportgen.families import Bernoulli
from reportgen.plan import Arm
from reportgen.problems.model import FreeParameters, LatentModel, free_gaussian
from reportgen.store.records import MeasurementRecord
from tests.cells import arm, cell, measured, no_quadrature
from tests.test_layered import record as layered
from tests.tiny_vae import tiny_vae


def test_a_value_that_is_not_finite_breaks_its_arms_and_no_others() -> None:
    problem = free_gaussian([3.0], [1.0], lambda z: z.sum(-1).sqrt())
    arms = [arm("reconstruction", "score_function"), arm("elbo", "pathwise")]
    record = measured(problem, arms, min_replicates=20_000, precision=0.5)
    assert [a.status for a in record.arms] == ["broken", "broken"]
    assert "needs finite estimates, found inf or nan. Look at the model" in str(record.arms[0].cause)
    constant = arm("elbo", "score_function", 1, math.inf)
    large = measured(free_gaussian([3.0], [0.01], lambda z: z.sum(-1)), [*arms, constant], precision=0.5)
    assert large.arms[-1].status == "broken" and str(large.arms[-1].cause).endswith("Add a smaller constant.")
    sound = free_gaussian([3.0], [0.01], lambda z: z.sum(-1))
    assert [a.status for a in measured(sound, arms, precision=0.5).arms] == ["met", "met"]


@pytest.mark.parametrize("logits", [[-200.0, 0.5], [-200.0, -200.0]], ids=["one of two", "both"])
def test_a_unit_that_never_changes_breaks_no_fitted_baseline(logits: list[float]) -> None:
    encoder = FreeParameters(logits=torch.tensor(logits))  # float32, in which their probability is 0
    problem = LatentModel(
        encoder, torch.zeros(1, 1), lambda z: (z - 0.3).square().sum(-1), Bernoulli.from_eta
    )
    names = ("score_function", "score_function_optimal_constant", "score_function_optimal_per_coordinate")
    record = measured(problem, [arm("expectation", name) for name in names], precision=0.5)
    assert [a.status for a in record.arms] == ["met", "met", "met"]


@pytest.mark.parametrize("fewest", [1, 2], ids=["at any K", "at K = 2 alone"])
def test_a_broken_reference_leaves_the_others_without_a_test_and_nothing_else(fewest: int) -> None:
    def broken(draws: Draws, coefficients: Coefficients) -> Tensor:
        evaluate = ESTIMATORS["pathwise"].evaluate
        assert evaluate is not None
        return evaluate(draws, coefficients) * (math.nan if draws.f.shape[2] >= fewest else 1.0)

    arms = [arm("expectation", name, k) for name, k in (("pathwise", 1), ("leave_one_out", 2))]
    problem = free_gaussian([0.5], [1.0], lambda z: (z**2).sum(-1))
    table = {**ESTIMATORS, "pathwise": replace(ESTIMATORS["pathwise"], evaluate=broken)}
    wanted = cell(arms, precision=0.1)
    found = measure(problem, wanted, dataset="toy", images=(0,), estimators=table)
    assert [a.status for a in found.arms] == ["broken" if fewest == 1 else "met", "met"]
    alone = measure(problem, wanted, dataset="toy", images=(0,))
    for name in ("variance", "squared_norm", "bias_squared"):
        np.testing.assert_array_equal(found.arrays[name][1], alone.arrays[name][1])
    assert np.isnan(found.arrays["bias_p_value"][1]).all()
    assert np.isfinite(alone.arrays["bias_p_value"][1]).all()


def single(scale: float, second: str) -> MeasurementRecord:
    """Pathwise times a number, and its negative under another name or REINFORCE times 1e20, in float32."""

    def scaled(draws: Draws, coefficients: Coefficients) -> Tensor:
        evaluate = ESTIMATORS["pathwise"].evaluate
        assert evaluate is not None
        return evaluate(draws, coefficients) * scale

    table = {
        **ESTIMATORS,
        "pathwise": replace(ESTIMATORS["pathwise"], evaluate=scaled),
        "score_function": Estimator(
            "large", evaluate=lambda d, _: 1e20 * (d.f.unsqueeze(-1) * d.score).mean(2)
        ),
        "sticking_the_landing": Estimator("other", evaluate=lambda d, c: -scaled(d, c), needs_gradient=True),
    }
    encoder = FreeParameters(mean=torch.tensor([0.5]), log_scale=torch.tensor([0.0]))
    problem = LatentModel(encoder, torch.zeros(1, 1), lambda z: (z**2).sum(-1))
    arms = [arm("expectation", name) for name in ("pathwise", second)]
    return measure(problem, cell(arms, precision=0.1), dataset="toy", images=(0,), estimators=table)


def test_squares_beyond_the_number_type_break_their_arm_and_no_other() -> None:
    found = single(1.0, "score_function")
    assert [a.status for a in found.arms] == ["met", "broken"]
    assert "score_function of likelihood, squared: needs finite estimates" in str(found.arms[1].cause)


def test_differences_whose_squares_are_beyond_it_are_not_tested() -> None:
    usual = single(1.0, "sticking_the_landing")
    assert [a.status for a in usual.arms] == ["met", "met"] and usual.arrays["bias_p_value"][1, 0] < 1e-9
    most = float(usual.arrays["variance"][0, 0].max())  # of the two coordinates together
    found = single((2e38 / (BATCH_ROWS * most)) ** 0.5, "sticking_the_landing")
    assert [a.status for a in found.arms] == ["met", "met"] and np.isnan(found.arrays["bias_p_value"][1, 0])


def test_a_broken_reference_by_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    arms = [Arm("elbo", name, name, 1) for name in ("pathwise", "sticking_the_landing")]
    settings = {"precision": 0.5, "budget": 4000, "min_replicates": 200}
    alone = layered(arms, **settings)
    monkeypatch.setitem(SURROGATES, "pathwise", lambda draws: pathwise(draws) * math.nan)
    found = layered(arms, **settings)
    assert [a.status for a in found.arms] == ["broken", "met"]
    np.testing.assert_array_equal(found.arrays["variance"][1], alone.arrays["variance"][1])
    assert np.isnan(found.arrays["bias_p_value"][1]).all()
    assert np.isfinite(alone.arrays["bias_p_value"][1]).all()


@pytest.mark.long
def test_a_broken_arm_by_layers_beside_sound_ones_in_eta(monkeypatch: pytest.MonkeyPatch) -> None:
    no_quadrature(monkeypatch)
    arms = [Arm("iwae", "generative", "θ", 2), Arm("iwae", "pathwise", "pathwise", 2)]
    sound = measured(tiny_vae(), arms, precision=0.5)
    monkeypatch.setitem(SURROGATES, "generative", lambda draws: _lost(draws))
    found = measured(tiny_vae(), arms, precision=0.5)
    assert [a.status for a in found.arms] == ["broken", "met"]
    assert np.isnan(found.arrays["variance"][0]).all()
    np.testing.assert_array_equal(found.arrays["variance"][1], sound.arrays["variance"][1])
    np.testing.assert_array_equal(found.arrays["coordinate_count"], sound.arrays["coordinate_count"])


def test_nothing_sound_in_eta_beside_a_sound_arm_by_layers() -> None:
    arms = [Arm("elbo", "pathwise", "pathwise"), Arm("elbo", "generative", "θ")]

    def lost(draws: Draws, _: Coefficients) -> Tensor:
        return math.nan * draws.score.mean(2)

    table = {**ESTIMATORS, "pathwise": replace(ESTIMATORS["pathwise"], evaluate=lost)}
    wanted = cell(arms, precision=0.5)
    found = measure(tiny_vae(), wanted, dataset="toy", images=(0, 1), estimators=table)
    sound = measure(tiny_vae(), wanted, dataset="toy", images=(0, 1))
    assert [a.status for a in found.arms] == ["broken", "met"]
    np.testing.assert_array_equal(found.arrays["variance"][1], sound.arrays["variance"][1])
    assert found.arrays["variance_without"].shape == sound.arrays["variance_without"].shape


def _lost(draws: Sampled) -> Tensor:
    return torch.full_like(generative(draws), math.nan) * generative(draws)
