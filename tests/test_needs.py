"""The press asks for nothing that the engine does not write: every statistic, of a record of the engine's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from reportgen.engine.arrays import blank
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.named import STATISTICS, Statistic, of_arm
from reportgen.findings.statistics.variance import total_variance
from reportgen.problems import BUILDERS, Materials
from reportgen.store.records import MeasurementRecord
from tests.cells import arm, measured


@lru_cache(maxsize=1)
def engine_record() -> MeasurementRecord:
    """Three data points where the gradient and the variances are known exactly."""
    settings = {"latent": 1, "points": 3, "perturbation": 0.3, "data_points": 64}
    problem = BUILDERS["rainforth"](Materials(settings, 4)).problem
    arms = [arm("elbo", "score_function"), arm("elbo", "pathwise")]
    return measured(problem, arms, precision=0.1)  # type: ignore[arg-type]


def check_needs(statistic: Statistic) -> None:
    """Its arrays are in the record, with numbers, and are filled by the engine wherever it fills any."""
    record = engine_record()
    for name in statistic.needs:
        assert name in record.arrays, f"{statistic.name} needs {name}, which no record has"
        assert np.isfinite(record.arrays[name]).any(), f"{name} holds no number"
        assert name in blank(1, 1, 2, 1), f"{name} is none of a record's arrays"
    found = [MeasuredArm(record, i) for i in range(len(record.arms))]
    assert any(statistic.present(one, "all") for one in found)


@pytest.mark.parametrize("name", list(STATISTICS))
def test_every_statistic_is_made_of_what_the_engine_writes(name: str) -> None:
    check_needs(STATISTICS[name])
    record = engine_record()
    made = [of_arm(name, MeasuredArm(record, i)) for i in range(len(record.arms))]
    assert any(one.available for one in made), [one.status for one in made]


def test_a_need_that_nobody_fills_is_caught() -> None:
    wrong = Statistic("mistyped", total_variance, by_group=True, needs=("exact_varianse",))
    with pytest.raises(AssertionError, match="mistyped needs exact_varianse, which no record has"):
        check_needs(wrong)
