"""A user's own model and estimator on the command line: what is run, when, and what is reported of it."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from reportgen import workflow
from reportgen.errors import DeclarationError
from reportgen.plan import Plan
from reportgen.store import BrokenRecord, MeasurementRecord, Store
from tests.example_model import EXAMPLES
from tests.test_cli import call, errors

MODEL = """\
from pathlib import Path
import torch
from torch import nn
import reportgen

Path(__file__).with_name("ran").write_text("ran")

def build(latent=2):
    x = (torch.arange(12.0).reshape(3, 4) % 3 > 0).float()
    return reportgen.Model(nn.Linear(4, 2 * latent), nn.Linear(latent, 4), x)
"""
ESTIMATOR = """\
from pathlib import Path
import reportgen

Path(__file__).with_name("ran").write_text("ran")

def centred(draws, _):
    return ((draws.f - draws.f_at_centre).unsqueeze(-1) * draws.score).mean(2)

CENTRED = reportgen.Estimator(name="centred", evaluate=centred, extra_forward=1)
"""
BARE = """\
whole = reportgen.Model(nn.Linear(4, 2 * latent), nn.Linear(latent, 4), x)
    from reportgen.problems.own_model import problem_of
    made = problem_of(whole)

    class Bare:
        encoder, x, prior = made.encoder, made.x, made.prior
        family, log_likelihood = staticmethod(made.family), staticmethod(made.log_likelihood)

    return Bare()"""
TEXT = """\
experiment: mine
problem: {python: my_model.py:build}
objective: [elbo, elbo_analytic_kl]
estimators:
  - {python: my_estimator.py:CENTRED, label: centred, words: f at the mean of q as a baseline}
  - score_function
  - pathwise
measure: {precision: 40%, budget: 4e3, min_replicates: 100}
claims:
  - {id: lower, statement: it is better, test: "variance_ratio(centred, score_function) < 1"}
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The declaration in a folder of its own, called from another."""
    folder, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (folder / "my_model.py").write_text(MODEL)
    (folder / "my_estimator.py").write_text(ESTIMATOR)
    (folder / "mine.yaml").write_text(TEXT)
    return folder


def change(mine: Path, name: str, before: str, after: str) -> None:
    text = (mine / name).read_text()
    assert before in text
    (mine / name).write_text(text.replace(before, after))


def records(mine: Path) -> list[object]:
    job = workflow.prepare(str(mine / "mine.yaml"), Path("output"), ())
    return list(workflow.records(job).values())


def run(mine: Path, *options: str) -> int:
    return call("run", str(mine / "mine.yaml"), "--allow-code", "--executor", "serial", *options)


def cause(mine: Path) -> str:
    (record,) = records(mine)
    assert isinstance(record, BrokenRecord)
    return record.cause


def test_nothing_is_run_that_was_not_allowed(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(mine / "mine.yaml")
    for command in ("run", "report"):
        for executor in ("serial", "processes"):
            assert call(command, name, "--executor", executor) == 2
            (line,) = errors(capsys)
            assert line.endswith("none of it was run. Read it, then add --allow-code.")
            assert "would run my_model.py:build and my_estimator.py:CENTRED" in line
    assert call("check", name) == 0
    assert call("render", name) == 2
    assert call("list") == 0
    assert not (mine / "ran").exists()
    assert run(mine) == 0
    assert (mine / "ran").exists()


def test_a_worker_without_leave_runs_nothing_either(mine: Path, tmp_path: Path) -> None:
    from reportgen.execution import run as execute

    job = workflow.prepare(str(mine / "mine.yaml"), tmp_path, ())
    outcome = execute(job.experiment, job.plan, job.store, executor="serial")
    (record,) = outcome.broken
    assert "was not allowed to run. Add --allow-code" in record.cause
    assert not (mine / "ran").exists()


def test_what_is_stored_needs_no_leave_and_no_file(mine: Path, quick_reports: None) -> None:
    name = str(mine / "mine.yaml")
    assert run(mine) == 0
    (mine / "ran").unlink()
    assert call("report", name) == 0
    for file in ("my_model.py", "my_estimator.py"):
        (mine / file).unlink()
    assert call("render", name) == 0
    assert not (mine / "ran").exists()
    page = (Path("output") / "mine" / "report.html").read_text()
    assert "f at the mean of q as a baseline" in page and "my_estimator.py:CENTRED" in page
    manifest = json.loads((Path("output") / "mine" / "manifest.json").read_text())
    assert set(manifest["data"]) == {"my_model.py:build", "my_estimator.py:CENTRED"}
    assert "--allow-code" in manifest["command"]


THETA = """\
experiment: my-vae
problem: {python: my_vae.py:build, arguments: {latent: 2, epochs: 0, points: 3}}
objective: [elbo, iwae]
estimators:
  - {name: pathwise, num_samples: 2}
  - {name: generative, num_samples: 2}
