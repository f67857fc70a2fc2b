"""Several trainings of one model: what their seed reaches, the mean over them, its interval against twins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from reportgen.declaration import Experiment, load_text, resolved, to_yaml
from reportgen.errors import DeclarationError
from reportgen.figures import sketched
from reportgen.figures.models import bound_against_k, learning_curve, learning_curves, likelihood_by_model
from reportgen.findings import Findings, collect
from reportgen.findings.drift import EQUIVALENT, compare_numbers
from reportgen.findings.files import claims_data, csv_text
from reportgen.findings.finished import read_rows
from reportgen.findings.models import activity, likelihood
from reportgen.findings.models.statistics import active_of, deviation_of, difference_of, likelihood_of
from reportgen.findings.models.trainings import (
    MOST,
    DeviationOverTrainings,
    MeanOverImages,
    MeanOverTrainings,
)
from reportgen.findings.over_trainings import ratio_over_trainings
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.plan import Plan, make_plan, trained_once
from reportgen.report.sections import training as section_of_training
from reportgen.store import Store
from reportgen.store.records import JudgementRecord
from reportgen.training import load_checkpoint, train
from reportgen.verification.agreement import disagreements
from tests.synthetic import training
from tests.synthetic_models import TABLE, judgement, models, nll_of, paused, records, trained_well
from tests.test_models import of
from tests.test_report import page_of, text_of

SEEDED = TABLE.replace(
    "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]}",
    "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50], train.seed: [0, 1, 2]}",
)
SPREAD = (-0.3, 0.1, 0.2)
"""Seed → how far its training is from the mean over trainings, in nats."""


def declared(text: str = SEEDED) -> Experiment:
    return load_text(text, "table.yaml")


def planned(text: str = SEEDED) -> Plan:
    return make_plan(declared(text), "0" * 64)


def by_seed(cell: Any) -> float:
    return SPREAD[int(cell.setting["train.seed"])]


@pytest.fixture(scope="module")
def seeded() -> Findings:
    return models(declared(), shift=by_seed)


@pytest.fixture(scope="module")
def alone() -> Findings:
    """One training of each model."""
    return models(declared(TABLE))


@pytest.fixture(scope="module")
def pages(seeded: Findings, alone: Findings) -> tuple[str, str]:
    """Their pages as a reader sees them."""
    several, one = (text_of(page_of(found)).replace("\u00a0", " ") for found in (seeded, alone))
    return several, one


# What the seed reaches


def test_the_seed_left_out_is_the_experiments_and_its_keys_are_those_of_old() -> None:
    base, named = planned(TABLE), planned(TABLE.replace("epochs: 64,", "epochs: 64, seed: 0,"))
    assert [cell.key for cell in base.cells] == [cell.key for cell in named.cells]
    other = make_plan(load_text(TABLE, "table.yaml", ["seed=3"]), "0" * 64)
    assert {cell.seed for cell in other.trainings} == {3}


def test_a_seed_of_the_training_alone_trains_anew_and_measures_with_the_same_draws() -> None:
    base, other = planned(TABLE), planned(TABLE.replace("epochs: 64,", "epochs: 64, seed: 1,"))
    assert {cell.seed for cell in other.trainings} == {1}
    assert {cell.seed for cell in (*other.judgements, *other.measurements)} == {0}
    assert not {cell.key for cell in base.cells} & {cell.key for cell in other.cells}


def test_a_training_is_the_same_whichever_declaration_asks_for_its_seed() -> None:
    swept = planned()
    alone = make_plan(load_text(TABLE, "table.yaml", ["seed=2"]), "0" * 64)
    keys = {cell.key for cell in swept.trainings if cell.seed == 2}
    assert keys == {cell.key for cell in alone.trainings}
    assert len(swept.trainings) == 15  # five different trainings, since k = 1 is one, from three seeds


CHAIN = """
experiment: chain
problem: {model: vae, data: digits, latent: 5, hidden: [10]}
train: {objective: iwae, num_samples: 5, epochs: 2, after: {objective: elbo, epochs: 3}}
sweep: {train.seed: [0, 1]}
"""


def test_the_training_before_follows_the_seed_unless_it_has_its_own() -> None:
    first, then, other_first, other_then = planned(CHAIN).trainings
    assert [c.seed for c in (first, then, other_first, other_then)] == [0, 0, 1, 1]
    assert (then.parent, other_then.parent) == (first.key, other_first.key)
    fixed = planned(CHAIN.replace("epochs: 3}", "epochs: 3, seed: 7}")).trainings
    assert [cell.seed for cell in fixed] == [7, 0, 1]
    assert {cell.parent for cell in fixed[1:]} == {fixed[0].key}
    assert fixed[1].key != then.key


def test_a_resolved_declaration_keeps_the_seed_only_where_it_is_another() -> None:
    assert "seed" not in resolved(load_text(TABLE, "table.yaml"))["train"]
    other = load_text(TABLE.replace("epochs: 64,", "epochs: 64, seed: 1,"), "table.yaml")
    again = load_text(to_yaml(resolved(other)), "again.yaml")
    assert (again.train.seed, again.seed) == (1, 0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SEEDED.replace("[0, 1, 2]", "[0, 1.5]"), "train.seed must be a whole number"),
        (SEEDED.replace("[0, 1, 2]", "[0, -1]"), "train.seed must be at least 0"),
        (SEEDED.replace("[0, 1, 2]", "[0, null]"), "train.seed must be a whole number, got nothing"),
        (
            SEEDED.replace("at train.objective iwae", "at train.objective iwae").replace(
                "decreasing(negative_log_likelihood, train.num_samples)",
                "decreasing(negative_log_likelihood, train.seed)",
            ),
            "train.seed is in no order, so there is no trend along it",
        ),
        (
            SEEDED.replace(
                "decreasing(negative_log_likelihood, train.num_samples) at train.objective iwae",
                "crossover(pathwise, doubly_reparameterized, train.seed) > 1",
            ),
            "train.seed is in no order, so nothing crosses along it",
        ),
        (
            SEEDED.replace("{at: {train.objective: elbo, train.num_samples: 1}", "{at: {train.seed: 1}"),
            "tells trainings apart, not models",
        ),
        (
            CHAIN.replace("vae, data: digits, latent: 5, hidden: [10]", "layered_vae, latent: [5]")
            .replace("{train.seed", "{problem.latent: [[3]], train.seed")
            + "claims: [{id: a, test: mean_norm(pathwise) > 0 at every train.seed, statement: b}]",
            "while problem.latent stays at its base value [5], which the sweep does not run. Add [5] to",
        ),
        (CHAIN.replace("train.seed", "train.after.seed"), "after.seed cannot be swept: sweep train.seed"),
        (
            CHAIN.replace("epochs: 3}", "epochs: 3, after: {epochs: 1}}").replace(
                "train.seed", "train.after.after.seed"
            ),
            "train.after.after.seed cannot be swept: sweep train.seed",
        ),
    ],
)  # fmt: skip
def test_seeds_that_make_no_sense_are_refused(text: str, wanted: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(wanted)):
        declared(text)


REAL = """
experiment: real
problem: {model: layered_vae, data: digits, latent: [3], hidden: [[8]]}
train: {objective: elbo, epochs: 1, checkpoints: [0, 1]}
sweep: {train.seed: [0, 1]}
"""


def test_the_seed_moves_first_parameters_order_and_noise_of_a_real_training(tmp_path: Path) -> None:
    from reportgen.datasets import load

    torch.set_num_threads(1)
    store, cells = Store(tmp_path), planned(REAL).trainings
    for cell in cells:
        store.save(train(cell, lambda: load("digits"), store))
    begun = [load_checkpoint(store, cell.key, 0) for cell in cells]
    moved = [load_checkpoint(store, cell.key, 1) for cell in cells]
    weights = [name for name, value in begun[0].items() if value.dim() > 1]
    assert weights and all(not torch.equal(begun[0][name], begun[1][name]) for name in weights)
    steps = [{name: moved[i][name] - begun[i][name] for name in weights} for i in range(2)]
    assert all(not torch.allclose(steps[0][name], steps[1][name], rtol=1e-3) for name in weights)


# The mean over trainings


def crossed(rng: np.random.Generator, trainings: int, images: int, parts: Sequence[float]) -> np.ndarray:
    """Effects of trainings, of images, and of both together, with these standard deviations."""
    own, common, rest = parts
    return np.asarray(
        own * rng.normal(size=(trainings, 1))
        + common * rng.normal(size=(1, images))
        + rest * rng.normal(size=(trainings, images))
    )


def test_the_interval_over_trainings_and_images_is_its_slow_twin() -> None:
    values = crossed(np.random.default_rng(0), 4, 30, (0.5, 3.0, 1.0))
    (s, i), m = values.shape, values.mean()
    own = sum((values[a].mean() - m) ** 2 for a in range(s)) / (s - 1) / s
    common = sum((values[:, b].mean() - m) ** 2 for b in range(i)) / (i - 1) / i
    rest = sum(
        (values[a, b] - values[a].mean() - values[:, b].mean() + m) ** 2 for a in range(s) for b in range(i)
    )
    common -= rest / ((s - 1) * (i - 1)) / (s * i)
    assert common > 0.0
    half = np.sqrt(stats.t.ppf(0.975, s - 1) ** 2 * own + stats.t.ppf(0.975, i - 1) ** 2 * common)
    found = MeanOverImages(values)
    assert found.value == pytest.approx(m, rel=1e-14)
    assert found.interval(0.95) == pytest.approx((m - half, m + half), rel=1e-12)


def test_of_one_training_it_is_students_t_over_the_images() -> None:
    values = crossed(np.random.default_rng(1), 1, 50, (1.0, 2.0, 0.0))
    wanted = stats.ttest_1samp(values[0], 0.0).confidence_interval(0.99)
    assert MeanOverImages(values).interval(0.99) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_images_that_are_all_alike_leave_students_t_over_the_trainings() -> None:
    values = np.repeat(np.array([[1.0], [2.0], [4.0]]), 20, 1)
    wanted = stats.ttest_1samp([1.0, 2.0, 4.0], 0.0).confidence_interval(0.95)
    assert MeanOverImages(values).interval(0.95) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


MIXTURES = [(1.0, 0.0, 0.0), (0.0, 14.0, 0.0), (0.0, 0.0, 14.0), (1.0, 5.0, 0.0), (0.5, 5.0, 14.0)]


@pytest.mark.parametrize("trainings", [2, 3, 6])
@pytest.mark.parametrize("parts", MIXTURES)
def test_intervals_over_trainings_cover_whatever_scatters(trainings: int, parts: tuple[float, ...]) -> None:
    rng, repeats = np.random.default_rng(5), 800
    made = [MeanOverImages(crossed(rng, trainings, 60, parts)) for _ in range(repeats)]
    least = stats.binom.ppf(1e-4, repeats, 0.95)
    assert sum(low <= 0.0 <= high for low, high in (one.interval(0.95) for one in made)) >= least
    if parts[0] == 1.0:  # what holds the trainings fixed does not
        fixed = [MeanOverImages(one.values.mean(0, keepdims=True)).interval(0.95) for one in made]
        assert sum(low <= 0.0 <= high for low, high in fixed) < least


def test_the_deviation_between_trainings_covers_the_true_one() -> None:
    rng, repeats = np.random.default_rng(6), 2000
    made = [DeviationOverTrainings(0.3 * rng.normal(size=4)).interval(0.95) for _ in range(repeats)]
    covered = sum(low <= 0.3 <= high for low, high in made)
    assert abs(covered - 0.95 * repeats) < 4.0 * np.sqrt(repeats * 0.95 * 0.05)


def test_counts_over_trainings_add_their_parts_as_squares() -> None:
    variance = np.array([0.2, 0.3, 0.0101, 1e-6])
    without = variance * (1.0 + 0.05 * np.random.default_rng(0).normal(size=(20, 4)))
    one = activity.ActiveUnits(variance, without)
    other = activity.ActiveUnits(np.array([0.2, 0.3, 0.4, 1e-6]), np.full((20, 4), [0.2, 0.3, 0.4, 1e-6]))
    assert (one.interval(0.95), other.interval(0.95)) == ((2.0, 3.0), (3.0, 3.0))
    found = MeanOverTrainings((one, other, replace_units(other, 4)))
    assert found.value == pytest.approx(10.0 / 3.0)
    reach = stats.t.ppf(0.975, 2) * np.std([3, 3, 4], ddof=1) / np.sqrt(3)
    low, high = found.value - np.hypot(1.0 / 3.0, reach), found.value + reach
    assert found.interval(0.95) == pytest.approx((low, high))
    assert replace(found, ends=(2.0, 4.0)).interval(0.95) == pytest.approx((2.0, 4.0))
    spread = MeanOverTrainings((other, replace_units(other, 4)))
    reach = stats.t.ppf(0.975, 1) * np.std([3, 4], ddof=1) / np.sqrt(2)
    assert spread.interval(0.95) == pytest.approx((3.5 - reach, 3.5 + reach))


@pytest.mark.parametrize("trainings", [2, 3])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_counts_that_agree_in_few_trainings_are_not_known_exactly(trainings: int, share: float) -> None:
    """Of a count that is one more in some trainings, few agree by chance, and their mean does not follow."""
    rng, repeats = np.random.default_rng(8), 400
    blank = activity.ActiveUnits(np.full(50, 0.5), np.full((20, 50), 0.5))
    units = [replace_units(blank, 20), replace_units(blank, 21)]
    made = [MeanOverTrainings(tuple(units[int(rng.random() < share)] for _ in range(trainings)))
            for _ in range(repeats)]  # fmt: skip
    covered = sum(low <= 20.0 + share <= high for low, high in (one.interval(0.95) for one in made))
    assert covered >= stats.binom.ppf(1e-4, repeats, 0.95)
    every = replace_units(blank, 50)
    assert MeanOverTrainings((every, every), (0.0, 50.0)).interval(0.95)[1] == 50.0


def test_a_mean_of_counts_stays_within_the_units_there_are() -> None:
    experiment, plan = declared(), planned()
    made = records(experiment, plan)
    for cell in plan.judgements:
        count = (50, 50, 49)[int(cell.setting["train.seed"])]
        made[cell.key] = judgement(cell, nll_of(experiment, cell), (count,))
    (units,) = of(collect(experiment, plan, made), "iwae", 50).active
    assert units.value == pytest.approx(149 / 3) and units.low < 49.0 and units.high == 50.0


def replace_units(units: activity.ActiveUnits, count: int) -> activity.ActiveUnits:
    variance = np.where(np.arange(len(units.variance)) < count, 0.5, 1e-6)
    return activity.ActiveUnits(variance, np.repeat(variance[None], 20, 0))


# Models, their claims and rows


def trainings_of(findings: Findings, objective: str, k: int) -> tuple[JudgementRecord, ...]:
    return of(findings, objective, k).records


def test_a_model_is_told_by_the_mean_over_its_trainings(seeded: Findings) -> None:
    assert len(seeded.models) == 6
    model = of(seeded, "iwae", 5)
    assert (len(model.cells), len(model.records)) == (3, 3)
    assert "train.seed" not in model.setting
    assert model.likelihood.value == pytest.approx(85.54)
    assert model.likelihood.replicates == 3
    alone = likelihood_of(model.records[:1])
    assert alone.value == pytest.approx(85.54 - 0.3)
    assert alone.replicates == 200
    assert model.spread.value == pytest.approx(np.std(SPREAD, ddof=1))
    assert model.difference.value == pytest.approx(0.0, abs=1e-9)
    assert not deviation_of(model.records[:1]).available


def test_differences_pair_trainings_of_one_seed(seeded: Findings) -> None:
    first, second = trainings_of(seeded, "iwae", 5), trainings_of(seeded, "iwae", 50)
    paired = difference_of(first, second)
    assert paired.value == pytest.approx(85.54 - 84.78)
    assert paired == difference_of(first, tuple(reversed(second)))
    # Seeds move both alike here, so that the trainings' part is gone and the images' is left.
    assert paired.high - paired.low < 0.2 < likelihood_of(first).high - likelihood_of(first).low
    two = difference_of(first, second[1:])
    assert two.replicates == 2
    strangers = [replace(one, setting={**one.setting, "train.seed": 10 + i}) for i, one in enumerate(second)]
    with pytest.raises(NotAvailableError, match=r"no training of the one has the train\.seed"):
        likelihood.difference(first, strangers)


def unequal(*blocks: str, claims: bool = True) -> str:
    """The table with sweeps in which not every model is trained from the same seeds."""
    head, _, rest = TABLE.partition("sweep: ")
    listed = "".join(f"  - {{{block}}}\n" for block in blocks)
    return f"{head}sweep:\n{listed}" + rest[rest.index("claims:") :] * claims


BOTH = "train.objective: [elbo, iwae], train.num_samples: "


@pytest.mark.parametrize(
    ("blocks", "wanted"),
    [
        ((f"{BOTH}[1, 5], train.seed: [0, 1]", f"{BOTH}[50], train.seed: [2, 3, 4]"), ([], 3)),
        ((f"{BOTH}[1, 5, 50]",), ([], 1)),
        ((f"{BOTH}[1, 5], train.seed: [3]",), ([("elbo", 5), ("iwae", 1), ("iwae", 5)], 2)),  # the base has 0
        (
            (f"{BOTH}[1, 5], train.seed: [0, 1]", "train.objective: [iwae], train.num_samples: [50]"),
            ([("iwae", 50)], 2),
        ),
        ((f"{BOTH}[5, 50], train.seed: [1, 2]",), ([("elbo", 1)], 2)),
    ],
)
def test_models_trained_once_beside_others_of_several_are_found(
    blocks: Sequence[str], wanted: tuple[list[tuple[str, int]], int]
) -> None:
    found = trained_once(planned(unequal(*blocks, claims=False)))
    told = [(model["train.objective"], model["train.num_samples"]) for model in found.models]
    assert (told, found.most) == wanted


def test_a_step_from_one_training_to_several_is_judged_where_they_share_a_seed() -> None:
    several = "train.objective: [iwae], train.num_samples: [5], train.seed: [0, 1, 2]"
    found = models(declared(unequal(f"{BOTH}[1, 5, 50]", several)), shift=by_seed)
    steps = next(claim for claim in found.claims if claim.id == "bound-pays").details
    assert [step.setting["train.num_samples"] for step in steps] == ["1 → 5", "5 → 50"]
    assert [step.estimate.replicates for step in steps] == [200, 200]
    assert all("train.seed" not in step.setting for step in steps)
    assert "1 → 5" in str(steps[0].setting) and page_of(found)


def test_models_of_several_trainings_with_one_seed_in_common_are_not_compared() -> None:
    """One pair of trainings need not differ as the means over all do."""
    text = unequal(f"{BOTH}[1, 5], train.seed: [0, 1, 2]", f"{BOTH}[50], train.seed: [2, 3, 4]")
    found = models(declared(text), shift=lambda cell: 0.4 * cell.setting["train.seed"])
    (claim,) = (claim for claim in found.claims if claim.id == "bound-pays")
    assert [step.verdict for step in claim.details] == ["confirmed", "undecided"]
    assert claim.cause == "one training alone of each has a train.seed that both models have"
    assert of(found, "iwae", 50).orderings.looked_at == 1  # against the VAE, which has its seeds


def test_verify_does_not_hold_paired_trainings_against_means_over_others() -> None:
    text = unequal(f"{BOTH}[1, 5], train.seed: [0, 1, 2]", f"{BOTH}[50], train.seed: [1, 2, 3]")
    found = models(declared(text), shift=lambda cell: 0.1 * cell.setting["train.seed"])
    step = next(claim for claim in found.claims if claim.id == "bound-pays").details[1]
    assert step.estimate.value == pytest.approx(84.78 - 85.54)
    assert step.estimate.replicates == 2
    rows = read_rows(csv_text(found).encode(), Path("results.csv"))
    assert list(disagreements(found.experiment, rows, claims_data(found))) == []


def test_the_seed_of_the_base_need_not_be_swept() -> None:
    found = models(declared(SEEDED.replace("[0, 1, 2]", "[1, 2]")), shift=lambda _: 0.0)
    assert [len(model.cells) for model in found.models] == [3, 2, 2, 2, 2, 2]
    runs = found.series("train.num_samples")
    assert [run.fixed["train.seed"] for run in runs] == [1, 1]
    assert [run.fixed["train.objective"] for run in runs] == ["elbo", "iwae"]
    page = text_of(page_of(found))
    assert "Where a model was trained several times, the training with seed 1 is shown." in page


def test_a_model_judged_in_fewer_trainings_is_still_the_one_it_shares_them_with() -> None:
    """VAE and IWAE of one sample are one cell of the published table, whatever of either is judged."""
    experiment, plan = declared(), planned()
    made = records(experiment, plan)
    for cell in plan.judgements:
        one = (cell.setting["train.objective"], cell.setting["train.num_samples"]) == ("iwae", 1)
        if one and cell.setting["train.seed"] == 0:
            made[cell.key] = paused(made[cell.key])
    fewer, whole = collect(experiment, plan, made), collect(experiment, plan, records(experiment, plan))
    looked = [[model.orderings.looked_at for model in each.models] for each in (fewer, whole)]
    assert looked[0] == looked[1]


def test_a_mean_over_trainings_leads_to_a_cell_that_was_judged() -> None:
    experiment, plan = declared(), planned()
    made = records(experiment, plan)
    lost = [cell for cell in plan.judgements if cell.setting["train.seed"] == 0]
    for cell in lost:
        made[cell.key] = replace(paused(made[cell.key]), cause="RuntimeError: boom", paused=False)
    found = collect(experiment, plan, made)
    rows = [row for row in found.rows if row.setting["train.seed"] == "every"]
    assert rows and {row.cell for row in rows} <= {record.key for record in found.judgements}
    page = text_of(page_of(found))
    assert "2 of 3 trainings judged" in page and "not run; 2 of 3" not in page
    assert "Models of the table not judged in every training." in page
    made |= {cell.key: paused(made[cell.key]) for cell in plan.judgements if cell not in lost}
    page = text_of(page_of(collect(experiment, plan, made)))
    assert "Models of the table without numbers." in page
    assert "the mean of the 5000-sample bound over 200 test images" in page


def test_counts_are_means_over_trainings() -> None:
    experiment, plan = declared(), planned()
    made = records(experiment, plan)
    for cell in plan.judgements:
        count = 20 + int(cell.setting["train.seed"])
        made[cell.key] = judgement(cell, nll_of(experiment, cell), (count,))
    found = collect(experiment, plan, made)
    (units,) = of(found, "iwae", 50).active
    reach = stats.t.ppf(0.975, 2) * 1.0 / np.sqrt(3)
    assert (units.value, units.low, units.high) == pytest.approx((21.0, 21.0 - reach, 21.0 + reach))
    page = text_of(page_of(found))
    assert "21.0 (18.5 to 23.5)" in page


def test_claims_take_trainings_together_unless_a_scope_tells_them_apart() -> None:
    falling = "decreasing(negative_log_likelihood, train.num_samples) at train.objective iwae"
    text = SEEDED.partition("claims:\n")[0] + (
        "claims:\n"
        f"  - {{id: together, statement: a, test: '{falling}'}}\n"
        f"  - {{id: apart, statement: b, test: '{falling} and at every train.seed'}}\n"
        f"  - {{id: one, statement: c, test: '{falling} and at train.seed 2'}}\n"
        "  - {id: below, statement: d, test: 'negative_log_likelihood < 90 at train.num_samples 50'}\n"
    )
    together, apart, one, below = models(declared(text), shift=by_seed).claims
    assert [len(claim.details) for claim in (together, apart, one, below)] == [2, 6, 2, 2]
    assert [claim.verdict for claim in (together, apart, one, below)] == ["confirmed"] * 4
    assert together.details[0].setting == {"train.objective": "iwae", "train.num_samples": "1 → 5"}
    assert {step.setting["train.seed"] for step in apart.details} == {0, 1, 2}
    assert (together.details[0].estimate.replicates, apart.details[0].estimate.replicates) == (3, 200)


def test_what_one_training_shows_by_chance_the_mean_over_them_does_not() -> None:
    """Every training's own interval over images calls a difference sure that trainings do not agree on."""
    swaps = {0: 1.0, 1: -1.2, 2: 0.9}

    def swapped(cell: Any) -> float:
        return swaps[int(cell.setting["train.seed"])] if cell.setting["train.num_samples"] == 50 else -0.76

    claims = models(declared(), shift=swapped).claims
    assert [c.verdict for c in claims if c.id == "bound-pays"] == ["undecided"]
    (alone,) = models(
        declared(SEEDED.replace("iwae\n  - id: iwae-wins", "iwae and at train.seed 0\n  - id: iwae-wins")),
        shift=swapped,
    ).claims[:1]
    assert alone.verdict == "refuted"


