"""Figures and the results table, made in worker processes while the document is laid out.

Both are pure functions of the findings and together half of the time a
report takes. Workers are forked, so the findings need not be sent; where that
cannot be done, or pays nothing, the work is done here when it is asked for. So is what a worker
leaves undone that the system ends, for want of memory say.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from reportgen.figures import FIGURES, Drawing, draw
from reportgen.findings import Findings, csv_text

T = TypeVar("T")

_findings: Findings | None = None
"""What is worked on, by forked workers too; set only while a document is made."""


@dataclass(frozen=True)
class Made:
    """Each waits for its result, or raises its error."""

    drawings: Callable[[], dict[str, Drawing]]
    """Every figure that has something to show, in the table's order."""
    results_csv: Callable[[], bytes]


@contextmanager
def making(findings: Findings) -> Iterator[Made]:
    """Starts the figures, then the table."""
    global _findings
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if cores < 2 or sys.platform != "linux" or multiprocessing.parent_process() is not None:
        yield Made(lambda: _drawn_here(findings), lambda: csv_text(findings).encode())
        return
    _findings = findings
    try:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            figures = {name: _begun(pool, _draw, name) for name in FIGURES}
            table = _begun(pool, _csv)
            yield Made(lambda: _present({name: figure() for name, figure in figures.items()}), table)
    finally:
        _findings = None


def _begun(pool: ProcessPoolExecutor, work: Callable[..., T], *given: str) -> Callable[[], T]:
    """Waits for what a worker makes; makes it here where there is none, or it was ended from outside."""
    try:
        future = pool.submit(work, *given)
    except (BrokenExecutor, OSError):  # the latter where no process can be begun
        return lambda: work(*given)

    def result() -> T:
        try:
            return future.result()
        except BrokenExecutor:
            return work(*given)

    return result


def _drawn_here(findings: Findings) -> dict[str, Drawing]:
    drawings = _present({name: draw(findings, name) for name in FIGURES})
    gc.collect()  # finished figures are circles, and the collector is off while pages are made
    return drawings


def _draw(name: str) -> Drawing | None:
    assert _findings is not None
    return draw(_findings, name)


def _csv() -> bytes:
    assert _findings is not None
    return csv_text(_findings).encode()


def _present(drawings: dict[str, Drawing | None]) -> dict[str, Drawing]:
    return {name: drawing for name, drawing in drawings.items() if drawing is not None}
