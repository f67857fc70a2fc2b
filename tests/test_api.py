"""The Python interface: load, run, measure; what notebooks show and programs read."""

from __future__ import annotations

import csv
import io
import math
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reportgen
from reportgen.api.bars import MARGIN, WIDTH, LogAxis
from reportgen.api.frames import frame, plain
from reportgen.api.tables import aligned
from reportgen.engine.vectors import factoring
from reportgen.errors import CellError, DeclarationError, MissingRequirementError, UsageError
from reportgen.findings import Estimate, Row, csv_text
from reportgen.problems.model import free_gaussian
from tests.example_model import EXAMPLES
from tests.test_cli import TEXT
from tests.test_own_model import parts

MEAN, SCALE, K = 0.7, 0.5, 2.0


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> reportgen.Results:
    return reportgen.run(reportgen.load(TEXT), tmp_path_factory.mktemp("output"))


@pytest.fixture(scope="module")
def quadratic() -> reportgen.Measurement:
    """f(z) = (z − k)² with z ~ N(μ, σ²), one dimension: everything is known."""
    problem = free_gaussian([MEAN], [SCALE], lambda z: ((z - K) ** 2).sum(-1))
    return reportgen.measure(problem, ["pathwise", "score_function"], "expectation", precision=0.03)


def test_import_is_light_and_offers_what_it_lists() -> None:
    code = (
        "import sys, reportgen\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert set(reportgen.__all__) <= set(dir(reportgen))\n"
        "reportgen.load('smoke')\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert all(getattr(reportgen, name) is not None for name in reportgen.__all__)
    assert not {"Any", "annotations", "import_module"} & set(dir(reportgen)), "completion offers no tools"
    with pytest.raises(AttributeError, match="no attribute 'measures'"):
        _ = reportgen.measures


def test_load_takes_names_files_and_text_and_lays_settings_over(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TEXT)
    for source in (TEXT, tmp_path / "tiny.yaml", str(tmp_path / "tiny.yaml")):
        for overrides in (
            {"measure.precision": 0.1, "problem.hidden": [3]},
            ["measure.precision=10%", "problem.hidden=[3]"],
        ):
            experiment = reportgen.load(source, overrides)
            assert experiment.measure.precision == 0.1 and experiment.problem.hidden == (3,)  # type: ignore[attr-defined]
    assert reportgen.load("smoke").experiment == "smoke"
    with pytest.raises(DeclarationError, match=r"problem\.latent"):
        reportgen.load(TEXT, {"problem.latent": "many"})


def test_a_run_is_that_of_the_command_line(results: reportgen.Results, quick_reports: None) -> None:
    assert results.exit_code == 0 and results.broken == ()
    assert results.outcome.measured == 4
    (claim,) = results.claims
    assert claim.verdict == "confirmed"
    written = list(csv.DictReader(io.StringIO(csv_text(results.findings))))
    assert [list(row) for row in results.rows] == [list(row) for row in written]
    for row, other in zip(results.rows, written, strict=True):
        value = float(other["value"]) if other["value"] else math.nan
        assert row["value"] == value or (math.isnan(row["value"]) and math.isnan(value))
        assert str(row["statistic"]) == other["statistic"]
    again = reportgen.run(results.experiment, results.job.folder.parent)
    assert again.outcome.cached == 4 and again.outcome.measured == 0
    page = results.report()
    assert page.is_file() and (page.parent / "report.pdf").is_file()


def test_results_are_shown_with_their_verdicts(results: reportgen.Results) -> None:
    assert str(results).splitlines()[0] == "A tiny one"
    assert "confirmed  lower variance" in str(results)
    assert ">confirmed</td>" in results._repr_html_()


def test_a_run_prints_nothing_and_tells_its_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events: list[Any] = []
    reportgen.run(
        reportgen.load(TEXT, {"train.epochs": 0, "train.checkpoints": [0]}), tmp_path, progress=events.append
    )
    assert {event.state for event in events} >= {"started", "finished"}
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_run_shows_how_far_it_is_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    experiment = reportgen.load(TEXT, {"train.epochs": 0, "train.checkpoints": [0]})
    reportgen.run(experiment, tmp_path, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "running" in err and "measuring" in err and "100 %" in err
    with pytest.raises(
        UsageError, match=r"^progress: must be True, False or a function of an event, got int\."
    ):
        reportgen.run(experiment, tmp_path, progress=3)  # type: ignore[arg-type]


def test_what_a_notebook_prints_is_short(results: reportgen.Results) -> None:
    assert repr(results) == str(results)
    lines = repr(reportgen.load(TEXT, {"measure.precision": 0.2})).splitlines()
    assert lines[0].endswith(": A tiny one") and "  changed     measure.precision=0.2" in lines
    assert [line.split()[0] for line in lines[1:]][:3] == ["problem", "objective", "estimators"]
    assert len(repr(results.findings)) < 200 and len(lines) < 9


def test_what_was_found_can_be_kept(results: reportgen.Results, quadratic: reportgen.Measurement) -> None:
    for one in (results, quadratic):
        again = pickle.loads(pickle.dumps(one))
        assert str(again) == str(one) and repr(again.rows) == repr(one.rows)


def test_frames_have_the_columns_of_results_csv(
    results: reportgen.Results, quadratic: reportgen.Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[list[dict[str, Any]], list[str]]] = []
    pandas = ModuleType("pandas")
    pandas.DataFrame = lambda rows, columns: made.append((rows, columns))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    results.frame()
    quadratic.frame()
    header = csv_text(results.findings).splitlines()[0].split(",")
    assert made[0] == (results.rows, header)
    assert made[1][1] == header and made[1][0] == quadratic.rows
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingRequirementError, match=r"pip install 'reportgen\[notebook\]'.*\.rows"):
        results.frame()


class Table(dict[str, Any]):
    """A stand-in for a DataFrame with what `frame` needs: columns that can be set."""

    def __init__(self, rows: list[dict[str, Any]], columns: list[str]) -> None:
        super().__init__({name: [row[name] for row in rows] for name in columns})


@pytest.mark.parametrize(("most", "kind"), [(2, "Int64"), (2**63 - 1, "Int64"), (2**63, object)])
def test_a_frame_has_no_word_among_its_seeds(most: int, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means over trainings are of no seed: missing, as pandas has it, where results.csv says “every”."""
    pandas = ModuleType("pandas")
    pandas.DataFrame = Table  # type: ignore[attr-defined]
    pandas.array = lambda values, dtype: (dtype, values)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    rows = [seeded_row(seed) for seed in (0, most, "every")]
    swept = ("train.num_samples", "train.seed")
    table = frame(rows, swept)
    assert table["train.seed"] == (kind, [0, most, None])
    assert table["train.num_samples"] == [5, 5, 5]
    assert [row["train.seed"] for row in plain(rows, swept)] == [0, most, "every"]
    assert frame(rows, swept[:1])["train.num_samples"] == [5, 5, 5]


def test_seeds_of_a_real_frame_are_whole_numbers() -> None:
    pytest.importorskip("pandas")
    table = frame([seeded_row(seed) for seed in (0, 2, "every")], ("train.seed",))
    assert str(table["train.seed"].dtype) == "Int64" and table["train.seed"].isna().tolist() == [
        False
    ] * 2 + [True]
    assert sorted(table.groupby("train.seed").groups) == [0, 2]
    large = frame([seeded_row(2**64), seeded_row("every")], ("train.seed",))
    assert large["train.seed"].tolist() == [2**64, None]


def seeded_row(seed: int | str) -> Row:
    """A likelihood of a training, or of the mean over several."""
    setting = {"train.num_samples": 5, "train.seed": seed}
    numbers = (86.0, 85.0, 87.0, 200, "met")
    return Row(
        "a", "key", "digits", "iwae", "model", 50, 4, "all", "negative_log_likelihood", *numbers, setting
    )


def test_code_is_run_only_with_leave(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise SystemExit(1)\n")
    (tmp_path / "own.yaml").write_text("experiment: own\nproblem: {python: bad.py:build}\n")
    with pytest.raises(UsageError, match=r"none of it was run\. Read it, then pass allow_code=True\.$"):
        reportgen.run(tmp_path / "own.yaml", tmp_path / "output")
    (cause,) = reportgen.run(tmp_path / "own.yaml", tmp_path / "output", allow_code=True).broken
    assert "bad.py:1: must return, it ended the program" in cause


def test_measured_variances_are_the_exact_ones(quadratic: reportgen.Measurement) -> None:
    """∇_μ and ∇_log σ of (μ + σ ε − k)², by hand: their variances over ε ~ N(0, 1)."""
    a = MEAN - K
    pathwise = 4 * SCALE**2 + SCALE**2 * (4 * a**2) + 8 * SCALE**4
    found = quadratic.get("total_variance", "pathwise")
    assert abs(found.value - pathwise) < 2.6 * (found.high - found.low) / 3.92
    assert found.high - found.low < 2 * 0.03 * 1.1 * found.value
    ratio = quadratic.ratio("score_function", "pathwise")
    assert ratio.value == pytest.approx(quadratic.get("total_variance", "score_function").value / found.value)
    own = quadratic.get("variance_ratio", "score_function")
    assert (own.value, own.low, own.high) == (ratio.value, ratio.low, ratio.high)
    assert quadratic.reference == "pathwise" and quadratic.same_mean("pathwise") == "reference"
    assert quadratic.same_mean("score_function").startswith("p ")


@pytest.mark.long
def test_every_estimator_that_applies_is_measured_under_every_objective() -> None:
    options: dict[str, Any] = {"precision": 0.9, "budget": 8000, "min_replicates": 64}
    for objective in ("reconstruction", "elbo", "elbo_analytic_kl", "iwae"):
        wide = parts()  # made narrow, since exact values are sought in float64 alone, and take their time
        model = wide.encoder.float(), wide.decoder.float(), wide.x.float()
        found = reportgen.measure(model, objective=objective, **options)
        assert "pathwise" in found.labels and "score_function" in found.labels
        assert "generative" not in found.labels and "score_function_as_printed" not in found.labels
        assert all(found.get("total_variance", label).available for label in found.labels)
        if objective == "iwae":
            assert {arm.num_samples for arm in found.record.arms} == {2}


def test_without_room_for_jacobians_the_record_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are computed again whenever they are needed; all but the clock's arrays agree to rounding."""
    body = nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 2), nn.GroupNorm(2, 4), nn.Tanh(), nn.Flatten()
    encoder = nn.Sequential(*body, nn.Linear(8, 4)).double()
    options: dict[str, Any] = {"precision": 0.9, "budget": 1000, "min_replicates": 64}
    asked = ["score_function", "score_function_optimal_constant", "pathwise"]
    kept = reportgen.measure(parts(encoder=encoder), asked, **options).record
    monkeypatch.setattr(factoring, "KEPT", 0)
    again = reportgen.measure(parts(encoder=encoder), asked, **options).record
    assert kept.groups == again.groups == ("all", "1", "2", "5")
    for name, array in kept.arrays.items():
        if "seconds" not in name:
            np.testing.assert_allclose(again.arrays[name], array, rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_likelihood_without_a_gradient_is_measured_with_what_needs_none() -> None:
    wide = parts()  # made narrow as above
    narrow = {"encoder": wide.encoder.float(), "decoder": wide.decoder.float(), "x": wide.x.float()}
    rough = parts(likelihood=lambda x, out: -(x - out).detach().abs().sum(-1), **narrow)
    found = reportgen.measure(rough, precision=0.5, budget=4000, min_replicates=64)
    labels = {row["estimator"] for row in found.rows}
    assert "score_function" in labels and "measure_valued" in labels
    assert not labels & {"pathwise", "sticking_the_landing", "taylor_control_variate"}
    with pytest.raises(UsageError, match=r"estimators\[0\]: pathwise needs ∂f/∂z, which a black-box"):
        reportgen.measure(rough, ["pathwise"])


def test_the_same_numbers_again_and_the_threads_left_as_they_were() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    options: dict[str, Any] = {"precision": 0.9, "budget": 4000, "min_replicates": 64}
    model = parts()
    first, second = (
        reportgen.measure((model.encoder, model.decoder, model.x), ["pathwise"], **options) for _ in range(2)
    )
    assert first.get("total_variance", "pathwise") == second.get("total_variance", "pathwise")
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)
    other = reportgen.measure(model, ["pathwise"], seed=1, **options)
    assert other.get("total_variance", "pathwise") != first.get("total_variance", "pathwise")


def test_numbers_of_numpy_are_numbers() -> None:
    problem = free_gaussian([MEAN], [SCALE], lambda z: ((z - K) ** 2).sum(-1))
    plain, own = (
        reportgen.measure(
            problem, "pathwise", "expectation", num_samples=k, seed=seed, precision=width, min_replicates=64
        )
        for k, seed, width in ((2, 3, 0.5), (np.int64(2), np.int32(3), np.float64(0.5)))
    )
    assert plain.get("total_variance", "pathwise") == own.get("total_variance", "pathwise")


def test_own_estimators_and_options() -> None:
    def halved(draws: Any, _: Any) -> Tensor:
        return 0.5 * (draws.f.unsqueeze(-1) * draws.score).mean(2)

    own = reportgen.Estimator(name="halved", evaluate=halved, unbiased=False)
    asked: list[Any] = [own, {"name": "leave_one_out", "num_samples": 4, "label": "loo"}, "score_function"]
    found = reportgen.measure(parts(), asked, "reconstruction", precision=0.5, budget=20_000)
    assert found.labels == ("halved", "loo", "score_function")
    assert found.reference == "loo" and found.same_mean("halved").startswith("biased, ")
    ratio = found.get("total_variance", "halved").value / found.get("total_variance", "score_function").value
    assert ratio == pytest.approx(0.25, rel=1e-6)
    assert "biased" in found._repr_html_()


def test_an_own_fit_may_ask_for_gradients() -> None:
    """Pathwise and its score in the best proportion: no noisier than either end, and unbiased still."""

    def fit(draws: Any) -> dict[str, Tensor]:
        stuck, score = draws.pullback(draws.gradient).flatten(1, 2), draws.explicit.flatten(1, 2)
        away = score - score.mean(1, keepdim=True)
        return {"share": -(stuck * away).mean(1, keepdim=True) / (away**2).mean(1, keepdim=True)}

    def evaluate(draws: Any, coefficients: Any) -> Tensor:
        share = coefficients["share"].unsqueeze(1)
        return (draws.pullback(draws.gradient) + share * draws.explicit).mean(2)

    own = reportgen.Estimator(
        name="combined", evaluate=evaluate, fit=fit, needs_gradient=True, reparameterizes=True
    )
    problem = free_gaussian([0.4], [0.8], lambda z: torch.cos(2.0 * z).sum(-1))
    found = reportgen.measure(problem, ["pathwise", "sticking_the_landing", own], precision=0.02)
    combined = found.get("total_variance", "combined")
    for end in ("pathwise", "sticking_the_landing"):
        assert combined.high < found.get("total_variance", end).low
    assert found.get("bias_p_value", "combined").value > 1e-3


def test_every_option_of_an_estimator_reaches_its_numbers() -> None:
    """A Gumbel-softmax of a lower temperature has the larger variance."""
    model = reportgen.Model(
        nn.Linear(4, 3, dtype=torch.float64),
        nn.Linear(3, 4, dtype=torch.float64),
        torch.eye(4, dtype=torch.float64),
        family="bernoulli",
    )
    asked: list[Any] = [
        "score_function",
        {"name": "score_function", "antithetic": True},
        *({"name": "gumbel_softmax", "temperature": tau} for tau in (2.0, 0.1)),
    ]
    found = reportgen.measure(model, asked, "reconstruction", precision=0.1, min_replicates=200)
    _, mirrored, warm, cold = found.record.arms
    assert mirrored.antithetic and mirrored.num_samples == 2
    assert (warm.temperature, cold.temperature) == (2.0, 0.1)
    values = {label: found.get("total_variance", label) for label in found.labels}
    assert values[cold.label].low > values[warm.label].high


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"objective": "ELBO"}, r"objective: must be one of .*; got 'ELBO'\. Did you mean elbo\?$"),
        ({"precision": 2.0}, "precision: must lie between 0 and 1"),
        ({"precision": "2"}, "precision: must be a fraction such as 0.02 or 2%, got '2'"),
        ({"precision": "fine"}, "precision: must be a fraction such as 0.02 or 2%, got 'fine'"),
        ({"budget": 100}, "budget: must be at least 2000 for 1 sample an"),
        ({"budget": "1e4"}, r"^budget: must be a whole number, got '1e4'\. Write 1e4 without quotes\.$"),
        ({"min_replicates": 1.5}, r"^min_replicates: must be a whole number, got 1\.5\. Use 1 or more\.$"),
        ({"num_samples": 2.5}, r"^num_samples: must be a whole number, got 2\.5\. Use 1 or more\.$"),
        ({"seed": "a"}, "^seed: must be a whole number, got 'a'"),
        ({"seed": -1}, "^seed: must be at least 0, got -1"),
        ({"estimators": []}, "estimators: need at least one"),
        ({"estimators": ["pathwise", "pathwize"]}, r"estimators\[1\].name: must be one of"),
        ({"estimators": ["pathwise", "pathwise"]}, r"estimators\[1\]: is called pathwise like another"),
        ({"estimators": ["generative"], "objective": "reconstruction"}, r"generative estimates no gradient"),
        (
            {"estimators": ["pathwise", {"name": "vimco", "num_samples": 4}], "objective": "iwae"},
            r"estimators\[1\]: must have the K of the first, 1",
        ),
        ({"estimators": [{"name": "leave_one_out", "num_samples": 1}]}, "needs at least 2, got 1"),
        ({"estimators": [{"python": "mine.py:own"}]}, r"estimators\[0\]\.python: is for declarations\. Give"),
        (
            {"estimators": [{"name": "pathwise", "antithetic": True}], "objective": "iwae"},
            r"estimators\[0\]: antithetic samples make another bound than iwae\. Remove antithetic\.",
        ),
    ],
)
def test_wrong_questions_are_answered_with_one_sentence(arguments: dict[str, Any], said: str) -> None:
    whole: dict[str, Any] = {"estimators": ["pathwise"], **arguments}
    with pytest.raises(UsageError, match=said) as error:
        reportgen.measure(parts(), **whole)
    assert "\n" not in str(error.value)


