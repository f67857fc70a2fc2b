"""Slopes along a swept setting: against a fit by hand, the spread of normal estimates, and a known power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reportgen
from reportgen.findings.files import claims_data
from reportgen.report.sections import methods
from reportgen.verification.agreement import disagreements

POWER, WIDTHS, COORDINATES, CALLS = 1.5, (1, 2, 8), 3, 2048
CODE = f"""\
import torch

def build(width=2):
    def wide():
        return 1 + width ** {POWER} * torch.randn({COORDINATES})

    def constant():
        return torch.ones({COORDINATES})

    def broken():
        return torch.full(({COORDINATES},), float("nan") if width > 2 else 0.0) + torch.randn({COORDINATES})

    return {{"wide": wide, "constant": constant, "broken": broken}}
"""
TEXT = """\
experiment: mine
problem: {{gradients: mine.py:build, arguments: {{width: 2}}}}
estimators: [wide, constant, broken]
measure: {{precision: 90%, budget: {calls}, min_replicates: {calls}}}
sweep: {{problem.arguments.width: {widths}}}
claims:
  - {{id: a, statement: s, test: "slope(total_variance({name}), problem.arguments.width) {asked}"}}
"""


@pytest.fixture(scope="module", autouse=True)
def _in_one_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Shares a store: most tests differ only in claims, so what one has measured is there for the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("slopes"))
        Path("mine.py").write_text(CODE)
        yield


def results(name: str = "wide", asked: str = "> 0", widths: tuple[int, ...] = WIDTHS) -> reportgen.Results:
    text = TEXT.format(name=name, asked=asked, widths=list(widths), calls=CALLS)
    return reportgen.run(reportgen.load(text), allow_code=True)


def variances(found: reportgen.Results) -> dict[int, float]:
    rows = (row for row in found.rows if (row["estimator"], row["group"]) == ("wide", "all"))
    return {
        row["problem.arguments.width"]: row["value"] for row in rows if row["statistic"] == "total_variance"
    }


@pytest.mark.long
def test_it_is_the_slope_of_a_fit_by_hand_and_its_interval_has_the_width_of_normal_estimates() -> None:
    found = results()
    (claim,) = found.claims
    x, y = np.log([*variances(found)]), np.log([*variances(found).values()])
    assert claim.estimate.value == pytest.approx(np.polyfit(x, y, 1)[0])
    assert claim.estimate.low < 2 * POWER < claim.estimate.high
    # a variance of n normal numbers has a logarithm with the variance 2/n
    error = math.sqrt(2 / (COORDINATES * CALLS) / float(((x - x.mean()) ** 2).sum()))
    assert claim.estimate.high - claim.estimate.low == pytest.approx(2 * 1.96 * error, rel=0.25)
    assert (claim.effect, claim.where) == ("slope", "settings")
    (detail,) = claim.details
    assert dict(detail.setting) == {} and not detail.base


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("= 3 within 0.2", "confirmed"),
        ("< 2.7", "refuted"),
        ("> 3", "undecided"),
        ("= 1 within 5%", "refuted"),
    ],
)
def test_it_reaches_its_verdict(asked: str, verdict: str) -> None:
    found = results(asked=asked)
    assert [claim.verdict for claim in found.claims] == [verdict]
    assert found.findings.comparisons == 1
    context = methods.SECTION.context(found.findings)
    assert context is not None and context["slopes"]


def test_two_settings_make_a_slope_and_a_ratio() -> None:
    found = results(widths=(2, 8))
    ratio = variances(found)[8] / variances(found)[2]
    assert found.claims[0].estimate.value == pytest.approx(math.log(ratio) / math.log(4))


def test_what_has_no_logarithm_or_broke_has_no_slope_and_says_why() -> None:
    (claim,) = results("constant").claims
    assert claim.verdict == "undecided" and "its logarithm has no value" in (claim.cause or "")
    (claim,) = results("broken").claims
    assert claim.verdict == "broken" and "nan" in (claim.cause or "")


def test_verify_holds_its_verdict_against_its_interval() -> None:
    found = results(asked="= 3 within 0.2")
    claims: Any = claims_data(found.findings)
    assert list(disagreements(found.findings.experiment, (), claims)) == []
    claims[0]["comparisons"][0]["verdict"] = claims[0]["verdict"] = "refuted"
    claims[0]["as_expected"] = False
    assert any(
        "its simultaneous interval confirmed" in line
        for line in disagreements(found.findings.experiment, (), claims)
    )
