"""What a worker does with a cell. The laboratory is imported here, when the first cell arrives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from reportgen.datasets import Dataset, held
from reportgen.declaration.own_estimator import function_of
from reportgen.errors import PausedError, ReportgenError, UnwritableError
from reportgen.execution.event import Listener
from reportgen.execution.own_code import alone, own_code
from reportgen.execution.task import Task
from reportgen.objectives import OBJECTIVES
from reportgen.plan import JudgementCell, MeasurementCell, TrainingCell
from reportgen.store import BrokenRecord, JudgementRecord
from reportgen.usercode import our_place, told

INTERVAL = 0.1
"""Fewest seconds between two events of a running cell."""

_listeners: list[Listener] = []
"""Where events of this process go; empty in an executor of the caller's."""


def listen(listener: Listener | None) -> None:
    """Sends events of cells that run in this process to `listener`, or nowhere."""
    _listeners[:] = [] if listener is None else [listener]


def work(task: Task) -> BrokenRecord | None:
    """Train, judge or measure a cell and save its record; that of a broken cell is returned too.

    An exception inside the cell is recorded with its cause. Only two are raised:
    that the store cannot be written, and that a training ran out of time.
    """
    try:
        _run(task)
        return None
    except (UnwritableError, PausedError):
        raise
    except ReportgenError as error:
        return _keep(task, str(error))
    except Exception as error:
        return _keep(task, f"{type(error).__name__}: {told(error)} ({our_place(error)})")


def _keep(task: Task, cause: str) -> BrokenRecord:
    record = task.broken(cause)
    task.store.save(record)
    return record


def _run(task: Task) -> None:
    import torch

    torch.set_num_threads(1)
    with alone(task.code):
        if isinstance(task.cell, TrainingCell):
            _train(task, task.cell)
        elif isinstance(task.cell, JudgementCell):
            _judge(task, task.cell)
        else:
            _measure(task, task.cell)


def _train(task: Task, cell: TrainingCell) -> None:
    from reportgen.execution.environment import environment
    from reportgen.training import TrainProgress, forget_state, train

    tell = _Teller(task)

    def progress(news: TrainProgress) -> None:
        tell(news.done, None, None)

    store = task.store
    record = train(
        cell,
        lambda: _dataset(cell.problem["data"]),
        store,
        progress,
        environment(task.device),
        deadline=task.deadline,
        device=task.device,
    )
    store.save(replace(record, environment=_dated(record.environment)))
    forget_state(store, cell.key)


def _judge(task: Task, cell: JudgementCell) -> None:
    from reportgen.execution.environment import environment
    from reportgen.judging import judge
    from reportgen.training import load_checkpoint

    tell = _Teller(task)
    store = task.store
    twin = store.find(cell.twin) if cell.twin else None
    if isinstance(twin, JudgementRecord):
        store.save(replace(twin, key=cell.key, setting=dict(cell.setting), base=cell.base, seconds=0.0))
        return
    record = judge(
        cell,
        load_checkpoint(store, cell.training_key, cell.checkpoint),
        _dataset(cell.problem["data"]),
        device=task.device,
        report=lambda done: tell(done, None, None),
        environment=environment(task.device),
    )
    store.save(replace(record, environment=_dated(record.environment)))


def _measure(task: Task, cell: MeasurementCell) -> None:
    from reportgen.engine import MeasureProgress, measure
    from reportgen.execution.environment import environment
    from reportgen.problems import BUILDERS, Materials
    from reportgen.training import load_checkpoint

    tell = _Teller(task)

    def progress(news: MeasureProgress) -> None:
        tell(news.done, news.precision, news.replicates)

    store = task.store
    trained = cell.training_key
    with own_code(task.code, cell) as own:
        materials = Materials(
            settings=cell.problem,
            seed=cell.seed,
            images=int(cell.measure.get("images", 0)),
            dataset=lambda: _dataset(cell.problem["data"]),
            parameters=load_checkpoint(store, trained, cell.checkpoint) if trained else {},
            closed_kl=any(OBJECTIVES[arm.objective].exact_kl for arm in cell.arms),
            code=own.load,
            told=own.told,
            functions=_functions(cell),
        )
        made = BUILDERS[cell.problem["model"]](materials)
        record = measure(
            made.problem,
            cell,
            dataset=made.dataset,
            images=made.points,
            shape=made.shape,
            report=progress,
            environment=environment(),
            estimators=own.estimators,
        )
    arrays = {**record.arrays, **made.arrays}
    store.save(replace(record, arrays=arrays, environment=_dated(record.environment)))


def _functions(cell: MeasurementCell) -> tuple[str, ...]:
    """The functions that the arms of a cell name, that of the reference first."""
    given = [arm for arm in cell.arms if arm.own is not None and arm.own.given]
    first = sorted(given, key=lambda arm: arm.label != cell.references.get(arm.objective))
    return tuple(dict.fromkeys(function_of(arm.estimator) for arm in first))


def _dated(environment: dict[str, Any]) -> dict[str, Any]:
    """The environment with the time at which the cell was finished, UTC."""
    return environment | {"finished": datetime.now(UTC).isoformat(timespec="seconds")}


class _Teller:
    """Reports how far a cell is, at most once per `INTERVAL`, and that it is done."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.last = 0.0

    def __call__(self, done: float, precision: float | None, replicates: int | None) -> None:
        if _listeners and (done >= 1.0 or monotonic() - self.last >= INTERVAL):
            self.last = monotonic()
            _listeners[0](self.task.event("running", done, precision, replicates))


def _dataset(name: str) -> Dataset:
    images = held(name)
    assert isinstance(images, Dataset)
    return images
