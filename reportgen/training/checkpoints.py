"""Checkpoints of the parameters, and the state from which an interrupted training can resume."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors
from torch import Tensor

from reportgen.errors import StoreError
from reportgen.problems.networks import named
from reportgen.store import Store
from reportgen.store.encoding import to_json
from reportgen.store.files import checksum, write_whole
from reportgen.store.store import AFRESH
from reportgen.training.adam import Adam

STATE = ("vector", "first", "second", "count")
"""Names of the tensors of `Adam.state` in a file."""
PROGRESS = "progress.json"
"""File that names the state from which to resume; written last, so it never refers to an incomplete state."""


@dataclass
class Progress:
    """How far a training has come; bounds in nats per data point."""

    epoch: int
    train_bound: list[float]
    test_bound: dict[str, float]
    seconds: float
    environments: list[dict[str, Any]] = field(default_factory=list)
    """Machines and versions with which it was trained, without repeats; the last one is current."""

    def goes_on_with(self, environment: dict[str, Any]) -> None:
        """Note that the following epochs are trained in this environment."""
        self.environments = [one for one in self.environments if one != environment] + [environment]

    @property
    def environment(self) -> dict[str, Any]:
        """The current environment; if earlier epochs had others, with a note of what differed."""
        *earlier, present = self.environments
        told = [
            ", ".join(f"{name} {value}" for name, value in one.items() if present.get(name) != value)
            for one in earlier
        ]
        return {**present, "earlier epochs": "; ".join(told)} if told else present


def file_name(epoch: int) -> str:
    """File name of an epoch's checkpoint."""
    return f"epoch-{epoch:06d}.safetensors"


def save_checkpoint(folder: Path, optimizer: Adam, epoch: int) -> None:
    """Write the parameters at an epoch."""
    write_whole(folder / file_name(epoch), dump_tensors(named(optimizer.parameters.networks)))


def save_state(folder: Path, optimizer: Adam, progress: Progress) -> None:
    """Write the state from which to resume, then the note that it is complete.

    Noise needs no state, since each epoch draws from its own stream.
    """
    state = zip(STATE, optimizer.state, strict=True)
    packed = dump_tensors({name: tensor.cpu() for name, tensor in state})
    name = f"state-{progress.epoch:06d}.safetensors"
    write_whole(folder / name, packed)
    sums = {name: checksum(packed)}
    for path in folder.glob("epoch-*.safetensors"):
        sums[path.name] = checksum(path.read_bytes())
    note = {
        "epoch": progress.epoch,
        "train_bound": progress.train_bound,
        "test_bound": progress.test_bound,
        "seconds": progress.seconds,
        "environments": progress.environments,
        "files": sums,
    }
    write_whole(folder / PROGRESS, to_json({**note, "checksum": checksum(to_json(note))}))
    for path in folder.glob("state-*.safetensors"):
        if path.name != name:
            path.unlink(missing_ok=True)


def resume(folder: Path, optimizer: Adam, checkpoints: Collection[int] = ()) -> Progress | None:
    """Restore the last complete state; returns None and changes nothing if there is none, or it is damaged.

    None too if one of the `checkpoints` up to its epoch was already missing when the state was written.
    """
    try:
        note = json.loads((folder / PROGRESS).read_bytes())
        told = note.pop("checksum", None)  # absent in states of an earlier version, which are accepted
        if told is not None and told != checksum(to_json(note)):
            return None
        if any(file_name(epoch) not in note["files"] for epoch in checkpoints if epoch <= note["epoch"]):
            return None
        contents = {name: (folder / name).read_bytes() for name in note["files"]}
        if any(checksum(content) != note["files"][name] for name, content in contents.items()):
            return None
        state = load_tensors(contents[f"state-{note['epoch']:06d}.safetensors"])
        progress = Progress(
            int(note["epoch"]),
            list(note["train_bound"]),
            dict(note["test_bound"]),
            float(note["seconds"]),
            list(note.get("environments", [])),
        )
        found = [
            state[name].reshape(tensor.shape) for name, tensor in zip(STATE, optimizer.state, strict=True)
        ]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None
    for tensor, value in zip(optimizer.state, found, strict=True):
        tensor.copy_(value)
    return progress


def epoch_reached(store: Store, training_key: str) -> int | None:
    """The epoch from which an unfinished training resumes; None if it has not begun."""
    try:
        return int(json.loads((store.folder(training_key) / PROGRESS).read_bytes())["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_state(store: Store, training_key: str) -> None:
    """Remove files that only an unfinished training needs; to be called once the record is saved."""
    folder = store.folder(training_key)
    (folder / PROGRESS).unlink(missing_ok=True)
    for path in folder.glob("state-*.safetensors"):
        path.unlink(missing_ok=True)


def load_checkpoint(store: Store, training_key: str, epoch: int) -> dict[str, Tensor]:
    """The parameters of a finished training at one of its checkpoints, by name, with their checksum verified.

    Raises StoreError if the checkpoint is missing or damaged.
    """
    content = store.checkpoint(training_key, file_name(epoch))
    try:
        return load_tensors(content)
    except SafetensorError as error:
        raise StoreError(
            f"{store.folder(training_key)}: damaged, {file_name(epoch)}: {error}. {AFRESH}"
        ) from error
