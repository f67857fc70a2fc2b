"""The press needs nothing that the engine does not write: every statistic, on a record of the engine."""

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
from reportgen.store.shapes import OF_FIRST_LAYER
from tests.cells import arm, measured
from tests.test_first_layer import vector_run


@lru_cache(maxsize=1)
def engine_record() -> MeasurementRecord:
    """Three data points where the gradient and the variances are known exactly."""
    settings = {"latent": 1, "points": 3, "perturbation": 0.3, "data_points": 64}
    problem = BUILDERS["rainforth"](Materials(settings, 4)).problem
    arms = [arm("elbo", "score_function"), arm("elbo", "pathwise")]
    return measured(problem, arms, precision=0.1)  # type: ignore[arg-type]


def asked(statistic: Statistic) -> tuple[MeasurementRecord, str]:
    """A record that can have it, and the group that it is of there."""
    record = vector_run().record if statistic.of_first_layer else engine_record()
    return record, record.first_layer or "all"


def check_needs(statistic: Statistic) -> None:
    """Its arrays are in the record, with numbers, and are filled by the engine wherever it fills any."""
    record, group = asked(statistic)
    for name in statistic.needs:
        assert name in record.arrays, f"{statistic.name} needs {name}, which no record has"
        assert np.isfinite(record.arrays[name]).any(), f"{name} holds no number"
        arrays = OF_FIRST_LAYER if statistic.of_first_layer else blank(1, 1, 2, 1)
        assert name in arrays, f"{name} is none of a record's arrays"
    found = [MeasuredArm(record, i) for i in range(len(record.arms))]
    assert any(statistic.present(one, group) for one in found)


@pytest.mark.parametrize("name", list(STATISTICS))
def test_every_statistic_is_made_of_what_the_engine_writes(name: str) -> None:
    check_needs(STATISTICS[name])
    record, group = asked(STATISTICS[name])
    made = [of_arm(name, MeasuredArm(record, i), group) for i in range(len(record.arms))]
    assert any(one.available for one in made), [one.status for one in made]


def test_a_need_that_nobody_fills_is_caught() -> None:
    wrong = Statistic("mistyped", total_variance, by_group=True, needs=("exact_varianse",))
    with pytest.raises(AssertionError, match="mistyped needs exact_varianse, which no record has"):
        check_needs(wrong)