def test_rows_hold_every_training_and_the_mean_over_them(seeded: Findings) -> None:
    rows = [
        row
        for row in seeded.rows
        if row.estimator == "model"
        and (row.setting["train.objective"], row.setting["train.num_samples"]) == ("iwae", 50)
    ]
    likelihoods = [r for r in rows if r.statistic == "negative_log_likelihood"]
    assert [r.setting["train.seed"] for r in likelihoods] == [0, 1, 2, "every"]
    assert likelihoods[-1].value == pytest.approx(np.mean([r.value for r in likelihoods[:-1]]))
    assert [r.replicates for r in likelihoods] == [200, 200, 200, 3]
    deviations = [r for r in rows if r.statistic == "training_deviation"]
    assert [r.setting["train.seed"] for r in deviations] == ["every"]
    against = [r for r in rows if r.statistic == "difference_to_published"]
    assert [r.value for r in against] == pytest.approx([*SPREAD, 0.0], abs=1e-9)
    assert seeded.row_count == len(seeded.rows)


def test_compare_holds_means_over_trainings_against_the_trainings(seeded: Findings) -> None:
    """Two degrees of freedom: what a normal tail would call drift is not."""
    moved = models(declared(), shift=lambda cell: by_seed(cell) + 1.0)
    found = [
        n
        for n in compare_numbers(seeded.rows, moved.rows, 3)
        if n.row.setting["train.seed"] == "every" and n.row.statistic == "negative_log_likelihood"
    ]
    assert found and {n.status for n in found} == {EQUIVALENT}


