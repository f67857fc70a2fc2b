"""What cells are expected to cost, beside what they took on two busy cores."""

from __future__ import annotations

import pytest
import torch

from reportgen.declaration import find, load, load_text
from reportgen.engine.moments import Moments
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.cost import Cost
from reportgen.estimators import ESTIMATORS
from reportgen.execution.cost import judging_seconds, measuring_seconds, training_seconds
from reportgen.plan import Plan, make_plan

PIXELS, IMAGES = 784, 60_000


@pytest.fixture(scope="module")
def evening() -> Plan:
    return make_plan(load(find("burda2016_table1")), "0" * 64)


@pytest.mark.parametrize(("kind", "took"), [("trainings", 2706), ("judgements", 404), ("measurements", 456)])
def test_an_evening_is_foreseen_to_a_factor_of_two(evening: Plan, kind: str, took: float) -> None:
    cost = {
        "trainings": lambda cell: training_seconds(cell, PIXELS, IMAGES),
        "judgements": lambda cell: judging_seconds(cell, PIXELS, 10_000),
        "measurements": lambda cell: measuring_seconds(cell, PIXELS, IMAGES),
    }[kind]
    assert took / 2 < sum(map(cost, getattr(evening, kind))) < 2 * took


def test_a_precision_that_is_never_met_costs_the_budget() -> None:
    for precision in ("1e-300", "5e-324", "1e-9%"):
        experiment = load_text(
            f"experiment: a\nproblem: {{model: conjugate}}\nmeasure: {{precision: {precision}}}"
        )
        coarse = load_text("experiment: a\nproblem: {model: conjugate}\nmeasure: {precision: 0.01%}")
        fine, other = (make_plan(of).measurements[0] for of in (experiment, coarse))
        assert measuring_seconds(fine, 0, 1) == measuring_seconds(other, 0, 1)


def test_a_replicate_has_the_time_of_what_its_estimator_uses() -> None:
    cost, images, replicates, own = Cost(1.0, 10.0, 100.0), 2, 5, 20.0
    for name, a_sample in (("gumbel_softmax", 1.0), ("score_function", 10.0), ("pathwise", 100.0)):
        moments = Moments.empty(images, 1, 4)
        moments.update(0, torch.zeros(images, replicates, 4))
        key = Key("likelihood", False, name, 3, 0.0, False)
        channel = Channel(key, ESTIMATORS[name], moments, seconds=own)
        assert cost.of(channel) == 3 * a_sample + own / (images * replicates)


def test_an_image_enters_the_encoder_once_for_all_its_samples(evening: Plan) -> None:
    """So fifty samples cost less than fifty times one, though more than ten times."""
    cost = {
        (len(cell.problem["latent"]), cell.train["num_samples"]): training_seconds(cell, PIXELS, IMAGES)
        for cell in evening.trainings
    }
    for layers in (1, 2):
        assert 10 * cost[layers, 1] < cost[layers, 50] < 40 * cost[layers, 1]
    assert cost[1, 50] < cost[2, 50]
