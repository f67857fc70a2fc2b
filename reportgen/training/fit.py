"""Trains one model to its last epoch, and stores it at the declared checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time
from typing import Any, Protocol

import torch

from reportgen.datasets import Dataset
from reportgen.declaration import PROBLEMS
from reportgen.errors import CellError, PausedError
from reportgen.plan import TrainingCell
from reportgen.problems import TRAINABLES, Materials, Trainable
from reportgen.problems.networks import load_networks
from reportgen.store import Store, TrainingRecord
from reportgen.training.adam import Adam
from reportgen.training.checkpoints import (
    Progress,
    file_name,
    load_checkpoint,
    resume,
    save_checkpoint,
    save_state,
)
from reportgen.training.differentiated import Differentiated
from reportgen.training.flat import Flat
from reportgen.training.schedule import Rates, schedule
from reportgen.training.subnormal import subnormals_flushed
from reportgen.training.written_out import WrittenOut

STATE_EVERY = 60.0
"""Seconds after which the optimizer's state is saved even between checkpoints."""
COLLAPSE = 10.0
"""Training has diverged if the bound is below the first epoch's by this many times the latter's size."""


@dataclass(frozen=True)
class TrainProgress:
    """How far a training has come."""

    done: float
    """Fraction of the epochs, 0 … 1."""
    epoch: int
    bound: float
    """Mean bound of the last epoch, nats per data point; NaN before the first."""


class Fit(Protocol):
    """A model in training, by whichever method its gradients are computed."""

    @property
    def parameters(self) -> Flat:
        """φ and θ."""

    def epoch(self, number: int, optimizer: Adam, rates: Rates) -> float:
        """Train on every training point once, in random order; returns the mean bound along the way.

        `rates` are the learning rates of the epoch's steps.

        All noise comes from a stream keyed by the seed and this epoch, so an epoch
        can be repeated from the parameters and moments with which it began.
        """

    def test_bound(self) -> float:
        """Mean bound over the test points, with the same noise at every checkpoint."""


def train(
    cell: TrainingCell,
    dataset: Callable[[], Dataset],
    store: Store,
    report: Callable[[TrainProgress], None] | None = None,
    environment: dict[str, Any] | None = None,
    *,
    deadline: float = math.inf,
    device: str = "cpu",
) -> TrainingRecord:
    """Train the cell's model with Adam and stochastic gradients of its bound.

    Gradients are pathwise if q is reparameterizable. `dataset` is called if the
    model needs one. If the cell continues another training, the store must have
    that one's last checkpoint. Checkpoints are stored as they are reached, and from
    time to time the optimizer's state, so a killed training resumes from the last
    saved epoch and ends with the same bytes. If it resumes on another machine,
    device or version, the record's `environment` says so. The record is returned,
    not saved; after it is saved, `forget_state` may remove what only resuming needs.
    Numbers are reproducible only if torch uses one thread, which is up to the caller.

    Raises CellError if parameters or bound are no longer finite, if the bound falls
    far below that of the first epoch, or if a checkpoint was removed meanwhile; and
    PausedError, with the state saved, at the end of the first epoch after `deadline`
    (in seconds of `time.time`). If the store replaces a finished training, the old
    one stays as it is until the record is saved.
    """
    model = cell.problem["model"]
    trainable = TRAINABLES[model](Materials(cell.problem, cell.seed, dataset=dataset))
    fit, noun = _begun(cell, trainable, store, device), PROBLEMS[model].round[0]
    steps = -(-trainable.train.size // int(cell.train["batch_size"]))
    epochs, checkpoints = int(cell.train["epochs"]), {int(epoch) for epoch in cell.train["checkpoints"]}
    constants = {name: float(cell.train[name]) for name in ("beta_1", "beta_2", "epsilon")}
    optimizer = Adam(fit.parameters, float(cell.train["learning_rate"]), **constants)
    rates = schedule(cell.train, epochs * steps)
    folder = store.workplace(cell.key)
    progress = resume(folder, optimizer, checkpoints) or Progress(-1, [], {}, 0.0)
    if progress.epoch < epochs or not progress.environments:
        progress.goes_on_with(environment or {})
    before, started, kept = progress.seconds, perf_counter(), perf_counter()
    for epoch in range(progress.epoch + 1, epochs + 1):
        if epoch > 0:
            paced = rates.after((epoch - 1) * steps)
            with subnormals_flushed():
                bound = fit.epoch(cell.epochs_before + epoch, optimizer, paced)
            progress.train_bound.append(_checked(bound, progress, noun))
        progress.epoch = epoch
        progress.seconds = before + perf_counter() - started
        late = time() > deadline and epoch < epochs
        if epoch in checkpoints:
            _keep(folder, fit, optimizer, progress, noun)
        if epoch in checkpoints or late or perf_counter() - kept > STATE_EVERY:
            save_state(folder, optimizer, progress)
            kept = perf_counter()
        if report is not None:
            last = progress.train_bound[-1] if progress.train_bound else math.nan
            report(TrainProgress((epoch + 1) / (epochs + 1), epoch, last))
        if late:
            left = "it goes on from there" if folder == store.folder(cell.key) else "what was stored stays"
            raise PausedError(f"the time was up at epoch {epoch} of {epochs}; {left}")
    for path in (folder / file_name(epoch) for epoch in sorted(checkpoints)):
        if not path.is_file():
            raise CellError(
                f"{path}: was removed while the model was trained. Run again: it is trained anew."
            )
    return TrainingRecord(
        key=cell.key,
        setting=dict(cell.setting),
        dataset=trainable.dataset,
        checkpoints=tuple(sorted(checkpoints)),
        train_bound=tuple(progress.train_bound),
        test_bound=progress.test_bound,
        parameters={
            name: sum(p.numel() for p in network.parameters())
            for name, network in fit.parameters.networks.items()
        },
        seconds=progress.seconds,
        environment=progress.environment,
    )


def _begun(cell: TrainingCell, trainable: Trainable, store: Store, device: str) -> Fit:
    """The model with its initial parameters: fresh ones, or those at the end of the training it continues."""
    way = WrittenOut if WrittenOut.serves(cell.problem) else Differentiated
    fit: Fit = way(cell, trainable, device)
    if cell.parent:
        ended = load_checkpoint(store, cell.parent, int(cell.train["after"]["epochs"]))
        load_networks(ended, fit.parameters.networks)
    return fit


def _checked(bound: float, progress: Progress, noun: str) -> float:
    """The bound of an epoch; raises CellError if training has diverged."""
    reached, first = progress.epoch + 1, progress.train_bound[0] if progress.train_bound else bound
    if not math.isfinite(bound) or bound < first - COLLAPSE * max(abs(first), 1.0):
        raise CellError(
            f"training diverged: the bound of {noun} {reached} is {bound:.6g}"
            + (f", that of the first {first:.6g}" if progress.train_bound else "")
            + ". Use a smaller train.learning_rate."
        )
    return bound


def _keep(folder: Path, fit: Fit, optimizer: Adam, progress: Progress, noun: str) -> None:
    if not bool(torch.isfinite(fit.parameters.vector).all()):
        raise CellError(
            f"training diverged: parameters at {noun} {progress.epoch} are not finite. "
            "Use a smaller train.learning_rate."
        )
    bound = fit.test_bound()
    if not math.isfinite(bound):
        raise CellError(
            f"training diverged: the bound at {noun} {progress.epoch} is {bound:.6g} on the test part. "
            "Use a smaller train.learning_rate."
        )
    progress.test_bound[str(progress.epoch)] = bound
    save_checkpoint(folder, optimizer, progress.epoch)
