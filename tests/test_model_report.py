"""The report of trained models: the table, the deviation sheet, what is not run, the first page."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pypdf import PageObject, PdfReader

from reportgen.declaration import find, load, load_text
from reportgen.declaration.judge import Judge
from reportgen.declaration.problems import Problem
from reportgen.declaration.problems.layered_vae import LayeredVAE
from reportgen.declaration.problems.vae import VAE
from reportgen.declaration.section import Section
from reportgen.declaration.train import Train
from reportgen.figures import draw, sketched
from reportgen.figures.model_grid import base_model, grid, model_name
from reportgen.figures.reading import run_name
from reportgen.findings import Findings, collect, prose
from reportgen.findings.drift import CHANGED, EQUIVALENT, NOT_JUDGED, compare_numbers
from reportgen.findings.marks import plain
from reportgen.findings.models.budget import Budget
from reportgen.plan import make_plan
from reportgen.report import SECTIONS, front, provenance
from reportgen.report.render import fill, manifest, render
from reportgen.report.sections import deviations, judged, unfinished
from reportgen.report.sections.methods import rates
from reportgen.report.sections.models import chains, table
from reportgen.report.text import model_words
from reportgen.report.text.writer import Writer
from reportgen.store.records import BrokenRecord
from tests.blank_paper import blank_paper
from tests.crafted import crafted_record
from tests.press_cases import slim
from tests.synthetic_models import (
    TABLE,
    declared,
    judgement,
    models,
    paused,
    records,
    trained_well,
    two_layers,
)
from tests.test_models import CONTINUED
from tests.test_report import WHEN, Parsed, page_of, text_of


def shifted(cell: Any) -> float:
    """Ours are off by much at k = 50 and by little elsewhere."""
    return 0.1 if cell.setting["train.num_samples"] < 50 else 1.8


UNPUBLISHED = TABLE[: TABLE.index("published:")] + TABLE[TABLE.index("sweep:") :]


@pytest.fixture(scope="module")
def two() -> Findings:
    return models(two_layers(), shift=shifted, images=3000)


@pytest.fixture(scope="module")
def page(two: Findings) -> str:
    return page_of(two)


def cells(page: str) -> list[list[str]]:
    """The table of models as a reader sees it, row by row."""
    table = page[page.index('<table class="small models">') :]
    rows = re.findall(r"<tr class=\"(?:lead|mid|foot)\">(.*?)</tr>", table[: table.index("</table>")], re.S)
    return [[text_of(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)] for row in rows]


def test_sections_of_models_stand_first_and_only_where_models_are_judged(two: Findings) -> None:
    assert [section.id for section, _ in fill(two)][:4] == ["models", "inside", "deviations", "question"]
    text = TABLE[: TABLE.index("judge:")] + TABLE[TABLE.index("sweep:") : TABLE.index("claims:")]
    bare = fill(models(declared(text)))
    assert bare[0][0].id == "question"
    assert len({section.id for section in SECTIONS}) == len(SECTIONS)


def test_a_text_leads_to_every_figure_of_the_models(two: Findings) -> None:
    names = ("learning_curves", "bound_against_k", "unit_activity", "model_images")
    drawn = {name: of for name in names if (of := draw(two, name)) is not None}
    assert len(drawn) == len(names)
    writer = Writer("paper", drawn)
    template = writer.environment().get_template("sections/inside.html")
    template.render()
    writer.numbering = writer.numbering.second_pass()
    text = template.render()
    (lead,) = re.findall(r"<p>(.*?)</p>\s*<figure", text, re.S)
    assert re.findall('<figure id="([^"]*)', text) == [f"fig-{name}" for name in names]
    assert re.findall('href="#([^"]*)', lead) == [f"fig-{name}" for name in names]
    assert re.sub("<[^>]*>", "", lead).replace("\u00a0", " ") == (
        "Figure 1 shows the course of training, figure 2 how tight the bound is, "
        "figure 3 which latent units are used and figure 4 reconstructions and samples."
    )
    alone = Writer("paper", {"unit_activity": drawn["unit_activity"]}).environment()
    shown = re.sub("<[^>]*>", "", alone.get_template("sections/inside.html").render())
    assert re.search(r"Figure\s\? shows which latent units are used\.", shown)


def test_a_sweep_without_a_sentence_of_its_own_begins_with_what_holds_for_all() -> None:
    given: dict[str, Any] = {"trained": True, "seeds": "", "crossings": [], "chosen": ""}
    template = Writer("paper", {}).environment().get_template("sections/settings.html")
    for own in ([], ["Of one alone."]):
        text = text_of(template.render(tables=[{"paragraphs": own, "wide": None, "long": []}], **given))
        assert text.count("Each setting is") == 1
        assert text.strip().startswith(own[0] if own else "Each setting is")


def test_what_is_swept_heads_its_column(two: Findings) -> None:
    """Widths of one layer are no numbers of layers."""
    widths = "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5], problem.latent: [20, 50]}\n"
    text = TABLE[: TABLE.index("published:")] + widths
    heads = []
    for found in (two, models(declared(text))):
        of = grid(found)
        assert of is not None
        heads.append(table(found, of)["heads"])
    assert heads == [["Layers", "k"], ["latent units d", "k"]]


def test_with_two_objectives_nothing_is_said_of_a_figure_that_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page's figure is of the models; that of variance over training is then nowhere."""
    measure = "  {images: 3, min_replicates: 100}\n"
    judge, sweep = TABLE[TABLE.index("judge:") : TABLE.index("published:")], TABLE[TABLE.index("sweep:") :]
    text = TABLE[: TABLE.index("  {images")].replace("[iwae]", "[elbo, iwae]") + measure + judge + sweep
    blank_paper(monkeypatch)
    render(models(declared(text)), tmp_path, timestamp=WHEN)
    shown = (tmp_path / "report.html").read_text()
    assert 'id="fig-likelihood_by_model"' in shown
    assert 'id="fig-variance_over_training_by_objective"' in shown


