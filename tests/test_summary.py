"""The summary of several experiments: one row per claim, on one page, complete, the same every time."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reportgen import workflow
from reportgen.cli import entry as cli
from reportgen.datasets import mnist
from reportgen.declaration import find, load
from reportgen.errors import MissingDataError, RenderError, UnwritableError
from reportgen.findings import Estimate, claims_data, collect
from reportgen.plan import make_plan
from reportgen.report import Entry, entry, ledger, render_summary
from reportgen.report.text import words
from reportgen.report.text.bibliography import reference
from reportgen.report.text.writer import Writer
from tests import synthetic_models
from tests.accessibility import faults
from tests.blank_paper import quick_program
from tests.crafted import crafted, experiment

HIGHER = "variance_ratio(score_function, pathwise) > 1"
LOWER = "variance_ratio(score_function, pathwise) < 1"
WHEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("summary.html", "summary.pdf", "summary.json")


def made(name: str, *tests: str | tuple[str, str], **numbers: Any) -> Entry:
    """An experiment of this name, with these claims, on records written by hand."""
    of = entry(crafted(experiment(*tests), **numbers))
    claims = tuple(replace(claim, source="burda2016, section 2") for claim in of.claims)
    return replace(of, name=name, claims=claims, finished=WHEN)


@pytest.fixture(scope="module")
def two() -> tuple[Entry, ...]:
    """One as declared, with a negative control; one with a claim that fails."""
    return made("first", HIGHER, (LOWER, "refuted")), made("second", LOWER, HIGHER)


@pytest.fixture(scope="module")
def folder(two: tuple[Entry, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("summary")
    written = render_summary(two, target, exit_code=1, command="reportgen report first second")
    assert [path.name for path in written] == list(NAMES) and all(path.is_file() for path in written)
    return target


def rows(page: str) -> list[str]:
    """The table's rows as a reader sees them, cells set apart by bars."""
    found = re.findall(r"<tr[ >].*?</tr>", page.partition("<table")[2], re.S)
    cells = [re.sub(r"</t[hd]>\s*<t[hd][^>]*>", " | ", row) for row in found]
    return [" ".join(re.sub(r"<[^>]+>", "", row).split()) for row in cells]


def said(*entries: Entry, **left_out: str) -> str:
    return " ".join(ledger.sentences(entries, left_out, {}))


# The table


def test_one_row_a_claim_grouped_by_experiment(folder: Path, two: tuple[Entry, ...]) -> None:
    page = (folder / "summary.html").read_text()
    run = f"run {two[0].run_id}"
    effect = "variance ratio 100.0 (97.3 to 102.8)"
    assert rows(page) == [
        "Claim | Source | Verdict | Effect (95% interval)",
        f"first Written by hand | {run}",
        f"Number 0 | Burda et al. (2016), section 2 | ● confirmed | {effect}",
        f"Number 1 | Burda et al. (2016), section 2 | ◆ refuted, as expected | {effect}",
        f"second Written by hand | {run}",
        f"Number 0 | Burda et al. (2016), section 2 | ◆ refuted, expected confirmed | {effect}",
        f"Number 1 | Burda et al. (2016), section 2 | ● confirmed | {effect}",
    ]
    assert page.count('<tr class="contrary">') == 1


def test_rows_lead_to_the_reports_and_to_the_sources(folder: Path) -> None:
    page = (folder / "summary.html").read_text()
    links = re.findall(r'href="([^"]*)"', page)
    assert links.count("first/report.html") == 1 and links.count("second/report.html") == 1
    assert {link for link in links if "#" in link} == {
        f"{name}/report.html#claim-c{i}" for name in ("first", "second") for i in (0, 1)
    }
    assert {link for link in links if "report.html" not in link} == {reference("burda2016").link}
    assert not re.search(r"(src|url)\W{1,3}https?:", page), "nothing is fetched"


