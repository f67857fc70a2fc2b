"""Claims about trained models: verdicts on prescribed numbers, and what is refused before any run."""

from __future__ import annotations

from typing import Any

import pytest

from reportgen.declaration import Experiment, find, gallery_names, load, load_text, long_names
from reportgen.declaration.companions import companions
from reportgen.errors import DeclarationError
from reportgen.findings import ClaimFinding, Findings
from tests.synthetic_models import TABLE, declared, models, two_layers


def claiming(*tests: str, text: str = TABLE) -> str:
    """The table with these claims instead of its own."""
    lines = [f"  - {{id: c{i}, statement: number {i}, test: '{test}'}}\n" for i, test in enumerate(tests)]
    return text.partition("claims:\n")[0] + "claims:\n" + "".join(lines)


def judged(*tests: str, make: Any = declared, **numbers: Any) -> tuple[ClaimFinding, ...]:
    """What became of these claims on dictated numbers."""
    return models(make(claiming(*tests)), **numbers).claims


def verdicts(*tests: str, make: Any = declared, **numbers: Any) -> list[str]:
    """The verdicts alone."""
    return [claim.verdict for claim in judged(*tests, make=make, **numbers)]


FALLING = "decreasing(negative_log_likelihood, train.num_samples) at train.objective iwae"
WINS = "decreasing(negative_log_likelihood, train.objective) at train.num_samples 50"
MORE = "increasing(active_units, train.num_samples) at train.objective iwae"


def test_trends_of_the_published_numbers_hold() -> None:
    assert verdicts(FALLING, WINS, MORE) == ["confirmed"] * 3


def test_a_trend_is_refuted_by_one_step_that_surely_goes_the_other_way() -> None:
    found = judged(FALLING, shift=lambda cell: 2.0 if cell.setting["train.num_samples"] == 50 else 0.0)
    assert found[0].verdict == "refuted"
    steps = [(step.setting["train.num_samples"], step.verdict) for step in found[0].details]
    assert steps == [("1 → 5", "confirmed"), ("5 → 50", "refuted")]
    assert found[0].headline is found[0].details[1]
    assert found[0].estimate.value == pytest.approx(2.0 + 84.78 - 85.54)
    assert found[0].effect == "change of negative log likelihood"
    assert found[0].where == "models"


def test_a_step_within_the_paired_interval_is_undecided() -> None:
    flat = {1: 86.76, 5: 85.54, 50: 84.78}
    level = judged(FALLING, shift=lambda cell: 85.0 - flat[int(cell.setting["train.num_samples"])])[0]
    assert level.verdict == "undecided"
    assert level.estimate.low < 0 < level.estimate.high
    assert level.estimate.high - level.estimate.low < 0.5  # paired: unpaired it would be about 3


def test_the_same_model_twice_does_not_get_better() -> None:
    (same,) = judged("decreasing(negative_log_likelihood, train.objective) at train.num_samples 1", own=0.0)
    assert same.verdict == "refuted"
    assert (same.estimate.value, same.estimate.low, same.estimate.high) == (0.0, 0.0, 0.0)


TIED = {("iwae", k): (20,) for k in (1, 5, 50)}


def test_equal_counts_are_no_increase_where_every_unit_is_sure_and_undecided_where_one_is_not() -> None:
    assert verdicts(MORE, active=TIED) == ["refuted"]
    unsure = judged(MORE, active=TIED, unsure=2)[0]
    assert unsure.verdict == "undecided"
    assert unsure.estimate.value == 0.0 and unsure.estimate.high == 2.0


def test_thresholds_and_margins_of_one_model() -> None:
    assert verdicts(
        "negative_log_likelihood < 90 at train.num_samples 50",
        "negative_log_likelihood < 84 at train.num_samples 50 and at train.objective iwae",
        "negative_log_likelihood = 85 within 3 at every train.objective and at train.num_samples 50",
        "negative_log_likelihood = 84.78 within 0.1 at train.objective iwae and at train.num_samples 50",
        "active_units >= 25 at train.objective iwae and at train.num_samples 50",
        "active_units > 25 in layer1 at train.objective iwae and at train.num_samples 50",
        "negative_log_likelihood < 85.2 at some train.objective and at train.num_samples 50",
        images=4000,
    ) == ["confirmed", "refuted", "confirmed", "undecided", "confirmed", "refuted", "confirmed"]


def test_settings_without_a_scope_take_every_value() -> None:
    (found,) = judged("negative_log_likelihood < 100")
    assert len(found.details) == 6
    (trend,) = judged("decreasing(negative_log_likelihood, train.num_samples)")
    assert len(trend.details) == 4


def test_in_two_layers_a_trend_runs_in_each_and_over_layers_with_what_comes_with_them() -> None:
    found = judged(
        FALLING,
        "decreasing(negative_log_likelihood, problem.latent)",
        "active_units > 5 in layer2 at problem.latent [100, 50] and at train.objective iwae",
        "active_units > 5 in layer2",
        make=two_layers,
    )
    assert [len(claim.details) for claim in found] == [4, 6, 3, 12]
    assert [claim.verdict for claim in found] == ["confirmed", "confirmed", "refuted", "refuted"]
    assert found[1].details[0].setting["problem.latent"] == "[50] → [100, 50]"
    missing = found[3].details[0]
    assert (missing.verdict, missing.cause) == ("broken", "broken: no layer 'layer2', there are layer1, all")


