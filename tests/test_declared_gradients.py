"""Gradients of functions that a declaration names: the same numbers as from Python, a report, and faults."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reportgen
from reportgen import workflow
from reportgen.cli.answers.tables import conclusion
from reportgen.declaration import load_text
from reportgen.declaration.writing import resolved, to_yaml
from reportgen.errors import DeclarationError, UsageError
from reportgen.figures import variance_by_layer
from reportgen.findings import marks, prose
from reportgen.findings.statistics.cautions import Caution
from reportgen.report.sections import variance
from reportgen.store import BrokenRecord, MeasurementRecord
from tests.press_cases import toy
from tests.test_cli import call
from tests.test_report import page_of, text_of

ROOT = Path(__file__).resolve().parent.parent
CODE = """\
import torch

def build(centre=2.0, names=("pathwise", "score", "short")):
    theta = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    offset = torch.randn(1)

    def pathwise():
        z = theta + torch.randn(1, dtype=torch.float64)
        return {"mean": torch.autograd.grad(((z - centre) ** 2).sum(), theta)[0]}

    def score():
        noise = torch.randn(1, dtype=torch.float64)
        return {"mean": (0.3 + noise - centre) ** 2 * noise}

    def short():
        return {"mean": 0.5 * pathwise()["mean"]}

    made = {"pathwise": pathwise, "score": score, "short": short, "raises": lambda: 1 / 0}
    return {**{name: made[name] for name in names}, "number": 3}
"""
TEXT = """\
experiment: mine
title: Mine
problem: {gradients: mine.py:build}
estimators:
  - pathwise
  - {name: score, label: score function, words: f times the score}
  - {name: short, unbiased: false}
measure: {precision: 25%, budget: 4e3, min_replicates: 256}
claims:
  - {id: lower, statement: it is lower, test: "variance_ratio(score function, pathwise) > 1"}
  - {id: short, statement: it is too short, test: "relative_projection(short) < 0.9"}