@pytest.mark.parametrize(("k", "paths"), [(1, 1), (50, 2)])
def test_a_base_value_that_breaks_ranks_is_a_row_of_its_own(k: int, paths: int) -> None:
    """In the sweep k goes with the latent units; the base model has 50 of these, and k = 1."""
    found = models(
        declared(
            UNPUBLISHED[: UNPUBLISHED.index("sweep:")]
            + "sweep:\n  - {problem.latent: [30], train.num_samples: [5]}\n"
            + f"  - {{problem.latent: [50], train.num_samples: [{k}]}}\n"
        )
    )
    table = grid(found)
    assert table is not None and table.paths == ("problem.latent", "train.num_samples")[:paths]
    assert len(table.models) == len(found.models) == 1 + paths
    assert len({table.name(row, column) for row, column, _ in table.models}) == 1 + paths


def test_a_model_under_two_names_is_not_one_of_one() -> None:
    text = UNPUBLISHED[: UNPUBLISHED.index("sweep:")]
    twins = models(declared(text + "sweep: {train.objective: [elbo, iwae], train.num_samples: [1]}\n"))
    seen = text_of(page_of(twins))
    assert "these are each one training: VAE, k = 1 and IWAE, k = 1." in seen.replace("\u00a0", " ")
    assert "one of one" not in seen


def test_rows_and_columns_stand_as_the_sweep_lists_them() -> None:
    """Whichever of them is the base setting; one that the sweep does not list comes first."""
    base = "{objective: elbo, num_samples: 1,"
    for trained in (base, base.replace("1", "50"), base.replace("elbo", "iwae"), base.replace("1", "2")):
        found = grid(models(declared(TABLE.replace(base, trained))))
        assert found is not None
        unlisted = [("2",)] if "2" in trained else []
        assert [row.titles for row in found.rows] == [*unlisted, ("1",), ("5",), ("50",)]
        assert found.columns == ("VAE", "IWAE")
    turned = grid(
        models(declared(TABLE.replace("[elbo, iwae]", "[iwae, elbo]").replace("5, 50]}", "50, 5]}")))
    )
    assert turned is not None
    assert [row.titles for row in turned.rows] == [("1",), ("50",), ("5",)]
    assert turned.columns == ("IWAE", "VAE")


def test_settings_of_the_model_group_those_of_its_training() -> None:
    kind = "train.num_samples: [1, 5, 50], problem.latent: [20, 50]"
    text = TABLE.replace("train.num_samples: [1, 5, 50]}\nclaims", kind + "}\nclaims")
    text = text[: text.index("published:")] + text[text.index("sweep:") :]
    found = grid(models(declared(text)))
    assert found is not None
    assert [row.titles for row in found.rows] == [(n, k) for n in ("20", "50") for k in ("1", "5", "50")]


def test_the_table_has_the_papers_form_with_the_budget_beside_every_number(page: str) -> None:
    rows = cells(page)
    assert len(rows) == 18
    assert rows[0][:3] == ["1 layer", "1", "NLL"]
    assert rows[0][3:] == ["86.76", "86.86 ± 0.29", "+0.10"] * 2
    assert rows[3][:3] == ["", "5", "NLL"]
    assert rows[9][:3] == ["2 layers", "1", "NLL"]
    assert rows[15][6:] == ["82.90", "84.70 ± 0.29", "+1.80"]
    assert rows[16][2:] == ["active units", "17 + 5", "17 + 5", "", "26 + 7", "26 + 7", ""]
    assert rows[17][2:] == ["epochs", "3280", "64", "◆ not reproduced", "3280", "64", "◆ not reproduced"]
    assert {row[5] for row in rows[2:3]} == {"● reproduced"}
    seen = text_of(page)
    assert "after 64 of the 3280 epochs of the published models (4800 updates)." in seen
    assert "The bound of one sample is the ELBO, so these are each one training: VAE, 1 layer" in seen


def test_uncertain_counts_have_their_interval(two: Findings) -> None:
    found = models(unsure=2)
    assert plain(model_words.active(found.models[0])) == "19 (19 to 21)"
    assert plain(model_words.active(two.models[-1])) == "26 + 7"
    layered = models(two_layers(), unsure=2)
    assert plain(model_words.active(layered.models[-1])) == "26 + 7 (7 to 9)"
    rows = cells(page_of(found))
    assert rows[1] == ["", "", "active units", "19", "19 (19 to 21)", "", "19", "19 (19 to 21)", ""][1:]
    order = "Where counts are joined by +, the units of the stochastic layer next to the data come first"
    assert order in text_of(page_of(layered)) and order not in text_of(page_of(found))


def test_orderings_that_hold_are_told_beside_those_that_do_not() -> None:
    """A twin, of models whose differences are known to a thousandth: VAE and IWAE of k = 1 are one."""
    found = models(two_layers(), shift=shifted, own=0.01)
    numbers = {
        m.training.key: (m.published.nll, m.published.nll + shifted(m))
        for m in found.models
        if m.training is not None and m.published is not None
    }
    ways = [(a[0] > b[0]) == (a[1] > b[1]) for a, b in combinations(numbers.values(), 2) if a[0] != b[0]]
    held, turned = sum(ways), len(ways) - sum(ways)
    assert len(numbers) == 10 and held > 12 > turned > 0
    assert model_words.orderings(found.models) == (
        f"Of the {len(ways)} pairs of models that the published numbers order by more than that, {held} have"
        f" the same order here, {prose.in_words(turned)} have the opposite order, and none is undecided."
    )
    same = models(shift=lambda cell: 4.0, images=3000)
    told = model_words.orderings(same.models)
    assert " have the same order here, none has the opposite order, and " in told
    assert text_of(told) in text_of(page_of(same))
    assert model_words.orderings(models(declared(UNPUBLISHED)).models) == ""


