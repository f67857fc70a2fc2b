"""Execution: order, caching, broken cells, killed workers, equal numbers in every executor."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from multiprocessing import popen_spawn_posix, synchronize
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from reportgen.datasets import load
from reportgen.declaration import Experiment, load_text
from reportgen.errors import CellError, StoreError, UnwritableError, UsageError
from reportgen.execution import Event, Outcome, run
from reportgen.execution import worker as workers
from reportgen.execution.cost import seconds_of
from reportgen.execution.event import Reporter
from reportgen.execution.own_code import alone
from reportgen.execution.run import Board
from reportgen.execution.task import Task
from reportgen.plan import Plan, make_plan
from reportgen.problems.images import measured_images
from reportgen.store import BrokenRecord, MeasurementRecord, Store
from reportgen.store.files import process_tag
from reportgen.usercode import UserCode
from tests import fake_work

TEXT = """
experiment: tiny
problem: {data: digits, hidden: [6], latent: 3}
objective: [elbo]
estimators: [score_function, pathwise]
train: {epochs: 1, batch_size: 100, checkpoints: [0, 1]}
measure: {images: 4, precision: 30%, budget: 4e3, min_replicates: 100}
sweep: {problem.latent: [2, 3]}
"""


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return load_text(TEXT)


@pytest.fixture(scope="module")
def plan(experiment: Experiment) -> Plan:
    return make_plan(experiment, load("digits").digest)


def go(
    experiment: Experiment, plan: Plan, root: Path, work: Any, **options: Any
) -> tuple[Outcome, list[Event]]:
    events: list[Event] = []
    settings = {"executor": "serial", "jobs": 2, "report": events.append} | options
    return run(experiment, plan, Store(root), work=work, **settings), events


def keys(plan: Plan) -> set[str]:
    return {cell.key for cell in (*plan.trainings, *plan.measurements)}


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_every_cell_is_run_once_and_never_again(
    experiment: Experiment, plan: Plan, tmp_path: Path, executor: str
) -> None:
    outcome, events = go(experiment, plan, tmp_path, fake_work.finish, executor=executor)
    assert (outcome.measured, outcome.cached, outcome.broken) == (5, 0, ())
    assert sorted((tmp_path / "order.txt").read_text().split()) == sorted(keys(plan))
    for key in keys(plan):
        assert [e.state for e in events if e.key == key] == ["started", "finished"]
    left = tmp_path / "checkpoints" / f".fresh.{process_tag().replace(f'.{os.getpid()}.', f'.{10**9}.')}"
    left.mkdir(parents=True)
    again, events = go(experiment, plan, tmp_path, fake_work.finish, executor=executor)
    assert (again.measured, again.cached) == (0, 5)
    assert not left.exists()  # a fresh run that was killed left it
    assert {e.state for e in events} == {"cached"} and len(events) == 5


def test_fresh_measures_again(experiment: Experiment, plan: Plan, tmp_path: Path) -> None:
    go(experiment, plan, tmp_path, fake_work.finish)
    before = [Store(tmp_path).identity(key) for key in sorted(keys(plan))]
    outcome, _ = go(experiment, plan, tmp_path, fake_work.finish, fresh=True)
    assert (outcome.measured, outcome.cached) == (5, 0)
    assert len((tmp_path / "order.txt").read_text().split()) == 10
    after = [Store(tmp_path).identity(key) for key in sorted(keys(plan))]
    assert not set(before) & set(after), "every record is the new one"


@pytest.mark.parametrize(
    ("work", "stopped"),
    [
        (fake_work.interrupt, True),
        (fake_work.break_training, False),
        (fake_work.pause_training, False),
    ],
)
def test_what_a_fresh_run_does_not_finish_stays_as_it_was(
    experiment: Experiment, plan: Plan, tmp_path: Path, work: Any, stopped: bool
) -> None:
    go(experiment, plan, tmp_path, fake_work.finish)
    before = {key: Store(tmp_path).identity(key) for key in keys(plan)}
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            go(experiment, plan, tmp_path, work, fresh=True)
    else:
        outcome, _ = go(experiment, plan, tmp_path, work, fresh=True)
        assert outcome.lost and outcome.measured + len(outcome.lost) == 5
        assert all(Store(tmp_path).identity(record.key) == before[record.key] for record in outcome.lost)
    again, _ = go(experiment, plan, tmp_path, fake_work.finish)
    assert (again.measured, again.cached, again.damaged) == (0, 5, 0)


@pytest.mark.parametrize("victim", ["record.json", "arrays.safetensors"])
def test_a_damaged_cell_is_made_again_and_the_others_are_kept(
    experiment: Experiment, plan: Plan, tmp_path: Path, victim: str
) -> None:
    go(experiment, plan, tmp_path, fake_work.finish)
    store, key = Store(tmp_path), plan.measurements[0].key
    place = next(p for p in (tmp_path / "cells" / key).iterdir() if p.name == "record.json")
    place = place.with_name(victim) if place.with_name(victim).exists() else place
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 0xFF
    place.write_bytes(bytes(content))
    assert not store.sound(key)
    outcome, _ = go(experiment, plan, tmp_path, fake_work.finish)
    assert (outcome.measured, outcome.cached, outcome.damaged) == (1, 4, 1)
    assert store.sound(key)


@pytest.mark.parametrize("digests", [{"mine.py:f": "0" * 64}, {}])
def test_a_training_waits_for_code_of_a_users_own_in_another_thread(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digests: dict[str, str]
) -> None:
    """What such code sets, the precision of products, say, is set for all threads of the process."""
    monkeypatch.setattr(workers, "_train", lambda *_: None)
    code = UserCode(tmp_path, digests)
    task = Task(plan.trainings[0], tmp_path, code)
    with ThreadPoolExecutor(1) as pool:
        with alone(code):
            done, _ = wait([future := pool.submit(workers.work, task)], timeout=0.2 if digests else 30)
            assert bool(done) != bool(digests)
        assert future.result(30) is None


def test_any_executor_will_do(experiment: Experiment, plan: Plan, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcome, events = go(experiment, plan, tmp_path, fake_work.finish, executor=pool)
        assert outcome.measured == 5 and {e.state for e in events} == {"started", "finished"}
        assert pool.submit(int, "3").result() == 3  # still the caller's


def test_exception_breaks_the_cell_and_what_waits_for_it(
    experiment: Experiment, plan: Plan, tmp_path: Path
) -> None:
    outcome, events = go(experiment, plan, tmp_path, fake_work.break_training)
    causes = {record.kind: record.cause for record in outcome.broken}
    assert causes["training"] == "ZeroDivisionError: by design"
    assert "its training broke: ZeroDivisionError: by design" in causes["measurement"]
    assert outcome.measured == 3 and len(outcome.broken) == 2
    for record in outcome.broken:
        assert record.setting == {"problem.latent": 2} and Store(tmp_path).find(record.key) == record
    assert sum(e.state == "broken" for e in events) == 2
    mended, _ = go(experiment, plan, tmp_path, fake_work.finish)
    assert mended.measured == 2 and mended.cached == 3 and not mended.broken


def test_interrupt_keeps_what_is_finished(experiment: Experiment, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(experiment, plan, tmp_path, fake_work.interrupt)
    kept = [cell.key for cell in plan.trainings if Store(tmp_path).has(cell.key)]
    assert kept
    outcome, _ = go(experiment, plan, tmp_path, fake_work.finish)
    assert outcome.cached == len(kept) and outcome.measured == 5 - len(kept)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("cells/{}", "must be a folder of the store's, found a file"),
        ("checkpoints/{}", "must be a folder of the store's, found a file"),
        ("broken/{}.json", "must be a file of the store's, found a folder"),
    ],
)
def test_what_has_the_place_of_a_cell_is_told_before_anything_is_measured(
    experiment: Experiment, plan: Plan, tmp_path: Path, place: str, said: str
) -> None:
    path = tmp_path / place.format(plan.measurements[-1].key)
    path.parent.mkdir()
    path.mkdir() if "json" in place else path.write_text("notes")
    with pytest.raises(UnwritableError, match=f"^{path}: {said}. Move it away") as raised:
        go(experiment, plan, tmp_path, fake_work.finish)
    assert raised.value.exit_code == 2 and not (tmp_path / "order.txt").exists()


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_store_that_is_full_breaks_no_cell(
    experiment: Experiment, plan: Plan, tmp_path: Path, executor: str
) -> None:
    with pytest.raises(UnwritableError, match="No space left on device") as raised:
        go(experiment, plan, tmp_path, fake_work.fill_the_disk, executor=executor)
    assert raised.value.exit_code == 2
    assert not (tmp_path / "broken").exists()
    outcome, _ = go(experiment, plan, tmp_path, fake_work.finish)
    assert outcome.cached + outcome.measured == 5 and not outcome.broken


def test_worker_does_not_take_a_full_store_for_a_broken_cell(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(task: Task) -> None:
        raise UnwritableError("cells: cannot be written")

    monkeypatch.setattr(workers, "_run", fail)
    with pytest.raises(UnwritableError):
        workers.work(Task(plan.measurements[0], tmp_path))
    assert not any(tmp_path.iterdir())


def test_killed_worker_is_replaced_and_its_cell_begun_again(
    experiment: Experiment, plan: Plan, tmp_path: Path
) -> None:
    outcome, _ = go(experiment, plan, tmp_path, fake_work.die_once, executor="processes")
    assert (outcome.measured, outcome.broken) == (5, ())
    assert len(list(tmp_path.glob("tried-*"))) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "said"), [({}, "was ended from outside, twice"), ({"a.py:b": "00"}, "or your code crashed it")]
)
def test_cell_that_kills_twice_is_broken_and_no_other(
    experiment: Experiment, plan: Plan, tmp_path: Path, code: dict[str, str], said: str
) -> None:
    own = UserCode(tmp_path, code)
    outcome, _ = go(experiment, plan, tmp_path, fake_work.die_always, executor="processes", code=own)
    assert outcome.measured == 4
    (record,) = outcome.broken
    assert record.kind == "measurement" and record.checkpoint == 1 and said in record.cause


def test_workers_have_one_thread_and_the_parent_its_own(
    experiment: Experiment, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    outcome, _ = go(experiment, plan, tmp_path, fake_work.environment, executor="processes")
    assert outcome.broken[0].cause == "1,1,1"
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ


def test_full_disk_ends_the_run_with_one_line(experiment: Experiment, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be written.*--output"):
        go(experiment, plan, tmp_path / "file", fake_work.finish)


@pytest.mark.parametrize(
    ("option", "message"), [({"jobs": 0}, "--jobs"), ({"executor": "cloud"}, "serial, processes")]
)
def test_bad_options(
    experiment: Experiment, plan: Plan, tmp_path: Path, option: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        go(experiment, plan, tmp_path, fake_work.finish, **option)
    go(experiment, plan, tmp_path, fake_work.finish)
    with pytest.raises(UsageError, match=message):  # also where nothing is left to run
        go(experiment, plan, tmp_path, fake_work.finish, **option)


def test_longest_chain_first(plan: Plan, tmp_path: Path) -> None:
    tasks = [Task(cell, tmp_path) for cell in (*plan.trainings, *plan.measurements)]
    cost = {task.key: 1.0 for task in tasks}
    chained = plan.measurements[-1]
    cost[chained.key] = 9.0
    board = Board(tasks, cost)
    first = board.take()
    assert first.key == chained.training_key
    board.finished(first.key)
    assert board.take().key == chained.key


def test_cost_is_positive_and_grows(experiment: Experiment, plan: Plan) -> None:
    digits = load("digits")
    seconds = seconds_of(plan, digits)
    assert all(value > 0 for value in seconds.values()) and seconds.keys() == keys(plan)
    larger = load_text(TEXT.replace("epochs: 1", "epochs: 3").replace("[0, 1]", "[0, 3]"))
    longer = seconds_of(make_plan(larger, digits.digest), digits)
    assert sum(longer.values()) > sum(seconds.values())


def test_cost_counts_the_passes_that_only_one_estimator_makes() -> None:
    plain = (
        "experiment: a\nproblem: {model: vae, latent: 20, hidden: [50]}\nestimators: [score_function, X]\n"
    )
    digits = load("digits")

    def measuring(name: str) -> float:
        plan = make_plan(load_text(plain.replace("X", name)), digits.digest)
        seconds = seconds_of(plan, digits)
        return sum(seconds[cell.key] for cell in plan.measurements)

    assert measuring("measure_valued") > 10 * measuring("pathwise")
    assert measuring("leave_one_out") < 1.1 * measuring("pathwise")


def test_late_news_of_a_settled_cell_is_dropped() -> None:
    heard: list[Event] = []
    reporter = Reporter(heard.append)
    for state in ("running", "finished", "running"):
        reporter(Event("c", "k", "training", 0.5, None, None, state))  # type: ignore[arg-type]
    assert [event.state for event in heard] == ["running", "finished"] and heard[-1].done == 1.0


def test_images_depend_on_the_seed_alone() -> None:
    digits = load("digits")
    rows, pixels = measured_images(digits, 16, 0)
    again, same = measured_images(digits, 16, 0)
    other, _ = measured_images(digits, 16, 1)
    assert rows == again and np.array_equal(pixels, same) and rows != other
    assert len(set(rows)) == 16 and max(rows) < 297 and set(np.unique(pixels)) <= {0.0, 1.0}
    assert measured_images(digits, 8, 0)[0] != rows
    with pytest.raises(CellError, match="297 or fewer"):
        measured_images(digits, 298, 0)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (CellError("the loss is lost"), "the loss is lost"),
        (IndexError("out"), r"IndexError: out \(worker\.py:"),
    ],
)
def test_worker_records_the_cause(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    def fail(task: Task) -> None:
        raise error

    monkeypatch.setattr(workers, "_run", fail)
    record = workers.work(Task(plan.measurements[0], tmp_path))
    assert isinstance(record, BrokenRecord) and record.kind == "measurement"
    assert re.fullmatch(cause + ".*", record.cause) and Store(tmp_path).find(record.key) == record


def _arrays(store: Store, plan: Plan) -> list[dict[str, Any]]:
    found = [store.load(cell.key) for cell in plan.measurements]
    assert all(isinstance(record, MeasurementRecord) for record in found)
    return [record.arrays for record in found if isinstance(record, MeasurementRecord)]


@pytest.mark.long
def test_numbers_do_not_depend_on_the_executor(experiment: Experiment, plan: Plan, tmp_path: Path) -> None:
    running: list[Event] = []
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    assert not run(experiment, plan, one, executor="serial", report=running.append).broken
    assert not run(experiment, plan, two, executor="processes", jobs=2).broken
    for mine, theirs in zip(_arrays(one, plan), _arrays(two, plan), strict=True):
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert np.array_equal(mine[name], theirs[name], equal_nan=True), name
    for cell in plan.trainings:
        names = [path.name for path in sorted(one.folder(cell.key).iterdir())]
        assert names == ["epoch-000000.safetensors", "epoch-000001.safetensors"]
        for name in names:
            assert (one.folder(cell.key) / name).read_bytes() == (two.folder(cell.key) / name).read_bytes()
    assert any(e.state == "running" and e.kind == "measuring" and e.precision is not None for e in running)


def test_cached_run_imports_no_torch(tmp_path: Path, experiment: Experiment, plan: Plan) -> None:
    go(experiment, plan, tmp_path, fake_work.finish)
    code = f"""
