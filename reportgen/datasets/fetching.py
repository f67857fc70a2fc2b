"""Bringing a data set onto this machine: whole and verified, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from reportgen.datasets.dataset import Dataset
from reportgen.datasets.files import File, sha256
from reportgen.datasets.partial import Partial, partial
from reportgen.datasets.source import Layout, Source, Unreadable
from reportgen.datasets.transfer import Broken, Unavailable, place_of, transfer
from reportgen.errors import DataError, MissingDataError, UsageError

Tell = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes of it that have arrived, and its size (None: not known)."""
PAUSE = 1.0
"""Seconds before a broken connection is tried again."""
MOST_TRIES = 20
"""Most tries at one address; each but the last must have brought something."""


@dataclass(frozen=True)
class Fetched:
    """How a fetch ended."""

    dataset: Dataset
    state: Literal["fetched", "here already", "built in"]
    files: tuple[Path, ...]


def fetch(source: Source, origin: str = "", tell: Tell = lambda *_: None) -> Fetched:
    """Bring the files of `source` that are missing or damaged, and check what they hold.

    `origin` is a folder or an address that has them, or the path or address of
    one of them, instead of where they are published. No file gets its final name
    before all files of the set are whole, have the SHA-256 that is known for them
    and hold the right images. What has arrived of an interrupted file is kept, and
    the next fetch continues from there.

    Raises DataError if no place has them, what came is not the data set, or the
    disk refuses; UsageError if `origin` is no such place.
    """
    origin = _folder(origin, {file.name for layout in source.layouts for file in layout.files})
    if source.built_in is not None:
        return Fetched(source.load(), "built in", ())
    layouts, damage = source.layouts, None
    try:
        dataset = source.load()
        return Fetched(dataset, "here already", tuple(file.place for file in source.present().files))
    except MissingDataError:
        pass
    except DataError as error:  # what is here would be read first, so it must be replaced
        layouts, damage = (source.present(),), error
    reasons: list[str] = []
    for layout in layouts:
        if origin or layout.published:
            try:
                return _bring(source, layout, origin, damage is not None, tell)
            except Unavailable as error:
                reasons.append(str(error))
    if damage is not None and not reasons:
        raise damage
    raise DataError(_instructions(source, reasons))


def _bring(source: Source, layout: Layout, origin: str, damaged: bool, tell: Tell) -> Fetched:
    """Fetches all files of one layout. Raises Unavailable if one of them is not available."""
    with ExitStack() as stack:
        paths, parts, givers = [], [], []
        for file in layout.files:
            if _keep(file, damaged):
                paths.append(file.place)
                continue
            part = stack.enter_context(partial(file, source.most))
            givers.append(_obtain(part, _addresses(file, origin), tell))
            paths.append(part.path)
            parts.append(part)
        try:
            dataset = source.read(layout, paths)
        except Unreadable as error:
            for part in parts:
                part.restart()
            raise Unavailable(f"{' and '.join(givers)} ({error})") from error
        for part in parts:
            part.install()
    return Fetched(dataset, "fetched", tuple(file.place for file in layout.files))


def _keep(file: File, damaged: bool) -> bool:
    """Whether a file that is there can stay: it has its SHA-256, or nothing is known to be wrong with it."""
    if not file.here:
        return False
    return file.found() == file.expected if file.expected else not damaged


def _addresses(file: File, origin: str) -> Sequence[str]:
    """The addresses of a file, to be tried in turn."""
    if not origin:
        return file.addresses
    base = origin if "://" in origin else str(Path(origin).expanduser())
    return tuple(f"{base.rstrip('/')}/{name}" for name in (file.path, file.name))


def _obtain(part: Partial, addresses: Sequence[str], tell: Tell) -> str:
    """Fetches a whole file; returns the first address that has it. Raises Unavailable if none has."""
    if part.complete:
        return str(part.path)
    reasons = []
    for address in addresses:
        for _ in range(2):
            fresh = part.size == 0
            try:
                _persist(address, part, tell)
            except Unavailable as error:
                reasons.append(f"{address} ({error})")
                break
            if not part.file.expected or (found := sha256(part.path)) == part.file.expected:
                return address
            part.restart()
            if fresh:  # otherwise the part may have begun with another file: try once more, from the start
                reasons.append(
                    f"{address} (gave another file: SHA-256 {found[:12]}…, "
                    f"must be {part.file.expected[:12]}…{part.file.reason})"
                )
                break
    raise Unavailable("; ".join(reasons))


def _persist(address: str, part: Partial, tell: Tell) -> None:
    """Transfers a file, and tries again as long as each broken connection brought something."""
    for tries in range(1, MOST_TRIES + 1):
        before = part.size
        try:
            transfer(address, part, lambda done, total: tell(part.file.name, done, total))
            return
        except Broken:
            if part.size <= before or tries == MOST_TRIES:
                raise
            time.sleep(PAUSE)


def _folder(origin: str, names: Collection[str]) -> str:
    """`origin`, or what holds it if it is one of the files named. Raises UsageError if it is neither."""
    before, _, last = origin.rstrip("/").rpartition("/")
    holder = (before or ("/" if origin.startswith("/") else ".")) if last in names else origin
    try:
        parts = urlsplit(origin if "://" in origin else "")
        local, here = parts.scheme in ("", "file"), parts.netloc in ("", "localhost")
        if local and here and place_of(origin).expanduser().is_dir():
            return origin
        found = not local or (here and place_of(holder).expanduser().is_dir())
        other = local and here and holder == origin and place_of(origin).expanduser().is_file()
    except (ValueError, RuntimeError, OSError) as error:
        said = (isinstance(error, OSError) and error.strerror) or str(error).rstrip(".")
        raise UsageError(
            f"--from {origin}: {said}. Name the folder or address that has the files."
        ) from error
    if not local and parts.scheme not in ("http", "https"):
        raise UsageError(f"--from {origin}: must be a folder, or an address with http:, https: or file:.")
    if other:
        raise UsageError(
            f"--from {origin}: is not a file of the data set. Name the folder that holds its files, "
            "or one of them."
        )
    if origin and not found:
        raise UsageError(f"--from {origin}: no such folder. Name the folder that holds the files.")
    return holder


def _instructions(source: Source, reasons: Sequence[str]) -> str:
    """What failed, and what a person can do about it, in one line."""
    layout = min(source.layouts, key=lambda one: not one.published)
    names = " and ".join(file.name for file in layout.absent or layout.files)
    tried = "; ".join(dict.fromkeys(reasons))
    return (
        f"data set {source.name}: could not be fetched: {tried}. Put {names} into {source.folder}, "
        f"or name a folder or address that has them: {source.command} --from DIR_OR_URL."
    )