def test_a_training_that_is_not_finished_leaves_the_others_and_is_told() -> None:
    experiment, plan = declared(), planned()
    made = records(experiment, plan, shift=by_seed)
    lost = [
        c for c in plan.judgements if c.setting["train.seed"] == 2 and c.setting["train.num_samples"] == 50
    ]
    for cell in lost:
        made[cell.key] = replace(paused(made[cell.key]), cause="not begun")
    found = collect(experiment, plan, made)
    model = of(found, "iwae", 50)
    assert (len(model.records), len(model.cells), model.waiting) == (2, 3, True)
    assert model.likelihood.value == pytest.approx(84.78 + np.mean(SPREAD[:2]))
    assert {claim.verdict for claim in found.claims} == {"undecided"}
    page = text_of(page_of(found))
    assert "paused; the next run continues; 2 of 3 trainings judged" in page
    for cell in (cell for cell in plan.judgements if cell in lost or cell.setting["train.seed"] == 1):
        if cell.setting["train.num_samples"] == 50:
            made[cell.key] = paused(made[cell.key])
    drawn = likelihood_by_model.data(found := collect(experiment, plan, made))
    assert drawn is not None
    told = likelihood_by_model.caption(found, drawn)
    assert (
        "over trainings and the choice of images, for a model with one training over the images alone" in told
    )
    page = text_of(page_of(found))
    assert (
        "the half-width of a 95% interval over trainings and images, "
        "for a model with one training over images alone" in page
    )