def test_wrong_models_and_names_too(quadratic: reportgen.Measurement) -> None:
    with pytest.raises(CellError, match=r"problem: must give a reportgen\.Model"):
        reportgen.measure(nn.Linear(2, 2))  # type: ignore[arg-type]
    for ask, said in (
        (lambda: quadratic.get("variance", "pathwise"), "statistic: must be one of total_variance"),
        (
            lambda: quadratic.get("total_variance", "path"),
            r"estimator: must be one of pathwise, score_function; got 'path'\. Did you mean pathwise\?",
        ),
        (lambda: quadratic.get("total_variance", "pathwise", "last"), "group: must be one of all, mean"),
    ):
        with pytest.raises(UsageError, match=said):
            ask()


def test_the_notebook_table_stands_alone_and_shows_the_numbers(quadratic: reportgen.Measurement) -> None:
    page = quadratic._repr_html_()
    assert len(page) < 20_000
    assert not re.findall(r"https?:|src=|<script|@import|url\(", page)
    assert page.count("<svg") == 3 and page.count("<circle") == 2
    assert page.count('fill="none"') == 1  # the reference's
    for label in quadratic.labels:
        assert f"<td>{label}</td>" in page
        value = quadratic.get("total_variance", label)
        x = re.search(rf'aria-label="{label}: .*?<circle cx="([0-9.]+)"', page)
        assert x is not None
        variances = [quadratic.get("total_variance", one) for one in quadratic.labels]
        assert float(x[1]) == pytest.approx(LogAxis(variances).at(value.value), abs=0.06)
    assert "prefers-color-scheme:dark" in page and "data-jp-theme-light=false" in page