def test_the_abstract_speaks_of_the_table_first(two: Findings) -> None:
    first = front.abstract(two)[0]
    assert first.startswith(
        "Burda et al. (2016), table 1: after 64 of the 3280 epochs of the published models, of twelve "
        "published numbers, eight are reproduced and four are not reproduced. "
    )
    assert re.search(r"IWAE, 2 layers, k\u00a0=\u00a0\d+ has the lowest negative log-likelihood, ", first)
    assert re.search(r"\d\u00a0±\u00a0\d\S+ nats per image \(published: 83\.89\)\.", first)


def test_of_numbers_that_must_not_be_compared_it_says_why_and_judges_none() -> None:
    why = "these are 8x8 digits and the table is of MNIST"
    found = models(declared(TABLE.replace("epochs: 3280", f"epochs: 3280\n  comparable: {why}")))
    seen = text_of(page_of(found))
    assert "none of the six published numbers is judged, since ours are not comparable with" in seen
    assert "These are 8x8 digits and the table is of MNIST." in seen
    assert "□ not judged" in seen and "● reproduced:" not in seen
    assert {(row[2], row[4]) for row in cells(page_of(found))[2::3]} == {("3280", "□ not judged")}
    assert cells(page_of(found))[0][4] == ""
    assert "published:" not in front.abstract(found)[0]


def test_one_model_beside_one_number_is_no_table_of_many() -> None:
    alone = TABLE.partition("published:")[0] + (
        "published:\n  {source: 'burda2016, table 1', epochs: 3280, values: [{at: {}, nll: 86.76}]}\n"
        "sweep: {train.num_samples: [1]}\n"
    )
    found = models(declared(alone))
    first = plain(front.abstract(found)[0])
    assert "of the published models, the published number is " in first
    number = r"\d\S+\u00a0±\u00a0\d\S+ nats per image \(published: 86\.76\)"
    assert re.search(rf"\. The model has a negative log-likelihood of {number}\.", first), first
    drawing = draw(found, "likelihood_by_model")
    assert drawing is not None
    assert "of the trained model, and the published number. " in drawing.caption
    assert "lowest" not in drawing.caption
    other = models(declared(alone.replace("epochs: 3280", "epochs: 3280, comparable: digits are no MNIST")))
    text = "the published number is not judged, since ours is not comparable with it."
    assert text in front.abstract(other)[0]


def test_a_published_number_beside_several_models_is_still_one() -> None:
    text = TABLE.partition("published:")[0] + (
        "published:\n  {source: 'burda2016, table 1', values: [{at: {train.objective: elbo}, nll: 86.76}]}\n"
        "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]}\n"
    )
    told = front.abstract(models(declared(text)))[0]
    assert "of three comparisons with one published number, three are " in told
    other = text.replace("values:", "comparable: digits are no MNIST, values:")
    assert "the published number is not judged," in front.abstract(models(declared(other)))[0]


def test_without_published_numbers_the_table_is_of_ours_alone() -> None:
    found = models(declared(UNPUBLISHED), unsure=2)
    sections = {section.id: context for section, context in fill(found)}
    assert sections["models"]["title"] == "The trained models"
    assert "deviations" not in sections
    rows = cells(page_of(found))
    assert rows[0][:1] == ["1"] and len(rows[0]) == 2 + 2
    assert rows[1] == ["", "active units", "19 (19 to 21)", "19 (19 to 21)"]
    assert "Ours − theirs" not in page_of(found)
    first = plain(front.abstract(found)[0])
    assert first.startswith("Five trained models are judged. ")  # a VAE and an IWAE of one sample are one
    assert "Five models have a negative log-likelihood of " in first
    twins = models(declared(UNPUBLISHED), shift=lambda cell: -float(cell.setting["train.num_samples"] == 1))
    seen = plain(front.abstract(twins)[0]).replace("\u00a0", " ")
    assert ". VAE, k = 1 and IWAE, k = 1 have the lowest negative log-likelihood, " in seen


def test_without_published_numbers_models_that_are_missing_are_told_too() -> None:
    seen = plain(front.abstract(spoilt(declared(UNPUBLISHED), pause_iwae))[0])
    assert seen.startswith("Four trained models are judged; one model is not trained and judged yet.")
    page = text_of(page_of(spoilt(declared(UNPUBLISHED), break_iwae)))
    assert "Four trained models are judged; one model is missing." in page
    assert "Five models were to be trained, each as " in page and "Of five trainings, one broke." in page
    assert "one declaration, four trained models, five judgements of them " in page
    assert "checkpoints of each of four trained models" in page
    assert "k = 50brokenthe bound of epoch 1 is nan" in page, "it was run, so it is not “not run”"


def spoilt(experiment: Any, lose: Any) -> Findings:
    """The table with some records lost."""
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    for cell in plan.cells:
        lose(cell, made)
    return collect(experiment, plan, made)


def pause_iwae(cell: Any, made: dict[str, Any]) -> None:
    """IWAE with 50 samples is not finished."""
    train = getattr(cell, "train", None)
    if cell.setting == {"train.objective": "iwae", "train.num_samples": 50}:
        cause = "paused after 12 of 64 epochs" if train else "not begun: the training is not finished"
        made[cell.key] = replace(paused(made[cell.key]), cause=cause)


def break_iwae(cell: Any, made: dict[str, Any]) -> None:
    """The training of IWAE with 50 samples breaks."""
    pause_iwae(cell, made)
    if isinstance(made.get(cell.key), BrokenRecord):
        made[cell.key] = replace(made[cell.key], cause="the bound of epoch 1 is nan", paused=False)


