"""Training one model to its last epoch, keeping it at the declared ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import torch

from reportgen.datasets import Dataset
from reportgen.declaration import PROBLEMS
from reportgen.errors import CellError
from reportgen.plan import TrainingCell
from reportgen.problems import TRAINABLES, Materials
from reportgen.store import Store, TrainingRecord
from reportgen.training.adam import Adam, Flat
from reportgen.training.checkpoints import Progress, resume, save_checkpoint
from reportgen.training.differentiated import Differentiated
from reportgen.training.written_out import WrittenOut


@dataclass(frozen=True)
class TrainProgress:
    """How far a training is."""

    done: float
    """Fraction of the epochs, 0 … 1."""
    epoch: int
    bound: float
    """Mean bound of the last epoch, nats a data point; NaN before the first."""


class Fit(Protocol):
    """A model in training, however its gradients are made."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""

    @property
    def parameters(self) -> Flat:
        """φ and θ."""

    def epoch(self, number: int, optimizer: Adam) -> float:
        """Every training point once, in a fresh order; the mean bound met on the way.

        All noise comes from the stream of the seed and this epoch, so an epoch
        can be repeated from the parameters and moments it began with.
        """

    def test_bound(self) -> float:
        """Mean bound over the test points; the same noise at every checkpoint."""


def train(
    cell: TrainingCell,
    dataset: Callable[[], Dataset],
    store: Store,
    report: Callable[[TrainProgress], None] | None = None,
    environment: dict[str, Any] | None = None,
) -> TrainingRecord:
    """Train the cell's model with stochastic gradients of its bound and Adam.

    Gradients are pathwise, of one sample a data point, where q is
    reparameterizable. `dataset` is asked for where the model is made of one.
    Checkpoints go to the store as they are reached, with the optimizer's
    state, so a killed training goes on from the last one and ends with the
    same bytes. The record is returned, not saved; once it is, `forget_state`
    may drop what only resuming needs. Numbers are the same at any
    number of threads only if torch runs one; the caller sees to that.
    Raises CellError where the bound is no longer a number.
    """
    fit, noun = _begun(cell, dataset), PROBLEMS[cell.problem["model"]].round[0]
    optimizer = Adam(fit.parameters, float(cell.train["learning_rate"]))
    folder = store.folder(cell.key)
    epochs, checkpoints = int(cell.train["epochs"]), {int(epoch) for epoch in cell.train["checkpoints"]}
    progress = resume(folder, optimizer) or Progress(-1, [], {}, 0.0)
    before, started = progress.seconds, perf_counter()
    for epoch in range(progress.epoch + 1, epochs + 1):
        if epoch > 0:
            bound = fit.epoch(epoch, optimizer)
            if not math.isfinite(bound):
                raise CellError(
                    f"training diverged: the bound of {noun} {epoch} is {bound} (learning rate "
                    f"{optimizer.learning_rate:g}). Use a smaller train.learning_rate."
                )
            progress.train_bound.append(bound)
        progress.epoch = epoch
        progress.seconds = before + perf_counter() - started
        if epoch in checkpoints:
            _keep(folder, fit, optimizer, progress, noun)
        if report is not None:
            last = progress.train_bound[-1] if progress.train_bound else math.nan
            report(TrainProgress((epoch + 1) / (epochs + 1), epoch, last))
    return TrainingRecord(
        key=cell.key,
        setting=dict(cell.setting),
        dataset=fit.dataset,
        checkpoints=tuple(sorted(checkpoints)),
        train_bound=tuple(progress.train_bound),
        test_bound=progress.test_bound,
        parameters={
            name: sum(p.numel() for p in network.parameters())
            for name, network in fit.parameters.networks.items()
        },
        seconds=progress.seconds,
        environment=environment or {},
    )


def _begun(cell: TrainingCell, dataset: Callable[[], Dataset]) -> Fit:
    """The model with its first parameters."""
    if WrittenOut.serves(cell.problem):
        return WrittenOut(cell, dataset())
    materials = Materials(cell.problem, cell.seed, dataset=dataset)
    return Differentiated(cell, TRAINABLES[cell.problem["model"]](materials))


def _keep(folder: Path, fit: Fit, optimizer: Adam, progress: Progress, noun: str) -> None:
    if not bool(torch.isfinite(fit.parameters.vector).all()):
        raise CellError(
            f"training diverged: parameters at {noun} {progress.epoch} are not finite. "
            "Use a smaller train.learning_rate."
        )
    progress.test_bound[str(progress.epoch)] = fit.test_bound()
    save_checkpoint(folder, optimizer, progress)