def test_names_are_escaped() -> None:
    own = reportgen.Estimator(
        name="a<b>&", evaluate=lambda draws, _: (draws.f.unsqueeze(-1) * draws.score).mean(2)
    )
    page = reportgen.measure(parts(), [own], precision=0.9, budget=4000, min_replicates=64)._repr_html_()
    assert "a&lt;b&gt;&amp;" in page and "a<b>" not in page


def test_the_log_axis_has_whole_decades_and_keeps_order() -> None:
    axis = LogAxis([Estimate(3.0, 2.0, 4.0), Estimate(900.0), Estimate(math.nan)])
    assert (axis.low, axis.high) == (0, 3) and axis.ticks == [0, 1, 2, 3]
    assert axis.at(1.0) == MARGIN and axis.at(1000.0) == WIDTH - MARGIN
    assert axis.at(10.0) - axis.at(1.0) == pytest.approx(axis.at(100.0) - axis.at(10.0))
    assert axis.at(0.0) == MARGIN and axis.at(1e9) == WIDTH - MARGIN
    assert len(LogAxis([Estimate(1e-9), Estimate(1e9)]).ticks) <= 7
    assert LogAxis([Estimate(10.0, 10.0, 10.0)]).high > LogAxis([Estimate(10.0, 10.0, 10.0)]).low
    assert LogAxis([]).ticks == [0, 1]


