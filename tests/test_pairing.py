"""At which K an estimator is compared with the reference: its own, or a multiple, as means of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.pairing import block_means, counterpart, reference_samples
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel
from reportgen.estimators import ESTIMATORS
from reportgen.plan import Arm
from reportgen.problems.model import LatentModel, free_gaussian
from reportgen.store.records import MeasurementRecord
from tests.cells import arm, measured
from tests.synthetic import cross_fitted
from tests.test_layered import record as layered


@pytest.mark.parametrize(
    ("own", "fewest", "mean", "bound"),
    [(1, 1, 1, 1), (1, 2, 2, None), (3, 2, 3, 3), (2, 3, 4, None), (2, 5, 6, None)],
)
def test_the_reference_takes_the_first_multiple_that_is_enough(
    own: int, fewest: int, mean: int, bound: int | None
) -> None:
    assert reference_samples(own, fewest, several=False) == mean
    assert reference_samples(own, fewest, several=True) == bound


def test_the_reference_has_its_own_temperature() -> None:
    key = Key.of(Arm("elbo", "gumbel_softmax", "cold", 3, temperature=0.1))
    for temperature in (2.0, None):
        reference = Arm("elbo", "rebar", "reference", 1, temperature=temperature)
        beside = Key.of(Arm("elbo", "rebar", "reference", 3, temperature=temperature))
        assert counterpart(key, reference, ESTIMATORS["rebar"]) == beside


def test_block_means_leave_what_does_not_fill_a_block() -> None:
    estimates = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 11, 3)))
    slow = np.stack([estimates[:, 3 * b : 3 * b + 3].numpy().mean(1) for b in range(3)], 1)
    np.testing.assert_allclose(block_means(estimates, 3).numpy(), slow, rtol=1e-14)
    assert torch.equal(block_means(estimates, 1), estimates)
    assert block_means(estimates, 12).shape == (2, 0, 3)


def curved() -> LatentModel:
    return free_gaussian([0.5, -1.0], [0.8, 1.1], lambda z: (z**2).sum(-1) + torch.sin(z).prod(-1))


def beside_leave_one_out(*names: str, objective: str = "elbo") -> MeasurementRecord:
    arms = [arm(objective, name) for name in names] + [arm(objective, "leave_one_out", 2)]
    return measured(curved(), arms, reference="leave_one_out", precision=0.5, min_replicates=20_000)


def test_one_sample_is_compared_with_a_reference_of_two() -> None:
    names = ("pathwise", "score_function", "taylor_control_variate", "score_function_as_printed")
    found = beside_leave_one_out(*names)
    p_values = found.arrays["bias_p_value"][:, 0]
    assert (p_values[:3] > 1e-3).all() and p_values[3] < 1e-6
    assert np.isnan(p_values[4]) and found.arms[4].reference
    differences = [a.differences for a in found.arms]
    assert differences == [*(a.replicates // 2 for a in found.arms[:4]), 0]
    assert np.isfinite(found.arrays["detectable_bias"][:4]).all()


def test_the_statistic_is_that_of_differences_of_pair_means() -> None:
    """By hand: every second estimate averaged with the one before it, less that of the same two samples."""
    seen: list[dict[str, list[Tensor]]] = [{}, {}]
    observe = Channel.observe

    def keep(self: Channel, bucket: int, values: Any, cache: dict[Key, Tensor], frame: Any) -> None:
        observe(self, bucket, values, cache, frame)
        seen[bucket % 2].setdefault(self.key.estimator, []).append(cache[self.key].clone())

    arms = [arm("expectation", "score_function"), arm("expectation", "leave_one_out", 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "observe", keep)
        found = measured(curved(), arms, reference="leave_one_out", precision=1e-9, budget=32 * 4096 * 2)
    halves = []
    for half in seen:
        ones, twos = (torch.cat(half[name], 1)[0].numpy() for name in ("score_function", "leave_one_out"))
        halves.append((ones[0::2] + ones[1::2]) / 2.0 - twos)
    assert found.arrays["bias_statistic"][0, 0] == pytest.approx(cross_fitted(*halves), rel=1e-8)
    assert found.arms[0].differences == sum(len(half) for half in halves)


def test_few_draws_are_enough_for_a_difference_in_every_bucket() -> None:
    arms = [arm("elbo", "pathwise"), arm("elbo", "leave_one_out", 2)]
    found = measured(curved(), arms, reference="leave_one_out", precision=1e-9, budget=64, min_replicates=2)
    assert found.arms[0].differences == 32 and np.isfinite(found.arrays["bias_p_value"][0]).all()


def test_a_bound_of_one_sample_has_no_reference_of_two() -> None:
    found = measured(
        curved(),
        [arm("iwae", "pathwise", 1), arm("iwae", "vimco", 2)],
        reference="vimco",
        precision=0.5,
    )
    assert found.arms[0].differences == 0 and np.isnan(found.arrays["bias_p_value"][0]).all()


def by_layers(
    patch: pytest.MonkeyPatch, surrogates: Mapping[str, Any], *arms: Arm, reference: str = "leave_one_out"
) -> MeasurementRecord:
    for name, surrogate in surrogates.items():
        patch.setitem(SURROGATES, name, surrogate)
    return layered(list(arms), reference=reference, precision=0.1, budget=400_000, min_replicates=4000)


def attached(draws: Sampled) -> Tensor:
    """f not held fixed inside the score function's surrogate: its own derivative comes along."""
    f = draws.integrand(draws.fixed, draws.fixed.log_q)
    return ((f + draws.fold(draws.fixed.log_q) * 0.3) * draws.fold(draws.fixed.log_q)).mean(2)


@pytest.mark.long
def test_by_layers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Arm("elbo", "score_function", "one", 1), Arm("elbo", "leave_one_out", "leave_one_out", 2)
    found = by_layers(monkeypatch, {}, one, two)
    assert (found.arrays["bias_p_value"][0] > 1e-3).all()
    assert found.arms[0].differences == found.arms[0].replicates // 2
    wrong = by_layers(monkeypatch, {"score_function": attached}, one, two)
    assert (wrong.arrays["bias_p_value"][0] < 1e-3).all()


@pytest.mark.long
def test_by_layers_mirrored_samples_are_compared_with_independent_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mirrored = Arm("elbo", "score_function", "mirrored", 2, antithetic=True)
    two = Arm("elbo", "leave_one_out", "leave_one_out", 2)
    found = by_layers(monkeypatch, {}, mirrored, two)
    assert (found.arrays["bias_p_value"][0] > 1e-3).all()
    wrong = by_layers(monkeypatch, {"score_function": attached}, mirrored, two)
    assert (wrong.arrays["bias_p_value"][0] < 1e-3).all()