def test_a_source_is_named_in_short_and_never_broken_before_its_number() -> None:
    names = {key: reference(key).brief for key in ("burda2016", "titsias2014", "mohamed2020", "borea")}
    assert names == {
        "burda2016": "Burda et al.",
        "titsias2014": "Titsias & Lázaro-Gredilla",
        "mohamed2020": "Mohamed et al.",
        "borea": "Borea",
    }
    (claim,) = made("one", HIGHER).claims
    of = replace(made("one"), claims=(replace(claim, source="rainforth2018, theorem 1; a letter, page 2"),))
    (group,) = ledger.groups([of])
    assert group["claims"][0]["sources"] == [
        {
            "text": "Rainforth et al. (2018)",
            "link": "https://arxiv.org/abs/1802.04537",
            "place": "theorem\u00a01",
        },
        {"text": "", "link": "", "place": "a letter, page\u00a02"},
    ]


def test_what_broke_is_said_with_its_cause(tmp_path: Path) -> None:
    of = made("lost", HIGHER, broken=lambda cell: cell.checkpoint == 5 and cell.base)
    assert of.exit_code == 4 and of.broken == ("the loss became inf",)
    render_summary([of, made("kept", HIGHER)], tmp_path, exit_code=4, command="x")
    table = rows((tmp_path / "summary.html").read_text())
    assert table[1].startswith("lost Written by hand ▲ one cell broke | run ")
    assert table[2].endswith(" | ▲ broken, expected confirmed | the loss became inf")
    assert "broke" not in table[3]
    assert json.loads((tmp_path / "summary.json").read_text())["experiments"][0]["broken"] == list(of.broken)


def test_what_is_not_finished_did_not_break(tmp_path: Path) -> None:
    declared = synthetic_models.declared()
    plan = make_plan(declared, "0" * 64)
    records = synthetic_models.records(declared, plan)
    cell = plan.judgements[-1]
    records[cell.key] = synthetic_models.paused(records[cell.key])
    of = entry(collect(declared, plan, records))
    assert (of.exit_code, of.broken, of.unfinished) == (3, (), ("paused after 12 of 64 epochs",))
    assert ledger.sentences([of], {}, {})[1:] == [f"One cell of {of.name} is not finished."]
    render_summary([of, made("kept", HIGHER)], tmp_path, exit_code=3, command="x")
    page = (tmp_path / "summary.html").read_text()
    assert "○ one cell not finished" in " ".join(rows(page)) and "broke" not in " ".join(rows(page)[:2])
    assert json.loads((tmp_path / "summary.json").read_text())["experiments"][0]["unfinished"]


def test_an_arm_that_broke_counts_as_well() -> None:
    of = made("lost", HIGHER, spoilt=lambda arm: arm.label == "with baseline")
    assert of.exit_code == 4 and set(of.broken) == {"too large"}
    assert ledger.groups([of])[0]["broken"].endswith("cells broke")


def test_an_experiment_without_claims_keeps_its_place(tmp_path: Path) -> None:
    render_summary([made("mute"), made("other", HIGHER)], tmp_path, exit_code=0, command="x")
    assert rows((tmp_path / "summary.html").read_text())[2] == "No claims."


def test_a_verdict_says_in_full_what_was_expected() -> None:
    assert ", expected confirmed" in words.verdict("refuted", "confirmed", full=True)
    assert "expected" not in words.verdict("refuted", "confirmed")
    assert "expected" not in words.verdict("confirmed", "confirmed", full=True)


# The sentences above it


def test_the_claims_are_counted(two: tuple[Entry, ...]) -> None:
    assert said(two[0]) == (
        "Of two claims in one experiment, one is confirmed and one is refuted, all as expected: "
        "one was declared to fail."
    )
    assert said(*two) == (
        "Of four claims in two experiments, two are confirmed and two are refuted. "
        "Not as declared is c0 of second (refuted)."
    )
    assert said(made("a", HIGHER), made("b", HIGHER)) == ("Both claims in two experiments are confirmed.")
    assert said(made("a", HIGHER)) == "The one claim in one experiment is confirmed."
    assert said(made("a"), made("b")) == "There are no claims in two experiments."