measure: {precision: 40%, budget: 4e3, min_replicates: 100}
claims:
  - id: theta-is-seen
    statement: the gradient in θ is not lost in its noise
    test: signal_to_noise(generative) > 0 under elbo
"""


@pytest.mark.long
def test_the_examples_decoder_is_measured_too(mine: Path, quick_reports: None) -> None:
    """Convolutions and normalisation, from the declaration to the page."""
    (mine / "my_vae.py").write_text((EXAMPLES / "my_vae.py").read_text())
    (mine / "mine.yaml").write_text(THETA)
    name = str(mine / "mine.yaml")
    assert call("report", name, "--allow-code", "--executor", "serial") == 0
    folder = Path("output") / "my-vae"
    with (folder / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    found = {
        (row["objective"], row["group"]): float(row["value"])
        for row in rows
        if (row["estimator"], row["statistic"]) == ("generative", "total_variance") and row["status"] == "met"
    }
    blocks = {block for _, block in found}
    assert blocks == {"all", "θ 0", "θ 3", "θ 4", "θ 6"}
    for objective in ("elbo", "iwae"):
        parts = sum(found[objective, block] for block in blocks - {"all"})
        assert parts == pytest.approx(found[objective, "all"]) and parts > 0
    page = (folder / "report.html").read_text()
    assert "are estimated from the same draws" in page and "Gradient in</th>" in page


def test_a_problem_that_names_no_decoder_breaks_the_cell_in_a_sentence(mine: Path) -> None:
    change(
        mine, "my_model.py", "return reportgen.Model(nn.Linear(4, 2 * latent), nn.Linear(latent, 4), x)", BARE
    )
    change(mine, "mine.yaml", "  - pathwise\n", "  - pathwise\n  - generative\n")
    assert run(mine) == 4
    assert cause(mine).startswith(
        "generative: needs to know which module has the parameters θ, and a problem"
    )
    change(mine, "mine.yaml", "  - generative\n", "")
    assert run(mine) == 0


def test_where_no_estimators_are_named_all_of_phi_are_meant(mine: Path) -> None:
    start = TEXT.index("estimators:")
    (mine / "mine.yaml").write_text(TEXT[:start] + TEXT[TEXT.index("measure:") : TEXT.index("claims:")])
    (cell,) = plan(mine).measurements
    names = {arm.estimator for arm in cell.arms}
    assert {"pathwise", "score_function", "measure_valued"} <= names and "generative" not in names


def test_no_path_of_the_machine_is_written_down(mine: Path) -> None:
    assert run(mine) == 0
    written = [path for path in Path("output").rglob("*.json") if path.is_file()]
    assert len(written) >= 3
    assert not [path for path in written if str(mine) in path.read_text()]


@pytest.mark.long
def test_workers_of_any_kind_give_the_same_numbers(mine: Path) -> None:
    assert run(mine) == 0
    (serial,) = records(mine)
    name = str(mine / "mine.yaml")
    assert call("run", name, "--allow-code", "--fresh", "--executor", "processes", "--jobs", "1") == 0
    (spawned,) = records(mine)
    assert isinstance(serial, MeasurementRecord) and isinstance(spawned, MeasurementRecord)
    assert serial.dataset == "none" and len(serial.images) == 3 and serial.latent == 2
    np.testing.assert_array_equal(serial.arrays["variance"], spawned.arrays["variance"])
    np.testing.assert_array_equal(serial.arrays["projection"], spawned.arrays["projection"])


def plan(mine: Path, *overrides: str) -> Plan:
    return workflow.prepare(str(mine / "mine.yaml"), Path("output"), overrides).plan


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("my_model.py", "nn.Linear(latent, 4)", "nn.Linear(latent, 4, bias=False)"),
        ("my_estimator.py", "extra_forward=1", "extra_forward=2"),
        ("mine.yaml", "label: centred,", "label: centred, unbiased: false,"),
        ("mine.yaml", "{python: my_model.py:build}", "{python: my_model.py:build, arguments: {latent: 3}}"),
    ],
)
def test_the_key_changes_with_the_code_and_what_is_said_of_it(
    mine: Path, name: str, before: str, after: str
) -> None:
    (cell,) = plan(mine).measurements
    assert plan(mine).measurements[0].key == cell.key
    change(mine, name, before, after)
    assert plan(mine).measurements[0].key != cell.key


def test_a_new_label_and_new_words_measure_nothing_again(mine: Path) -> None:
    (cell,) = plan(mine).measurements
    change(mine, "mine.yaml", "words: f at the mean of q as a baseline", "words: another sentence")
    assert plan(mine).measurements[0].key == cell.key


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        (
            "my_model.py",
            "    x = ",
            "    1 / 0\n    x = ",
            "my_model.py:9: ZeroDivisionError: division by zero",
        ),
        ("my_model.py", "nn.Linear(4, 2 * latent)", "nn.Linear(4, 5)", "encoder: gaussian of 3 latent units"),
        ("my_model.py", "def build", "def built", "needs something called build in my_model.py"),
        ("my_model.py", "latent=2", "latents=2", "NameError: name 'latent' is not defined"),
        ("my_estimator.py", "return (", "return 1 / 0 * (", "my_estimator.py:7: ZeroDivisionError"),
        ("my_estimator.py", "reportgen.Estimator(", "dict(", "must be a reportgen.Estimator, got dict"),
        (
            "my_estimator.py",
            "extra_forward=1",
            "extra_forward=1, unbiased=False",
            "is declared unbiased: true, the estimator says false",
        ),
        ("my_estimator.py", "extra_forward=1", "extra_forward=1, min_samples=2", "needs at least 2 samples"),
        ("my_estimator.py", "evaluate=", "bound=", "is declared with serves: mean, and has no evaluate"),
        ("mine.yaml", "my_model.py:build}", "my_model.py:build, family: bernoulli}", "as declared"),
    ],
)
def test_faults_of_the_users_are_told_where_they_stand(
    mine: Path, name: str, before: str, after: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "family" in after:
        change(mine, "mine.yaml", "  - pathwise\n", "  - leave_one_out\n")
    change(mine, name, before, after)
    assert run(mine) == 4
    assert said in cause(mine) and "\n" not in cause(mine)


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        (
            "my_model.py",
            "nn.Linear(4, 2 * latent)",
            "nn.Linear(5, 2 * latent)",
            r"^my_model.py: encoder, given x of shape \[3 4\] in torch.float32: RuntimeError: mat1 and mat2 "
            r"shapes cannot be multiplied \(3x4 and 5x4\)$",
        ),
        (
            "my_model.py",
            "nn.Linear(latent, 4)",
            "nn.Linear(latent + 1, 4)",
            r"^my_model.py: decoder, given z of shape \[3 3 2\] in torch.float32: RuntimeError: mat1 and "
            r"mat2 shapes cannot be multiplied \(9x2 and 3x4\)$",
        ),
        (
            "my_model.py",
            "0).float()",
            "0).double()",
            r"^encoder: needs parameters of the number type of x, torch.float64, found torch.float32\. Call ",
        ),
        (
            "my_model.py",
            "def build(latent=2):",
            "build = lambda latent: built(latent)\ndef built(latent):",
            r"^my_model.py:build: takes \(latent\): latent is missing\. Change one of the two\.$",
        ),
        (
            "my_estimator.py",
            ".mean(2)",
            ".mean((1, 2))",
            r"^my_estimator.py:CENTRED: needs one estimate a replicate, \[I R m\] = \[3, \d+, 4\], "
            r"found shape \[3, 4\]\. Average over the K samples",
        ),
    ],
)
def test_parts_that_do_not_fit_are_told_by_name(
    mine: Path, name: str, before: str, after: str, said: str
) -> None:
    change(mine, name, before, after)
    assert run(mine) == 4
    assert re.search(said, cause(mine)), cause(mine)


HELD = """\
import torch
from torch import nn