def test_printed_tables_are_aligned(quadratic: reportgen.Measurement) -> None:
    heading, header, *rows = str(quadratic).splitlines()
    assert heading.startswith("Expectation, gradient in 2 parameters of the encoder, 1 data point, ")
    start = header.index("total variance")
    for row, label in zip(rows, quadratic.labels, strict=False):
        assert row.startswith(label) and row[start - 2 : start] == "  " and row[start] != " "
    assert list(aligned([("a", "b", "c"), ("x", "", "1"), ("yy", "", "22")], numbers=(2,))) == [
        "a    c",
        "x    1",
        "yy  22",
    ]


def test_one_estimator_and_a_precision_in_per_cent_are_read_as_in_a_declaration() -> None:
    problem = free_gaussian([0.4], [0.8], lambda z: torch.cos(2.0 * z).sum(-1))
    found = reportgen.measure(problem, "pathwise", precision="10%")
    same = reportgen.measure(problem, ["pathwise"], precision=0.1)
    assert found.get("total_variance", "pathwise") == same.get("total_variance", "pathwise")


def test_one_override_is_one_and_what_is_no_experiment_is_refused() -> None:
    assert reportgen.load("smoke", "measure.precision=5%").measure.precision == 0.05
    with pytest.raises(UsageError, match=r"experiment: must be a file, .* got dict"):
        reportgen.load({"experiment": "mine"})  # type: ignore[arg-type]


