"""The versions that reportgen is tested with (requirements.lock), and where this environment differs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from reportgen.resources import lock

DEVELOPMENT = "# Of development alone:"
"""The line of the lock after which come packages that no report depends on."""


@lru_cache(maxsize=1)
def locked() -> Mapping[str, str]:
    """Package → locked version, for the packages that reports are made with."""
    lines = lock().read_text(encoding="utf-8").partition(DEVELOPMENT)[0].splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def as_locked(package: str, found: str) -> bool:
    """Whether a version is the locked one, builds such as +cpu aside, or the package is not in the lock."""
    return locked().get(package, found).partition("+")[0] == found.partition("+")[0]


@lru_cache(maxsize=1)
def not_as_locked() -> Mapping[str, str]:
    """Package → installed version, where that is not the locked one.

    Packages that are not installed are left out: not every system needs all of them.
    """
    found = {}
    for package in locked():
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return {package: here for package, here in found.items() if not as_locked(package, here)}
