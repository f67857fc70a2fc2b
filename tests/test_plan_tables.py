"""The plan of experiments that train on several objectives, continue trainings, and judge models."""

from __future__ import annotations

from typing import Any

from reportgen.declaration import load_text
from reportgen.plan import Plan, make_plan

TEXT = """
experiment: a
problem: {data: digits, hidden: [6], latent: 3}
objective: [iwae]
estimators: [pathwise]
train: {objective: elbo, epochs: 4, schedule: burda2016, checkpoints: [0, 4]}
measure: {images: 4, num_samples: [1, 5], curves: everywhere, sweep_checkpoints: every}
judge: {images: 20, num_samples: 50, curve: [1, 5]}
sweep:
  - {train.objective: [elbo, iwae], train.num_samples: [1, 5]}
"""

CONTINUED = """
experiment: b
problem: {data: digits, hidden: [6], latent: 3}
estimators: [pathwise]
train:
  objective: iwae
  num_samples: 5
  epochs: 2
  after: {objective: elbo, epochs: 4, schedule: burda2016, checkpoints: [0, 4]}
judge: {}
sweep: {train.after.num_samples: [1, 3]}
"""


def planned(text: str, *changes: str) -> Plan:
    return make_plan(load_text(text, overrides=changes), "digest")


def test_every_trained_model_is_judged_where_it_ends() -> None:
    plan = planned(TEXT)
    assert (len(plan.trainings), len(plan.judgements)) == (3, 4)
    elbo, elbo_5, iwae_5 = plan.trainings
    trained = [cell.training_key for cell in plan.judgements]
    assert trained == [elbo.key, elbo_5.key, elbo.key, iwae_5.key]  # iwae of one sample is the elbo
    for judged in plan.judgements:
        assert (judged.checkpoint, judged.base) == (4, judged.setting == plan.judgements[0].setting)
        assert judged.judge == {"images": 20, "num_samples": 50, "curve": [1, 5]}
    twin = plan.judgements[0].key
    assert [judged.twin for judged in plan.judgements] == ["", "", twin, ""]
    every = planned(TEXT, "judge.checkpoints=every").judgements
    assert [cell.twin for cell in every] == ["", "", "", "", every[0].key, every[1].key, "", ""]
    assert [tuple(c.setting.values()) for c in plan.judgements] == [
        ("elbo", 1),
        ("elbo", 5),
        ("iwae", 1),
        ("iwae", 5),
    ]
    assert [c.checkpoint for c in planned(TEXT, "judge.checkpoints=every").judgements[:2]] == [0, 4]
    assert planned(TEXT.replace("judge:", "# judge:")).judgements == ()


def test_curves_are_measured_everywhere_where_that_is_asked() -> None:
    assert {tuple(arm.num_samples for arm in cell.arms) for cell in planned(TEXT).measurements} == {(1, 5)}
    plan = planned(TEXT, "measure.curves=last")
    assert [len(cell.arms) for cell in plan.measurements] == [1, 2, 1, 1, 1, 1, 1, 1]


def keys(plan: Plan, kind: str) -> list[str]:
    return [cell.key for cell in getattr(plan, kind)]


def test_judging_depends_on_the_training_and_on_how_it_is_judged() -> None:
    before = planned(TEXT)
    for change in (
        "judge.num_samples=60",
        "judge.images=21",
        "judge.curve=[1]",
        "train.epsilon=1e-8",
        "seed=1",
    ):
        assert not set(keys(before, "judgements")) & set(keys(planned(TEXT, change), "judgements")), change
    for change in ("measure.images=5", "measure.precision=5%"):
        assert keys(before, "judgements") == keys(planned(TEXT, change), "judgements")
    judged_alone = planned(TEXT, "judge.num_samples=60")
    assert keys(before, "trainings") == keys(judged_alone, "trainings")
    assert keys(before, "measurements") == keys(judged_alone, "measurements")


def test_a_stretched_schedule_is_another_training_from_its_first_step() -> None:
    def trained(*changes: str) -> dict[int, str]:
        return {c.checkpoint: c.key for c in planned(TEXT, *changes).measurements if c.base}

    longer = trained("train.epochs=9", "train.checkpoints=[0, 4]", "judge.checkpoints=[4]")
    assert longer[0] == trained()[0] and longer[4] != trained()[4]
    constant = ("train.schedule=constant", "judge.checkpoints=[4]")
    assert trained(*constant)[4] == trained(*constant, "train.epochs=9", "train.checkpoints=[0, 4]")[4]


def test_a_continued_training_stands_after_the_one_it_continues() -> None:
    plan = planned(CONTINUED)
    assert [(cell.parent, cell.train["objective"], cell.epochs_before) for cell in plan.trainings] == [
        ("", "elbo", 0),
        (plan.trainings[0].key, "iwae", 4),
        ("", "elbo", 0),
        (plan.trainings[2].key, "iwae", 4),
    ]
    assert [cell.train["num_samples"] for cell in plan.trainings] == [1, 5, 3, 5]
    assert [cell.training_key for cell in plan.judgements] == [plan.trainings[1].key, plan.trainings[3].key]
    assert [cell.setting for cell in plan.judgements] == [
        {"train.after.num_samples": 1},
        {"train.after.num_samples": 3},
    ]


def test_what_was_trained_for_one_table_serves_the_other() -> None:
    first, second = planned(TEXT), planned(CONTINUED)
    assert second.trainings[0].key == first.trainings[0].key


def test_how_a_continued_training_began_is_part_of_all_that_follows() -> None:
    def all_keys(*changes: str) -> set[str]:
        plan = planned(CONTINUED, "sweep={}", *changes)
        return {cell.key for cell in (*plan.judgements, *plan.measurements)}

    changed: dict[str, Any] = {
        "objective": "elbo_analytic_kl",
        "epochs": 5,
        "num_samples": 2,
        "learning_rate": 1e-2,
    }
    for name, value in changed.items():
        kept = [f"train.after.{name}={value}", "train.after.checkpoints=[0]"]
        assert not all_keys("train.after.checkpoints=[0]") & all_keys(*kept), name
    assert all_keys() == all_keys("train.after.checkpoints=[0]")
    first = planned(CONTINUED, "train.after.checkpoints=[0]").trainings[0]
    assert first.train["checkpoints"] == [0, 4]
    assert all_keys("train.after.objective=iwae") == all_keys()  # of one sample