# The report


def test_the_report_says_over_what_its_intervals_are(pages: tuple[str, str]) -> None:
    page, alone = pages
    assert "ours with the half-width of a 95% interval over trainings and images, after" in page
    assert "means over 3 trainings, which differ only in their seed" in page
    assert "networks trained from different seeds" not in page
    assert re.search(r"has a standard deviation of 0\.26 \(0\.14 to 1\.7\) nats for", page)
    assert "Trainings per model––3" in page
    told = "their standard deviation is taken to be at least that of rounding to whole units"
    assert told in page and told not in alone
    assert "networks trained from different seeds" in alone and "interval over images" in alone


def test_one_model_of_several_trainings_is_one() -> None:
    text = TABLE[: TABLE.index("published:")] + "sweep: {train.seed: [0, 1, 2]}\n"
    experiment = declared(text)
    plan = planned(text)
    done: dict[str, Any] = {cell.key: trained_well(cell) for cell in plan.trainings}
    page = text_of(page_of(collect(experiment, plan, done)))
    assert "One model was trained, in three trainings from several seeds, each as" in page


def test_figures_show_every_training(seeded: Findings, alone: Findings) -> None:
    drawn = likelihood_by_model.data(seeded)
    assert drawn is not None
    assert all(len(mark.each) == 3 for _, mark in drawn.marks)
    assert "Ticks are single trainings" in likelihood_by_model.caption(seeded, drawn)
    curves = learning_curves.data(seeded)
    assert curves is not None
    low, high = learning_curves._scale(curves)
    for curve in curves.curves:
        assert len(curve.each) == 3
        assert all(low < value < high for points in curve.each for epoch, value in points if epoch > 0)
        assert curve.points[-1][1] == pytest.approx(np.mean([points[-1][1] for points in curve.each]))
    for name in ("likelihood_by_model", "learning_curves"):
        sketch, plain = sketched(seeded, name), sketched(alone, name)
        assert sketch is not None and plain is not None
        table = sketch.table
        at = [column.name for column in table.columns].index("Seed")
        assert set(table.column(at)) == {"every", "0", "1", "2"}
        assert all((row.mark is None) == (row.cells[at] != "every") for row in table.rows)
        assert "Seed" not in [column.name for column in plain.table.columns]
    told = {row.cells[2]: row.cells[3] for row in likelihood_by_model.table(drawn).rows[:4]}
    assert [told[str(seed)] for seed in range(3)] == pytest.approx([86.76 + shift for shift in SPREAD])
    for name in ("unit_activity", "model_images", "signal_by_model"):
        sketch = sketched(seeded, name)
        assert sketch is not None and "Of several trainings of a model, the first is shown." in sketch.caption
        plain = sketched(alone, name)
        assert plain is not None and "Of several trainings" not in plain.caption


