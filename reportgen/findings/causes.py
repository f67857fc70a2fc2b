"""What two runs were made with, and how that differs: the first place to look for the cause of a drift."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABOUT = ("reportgen", "engine", "git_commit", "seed", "data", "environment", "settings")
"""Parts of manifest.json on which numbers may depend."""
NAMES = {"git_commit": "commit"}


@dataclass(frozen=True)
class Difference:
    """One fact of a manifest in the old and the new run, as text."""

    name: str
    """``torch``, ``data.digits``, ``measure.images``."""
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.name} {self.old} → {self.new}"


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Facts that differ, in the manifest's order; parts that either manifest lacks are left out."""
    both = [part for part in ABOUT if part in old and part in new]
    before, after = ({name: text for part in both for name, text in _facts(m, part)} for m in (old, new))
    return changes(before, after)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Difference, ...]:
    """Facts that differ, in the order of `before`, then of `after`."""
    return tuple(
        Difference(name, before.get(name, "none"), after.get(name, "none"))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _facts(manifest: Mapping[str, Any], part: str) -> Iterator[tuple[str, str]]:
    value = manifest[part]
    if part == "environment":
        value = _merged(value.get("measured") if isinstance(value, dict) else None)
    prefix = "" if part in ("environment", "settings") else NAMES.get(part, part)
    yield from _flat(prefix, value)


def _merged(machines: Any) -> dict[str, str]:
    """For each property, the distinct values that the measuring machines have, joined by commas."""
    found: dict[str, list[str]] = {}
    for machine in machines if isinstance(machines, list) else ():
        for name, value in machine.items() if isinstance(machine, dict) else ():
            texts = found.setdefault(name, [])
            texts.extend([] if str(value) in texts else [str(value)])
    return {name: ", ".join(texts) for name, texts in found.items()}


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, str):
        yield path, value
    else:
        yield path, "none" if value is None else json.dumps(value, ensure_ascii=False)