def test_an_epoch_count_is_that_of_all_models() -> None:
    def told(*epochs: int) -> str:
        budgets = [SimpleNamespace(record=1, budget=Budget(n, None, 3280)) for n in epochs]
        return model_words.budget(cast(Any, budgets)).replace("\u202f", " ")

    assert told(64, 64) == "64 of the 3280 epochs of the published models"
    assert told(64, 3280) == "64 to 3280 of the 3280 epochs of the published models"
    assert told(64, 5000) == "64 to 5000 epochs, where the published models had 3280"
    assert told(3280, 5000) == ""


def test_paused_models_are_not_broken_anywhere() -> None:
    found = spoilt(declared(), pause_iwae)
    page = page_of(found)
    seen = text_of(page)
    assert [seen[m.start() - 4 : m.end() + 1] for m in re.finditer("broke", seen)] == ["and broken"]
    assert "one is not run; one model is not trained and judged yet" in seen
    assert "paused; the next run continues" in seen
    assert "paused after 12 of 64 epochs" in seen
    assert "Unfinished cells." in seen
    assert "△ not run" in seen
    assert "○ undecided" in seen  # the claims that need it
    rows = cells(page)
    assert rows[6][2:] == ["86.35", "86.35 ± 1.12", "+0.00", "84.78", "–", ""] or rows[6][5:] == [
        "84.78",
        "–",
        "",
    ]
    told = manifest(found, provenance.gather(found, timestamp=WHEN), "")["cells"]
    assert told["unfinished"] and not told["broken"]


def test_a_report_of_nothing_but_paused_cells_can_be_read() -> None:
    def lose(cell: Any, made: dict[str, Any]) -> None:
        made[cell.key] = paused(made[cell.key])

    seen = text_of(page_of(spoilt(declared(), lose)))
    assert "Of six published numbers, six are not run; six models are not trained and judged yet." in seen


def test_the_deviation_sheet_reads_what_was_resolved() -> None:
    found = models(declared(TABLE.replace("epochs: 64", "epochs: 64, beta_1: 0.95, batch_size: 25")))
    lines = {line["name"]: line for line in deviations.lines(found)}
    assert (lines["Adam, β₁"]["ours"], lines["Adam, β₁"]["from_paper"]) == ("0.95", True)
    assert (lines["Adam, β₂"]["ours"], lines["Adam, β₂"]["from_paper"]) == ("0.999", False)
    assert (lines["Batch size"]["ours"], lines["Batch size"]["from_code"]) == ("25", True)
    assert lines["Epochs"]["ours"] == "stage i has the share 3^i/3280 of 64 epochs"
    assert not lines["Learning rate"]["from_paper"] and lines["Learning rate"]["from_code"]
    assert lines["Training images"]["ours"] == f"digits, {prose.count(1500)}"
    assert lines["Test images"]["ours"] == "200 drawn at random" and lines["Test images"]["from_paper"]
    assert not lines["Adam, initial second moment"]["from_paper"]
    assert lines["Adam, initial second moment"]["from_code"]


THEIRS = """
experiment: theirs
title: One model as the paper has it
problem: {model: MODEL, data: mnist, latent: LATENT, hidden: HIDDEN}
objective: [elbo]
estimators: [pathwise, score_function]
train: {epochs: 3280, schedule: burda2016, checkpoints: [3280]}
judge: {}
published:
  source: burda2016, table 1
  epochs: 3280
  values: [{at: {}, nll: 86.76, active_units: [19]}]
"""
ONE = THEIRS.replace("MODEL", "vae").replace("LATENT", "50").replace("HIDDEN", "[200, 200]")
TWO = THEIRS.replace("MODEL", "layered_vae").replace("LATENT", "[100, 50]")
TWO = TWO.replace("HIDDEN", "[[200, 200], [100, 100]]").replace("[19]", "[16, 5]")
DEPARTURES = {
    VAE: (
        "data=digits", "hidden=[100]", "latent=40", "covariance=full", "covariance=low_rank problem.rank=3",
    ),
    LayeredVAE: ("data=digits", "hidden=[[200, 200], [100, 90]]", "latent=[100, 40]"),
    Train: (
        "objective=elbo_analytic_kl", "epochs=400 train.checkpoints=[400]", "schedule=constant",
        "batch_size=50", "learning_rate=2e-3", "beta_1=0.8", "beta_2=0.99", "epsilon=1e-8",
    ),
    Judge: ("images=500", "num_samples=1000"),
}  # fmt: skip
NO_DEPARTURES = {
    "model", "activation", "rank",  # one layer or more, tanh alone, and with its covariance
    "train.num_samples",  # which of their models it is
    "checkpoints", "curve", "seed", "after",  # looked at on the way, not theirs, told elsewhere
}  # fmt: skip


@pytest.mark.parametrize("section", DEPARTURES, ids=lambda section: section.__name__)
def test_every_setting_that_departs_from_the_paper_is_in_the_sheet(section: type[Section | Problem]) -> None:
    """A setting that is new to a declaration has to be told, or to be named as none of theirs."""
    name, text = section.__name__.lower(), TWO if section is LayeredVAE else ONE
    fields = {field for field in section.model_fields if not {field, f"{name}.{field}"} & NO_DEPARTURES}
    assert fields == {change.partition("=")[0] for change in DEPARTURES[section]}
    path = "problem" if issubclass(section, Problem) else name

    def differing(*overrides: str) -> set[str]:
        experiment = load_text(text, "theirs.yaml", overrides)
        found = collect(experiment, make_plan(experiment, "0" * 64), {})
        return {line["name"] for line in deviations.lines(found) if line["from_paper"]}

    assert differing() == set()
    for change in DEPARTURES[section]:
        assert differing(*re.split(r" (?=\w+\.)", f"{path}.{change}")), change


