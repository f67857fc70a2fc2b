"""The section on why variances differ: whether only one end uses a derivative, and which estimators do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import reportgen
from reportgen.report.sections import why

TEXT = """\
experiment: mine
problem: {model: conjugate}
objective: [elbo_analytic_kl]
estimators: [%s]
measure: {precision: 40%%, budget: 4e3, min_replicates: 100}
claims:
  - {id: lower, statement: it is better, test: "total_variance(pathwise) < 1e9"}
"""
OWN = """\
import reportgen

def through(draws, _):
    return draws.pullback(draws.gradient).mean(2)

def centred(draws, _):
    return ((draws.f - draws.f_at_centre).unsqueeze(-1) * draws.score).mean(2)

THROUGH = reportgen.Estimator(name="through", evaluate=through, needs_gradient=True)
CENTRED = reportgen.Estimator(name="centred", evaluate=centred, extra_forward=1)
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN)


def told(*estimators: str) -> Any:
    experiment = reportgen.load(TEXT % ", ".join(estimators))
    return why.context(reportgen.run(experiment, allow_code=True).findings)


def test_between_two_that_both_take_a_derivative_there_is_no_gap_for_it_to_explain() -> None:
    between = ("taylor_control_variate", "pathwise")
    assert told("{name: pathwise, antithetic: true, num_samples: 2, label: pairs}", *between) is None
    assert told("score_function", *between) is not None


def test_whether_ones_own_takes_a_derivative_is_known_from_its_passes() -> None:
    made = told("score_function", "{python: mine.py:THROUGH, label: through}", "pathwise")
    assert [(row["title"], row["gradient"]) for row in made["rows"]] == [("Through", "yes")]
    assert made["explanation"] == []


def test_nothing_is_said_of_how_ones_own_uses_values() -> None:
    made = told("score_function", "{python: mine.py:CENTRED, label: centred}", "pathwise")
    assert [row["gradient"] for row in made["rows"]] == ["no"]
    said = " ".join(made["explanation"])
    assert "“centred”" in said and "baseline" not in said and made["steps"] == ""
