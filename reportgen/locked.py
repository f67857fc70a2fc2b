"""What reportgen is tested with, requirements.lock, and what of it is otherwise in this environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from reportgen.resources import lock

DEVELOPMENT = "# Of development alone:"
"""The line of the lock after which no package is that a report depends on."""


@lru_cache(maxsize=1)
def locked() -> Mapping[str, str]:
    """Package → version, of those that reports are made with."""
    lines = lock().read_text(encoding="utf-8").partition(DEVELOPMENT)[0].splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def as_locked(package: str, found: str) -> bool:
    """Whether a version is the lock's; what follows + names a build, such as +cpu."""
    return locked().get(package, found).partition("+")[0] == found.partition("+")[0]


@lru_cache(maxsize=1)
def not_as_locked() -> Mapping[str, str]:
    """Packages that are here in another version than the lock's, and that version.

    Those that are not here are left out: on another system they may not be wanted.
    """
    found = {}
    for package in locked():
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return {package: here for package, here in found.items() if not as_locked(package, here)}
