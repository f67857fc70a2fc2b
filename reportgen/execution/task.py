"""A cell as it is handed to a worker: small, picklable, with a name for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.declaration import PROBLEMS
from reportgen.execution.event import Event, Kind, State
from reportgen.plan import Cell, JudgementCell, MeasurementCell, TrainingCell
from reportgen.store import BrokenRecord, Store
from reportgen.usercode import UserCode


@dataclass(frozen=True)
class Task:
    """Train, judge or measure one cell and save its record under `root`."""

    cell: Cell
    root: Path
    code: UserCode | None = None
    """The user's own code, if it may be run."""
    device: str = "cpu"
    """Where torch trains and judges; gradients are measured on the CPU."""
    deadline: float = math.inf
    """When a training is to stop at its next epoch, in the seconds of `time.time`."""
    anew: str = ""
    """A tag for the store, if the run makes finished cells anew; see `Store`."""

    @property
    def store(self) -> Store:
        """Where the cell's record goes."""
        return Store(self.root, self.anew)

    @property
    def key(self) -> str:
        """The cell's key."""
        return self.cell.key

    @property
    def kind(self) -> Kind:
        """What is done to the cell."""
        if isinstance(self.cell, TrainingCell):
            return "training"
        return "judging" if isinstance(self.cell, JudgementCell) else "measuring"

    @property
    def after(self) -> str:
        """Key of the training, or of the judgement's twin, that must be finished before this; else empty."""
        if isinstance(self.cell, TrainingCell):
            return self.cell.parent
        twin = self.cell.twin if isinstance(self.cell, JudgementCell) else ""
        return twin or self.cell.training_key

    @property
    def label(self) -> str:
        """The cell for people: ``latent 10, epoch 200``, or steps if training counts those."""
        noun, nouns = PROBLEMS[str(self.cell.problem["model"])].round
        parts = [f"{path.rpartition('.')[2]} {_short(value)}" for path, value in self.cell.setting.items()]
        if isinstance(self.cell, TrainingCell):
            epochs = self.cell.train["epochs"]
            parts.append(f"{epochs} {noun if epochs == 1 else nouns}")
        elif self.cell.training_key:
            parts.append(f"{noun} {self.cell.checkpoint}")
        return ", ".join(parts) or str(self.cell.problem["model"])

    def event(
        self,
        state: State,
        done: float = 0.0,
        precision: float | None = None,
        replicates: int | None = None,
        cause: str | None = None,
    ) -> Event:
        """An event of this cell."""
        given = PROBLEMS[str(self.cell.problem["model"])].given
        counted = "calls" if given else Event.counted
        return Event(self.label, self.key, self.kind, done, precision, replicates, state, cause, counted)

    def broken(self, cause: str) -> BrokenRecord:
        """The record of this cell if it broke."""
        return broken(self.cell, cause)


KINDS = {TrainingCell: "training", JudgementCell: "judgement", MeasurementCell: "measurement"}


def broken(cell: Cell, cause: str, *, paused: bool = False) -> BrokenRecord:
    """The record of a cell that is not finished."""
    checkpoint = None if isinstance(cell, TrainingCell) else cell.checkpoint
    return BrokenRecord(cell.key, KINDS[type(cell)], dict(cell.setting), checkpoint, cause, paused)


def _short(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
