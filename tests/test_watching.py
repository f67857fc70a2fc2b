"""The progress bar of a measurement from Python: on standard error, if asked for, and gone at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import reportgen
from reportgen.api.watching import _bar as bar
from reportgen.api.watching import watching
from reportgen.engine import MeasureProgress
from tests.tiny_vae import tiny_vae


def of_a_model(**asked: bool) -> reportgen.Measurement:
    return reportgen.measure(tiny_vae(), ["pathwise"], precision=0.5, min_replicates=64, **asked)


def of_a_function(**asked: bool) -> reportgen.Measurement:
    return reportgen.measure_gradients({"a": lambda: torch.randn(3)}, precision=0.1, **asked)


@pytest.mark.parametrize("measured", [of_a_model, of_a_function])
def test_it_is_there_where_it_is_asked_for_and_changes_no_number(
    measured: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    silent = measured()
    assert capsys.readouterr() == ("", "")
    shown = measured(progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "measuring" in err and "draws" in err
    drop = ("seconds_per_replicate", "time_normalized_variance")
    numbers = [[row for row in one.rows if row["statistic"] not in drop] for one in (silent, shown)]
    assert repr(numbers[0]) == repr(numbers[1])


def test_it_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    with watching(True, 0.05) as tell:
        assert tell is not None
        tell(MeasureProgress(0.0, float("inf"), 64))
        tell(MeasureProgress(0.4, 0.0789, 12_800))
    told = capsys.readouterr().err
    assert " 40 % precision 7.89% of 5.00%, 12,800 draws" in told


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_without_widgets_has_a_bar_as_a_terminal_has(
    widgets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What else it would be shown is a warning that widgets are not there."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("reportgen.api.watching.find_spec", lambda name: object() if widgets else None)
    console = bar().console
    assert console.is_jupyter == widgets and console.stderr