"""

NAMED = TEXT[TEXT.index("estimators:") : TEXT.index("measure:")]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The declaration and its code, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(CODE)
    Path("mine.yaml").write_text(TEXT)
    return tmp_path


def command(name: str, *options: str) -> int:
    return call(name, "mine.yaml", "--allow-code", "--executor", "serial", *options)


def records() -> list[Any]:
    return list(workflow.records(workflow.prepare("mine.yaml", Path("output"), ())).values())


def change(before: str, after: str) -> None:
    text = Path("mine.yaml").read_text()
    assert before in text
    Path("mine.yaml").write_text(text.replace(before, after))


def test_the_numbers_are_those_that_python_gets_of_the_same_functions(mine: Path) -> None:
    assert command("run") == 0
    (record,) = records()
    assert isinstance(record, MeasurementRecord)
    space: dict[str, Any] = {}
    exec(CODE, space)
    made = space["build"]()
    functions = {"pathwise": made["pathwise"], "score function": made["score"], "short": made["short"]}
    twin = reportgen.measure_gradients(functions, precision="25%", budget=4000, min_replicates=256).record
    assert [arm.label for arm in record.arms] == list(functions) and record.groups == ("all", "mean")
    assert [arm.reference for arm in record.arms] == [True, False, False]
    for name, values in record.arrays.items():
        np.testing.assert_array_equal(values, twin.arrays[name], err_msg=name)


def test_its_report_says_nothing_of_what_is_not_known(mine: Path, quick_reports: None) -> None:
    assert command("report") == 0
    folder = Path("output") / "mine"
    verdicts = {c["id"]: c["verdict"] for c in json.loads((folder / "claims.json").read_text())}
    assert verdicts == {"lower": "confirmed", "short": "confirmed"}
    page = (folder / "report.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    for said in (
        "Three estimators of one gradient are measured with the same seeds.",
        "How it arises is not known here",
        "F times the score.",
        "until 4000 calls are spent",
        "functions made by mine.py:build",
        "Code, mine.py:build",
    ):
        assert said in text, said
    for unsaid in (
        " q ",
        "q φ",
        "decoder",
        "data point",
        "forward",
        "number of samples",
        " nan ",
        "Own objective",
        "defined in the text",
    ):
        assert unsaid not in text, unsaid
    assert "g hat, over the square root" in page and "g hat i" not in page
    rows = (folder / "results.csv").read_text()
    assert ",own,score function,1,0,all,total_variance," in rows and "evaluations" not in rows
    assert "not available: across" not in rows


def test_dependent_and_rare_estimates_are_told_in_the_report(mine: Path, quick_reports: None) -> None:
    code = (
        Path("mine.py")
        .read_text()
        .replace(
            "    return {**",
            """\
    kept = torch.zeros(1, dtype=torch.float64)

    def momentum():
        kept.mul_(0.9).add_(0.1 * pathwise()["mean"])
        return {"mean": kept}

    made |= {"momentum": momentum, "still": lambda: {"mean": torch.ones(1)}}
    return {**""",
        )
    )
    Path("mine.py").write_text(code)
    change("mine.py:build", "mine.py:build, arguments: {names: [pathwise, momentum, still]}")
    change(NAMED, "estimators: [pathwise, momentum, still]\n")
    change(TEXT[TEXT.index("claims:") :], "")
    change("25%, budget: 4e3", "5%, budget: 300")
    assert command("report") == 0
    page = (Path("output") / "mine" / "report.html").read_text()
    assert "Estimates of “momentum” resemble those made before them" in page
    assert "estimates of “still” are the same: what happens in fewer than 1.2% of them" in page
    assert "exhausted the budget of 300 calls before" in page and "K = 1" not in page
    assert "Estimates of “still”" not in page and "Estimates of “pathwise”" not in page


def test_the_same_words_of_several_settings_are_said_once_with_the_range_of_their_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swept = "sweep: {problem.arguments.centre: [2, 5, 8]}\nclaims:"
    text = TEXT.replace("build}", "build, arguments: {centre: 2}}").replace("claims:", swept)
    found = toy(text, lambda cell, arm: 4.0)

    def cautions(record: MeasurementRecord, named: Any) -> list[Caution]:
        centre = record.setting["problem.arguments.centre"]
        said = {2: ["All.", "Base.", "Two."], 5: ["All.", "Two.", "Both."], 8: ["All.", "Both.", "Eight."]}
        heavy = Caution("One in ", {2: 20, 5: 45, 8: 14}[centre], " of them.")
        steady = Caution("Half of ", 7, " of them.")
        return [*map(Caution, said[centre]), heavy, *[steady] * (centre > 2)]

    monkeypatch.setattr(variance, "cautions", cautions)
    assert variance.warnings(found) == [
        "In every setting: All.",
        "Base.",
        "Centre 2 and centre 5: Two.",
        "In every setting: One in 14 to 45 of them.",
        "Centre 5 and centre 8: Both.",
        "Centre 5 and centre 8: Half of 7 of them.",
        "Centre 8: Eight.",
    ]


def test_beside_a_broken_reference_blocks_have_their_variances(mine: Path) -> None:
    """Nothing is relative to it, and no table is made of dashes."""
    Path("mine.py").write_text(
        "import torch\n"
        "def build():\n"
        "    def plain(): return {'w': torch.randn(4), 'v': torch.randn(2)}\n"
        "    return {'bad': lambda: 1 / 0, 'plain': plain, 'again': plain}\n"
    )
    declared = TEXT[: TEXT.index("claims:")].replace(NAMED, "estimators: [bad, plain, again]\n")
    Path("mine.yaml").write_text(declared)
    found = reportgen.run("mine.yaml", allow_code=True).findings
    page = page_of(found)
    tables = dict(
        re.findall(r"<caption(?:(?!</table>).)*?(by parameter block|Cost of)(.*?)</table>", page, re.S)
    )
    blocks, cost = (text_of(tables[name]) for name in ("by parameter block", "Cost of"))
    assert "ratios" not in blocks and "–" not in blocks and "Bad" not in blocks
    for group in ("w", "v"):
        assert prose.value_of(found.get("total_variance", "plain", group=group)) in blocks
    assert "not available" not in cost and "Bad" in cost


def test_of_many_blocks_those_with_most_variance_are_shown(mine: Path) -> None:
    """Fourteen, of which the second and the last have least; what is told of all of them is of all."""
    Path("mine.py").write_text(
        "import torch\n"
        "SCALE = [3.0, 0.1, *range(4, 15), 0.2]\n"
        "def build():\n"
        "    def plain(): return {f'p{i}': s * torch.randn(2) for i, s in enumerate(SCALE)}\n"
        "    def wide(): return {k: (1.5 if k == 'p1' else 4.0) * v for k, v in plain().items()}\n"
        "    return {'plain': plain, 'wide': wide}\n"
    )
    Path("mine.yaml").write_text(TEXT[: TEXT.index("claims:")].replace(NAMED, "estimators: [plain, wide]\n"))
    found = reportgen.run("mine.yaml", allow_code=True).findings
    shown = ["p0", *(f"p{i}" for i in range(2, 13))]
    data = variance_by_layer.data(found)
    assert data is not None and list(data.groups) == shown
    caption = marks.plain(variance_by_layer.caption(found, data))
    assert "Total variance of the twelve of 14 parameter blocks in which it is highest, " in caption
    assert "differ by a factor of 2.25 in “p1” and of 16.0 in “p0”" in caption
    assert variance_by_layer.draw(data).get_figheight() < 5.0
    table = re.search(r"<caption(?:(?!</table>).)*by parameter block.*?</table>", page_of(found), re.DOTALL)
    assert table is not None and "of the twelve of 14 in which it is highest" in text_of(table[0])
    assert re.findall(r">(p\d+)<", table[0]) == shown


@pytest.mark.parametrize(("least", "powers"), [(40.0, True), (1000.0, False)])
def test_products_of_one_column_are_all_powers_of_ten_or_none(least: float, powers: bool) -> None:
    """Of 2 µs a call; 8×10⁻⁵ beside 0.008 would not be read as a column."""
    found = toy(TEXT, lambda cell, arm: least if arm.label == "short" else 4000.0)
    table = re.search(r"Variance × seconds.*?</table>", page_of(found), re.DOTALL)
    assert table is not None
    products = [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td.*?</td>", table[0])]
    shown = [cell for cell in products if re.search(r"0\.0|×10", cell)]
    assert len(shown) >= 3 and [("×10" in cell) for cell in shown] == [powers] * len(shown)


def test_a_function_alone_is_told_without_comparisons() -> None:
    found = toy(
        TEXT[: TEXT.index("claims:")].replace(NAMED, "estimators: pathwise\n"), lambda cell, arm: 4.0, eta=1
    )
    page = page_of(found)
    text = re.sub(r"\s+", " ", text_of(page))
    assert "One estimator of one gradient is measured. The total variance of “pathwise” is 4.00" in text
    for unsaid in (
        "same mean",
        "identically for all",
        "variance_ratio",
        "gap_closed",
        "relative_projection",
        "lower, ",
    ):
        assert unsaid not in text, unsaid
    spoken = toy(
        TEXT[: TEXT.index("claims:")].replace(NAMED, "estimators: [{name: pathwise, words: of the path}]\n"),
        lambda cell, arm: 4.0,
        eta=1,
    )
    assert re.search(r"<h3[^>]*>Pathwise", page_of(spoken)), "as tables name it"
    assert "A gradient has 1 coordinate here, and the source of its randomness" in text


def test_a_claim_of_a_group_that_is_not_there_says_so() -> None:
    found = toy(TEXT.replace("pathwise) > 1", "pathwise) > 1 in other"), lambda cell, arm: 4.0)
    job: Any = SimpleNamespace(experiment=found.experiment, folder=Path())
    said = "  broken: lower: no parameter group 'other', the groups are all, mean and log_scale"
    assert said in list(conclusion(job, found, None))


def test_arguments_are_swept_and_seeded(mine: Path) -> None:
    change("build}", "build, arguments: {centre: 2.0}}")
    change("claims:", "sweep: {problem.arguments.centre: [2, 5]}\nclaims:")
    assert command("run") == 0
    for record in records():
        a = 0.3 - record.setting["problem.arguments.centre"]
        exact = np.array([4.0, 15.0 + 14.0 * a**2 + a**4, 1.0])
        widths = np.array([arm.relative_half_width for arm in record.arms])
        assert np.all(np.abs(np.log(record.arrays["variance"][:, 0, 0] / exact)) < 2.0 * widths)
    assert {record.setting["problem.arguments.centre"] for record in records()} == {2.0, 5}


def test_what_is_written_out_reads_back(mine: Path) -> None:
    before = workflow.prepare("mine.yaml", Path("output"), ()).experiment
    text = to_yaml(resolved(before))
    after = load_text(text, name=str(mine / "mine.yaml"))
    assert after.estimators == before.estimators and to_yaml(resolved(after)) == text
    assert [spec.label for spec in before.estimators] == ["pathwise", "score function", "short"]
    assert before.reference == before.estimators[0]


def test_nothing_is_run_that_was_not_allowed(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", "mine.yaml", "--executor", "serial") == 2
    assert "would run mine.py:build" in capsys.readouterr().err
    assert call("check", "mine.yaml") == 0
    assert "at most 4,000 calls of each function" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (NAMED, "", "is required, got nothing. Name the functions of mine.py:build: [mine, theirs]."),
        ("  - pathwise\n", "  - pathwise\n  - pathwise\n", "estimators[1]: is pathwise() again, like"),
        ("- pathwise", "- {name: pathwise, num_samples: 2}", "estimators[0].num_samples: does not apply"),
        ("- pathwise", "- {name: pathwise, baseline: optimal_constant}", "[0].baseline: does not apply"),
        ("- pathwise", "- {python: mine.py:x}", "estimators[0]: python is for estimators of a model"),
        ("- pathwise", "- {name: pathwise, unbiased: false}", None),
        ("{gradients: mine.py:build}", "{latent: 3}", "estimators[1].name: must be one of score_function"),
        ("budget: 4e3", "num_samples: [2]", "num_samples: of gradients the samples of an estimate are"),
        ("budget: 4e3", "constants: [2]", "no constant can be added to log p of gradients"),
        (
            "relative_projection(short)",
            "evaluations(short)",
            "evaluations takes a model, got functions of problem.gradients. Use total_variance, mean_norm",
        ),
        (
            "relative_projection(short) < 0.9",
            "negative_log_likelihood < 9",
            "negative_log_likelihood takes a model, got functions of problem.gradients. Use total_var",
        ),
        (
            "measure:",
            "sweep: {problem.arguments.centre: [2, 5]}\nmeasure:",
            "no setting has this path: centre has no value outside the sweep. Add it to problem.arguments.",
        ),
        ("- pathwise", "- 'f, g'", "so that claims can name it, got 'f, g'. Set label to another."),
        ("relative_projection(short)", "bias_squared(short)", "bias_squared takes a model, got functions of"),
        (
            "relative_projection(short)",
            "slope(mean_norm(short), num_samples)",
            "a slope along num_samples takes",
        ),
        ("measure:", "objective: elbo\nmeasure:", "objective[0]: gradients has no elbo. "),
        ("{gradients: mine.py:build}", "{gradients: mine.py}", "problem.gradients: must be file.py:name or"),
        ("{gradients: mine.py:build}", "{gradients: mine.py:build, latent: 3}", "problem.latent: "),
    ],
)
def test_a_fault_of_the_declaration_is_one_line(
    mine: Path, before: str, after: str, said: str | None
) -> None:
    change(before, after)
    if said is None:
        workflow.prepare("mine.yaml", Path("output"), ())
        return
    with pytest.raises(DeclarationError) as error:
        workflow.prepare("mine.yaml", Path("output"), ())
    assert said in str(error.value).splitlines()[0] and "mine.yaml:" in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{name: score,", "{name: 3,", "6 estimators[1].name: must be text, got 3."),
        ("{name: score,", "{function: 3,", "6 estimators[1].function: must be text, got 3."),
        ("- pathwise", "- ''", "5 estimators[0]: must not be empty."),
        ("- pathwise", "- 3", "estimators[0]: must be a mapping of settings (name, unbiased, words, label)"),
        ("{name: short,", "{nam: short,", "7 estimators[2].nam: unknown key. Did you mean name?"),
        (NAMED, "", "1 estimators: is required, got nothing. Name the functions of mine.py:build"),
        ("{gradients: mine.py:build}", "{gradients: mine.py}", "3 problem.gradients: must be file.py:name"),
        ("{gradients: mine.py:build}", "{gradients: mine.py:build, argument: {}}", "Did you mean arguments?"),
        ("{gradients: mine.py:build}", "{gradient: mine.py:build}", "unknown key. Did you mean gradients?"),
        ("{gradients: mine.py:build}", "{model: gradient}", "3 problem.model: must be one of"),
        ("{gradients: mine.py:build}", "{model: gradients}", "Add `gradients: my_gradients.py:build`."),
        ("{gradients: mine.py:build}", "mine.py:build", "3 problem: must be a mapping of settings"),
        ("{gradients: mine.py:build}", "", "3 problem: must be a mapping of settings"),
    ],
)
def test_a_fault_has_one_line_with_what_was_written(mine: Path, before: str, after: str, said: str) -> None:
    change(before, after)
    with pytest.raises(DeclarationError) as error:
        workflow.prepare("mine.yaml", Path("output"), ())
    (line,) = str(error.value).splitlines()
    assert said in line


def test_faults_of_a_model_are_all_told_at_once(mine: Path) -> None:
    change("{gradients: mine.py:build}", "{model: vae, laten: 3}")
    with pytest.raises(DeclarationError) as error:
        workflow.prepare("mine.yaml", Path("output"), ())
    places = [line.split(" ")[1] for line in str(error.value).splitlines()]
    assert places == ["problem.laten:", "estimators[1].name:", "estimators[2].name:"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "- pathwise",
            "- {name: other, label: pathwise}",
            "mine.py:build: gives no function called 'other', which estimators",
        ),
        (
            "- pathwise",
            "- {name: number, label: pathwise}",
            "must give a function without arguments as 'number', got int.",
        ),
        ("mine.py:build}", "mine.py:torch}", "mine.py:torch: must be a function, got module."),
        ("mine.py:build}", "mine.py:CODE}", "mine.py"),
    ],
)
def test_a_fault_of_the_code_breaks_the_cell(mine: Path, before: str, after: str, said: str) -> None:
    change(before, after)
    command("run")
    (record,) = records()
    assert isinstance(record, BrokenRecord)
    assert said in record.cause and "\n" not in record.cause


def test_an_estimate_that_is_no_number_breaks_its_estimator_alone(mine: Path) -> None:
    code = Path("mine.py").read_text()
    Path("mine.py").write_text(code.replace("0.5 * pathwise()", "float('nan') * pathwise()"))
    command("run")
    (record,) = records()
    assert [arm.status for arm in record.arms] == ["met", "met", "broken"]
    assert "Look at what the function returns." in (record.arms[2].cause or "")


@pytest.mark.parametrize("problem", ["{gradient: mine.py:build}", "{model: gradients}"])
def test_beside_a_faulty_problem_what_does_not_lean_on_it_is_told(mine: Path, problem: str) -> None:
    """Functions that are no estimators of a model's are no reason to look no further."""
    change("{gradients: mine.py:build}", problem)
    change("id: short,", "id: lower,")
    with pytest.raises(DeclarationError) as error:
        workflow.prepare("mine.yaml", Path("output"), ())
    places = [line.split(" ")[1] for line in str(error.value).splitlines()]
    assert [place for place in places if not place.startswith("problem")] == ["claims[1].id:"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> MeasurementRecord:
    """The record of the declaration as it is."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "mine.py").write_text(CODE)
    (folder / "mine.yaml").write_text(TEXT)
    reportgen.run(folder / "mine.yaml", output=folder, allow_code=True)
    (record,) = workflow.records(workflow.prepare(str(folder / "mine.yaml"), folder, ())).values()
    assert isinstance(record, MeasurementRecord)
    return record


def faulty(text: str) -> None:
    """Gives the fourth function this body; `calls` counts its calls."""
    made = "    made = {"
    body = f"    calls = []\n\n    def odd():\n        calls.append(1)\n        {text}\n\n"
    code = (
        Path("mine.py")
        .read_text()
        .replace(made, body + made)
        .replace('"raises": lambda: 1 / 0', '"odd": odd')
    )
    Path("mine.py").write_text(code)
    change("mine.py:build", "mine.py:build, arguments: {names: [pathwise, score, short, odd]}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", "mine.py:22: odd: ZeroDivisionError: division by zero"),
        ("return torch.ones(3) @ torch.ones(2)", "mine.py:22: odd: RuntimeError: "),
        ("raise type('Odd', (BaseException,), {})('x')", "mine.py:22: odd: Odd: x"),
        ("raise SystemExit", "mine.py:22: must return, it ended the program"),
        (
            "return {'mean': torch.ones(2)}",
            "estimators['odd']: must return 1 coordinates as 'mean', as 'path",
        ),
        ("return {'other': torch.ones(1)}", "estimators['odd']: must return 1 coordinates as 'mean'"),
        ("return None", "estimators['odd']: must return a gradient: "),
        ("return pathwise() if len(calls) < 200 else 1 / 0", "mine.py:22: odd: ZeroDivisionError"),
        ("return {'mean': torch.ones(1 + len(calls) // 200)}", "as it returned before, got 2."),
    ],
)
def test_a_fault_of_one_function_breaks_its_estimator_alone(
    mine: Path, alone: MeasurementRecord, body: str, said: str
) -> None:
    faulty(body)
    change("  - pathwise\n", "  - pathwise\n  - odd\n")
    assert command("run") == 4
    (record,) = records()
    assert [arm.status for arm in record.arms] == ["met", "broken", "met", "met"]
    assert said in record.arms[1].cause and "\n" not in record.arms[1].cause
    assert np.isnan(record.arrays["variance"][1]).all()
    assert record.draws_per_image == alone.draws_per_image, "no more for its sake"
    for name in ("variance", "projection", "bias_statistic", "serial_dependence"):
        np.testing.assert_array_equal(np.delete(record.arrays[name], 1, 0), alone.arrays[name], err_msg=name)


@pytest.mark.parametrize("first", [1, 200, 1000])
def test_where_the_reference_raises_the_others_have_what_needs_none(
    mine: Path, alone: MeasurementRecord, first: int
) -> None:
    """At its first call, while it is measured, and while others are compared with it, itself being done."""
    faulty(f"return pathwise() if len(calls) < {first} else 1 / 0")
    change("  - pathwise\n", "  - {name: odd, label: pathwise}\n")
    assert command("run") == 4
    (record,) = records()
    assert [arm.status for arm in record.arms] == ["broken", "met", "met"]
    assert "odd: ZeroDivisionError" in record.arms[0].cause
    np.testing.assert_array_equal(record.arrays["variance"][1:], alone.arrays["variance"][1:])
    assert np.isnan(record.arrays["projection"]).all() and np.isnan(record.arrays["variance"][0]).all()


def test_a_function_that_broke_is_not_called_again(mine: Path) -> None:
    """So that what is told is its first fault."""
    faulty("return pathwise() if len(calls) < 200 else {}[len(calls)]")
    change("  - pathwise\n", "  - pathwise\n  - odd\n")
    assert command("run") == 4
    (record,) = records()
    assert record.arms[1].cause.endswith("odd: KeyError: 200")


@pytest.mark.parametrize("first", [1, 200])
def test_an_interruption_in_a_function_breaks_nothing(mine: Path, first: int) -> None:
    """It ends the command, as anywhere else, and nothing of it is kept as a fault of theirs."""
    faulty(f"return pathwise() if len(calls) < {first} else (_ for _ in ()).throw(KeyboardInterrupt)")
    change("  - pathwise\n", "  - pathwise\n  - odd\n")
    assert command("run") == 130
    with pytest.raises(UsageError, match="1 of 1 cells are not measured"):
        records()


def test_a_cell_breaks_where_every_function_does(mine: Path) -> None:
    faulty("return 1 / 0")
    change(NAMED, "estimators: [odd]\n")
    change(TEXT[TEXT.index("claims:") :], "")
    assert command("run") == 4
    (record,) = records()
    assert isinstance(record, BrokenRecord) and record.cause.startswith("mine.py:22: odd: ZeroDivisionError")


def test_the_worked_example_runs_and_is_the_one_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example, few = str(ROOT / "examples" / "my_gradients.yaml"), ("measure.min_replicates=64", "sweep={}")
    options = [word for change in ("measure.precision=60%", "claims=[]", *few) for word in ("--set", change)]
    assert call("run", example, "--allow-code", "--executor", "serial", *options) == 0
    shown = (ROOT / "docs" / "own_code.md").read_text().partition("### Declaring gradients")[2]
    block = shown.partition("```yaml\n")[2].partition("```")[0]
    declared = load_text(f"experiment: shown\n{block}")
    whole = load_text(Path(example).read_text())
    for part in ("problem", "measure", "sweep", "labels"):
        assert getattr(declared, part) == getattr(whole, part)
    assert declared.claims[0] == whole.claims[0]