def test_settings_laid_over_may_be_numbers_of_any_library() -> None:
    over = {
        "measure.precision": np.float32(0.5),
        "problem.hidden": np.array([8]),
        "train.epochs": torch.tensor(3),
    }
    loaded = reportgen.load("smoke", {**over, "train.checkpoints": (0, 3)})
    assert loaded.measure.precision == 0.5 and loaded.train is not None and loaded.train.epochs == 3


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"measure.precision": object()}, r"overrides: measure\.precision must be a number, .* got object\."),
        ({"objective": {"elbo"}}, r"overrides: objective must be .* got set\. Convert it\."),
        (5, r"overrides: must be a dictionary, or texts .* got int\. Write"),
        ([{"seed": 1}], r"overrides: must be a dictionary, or texts .* got list\."),
    ],
)
def test_settings_that_no_declaration_holds_are_told(overrides: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        reportgen.load("smoke", overrides)


@pytest.mark.long
def test_cells_run_in_an_executor_whose_workers_are_elsewhere(
    results: reportgen.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers in another folder, and a store that is named from this one; as those of a cluster are."""
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.chdir, initargs=(elsewhere,)) as pool:
        found = reportgen.run(reportgen.load(TEXT), "here", executor=pool)
        assert pool.submit(os.getcwd).result() == str(elsewhere), "still the caller's"
    assert list(elsewhere.iterdir()) == [] and found.outcome.measured == results.outcome.measured
    timed = ("seconds_per_replicate", "time_normalized_variance")
    numbers = [[row for row in one.rows if row["statistic"] not in timed] for one in (found, results)]
    assert repr(numbers[0]) == repr(numbers[1])


@pytest.mark.long
def test_own_code_has_its_process_alone_in_threads_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generators that are seeded before each call are the process's: two cells at once would share them."""
    monkeypatch.chdir(tmp_path)
    settings = ["measure.precision=50%", "measure.min_replicates=256"]
    declared = reportgen.load(EXAMPLES / "my_gradients.yaml", settings)
    with ThreadPoolExecutor(3) as pool:
        threads = reportgen.run(declared, "threads", executor=pool, jobs=3, allow_code=True)
    alone = reportgen.run(declared, "alone", allow_code=True)
    timed = ("seconds_per_replicate", "time_normalized_variance")
    numbers = [[row for row in one.rows if row["statistic"] not in timed] for one in (threads, alone)]
    assert threads.broken == () and repr(numbers[0]) == repr(numbers[1])


def test_an_executor_is_one() -> None:
    with pytest.raises(UsageError, match=r"^executor: must be a concurrent\.futures\.Executor, got str\. "):
        reportgen.run("smoke", executor="processes")  # type: ignore[arg-type]


@pytest.mark.parametrize("jobs", ["2", 0, True, 1.5])
def test_jobs_are_counted(jobs: Any) -> None:
    with pytest.raises(UsageError, match=r"^jobs: must be a whole number of at least 1, got "):
        reportgen.run("smoke", jobs=jobs)
