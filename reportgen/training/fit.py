"""Training one model to its last epoch, keeping it at the declared ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from reportgen.datasets import Dataset
from reportgen.errors import CellError
from reportgen.plan import TrainingCell
from reportgen.problems.networks import initialised
from reportgen.store import Store, TrainingRecord
from reportgen.training.bound import test_bound
from reportgen.training.checkpoints import Progress, resume, save_checkpoint
from reportgen.training.epoch import Adam, run_epoch
from reportgen.training.parameters import Parameters


@dataclass(frozen=True)
class TrainProgress:
    """How far a training is."""

    done: float
    """Fraction of the epochs, 0 … 1."""
    epoch: int
    bound: float
    """Mean bound of the last epoch, nats an image; NaN before the first."""


def train(
    cell: TrainingCell,
    dataset: Dataset,
    store: Store,
    report: Callable[[TrainProgress], None] | None = None,
    environment: dict[str, Any] | None = None,
) -> TrainingRecord:
    """Train the cell's model with pathwise gradients of its bound, one sample an image, and Adam.

    Checkpoints go to the store as they are reached, with the optimizer's
    state, so a killed training goes on from the last one and ends with the
    same bytes. The record is returned, not saved; once it is, `forget_state`
    may drop what only resuming needs. Numbers are the same at any
    number of threads only if torch runs one; the caller sees to that.
    Raises CellError where the bound is no longer a number.
    """
    parameters = Parameters(
        *initialised(cell.problem, dataset.train.mean(0, dtype="float64"), cell.seed),
        activation=str(cell.problem.get("activation", "tanh")),
    )
    optimizer = Adam(parameters, float(cell.train["learning_rate"]))
    folder = store.folder(cell.key)
    epochs, checkpoints = int(cell.train["epochs"]), {int(epoch) for epoch in cell.train["checkpoints"]}
    progress = resume(folder, parameters, optimizer) or Progress(-1, [], {}, 0.0)
    before, started = progress.seconds, perf_counter()
    for epoch in range(progress.epoch + 1, epochs + 1):
        if epoch > 0:
            bound = run_epoch(
                parameters,
                optimizer,
                dataset,
                objective=cell.train["objective"],
                batch_size=int(cell.train["batch_size"]),
                seed=cell.seed,
                epoch=epoch,
            )
            if not math.isfinite(bound):
                raise CellError(
                    f"training diverged: the bound of epoch {epoch} is {bound} (learning rate "
                    f"{optimizer.learning_rate:g}). Use a smaller train.learning_rate."
                )
            progress.train_bound.append(bound)
        progress.epoch = epoch
        progress.seconds = before + perf_counter() - started
        if epoch in checkpoints:
            _keep(folder, parameters, optimizer, progress, cell, dataset)
        if report is not None:
            last = progress.train_bound[-1] if progress.train_bound else math.nan
            report(TrainProgress((epoch + 1) / (epochs + 1), epoch, last))
    return TrainingRecord(
        key=cell.key,
        setting=dict(cell.setting),
        dataset=dataset.name,
        checkpoints=tuple(sorted(checkpoints)),
        train_bound=tuple(progress.train_bound),
        test_bound=progress.test_bound,
        parameters={
            name: sum(p.numel() for p in network.parameters())
            for name, network in (("encoder", parameters.encoder), ("decoder", parameters.decoder))
        },
        seconds=progress.seconds,
        environment=environment or {},
    )


def _keep(
    folder: Path,
    parameters: Parameters,
    optimizer: Adam,
    progress: Progress,
    cell: TrainingCell,
    dataset: Dataset,
) -> None:
    if not bool(torch.isfinite(parameters.vector).all()):
        raise CellError(
            f"training diverged: parameters at epoch {progress.epoch} are not finite. "
            "Use a smaller train.learning_rate."
        )
    bound = test_bound(parameters.encoder, parameters.decoder, dataset, cell.train["objective"], cell.seed)
    progress.test_bound[str(progress.epoch)] = bound
    save_checkpoint(folder, parameters, optimizer, progress)
