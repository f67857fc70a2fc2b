"""Figures and the results table, made in worker processes while the document is laid out.

Both are pure functions of the findings and together half of the time a
report takes. Workers are forked, so the findings need not be sent; where that
cannot be done, or pays nothing, the work is done here when it is asked for. So is what a worker
leaves undone that the system ends, for want of memory say.
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
    """Each waits for its result, or raises its error."""

    drawings: Callable[[], dict[str, Drawing]]
    """Every figure that has something to show, in the table's order."""
    results_csv: Callable[[], bytes]


@contextmanager
def making(findings: Findings) -> Iterator[Made]:
    """Starts the figures, then the table."""
    if usable_cores() < 2 or sys.platform != "linux" or multiprocessing.parent_process() is not None:
        yield Made(lambda: _drawn_here(findings), lambda: csv_text(findings).encode())
        return
    works = [partial(draw, findings, name) for name in FIGURES]
    with in_forks([*works, partial(csv_text, findings)]) as (*figures, table):
        named = dict(zip(FIGURES, figures, strict=True))
        yield Made(lambda: _present({name: one() for name, one in named.items()}), lambda: table().encode())


def _drawn_here(findings: Findings) -> dict[str, Drawing]:
    drawings = _present({name: draw(findings, name) for name in FIGURES})
    gc.collect()  # finished figures are circles, and the collector is off while pages are made
    return drawings


def _present(drawings: dict[str, Drawing | None]) -> dict[str, Drawing]:
    return {name: drawing for name, drawing in drawings.items() if drawing is not None}
