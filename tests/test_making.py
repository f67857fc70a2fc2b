"""Figures and table are made in workers; what one leaves undone that is ended from outside is made here."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from reportgen.figures import Drawing
from reportgen.findings import Findings
from reportgen.report import render, together
from tests.blank_paper import blank_paper
from tests.test_report import SMALL, findings_of

draw = together._draw
DRAWN = ("variance_over_training", "gap_waterfall", "unbiasedness")


def killed(name: str) -> Drawing | None:
    """The system ends the worker that draws the second figure it is given, as where memory is short."""
    if multiprocessing.parent_process() is not None and name != next(iter(together.FIGURES)):
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(name)


@pytest.fixture(scope="module")
def small() -> Findings:
    return findings_of(SMALL)


@pytest.fixture(autouse=True)
def on_blank_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PDF is given the figures that the page is given, however they were made; three are enough."""
    blank_paper(monkeypatch)
    monkeypatch.setattr(together, "FIGURES", {name: together.FIGURES[name] for name in DRAWN})


@pytest.mark.long
def test_a_report_whose_workers_are_killed_is_the_same_to_the_byte(
    small: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = render(small, tmp_path / "whole")
    monkeypatch.setattr(together, "_draw", killed)
    again = render(small, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in whole]
    assert together._findings is None and not multiprocessing.active_children()


@pytest.mark.long
def test_a_report_is_made_where_no_process_can_be_begun(
    small: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(multiprocessing.get_context("fork").Process, "start", refused)
    assert all(path.is_file() for path in render(small, tmp_path))


def test_an_error_of_the_work_itself_is_not_tried_again(
    small: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "_csv", wrong)
    with pytest.raises(ZeroDivisionError):
        render(small, tmp_path)
    assert not list(tmp_path.iterdir())


def test_figures_drawn_here_are_not_kept_while_pages_are_made(
    small: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the collector is off meanwhile, and a matplotlib figure is circles."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    gc.collect()
    gc.disable()
    try:
        before = figures()
        with together.making(small) as made:
            assert tuple(made.drawings()) == DRAWN
            assert figures() == before
    finally:
        gc.enable()


def figures() -> int:
    """Matplotlib figures in memory, by their own type: torch has objects that warn when asked their class."""
    return sum(issubclass(type(one), Figure) for one in gc.get_objects())


def wrong() -> bytes:
    raise ZeroDivisionError
