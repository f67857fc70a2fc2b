"""Parameters at the declared epochs, and what it takes to go on from there."""

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
"""What `Adam.state` is called in a file."""
PROGRESS = "progress.json"
"""Names the state a training can go on from; replaced last, so it never points at half a state."""


@dataclass
class Progress:
    """How far a training has come; bounds in nats a data point."""

    epoch: int
    train_bound: list[float]
    test_bound: dict[str, float]
    seconds: float
    environments: list[dict[str, Any]] = field(default_factory=list)
    """Machines and versions that it was trained with, each once; the last is the present one."""

    def goes_on_with(self, environment: dict[str, Any]) -> None:
        """Trained with these from here on."""
        self.environments = [one for one in self.environments if one != environment] + [environment]

    @property
    def environment(self) -> dict[str, Any]:
        """The present one; where epochs were trained with another, what was another then."""
        *earlier, present = self.environments
        told = [
            ", ".join(f"{name} {value}" for name, value in one.items() if present.get(name) != value)
            for one in earlier
        ]
        return {**present, "earlier epochs": "; ".join(told)} if told else present


def file_name(epoch: int) -> str:
    """Of the checkpoint of an epoch."""
    return f"epoch-{epoch:06d}.safetensors"


def save_checkpoint(folder: Path, optimizer: Adam, epoch: int) -> None:
    """Write the parameters at an epoch."""
    write_whole(folder / file_name(epoch), dump_tensors(named(optimizer.parameters.networks)))


def save_state(folder: Path, optimizer: Adam, progress: Progress) -> None:
    """Write what a training goes on from, then the note that it is whole.

    Noise needs no state: each epoch draws from a stream of its own.
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
    """Put the last whole state back; None, with nothing changed, where there is none or it is damaged.

    So where one of the `checkpoints` before it was gone already when it was written.
    """
    try:
        note = json.loads((folder / PROGRESS).read_bytes())
        told = note.pop("checksum", None)  # trainings begun by an earlier version have none, and go on
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
    """The epoch an unfinished training goes on from; None where it was not begun."""
    try:
        return int(json.loads((store.folder(training_key) / PROGRESS).read_bytes())["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_state(store: Store, training_key: str) -> None:
    """Remove what only an unfinished training needs; call it when the record is saved."""
    folder = store.folder(training_key)
    (folder / PROGRESS).unlink(missing_ok=True)
    for path in folder.glob("state-*.safetensors"):
        path.unlink(missing_ok=True)


def load_checkpoint(store: Store, training_key: str, epoch: int) -> dict[str, Tensor]:
    """The parameters of a finished training at one of its checkpoints, by name, checked byte for byte.

    Raises StoreError where the checkpoint is missing or damaged.
    """
    content = store.checkpoint(training_key, file_name(epoch))
    try:
        return load_tensors(content)
    except SafetensorError as error:
        raise StoreError(
            f"{store.folder(training_key)}: damaged, {file_name(epoch)}: {error}. {AFRESH}"
        ) from error