import sys; sys.modules["torch"] = None
from pathlib import Path
from reportgen.datasets import load
from reportgen.declaration import load_text
from reportgen.execution import run
from reportgen.plan import make_plan
from reportgen.store import Store
experiment = load_text({TEXT!r})
outcome = run(experiment, make_plan(experiment, load("digits").digest), Store(Path({str(tmp_path)!r})))
assert (outcome.measured, outcome.cached) == (0, 5)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_cell_is_told_in_what_its_training_counts() -> None:
    logistic = """
experiment: tiny
problem: {model: logistic_regression}
estimators: [score_function, pathwise]
train: {epochs: 2, checkpoints: [0, 2]}
"""
    network = TEXT.partition("sweep:")[0]
    steps, epochs = ["2 steps", "step 0", "step 2"], ["1 epoch", "epoch 0", "epoch 1"]
    for text, told in ((logistic, steps), (network, epochs)):
        plan = make_plan(load_text(text), "0" * 64)
        assert [Task(cell, Path()).label for cell in (*plan.trainings, *plan.measurements)] == told


def test_a_terminal_that_closes_does_not_end_what_workers_share() -> None:
    """Python's helper would be started again, miss what it knew, and print tracebacks."""
    code = (
        "import os, signal, time\nfrom multiprocessing.resource_tracker import _resource_tracker as tracker\n"
        "from reportgen.execution.lanes import _start_tracker\n_start_tracker()\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL\n"
        "os.kill(tracker._pid, signal.SIGHUP)\ntime.sleep(0.2)\n"
        "assert os.waitpid(tracker._pid, os.WNOHANG) == (0, 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.long
def test_a_worker_that_still_loads_leaves_ctrl_c_to_its_parent(tmp_path: Path) -> None:
    """Python, before it knows, answers with a traceback a worker."""
    (tmp_path / "running.py").write_text(
        "import signal, sys, time\n"
        "if __name__ == '__main__':\n"
        "    from reportgen.execution.lanes import ProcessLane\n"
        "    lane = ProcessLane(1, print)\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored\n"
        "    try:\n"
        "        asked = lane.executor.submit(int, '1')\n"
        "        print('begun', flush=True)\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        asked = asked.result()\n"
        "        lane.close(at_once=True)\n"
        "    sys.exit(3 if asked == 1 else 4)\n"
        "time.sleep(0.5)\n"
    )
    for after in (0.0, 0.3):
        with subprocess.Popen(
            [sys.executable, "running.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True, env={**os.environ, "PYTHONPATH": os.getcwd()},
        ) as process:  # fmt: skip
            assert process.stdout is not None and process.stdout.readline() == "begun\n"
            time.sleep(after)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (3, "")


@pytest.mark.parametrize(("name", "where"), [("Lock", synchronize), ("Popen", popen_spawn_posix)])
def test_where_no_process_can_be_begun_the_other_executor_is_named(
    name: str, where: ModuleType, experiment: Experiment, plan: Plan, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Without /dev/shm there are no locks."""

    def refused(*_: object, **__: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(where, name, refused)
    with pytest.raises(
        UsageError, match=r"^--executor processes: no process .*directory\)\. Use --executor serial\."
    ):
        go(experiment, plan, tmp_path, fake_work.finish, executor="processes")
    assert go(experiment, plan, tmp_path, fake_work.finish, executor="serial")[0].measured == 5


def test_a_current_folder_that_was_removed_is_told(
    experiment: Experiment, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes begin in it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match=r"^the current folder was removed\. Run from another\.$"):
        go(experiment, plan, tmp_path, fake_work.finish, executor="processes")