def test_everything_contrary_broken_or_left_out_is_named(two: tuple[Entry, ...]) -> None:
    lost = made("lost", HIGHER, broken=lambda cell: cell.checkpoint == 5)
    assert said(two[1], lost, big="mnist") == (
        "Of three claims in two experiments, one is confirmed, one is refuted and one is broken. "
        "Not as declared are c0 of second (refuted) and c0 of lost (broken). "
        "Two cells of lost broke. Not measured because the data set is missing: big (mnist)."
    )


# The files


def gallery(experiments: int, claims: int = 4) -> list[Entry]:
    """So many experiments, with the sentences and sources that the flagship's claims have."""
    (claim,) = made("any", HIGHER).claims
    declared = load(find("burda2016")).claims
    projection = Estimate(0.9534, 0.9464, 0.9604, 1000)
    found = [
        replace(
            claim,
            id=one.id,
            statement=one.statement or one.id,
            source=one.source,
            effect="relative projection",
            estimate=projection,
        )
        for one in declared
    ]
    endless = cycle(found)
    title = "Full-covariance variational logistic regression"
    return [
        replace(made("any"), name=f"author{2000 + n}", title=title, claims=tuple(islice(endless, claims)))
        for n in range(experiments)
    ]


def pages(folder: Path, entries: Sequence[Entry], paper: str = "a4") -> tuple[int, int]:
    """How many pages there are, and the height of the first in millimetres."""
    render_summary(entries, folder, exit_code=0, command="reportgen report --gallery", paper=paper)
    with pikepdf.open(folder / "summary.pdf") as pdf:
        return len(pdf.pages), round(float(pdf.pages[0].MediaBox[3]) * 25.4 / 72)


@pytest.mark.long
def test_ten_experiments_of_four_claims_are_one_page_of_a4_and_more_one_of_larger_paper(
    tmp_path: Path,
) -> None:
    assert pages(tmp_path, gallery(10)) == (1, 297)
    assert pages(tmp_path, gallery(20)) == (1, 420)
    assert pages(tmp_path, gallery(4), "letter") == (1, 279)
    assert json.loads((tmp_path / "summary.json").read_text())["paper"] == "letter"


def test_the_pdf_is_as_the_reports_are(folder: Path) -> None:
    data = json.loads((folder / "summary.json").read_text())
    with pikepdf.open(folder / "summary.pdf") as pdf:
        assert (
            str(pdf.docinfo.Title) == "Every claim and its verdict" and str(pdf.docinfo.Author) == "reportgen"
        )
        assert str(pdf.docinfo.CreationDate).startswith("D:20261123120000")
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
        assert faults(pdf) == []
        assert json.loads(pdf.attachments["claims.json"].get_file().read_bytes()) == data["experiments"]
        links = {str(note.A.URI) for page in pdf.pages for note in page.get("/Annots", []) if "/A" in note}
        assert links == {reference("burda2016").link}, "a path relative to the page is no link of a PDF"
        fonts = {
            str(item.FontName)
            for item in pdf.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"
        }
        assert fonts and all("Reportgen" in name for name in fonts)


def test_its_data_say_what_the_claims_said(folder: Path) -> None:
    data = json.loads((folder / "summary.json").read_text())
    found = crafted(experiment(HIGHER, (LOWER, "refuted")))
    first = data["experiments"][0]
    assert (first["experiment"], first["report"], first["exit_code"]) == ("first", "first/report.html", 0)
    for shown, claim in zip(first["claims"], claims_data(found), strict=True):
        assert shown == {**{key: claim[key] for key in shown}, "source": "burda2016, section 2"}
        assert {"id", "statement", "verdict", "expect", "estimate", "ci_low", "ci_high"} <= set(shown)
    assert data["verdicts"] == {"confirmed": 2, "refuted": 2, "undecided": 0, "broken": 0}
    assert (data["not_as_declared"], data["exit_code"]) == (1, 1)
    assert data["finished"] == WHEN.isoformat() and data["command"] == "reportgen report first second"


