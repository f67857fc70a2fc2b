"""Results as the XML that CI systems read: suites of cases, in the dialect that Jenkins and GitLab share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from reportgen.errors import UsageError

BEGINNING = b'<?xml version="1.0" encoding="utf-8"?>\n'
Outcome = Literal["passed", "failure", "error", "skipped"]
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may hold, not even as references."""


@dataclass(frozen=True)
class Case:
    """One thing that was judged."""

    name: str
    outcome: Outcome = "passed"
    kind: str = ""
    """Of a failure, in one word: ``refuted``."""
    message: str = ""
    """Why it did not pass, in one line."""
    text: str = ""
    """What was judged, and what was found."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Suite:
    """The cases of one experiment."""

    name: str
    cases: tuple[Case, ...]
    finished: datetime | None = None


def require_file(path: Path | None) -> None:
    """Raises UsageError if no JUnit file can be written there; deletes that of an earlier run, but no other.

    An empty file is taken for one of a run that was killed while it wrote.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.is_fifo() or path.is_char_device()  # reading it would wait for its end
        if path.exists() and (stream or not (path.read_bytes() or BEGINNING).startswith(BEGINNING)):
            raise UsageError(
                f"{path}: must be a JUnit file or none, but is another file. Choose another place."
            )
        path.unlink(missing_ok=True)
        with open(path, "xb"):
            pass
        path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write(path: Path | None, suites: Sequence[Suite]) -> None:
    """Writes the suites, if a file was asked for. Raises UsageError if it cannot be written."""
    if path is None:
        return
    try:
        path.write_bytes(document(suites))
    except OSError as error:
        with suppress(OSError):
            path.unlink()  # better no file than a part of one
        raise _unwritable(path, error) from error


def document(suites: Sequence[Suite]) -> bytes:
    """The whole file."""
    root = ElementTree.Element(
        "testsuites", {"name": "reportgen", **_counts(of for s in suites for of in s.cases)}
    )
    for suite in suites:
        about = {"name": suite.name, **_counts(suite.cases)}
        about |= {"timestamp": f"{suite.finished:%Y-%m-%dT%H:%M:%S}"} if suite.finished else {}
        inside = ElementTree.SubElement(
            root, "testsuite", {name: _held(text) for name, text in about.items()}
        )
        for case in suite.cases:
            _add(inside, suite.name, case)
    ElementTree.indent(root)
    body: str = ElementTree.tostring(root, "unicode")
    return BEGINNING + body.encode() + b"\n"


def _add(suite: ElementTree.Element, name: str, case: Case) -> None:
    about = {"name": case.name, "classname": name, "time": f"{case.seconds:.3f}"}
    one = ElementTree.SubElement(suite, "testcase", {key: _held(text) for key, text in about.items()})
    if case.outcome != "passed":
        said = {"message": _held(case.message)} | ({"type": _held(case.kind)} if case.kind else {})
        ElementTree.SubElement(one, case.outcome, said).text = _held(case.text) or None
    elif case.text:
        ElementTree.SubElement(one, "system-out").text = _held(case.text)


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    listed = list(cases)
    found = {name: sum(case.outcome == outcome for case in listed) for name, outcome in _COUNTED.items()}
    seconds = sum(round(case.seconds, 3) for case in listed)
    return {"tests": str(len(listed)), **{k: str(n) for k, n in found.items()}, "time": f"{seconds:.3f}"}


def _held(text: str) -> str:
    """The text with characters that XML cannot hold escaped, as ``\\x1b``."""
    return _NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{path}: cannot be written ({error.strerror or error}). Choose another file with --junit."
    )
