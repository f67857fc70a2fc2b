"""Makes figures and the results table in worker processes while the document is laid out.

Both are pure functions of the findings and together take half of a report's
time. Workers are forked, so the findings need not be sent. If forking is not
possible or does not pay, the work is done in this process when it is asked for; so
is what a worker leaves undone if the system ends it, such as for lack of memory.
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from reportgen.cores import usable_cores
from reportgen.figures import FIGURES, Drawing, draw
from reportgen.findings import Findings, csv_text
from reportgen.report.forks import in_forks


@dataclass(frozen=True)
class Made:
    """Functions that wait for their results, or raise their errors."""

    drawings: Callable[[], dict[str, Drawing]]
    """Every figure that has something to show, in the table's order."""
    results_csv: Callable[[], bytes]


@contextmanager
def making(findings: Findings) -> Iterator[Made]:
    """Starts making the figures, then the table."""
    if usable_cores() < 2 or sys.platform != "linux" or multiprocessing.parent_process() is not None:
        yield Made(lambda: _drawn_here(findings), lambda: csv_text(findings).encode())
        return
    works = [partial(draw, findings, name) for name in FIGURES]
    with in_forks([*works, partial(csv_text, findings)]) as (*figures, table):
        named = dict(zip(FIGURES, figures, strict=True))
        yield Made(lambda: _present({name: one() for name, one in named.items()}), lambda: table().encode())


def _drawn_here(findings: Findings) -> dict[str, Drawing]:
    drawings = _present({name: draw(findings, name) for name in FIGURES})
    gc.collect()  # finished figures are reference cycles, and the collector is off while pages are made
    return drawings


def _present(drawings: dict[str, Drawing | None]) -> dict[str, Drawing]:
    return {name: drawing for name, drawing in drawings.items() if drawing is not None}