class Held(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))

    def forward(self, x):
        return torch.matmul(x, self.weight)
"""


@pytest.mark.parametrize(
    ("file", "imported"),
    [
        ("held_read.py", "from held_read import Held"),
        ("held_called.py", "import importlib\nHeld = importlib.import_module('held_called').Held"),
        (
            "lib/held_below.py",
            "import sys\nsys.path.append(str(Path(__file__).parent / 'lib'))\nfrom held_below import Held",
        ),
    ],
)
def test_a_fault_inside_torch_is_told_at_the_users_line(
    mine: Path, file: str, imported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever beside the declaration the line stands, and however it was come by."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    (mine / file).parent.mkdir(exist_ok=True)
    (mine / file).write_text(HELD)
    change(mine, "my_model.py", "\ndef build", f"{imported}\n\ndef build")
    change(mine, "my_model.py", "nn.Linear(4, 2 * latent)", "Held(5, 2 * latent)")
    assert run(mine) == 4
    assert cause(mine) == (
        f"{Path(file).name}:10: encoder, given x of shape [3 4] in torch.float32: RuntimeError: mat1 and "
        "mat2 shapes cannot be multiplied (3x4 and 5x4)"
    )


def test_a_fault_of_the_model_that_the_estimator_meets_is_told_in_the_model(mine: Path) -> None:
    (mine / "held_met.py").write_text(HELD)
    change(mine, "my_model.py", "\ndef build", "from held_met import Held\n\ndef build")
    change(mine, "my_model.py", "nn.Linear(latent, 4)", "Held(latent, 4)")
    change(mine, "my_estimator.py", "return (", "draws.evaluate(draws.z[..., :1])\n    return (")
    assert run(mine) == 4
    assert cause(mine).startswith("held_met.py:10: RuntimeError: mat1 and mat2 shapes cannot be multiplied")


def test_a_fault_with_no_line_of_the_users_is_told_at_ours_and_not_at_torchs(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        torch.nn.functional.layer_norm(torch.ones(2, 3), (4,))

    monkeypatch.setattr("reportgen.engine.measurement.vectors_part", broken)
    assert run(mine) == 4
    assert re.fullmatch(r"RuntimeError: Given normalized_shape.* \(measurement\.py:\d+\)", cause(mine))


def test_an_estimator_that_breaks_alone_is_named_on_the_command_line(
    mine: Path, quick_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    change(mine, "my_estimator.py", ".mean(2)", '.mean(2) * float("nan")')
    assert call("report", str(mine / "mine.yaml"), "--allow-code", "--executor", "serial") == 4
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  broken estimator:")]
    said = (
        "  broken estimator: centred: my_estimator.py:CENTRED of {}: needs finite estimates, found inf "
        "or nan. Mend CENTRED in my_estimator.py."
    )
    integrands = ("log_weight", "likelihood")  # of the two objectives
    assert told == [said.format(name) for name in integrands]


def test_a_missing_file_is_told_at_its_line(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "my_model.py").unlink()
    assert call("check", str(mine / "mine.yaml")) == 2
    (line,) = errors(capsys)
    assert f"mine.yaml:2 problem.python: needs the file my_model.py, found none in {mine}. A relative" in line


def test_a_linked_declaration_looks_beside_the_link(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it was named. Where a whole folder is linked, the files are beside it there."""
    linked, folder = Path("linked.yaml"), Path("folder")
    linked.symlink_to(mine / "mine.yaml")
    folder.symlink_to(mine)
    assert call("check", str(folder / "mine.yaml")) == 0
    assert call("check", str(linked)) == 2
    (line,) = errors(capsys)
    assert f"linked.yaml:2 problem.python: needs the file my_model.py, found none in {Path.cwd()}. " in line
    assert "(beside the link, where that is one)" in line
    for name in ("my_model.py", "my_estimator.py"):
        Path(name).write_text((mine / name).read_text())
    assert call("check", str(linked)) == 0


