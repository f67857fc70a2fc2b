"""Judged models: likelihood, active units, published numbers beside them, rows, against twins and oracles."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reportgen.declaration import load_text
from reportgen.findings import Findings, collect, csv_text
from reportgen.findings.models import activity, likelihood
from reportgen.findings.models.budget import Budget
from reportgen.findings.models.statistics import active_of, likelihood_of
from reportgen.findings.models.table import JudgedModel
from reportgen.findings.models.verdict import (
    NOT_JUDGED,
    NOT_REPRODUCED,
    NOT_RUN,
    ORDERED,
    REPRODUCED,
    UNDECIDED,
    Orderings,
    orderings,
    orderings_of_all,
    verdict,
)
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError
from reportgen.plan import make_plan
from reportgen.store.records import BrokenRecord, JudgementRecord
from tests.synthetic_models import TABLE, declared, judgement, models, paused, records, two_layers


@pytest.fixture(scope="module")
def record() -> JudgementRecord:
    experiment = declared()
    cell = make_plan(experiment, "0" * 64).judgements[0]
    return judgement(cell, 86.5, (19,))


def of(findings: Findings, objective: str, k: int, **more: Any) -> JudgedModel:
    """The model with this training objective and k."""
    wanted = {"train.objective": objective, "train.num_samples": k, **more}
    return next(m for m in findings.models if all(m.setting.get(p) == v for p, v in wanted.items()))


def test_likelihood_is_minus_the_mean_of_the_last_bound_with_students_t(record: JudgementRecord) -> None:
    found, losses = likelihood.negative_log_likelihood([record]), -record.arrays["bounds"][:, -1]
    wanted = stats.ttest_1samp(losses, 0.0).confidence_interval(0.99)
    assert found.value == pytest.approx(86.5, abs=1e-10)
    assert found.interval(0.99) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


@pytest.mark.parametrize("k", [1, 5, 50, 500, 5000])
def test_bounds_of_every_k(record: JudgementRecord, k: int) -> None:
    values = record.arrays["bounds"][:, record.curve.index(k)]
    wanted = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert likelihood.bound([record], k).interval(0.95) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_a_bound_that_was_not_judged_is_no_number(record: JudgementRecord) -> None:
    with pytest.raises(LookupError, match="no bound of 7 samples was judged; there are 1, 5, 50, 500, 5000"):
        likelihood.bound([record], 7)


def test_differences_pair_rows_of_the_test_part_and_not_positions(record: JudgementRecord) -> None:
    order = np.random.default_rng(0).permutation(len(record.images))[:150]
    bounds = record.arrays["bounds"][order] - np.random.default_rng(1).normal(0.4, 0.3, (150, 1))
    other = replace(
        record,
        images=tuple(record.images[i] for i in order),
        arrays={**record.arrays, "bounds": bounds},
    )
    found = likelihood.difference([other], [record])
    mine = -bounds[np.argsort(order), -1]
    theirs = -record.arrays["bounds"][np.sort(order), -1]
    wanted = stats.ttest_rel(mine, theirs).confidence_interval(0.95)
    assert found.interval(0.95) == pytest.approx((wanted.low, wanted.high), rel=1e-9)
    width = found.interval(0.95)[1] - found.interval(0.95)[0]
    assert width < 0.2 < likelihood.negative_log_likelihood([record]).interval(0.95)[1] - 86.5


def test_a_difference_needs_shared_images(record: JudgementRecord) -> None:
    other = replace(record, images=tuple(1000 + i for i in record.images))
    with pytest.raises(NotAvailableError, match="needs 2 images that all models were judged on, found 0"):
        likelihood.difference([record], [other])


def test_a_bound_that_is_not_finite_is_said_and_not_averaged(record: JudgementRecord) -> None:
    bounds = record.arrays["bounds"].copy()
    bounds[3, -1] = -np.inf
    found = likelihood_of([replace(record, arrays={**record.arrays, "bounds": bounds})])
    assert not found.available
    assert found.status == "not available: the bound is not a finite number at 1 of 200 images"


def test_active_units_are_counted_layer_by_layer() -> None:
    experiment = two_layers()
    cell = make_plan(experiment, "0" * 64).judgements[-1]
    found = judgement(cell, 83.0, (26, 7))
    counts = [active_of([found], group) for group in activity.groups(found)]
    assert activity.groups(found) == ("layer1", "layer2", "all")
    assert [(c.value, c.low, c.high) for c in counts] == [(26, 26, 26), (7, 7, 7), (33, 33, 33)]
    missing = active_of([found], "layer3")
    assert missing.status == "broken: no layer 'layer3', there are layer1, layer2, all"


def test_the_interval_of_a_count_is_that_of_its_units() -> None:
    """A twin: every unit by itself, with the pseudo-values of its leave-outs."""
    rng = np.random.default_rng(4)
    variance = np.exp(rng.uniform(np.log(2e-3), np.log(5e-2), 30))
    without = variance * (1.0 + 0.05 * rng.normal(size=(20, 30)))
    sure = possible = 0
    for value, left_out in zip(variance, without.T, strict=True):
        error = np.sqrt(19.0 / 20.0 * np.sum((left_out - np.mean(left_out)) ** 2))
        reach = stats.t.ppf(1.0 - 0.05 / 30 / 2, 19) * error
        sure += value - reach > 0.01
        possible += not value + reach < 0.01
    found = activity.ActiveUnits(variance, without)
    assert found.interval(0.95) == (sure, possible)
    assert sure < found.value < possible


def test_a_unit_whose_variance_is_estimated_below_zero_is_surely_inactive() -> None:
    variance = np.array([-1e-5, 0.0, 0.2])
    without = variance * np.linspace(0.9, 1.1, 20)[:, None]
    assert activity.ActiveUnits(variance, without).interval(0.95) == (1.0, 1.0)


def test_intervals_of_counts_cover_the_true_count() -> None:
    """Units with known variances of their posterior means, ten of twelve of them near the threshold."""
    rng = np.random.default_rng(8)
    true = np.array([1e-5, 0.3, *np.linspace(0.0085, 0.0118, 10)])
    images, repeats, covered, narrow = 400, 300, 0, 0
    for _ in range(repeats):
        means = rng.normal(size=(images, len(true))) * np.sqrt(true)
        bucket = rng.permutation(images) % 20
        without = np.stack([means[bucket != s].var(0, ddof=1) for s in range(20)])
        low, high = activity.ActiveUnits(means.var(0, ddof=1), without).interval(0.95)
        covered += low <= (true > 0.01).sum() <= high
        narrow += high - low < len(true)
    assert covered / repeats > 0.95 - 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert narrow == repeats


VERDICTS = [
    ((0.4, 0.1, 0.7), Orderings(), REPRODUCED),
    ((0.4, 0.1, 0.7), Orderings(0, 3), REPRODUCED),
    ((1.5, 1.2, 1.8), Orderings(3, 3), ORDERED),
    ((0.9, 0.5, 1.3), Orderings(3, 3), ORDERED),
    ((1.5, 1.2, 1.8), Orderings(2, 3), NOT_REPRODUCED),
    ((-1.5, -1.8, -1.2), Orderings(), NOT_REPRODUCED),
    ((0.9, 0.5, 1.3), Orderings(), UNDECIDED),
    ((float("nan"),) * 3, Orderings(3, 3), UNDECIDED),
]


@pytest.mark.parametrize(("ends", "told", "wanted"), VERDICTS)
def test_verdicts(ends: tuple[float, float, float], told: Orderings, wanted: str) -> None:
    assert verdict(Estimate(*ends), 1.0, told) == wanted


def test_orderings_are_looked_at_where_the_interval_could_not_hide_them_and_hold_where_ours_do() -> None:
    made = judged(90.0, 89.0, 89.4, 80.0)
    published = (86.8, 86.0, 85.0, None)
    # Paired intervals are about ±0.15: 86.8 > 86.0 holds, 86.8 > 85.0 holds, 86.0 > 85.0 does not.
    found = orderings(made, published)
    assert found == (Orderings(2, 2), Orderings(1, 2, 1), Orderings(1, 2, 1), Orderings(0, 0))
    close = orderings(made[:2], (86.05, 86.0))
    assert close == (Orderings(0, 0), Orderings(0, 0))
    assert orderings([made[0], []], (86.8, 86.0)) == (Orderings(), Orderings())


@pytest.mark.parametrize(("published", "shortened"), [(9, False), (10, False), (11, True), (None, False)])
def test_a_training_as_long_as_the_published_one_is_not_shortened(
    published: int | None, shortened: bool
) -> None:
    assert Budget(10, None, published).shortened is shortened


@pytest.mark.parametrize(("more", "level"), [((), 0.95), ((80.0,), 1.0 - 0.05 / 3)])
def test_an_interval_hides_what_its_half_width_is_not_below(more: tuple[float, ...], level: float) -> None:
    """Of the first pair, paired image by image: Student's t, of all pairs of the table together at 95 %."""
    made = judged(90.0, 89.0, *more)
    first, second = (model[0].arrays["bounds"][:, -1] for model in made[:2])
    ends = stats.ttest_1samp(second - first, 0.0).confidence_interval(level)
    half, others = (ends.high - ends.low) / 2.0, 2 * len(more)
    for apart, looked_at in ((0.99 * half, 0), (1.01 * half, 1)):
        wanted = Orderings(looked_at + others, looked_at + others)
        assert orderings_of_all(made, (86.0 + apart, 86.0, *more)) == wanted


