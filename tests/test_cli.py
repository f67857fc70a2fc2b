"""The command line: exit codes, one-line errors, JSON, progress, killing and continuing."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen import __version__, workflow
from reportgen.cli import entry as cli
from reportgen.cli import exit_codes
from reportgen.cli.live.progress import Lines, Tally, duration, progress
from reportgen.declaration import PROBLEMS
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Coefficients, Draws
from reportgen.estimators.score_function import score_function
from reportgen.execution import Event
from reportgen.findings import claims_text, csv_text
from reportgen.store import Store
from reportgen.store.encoding import to_json
from reportgen.store.files import checksum
from tests.blank_paper import blank_paper, no_figures, quick_program
from tests.crafted import crafted, experiment, variance

TEXT = """\
experiment: tiny
title: A tiny one
problem: {data: digits, hidden: [6], latent: 3}
objective: [elbo]
estimators: [score_function, pathwise]
train: {epochs: 2, batch_size: 100, checkpoints: [0, 1, 2]}
measure: {images: 4, precision: 30%, budget: 4e3, min_replicates: 100}
claims:
  - {id: lower, statement: lower variance, test: "variance_ratio(score_function, pathwise) > 1"}
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(TEXT)
    return path


def call(*arguments: str) -> int:
    """Exit code of a command run in this process."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    code = end.value.code
    assert isinstance(code, int)
    return code


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("arguments", "begins", "heavy"),
    [
        (["--version"], "reportgen ", {"torch", "numpy", "matplotlib", "rich.progress", "sklearn"}),
        (["check", "burda2016"], "burda2016: valid.", {"torch", "matplotlib", "weasyprint", "scipy"}),
    ],
)
def test_a_quick_command_loads_no_heavy_library(arguments: list[str], begins: str, heavy: set[str]) -> None:
    code = (
        "import sys\nfrom reportgen.cli import main\n"
        f"try: main({arguments})\nexcept SystemExit as end: assert end.code == 0\n"
        f"heavy = {heavy} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["frob"], "No such command 'frob'"),
        (["run"], "Missing argument"),
        (["run", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["run", "tiny.yaml", "--jobs", "many"], "--jobs"),
        (["run", "tiny.yaml", "--jobs", "0"], "--jobs: needs at least 1, got 0"),
        (["run", "tiny.yaml", "--executor", "cloud"], "Use one of: serial, processes"),
        (["run", "tiny.yaml", "--device", "tpu"], "--device: needs cpu or cuda, got tpu"),
        (["run", "tiny.yaml", "--budget", "soon"], "--budget: needs a time, got"),
        (["run", "tiny.yaml", "--set", "measure.images=298"], "297 images, got 298. Use 297 or fewer"),
        (["run", "tiny.yaml", "--set", "problem.latent=0"], "--set problem.latent=0"),
        (
            ["run", "tiny.yaml", "--set", "title=Hurra 🎉"],
            "--set title=Hurra 🎉: must be characters that",
        ),
        (
            ["check", "tiny.yaml", "--set", "claims[0].source=日"],
            "fonts have, got 日 (U+65E5). Write",
        ),
        (
            ["check", "burda2016_table1_smoke", "--set", "published.source=burda2016, 表 1"],
            "--set published.source=burda2016, 表 1: must be characters that the report’s fonts have",
        ),
        (["report", "tiny.yaml", "--seed", "-3"], "seed"),
        (["report", "tiny.yaml", "--paper", "folio"], "--paper: must be a4 or letter, got 'folio'. Choose"),
        (["render", "tiny.yaml", "--paper", "folio"], "--paper: must be a4 or letter, got 'folio'. Choose"),
        (["render", "tiny.yaml"], "4 of 4 cells are not measured in output/.store. Run `reportgen run tiny"),
        (["init", "tiny"], "tiny.yaml: already exists"),
        (["init", "tiny", "--own", "model"], "tiny.yaml: already exists"),
        (
            ["init", "b", "--own", "data"],
            "--own: must be gradients, model or estimator, got 'data'. Choose one",
        ),
        (["init", "nowhere/b"], "nowhere/b.yaml: cannot be written (No such file or directory). Choose"),
        (["compare", "tiny.yaml"], "Missing argument 'NEW'"),
        (["compare", "nowhere", "tiny.yaml"], "nowhere: must be a report's folder or its results.csv"),
        (["compare", ".", "."], ".: a report's folder must hold results.csv, and this one does not"),
        (["compare", "tiny.yaml", "tiny.yaml"], "tiny.yaml: must start with the columns experiment, cell,"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    tiny: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert call(*arguments) == 2
    (line,) = errors(capsys)
    assert line.startswith("error: ") and expected in line


def test_every_fault_of_a_file_has_its_line(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write_text(TEXT.replace("latent: 3", "latent: -3").replace("epochs: 2", "epochs: two"))
    assert call("check", "tiny.yaml", "smoke") == 2
    out = capsys.readouterr()
    assert [line.startswith("error: tiny.yaml:") for line in out.err.splitlines()] == [True, True]
    assert out.out.startswith("smoke: valid.")


def test_what_shows_only_in_use_is_placed_too(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write_text(TEXT.replace("images: 4", "images: 298"))
    line = next(i for i, row in enumerate(tiny.read_text().splitlines(), 1) if "images" in row)
    assert call("run", "tiny.yaml") == 2
    assert errors(capsys) == [
        f"error: tiny.yaml:{line} measure.images: the test part of digits has 297 images, got 298. "
        "Use 297 or fewer."
    ]
    label = "estimators: [pathwise, {name: score_function, label: 'ж'}]"
    tiny.write_text(f"experiment: tiny\n{label}\n")
    assert call("check", "tiny.yaml") == 2
    assert errors(capsys)[0].startswith("error: tiny.yaml:2 estimators[1].label: must be characters that")


def test_check_counts_what_is_missing(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "tiny.yaml", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["to_run"], row["cached"], row["trainings"], row["measurements"]) == (4, 0, 1, 3)
    assert row["draws_at_most"] == 3 * 4 * 4000 and row["resolved"]["measure"]["precision"] == 0.3
    assert call("check", "tiny.yaml") == 0
    out = capsys.readouterr().out
    assert "3 measured cells" in out and "learning_rate: 0.001" in out


def test_list_names_every_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    from reportgen.datasets import DATASETS
    from reportgen.estimators import ESTIMATORS
    from reportgen.objectives import OBJECTIVES

    assert call("list", "--json") == 0
    kinds = json.loads(capsys.readouterr().out)
    pairs = kinds.pop("applicability")
    models = [name for name, problem in PROBLEMS.items() if not problem.given]
    assert len(pairs) == len(ESTIMATORS) * len(models)
    assert len(kinds["estimators"]) == len(ESTIMATORS) and len(kinds["problems"]) == len(PROBLEMS)
    names = {kind: [row["name"] for row in rows] for kind, rows in kinds.items()}
    assert names["estimators"] == list(ESTIMATORS) and names["objectives"] == list(OBJECTIVES)
    assert names["data sets"] == list(DATASETS) and "burda2016" in names["gallery"]
    assert call("list") == 0
    out = capsys.readouterr().out
    assert all(name in out for rows in names.values() for name in rows)
    assert max(map(len, out.splitlines())) <= 100


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("schema") == 0
    assert "problem" in json.loads(capsys.readouterr().out)["properties"]


def test_init_writes_an_experiment_that_is_in_order(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("init", "mine") == 0 and Path("mine.yaml").is_file()
    assert call("check", "mine.yaml") == 0
    assert "mine: valid." in capsys.readouterr().out


def test_init_of_own_code_runs_as_it_is(
    tiny: Path, quick_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("init", "mine", "--own", "gradients") == 0
    told = capsys.readouterr().out
    assert told == "wrote mine.py and mine.yaml. Next: reportgen report mine.yaml --allow-code\n"
    coarse = ("--set", "measure.precision=50%", "--set", "measure.min_replicates=64")
    assert call("report", "mine.yaml", "--allow-code", "--executor", "serial", *coarse) in (0, 1, 3)
    assert Path("output/mine/report.html").is_file()
    capsys.readouterr()
    assert call("init", "mine", "--own", "model") == 2
    assert capsys.readouterr().err == "error: mine.py: already exists. Choose another name, or delete it.\n"


def test_init_of_an_own_estimator_confirms_its_claims(
    tiny: Path, quick_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the precision that it is written with: it takes no longer than others at a coarse one."""
    assert call("init", "mine", "--own", "estimator") == 0
    told = capsys.readouterr().out
    assert told == "wrote mine.py and mine.yaml. Next: reportgen report mine.yaml --allow-code\n"
    assert call("report", "mine.yaml", "--allow-code", "--executor", "serial") == 0
    assert capsys.readouterr().out.count("  confirmed  ") == 4
    assert "(mine.py:build, called with share = 0.5)" in Path("output/mine/report.html").read_text()
    assert call("check", "mine.yaml", "--set", "estimators[0].arguments.part=1") == 2
    assert "mine.py:build takes (share=1.0): part is unknown." in capsys.readouterr().err


