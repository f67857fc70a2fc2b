"""Words on why an estimator's mean was not compared with the reference's, and how it was if K differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from reportgen.declaration import Experiment, load_text
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.bias import bias_p_value
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.report.sections import unbiasedness
from tests.crafted import crafted
from tests.toy_records import arm_record, record

ENOUGH = 100


def reason(arrays: Mapping[str, Any] = {}, *, eta: int = 2, broken: bool = False, **about: Any) -> str:
    """Why the first of two arms, the second being the reference, was not tested in three images."""
    status = {"status": "broken", "cause": "too large"} if broken else {}
    own = arm_record("rebar", **{"differences": ENOUGH, **about})
    same: dict[str, Any] = {"objective": own.objective, "parameters": own.parameters}
    reference = arm_record("leave_one_out", reference=True, **same, **status)
    blank = np.full((2, 3), np.nan)
    held = {"variance": np.ones((2, 3, 1)), "bias_p_value": blank, "bias_dimension": blank, **arrays}
    with pytest.raises(NotAvailableError) as error:
        bias_p_value(MeasuredArm(record([own, reference], held, eta=eta), 0))
    return str(error.value)


def test_every_reason_is_told() -> None:
    few = "the joint test needs 4 replicates for each of the "
    assert reason(differences=7) == few + "2 parameters of q, got 7 a data point"
    seen = {"bias_dimension": np.array([[31.0, 32.0, 30.0], [np.nan] * 3])}
    assert reason(seen, eta=0, differences=127) == (
        few + "32 directions in which differences were seen, got 127 a data point"
    )
    assert reason(seen, parameters="theta", differences=127).startswith(few + "32 directions")
    assert reason(differences=0, objective="iwae") == (
        "the IWAE bound has another gradient for each K, and the reference cannot be had at K = 1"
    )
    assert reason(differences=0) == "no differences to the reference were taken"
    assert reason(broken=True) == "the reference broke"
    assert reason() == "the reference has estimates that are not finite at the K at which it is compared"
    assert reason(constant=50.0) == (
        "the joint test is made at an estimator's own number of samples, without a constant"
    )


def declared(objective: str, *estimators: str) -> Experiment:
    return load_text(
        "experiment: mine\nproblem: {data: digits, hidden: [4], latent: 2}\n"
        f"objective: [{objective}]\nestimators: [{', '.join(estimators)}]\n"
        "train: {epochs: 1, checkpoints: [0, 1]}\nmeasure: {images: 3}\n",
        "mine.yaml",
    )


def one(*_: object) -> float:
    return 1.0


def test_means_of_several_estimates_are_said_to_be_compared() -> None:
    def paragraphs(p_value: float, *estimators: str) -> str:
        experiment = declared("elbo", *estimators)
        found = crafted(experiment, variances=one, p_values=lambda *_: p_value, changes={"differences": 99})
        return " ".join(unbiasedness.verdict(found))

    said = (
        "The score function and the Taylor control variate use fewer samples than leave-one-out needs: "
        "means of several such estimates are compared with one estimate of the reference, on the same draws."
    )
    single = ("score_function", "taylor_control_variate")
    assert said in paragraphs(0.5, "leave_one_out", *single)
    assert "means of several" not in paragraphs(np.nan, "leave_one_out", *single)
    assert "means of several" not in paragraphs(0.5, *single, "leave_one_out")
