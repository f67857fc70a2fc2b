"""What the lock says, and where this environment differs from it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from reportgen import locked as of
from reportgen.locked import DEVELOPMENT, as_locked, locked, not_as_locked

LOCK = f"# A comment, with a==1.\ntorch==2.13.0\nnumpy==2.4.6\ntriton==3.0\n{DEVELOPMENT}\npytest==9.2.0\n"


@pytest.fixture(autouse=True)
def other_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "requirements.lock").write_text(LOCK)
    monkeypatch.setattr(of, "lock", lambda: tmp_path / "requirements.lock")
    monkeypatch.setattr(of, "version", version)
    for asked in (locked, not_as_locked):
        asked.cache_clear()
    yield
    for asked in (locked, not_as_locked):
        asked.cache_clear()


def version(package: str) -> str:
    here = {"torch": "2.13.0+cpu", "numpy": "2.0.0", "pytest": "8.0.0"}
    if package not in here:
        raise PackageNotFoundError(package)
    return here[package]


def test_what_is_otherwise_here_is_named_and_tools_and_builds_are_not() -> None:
    assert dict(locked()) == {"torch": "2.13.0", "numpy": "2.4.6", "triton": "3.0"}
    assert dict(not_as_locked()) == {"numpy": "2.0.0"}


def test_a_build_is_no_other_version_and_what_is_not_locked_is_as_it_likes() -> None:
    assert as_locked("torch", "2.13.0+cu130") and as_locked("pytest", "1.0")
    assert not as_locked("torch", "2.13.1") and not as_locked("numpy", "2.4.60")
