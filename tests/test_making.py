"""Figures and table are made in workers; what a killed worker leaves undone is made in this process."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from reportgen.figures import Drawing
from reportgen.findings import Findings
from reportgen.report import render, together
from reportgen.report.forks import in_forks
from tests.blank_paper import blank_paper
from tests.test_report import SMALL, findings_of

draw = together.draw
DRAWN = ("variance_over_training", "gap_waterfall", "unbiasedness")


def killed(findings: Findings, name: str) -> Drawing | None:
    """The system kills the worker that draws its second figure, as it does when memory runs out."""
    if multiprocessing.parent_process() is not None and name != next(iter(together.FIGURES)):
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(findings, name)


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
    monkeypatch.setattr(together, "draw", killed)
    again = render(small, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in whole]
    assert not multiprocessing.active_children()


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
    monkeypatch.setattr(together, "csv_text", wrong)
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


def wrong(_: Findings) -> str:
    raise ZeroDivisionError


def test_an_interruption_while_forks_begin_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come by a thread of a library, whatever this one holds back."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(multiprocessing.get_context("fork").Process, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), in_forks([int]):
        pass


SLOW = """
import os, signal, sys, time
from reportgen.report.forks import in_forks

def slow():
    os.write(1, b"begun\\n")
    time.sleep(0.5)
    return "x" * 10**6

with in_forks([slow] * 60) as results:
    ENDING
    results[-1]()
"""
"""A report on its way, in short: two forks, and results too large for a pipe."""


@pytest.mark.long
@pytest.mark.parametrize("ending", ["signal.pause()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_forks_do_not_outlive_the_one_they_work_for(ending: str) -> None:
    """Whoever reads what it prints would wait for ever, as a CI system does."""
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW.replace("ENDING", ending)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.kill()
        process.communicate(timeout=20)  # until the last that holds its output is gone
    assert time.monotonic() - begun < 15  # and not the quarter of a minute that all of it takes


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("after", [0.0, 0.55])
def test_what_ends_all_of_a_terminal_is_answered_by_one(how: signal.Signals, after: float) -> None:
    """A fork neither prints a traceback nor, ended as it hands over a result, is waited for."""
    heed = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); "
    heed += "signal.signal(signal.SIGHUP, lambda *_: sys.exit(3)); "
    heed += "signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\nwith in_forks"
    with subprocess.Popen(
        [sys.executable, "-c", SLOW.replace("with in_forks", heed).replace("ENDING", "pass")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        time.sleep(after)
        os.killpg(process.pid, how)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (3, "")
