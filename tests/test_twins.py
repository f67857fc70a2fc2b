"""Two settings with one training: its models are judged once, and the numbers serve both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen import judging
from reportgen.datasets import load
from reportgen.declaration import load_text
from reportgen.execution import run
from reportgen.execution.cost import seconds_of
from reportgen.plan import Plan, make_plan
from reportgen.store import BrokenRecord, JudgementRecord, Store
from tests import fake_work

TEXT = """
experiment: twins
problem: {data: digits, hidden: [6], latent: 3}
objective: [iwae]
estimators: [pathwise]
train: {epochs: 1, batch_size: 100, checkpoints: [0, 1]}
measure: {images: 2, precision: 90%, budget: 1e3, min_replicates: 64}
judge: {images: 20, num_samples: 10}
sweep: {train.objective: [elbo, iwae], train.num_samples: [1]}
"""
EXPERIMENT = load_text(TEXT)


@pytest.fixture
def plan() -> Plan:
    plan = make_plan(EXPERIMENT, load("digits").digest)
    assert len(plan.trainings) == 1 and [cell.twin for cell in plan.judgements] == [
        "",
        plan.judgements[0].key,
    ]
    return plan


def judged(store: Store, plan: Plan) -> list[JudgementRecord]:
    records = [store.load(cell.key) for cell in plan.judgements]
    assert all(isinstance(record, JudgementRecord) for record in records)
    return [record for record in records if isinstance(record, JudgementRecord)]


def test_a_training_of_two_settings_is_judged_once_with_the_numbers_of_both(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    judge = judging.judge

    def counted(*given: Any, **options: Any) -> Any:
        calls.append(1)
        return judge(*given, **options)

    monkeypatch.setattr(judging, "judge", counted)
    run(EXPERIMENT, plan, Store(tmp_path / "once"), executor="serial")
    assert len(calls) == 1
    apart = replace(plan, judgements=tuple(replace(cell, twin="") for cell in plan.judgements))
    run(EXPERIMENT, apart, Store(tmp_path / "apart"), executor="serial")
    assert len(calls) == 3
    for one, other, cell in zip(
        judged(Store(tmp_path / "once"), plan),
        judged(Store(tmp_path / "apart"), plan),
        plan.judgements,
        strict=True,
    ):
        assert (one.key, one.setting, one.base) == (cell.key, cell.setting, cell.base)
        assert (one.images, one.curve) == (other.images, other.curve)
        assert one.arrays.keys() == other.arrays.keys()
        assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)
    first, twin = judged(Store(tmp_path / "once"), plan)
    assert first.seconds > 0.0 == twin.seconds


def test_a_twin_waits_for_the_first_and_takes_what_is_stored(tmp_path: Path, plan: Plan) -> None:
    store = Store(tmp_path)
    first, twin = (cell.key for cell in plan.judgements)
    run(EXPERIMENT, plan, store, executor="serial", work=fake_work.finish)
    order = (tmp_path / "order.txt").read_text().split()
    assert order.index(first) < order.index(twin)
    store.remove(twin)
    again = run(EXPERIMENT, plan, store, executor="serial")
    assert again.measured == 1
    assert judged(store, plan)[1].environment == {}  # that of the record made up for the first


def test_where_the_first_breaks_its_twin_says_the_same(tmp_path: Path, plan: Plan) -> None:
    outcome = run(EXPERIMENT, plan, Store(tmp_path), executor="serial", work=fake_work.break_judging)
    assert [record.cause for record in outcome.broken] == ["by design", "by design"]
    assert {record.key for record in outcome.broken} == {cell.key for cell in plan.judgements}
    assert all(isinstance(Store(tmp_path).find(cell.key), BrokenRecord) for cell in plan.judgements)
    mended = run(EXPERIMENT, plan, Store(tmp_path), executor="serial", work=fake_work.finish)
    assert mended.measured == 2 and not mended.broken


def test_a_twin_is_expected_to_cost_nothing(plan: Plan) -> None:
    cost = seconds_of(plan, load("digits"))
    first, twin = plan.judgements
    assert cost[first.key] > 0.0 == cost[twin.key]