def test_a_claim_without_a_number_has_a_dash_and_null(tmp_path: Path) -> None:
    of = made("one", HIGHER)
    nothing = replace(of.claims[0], estimate=Estimate(math.nan, math.nan, math.nan, 0, "too few"))
    of = replace(of, claims=(nothing,))
    render_summary([of], tmp_path, exit_code=0, command="x")
    assert rows((tmp_path / "summary.html").read_text())[2].endswith(f"variance ratio {words.DASH}")
    (claim,) = json.loads((tmp_path / "summary.json").read_text())["experiments"][0]["claims"]
    assert claim["estimate"] is None


def test_the_date_is_the_last_cells(tmp_path: Path) -> None:
    early, undated = made("early", HIGHER), replace(made("undated"), finished=None)
    late = replace(made("late", HIGHER), finished=datetime(2026, 11, 24, 1, tzinfo=UTC))
    render_summary([late, early, undated], tmp_path, exit_code=0, command="x")
    assert "Last measured 24 November 2026." in (tmp_path / "summary.html").read_text()
    render_summary([undated], tmp_path, exit_code=0, command="x")
    assert "Last measured" not in (tmp_path / "summary.html").read_text()


def test_same_bytes_twice(folder: Path, two: tuple[Entry, ...], tmp_path: Path) -> None:
    render_summary(two, tmp_path, exit_code=1, command="reportgen report first second")
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_the_same_summary_is_kept_and_a_touched_one_is_mended(two: tuple[Entry, ...], tmp_path: Path) -> None:
    def again(*entries: Entry) -> dict[str, int]:
        render_summary(entries, tmp_path, exit_code=1, command="x", keep=True)
        return {name: (tmp_path / name).stat().st_mtime_ns for name in NAMES}

    first = again(*two)
    page = (tmp_path / "summary.html").read_bytes()
    assert again(*two) == first
    (tmp_path / "summary.html").write_bytes(page + b" ")
    assert again(*two) != first and (tmp_path / "summary.html").read_bytes() == page
    known = again(*two)
    assert again(two[0], replace(two[1], title="Another title")) != known