def test_own_estimators_are_compared_like_any_other(mine: Path) -> None:
    """The same function as an estimator of the table, under a name of the user's own: equal to the bit."""
    change(mine, "mine.yaml", "python: my_estimator.py:CENTRED", "python: same.py:SAME")
    (mine / "same.py").write_text(
        "from reportgen.estimators import ESTIMATORS\nSAME = ESTIMATORS['score_function']\n"
    )
    assert run(mine) == 0
    (record,) = records(mine)
    assert isinstance(record, MeasurementRecord)
    variance = record.arrays["variance"]
    labels = [arm.label for arm in record.arms]
    np.testing.assert_array_equal(variance[labels.index("centred")], variance[labels.index("score_function")])


def test_arguments_are_swept_one_by_one(mine: Path) -> None:
    sweep = "sweep: {problem.arguments: [{latent: 3}]}\n"
    change(mine, "mine.yaml", "claims:", f"{sweep}claims:")
    with pytest.raises(DeclarationError, match="sweep one of them that is declared"):
        plan(mine)
    change(mine, "mine.yaml", sweep, "sweep: {problem.arguments.latent: [3, 2]}\n")
    change(mine, "mine.yaml", "my_model.py:build}", "my_model.py:build, arguments: {latent: 2}}")
    assert [cell.problem["arguments"]["latent"] for cell in plan(mine).measurements] == [2, 3]
    change(mine, "mine.yaml", "arguments.latent: [3", "arguments.width: [3")
    with pytest.raises(DeclarationError, match="no setting has this path"):
        plan(mine)
    change(mine, "mine.yaml", "sweep: {problem.arguments.width: [3, 2]}\n", "")
    assert plan(mine, "problem.arguments={latent: 3}").measurements[0].problem["arguments"] == {"latent": 3}


@pytest.mark.long
@pytest.mark.usefixtures("quick_reports")
def test_the_worked_example_runs_and_keeps_its_promises(tmp_path: Path) -> None:
    name = str(EXAMPLES / "my_vae.yaml")
    options = ("--output", str(tmp_path), "--set", "measure.precision=20%")
    assert call("report", name, "--allow-code", "--executor", "serial", *options) == 0
    claims = json.loads((tmp_path / "my-vae" / "claims.json").read_text())
    assert {claim["verdict"] for claim in claims} == {"confirmed"}
    stored = Store(tmp_path / ".store")
    assert stored.code_digest("my_vae.py:build")
