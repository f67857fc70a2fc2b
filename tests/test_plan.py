"""The plan: which cells there are, and when their keys change."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.declaration import Experiment, load_text, to_yaml
from reportgen.plan import Arm, Plan, make_plan
from reportgen.plan import keys as keys_of_cells

DECLARATION: dict[str, Any] = {
    "experiment": "a",
    "title": "A title",
    "problem": {"data": "digits", "hidden": [20, 10], "latent": 3},
    "objective": ["reconstruction", "elbo"],
    "estimators": [
        "score_function",
        {"name": "leave_one_out", "num_samples": 2},
        {"name": "score_function", "as_printed": True, "label": "as printed"},
        "pathwise",
    ],
    "train": {"epochs": 5, "checkpoints": [0, 1, 5]},
    "measure": {"images": 8, "precision": "10%", "num_samples": [1, 2, 4], "constants": [-50, 0, 50]},
    "sweep": {"problem.latent": [2, 3]},
    "claims": [{"id": "c", "quote": "d", "test": "equal_means(leave_one_out, pathwise)"}],
}


def declared(*changes: str, data: dict[str, Any] = DECLARATION) -> Experiment:
    return load_text(to_yaml(data), overrides=changes)


def planned(*changes: str) -> Plan:
    return make_plan(declared(*changes), "digest")


def keys(plan: Plan) -> list[str]:
    return [cell.key for cell in plan.trainings] + [cell.key for cell in plan.measurements]


def test_the_base_setting_is_measured_at_every_checkpoint_the_swept_at_the_last() -> None:
    plan = planned()
    assert [(cell.base, cell.setting) for cell in plan.trainings] == [
        (True, {"problem.latent": 3}),
        (False, {"problem.latent": 2}),
    ]
    assert [(cell.setting["problem.latent"], cell.checkpoint, cell.base) for cell in plan.measurements] == [
        (3, 0, True),
        (3, 1, True),
        (3, 5, True),
        (2, 5, False),
    ]
    of_swept = plan.measurements[-1]
    assert of_swept.training_key == plan.trainings[1].key
    assert of_swept.problem == plan.trainings[1].problem
    assert of_swept.problem["latent"] == 2
    assert len(set(keys(plan))) == 6


def test_a_base_outside_the_lists_is_added_first() -> None:
    plan = planned("problem.latent=7", "sweep.train.batch_size=[10, 20]")
    found = [(cell.setting["problem.latent"], cell.setting["train.batch_size"]) for cell in plan.trainings]
    assert found == [(7, 20), (2, 10), (2, 20), (3, 10), (3, 20)]
    assert plan.trainings[1].train["batch_size"] == 10


@pytest.mark.parametrize(("chosen", "epochs"), [("last", [5]), ("every", [0, 1, 5]), ("[1, 5]", [1, 5])])
def test_swept_settings_are_measured_where_declared(chosen: str, epochs: list[int]) -> None:
    plan = planned(f"measure.sweep_checkpoints={chosen}")
    assert [cell.checkpoint for cell in plan.measurements if not cell.base] == epochs


def test_arms_are_objectives_times_estimators() -> None:
    first = planned().measurements[0]
    specs = [
        ("score_function", "score_function", 1),
        ("leave_one_out", "leave_one_out", 2),
        ("score_function_as_printed", "as printed", 1),
        ("pathwise", "pathwise", 1),
    ]
    assert list(first.arms) == [
        Arm(objective, name, label, k, 0.0)
        for objective, (name, label, k) in itertools.product(["reconstruction", "elbo"], specs)
    ]
    assert first.references == {"reconstruction": "pathwise", "elbo": "pathwise"}
    assert first.measure == {"images": 8, "precision": 0.1, "budget": 1_000_000, "min_replicates": 2000}


def test_curves_and_constants_are_measured_at_the_last_checkpoint_of_the_base_setting() -> None:
    plan = planned()
    base, swept = plan.measurements[2], plan.measurements[3]
    assert swept.arms == plan.measurements[0].arms == base.arms[:8]
    extra = {(arm.objective, arm.estimator, arm.num_samples, arm.constant) for arm in base.arms[8:]}
    curve = {("reconstruction", name, k, 0.0) for name in ("score_function", "pathwise") for k in (2, 4)}
    curve |= {("reconstruction", "score_function_as_printed", k, 0.0) for k in (2, 4)}
    curve |= {("reconstruction", "leave_one_out", 4, 0.0)}
    constants = {
        ("reconstruction", name, 1, c) for name in ("score_function", "pathwise") for c in (-50.0, 50.0)
    }
    assert extra == curve | constants
    assert len(base.arms) == 8 + len(extra)


def test_settings_are_plain_data_that_json_gives_back() -> None:
    plan = planned("sweep.problem.hidden=[[4], [5, 6]]")
    for training in plan.trainings:
        for part in (training.setting, training.problem, training.train):
            assert json.loads(json.dumps(part)) == part
    for measurement in plan.measurements:
        for part in (measurement.setting, measurement.problem, measurement.measure):
            assert json.loads(json.dumps(part)) == part
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys(plan))


def test_the_same_declaration_gives_the_same_plan() -> None:
    assert planned() == planned()
    assert make_plan(load_text(to_yaml(DECLARATION), "elsewhere.yaml"), "digest") == planned()


UNRELATED: dict[str, Any] = {
    "experiment": "another",
    "title": "Another title",
    "estimators.2.label": "a new label",
    "estimators.3": {"name": "pathwise", "label": "the VAE update"},
    "claims": [],
    "claims.0.quote": "other words",
    "problem.activation": "tanh",
    "measure.budget": 1e6,
    "measure.precision": 0.1,
    "train.objective": "elbo",
    "seed": 0,
}
"""Changes that no number depends on: words, and defaults spelt out."""


def changed(path: str, value: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(DECLARATION))
    *steps, last = path.split(".")
    if steps[:1] == ["sweep"]:
        steps, last = ["sweep"], path.removeprefix("sweep.")
    here: Any = data
    for step in steps:
        here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
    here[int(last) if last.isdigit() else last] = value
    if path.startswith("estimators.3"):
        data["claims"] = []
    return data


@pytest.mark.parametrize("path", UNRELATED)
def test_words_do_not_change_keys(path: str) -> None:
    experiment = declared(data=changed(path, UNRELATED[path]))
    assert keys(make_plan(experiment, "digest")) == keys(planned())


DECISIVE: dict[str, Any] = {
    "seed": 1,
    "problem.latent": 5,
    "problem.hidden": [20, 11],
    "problem.data": "mnist",
    "train.learning_rate": 2e-3,
    "train.batch_size": 21,
    "train.objective": "elbo_analytic_kl",
}
"""Changes that every number after the first checkpoint depends on."""


@pytest.mark.parametrize("path", DECISIVE)
def test_what_decides_the_training_changes_every_key(path: str) -> None:
    after = make_plan(declared(data=changed(path, DECISIVE[path])), "digest")
    before = planned()
    bases = [cell for cell in after.trainings if cell.base]
    assert not {cell.key for cell in bases} & {cell.key for cell in before.trainings}
    trained = {cell.key for cell in after.measurements if cell.base and cell.checkpoint > 0}
    assert not trained & {cell.key for cell in before.measurements}


@pytest.mark.parametrize(
    "change",
    [
        "measure.images=9",
        "measure.precision=5%",
        "measure.budget=1e5",
        "measure.min_replicates=100",
        "objective=[elbo, reconstruction]",
        "estimators[1].num_samples=3",
        "estimators=[leave_one_out, pathwise]",
    ],
)
def test_what_decides_the_measurement_leaves_the_training(change: str) -> None:
    before, after = planned(), planned(change)
    assert after.trainings == before.trainings
    assert not {cell.key for cell in after.measurements} & {cell.key for cell in before.measurements}


@pytest.mark.parametrize("change", ["measure.num_samples=[1, 2]", "measure.constants=[1]"])
def test_curves_and_constants_touch_one_cell(change: str) -> None:
    before, after = planned(), planned(change)
    differing = [a.key != b.key for a, b in zip(after.measurements, before.measurements, strict=True)]
    assert differing == [False, False, True, False]


def test_the_same_arms_declared_and_on_a_curve_are_two_cells() -> None:
    """Those declared at K = 4 are tested against the reference there; those of the curve are not."""
    options = ("claims=[]", "objective=[elbo]", "measure.constants=[]")
    two = "pathwise, sticking_the_landing"
    four = (
        "{name: pathwise, num_samples: 4, label: a}, {name: sticking_the_landing, num_samples: 4, label: b}"
    )
    curve = planned(*options, f"estimators=[{two}]", "measure.num_samples=[4]").measurements[2]
    whole = planned(*options, f"estimators=[{two}, {four}]", "measure.num_samples=[]").measurements[2]
    assert [arm.content for arm in curve.arms] == [arm.content for arm in whole.arms]
    assert curve.key != whole.key


def test_the_data_change_every_key() -> None:
    other = make_plan(declared(), "another digest")
    assert not set(keys(other)) & set(keys(planned()))


def test_the_engine_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(planned())
    monkeypatch.setattr(keys_of_cells, "ENGINE_VERSION", keys_of_cells.ENGINE_VERSION + 1)
    assert not set(keys(planned())) & set(before)


def test_training_longer_keeps_what_was_measured_on_the_way() -> None:
    before, after = planned(), planned("train.epochs=9", "train.checkpoints=[0, 1, 5, 9]")
    assert after.trainings[0].key != before.trainings[0].key
    assert [cell.key for cell in after.measurements[:2]] == [cell.key for cell in before.measurements[:2]]
    assert after.measurements[1].training_key == after.trainings[0].key


def test_before_training_nothing_of_the_training_matters() -> None:
    before, after = planned(), planned("train.learning_rate=1e-2", "train.batch_size=7")
    assert after.measurements[0].key == before.measurements[0].key
    assert after.measurements[1].key != before.measurements[1].key


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "seed": st.integers(0, 3),
            "problem.latent": st.integers(1, 4),
            "train.batch_size": st.integers(1, 3),
            "measure.images": st.integers(2, 4),
            "measure.precision": st.sampled_from(["2%", "0.02", "5%"]),
            "objective": st.sampled_from(["[elbo]", "[elbo, reconstruction]"]),
        },
    ),
    st.text("abc", min_size=1, max_size=5),
)
def test_keys_are_equal_exactly_where_the_deciding_settings_are(
    settings_: dict[str, Any], title: str
) -> None:
    options = [f"{path}={value}" for path, value in settings_.items()]
    one = planned("claims=[]", *options)
    other = planned("claims=[]", f"title={title}", f"experiment={title}", *reversed(options))
    assert keys(one) == keys(other)
    again = planned("claims=[]", *options, "measure.min_replicates=2001")
    assert keys(again)[: len(one.trainings)] == keys(one)[: len(one.trainings)]
    assert not set(keys(again)[len(one.trainings) :]) & set(keys(one))
