"""The directional signal-to-noise ratio: a closed form, a slow twin in φ, and what is lost in the noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor, nn

from reportgen.engine.vectors import meter
from reportgen.engine.vectors.channels import Channel
from reportgen.families import Bernoulli
from reportgen.findings import STATISTICS
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.problems.model import LatentModel, free_gaussian
from tests.cells import arm, measured, position
from tests.test_meter import ARMS, tiny
from tests.test_pushforward import slow_jacobian

MEAN = [0.6, -0.2, 0.1, 0.4, 0.0, -0.3]


class MeanOnly(nn.Module):
    """φ is the mean of q; its scale is one and not trained."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.tensor(MEAN, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mean.expand(x.shape[0], -1)
        return torch.cat([mean, torch.zeros_like(mean)], -1)


def test_a_gaussian_gradient_has_the_closed_form() -> None:
    # f = |z|²/2: the pathwise gradient is μ + ε, so ‖Δ∥‖ = |a + X| with a = |μ| and 1/‖Δ⊥‖ is 1/χ with d − 1.
    problem = LatentModel(MeanOnly(), torch.zeros(4, 1).double(), lambda z: 0.5 * (z**2).sum(-1))
    record = measured(problem, [arm("reconstruction", "pathwise")], min_replicates=4096, precision=0.5)
    a, across = float(np.linalg.norm(MEAN)), len(MEAN) - 1
    along = math.sqrt(2 / math.pi) * math.exp(-(a**2) / 2) + a * (1 - 2 * stats.norm.cdf(-a))
    truth = along * special.gamma((across - 1) / 2) / (math.sqrt(2) * special.gamma(across / 2))
    found = STATISTICS["directional_signal_to_noise"].of(MeasuredArm(record, 0), "all")
    low, high = found.interval(0.9999)  # type: ignore[union-attr]
    assert low < truth < high
    assert not low < along / math.sqrt(across) < high  # the ratio of typical lengths is another number


def test_of_a_single_number_all_is_along() -> None:
    """η is one number, φ several: what is left across the gradient is rounding, and no part of the ratio."""
    torch.manual_seed(0)
    encoder, x = nn.Linear(5, 1, dtype=torch.float64), torch.randn(20, 5).double()
    problem = LatentModel(encoder, x, lambda z: z.exp().sum(-1), Bernoulli.from_eta)
    record = measured(problem, [arm("reconstruction", "taylor_control_variate")], precision=0.5)
    assert np.isposinf(record.arrays["directional_ratio"]).all()


def test_it_is_what_the_definition_gives_in_every_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []
    fresh: list[Tensor] = []
    observe, estimate = Channel.observe, Channel.estimate

    def keep(self: Channel, bucket: int, values: Any, cache: Any, frame: Any) -> None:
        observe(self, bucket, values, cache, frame)
        if (self.key.estimator, self.key.integrand) == ("pathwise", "likelihood"):
            seen.append(cache[self.key].clone())

    def keep_fresh(self: Channel, values: Any, frame: Any) -> Tensor:
        found = estimate(self, values, frame)
        if (self.key.estimator, self.retired) == ("leave_one_out", True):
            fresh.append(found.clone())
        return found

    monkeypatch.setattr(Channel, "observe", keep)
    monkeypatch.setattr(Channel, "estimate", keep_fresh)
    monkeypatch.setattr(meter, "BATCH_ROWS", 30)
    problem = tiny()
    record = measured(problem, ARMS, min_replicates=400, precision=0.9)
    row = position(record, "reconstruction", "leave_one_out")
    jacobian = slow_jacobian(problem.encoder, problem.x).numpy()
    mean = np.einsum("im,imp->ip", torch.cat(seen, 1).mean(1).numpy(), jacobian)
    unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    delta = np.einsum("sirm,imp->sirp", torch.stack(fresh[-32:]).numpy(), jacobian)
    along = np.einsum("sirp,ip->sir", delta, unit)
    ratios = np.abs(along) / np.linalg.norm(delta - along[..., None] * unit[:, None], axis=-1)
    np.testing.assert_allclose(record.arrays["directional_ratio"][row], ratios.mean((0, 2)), rtol=1e-9)
    without = np.delete(ratios, 5, 0).mean((0, 2))
    np.testing.assert_allclose(record.arrays["directional_ratio_without"][row, :, 5], without, rtol=1e-9)


def test_a_direction_that_is_lost_is_not_made_up() -> None:
    problem = free_gaussian([0.0] * 3, [1.0] * 3, lambda z: 1e3 + (z**3).sum(-1) * 1e-6)
    alone = [arm("reconstruction", "score_function")]
    record = measured(
        problem, alone, reference="score_function", min_replicates=10, precision=0.9, budget=1000
    )
    assert np.isnan(record.arrays["directional_ratio"]).all()


def test_a_baseline_changes_the_length_of_an_estimate_and_not_its_direction() -> None:
    arms = [arm("reconstruction", f"score_function{suffix}") for suffix in ("", "_optimal_constant")]
    record = measured(tiny(), [*arms, arm("reconstruction", "pathwise")], min_replicates=2000, precision=0.5)
    plain, baseline, pathwise = record.arrays["directional_ratio"]
    np.testing.assert_allclose(plain, baseline, rtol=1e-9)
    assert (np.abs(plain / pathwise - 1) > 0.01).any()


def test_of_an_estimate_without_a_length_it_is_not_available() -> None:
    line = free_gaussian(
        [0.3] * 2, [0.7] * 2, lambda z: z.sum(-1)
    )  # the pathwise gradient is (1, σ ε): one mean direction
    record = measured(line, [arm("reconstruction", "pathwise")], min_replicates=100, precision=0.5)
    assert np.isfinite(record.arrays["directional_ratio"]).all()
    still = free_gaussian([0.3] * 2, [0.7] * 2, lambda z: 0.0 * z.sum(-1) + 1.0)
    record = measured(still, [arm("reconstruction", "pathwise")], min_replicates=100, precision=0.5)
    with pytest.raises(NotAvailableError, match="is lost"):
        STATISTICS["directional_signal_to_noise"].of(MeasuredArm(record, 0), "all")
