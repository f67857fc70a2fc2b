"""``--set path=value``: changes to a declaration from the command line."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from reportgen.declaration.complaints import Path, spell
from reportgen.declaration.yaml_source import read_value
from reportgen.errors import DeclarationError

_STEP = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d{1,6})\]")


def apply(
    data: dict[str, Any], options: Sequence[str]
) -> tuple[dict[str, Any], tuple[tuple[Path, str], ...]]:
    """Lays options such as ``problem.latent=20`` over plain data.

    Returns changed data and, for each option, the path it set. Raises
    DeclarationError with the option as its place.
    """
    changed = copy.deepcopy(data)
    paths: list[tuple[Path, str]] = []
    for option in options:
        path_text, sign, value_text = option.partition("=")
        path = _path(path_text.strip()) if sign else None
        if path is None:
            raise _error(option, "must be path=value, such as measure.precision=5%.")
        try:
            value = read_value(value_text.strip())
        except ValueError as error:
            raise _error(option, str(error)) from None
        _put(changed, path, value, option)
        paths.append((path, option))
    return changed, tuple(paths)


def _path(text: str) -> Path | None:
    if text.startswith("sweep."):
        return ("sweep", text.removeprefix("sweep."))
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or (at > 0) == (match[0][0] not in ".["):
            return None
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    return tuple(steps) or None


def _put(data: dict[str, Any], path: Path, value: Any, option: str) -> None:
    container: Any = data
    for i, step in enumerate(path):
        _require(container, step, path[:i], option)
        if i == len(path) - 1:
            container[step] = value
            return
        if isinstance(step, str) and container.get(step) is None:
            container[step] = {}
        elif isinstance(path[i + 1], str) and isinstance(step, int) and isinstance(container[step], str):
            container[step] = {"name": container[step]}  # an estimator declared by its name alone
        container = container[step]


def _require(container: Any, step: str | int, so_far: Path, option: str) -> None:
    """Refuses a step that leads nowhere: an item of what is not a list, a key of what is not a mapping."""
    place = spell(so_far) or "the declaration"
    if isinstance(step, str) and not isinstance(container, dict):
        raise _error(option, f"{place} holds no settings by name, got {step!r}. Use an item such as [0].")
    if isinstance(step, int) and not isinstance(container, list):
        raise _error(option, f"{place} is no list in the declaration, so it has no item {step}.")
    if isinstance(step, int) and step >= len(container):
        raise _error(option, f"{place} has {len(container)} items, counted from 0; got {step}.")


def _error(option: str, text: str) -> DeclarationError:
    return DeclarationError(f"--set {option}: {text}")