def test_what_only_the_code_has_is_in_the_sheet() -> None:
    experiment = load_text(ONE, "theirs.yaml")
    found = collect(experiment, make_plan(experiment, "0" * 64), {})
    lines = {line["name"]: line for line in deviations.lines(found)}
    for name in ("Initial weights", "Adam, ε is added to"):
        assert lines[name]["from_code"] and not lines[name]["from_paper"]
    assert not lines["Objective maximised"]["from_code"]


def test_a_full_schedule_on_all_images_does_not_differ_from_the_paper() -> None:
    text = TABLE.replace("epochs: 64, checkpoints: [0, 8, 64]", "epochs: 3280, checkpoints: [3280]")
    text = text.replace("judge: {images: 200, ", "judge: {")
    experiment = declared(text)
    plan = make_plan(experiment, "0" * 64)
    made = {cell.key: judgement(cell, 86.0, (20,), images=10_000) for cell in plan.judgements}
    lines = {line["name"]: line for line in deviations.lines(collect(experiment, plan, made))}
    assert lines["Test images"]["ours"] == f"all, {prose.count(10_000)}"
    assert [name for name, line in lines.items() if line["from_paper"]] == [
        "Training images",
        "Pixels per image",
    ]
    assert (lines["Latent units"]["ours"], lines["Hidden units below them"]["ours"]) == ("50", "200–200")


WHOLE_TEST_PART = {
    *(f"burda2016_table{number}_full" for number in (1, 2, 3)),
    "burda2016_table1_omniglot",
    "burda2016_table1_k1",
}
"""Where every image is judged, however that is written."""


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("burda2016_table1_full", {}),
        ("burda2016_table1_k1", {"Epochs": "stage i has the share 3^i/3280 of 1093 epochs"}),
        ("burda2016_table1_omniglot", {}),
        ("burda2016_table2_full", {}),
        ("burda2016_table3_full", {}),
        ("burda2016_table2", {"Learning rate": "0.001 throughout; 0.0001 throughout", "Epochs": "10 epochs"}),
        ("burda2016_table3", {"Learning rate": "0.001 throughout", "Epochs": "10 epochs in one stage"}),
    ],
)
def test_what_a_table_was_made_with_does_not_differ_from_it(name: str, wanted: dict[str, str]) -> None:
    """Each table has its own: the second goes on at one rate, the third has 50 000 fixed images."""
    experiment = load(find(name))
    found = collect(experiment, make_plan(experiment, "0" * 64), {})
    lines = {line["name"]: line for line in deviations.lines(found)}
    differing = {name: line["ours"] for name, line in lines.items() if line["from_paper"]}
    assert (differing.pop("Test images", "all") == "all") is (name in WHOLE_TEST_PART)
    assert differing.keys() == wanted.keys()
    assert all(text in differing[name] for name, text in wanted.items())
    assert lines["Training images"]["from_code"] != (name.startswith("burda2016_table3"))
    assert lines["Initial output bias"]["paper"] == "–"


def test_the_fixed_binarization_is_not_that_of_table_1_nor_are_its_images() -> None:
    first = TABLE.replace("data: digits", "data: mnist_fixed")
    third = first.replace("table 1\n  epochs", "table 3\n  epochs")
    for text, expected in ((first, True), (third, False)):
        experiment = declared(text)
        found = collect(experiment, make_plan(experiment, "0" * 64), {})
        lines = {line["name"]: line for line in deviations.lines(found)}
        for setting in ("Binarization", "Training images"):
            assert lines[setting]["from_paper"] is lines[setting]["from_code"] is expected
    assert lines["Training images"]["paper"] == f"fixed-binarization MNIST, {prose.count(50_000)}"


def test_the_sheet_of_a_training_that_continues_has_both_stages() -> None:
    experiment = load(find("burda2016_table2_full"))
    found = collect(experiment, make_plan(experiment, "0" * 64), {})
    lines = {line["name"]: line for line in deviations.lines(found)}
    assert lines["Epochs"]["paper"] == "stage i has 3^i epochs, 3280 in all; 2187 epochs in one stage"
    assert lines["Epochs"]["ours"] == lines["Epochs"]["paper"]
    sheet = deviations.context(found)
    assert sheet is not None
    assert sheet["told"].startswith(
        "Of 25 settings, none differs from the paper and eleven from its authors’ code"
    )
    assert lines["Adam, initial second moment"]["code"] == (
        "1; as it was, the first moment too, where a training continues another"
    )
    assert lines["Adam, initial second moment"]["from_code"]


def test_the_deviation_sheet_has_the_network(two: Findings) -> None:
    def told(found: Findings) -> dict[str, tuple[str, bool]]:
        return {line["name"]: (line["ours"], line["from_paper"]) for line in deviations.lines(found)}

    whole = told(two)
    assert whole["Latent units"] == ("50; 100 + 50", False)
    assert whole["Hidden units below them"] == ("200–200; 200–200 + 100–100", False)
    assert whole["Pixels per image"] == ("8×8", True)
    small = TABLE.replace("latent: 50, hidden: [200, 200]", "latent: 30, hidden: [50, 50]")
    other = told(models(declared(small)))
    assert other["Latent units"] == ("30", True)
    assert other["Hidden units below them"] == ("50–50", True)


def test_values_of_several_trainings_are_all_told() -> None:
    text = TABLE.replace(
        "sweep: {train.objective", "sweep: {train.learning_rate: [0.001, 0.002], train.objective"
    )
    found = models(declared(text))
    line = next(line for line in deviations.lines(found) if line["name"] == "Learning rate")
    stages = "10^(−i/7) in stage i\u00a0=\u00a00\u00a0…\u00a07"
    assert line["ours"] == f"0.001 · {stages}; 0.002 · {stages}"
    assert line["from_paper"]