def test_slopes_of_the_gradients_are_judged_in_every_model() -> None:
    every = "at checkpoint 64 and at every train.objective and at every train.num_samples"
    layers = "at every problem.latent and at every problem.hidden"
    found = judged(
        f"slope(signal_to_noise(pathwise), num_samples) < 0 {every} and {layers}",
        f"slope(signal_to_noise(generative), num_samples) > 0 {every} and {layers}",
        f"slope(signal_to_noise(generative), num_samples) < 0 {every}",
        make=two_layers,
    )
    assert [(claim.verdict, len(claim.details)) for claim in found] == [
        ("confirmed", 12), ("confirmed", 12), ("refuted", 6)
    ]  # fmt: skip
    assert {claim.where for claim in found} == {"signal"}


def test_companions_are_settings_that_change_together() -> None:
    experiment = two_layers()
    assert companions(experiment, "problem.latent") == ("problem.hidden",)
    assert companions(experiment, "train.num_samples") == ()


def test_looks_at_steps_of_a_trend_share_the_error_of_all() -> None:
    (one,), two = judged(FALLING), judged(FALLING, WINS)
    assert one.level == pytest.approx(1 - 0.05 / 2)
    assert two[0].level == pytest.approx(1 - 0.05 / 3)


FAULTS = {
    "negative_log_likelihood < 90 under elbo": (
        "negative_log_likelihood is of a trained model, whatever gradient is measured, got under elbo. "
        "Write 'at train.objective elbo', or remove it."
    ),
    "negative_log_likelihood < 90 in layer1": (
        "'in layer1' names no stochastic layer of active_units. Write active_units … in layer1, or remove it."
    ),
    "active_units > 3 in mean": (
        "'in mean' names no stochastic layer of active_units. Write active_units … in layer1, or remove it."
    ),
    "active_units > 3 at checkpoint 8": "no model is judged at checkpoint 8, only at [64]. Use one.",
    "active_units > 3 after checkpoint 64": "no model is judged after checkpoint 64, only at [64]. Use one.",
    "active_units > 3 at problem.latent 50": "'problem.latent' is neither 'checkpoint' nor swept.",
    "active_units > 3 at train.num_samples 7": "train.num_samples is not swept over 7. Use 1, 5 or 50.",
    "increasing(active_units, problem.latent)": (
        "'problem.latent' is not swept, and a trend runs along a swept setting. Use "
        "train.objective or train.num_samples."
    ),
    "increasing(active_units, train.num_samples) at train.num_samples 5": (
        "train.num_samples is what the trend runs along, got a scope over it too. Remove the scope."
    ),
}


@pytest.mark.parametrize("test", FAULTS)
def test_refuses_at_the_line_of_the_claim(test: str) -> None:
    text = claiming(test)
    line = 1 + next(i for i, one in enumerate(text.splitlines()) if "id: c0" in one)
    with pytest.raises(DeclarationError) as caught:
        load_text(text, "table.yaml")
    assert str(caught.value).startswith(f"table.yaml:{line} claims[0].test: ")
    assert FAULTS[test] in str(caught.value)


def test_refuses_where_nothing_is_judged() -> None:
    start = TABLE.index("judge:")
    bare = TABLE[:start] + TABLE[TABLE.index("sweep:") :]
    with pytest.raises(DeclarationError, match="is of judged models, and there is no judge"):
        load_text(claiming("active_units > 3", text=bare), "table.yaml")


def test_refuses_a_trend_without_a_step() -> None:
    swept = "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]}"
    alone = claiming(FALLING).replace(
        swept,
        "sweep:\n  - {train.objective: [elbo], train.num_samples: [1, 5]}\n"
        "  - {train.objective: [iwae], train.num_samples: [50]}\n",
    )
    with pytest.raises(DeclarationError, match="a trend needs two values of train"):
        load_text(alone, "table.yaml")


def test_a_claim_reads_its_settings_as_the_sweep_resolves_them() -> None:
    experiment: Experiment = declared(claiming("negative_log_likelihood < 90 at train.num_samples 5e1"))
    found: Findings = models(experiment)
    assert len(found.claims[0].details) == 2


def test_claims_on_likelihoods_name_the_place_where_they_stand() -> None:
    """Likelihoods are of section 5.1; section 5.2 is of latent units, and of models that go on (table 2)."""
    places = {"table 1": "section 5.1", "table 2": "section 5.2", "table 3": "appendix D"}
    seen = 0
    for name in (*gallery_names(), *long_names()):
        experiment = load(find(name))
        if experiment.published is None:
            continue
        table = experiment.published.source.removeprefix("burda2016, ")
        for claim in experiment.claims:
            if claim.test.startswith("decreasing(negative_log_likelihood"):
                assert claim.source == f"burda2016, {places[table]}", (name, claim.id)
                seen += 1
    assert seen >= 10
