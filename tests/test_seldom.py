"""Units that hardly ever change are left out of tests of means, and nothing else is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reportgen.engine.moments import Moments
from reportgen.engine.vectors import seldom as module
from reportgen.engine.vectors.meter import BATCH_ROWS
from reportgen.engine.vectors.seldom import seldom, without
from reportgen.estimators import ESTIMATORS, Coefficients, Draws
from reportgen.estimators.rebar import rebar
from reportgen.families import Bernoulli, Categorical, MeanFieldGaussian
from reportgen.problems.model import FreeParameters, LatentModel
from reportgen.problems.prior import UniformCode
from tests.cells import arm, measured, moments_alone, position
from tests.discrete_cases import normals


def model(*logits: float) -> LatentModel:
    """A model whose f depends strongly on a bit that is seldom set."""
    return LatentModel(
        FreeParameters(logits=torch.tensor(logits, dtype=torch.float64)),
        torch.zeros(1, 1, dtype=torch.float64),
        lambda z: 3.0 + torch.sin(z[..., 0]) + 40.0 * z[..., 0] * z[..., -1],
        Bernoulli.from_eta,
        UniformCode(),
    )


def p_values(problem: LatentModel, *names: str) -> list[float]:
    arms = [arm("expectation", "score_function"), *(arm("expectation", name) for name in names)]
    record = measured(problem, arms, reference="score_function", precision=0.5, min_replicates=20_000)
    rows = [position(record, "expectation", name) for name in names]
    return [float(record.arrays["bias_p_value"][row, 0]) for row in rows]


NAMES = ("taylor_control_variate", "rebar", "score_function_optimal_constant")
DRAWS = 32 * BATCH_ROWS
"""Draws per data point if one round is enough."""


def test_a_bit_that_is_never_set_rejects_no_true_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert min(p_values(model(0.3, -14.0), *NAMES)) > 1e-3
    monkeypatch.setattr(module, "FEWEST", 0.0)
    assert min(p_values(model(0.3, -14.0), *NAMES)) < 1e-6


def test_a_bias_is_still_seen_in_the_other_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(draws: Draws, coefficients: Coefficients) -> Tensor:
        return rebar(draws, coefficients) + 0.2

    monkeypatch.setitem(ESTIMATORS, "rebar", replace(ESTIMATORS["rebar"], evaluate=off))
    assert p_values(model(0.3, -14.0), "rebar")[0] < 1e-6


def test_changes_are_counted_in_the_half_that_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 30 among all samples 15 are expected in each half, which are too few; of 50 there are enough."""
    arms = [arm("expectation", "score_function"), arm("expectation", "taylor_control_variate")]
    moments_alone(monkeypatch)
    for changes, tested in ((30.0, 1), (50.0, 2)):
        problem = model(0.3, math.log(changes / DRAWS))
        record = measured(problem, arms, reference="score_function", precision=0.5, min_replicates=20_000)
        assert record.arms[1].differences == DRAWS
        assert record.arrays["bias_dimension"][1, 0] == tested


def test_which_are_seldom() -> None:
    q = Bernoulli.from_eta(torch.tensor([[0.0, -6.0, 6.0, 14.0]]).double())
    assert seldom(q, 1e3).tolist() == [[False, True, True, True]]  # type: ignore[union-attr]
    assert seldom(q, 1e4).tolist() == [[False, False, False, True]]  # type: ignore[union-attr]
    units = Categorical.from_eta(torch.tensor([[0.0, 0.0, -9.0]]).double(), classes=3)
    assert seldom(units, 1e4).tolist() == [[False, False, True]]  # type: ignore[union-attr]
    assert seldom(MeanFieldGaussian.from_eta(torch.zeros(1, 4)), 1.0) is None


def test_the_others_keep_their_moments() -> None:
    moments = Moments.empty(1, 2, 3)
    for bucket in (0, 1):
        moments.update(bucket, normals(1, 50, 3, what=f"bucket {bucket}"))
    left = without(moments, torch.tensor([[False, True, False]]))
    assert without(moments, None) is moments
    kept = [0, 2]
    assert torch.equal(left.mean[..., kept], moments.mean[..., kept])
    assert torch.equal(left.scatter[..., kept, :][..., kept], moments.scatter[..., kept, :][..., kept])
    assert float(left.mean[..., 1].abs().max()) == float(left.scatter[..., 1, :].abs().max()) == 0.0