def test_the_sheet_says_that_adam_begins_anew_where_a_training_continues_another() -> None:
    experiment = load_text(CONTINUED, "continued.yaml")
    found = collect(experiment, make_plan(experiment, "0" * 64), {})
    line = next(line for line in deviations.lines(found) if line["name"] == "Adam, initial second moment")
    assert line["ours"] == "0; 0 again, the first moment too, where a training continues another"
    assert (line["from_paper"], line["from_code"]) == (False, True)


def test_no_sheet_where_the_numbers_are_of_another_paper() -> None:
    found = models(declared(TABLE.replace("burda2016, table 1\n  epochs", "kingma2014, table 1\n  epochs")))
    assert deviations.context(found) is None


def test_it_says_what_continued_from_what() -> None:
    experiment = load_text(CONTINUED, "continued.yaml")
    plan = make_plan(experiment, "0" * 64)
    made = {
        cell.key: judgement(cell, 86.0 if cell.checkpoint else 86.8, (20,), images=3000)
        for cell in plan.judgements
    }
    found = collect(experiment, plan, made)
    table = grid(found)
    assert table is not None
    (told,) = chains(found, table)
    assert plain(told) == (
        "IWAE continues, for 40 epochs, the parameters of a VAE with k = 1 of 64 epochs, which continued "
        "those of a VAE with k = 1 of two epochs; before that, its negative log-likelihood was "
        "86.80\u00a0±\u00a00.29."
    )


def test_methods_tell_the_learning_rate_of_every_step(page: str) -> None:
    """A rate that falls is none that holds; of one that falls both ends are told."""
    told = "minibatches of 20 and a learning rate that falls in stages from 0.001 to 0.0001 (Burda"
    assert told in text_of(page)
    constant = page_of(models(declared(TABLE.replace(", schedule: burda2016", ", batch_size: 30"))))
    assert "minibatches of 30 and a learning rate of 0.001; weights start" in text_of(constant)


def test_a_training_that_goes_on_is_told_from_its_beginning() -> None:
    def trained(experiment: Any) -> Findings:
        plan = make_plan(experiment, "0" * 64)
        return collect(experiment, plan, {cell.key: trained_well(cell) for cell in plan.trainings})

    text = CONTINUED.replace(
        "{objective: elbo, epochs: 64,", "{objective: elbo, epochs: 64, schedule: burda2016,"
    )
    experiment = load_text(text.replace("num_samples: 50", "num_samples: 50\n  learning_rate: 1e-4"))
    seen = text_of(page_of(trained(experiment)))
    assert (
        "It was trained for two epochs on the ELBO, then for 64 epochs on the ELBO, then for 40 epochs on "
        "the IWAE bound, K = 50, with pathwise gradients."
    ) in seen
    assert "on the ELBO for 64 epochs, then on the IWAE bound, K = 50, for 40 epochs with Adam" in seen
    assert "minibatches of 20 or 30 and a learning rate of 0.001, then one that falls in stages" in seen
    assert "from 0.001 to 0.0001, then of 0.0001 (Burda" in seen
    swept = load_text(text + "sweep: {train.num_samples: [5]}\n")
    seen = text_of(page_of(trained(swept)))
    assert "they continue earlier trainings, in which weights start Glorot-uniform" in seen
    courses = [
        [{"epochs": 2, "schedule": "constant", "learning_rate": 0.001}],
        [{"epochs": 2, "schedule": "burda2016", "learning_rate": 0.001}],
    ]
    stages = {one: [dict(stage, after=None) for stage in courses[one]] for one in (0, 1)}
    assert (
        rates([*stages[0], *stages[1], *stages[0]])
        == "of 0.001 or one that falls in stages from 0.001 to 0.0001"
    )
    assert rates([*stages[1], *stages[0]]) == "that falls in stages from 0.001 to 0.0001 or of 0.001"
    halted = load_text(text.replace("epochs: 40", "epochs: 0").replace("[0, 40]", "[0]"))
    seen = text_of(page_of(trained(halted)))
    assert "then for 64 epochs on the ELBO with pathwise gradients. " in seen and "not trained." not in seen


def test_runs_of_the_sweep_are_named_by_what_tells_them_apart(two: Findings) -> None:
    names = [run_name(two, run) for run in two.series("train.num_samples")]
    assert names == ["1 layer, VAE", "1 layer, IWAE", "2 layers, VAE", "2 layers, IWAE"]


def rasters(page: PageObject) -> list[str]:
    """The images that a page may draw, of its drawings too."""
    found, open_ = [], [page["/Resources"]]
    while open_:
        for name, thing in open_.pop().get("/XObject", {}).items():
            thing = thing.get_object()
            if thing["/Subtype"] == "/Image":
                found.append(name)
            elif "/Resources" in thing:
                open_.append(thing["/Resources"])
    return found


@pytest.mark.long
def test_the_page_and_the_paper_are_whole(two: Findings, tmp_path: Path) -> None:
    render(two, tmp_path, timestamp=WHEN)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    parsed = Parsed()
    parsed.feed(text)
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert [a for a in parsed.loads if not a.startswith("data:")] == []
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)
    assert not re.search(r'(?:xlink:)?href="(?!#|data:|https)', text)
    pages = PdfReader(tmp_path / "report.pdf").pages
    assert "Test negative log-likelihood of every trained model" in pages[0].extract_text()
    assert any("Differences from the paper" in page.extract_text() for page in pages)
    assert sum(len(rasters(page)) for page in pages) >= 2


