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
        path = _path(path_text.strip(), option) if sign else None
        if path is None:
            raise _error(option, "must be path=value, such as measure.precision=5%.")
        try:
            value = read_value(value_text.strip())
        except ValueError as error:
            raise _error(option, str(error)) from None
        _put(changed, path, value, option)
        paths.append((path, option))
    return changed, tuple(paths)


def _path(text: str, option: str) -> Path | None:
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
    here: Any = data
    for i, (step, following) in enumerate(zip(path, (*path[1:], None), strict=True)):
        if isinstance(step, int):
            if not isinstance(here, list):
                raise _error(
                    option, f"{_so_far(path, i)} is no list in the declaration, so it has no item {step}."
                )
            if step >= len(here):
                raise _error(option, f"{_so_far(path, i)} has {len(here)} items, counted from 0; got {step}.")
            if isinstance(following, str) and isinstance(here[step], str):
                here[step] = {"name": here[step]}  # an estimator declared by its name alone
        elif not isinstance(here, dict):
            raise _error(
                option,
                f"{_so_far(path, i)} holds no settings by name, got {step!r}. Use an item such as [0].",
            )
        elif following is not None and here.get(step) is None:
            here[step] = {}
        if following is None:
            here[step] = value
        else:
            here = here[step]


def _so_far(path: Path, length: int) -> str:
    return spell(path[:length]) or "the declaration"


def _error(option: str, text: str) -> DeclarationError:
    return DeclarationError(f"--set {option}: {text}")