def test_bars_of_bounds_are_over_what_each_model_has(seeded: Findings, alone: Findings) -> None:
    several = "train.objective: [iwae], train.num_samples: [5], train.seed: [0, 1, 2]"
    mixed = models(declared(unequal(f"{BOTH}[1, 5, 50]", several)), shift=by_seed)
    told = []
    for found in (seeded, alone, mixed):
        data = bound_against_k.data(found)
        assert data is not None
        told += re.findall(r"Bars are 95% intervals over (.*?);", bound_against_k.caption(found, data))
    assert told == [
        "trainings and images",
        "images",
        "trainings and images, for a model with one training over images alone",
    ]


def test_a_ratio_of_variances_is_told_over_trainings(seeded: Findings, alone: Findings) -> None:
    pair = ("doubly_reparameterized", "pathwise")
    found = ratio_over_trainings(seeded, *pair, "iwae")
    assert found is not None and found.checkpoint == 64 and len(found.each) == 3
    logs = np.log([one.value for one in found.each])
    reach = stats.t.ppf(0.975, 2) * logs.std(ddof=1) / np.sqrt(3)
    wanted = np.exp([logs.mean(), logs.mean() - reach, logs.mean() + reach])
    assert (found.mean.value, found.mean.low, found.mean.high) == pytest.approx(tuple(wanted))
    told = section_of_training.trained_anew(seeded, [("iwae",)], *pair)
    assert told.startswith("Over three trainings with different seeds, the variance of")
    assert ratio_over_trainings(alone, *pair, "iwae") is None


