"""A run with limited time: what it finishes, what it leaves, how the next run continues."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reportgen.cli.limits import Limits, seconds
from reportgen.datasets import load
from reportgen.declaration import Experiment, load_text
from reportgen.errors import UsageError
from reportgen.execution import Event, run
from reportgen.execution.environment import require_device
from reportgen.findings import collect
from reportgen.plan import Plan, make_plan
from reportgen.store import Store
from tests import fake_work
from tests.test_plan_tables import CONTINUED, TEXT


def planned(text: str) -> tuple[Experiment, Plan]:
    experiment = load_text(text)
    return experiment, make_plan(experiment, load("digits").digest)


@pytest.mark.parametrize("executor", ["serial", pytest.param("processes", marks=pytest.mark.long)])
def test_chains_are_run_in_order_and_judged(tmp_path: Path, executor: str) -> None:
    for text in (TEXT, CONTINUED):
        experiment, plan = planned(text)
        outcome = run(experiment, plan, Store(tmp_path), executor=executor, work=fake_work.finish)
        assert outcome.measured + outcome.cached == len(plan.cells) and not outcome.broken
    assert outcome.cached == 1  # the training that both experiments have


def test_without_time_nothing_is_begun(tmp_path: Path) -> None:
    experiment, plan = planned(TEXT)
    heard: list[Event] = []
    outcome = run(
        experiment,
        plan,
        Store(tmp_path),
        executor="serial",
        work=fake_work.finish,
        budget=0.0,
        report=heard.append,
    )
    assert (outcome.measured, outcome.broken) == (0, ())
    assert {record.key for record in outcome.paused} == {cell.key for cell in plan.cells}
    assert {event.state for event in heard} == {"paused"}
    assert all(record.paused and record.cause == "not begun: the time was up" for record in outcome.paused)


@pytest.mark.parametrize("executor", ["serial", pytest.param("processes", marks=pytest.mark.long)])
def test_what_waits_for_a_paused_training_waits_on(tmp_path: Path, executor: str) -> None:
    experiment, plan = planned(CONTINUED)
    store = Store(tmp_path)
    outcome = run(experiment, plan, store, executor=executor, work=fake_work.pause_training)
    causes = {record.key: record.cause for record in outcome.paused}
    assert causes.keys() == {cell.key for cell in plan.cells}
    assert causes[plan.trainings[0].key] == "the time was up at epoch 1 of 4; it goes on from there"
    assert causes[plan.trainings[1].key] == causes[plan.judgements[0].key]
    assert causes[plan.judgements[0].key] == "not begun: the training it needs is not finished"
    assert not store.has(plan.trainings[0].key) and store.find(plan.trainings[0].key) is None
    findings = collect(experiment, plan, {record.key: record for record in outcome.paused})
    assert findings.exit_code == 3
    again = run(experiment, plan, store, executor=executor, work=fake_work.finish)
    assert again.measured == len(plan.cells) and not again.paused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("45 min", 2700.0),
        ("90s", 90.0),
        ("0.5h", 1800.0),
        ("1h 5s", 3605.0),
    ],
)
def test_times_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected
    assert 0.0 < Limits.read(text, "cpu").left() <= expected


@pytest.mark.parametrize("text", ["", "2", "h", "2x", "1h30", "-1h", "0s", "1h,5m", "two hours"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--budget: needs a time, got '.*'\."):
        seconds(text)


def test_no_budget_is_no_limit() -> None:
    assert Limits.read(None, "cpu").left() == math.inf


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cuda:-1", "cuda:", ""])
def test_devices_that_are_none(device: str) -> None:
    with pytest.raises(UsageError, match="--device: needs cpu or cuda"):
        require_device(device)


def test_a_gpu_that_is_not_there() -> None:
    import torch

    if torch.cuda.is_available():
        with pytest.raises(UsageError, match="it has"):
            require_device(f"cuda:{torch.cuda.device_count()}")
    else:
        with pytest.raises(UsageError, match=r"needs a GPU that torch can use for cuda, but .* Leave it out"):
            require_device("cuda")