def judged(*nlls: float) -> list[list[JudgementRecord]]:
    """Models of one training each."""
    cell = make_plan(declared(), "0" * 64).judgements[0]
    cells = [replace(cell, key=f"judged {i}", training_key=f"trained {i}") for i in range(len(nlls))]
    return [[judgement(one, nll, (19,), own=0.5)] for one, nll in zip(cells, nlls, strict=True)]


def test_a_pair_that_is_surely_reversed_is_told_from_one_that_is_not_decided() -> None:
    made, published = judged(86.0, 87.0, 86.02), (86.8, 86.0, 85.0)
    assert orderings(made, published) == (Orderings(0, 2, 1), Orderings(1, 2, 1), Orderings(1, 2))
    assert orderings_of_all(made, published) == Orderings(1, 3, 1)
    assert orderings_of_all(made, published).undecided == 1


def test_two_cells_of_one_training_are_looked_at_once() -> None:
    first, second, third = judged(86.8, 86.0, 85.0)
    twin = [replace(first[0], key="judged again")]
    made, published = (first, second, twin, third), (86.8, 86.0, 86.8, 85.0)
    assert orderings_of_all(made, published) == Orderings(3, 3) == orderings_of_all(made[1:], published[1:])
    assert orderings(made, published) == (Orderings(2, 2),) * 4