def test_a_failed_write_leaves_the_older_summary(
    two: tuple[Entry, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render_summary(two, tmp_path, exit_code=1, command="x")
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}

    sound = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == "summary.json":
            raise OSError(28, "No space left on device")
        return sound(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UnwritableError, match="No space left on device"):
        render_summary(two[:1], tmp_path, exit_code=0, command="x")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_missing_is_an_error_that_names_the_document(
    two: tuple[Entry, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = replace(two[0], title="日")
    monkeypatch.setattr("reportgen.report.text.writer.spelt", lambda text: text)
    with pytest.raises(RenderError, match=r"summary\.pdf: would come out incomplete"):
        render_summary([strange], tmp_path, exit_code=0, command="x")
    with pytest.raises(RenderError, match=r"cannot be filled in: '\w+' is undefined"):
        Writer("screen", {}).single("summary.html", version="0")
    assert list(tmp_path.iterdir()) == []


# The command line

TEXT = """\
experiment: {name}
title: A tiny one
problem: {{data: {data}, hidden: [6], latent: 3}}
objective: [elbo]
estimators: [score_function, pathwise]
train: {{epochs: 0}}
measure: {{images: 2, precision: 50%, budget: 400, min_replicates: 100}}
claims:
  - {{id: lower, statement: lower variance, test: "variance_ratio(score_function, pathwise) {sign} 1"}}
"""


def declare(name: str, sign: str = ">", data: str = "digits", folder: str = ".") -> str:
    path = Path(folder) / f"{name}.yaml"
    path.write_text(TEXT.format(name=name, sign=sign, data=data))
    return str(path)


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def own_gallery(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery of two, one of them on a data set that is not here."""
    folder = here / "gallery"
    folder.mkdir()
    declare("small", folder="gallery")
    declare("big", data="mnist", folder="gallery")
    monkeypatch.setattr("reportgen.declaration.gallery.gallery", lambda: folder)
    return folder


@pytest.mark.long
@pytest.mark.usefixtures("quick_reports")
def test_several_experiments_have_a_summary(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare("a"), declare("b", "<"), declare("c")
    options = ("--executor", "serial")
    assert call("report", "c.yaml", *options) == 0
    assert not list(Path("output").glob("summary.*")), "one report needs no summary"
    capsys.readouterr()

    assert call("report", "a.yaml", "b.yaml", "--seed", "3", *options) == 1, "the worst of both"
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == "summary: output/summary.html, output/summary.pdf"
    assert shown.err.splitlines()[-1] == "writing the summary"
    page = Path("output/summary.html").read_text()
    assert [row.split()[0] for row in rows(page)] == ["Claim", "a", "Lower", "b", "Lower"], "c was not named"
    for link in re.findall(r'href="([^"]*report.html[^"]*)"', page):
        file, _, anchor = link.partition("#")
        assert not anchor or f'id="{anchor}"' in (Path("output") / file).read_text()
    assert "<code>reportgen report a.yaml b.yaml --set seed=3</code>" in page

    before = {name: (Path("output") / name).read_bytes() for name in NAMES}
    for name in NAMES:
        (Path("output") / name).unlink()
    assert call("render", "a.yaml", "b.yaml", "--seed", "3", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == 1 and found["left_out"] == []
    assert found["summary"] == [f"output/{name}" for name in NAMES]
    assert [(one["experiment"], one["exit_code"]) for one in found["experiments"]] == [("a", 0), ("b", 1)]
    assert {name: (Path("output") / name).read_bytes() for name in NAMES} == before

    assert call("render", "b.yaml", "a.yaml", "--seed", "3", "--quiet") == 1
    assert capsys.readouterr() == ("", "")
    page = Path("output/summary.html").read_text()
    assert [row.split()[0] for row in rows(page)] == ["Claim", "b", "Lower", "a", "Lower"], "as named"


@pytest.mark.long
@pytest.mark.usefixtures("quick_reports")
def test_the_smoke_experiment_beside_a_variant_of_it(here: Path) -> None:
    source = Path(cli.__file__).parents[2] / "experiments" / "smoke.yaml"
    Path("variant.yaml").write_text(source.read_text().replace("experiment: smoke", "experiment: variant"))
    settings = ("--set", "measure.budget=2e3", "--set", "measure.precision=50%")
    code = call("report", "smoke", "variant.yaml", *settings, "--executor", "serial", "--quiet")
    data = json.loads(Path("output/summary.json").read_text())
    assert data["exit_code"] == code
    smoke, variant = data["experiments"]
    assert (smoke["experiment"], variant["experiment"]) == ("smoke", "variant")
    assert smoke["claims"] == variant["claims"] and len(smoke["claims"]) == 4, "the name changes no number"
    for one in (smoke, variant):
        beside = json.loads((Path("output") / one["experiment"] / "claims.json").read_text())
        assert [(c["id"], c["verdict"], c["estimate"]) for c in one["claims"]] == [
            (c["id"], c["verdict"], c["estimate"]) for c in beside
        ]


@pytest.mark.usefixtures("quick_reports")
def test_one_that_comes_to_no_report_stops_no_other(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare("a"), declare("b"), declare("c")
    assert call("run", "a.yaml", "--executor", "serial", "--quiet") == 0, "its cells are those of all three"
    press = workflow.press
    broken = {"a"}

    def pressed(job: workflow.Job, *arguments: Any, **options: Any) -> Any:
        if job.experiment.experiment in broken:
            raise RenderError("figure 1: lacks an anchor. Tell us.")
        return press(job, *arguments, **options)

    monkeypatch.setattr(workflow, "press", pressed)
    for command in ("render", "report"):
        assert call(command, "a.yaml", "b.yaml", "c.yaml", "--json") == 4
        shown = capsys.readouterr()
        assert "error: a: figure 1: lacks an anchor. Tell us." in shown.err.splitlines()
        found = json.loads(shown.out)
        assert found["exit_code"] == 4 and [one["experiment"] for one in found["experiments"]] == ["b", "c"]
        failed = [{"experiment": "a", "cause": "figure 1: lacks an anchor. Tell us."}]
        assert found["failed"] == failed
        written = json.loads(Path("output/summary.json").read_text())
        assert (written["exit_code"], written["failed"]) == (4, failed)
        page = Path("output/summary.html").read_text()
        assert "a has no report: figure 1: lacks an anchor. Tell us." in page
    broken |= {"b", "c"}
    assert call("render", "a.yaml", "b.yaml", "c.yaml", "--json") == 4
    assert len(json.loads(capsys.readouterr().out)["summary"]) == 3
    written = json.loads(Path("output/summary.json").read_text())
    assert (written["exit_code"], written["experiments"]) == (4, []), "that of the last run is not left"
    assert [one["experiment"] for one in written["failed"]] == ["a", "b", "c"]
    page = Path("output/summary.html").read_text()
    assert "c has no report: figure 1: lacks an anchor. Tell us." in page and "<table" not in page
    assert call("render", "a.yaml") == 4
    assert capsys.readouterr().err.splitlines()[-1] == "error: figure 1: lacks an anchor. Tell us."

    def full(*_: Any, **__: Any) -> Any:
        raise UnwritableError("output: cannot be written (No space left on device).")

    monkeypatch.setattr(workflow, "press", full)
    assert call("render", "a.yaml", "b.yaml", "--quiet") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1, "what all would meet is told once"


@pytest.mark.usefixtures("quick_reports")
def test_the_whole_gallery(own_gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare("mine")
    assert call("report", "mine.yaml", "--gallery", "--executor", "serial") == 0
    said = capsys.readouterr().err
    assert (
        "big: left out, its data set mnist is not on this machine; `reportgen data fetch mnist` downloads it"
        in said
    )
    page = Path("output/summary.html").read_text()
    assert [row.split()[0] for row in rows(page)] == ["Claim", "mine", "Lower", "small", "Lower"]
    assert "Not measured because the data set is missing: big (mnist)." in page
    assert "<code>reportgen report mine.yaml --gallery</code>" in page

    assert call("render", "--gallery", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["experiment"] for one in found["experiments"]] == ["small"]
    assert found["left_out"] == [{"experiment": "big", "data": "mnist"}]
    assert call("render", "small", "--gallery", "--quiet") == 0, "named twice is meant once"
    assert call("run", "--gallery", "--quiet") == 0


def test_a_named_experiment_without_data_and_a_damaged_set_are_errors(
    own_gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("report", "big", "--gallery") == 2
    assert "error: data set mnist: needs" in capsys.readouterr().err
    with pytest.raises(MissingDataError):
        mnist.SOURCE.load()
    mnist.SOURCE.folder.mkdir(parents=True)
    for name in mnist.SHA256:
        (mnist.SOURCE.folder / name).write_bytes(b"not the file")
    assert call("report", "--gallery") == 2
    assert "damaged or another file" in capsys.readouterr().err
    assert not Path("output/summary.html").exists()


@pytest.mark.parametrize("command", ["report", "run", "render"])
def test_someone_is_to_be_named_and_no_name_twice(
    here: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    declare("a")
    assert call(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: Missing argument EXPERIMENT…:") and line.endswith("or use --gallery.")
    assert call(command, "a.yaml", "./a.yaml") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "error: ./a.yaml: needs a name that no other experiment of this call has, got a as in"
    )
    assert not Path("output/a").exists()


@pytest.mark.long
def test_a_summary_needs_no_torch(here: Path) -> None:
    """Nor does a report in earnest: see test_report.test_same_bytes_elsewhere."""
    declare("a"), declare("b")
    assert call("run", "a.yaml", "b.yaml", "--executor", "serial", "--quiet") == 0
    no_torch = "import sys; sys.modules['torch'] = None"
    rendering = quick_program("render", "a.yaml", "b.yaml", before=no_torch)
    done = subprocess.run(rendering, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "summary: output/summary.html" in done.stdout
