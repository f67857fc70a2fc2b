"""Work functions that stand in for the laboratory, importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

import numpy as np

from reportgen.errors import PausedError, UnwritableError
from reportgen.execution.task import Task
from reportgen.plan import JudgementCell, TrainingCell
from reportgen.store import BrokenRecord, JudgementRecord, MeasurementRecord, Record, TrainingRecord
from reportgen.store.records import Array
from reportgen.store.shapes import COUNTED, FIXED, JUDGED, MEASURED, shape_of


def record_of(task: Task) -> Record:
    """A record with the cell's key and nothing in it but the time and zeros."""
    cell, now = task.cell, time.perf_counter()
    if isinstance(cell, TrainingCell):
        return TrainingRecord(cell.key, cell.setting, "digits", (0,), (), {"0": 0.0}, {}, now, {})
    if isinstance(cell, JudgementCell):
        return JudgementRecord(
            key=cell.key,
            training_key=cell.training_key,
            setting=cell.setting,
            base=cell.base,
            checkpoint=cell.checkpoint,
            dataset="digits",
            shape=(8, 8),
            layers=(3,),
            num_samples=50,
            curve=(1, 50),
            images=(0, 1),
            seconds=now,
            environment={},
            arrays=_zeros(JUDGED, I=2, C=2, U=3, S=2, p=64, samples=1, shown=1),
        )
    return MeasurementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=cell.setting,
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset="digits",
        groups=("all",),
        arms=(),
        images=(),
        latent=1,
        eta=2,
        parameters=0,
        draws_per_image=0,
        seconds=now,
        environment={},
        arrays=_zeros(MEASURED | COUNTED, A=0, I=0, G=1, S=2, **FIXED),
    )


def _zeros(axes: Mapping[str, str], **sizes: int) -> dict[str, Array]:
    return {name: np.zeros(shape_of(own, sizes)) for name, own in axes.items()}


def finish(task: Task) -> BrokenRecord | None:
    """Save an empty record, and note the order in which cells came."""
    store = task.store
    if isinstance(task.cell, TrainingCell):
        time.sleep(0.01)
    assert not task.after or store.has(task.after), "begun before the training it needs was finished"
    with open(task.root / "order.txt", "a") as file:
        file.write(f"{task.key}\n")
    store.save(record_of(task))
    return None


def break_training(task: Task) -> BrokenRecord | None:
    """The training of latent 2 raises an unexpected exception."""
    if isinstance(task.cell, TrainingCell) and task.cell.problem["latent"] == 2:
        raise ZeroDivisionError("by design")
    return finish(task)


def break_judging(task: Task) -> BrokenRecord | None:
    """No model can be judged."""
    if isinstance(task.cell, JudgementCell):
        return task.broken("by design")
    return finish(task)


def pause_training(task: Task) -> BrokenRecord | None:
    """Trainings that continue no other run out of time."""
    if isinstance(task.cell, TrainingCell) and not task.cell.parent:
        raise PausedError("the time was up at epoch 1 of 4; it goes on from there")
    return finish(task)


def interrupt(task: Task) -> BrokenRecord | None:
    """Ctrl-C at the first measurement."""
    if not isinstance(task.cell, TrainingCell):
        raise KeyboardInterrupt
    return finish(task)


def fill_the_disk(task: Task) -> BrokenRecord | None:
    """The disk is full at the first measurement."""
    if not isinstance(task.cell, TrainingCell):
        raise UnwritableError("cells: cannot be written (No space left on device).")
    return finish(task)


def die_once(task: Task) -> BrokenRecord | None:
    """Each training's first worker is killed."""
    marker = task.root / f"tried-{task.key}"
    if isinstance(task.cell, TrainingCell) and not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return finish(task)


def die_always(task: Task) -> BrokenRecord | None:
    """Every worker is killed that measures epoch 1 of latent 2."""
    if not isinstance(task.cell, TrainingCell) and task.cell.problem["latent"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return finish(task)


def environment(task: Task) -> BrokenRecord | None:
    """Breaks a cell with the thread settings that the worker sees as its cause."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return task.broken(",".join(os.environ.get(name, "unset") for name in names))
