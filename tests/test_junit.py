"""JUnit files: the schema of CI systems, any character, and failures if and only if the exit code says so."""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reportgen import workflow
from reportgen.cli.answers import drift_lines, drift_together
from reportgen.cli.answers.junit import BEGINNING, Case, Suite, document
from reportgen.cli.answers.junit_suites import of_comparison, of_findings, of_folders, without_report
from reportgen.cli.together import Reports
from reportgen.errors import RenderError, UnwritableError
from reportgen.findings import Findings
from tests.crafted import crafted, experiment
from tests.test_cli import LOWER, call, errors, finished, half_as_much_again
from tests.test_summary import TEXT

COUNTS = ("tests", "failures", "errors", "skipped")
ATTRIBUTES = {
    "testsuites": {"name", "time", *COUNTS},
    "testsuite": {"name", "time", "timestamp", *COUNTS},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
"""The part of what jenkins-junit.xsd allows that is used here."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
REQUIRED = {"testsuite": {"name", "tests"}, "testcase": {"name", "classname"}}


def read(content: bytes) -> ElementTree.Element:
    """The file's root, checked against the schema and its own counts."""
    root = ElementTree.fromstring(content)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert set(element.attrib) >= REQUIRED.get(element.tag, set())
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        for name in ("time", *COUNTS):
            assert re.fullmatch(
                r"\d+\.\d{3}" if name == "time" else r"\d+",
                element.get(name, "0.000" if name == "time" else "0"),
            )
        if (when := element.get("timestamp")) is not None:
            datetime.strptime(when, "%Y-%m-%dT%H:%M:%S")
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        counted = [
            len(cases),
            *(sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")),
        ]
        assert [int(element.get(name, "")) for name in COUNTS] == counted
        assert float(element.get("time", "")) == pytest.approx(
            sum(float(case.get("time", "")) for case in cases)
        )
    assert all(len(suite) for suite in root), "a suite without a case is an error to some"
    return root


def told(suites: Sequence[Suite]) -> dict[str, str]:
    """By name of the case: passed, or the element and its type."""
    found = {}
    for case in read(document(suites)).iter("testcase"):
        bad = [child for child in case if child.tag != "system-out"]
        found[case.get("name", "")] = f"{bad[0].tag} {bad[0].get('type')}" if bad else "passed"
    return found


def failing(suites: Sequence[Suite]) -> bool:
    return any(case.outcome in ("failure", "error") for suite in suites for case in suite.cases)


def test_any_letter_is_held_and_any_count_is_right() -> None:
    odd = "a<b>&\"'\x00\x1b[1m\ud800\ufffe]]>\r\n\té😀"
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    cases = (
        Case(odd, "failure", odd, odd, odd, 0.25),
        Case("b", text=odd, seconds=1.0006),
        Case("c", "skipped", message=odd),
    )
    content = document([Suite(odd, cases, when), Suite("z", (Case("d", "error", "broken", "why"),))])
    assert content.startswith(BEGINNING)
    root = read(content)
    shown = "a<b>&\"'\\x00\\x1b[1m\\ud800\\ufffe]]>\\r\n\té😀"
    (one, *_), (last,) = root
    assert one.get("name") == root[0].get("name") == shown
    assert (one[0].get("message"), one[0].text) == (shown, shown)
    assert root.get("time") == "1.251" and root[0].get("timestamp") == "2026-01-02T03:04:05"
    assert last[0].tag == "error"


CLAIMS = {
    "as declared": (LOWER, "confirmed"),
    "a control": ("variance_ratio(with baseline, pathwise) > 5", "refuted"),
    "refuted": ("variance_ratio(with baseline, pathwise) > 5", "confirmed"),
    "confirmed": (LOWER, "refuted"),
    "undecided": ("variance_ratio(with baseline, pathwise) > 4", "confirmed"),
}


@pytest.mark.parametrize(
    ("claim", "code", "standing"),
    [
        ("as declared", 0, "passed"),
        ("a control", 0, "passed"),
        ("refuted", 1, "failure refuted"),
        ("confirmed", 1, "failure confirmed"),
        ("undecided", 3, "failure undecided"),
    ],
)
def test_a_claim_is_a_case(claim: str, code: int, standing: str) -> None:
    found = crafted(experiment(CLAIMS[claim]))
    suite = of_findings(found, 2.0)
    assert found.exit_code == code and failing([suite]) == (code != 0)
    assert told([suite]) == {"report": "passed", "claim c0": standing}
    text = read(document([suite])).find(".//testcase[@name='claim c0']/*")
    assert text is not None and "number 0" in (text.text or "") and "variance ratio 4.0" in (text.text or "")


def test_a_cell_that_broke_is_a_case_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    found = crafted(experiment(LOWER), broken=lambda cell: cell.setting["problem.latent"] == 3)
    suite = of_findings(found, 0.0)
    standings = told([suite])
    assert found.exit_code == 4 and "error broken" in standings.values()
    assert any(name.startswith("measurement, latent 3, checkpoint") for name in standings)
    assert "the loss became inf" in document([suite]).decode()


def test_a_cell_that_is_not_finished_is_a_failure() -> None:
    found = crafted(experiment(), broken=lambda cell: cell.setting["problem.latent"] == 3)
    found = replace(found, broken=tuple(replace(cell, paused=True) for cell in found.broken))
    suite = of_findings(found, 0.0)
    assert found.exit_code == 3
    assert set(told([suite]).values()) == {"passed", "failure unfinished"}


def test_what_came_to_no_report_or_was_left_out_has_its_suite() -> None:
    suites = without_report({"a": "no anchor"}, {"b": "mnist"})
    assert [suite.name for suite in suites] == ["a", "b"]
    read(document(suites))
    assert [case.outcome for suite in suites for case in suite.cases] == ["error", "skipped"]


@pytest.mark.parametrize("drifts", [False, True])
def test_a_number_that_drifted_is_a_case(drifts: bool, tmp_path: Path) -> None:
    old = finished(tmp_path / "old", (LOWER,))
    new = finished(tmp_path / "new", (LOWER,), **({"variances": half_as_much_again} if drifts else {}))
    found = drift_lines.compare(old, new)
    standings = told([of_comparison(found)])
    assert found.exit_code == drifts and failing([of_comparison(found)]) == drifts
    drifted = [name for name, standing in standings.items() if standing == "failure drifted"]
    assert len(drifted) == found.counts()["drifted"] and (len(drifted) > 20) == drifts
    assert standings["claim c0"] == ("failure changed" if drifts else "passed")


@pytest.mark.parametrize("there", [True, False])
def test_a_cell_that_broke_since_is_an_error(there: bool, tmp_path: Path) -> None:
    """Whether it was there before or not."""
    old, new = finished(tmp_path / "old"), tmp_path / "new"
    findings = crafted(experiment(), broken=lambda cell: cell.setting["problem.latent"] == 3)
    shutil.copytree(old, new)
    from reportgen.findings.files import csv_text

    (new / "results.csv").write_text(csv_text(findings), newline="")
    if not there:
        head, *rows = (old / "results.csv").read_text().splitlines(keepends=True)
        latent = head.strip().split(",").index("problem.latent")
        kept = [row for row in rows if row.strip().split(",")[latent] != "3"]
        (old / "results.csv").write_text("".join([head, *kept]))
    found = drift_lines.compare(old, new)
    assert found.exit_code == 4 and failing([of_comparison(found)])
    assert any(standing.startswith("error") for standing in told([of_comparison(found)]).values())


def test_of_folders_every_report_has_its_suite(tmp_path: Path) -> None:
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    monday.mkdir(), tuesday.mkdir()
    for name in ("same", "gone", "damaged"):
        finished(monday / name)
    for name in ("same", "new", "damaged"):
        finished(tuesday / name)
    (tuesday / "damaged" / "results.csv").write_bytes(b"")
    found = drift_together.compare(monday, tuesday)
    assert found is not None
    suites = of_folders(found)
    assert {suite.name: told([suite]) for suite in suites} == {
        "crafted": {"numbers": "passed"},
        "damaged": {"report": "error damaged"},
        "gone": {"report": "failure vanished"},
        "new": {"report": "passed"},
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(f"{name}.yaml").write_text(TEXT.format(name=name, sign=">", data="digits"))
    return tmp_path


@pytest.mark.usefixtures("quick_reports")
def test_report_writes_it_of_all_and_also_where_one_fails(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("report", "a.yaml", "b.yaml", "--executor", "serial", "--quiet", "--junit", "ci/junit.xml")
    code = call(*command)
    root = read(Path("ci/junit.xml").read_bytes())
    assert [suite.get("name") for suite in root] == ["a", "b"]
    assert (code != 0) == bool(root.findall(".//failure") or root.findall(".//error"))
    assert call("render", "a.yaml", "b.yaml", "--quiet", "--junit", "junit.xml") == code
    again = read(Path("junit.xml").read_bytes())
    for each, other in zip(root.iter("testcase"), again.iter("testcase"), strict=True):
        assert each.get("name") == other.get("name") and len(each) == len(other)
    first = root.find("testsuite/testcase")
    assert first is not None and float(first.get("time", "")) > 0.0 and root[0].get("timestamp")
    press = workflow.press

    def pressed(job: workflow.Job, *arguments: Any, **options: Any) -> Findings:
        if job.experiment.experiment == "a":
            raise RenderError("figure 1: lacks an anchor.")
        return press(job, *arguments, **options)

    monkeypatch.setattr(workflow, "press", pressed)
    assert call(*command) == 4
    root = read(Path("ci/junit.xml").read_bytes())
    assert {suite.get("name"): len(suite.findall(".//error")) for suite in root} == {"a": 1, "b": 0}
    capsys.readouterr()
    assert call("report", "a.yaml", "--executor", "serial", "--junit", "ci/junit.xml", "--json") == 4
    assert capsys.readouterr().out == ""
    (suite,) = read(Path("ci/junit.xml").read_bytes())
    assert suite.get("errors") == "1"
    assert call("render", "a.yaml", "--quiet", "--junit", "junit.xml") == 4
    (suite,) = read(Path("junit.xml").read_bytes())
    assert suite.get("errors") == "1"


def test_no_other_file_is_written_over_and_none_of_another_run_is_left(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("a.yaml").read_text()
    finished(Path("old"))
    assert call("compare", "old", "old", "--junit", "a.yaml") == 2
    assert errors(capsys)[0].startswith("error: a.yaml: must be a JUnit file or none")
    assert Path("a.yaml").read_text() == before
    assert call("compare", "old", "old", "--junit", "old") == 2
    assert errors(capsys)[0].startswith("error: old: cannot be written (Is a directory). Choose another file")
    assert call("compare", "old", "old", "--junit", "junit.xml") == 0 and Path("junit.xml").exists()
    assert call("compare", "old", "none", "--junit", "junit.xml") == 2
    assert not Path("junit.xml").exists()


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system's own limit on a file")
def test_a_run_that_was_killed_or_had_no_room_does_not_stand_in_the_way(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(Path("old"))
    Path("junit.xml").touch()
    assert call("compare", "old", "old", "--junit", "junit.xml") == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        assert call("compare", "old", "old", "--junit", "junit.xml", "--quiet") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert errors(capsys)[-1].startswith("error: junit.xml: cannot be written (File too large).")
    assert not Path("junit.xml").exists()


def test_a_pipe_is_not_waited_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished(Path("old"))
    os.mkfifo("pipe")
    assert call("compare", "old", "old", "--junit", "pipe") == 2
    assert errors(capsys)[0].startswith("error: pipe: must be a JUnit file or none")


@pytest.mark.usefixtures("quick_reports")
def test_a_report_that_is_refused_leaves_none(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its paper, or for a summary that cannot be written, when nothing has failed but the command."""
    command = ("report", "a.yaml", "b.yaml", "--executor", "serial", "--quiet", "--junit", "junit.xml")
    Path("junit.xml").write_bytes(BEGINNING)
    assert call(*command, "--paper", "none") == 2 and not Path("junit.xml").exists()

    def summarize(*_: Any, **__: Any) -> None:
        raise UnwritableError("summary.html: cannot be written (full).")

    monkeypatch.setattr(Reports, "_summarize", summarize)
    assert call(*command) == 2 and not Path("junit.xml").exists()