def test_what_is_told_over_trainings_names_no_seed(pages: tuple[str, str]) -> None:
    page, _ = pages
    (told,) = re.findall(r"Over three trainings with different seeds, [^;]*?single trainings", page)
    assert "(model: VAE, k = 1)" in told and "seed 0" not in told
    assert "these are each one model, trained once from each seed: VAE, k = 1 and IWAE, k = 1" in page
    assert "except those called intervals over trainings" in page
    assert "from one declaration, 15 trainings, 18 judgements of them (three trainings are judged" in page


def test_other_trainings_are_told_beside_the_learning_curve_and_what_they_continue_is_not() -> None:
    chain = CHAIN + "measure: {images: 3, min_replicates: 100}\nobjective: [iwae]\nestimators: [pathwise]\n"
    experiment = load_text(chain.replace("sweep", "judge: {images: 200}\nsweep"), "chain.yaml")
    plan = make_plan(experiment, "0" * 64)
    made: dict[str, Any] = {cell.key: training(cell) for cell in plan.trainings}
    caption = learning_curve.caption(found := collect(experiment, plan, made), _drawn(found))
    assert re.search(r"; of other trainings the test bound is −\d+\.\d\d \(seed 1\)\.", caption)


def _drawn(findings: Findings) -> learning_curve.LearningCurve:
    data = learning_curve.data(findings)
    assert data is not None
    return data


