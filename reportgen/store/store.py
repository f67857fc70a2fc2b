"""Finished cells on disk, each in a folder named by its key.

    <root>/cells/<key>/record.json         fields, and the checksum of every other file
    <root>/cells/<key>/arrays.safetensors  arrays of a measurement
    <root>/broken/<key>.json               why a cell could not be finished
    <root>/checkpoints/<key>/              parameters a training has reached so far
    <root>/datasets/<name>.json            digest of a data set met here, so that a report can be
                                           written where the data set is not
    <root>/code/<name's hash>.json         likewise for the user's own code

A key is a hash of everything that determines a cell's numbers, so a folder
that exists is up to date, and two writers of one key write the same numbers.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as dump_arrays

from reportgen.errors import StoreError, UnwritableError
from reportgen.store.encoding import Record, decode, encode, to_json
from reportgen.store.files import abandoned, checksum, process_tag, write_whole
from reportgen.store.records import Array, BrokenRecord, TrainingRecord
from reportgen.store.soundness import require_sound

FORMAT = 1
"""Format of record.json; a record of another format is not read."""
RECORD = "record.json"
ARRAYS = "arrays.safetensors"
CHECKPOINTS = "epoch-*.safetensors"
AGAIN = "Run the experiment again: what is damaged is made anew."
AFRESH = "Run the experiment again with --fresh."
"""The remedy if every byte is as it was written, so that a run would not see the damage."""

TRIES = 8
"""How often a cell is moved into its place, while other writers of it may remove what lies there."""


class Store:
    """Cells under one folder. Opening a store makes no files; saving makes what is needed.

    With `anew`, a name from `process_tag`, what is saved replaces a finished cell of the same key; without,
    the finished one stays. In either case nothing of the old one is removed before the new one is whole.
    """

    def __init__(self, root: Path, anew: str = "") -> None:
        self.root, self.anew = root, anew

    def has(self, key: str) -> bool:
        """Whether the cell is finished (a broken one is not)."""
        return (self._cell(key) / RECORD).is_file()

    def identity(self, key: str) -> str:
        """SHA-256 of the record of a cell, which includes its arrays' checksums; empty if there is none."""
        for path in (self._cell(key) / RECORD, self._broken(key)):
            if path.is_file():
                return checksum(path.read_bytes())
        return ""

    def folder(self, key: str) -> Path:
        """Where a finished training has its checkpoints."""
        return self.root / "checkpoints" / key

    def workplace(self, key: str) -> Path:
        """Where a training keeps its checkpoints until it is saved: aside, if it is made anew."""
        return self._aside(key) if self.anew and self.has(key) else self.folder(key)

    def require_writable(self, keys: Iterable[str] = ()) -> None:
        """Raises UnwritableError now, and not after the first cell has been measured.

        It also does so if a file is where the folder of one of these cells must be, or a folder for a file.
        """
        for key in keys:
            for place, folder in (
                (self._cell(key), True),
                (self.folder(key), True),
                (self._broken(key), False),
            ):
                if place.exists() and place.is_dir() != folder:
                    wanted, found = ("folder", "file") if folder else ("file", "folder")
                    raise UnwritableError(
                        f"{place}: must be a {wanted} of the store's, found a {found}. "
                        "Move it away, or choose another folder with --output."
                    )
        probe = self.root / "cells" / f".probe.{process_tag()}"
        try:
            probe.parent.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise UnwritableError.of(self.root, error) from error

    def save(self, record: Record) -> None:
        """Keep a record; a finished one replaces a broken one, never the reverse."""
        kind, plain, arrays = encode(record)
        if isinstance(record, BrokenRecord):
            if self.has(record.key):
                return
            write_whole(self._broken(record.key), to_json({"format": FORMAT, "kind": kind, "record": plain}))
            return
        if isinstance(record, TrainingRecord):
            self._move_in(record.key)
        files = self._checkpoint_sums(record) if isinstance(record, TrainingRecord) else {}
        contents: dict[str, bytes] = {}
        if arrays:
            contents[ARRAYS] = dump_arrays({name: np.ascontiguousarray(a) for name, a in arrays.items()})
            files[ARRAYS] = checksum(contents[ARRAYS])
        body = {"format": FORMAT, "kind": kind, "record": plain, "files": files}
        contents[RECORD] = to_json({**body, "checksum": checksum(to_json(body))})
        self._publish(record.key, contents)
        self._broken(record.key).unlink(missing_ok=True)

    def load(self, key: str) -> Record:
        """The record of a finished cell, with every byte checked, else that of a broken one.

        Raises StoreError for a cell that is missing or damaged.
        """
        if not self.has(key) and self._broken(key).is_file():
            return self._load_broken(key)
        content = self._read_record(key)
        arrays: dict[str, Array] = {}
        if ARRAYS in content["files"]:
            packed = self._verified(self._cell(key) / ARRAYS, content["files"][ARRAYS])
            try:
                arrays = load_arrays(packed)
            except SafetensorError as error:
                raise self._damaged(self._cell(key), f"{ARRAYS}: {error}") from error
        return self._decoded(key, self._cell(key), content, arrays)

    def sound(self, key: str) -> bool:
        """Whether the cell is finished and can be loaded, and its checkpoints are as they were written."""
        try:
            self.load(key)
            for name, expected in self._read_record(key)["files"].items():
                if name != ARRAYS:
                    self._verified(self.folder(key) / name, expected)
        except StoreError:
            return False
        return True

    def find(self, key: str) -> Record | None:
        """Like `load`, but None for a cell that was neither finished nor broken."""
        return self.load(key) if self.has(key) or self._broken(key).is_file() else None

    def checkpoint(self, key: str, name: str) -> bytes:
        """A checkpoint file of a finished training, checked."""
        sums: Mapping[str, str] = self._read_record(key)["files"]
        path = self.folder(key) / name
        if name not in sums:
            raise self._damaged(self.folder(key), f"{name} is not among the training's checkpoints", AFRESH)
        return self._verified(path, sums[name])

    def note_dataset(self, name: str, digest: str) -> None:
        """Keep a data set's digest."""
        write_whole(self.root / "datasets" / f"{name}.json", to_json({"digest": digest}))

    def dataset_digest(self, name: str) -> str | None:
        """The digest noted last for this data set, if any."""
        return _noted(self.root / "datasets" / f"{name}.json")

    def note_code(self, reference: str, digest: str) -> None:
        """Keep the digest of a user's own code."""
        write_whole(self._code(reference), to_json({"reference": reference, "digest": digest}))

    def code_digest(self, reference: str) -> str | None:
        """The digest noted last for this reference, if any."""
        return _noted(self._code(reference))

    def remove(self, key: str) -> None:
        """Remove a cell, its checkpoints and its cause of breaking. Raises UnwritableError if that fails."""
        _put_away(self._cell(key))
        _put_away(self.folder(key))
        self._broken(key).unlink(missing_ok=True)
        if self.has(key):
            raise UnwritableError(
                f"{self._cell(key)}: damaged, and cannot be moved away to be made again. "
                "Remove it, or choose another folder with --output."
            )

    def clean(self) -> int:
        """Remove what killed processes left unfinished, as far as allowed; returns how much that is.

        What a process of another host may still work on stays; see `abandoned`. So does what an unfinished
        training would continue from.
        """
        found = [path for path in self.root.glob("**/*.part") if abandoned(path)]
        for folder in self.root.glob("checkpoints/*"):
            if folder.is_dir() and self.has(folder.name):
                kept = {*folder.glob(CHECKPOINTS), *folder.glob("*.part")}
                found += [path for path in folder.iterdir() if path not in kept]
        for path in found:
            with suppress(OSError):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        return len(found)

    def _aside(self, key: str) -> Path:
        """A folder whose name lets `clean` remove it if its process is gone."""
        return self.root / "checkpoints" / f".{key}.{self.anew}"

    def _code(self, reference: str) -> Path:
        return self.root / "code" / f"{checksum(reference.encode())[:32]}.json"

    def _cell(self, key: str) -> Path:
        return self.root / "cells" / key

    def _broken(self, key: str) -> Path:
        return self.root / "broken" / f"{key}.json"

    def _move_in(self, key: str) -> None:
        """Moves checkpoints that were made anew into the place of the old ones, file by file."""
        if not self.anew or not self._aside(key).is_dir():
            return
        try:
            self.folder(key).mkdir(parents=True, exist_ok=True)
            for path in sorted(self._aside(key).iterdir()):
                os.replace(path, self.folder(key) / path.name)
            self._aside(key).rmdir()
        except OSError as error:
            raise UnwritableError.of(self.folder(key), error) from error

    def _checkpoint_sums(self, record: TrainingRecord) -> dict[str, str]:
        folder = self.folder(record.key)
        return {path.name: checksum(path.read_bytes()) for path in sorted(folder.glob(CHECKPOINTS))}

    def _publish(self, key: str, contents: Mapping[str, bytes]) -> None:
        """Publishes all files at once: a folder is filled aside, then renamed.

        A folder there without a record is removed; if another writer of this key is faster, its cell stays.
        A cell made anew is written into the folder that is there, its record last: on the same machine the
        files have the same bytes again, but for the times in the record.
        """
        if self.anew and self.has(key):
            for name, content in contents.items():
                write_whole(self._cell(key) / name, content)
            return
        staging = self.root / "cells" / f".{key}.{process_tag()}"
        target = self._cell(key)
        try:
            staging.mkdir(parents=True)
            for name, content in contents.items():
                write_whole(staging / name, content)
            for left in reversed(range(TRIES)):
                try:
                    os.rename(staging, target)
                    break
                except OSError:
                    if self.has(key):
                        break
                    if not left:
                        raise
                _put_away(target)
        except OSError as error:
            raise UnwritableError.of(target, error) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _read_record(self, key: str) -> dict[str, Any]:
        folder = self._cell(key)
        try:
            content = json.loads((folder / RECORD).read_bytes())
            found, written = content.pop("checksum"), content["format"]
            content["files"].items()
        except FileNotFoundError:
            raise StoreError(f"{folder}: no finished cell is there. Run the experiment to make it.") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(folder, f"{RECORD} cannot be read") from error
        if found != checksum(to_json(content)):
            raise self._damaged(folder, f"{RECORD} does not have its checksum")
        if written != FORMAT:
            raise StoreError(
                f"{folder}: written in format {written}, this version reads format {FORMAT}. "
                "Run the experiment again: it is measured anew."
            )
        return dict(content)

    def _load_broken(self, key: str) -> Record:
        path = self._broken(key)
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(path, "it cannot be read") from error
        return self._decoded(key, path, content, {}, broken=True)

    def _decoded(
        self, key: str, place: Path, content: Any, arrays: dict[str, Array], *, broken: bool = False
    ) -> Record:
        """The record in a file, checked to be one that a run can have left there."""
        try:
            record = decode(content["kind"], content["record"], arrays)
            if record.key != key or isinstance(record, BrokenRecord) != broken:
                raise ValueError("it is of another cell")
            require_sound(record)
            return record
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise self._damaged(place, f"{'it' if broken else RECORD} does not fit: {said}") from error

    def _verified(self, path: Path, expected: str) -> bytes:
        try:
            if not path.is_file():  # reading a pipe would wait
                raise FileNotFoundError(path)
            content = path.read_bytes()
        except OSError as error:
            raise self._damaged(path.parent, f"{path.name} is missing") from error
        if checksum(content) != expected:
            raise self._damaged(path.parent, f"{path.name} does not have its checksum ({len(content)} bytes)")
        return content

    def _damaged(self, folder: Path, what: str, remedy: str = AGAIN) -> StoreError:
        return StoreError(f"{folder}: damaged, {what}. {remedy}")


def _noted(path: Path) -> str | None:
    try:
        return str(json.loads(path.read_bytes())["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _put_away(folder: Path) -> None:
    """Removes a folder so that it is always either whole or gone, even if this process is killed."""
    aside = folder.with_name(f".{folder.name}.{process_tag()}")
    with suppress(OSError):
        os.rename(folder, aside)
    shutil.rmtree(aside, ignore_errors=True)