def test_the_table_joins_published_numbers_by_their_settings() -> None:
    found = models(shift=lambda cell: 0.25 if cell.setting["train.num_samples"] == 5 else 3.0)
    assert len(found.models) == 6
    five = of(found, "iwae", 5)
    assert five.published is not None and five.published.nll == 85.54
    assert five.difference.value == pytest.approx(0.25, abs=1e-9)
    assert five.difference.high - five.difference.low == pytest.approx(
        five.likelihood.high - five.likelihood.low
    )
    assert [unit.value for unit in five.active] == [22]
    assert five.budget is not None
    assert (five.budget.epochs, five.budget.updates, five.budget.published) == (64, 4800, 3280)
    assert five.budget.shortened
    assert of(found, "iwae", 1).training is of(found, "elbo", 1).training
    assert of(found, "iwae", 1).objective == "iwae"


def test_exact_numbers_on_many_images_are_reproduced() -> None:
    found = models(shift=lambda cell: 0.1, images=3000)
    assert {model.verdict for model in found.models} == {REPRODUCED}


def test_a_shift_of_all_keeps_the_order() -> None:
    found = models(shift=lambda cell: 4.0)
    assert {model.verdict for model in found.models} == {ORDERED}
    five = of(found, "iwae", 50)
    assert five.orderings.held == five.orderings.looked_at > 3