def test_the_report_of_one_model_is_whole(tmp_path: Path) -> None:
    """Its training has one figure, in the methods."""
    experiment = load_text(CONTINUED, "continued.yaml")
    plan = make_plan(experiment, "0" * 64)
    made: dict[str, Any] = {cell.key: judgement(cell, 86.0, (20,)) for cell in plan.judgements}
    made |= {cell.key: trained_well(cell) for cell in plan.trainings}
    render(collect(experiment, plan, made), tmp_path, timestamp=WHEN)
    seen = text_of((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "One trained model is judged." in seen
    assert seen.count("Training objective (") == 1


def test_other_trainings_are_told_once(two: Findings) -> None:
    """By the figure of all of them, and not by keys below that of one."""
    caption = sketched(two, "learning_curve")
    assert caption is not None and sketched(two, "learning_curves") is not None
    assert not re.search(r"; with|num_samples|\[", caption.caption)


def test_a_count_of_a_claim_is_whole(two: Findings) -> None:
    (claim,) = (claim for claim in two.claims if claim.id == "more-units")
    detail = next(one for one in claim.details if one.estimate.available)
    wide = replace(detail, low=-2.0, high=31.0)
    assert plain(judged.simultaneous(wide)) == "−2 to 31"


def test_compare_knows_counts_of_units_and_the_images_of_a_judgement() -> None:
    """A count moves by one without being judged; a likelihood is held against its images' scatter."""
    old, new = models(), models(shift=lambda cell: 0.5, active={("iwae", 50): (26,)})
    drift = {
        (n.row.statistic, n.row.objective, n.row.setting["train.num_samples"]): n
        for n in compare_numbers(old.rows, new.rows, 3)
        if n.row.estimator == "model" and n.row.group == "all"
    }
    assert drift["active_units", "iwae", 50].status == NOT_JUDGED
    assert drift["negative_log_likelihood", "iwae", 50].status == EQUIVALENT
    far = compare_numbers(old.rows, models(shift=lambda cell: 40.0).rows, 3)
    moved = [n for n in far if n.row.statistic == "negative_log_likelihood"]
    assert {n.status for n in moved} == {"drifted"}
    assert CHANGED not in {n.status for n in far}


# Whose gradients, and by what name


GRADIENTS = ("training", "samples", "cost", "signal", "signal-samples", "unbiasedness")
"""Tables of what is measured in the base setting."""


def captions(page: str) -> dict[str, str]:
    """Table → its caption as a reader sees it."""
    found = re.findall(r'<caption id="tab-([^"]+)">(.*?)</caption>', page, re.S)
    return {name: text_of(text).replace("\u00a0", " ") for name, text in found}


def lone(table: str = TABLE) -> Findings:
    """One estimator of the gradient in φ alone."""
    return models(
        declared(table.replace("pathwise, doubly_reparameterized, generative", "pathwise, generative"))
    )


def blocks(estimators: str) -> str:
    """The caption of the table by parameter block."""
    experiment = declared(TABLE.replace("pathwise, doubly_reparameterized, generative", estimators))
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    two = {"encoder.mean": lambda *_: 4.0, "encoder.log_scale": lambda *_: 2.0}
    for cell in plan.measurements:
        made[cell.key] = slim(crafted_record(cell, lambda *_: 6.0, groups=two), 3, 100)
    return captions(page_of(collect(experiment, plan, made)))["layers"].partition(". ")[2]


def of_experiment(page: str) -> str:
    """The text before the declaration."""
    return text_of(page).partition("The declaration, with every default")[0].replace("\u00a0", " ")


def test_tables_of_gradients_name_the_model_and_those_of_all_models_none(page: str) -> None:
    told = captions(page)
    name = "(model: VAE, 1 layer, k = 1)"
    assert set(GRADIENTS) <= set(told)
    assert [table for table in GRADIENTS if name not in told[table]] == []
    others = [text for table, text in told.items() if table not in GRADIENTS]
    assert len(others) > 3 and not any("model: " in text for text in others)


@pytest.mark.parametrize("name", ["variance_over_training", "work", "learning_curve"])
def test_figures_of_gradients_name_the_model(two: Findings, name: str) -> None:
    drawn = sketched(two, name)
    assert drawn is not None and "odel: VAE, 1 layer, k\u00a0=\u00a01" in drawn.caption


@pytest.mark.parametrize("name", ["signal_by_model", "variance_against_setting"])
def test_figures_of_every_model_name_none(two: Findings, name: str) -> None:
    drawn = sketched(two, name)
    assert drawn is not None and "bjective: IWAE bound" in drawn.caption and "odel: " not in drawn.caption


def test_one_model_needs_no_name() -> None:
    experiment = load_text(CONTINUED, "continued.yaml")
    plan = make_plan(experiment, "0" * 64)
    made: dict[str, Any] = {cell.key: judgement(cell, 86.0, (20,)) for cell in plan.judgements}
    made |= {cell.key: trained_well(cell) for cell in plan.trainings}
    made |= {cell.key: slim(crafted_record(cell, lambda *_: 4.0), 3, 100) for cell in plan.measurements}
    seen = of_experiment(page_of(collect(experiment, plan, made)))
    assert "model: " not in seen and "one of the estimators" not in seen
    assert "at two checkpoints of one training run" in seen
    assert "then for 40 epochs on the IWAE bound, K = 50, with pathwise gradients" in seen
    assert "The model was trained on the ELBO for two epochs, then on the ELBO for 64 epochs, then on" in seen
    assert "three trained models, two judgements of them and" in seen


def test_several_models_are_not_one_training_run(two: Findings, page: str) -> None:
    seen = of_experiment(page)
    assert (
        "(digits) are measured on the same draws, at three checkpoints of each of ten trained models" in seen
    )
    assert "; one of the estimators is for the gradient in θ instead." in seen
    assert (
        "It is VAE, 1 layer, k = 1, one of ten trained models, and the one meant wherever gradients" in seen
    )
    assert "Ten models were trained, each as given in table 2, for 64 epochs with Adam" in seen
    assert "training run and" not in seen and "The model was trained" not in seen
    assert "In a model of two stochastic layers they do not derive from a small random vector" in seen
    assert "ten trained models, twelve judgements of them (two models are judged in more than one" in seen
    few = models(two_layers(TABLE.replace("sweep_checkpoints: every", "sweep_checkpoints: last")))
    assert "at up to three checkpoints of each of ten trained models" in of_experiment(page_of(few))


def test_trainings_that_differ_are_all_told() -> None:
    text = TABLE.replace("sweep: {train.objective", "sweep: {train.epochs: [64, 80], train.objective")
    assert "each as given in table 2, for 64 or 80 epochs" in of_experiment(page_of(models(declared(text))))


def test_slopes_of_the_abstract_have_a_model(two: Findings) -> None:
    told = plain(front.abstract(lone())[1])
    assert "the signal-to-noise ratio of one estimate (model: VAE, k = 1) falls for" in told.replace(
        "\u00a0", " "
    )
    told = plain(front.abstract(two)[1]).replace("\u00a0", " ")
    assert "For the IWAE bound of one sample (model: VAE, 1 layer, k = 1), the variance" in told


def test_a_model_has_one_name_everywhere(two: Findings) -> None:
    base = two.models[0].setting
    assert model_name(two, base) == base_model(two) == "VAE, 1 layer, k\u00a0=\u00a01"
    step = {**base, "train.objective": "elbo → iwae"}
    assert model_name(two, step) == "VAE → IWAE, 1 layer, k\u00a0=\u00a01"
    deeper = {**base, "problem.latent": "[50] → [100, 50]", "problem.hidden": "…"}
    assert model_name(two, deeper, {"train.objective"}) == "1 layer → 2 layers, k\u00a0=\u00a01"
    table = grid(two)
    assert table is not None and len(table.models) == 12
    assert all(model_name(two, m.setting) == table.name(row, column) for row, column, m in table.models)
    (claim, *_) = judged.context(two)["claims"]  # type: ignore[index]
    assert claim["result"].startswith("1 layer, k\u00a0=\u00a05 → 50, epoch 64: change of")
    assert [mark["place"].replace("\u00a0", " ") for group in claim["marks"] for mark in group["places"]][
        :2
    ] == [
        "1 layer, k = 1 → 5, epoch 64",
        "1 layer, k = 5 → 50, epoch 64",
    ]


def test_what_is_unfinished_is_placed_by_model_and_its_own_k() -> None:
    experiment = two_layers()
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    for cell in plan.measurements:
        arms = tuple(
            replace(arm, status="budget" if arm.num_samples == 50 else "met") for arm in made[cell.key].arms
        )
        made[cell.key] = replace(made[cell.key], arms=arms)
    told = unfinished.context(collect(experiment, plan, made))
    assert told is not None
    places = [row["where"].replace("\u00a0", " ") for row in told["short"]]
    assert places[0] == "epoch 0; K = 50; VAE, 1 layer, k = 1"
    lost = made | {cell.key: paused(made[cell.key]) for cell in plan.trainings[1:2]}
    told = unfinished.context(collect(experiment, plan, lost))
    assert told is not None and told["paused"][0]["what"] == "Training, VAE, 1 layer, k\u00a0=\u00a05"
    seen = text_of(page_of(collect(experiment, plan, lost)))
    assert (
        "was reached before this cell was finished. No work is lost: the same command continues from here."
        in seen
    )
    gone = lost | {cell.key: paused(made[cell.key]) for cell in plan.trainings[2:3]}
    seen = text_of(page_of(collect(experiment, plan, gone)))
    assert "was reached before these cells were finished. No work is lost" in seen
    broke = {cell.key: replace(lost[cell.key], paused=False) for cell in plan.trainings[1:2]}
    seen = text_of(page_of(collect(experiment, plan, made | broke)))
    assert "This cell could not be finished." in seen and "These cells" not in seen


def test_ratios_are_promised_only_where_there_are_some(page: str) -> None:
    alone = captions(page_of(lone()))
    assert not [text for text in alone.values() if "ratios to it" in text]
    assert alone["training"].endswith(
        "Total variance by epoch (model: VAE, k = 1), to the digits that the intervals support."
    )
    by_block = (
        "Total variance by parameter block for the IWAE bound of one sample (model: VAE, k = 1) at epoch 64"
    )
    assert blocks("pathwise") == f"{by_block}."
    assert (
        blocks("pathwise, doubly_reparameterized") == f"{by_block}: that of the reference, and ratios to it."
    )
    several = captions(page)
    assert "the other rows are paired ratios to it" in several["training"]
    against = [text for table, text in several.items() if table.startswith("settings-")]
    assert against and all(text.endswith("that of the reference, and ratios to it.") for text in against)
    assert "<code>train.num_samples</code></th>" not in page


def test_reinforce_is_the_question_only_where_it_is_measured(page: str) -> None:
    quoted = "use more of their latent units"
    table = TABLE.replace("  - id: more-units\n", f"  - id: more-units\n    quote: {quoted}\n")
    for found, measured in (
        (models(declared(table)), "This report measures which has the lower variance"),
        (lone(table), "This report measures its variance"),
    ):
        seen = of_experiment(page_of(found))
        assert "REINFORCE" not in seen and "three testable statements" not in seen and measured in seen
        assert f"Published statements about such models: … {quoted} …" in seen
    with_scores = (
        table.replace("[pathwise, doubly", "[leave_one_out, pathwise, doubly")
        .replace("objective: [iwae]", "objective: [elbo]")
        .replace(", doubly_reparameterized", "")
    )
    seen = of_experiment(page_of(models(declared(with_scores))))
    assert "the basic REINFORCE-like update" in seen and "What Burda et al. compare: every term" in seen
    without = with_scores.replace("leave_one_out, ", "")
    assert "What Burda et al. compare" not in of_experiment(page_of(models(declared(without))))