def test_a_seed_is_no_setting_to_draw_variance_against(seeded: Findings) -> None:
    assert "train.seed" not in {run.path for run in seeded.series()}
    assert all(run.fixed["train.seed"] == 0 for run in seeded.series())


def test_units_of_a_layer_that_is_not_there_are_refused_of_every_training(seeded: Findings) -> None:
    missing = active_of(trainings_of(seeded, "iwae", 5), "layer3")
    assert missing.status == "broken: no layer 'layer3', there are layer1, all"


def test_trainings_and_models_are_counted_apart(pages: tuple[str, str]) -> None:
    page, alone = pages
    assert "of each of 15 trainings of five models" in page
    assert "It is VAE, k = 1, seed 0, one of 15 trainings of five models" in page
    assert "Five models were trained, in 15 trainings from several seeds, each as" in page
    assert "of each of five trained models" in alone and "Five models were trained, each as" in alone


UNJUDGED = SEEDED[: SEEDED.index("judge:")] + SEEDED[SEEDED.index("sweep:") : SEEDED.index("claims:")]


def test_a_model_that_is_not_judged_is_measured_in_other_trainings_too() -> None:
    page = text_of(page_of(models(declared(UNJUDGED))))
    assert "at three checkpoints of each of three training runs" in page
    last = UNJUDGED.replace("sweep_checkpoints: every", "sweep_checkpoints: last")
    assert "at three checkpoints of one of three training runs" in text_of(page_of(models(declared(last))))
    assert "Over three trainings with different seeds" in page