def test_what_breaks_the_order_is_not_reproduced() -> None:
    found = models(shift=lambda cell: 12.0 if cell.setting["train.objective"] == "iwae" else 4.0)
    assert of(found, "iwae", 50).verdict == NOT_REPRODUCED
    assert of(found, "elbo", 50).verdict == NOT_REPRODUCED


def test_numbers_that_must_not_be_compared_are_not_judged() -> None:
    experiment = declared(TABLE.replace("epochs: 3280", "epochs: 3280\n  comparable: these are 8x8 digits"))
    assert {model.verdict for model in models(experiment).models} == {NOT_JUDGED}


def test_a_published_number_without_a_model_is_a_row_all_the_same() -> None:
    text = TABLE.replace(
        "  values:\n",
        "  values:\n    - {at: {train.objective: iwae, train.num_samples: 500}, nll: 84.5}\n",
    )
    last = models(declared(text)).models[-1]
    assert (last.verdict, last.cause) == (NOT_RUN, "the declaration trains no such model")
    assert last.published is not None and last.published.nll == 84.5


def test_a_paused_training_is_not_run_and_says_how_far_it_is() -> None:
    experiment = declared()
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    lost = next(c for c in plan.trainings if c.train["objective"] == "iwae" and c.train["num_samples"] == 50)
    made[lost.key] = paused(made[lost.key])
    for cell in (*plan.judgements, *plan.measurements):
        if cell.training_key == lost.key:
            made[cell.key] = replace(paused(made[cell.key]), cause="not begun")
    found = collect(experiment, plan, made)
    model = of(found, "iwae", 50)
    assert (model.verdict, model.waiting, model.cause) == (NOT_RUN, True, "paused after 12 of 64 epochs")
    assert found.exit_code == 3
    assert {claim.verdict for claim in found.claims} == {"undecided"}
    assert all("not finished" in (claim.cause or "") for claim in found.claims)
    assert not any(row.status.startswith("broken") for row in found.rows)
    row = next(r for r in found.rows if r.estimator == "model" and r.setting["train.num_samples"] == 50
               and r.objective == "iwae")  # fmt: skip
    assert row.status == "not available: not finished: not begun"


def test_a_broken_judgement_breaks_its_claims() -> None:
    experiment = declared()
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    cell = plan.judgements[-1]
    made[cell.key] = BrokenRecord(cell.key, "judgement", cell.setting, 64, "out of memory")
    found = collect(experiment, plan, made)
    assert found.exit_code == 4
    broken = [claim for claim in found.claims if claim.verdict == "broken"]
    assert [claim.cause for claim in broken] == ["broken: out of memory"] * 3
    del made[cell.key]
    assert collect(experiment, plan, made).broken[0].cause == "it was not judged"


def test_a_list_of_one_is_its_number_in_a_published_setting() -> None:
    experiment = two_layers()
    assert experiment.published is not None
    values = tuple(
        value.model_copy(update={"at": {**value.at, "problem.latent": 50}})
        if value.at["problem.latent"] == [50]
        else value
        for value in experiment.published.values
    )
    published = experiment.published.model_copy(update={"values": values})
    found = models(experiment.model_copy(update={"published": published}))
    assert len(found.models) == 12
    assert all(model.published is not None for model in found.models)