def test_init_leaves_nothing_where_not_all_of_it_can_be_written(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second file's name is that of a link to nowhere."""
    Path("mine.yaml").symlink_to("nowhere/mine.yaml")
    assert call("init", "mine", "--own", "gradients") == 2
    assert "mine.yaml: cannot be written" in capsys.readouterr().err
    assert not Path("mine.py").exists() and Path("mine.yaml").is_symlink()


def test_run_then_report_then_render(
    tiny: Path, quick_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("run", "tiny.yaml", "--executor", "serial") == 0
    first = capsys.readouterr()
    assert "4 cells run" in first.out
    assert "measuring epoch 2: done, precision" in first.err and "[4/4]" in first.err
    assert call("run", "tiny.yaml", "--quiet") == 0
    assert capsys.readouterr() == ("", "")

    assert call("report", "tiny.yaml") == 0
    out = capsys.readouterr().out
    assert "4 found in the store" in out and "confirmed  lower  lower variance" in out
    folder = Path("output/tiny")
    for name in ("report.html", "report.pdf", "results.csv", "claims.json", "manifest.json"):
        assert (folder / name).stat().st_size > 0
    assert str(folder / "report.html") in out and str(folder / "report.pdf") in out
    assert call("render", "tiny.yaml", "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == 0 and answer["claims"][0]["verdict"] == "confirmed"

    tiny.write_text(TEXT.replace("> 1", "< 1"))
    assert call("render", "tiny.yaml") == 1
    assert "refuted (expected: confirmed)" in capsys.readouterr().out


def test_render_needs_no_torch(tiny: Path) -> None:
    """Nor do figures and pages: see test_report.test_same_bytes_elsewhere."""
    assert call("run", "tiny.yaml", "--executor", "serial", "--quiet") == 0
    left = Path("output/tiny/figures/work.pdf")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of numbers that may be others now")
    rendering = quick_program("render", "tiny.yaml", before="import sys; sys.modules['torch'] = None")
    done = subprocess.run(rendering, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "report.pdf" in done.stdout and Path("output/tiny/report.pdf").is_file()
    assert not left.exists()


def test_render_needs_no_data_set(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(Path("output/.store")).note_dataset("digits", "0" * 64)
    monkeypatch.setattr("reportgen.job.dataset_of", lambda name: pytest.fail("the data set was read"))
    job = workflow.prepare("tiny.yaml", Path("output"), [], from_store=True)
    assert len(job.missing) == 4


def test_broken_cell_is_exit_4(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise CellError("the loss is lost")

    monkeypatch.setattr("reportgen.training.train", fail)
    assert call("run", "tiny.yaml", "--executor", "serial") == 4
    out = capsys.readouterr()
    assert "4 broken" in out.out and "broke, the loss is lost" in out.err
    assert call("run", "tiny.yaml", "--executor", "serial", "--quiet") == 4
    out = capsys.readouterr()
    assert out.out == "" and out.err.splitlines()[0] == "error: tiny: broken cell: the loss is lost"


def test_a_broken_estimator_is_exit_4_of_run_as_of_report(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cells' other estimators are kept; what broke is told again where nothing is left to run."""

    def lost(draws: Draws, coefficients: Coefficients) -> Any:
        return score_function(draws, coefficients) * math.nan

    blank_paper(monkeypatch)
    broken = replace(ESTIMATORS["score_function"], evaluate=lost)
    with monkeypatch.context() as patch:
        patch.setitem(ESTIMATORS, "score_function", broken)
        assert call("run", "tiny.yaml", "--executor", "serial") == 4
    first = capsys.readouterr().out.splitlines()
    told = [
        line for line in first if line.startswith("  broken estimator: score_function: score_function of")
    ]
    assert len(told) == 1 and first == ["tiny: " + first[0].removeprefix("tiny: "), *told]
    assert call("run", "tiny.yaml", "--executor", "serial", "--json") == 4
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["cached"] == 4 and answer["broken"] == []
    assert answer["broken_estimators"] == [told[0].removeprefix("  broken estimator: ")]
    assert call("report", "tiny.yaml", "--executor", "serial", "--json") == 4
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["broken_estimators"] == [told[0].removeprefix("  broken estimator: ")]
    assert call("run", "tiny.yaml", "--executor", "serial", "--fresh", "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["broken_estimators"] == []


def torn(record: Path) -> None:
    record.write_bytes(record.read_bytes()[:-20])


def forged(record: Path) -> None:
    """With one image less, and a checksum that is right."""
    content = json.loads(record.read_bytes())
    del content["checksum"], content["record"]["images"][0]
    record.write_bytes(to_json({**content, "checksum": checksum(to_json(content))}))


@pytest.mark.parametrize("harm", [torn, forged])
def test_damaged_cell_is_exit_4_with_the_remedy(
    tiny: Path, quick_reports: None, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], None]
) -> None:
    assert call("run", "tiny.yaml", "--executor", "serial", "--quiet") == 0
    record = next(Path("output/.store/cells").glob("*/arrays.safetensors")).with_name("record.json")
    harm(record)
    assert call("render", "tiny.yaml") == 4
    (line,) = errors(capsys)
    assert str(record.parent) in line and "Run the experiment again" in line
    assert call("report", "tiny.yaml", "--executor", "serial") == 0
    assert "1 run again, since damaged in the store" in capsys.readouterr().out
    assert call("run", "tiny.yaml", "--executor", "serial", "--fresh", "--quiet") == 0


INTERRUPTED = {
    "run tiny.yaml": ("workflow.execute", "what was measured is kept. Run the same command to continue."),
    "report tiny.yaml --fresh": ("workflow.execute", "With --fresh the same command starts over."),
    "report tiny.yaml": ("workflow.prepare", "nothing was changed."),
    "render tiny.yaml": ("workflow.prepare", "the store is unchanged. Run the same command again."),
    "check tiny.yaml": ("workflow.prepare", "nothing was changed."),
    "compare a b": ("cli.answers.drift_together.compare", "nothing was changed."),
    "data fetch digits": (
        "datasets.fetching.fetch",
        "what was downloaded is kept. Run the same command to continue.",
    ),
    "data list": ("datasets.inspection.inspect", "nothing was changed."),
}
"""A command, the function in which it is interrupted, and its last line then."""


@pytest.mark.parametrize("command", INTERRUPTED)
def test_interrupted_each_command_says_what_is_kept(
    command: str, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    where, kept = INTERRUPTED[command]
    monkeypatch.setattr(f"reportgen.{where}", stop)
    assert call(*command.split()) == 130
    (line,) = errors(capsys)
    assert line.startswith("error: interrupted; ") and line.endswith(f" {kept}")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_otherwise_is_answered_as_ctrl_c_is(
    how: signal.Signals, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, though `timeout` asks twice; afterwards whoever called has the signal again."""
    tidied = []

    def work(*_: Any, **__: Any) -> None:
        try:
            os.kill(os.getpid(), how)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), how)
            tidied.append(how)

    def caller(*_: Any) -> None: ...

    monkeypatch.setattr(workflow, "execute", work)
    before = signal.signal(how, caller)
    try:
        assert call("run", "tiny.yaml", "--quiet") == 130
        assert signal.getsignal(how) is caller
    finally:
        signal.signal(how, before)
    assert tidied == [how] and errors(capsys)[-1].startswith("error: interrupted; what was measured is kept.")


def test_what_is_ignored_from_outside_stays_so(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nohup` is to outlive its terminal."""
    monkeypatch.setattr(workflow, "prepare", lambda *_, **__: os.kill(os.getpid(), signal.SIGHUP) or 1 / 0)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert call("run", "tiny.yaml") == 70
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_is_no_end_by_a_signal(tiny: Path) -> None:
    """Python ends by SIGINT where a KeyboardInterrupt came through `exec`, as packages use it on import."""
    (tiny.parent / "ended.py").write_text(
        "import os, signal\nfrom reportgen.cli import entry\n"
        "entry.app = lambda **_: exec('os.kill(os.getpid(), signal.SIGINT); signal.pause()')\n"
        "entry.main([])\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "ended"], preexec_fn=heeding_interrupts, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "error: open files: more are needed than"),
        (MemoryError(), "error: memory: there is too little. "),
        (
            ImportError("libx.so:\n failed to map", name="scipy"),
            "error: a package does not load (libx.so: failed to map). `reportgen doctor` says what",
        ),
    ],
)
def test_what_the_machine_refuses_is_one_line(
    fault: Exception,
    told: str,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(workflow, "prepare", refused)
    assert call("run", "tiny.yaml") == 2
    (line,) = errors(capsys)
    assert line.startswith(told)


def test_ctrl_c_while_it_loads_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom reportgen.cli import main\nmain(['list'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "error: interrupted; nothing was changed.\n")


def test_a_package_that_is_missing_is_no_claim_that_came_out_otherwise(tmp_path: Path) -> None:
    """Which is what Python's own exit code 1 would say."""
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('No module named typer', name='typer')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom reportgen.cli import main\nmain(['list'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "error: reportgen: a package does not load (No module named typer). Install reportgen again.\n",
    )


def test_what_packages_read_at_their_import_is_kept_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib and numpy.f2py raise for values such as these, in the middle of a report."""
    for name in cli.NOT_OURS:
        monkeypatch.setenv(name, "none such")
    assert call("--version") == 0
    assert not {"MPLBACKEND", "SOURCE_DATE_EPOCH"} & set(os.environ)


def test_a_process_that_ends_takes_no_circles_apart() -> None:
    code = (
        "from reportgen.cli import main\n"
        "class Circle:\n"
        "    def __init__(self): self.itself = self\n"
        "    def __del__(self): print('taken apart')\n"
        "try: main(['--version'])\n"
        "except SystemExit: Circle()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"reportgen {__version__}\n"


def test_a_defect_shows_its_traceback(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workflow, "prepare", lambda *_, **__: 1 / 0)
    assert call("run", "tiny.yaml") == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("codes", "worst"), [([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 4, 3], 4), ([], 0)]
)
def test_worst_exit_code(codes: list[int], worst: int) -> None:
    assert exit_codes.worst(codes) == worst


def finished(folder: Path, claims: tuple[str, ...] = (), **numbers: Any) -> Path:
    """A report's folder as `compare` needs it, of records written by hand."""
    findings = crafted(experiment(*claims), **numbers)
    folder.mkdir()
    (folder / "results.csv").write_bytes(csv_text(findings).encode())
    (folder / "claims.json").write_bytes(claims_text(findings).encode())
    manifest = {
        "reportgen": "1.0",
        "seed": 0,
        "data": {},
        "environment": {"measured": [{"torch": "2.13.0"}]},
        "files": {"results.csv": hashlib.sha256((folder / "results.csv").read_bytes()).hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def half_as_much_again(cell: Any, arm: Any) -> float:
    return variance(cell, arm) * (1.5 if arm.label == "with baseline" else 1.0)


LOWER = "variance_ratio(with baseline, pathwise) < 5"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return finished(Path("old"), (LOWER,))


def test_compare_finds_no_drift_where_there_is_none(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("compare", "old", "old/") == 0
    rows = len((old / "results.csv").read_text().splitlines()) - 1
    assert capsys.readouterr().out == f"crafted: {rows} numbers compared: {rows} identical, none drifted\n"
    assert call("compare", "old", "old", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_compare_tells_what_drifted_and_what_differs(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = finished(Path("new"), (LOWER,), variances=half_as_much_again)
    manifest = (new / "manifest.json").read_text()
    (new / "manifest.json").write_text(manifest.replace("2.13.0", "2.14.0"))
    assert call("compare", "old", "new") == 1
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("crafted: ") and " drifted" in first and "none drifted" not in first
    assert lines[:2] == ["  differs: torch 2.13.0 → 2.14.0", "  claim c0: confirmed → refuted"]
    assert all(line.startswith("  drifted  ") and line.endswith("p < 0.001") for line in lines[2:22])
    assert any(
        "elbo, with baseline, K 1, checkpoint 0, all, latent 2 " in line
        and "total_variance            4.000 (3.934 to 4.068)  →  6.00 (5.90 to 6.10)     × 1.500 " in line
        for line in lines[2:22]
    )
    assert (
        lines[22].startswith("  and ") and lines[22].endswith(" more; --json lists all") and lines[23:] == []
    )

    assert call("compare", "old", "new", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == 1 and answer["differs"] == [
        {"name": "torch", "old": "2.13.0", "new": "2.14.0"}
    ]
    assert answer["claims"] == [{"id": "c0", "old": "confirmed", "new": "refuted", "status": "changed"}]
    drifted = [number for number in answer["numbers"] if number["status"] == "drifted"]
    assert len(drifted) == answer["counts"]["drifted"] > 20
    assert {n["estimator"] for n in drifted} == {"with baseline"} and drifted[0]["p_value"] < 0.001
    ratios = {n["new"]["value"] / n["old"]["value"] for n in drifted if n["statistic"] == "total_variance"}
    assert ratios == {1.5}


def test_compare_of_two_output_folders_goes_report_by_report(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for night in map(Path, ("monday", "tuesday")):
        night.mkdir()
        finished(night / "same")
        finished(night / "other", variances=half_as_much_again if night.name == "tuesday" else variance)
    assert call("compare", "monday", "tuesday") == 1
    *rest, last = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in rest if not line.startswith(" ")] == ["crafted", "crafted"]
    assert last == "reports compared: 2, drifted: 1"
    shutil.rmtree("tuesday/other")
    assert call("compare", "tuesday", "monday", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["added"], found["vanished"], len(found["experiments"])) == (["monday/other"], [], 1)
    assert call("compare", "monday", "tuesday") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[-2:] == [
        "other: vanished, only monday/other is there",
        "reports compared: 1, drifted: 0, vanished: 1",
    ]
    assert call("compare", "monday", "tuesday/same") == 2
    assert "Name one of the reports in it, such as monday/other" in errors(capsys)[0]
    for pair in (("monday", "wednesday"), ("wednesday", "monday")):
        assert call("compare", *pair) == 2
        (line,) = errors(capsys)
        assert line.startswith(
            "error: wednesday: must be a folder of reports, as monday is, but there is nothing"
        )


@pytest.mark.parametrize("night", ["monday", "tuesday"])
@pytest.mark.parametrize("file", ["results.csv", "claims.json", "manifest.json"])
def test_a_damaged_report_is_told_and_the_others_are_compared(
    old: Path, night: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in map(Path, ("monday", "tuesday")):
        folder.mkdir()
        for name in ("a", "b", "c"):
            shutil.copytree(old, folder / name)
    damaged = Path(night) / "b" / file
    damaged.write_bytes(damaged.read_bytes()[:9])
    assert call("compare", "monday", "tuesday") == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1 and err.startswith(f"error: b: {damaged}")
    assert "The file is damaged: make the report again." in err
    assert out.splitlines()[-1] == "reports compared: 2, drifted: 0, damaged: 1"
    assert call("compare", "monday", "tuesday", "--json") == 2
    answer = json.loads(capsys.readouterr().out)
    assert [one["experiment"] for one in answer["damaged"]] == ["b"] and len(answer["experiments"]) == 2
    shutil.rmtree("tuesday/c")
    finished(Path("tuesday/c"), variances=half_as_much_again)
    assert call("compare", "monday", "tuesday", "--quiet") == 1
    assert len(errors(capsys)) == 1


def test_compare_takes_results_alone_and_says_what_is_left_out(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (old / "results.csv").read_bytes()
    Path("bare.csv").write_bytes(text[: text.rindex(b"crafted,")])
    assert call("compare", "old/results.csv", "bare.csv") == 1
    out = capsys.readouterr().out
    assert "1 vanished" in out and "no longer measured" in out
    assert "what the runs were made with is not compared: no manifest.json beside NEW" in out
    assert "claims are not compared: no claims.json beside NEW" in out
    assert call("compare", "bare.csv", "old") == 0
    assert "1 appeared" in capsys.readouterr().out


def test_compare_says_that_results_were_changed_by_hand(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (old / "results.csv").read_text()
    (old / "results.csv").write_text(text.replace("crafted,", "forged,"))
    assert call("compare", "old", "old") == 0
    out = capsys.readouterr().out
    assert "NEW: old/results.csv was changed after the report was written" in out
    assert "claims.json was changed" not in out
    claims = (old / "claims.json").read_text()
    manifest = json.loads((old / "manifest.json").read_text())
    manifest["files"]["claims.json"] = hashlib.sha256(claims.encode()).hexdigest()
    (old / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(old, "flipped")
    Path("flipped/claims.json").write_text(claims.replace('"confirmed"', '"refuted"', 1))
    assert call("compare", "old", "flipped") == 1
    out = capsys.readouterr().out
    assert "NEW: flipped/claims.json was changed after the report was written" in out
    assert "old/claims.json was changed" not in out


def test_compare_with_a_broken_cell_is_exit_4(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished(Path("new"), (LOWER,), broken=lambda cell: cell.checkpoint == 1)
    assert call("compare", "old", "new") == 4
    out = capsys.readouterr().out
    assert "claim c0: confirmed → broken" in out and "broken: the loss became inf" in out
    assert call("compare", "new", "new") == 0 and call("compare", "new", "old") == 1


@pytest.mark.parametrize(
    ("file", "find", "put", "expected"),
    [
        ("results.csv", "status", "state", "results.csv: must start with the columns experiment, cell, data"),
        ("results.csv", ",met,2,0.0", ",met,2", "results.csv:2: must have 16 fields, found 15"),
        (
            "results.csv",
            "all,total_variance,100.0",
            "all,total_variance,1oo",
            "value must be a number or empty",
        ),
        (
            "results.csv",
            "all,total_variance,100.0",
            "all,total_variance,1.0",
            "a value must lie in its interval",
        ),
        ("results.csv", ",1,0,all,", ",1,zero,all,", "checkpoint must be a whole number, found 'zero'"),
        (
            "results.csv",
            ",1,0,all,",
            f",1,{'x' * 999},all,",
            f"checkpoint must be a whole number, found '{'x' * 80}…'",
        ),
        ("results.csv", "variance_ratio", "total_variance", "results.csv:3: a number must stand once"),
        ("results.csv", "digits", "d\udcffgits", "results.csv: must be UTF-8"),
        ("claims.json", '"verdict"', '"outcome"', "claims.json: must be a list of claims, each with its id"),
        ("claims.json", "]\n", "\n", "claims.json: must be JSON, found: "),
        ("manifest.json", "{", "[{", "manifest.json: must be JSON, found: "),
        ("manifest.json", "", "", "manifest.json: must be JSON, found: "),
        ("manifest.json", "", "[]", "manifest.json: must be an object, got list"),
        (
            "manifest.json",
            "",
            "{}",
            "manifest.json: must say reportgen, seed, data, environment, files, but does",
        ),
        ("manifest.json", '"files"', '"file"', "manifest.json: must say files, but does not"),
    ],
)
def test_compare_names_the_damage(
    old: Path, capsys: pytest.CaptureFixture[str], file: str, find: str, put: str, expected: str
) -> None:
    """Where nothing is to be found, the whole file is replaced."""
    path = old / file
    damaged = path.read_bytes().decode().replace(find, put, 1) if find else put
    path.write_bytes(damaged.encode(errors="surrogateescape"))
    assert call("compare", "old", "old") == 2
    (line,) = errors(capsys)
    assert line.startswith(f"error: {path}") and expected in line
    assert line.endswith("The file is damaged: make the report again.")


def test_compare_needs_all_files_of_a_folder(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (old / "claims.json").unlink()
    assert call("compare", "old", "old") == 2
    (line,) = errors(capsys)
    assert "must hold claims.json" in line and "or name old/results.csv to compare numbers alone" in line


def test_compare_needs_no_torch(old: Path) -> None:
    code = "import sys; sys.modules['torch'] = None\n"
    code += "from reportgen.cli import main\nmain(['compare', 'old', 'old'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def heeding_interrupts() -> None:
    """Lets a child process react to interrupts as at a keyboard, however the tests were started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def workers_of(process: subprocess.Popen[Any]) -> list[Path]:
    """Where the system tells of the processes that it started."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    return [Path(f"/proc/{pid}/cmdline") for pid in found.stdout.split()]


def end_of(workers: list[Path], deadline: float) -> None:
    """Waits until they have ended by themselves."""
    while any(worker.read_bytes() for worker in workers if worker.exists()):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def _finished(root: Path) -> list[Path]:
    return sorted(root.glob("output/.store/cells/*/record.json"))


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_killed_run_goes_on_from_its_finished_cells(
    tiny: Path, how: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "tiny.yaml"]
    for change in ("train.epochs=300", "train.checkpoints=[0, 1, 300]", "sweep={problem.latent: [2, 3]}"):
        command += ["--set", change]
    first = subprocess.Popen(
        [sys.executable, "-m", "reportgen", *command, "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding_interrupts,
    )
    deadline = time.monotonic() + 60
    while not _finished(tiny.parent) and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = workers_of(first)
    first.send_signal(how)
    _, said = first.communicate(timeout=20)
    assert first.returncode == (-9 if how == signal.SIGKILL else 130)
    if how == signal.SIGINT:
        assert said.splitlines()[-1].startswith("error: interrupted") and "Traceback" not in said, said
    end_of(workers, deadline)
    kept = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in _finished(tiny.parent)}
    assert 1 <= len(kept) < 6
    if how == signal.SIGINT:
        return
    assert call(*command, "--executor", "serial") == 0
    assert f"{len(kept)} found in the store" in capsys.readouterr().out
    assert len(_finished(tiny.parent)) == 6
    assert all((path.stat().st_mtime_ns, path.read_bytes()) == before for path, before in kept.items())
    assert not list(tiny.parent.glob("output/.store/**/*.part"))


def event(key: str, state: Any, done: float = 0.0, precision: float | None = None) -> Event:
    return Event(f"cell {key}", key, "measuring", done, precision, 1000, state)


def test_tally_weighs_cells_and_leaves_cached_ones_out() -> None:
    now = [0.0]
    tally = Tally({"a": 1.0, "b": 3.0, "c": 100.0}, clock=lambda: now[0])
    tally.note(event("c", "cached", 1.0))
    assert tally.fraction == 0 and tally.seconds_left is None
    now[0] = 10.0
    tally.note(event("b", "running", 2 / 3, 0.1))
    assert tally.fraction == pytest.approx(0.5) and tally.seconds_left == pytest.approx(10.0)
    tally.note(event("b", "running", 0.5))
    assert tally.fraction == pytest.approx(0.5)  # never backwards
    assert tally.note(event("b", "finished", 1.0)).precision == 0.1


def test_the_start_of_workers_is_not_taken_for_work() -> None:
    now = [0.0]
    tally = Tally({"a": 1.0, "b": 9.0, "c": 5.0}, clock=lambda: now[0])
    tally.note(event("c", "cached", 1.0))
    tally.note(event("a", "started"))
    tally.note(event("b", "started"))
    now[0] = 30.0  # torch was imported
    tally.note(event("a", "running", 0.5))
    assert tally.seconds_left is None
    now[0] = 31.0
    tally.note(event("a", "finished", 1.0))
    tally.note(event("b", "started"))
    assert tally.seconds_left == pytest.approx(9.0)


def test_lines_tell_of_ends_and_of_long_silence() -> None:
    now, stream = [0.0], io.StringIO()
    lines = Lines("mine", Tally({"a": 1.0, "b": 1.0, "c": 1.0}, clock=lambda: now[0]), stream)
    lines(event("c", "cached", 1.0))
    lines(event("a", "started"))
    lines(event("a", "running", 0.2, 0.08))
    now[0] = 11.0
    lines(event("a", "running", 0.4, 0.05))
    lines(event("a", "finished", 1.0))
    lines(Event("cell b", "b", "measuring", 1.0, None, None, "broken", "no luck"))
    assert stream.getvalue().splitlines() == [
        "mine: 2 cells to run, 1 kept from before",
        "[1/3] measuring cell a: 40%, precision 5.00%, 1,000 draws per data point, 44 s left",
        "[2/3] measuring cell a: done, precision 5.00%, 1,000 draws per data point, 11 s left",
        "[3/3] measuring cell b: broke, no luck",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    stream = Terminal()
    with progress("mine", {"a": 1.0, "b": 1.0}, 0.02, quiet=False, stream=stream) as listener:
        listener(event("a", "running", 0.5, 0.031))
        time.sleep(0.3)
        listener(event("a", "finished", 1.0))
        time.sleep(0.3)
    shown = stream.getvalue()
    assert "precision 3.10% of 2.00%" in shown and "1 of 2 cells" in shown


def test_a_home_that_cannot_be_written_is_passed_over() -> None:
    """matplotlib would tell of it when it is imported, with --quiet too."""
    code = (
        "import contextlib\nfrom reportgen.cli import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['--version'])\nimport matplotlib"
    )
    nowhere = {"HOME": "/dev/null", "XDG_CONFIG_HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}
    kept = {name: value for name, value in os.environ.items() if name != "MPLCONFIGDIR"}
    done = subprocess.run([sys.executable, "-c", code], env=kept | nowhere, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_quiet_says_nothing() -> None:
    for stream in (io.StringIO(), Terminal()):
        with progress("mine", {"a": 1.0}, 0.02, quiet=True, stream=stream) as listener:
            listener(event("a", "finished", 1.0))
        assert stream.getvalue() == ""


def test_one_cell_is_one(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with progress("mine", {"a": 1.0}, 0.02, quiet=False, stream=stream) as listener:
        listener(event("a", "started"))
        listener(event("a", "finished", 1.0, math.inf))
    said = stream.getvalue().splitlines()
    assert said[0] == "mine: 1 cell to run" and "no precision yet" in said[1] and "inf" not in said[1]
    tiny.write_text("experiment: tiny\nestimators: pathwise\nobjective: elbo\ntrain: {epochs: 0}\n")
    assert call("check", "tiny.yaml") == 0
    said = "  1 training, 1 measured cell with 1 arm, 0 claims; 0 cells are stored, 2 would run"
    assert said in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "some time"), (8.4, "8 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")]
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_module_runs_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "reportgen", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for command in ("report", "run", "render", "compare", "check", "list", "doctor", "schema", "init"):
        assert f"\n  {command} " in done.stdout


def test_without_a_command_it_shows_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    shown = capsys.readouterr()
    assert stopped.value.code == 2 and shown.out == ""
    assert shown.err.startswith("Usage: ") and "error:" not in shown.err and "..." not in shown.err[60:]


def test_a_closed_pipe_is_no_verdict() -> None:
    command = f"{sys.executable} -m reportgen schema"
    done = subprocess.run(
        ["sh", "-c", f'({command}; echo "exit $?" >&2) | :'], capture_output=True, text=True
    )
    assert done.stderr == "exit 0\n"


@pytest.mark.long
def test_who_stops_reading_ends_no_work_and_changes_no_exit_code(tiny: Path) -> None:
    """A claim that came out otherwise exits with 1, its report written, where both pipes were closed."""
    tiny.write_text(TEXT.replace('pathwise) > 1"', 'pathwise) < 1"'))
    begun = subprocess.Popen(
        quick_program("report", "tiny.yaml", "--executor", "serial"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert begun.stdout and begun.stderr
    begun.stdout.close()
    begun.stderr.close()
    assert begun.wait() == 1
    assert (tiny.parent / "output" / "tiny" / "report.pdf").is_file()


def test_a_folder_that_a_report_cannot_print_is_no_reason_to_rename_the_file(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny.parent / "能"
    folder.mkdir()
    tiny.rename(folder / "tiny.yaml")
    assert call("check", "能/tiny.yaml") == 2
    (line,) = errors(capsys)
    assert line.endswith("a report cannot print 能 (U+80FD). Name it from its own folder.")
    (folder / "tiny.yaml").rename("能.yaml")
    assert call("check", "能.yaml") == 2
    assert errors(capsys)[0].endswith("Rename the file.")


def test_compare_says_which_place_it_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "results.csv").write_text("")
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7 \xff")
    for place, said in (
        (tmp_path, f"Name one of the reports in it, such as {tmp_path / 'one'}."),
        (tmp_path / "report.pdf", "but is a PDF. Name its folder, or use `reportgen verify`"),
    ):
        assert call("compare", str(place), str(tmp_path / "one")) == 2
        (line,) = errors(capsys)
        assert said in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reprot"], "error: No such command 'reprot'. Did you mean 'report'? See `reportgen --help`."),
        (["data", "fetch"], "error: Missing argument 'NAME…'. See `reportgen data fetch --help`."),
        (["check", "x", "--seed", "one"], "See `reportgen check --help`."),
    ],
)
def test_a_wrong_command_line_names_the_help_that_answers_it(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    (line,) = errors(capsys)
    assert said in line


@pytest.mark.long
def test_a_broken_cell_is_told_with_its_place_and_an_undecided_claim_with_its_cause(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TEXT.replace(
        "variance_ratio(score_function, pathwise) > 1", "variance_to_exact(pathwise) = 1 within 5%"
    )
    tiny.write_text(text)
    with pytest.MonkeyPatch.context() as patch:  # the next is made in earnest
        blank_paper(patch)
        no_figures(patch)
        assert call("report", "tiny.yaml", "--executor", "serial") == 3
    shown = capsys.readouterr().out
    assert "  undecided: lower: the exact variance of pathwise is not known here\n" in shown
    tiny.write_text(TEXT + "sweep: {train.learning_rate: [0.001, 1e+30]}\n")
    assert call("report", "tiny.yaml", "--executor", "serial") == 4
    shown = capsys.readouterr().out
    assert "  broken cell: training, learning_rate 1e+30: training diverged: " in shown
    assert "  broken cell: measurement, learning_rate 1e+30, checkpoint 2: not measured, because" in shown


@pytest.mark.parametrize(
    "command", ["report", "run", "render", "compare", "figures", "check", "list", "doctor", "schema", "init"]
)
def test_every_command_takes_output_and_quiet(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    text = capsys.readouterr().out
    assert stopped.value.code == 0 and "--output" in text and "--quiet" in text