def test_what_was_too_few_to_tell_is_said(seeded: Findings) -> None:
    values = np.array([[1.0], [-0.4], [1.2]]) + 0.1 * np.random.default_rng(0).normal(size=(1, 400))
    model, level = MeanOverImages(values), 0.95
    low, high = model.interval(level)
    assert low < 0.0 < high
    enough = model.trainings_to_tell(0.0, level)
    assert enough is not None

    def half_width(trainings: int) -> float:
        by_image = stats.t.ppf(0.975, 399) ** 2 * values.mean(0).var(ddof=1) / 400
        spread = values.mean(1).var(ddof=1) / trainings
        return float(np.sqrt(by_image + stats.t.ppf(0.975, trainings - 1) ** 2 * spread))

    assert half_width(enough) < model.value < half_width(enough - 1)
    assert model.trainings_to_tell(model.value + 1e-6, level) is None
    unequal = MeanOverImages(np.array([[1.0], [-0.9], [-0.05]]) + np.zeros((1, 400)))
    assert unequal.trainings_to_tell(0.0, level) == MOST + 1
    swaps = {0: -0.6, 1: 0.2, 2: -0.5}

    def swapped(cell: Any) -> float:
        return swaps[int(cell.setting["train.seed"])] if cell.setting["train.num_samples"] == 50 else -0.76

    found = models(declared(), shift=swapped)
    (claim,) = (claim for claim in found.claims if claim.id == "bound-pays")
    told = r"3 trainings are too few to tell; with their spread and mean \d\d would be enough"
    assert claim.cause is not None and re.fullmatch(told, claim.cause)
    assert re.search(told, text_of(page_of(found)))
    (few,) = models(
        declared(TABLE), shift=lambda cell: 0.75 if cell.setting["train.num_samples"] == 50 else 0.0
    ).claims[:1]
    assert (few.verdict, few.cause) == ("undecided", "200 images are too few to tell")


def test_statistics_of_models_are_explained_where_they_are_told(
    seeded: Findings, pages: tuple[str, str]
) -> None:
    several, alone = pages
    for name in {row.statistic for row in seeded.rows if row.estimator == "model"}:
        assert name in several[several.index("Statistics") :], name
    assert "training_deviation" not in alone and "difference_to_published" in alone