def test_rows_of_results_csv() -> None:
    found = models(two_layers())
    rows = [row for row in found.rows if row.estimator == "model"]
    per_model = [2 + 2 + 5, 2 + 3 + 5]  # likelihood, less the published, units of layers and all, bounds
    assert len(rows) == 6 * sum(per_model)
    last = [row for row in rows if row.cell == found.plan.judgements[-1].key]
    assert [(r.statistic, r.num_samples, r.group) for r in last] == [
        ("negative_log_likelihood", 5000, "all"),
        ("difference_to_published", 5000, "all"),
        ("active_units", 5000, "layer1"),
        ("active_units", 5000, "layer2"),
        ("active_units", 5000, "all"),
        *(("bound_k", k, "all") for k in (1, 5, 50, 500, 5000)),
    ]
    told = {(r.objective, r.replicates, r.checkpoint, r.dataset) for r in last}
    assert told == {("iwae", 200, 64, "digits")}
    assert last[0].value == pytest.approx(82.90) == -last[-1].value
    assert last[1].value == pytest.approx(0.0, abs=1e-9)
    assert last[1].ci_high - last[1].ci_low == pytest.approx(last[0].ci_high - last[0].ci_low)
    assert last[2].value == 26
    read = list(csv.DictReader(io.StringIO(csv_text(found), newline="")))
    assert read[-1]["train.objective"] == "iwae"
    assert read[-1]["estimator"] == "model"


GOLDEN = Path(__file__).parent / "golden" / "results_models.csv"


def test_rows_of_models_are_the_golden_file(tmp_path: Path) -> None:
    """Text to the letter; numbers to what another machine's logarithm may change.

    Written anew with `python -m tests.test_models`.
    """
    (tmp_path / "results.csv").write_bytes(csv_text(_golden()).encode())
    found, golden = (p.read_text(encoding="utf-8").splitlines() for p in (tmp_path / "results.csv", GOLDEN))
    assert len(found) == len(golden)
    for line, wanted in zip(csv.reader(found), csv.reader(golden), strict=True):
        assert [*line[:9], *line[12:]] == [*wanted[:9], *wanted[12:]]
        for mine, theirs in zip(line[9:12], wanted[9:12], strict=True):
            assert mine == theirs or float(mine) == pytest.approx(float(theirs), rel=1e-12)


def _golden() -> Findings:
    """A model that was judged, and one whose training is not finished."""
    experiment = declared()
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan, unsure=1)
    first, *_, last = plan.judgements
    made[last.key] = replace(paused(made[last.key]), cause="not begun: the training is not finished")
    # The noise is keyed by the cell; of a record's own making it is the same on every machine.
    made[first.key] = replace(judgement(replace(first, key="key"), 86.76, (19,), unsure=1), key=first.key)
    found = collect(experiment, plan, made)
    kept = [row for row in found.rows if row.estimator == "model" and row.cell in (first.key, last.key)]
    object.__setattr__(found, "rows", tuple(replace(row, cell="key") for row in kept))
    return found


def test_every_row_has_a_name_of_its_own() -> None:
    from reportgen.findings.finished import name_of

    rows = models(two_layers()).rows
    assert len({(*name_of(row), repr(sorted(row.setting.items()))) for row in rows}) == len(rows)


CONTINUED = """
experiment: continued
problem: {model: vae, data: digits, latent: 50, hidden: [200, 200]}
objective: [iwae]
estimators: [pathwise]
train:
  objective: iwae
  num_samples: 50
  epochs: 40
  checkpoints: [0, 40]
  after: {objective: elbo, epochs: 64, checkpoints: [64], after: {objective: elbo, epochs: 2, batch_size: 30}}
measure: {images: 3, min_replicates: 100}
judge: {images: 200, checkpoints: every}
"""


def test_epochs_and_updates_of_a_chain_add_up() -> None:
    experiment = load_text(CONTINUED, "continued.yaml")
    plan = make_plan(experiment, "0" * 64)
    made: dict[str, Any] = {cell.key: judgement(cell, 85.0, (20,)) for cell in plan.judgements}
    (model,) = collect(experiment, plan, made).models
    assert model.cell is not None and model.cell.checkpoint == 40
    assert model.budget is not None
    assert model.budget.epochs == 106
    assert model.budget.updates == 40 * 75 + 64 * 75 + 2 * 50
    assert not model.budget.shortened


if __name__ == "__main__":
    GOLDEN.write_bytes(csv_text(_golden()).encode())
