"""`reportgen verify`: an untouched report comes out the same; one changed digit is found, wherever it is."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest

from reportgen.cli import entry as cli
from reportgen.cli.answers import verdict_lines
from reportgen.cli.answers.junit_suites import of_verification
from reportgen.declaration import load_text
from reportgen.errors import MissingDataError, UsageError
from reportgen.execution import Outcome
from reportgen.findings import Row, claims_data, csv_text, drift
from reportgen.findings.causes import Difference
from reportgen.findings.drift import NumberDrift, estimate_of
from reportgen.report import provenance
from reportgen.store import BrokenRecord
from reportgen.verification import (
    Evidence,
    Verification,
    again,
    agreement,
    document,
    gather,
    judge,
    printed,
    verification,
)
from reportgen.verification import second as second_run
from reportgen.verification.agreement import disagreements
from reportgen.verification.numbers import (
    DIFFERENT,
    EQUIVALENT,
    IDENTICAL,
    NOT_JUDGED,
    UNDECIDED,
    Number,
    compare,
    compare_verdicts,
)
from reportgen.verification.printed import DRAWN, TOKENS, Printed, Values, _Token
from reportgen.verification.second import quicker
from reportgen.workflow import Job, prepare
from tests.test_junit import read as junit
from tests.test_junit import told

ROOT = Path(__file__).resolve().parents[1]
TEXT = """\
experiment: word
title: A report to be taken at its word
problem: {model: conjugate}
objective: [elbo]
estimators: [score_function, pathwise]
measure: {precision: 20%, budget: 4e3, min_replicates: 200}
sweep: {problem.scale_factor: [0.5, 2]}
claims:
  - id: lower
    statement: it is lower
    test: variance_ratio(score_function, pathwise) > 1 at every problem.scale_factor
"""
TITLE = "A report to be taken at its word"

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # WeasyPrint's colour profile


def call(*arguments: str) -> int:
    """Exit code of a command run in this process."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    code = end.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with word.yaml and its report."""
    folder = tmp_path_factory.mktemp("word")
    (folder / "word.yaml").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call("report", "word.yaml", "--executor", "serial", "--quiet") == 0
    return folder


@pytest.fixture(scope="module")
def report(made: Path) -> Path:
    return made / "output" / "word" / "report.pdf"


@dataclass(frozen=True)
class Second:
    """A second run of the declaration, which knows nothing of the first."""

    folder: Path
    said: list[str]
    """What the command printed about the report then."""

    def pdf(self, *_: object) -> bytes:
        """The second run's pages, with the first run's clocks, as the command kept them."""
        return (self.folder / "word" / "again" / "report.pdf").read_bytes()


@pytest.fixture(scope="module")
def second(made: Path, report: Path) -> Second:
    options = ("--executor", "serial", "--output", str(made / "second"), "--junit", str(made / "junit.xml"))
    with redirect_stdout(StringIO()) as out:
        assert call("verify", str(report), *options) == 0
    assert junit((made / "junit.xml").read_bytes()).get("failures") == "0"
    return Second(made / "second", out.getvalue().splitlines())


parsed = cache(document.parse)


@pytest.fixture
def judged(second: Second, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Verification]:
    """Judges a report against the second run; its pages are neither laid out nor read again."""
    monkeypatch.setattr(second_run, "paper", lambda *_: second)
    monkeypatch.setattr(second_run, "parse", parsed)

    def of(path: Path) -> Verification:
        evidence = gather(path)
        job: Job = again(evidence, second.folder, quick=False, code=None)
        assert job.missing == ()
        return judge(evidence, job, quick=False)

    return of


# --- what is true ------------------------------------------------------------------------------------------


def test_an_untouched_report_comes_out_the_same_to_the_byte(report: Path, second: Second) -> None:
    """By a run of its own, whose clocks are others."""
    assert second.said[-1].startswith("identical: every number")
    assert "  evidence: 5 files attached, which agree with one another and the pages" in second.said
    assert any(line.startswith("  run again: 3 cells run in ") for line in second.said)
    kept = second.folder / "word"
    assert (kept / "again" / "report.pdf").read_bytes() == report.read_bytes()
    rows = (report.parent / "results.csv").read_bytes()
    assert (kept / "evidence" / "results.csv").read_bytes() == rows
    assert (kept / "again" / "results.csv").read_bytes() == rows


def test_what_programs_are_told(report: Path, judged: Callable[[Path], Verification]) -> None:
    outcome = Outcome(0, 3, (), 0.0)
    answer = json.loads(json.dumps(verdict_lines.answer(judged(report), outcome, quick=False)))
    assert (answer["verdict"], answer["faults"], answer["differs"]) == (IDENTICAL, [], [])
    assert answer["again"]["cached"] == 3 and answer["claims"][0]["standing"] == IDENTICAL
    assert {number["statistic"] for number in answer["numbers"]} == set(drift.TIMED)
    assert answer["counts"]["results.csv"][NOT_JUDGED] == len(answer["numbers"])
    assert answer["pages"]["same"] == answer["pages"]["count"] > 3


def test_pages_written_with_another_package_are_not_held_to_the_byte(
    report: Path, judged: Callable[[Path], Verification], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers do not depend on it, and are."""
    assert judged(report).written_with == ()
    here = verification.not_as_locked()
    monkeypatch.setattr(verification, "not_as_locked", lambda: {**here, "pydyf": "0.14.0"})
    asked: list[bool] = []
    plain = printed.compare

    def compared(*documents: Any, promised: bool, **more: Any) -> Any:
        asked.append(promised)
        return plain(*documents, promised=promised, **more)

    monkeypatch.setattr(printed, "compare", compared)
    found = judged(report)
    assert asked == [False] and found.promised and not found.causes
    assert [str(of) for of in found.written_with] == ["pydyf 0.13.0 → 0.14.0"]
    assert found.pages is not None
    outcome, line = Outcome(0, 3, (), 0.0), "  written with: pydyf 0.13.0 → 0.14.0"
    assert line not in list(verdict_lines.lines(found, outcome)), "the pages are the same"
    other = Printed(1, DRAWN, DRAWN, "", NOT_JUDGED)
    drawn = replace(found, pages=replace(found.pages, others=(other,)))
    assert line in list(verdict_lines.lines(drawn, outcome))
    known = replace(drawn, causes=(Difference("pydyf", "0.13.0", "0.14.0"),))
    assert line not in list(verdict_lines.lines(known, outcome)), "is said already"


def test_what_a_report_was_not_as_locked_with_is_what_it_was_written_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "not_as_locked", lambda: {"pillow": "12.0.0"})
    pillow, pydyf = (verification.locked()[name] for name in ("pillow", "pydyf"))
    for then, expected in (
        ({"pydyf": "0.12.1", "pillow": "12.0.0"}, [f"pydyf 0.12.1 → {pydyf}"]),
        ({}, [f"pillow {pillow} → 12.0.0"]),
    ):
        there = {"not_as_locked": then, "rendered": provenance.press()}
        assert [str(of) for of in verification._written_with(there)] == expected


def test_saved_again_by_another_program_it_is_still_the_same(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    with pikepdf.open(report) as pdf:
        pdf.save(tmp_path / "saved.pdf", compress_streams=False)
    found = judged(tmp_path / "saved.pdf")
    assert (found.verdict, found.exit_code) == (IDENTICAL, 0)
    assert found.pages is not None and found.pages.others == ()


@pytest.mark.long
def test_quick_says_its_precision_and_judges_by_intervals(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify", str(report), "--executor", "serial", "--quick") == 0
    out = capsys.readouterr().out
    assert "at 50% precision where 20% is declared: numbers need not be identical" in out
    assert out.splitlines()[-1].startswith("statistically equivalent: no number differs beyond its noise")


# --- what is changed ---------------------------------------------------------------------------------------


def attached(path: Path) -> dict[str, bytes]:
    with pikepdf.open(path) as pdf:
        return {name: spec.get_file().read_bytes() for name, spec in pdf.attachments.items()}


def with_files(report: Path, target: Path, **files: bytes) -> Path:
    """The report with these attachments (dots written as underscores) in place of its own."""
    names = {name.replace(".", "_"): name for name in attached(report)}
    with pikepdf.open(report) as pdf:
        for key, content in files.items():
            name = names[key]
            del pdf.attachments[name]
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, content, filename=name)
        pdf.Root.AF = pikepdf.Array([spec.obj for spec in pdf.attachments.values()])
        pdf.save(target)
    return target


def changed_row(content: bytes, statistic: str, *, outside: bool = False) -> tuple[bytes, int, str]:
    """One digit of a value changed: the last, or the first and so outside of its interval; the line, too."""
    lines = content.decode().split("\r\n")
    for number, line in enumerate(lines, start=1):
        fields = line.split(",")
        if statistic in fields and fields[fields.index(statistic) + 1]:
            place = fields.index(statistic) + 1
            value = fields[place]
            at = len(value) - 1 if not outside else next(i for i, c in enumerate(value) if c in "123456789")
            fields[place] = value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]
            if outside:
                fields[place] = value[:at] + str((int(value[at]) + 5) % 10) + value[at + 1 :]
            lines[number - 1] = ",".join(fields)
            return "\r\n".join(lines).encode(), number, fields[place]
    raise AssertionError(statistic)


def resealed(report: Path, **files: bytes) -> bytes:
    """The manifest with the hashes of these files, as a forger would write it."""
    manifest = json.loads(attached(report)["manifest.json"])
    for key, content in files.items():
        name = next(name for name in manifest["attached"] if name.replace(".", "_") == key)
        digest = hashlib.sha256(content).hexdigest()
        manifest["attached"][name] = digest
        if name in manifest["files"]:
            manifest["files"][name] = digest
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def differing(found: Verification) -> list[tuple[str, int | None]]:
    return [(n.found.row.statistic, n.line) for n in found.numbers if n.standing == DIFFERENT]


def test_a_digit_of_results_csv(report: Path, tmp_path: Path, judged: Callable[[Path], Verification]) -> None:
    content, line, _ = changed_row(attached(report)["results.csv"], "mean_norm")
    found = judged(with_files(report, tmp_path / "a.pdf", results_csv=content))
    assert found.exit_code == 1
    assert [fault.partition(":")[0] for fault in found.evidence.faults] == ["results.csv"]
    assert differing(found) == [("mean_norm", line)]


def test_a_digit_of_results_csv_and_the_manifest_with_it(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    """Nothing contradicts itself then: the second run finds it."""
    content, line, _ = changed_row(attached(report)["results.csv"], "mean_norm")
    manifest = resealed(report, results_csv=content)
    path = with_files(report, tmp_path / "d.pdf", results_csv=content, manifest_json=manifest)
    found = judged(path)
    assert found.evidence.faults == ()
    assert (found.exit_code, found.promised) == (1, True)
    assert differing(found) == [("mean_norm", line)]
    assert {number.standing for number in found.numbers} == {IDENTICAL, NOT_JUDGED, DIFFERENT}
    standings = told([of_verification(found)])
    assert standings.pop("report") == "failure different"
    assert any(name.startswith(f"results.csv:{line}: ") for name in standings)
    assert set(standings.values()) == {"failure different"}


def test_a_value_outside_of_its_interval_is_found_without_a_run(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, line, value = changed_row(attached(report)["results.csv"], "total_variance", outside=True)
    path = with_files(report, tmp_path / "a.pdf", results_csv=content)
    assert call("verify", str(path), "--junit", str(tmp_path / "junit.xml")) == 1
    out = capsys.readouterr().out
    (suite,) = junit((tmp_path / "junit.xml").read_bytes())
    assert {case.get("name", "").partition(":")[0] for case in suite.iter("testcase")} == {
        "report",
        "evidence",
    }
    assert suite.get("failures") == suite.get("tests")
    assert f"results.csv:{line}: a value must lie in its interval, found {value!r}" in out
    assert "run again: no, the evidence cannot be read" in out and out.splitlines()[-1].startswith(DIFFERENT)


def test_a_timing_that_its_clock_does_not_tell(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    content, line, _ = changed_row(attached(report)["results.csv"], "seconds_per_replicate")
    manifest = resealed(report, results_csv=content)
    path = with_files(report, tmp_path / "d.pdf", results_csv=content, manifest_json=manifest)
    assert differing(judged(path)) == [("seconds_per_replicate", line)]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_digit_of_claims_json(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification], sealed: bool
) -> None:
    claims = json.loads(attached(report)["claims.json"])
    made = claims[0]["comparisons"][1]
    made["estimate"] = math.nextafter(made["estimate"], 0.0) - 1e-7
    content = json.dumps(claims, indent=2).encode()
    more = {"manifest_json": resealed(report, claims_json=content)} if sealed else {}
    found = judged(with_files(report, tmp_path / "b.pdf", claims_json=content, **more))
    assert found.exit_code == 1
    wanted = "claims.json: lower, variance_ratio(score_function, pathwise) > 1, checkpoint 0, problem.scale_"
    assert any(fault.startswith(wanted) for fault in found.evidence.faults)
    assert any(fault.startswith("claims.json: was changed") for fault in found.evidence.faults) != sealed
    (number,) = (number for number in found.numbers if number.standing == DIFFERENT)
    assert (number.file, number.found.row.objective) == ("claims.json", "lower")


def test_a_verdict_of_claims_json(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    content = attached(report)["claims.json"].replace(b'"verdict": "confirmed"', b'"verdict": "refuted"', 1)
    manifest = resealed(report, claims_json=content)
    found = judged(with_files(report, tmp_path / "b.pdf", claims_json=content, manifest_json=manifest))
    (verdict,) = found.verdicts
    assert (verdict.reported, verdict.again, verdict.standing) == ("refuted", "confirmed", DIFFERENT)
    assert found.exit_code == 1


def glyphs(font: Any) -> dict[str, str]:
    """Character → glyph, both as they stand in the font's table of characters."""
    table = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"<([0-9a-fA-F]{4})> <([0-9a-fA-F]{4})>", table)
    return {chr(int(character, 16)): glyph.lower() for glyph, character in pairs}


def with_another_digit(pdf: pikepdf.Pdf, page: int, *, of_estimate: bool = False) -> bytes:
    """Changes one printed digit of a page into another that its font has; the content as it then is.

    It may be that of a label or a year, but for `of_estimate`: then it stands in a number with decimals.
    """
    held = pdf.pages[page]
    fonts = {name: glyphs(font) for name, font in held.Resources.Font.items() if "/ToUnicode" in font}
    content = held.Contents.read_bytes().decode("latin-1")
    current: dict[str, str] = {}
    before = ""
    for found in re.finditer(r"(/\S+) [\d.]+ Tf|<((?:[0-9a-fA-F]{4})+)>", content):
        if found[1]:
            current = fonts.get(found[1], {})  # none is that of a blank where a formula stands
            continue
        for at in range(found.start(2), found.end(2), 4):
            glyph = content[at : at + 4].lower()
            (letter,) = [c for c, g in current.items() if g == glyph][:1] or " "
            others = [g for c, g in current.items() if c in "123456789" and c != letter]
            before += letter
            if letter in "123456789" and others and (not of_estimate or re.search(r"\d\.\d$", before)):
                changed = (content[:at] + others[0] + content[at + 4 :]).encode("latin-1")
                held.Contents = pdf.make_stream(changed)
                return changed
    raise AssertionError("no digit is printed there")


@pytest.mark.parametrize("sealed", [False, True])
def test_a_digit_on_a_page(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification], sealed: bool
) -> None:
    path = tmp_path / "c.pdf"
    with pikepdf.open(report) as pdf:
        content = with_another_digit(pdf, 2)
        pdf.save(path)
    if sealed:
        manifest = json.loads(attached(report)["manifest.json"])
        manifest["pages"][2] = hashlib.sha256(content).hexdigest()
        shutil.copy(path, tmp_path / "open.pdf")
        path = with_files(tmp_path / "open.pdf", path, manifest_json=json.dumps(manifest).encode())
    found = judged(path)
    assert found.exit_code == 1
    assert [fault.partition(":")[0] for fault in found.evidence.faults] == ([] if sealed else ["page 3"])
    assert found.pages is not None
    (item,) = found.pages.others
    assert (item.page, item.standing) == (3, DIFFERENT)
    assert item.reported != item.again and item.reported in item.around
    differ = [a != b for a, b in zip(item.reported, item.again, strict=True)]
    assert sum(differ) == 1
    assert found.pages.same == found.pages.count - 1


def test_what_lies_over_a_page(report: Path, tmp_path: Path, judged: Callable[[Path], Verification]) -> None:
    with pikepdf.open(report) as pdf:
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[9, 9, 99, 99], Contents="7"
        )
        page = pdf.pages[1]
        page.Annots = pikepdf.Array([*page.get("/Annots", []), pdf.make_indirect(note)])
        pdf.save(tmp_path / "over.pdf")
    found = judged(tmp_path / "over.pdf")
    assert found.exit_code == 1
    assert found.evidence.faults == ("page 2: has an annotation (FreeText), which no report is written with",)


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("AP", b"<< /N << >> >>", "AP"),
        ("BS", b"<< /W 100 >>", "BS"),
        ("BS", b"<< /S /S >>", "BS"),
        ("Border", b"[0 0 100]", "Border"),
        ("AA", b"<< >>", "AA"),
        ("A", b"<< /S /URI /URI (https://example.org) /Next << /S /JavaScript >> >>", "Next"),
    ],
)
def test_a_link_that_draws_or_does_more_than_lead_somewhere(
    report: Path, tmp_path: Path, entry: str, value: bytes, told: str
) -> None:
    """Viewers draw its appearance and its border over the page."""
    with pikepdf.open(report) as pdf:
        page = pdf.pages[0]
        page.Annots[0][f"/{entry}"] = pikepdf.Object.parse(value)
        pdf.save(tmp_path / "link.pdf")
    (fault,) = gather(tmp_path / "link.pdf").faults
    assert fault == f"page 1: has an annotation (Link with {told}), which no report is written with"


@pytest.mark.parametrize("last", [False, True], ids=["first page", "page more"])
def test_drawings_over_a_page_or_on_one_more(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification], last: bool
) -> None:
    """No word of them can be read. The manifest has the pages' sums, as one who draws would write it."""
    manifest = json.loads(attached(report)["manifest.json"])
    drawing = b"\n1 1 1 rg 60 600 480 100 re f"
    with pikepdf.open(report) as pdf:
        content = drawing
        if last:
            pdf.add_blank_page()
            manifest["pages"].append("")
        else:
            content = pdf.pages[0].Contents.read_bytes() + drawing
        page = -1 if last else 0
        pdf.pages[page].Contents = pdf.make_stream(content)
        manifest["pages"][page] = hashlib.sha256(content).hexdigest()
        pdf.save(tmp_path / "open.pdf")
    pages = manifest["pages"]
    number = len(pages) if last else 1
    found = judged(told_otherwise(tmp_path / "open.pdf", tmp_path / "h.pdf", pages=pages))
    assert found.evidence.faults == () and found.exit_code == 1 and found.pages is not None
    assert [(item.page, item.reported) for item in found.pages.others] == [(number, "drawn otherwise")]
    other = told_otherwise(tmp_path / "open.pdf", tmp_path / "i.pdf", pages=pages, git_commit="0" * 40)
    found = judged(other)
    said = list(verdict_lines.lines(found, Outcome(0, 3, (), 0.0)))
    assert any(line.startswith(f"  not judged: what is drawn on page {number}; look") for line in said), said
    assert found.exit_code == 0, "another commit may draw otherwise; who reads it is told"


def test_glyphs_that_look_like_others(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    """A font that draws otherwise what its table calls the same."""
    with pikepdf.open(report) as pdf:
        font = next(
            item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/FontFile2" in item
        )
        font.FontFile2.write(font.FontFile2.read_bytes()[:-4] + b"\1\2\3\4")
        pdf.save(tmp_path / "font.pdf")
    found = judged(tmp_path / "font.pdf")
    assert found.exit_code == 1 and found.evidence.faults == ()
    assert found.pages is not None
    assert {(item.reported, item.around) for item in found.pages.others} == {
        ("drawn otherwise", "its fonts, links or images")
    }


def told_otherwise(report: Path, target: Path, **changes: Any) -> Path:
    """The report with other entries in its manifest."""
    manifest = {**json.loads(attached(report)["manifest.json"]), **changes}
    return with_files(report, target, manifest_json=json.dumps(manifest).encode())


def test_a_page_that_was_changed_and_sealed_and_laid_to_another_commit(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    """Words may be those of the other commit; a number that repeats is printed as it is."""
    with pikepdf.open(report) as pdf:
        content = with_another_digit(pdf, 2, of_estimate=True)
        pdf.save(tmp_path / "open.pdf")
    manifest = json.loads(attached(report)["manifest.json"])
    manifest["pages"][2] = hashlib.sha256(content).hexdigest()
    changes = {"pages": manifest["pages"], "git_commit": "0" * 40}
    found = judged(told_otherwise(tmp_path / "open.pdf", tmp_path / "f.pdf", **changes))
    assert found.evidence.faults == () and found.pages is not None
    assert [item.page for item in found.pages.others if item.standing == DIFFERENT] == [3]
    assert found.exit_code == 1
    honest = judged(told_otherwise(report, tmp_path / "g.pdf", git_commit="0" * 40))
    assert honest.exit_code == 0 and honest.pages is not None
    other = printed.Printed(7, "0" * 40, "1" * 40, "Commit", NOT_JUDGED)
    shown = replace(honest, pages=replace(honest.pages, others=(other,)))
    said = list(verdict_lines.lines(shown, Outcome(0, 3, (), 0.0)))
    assert any(line.startswith("  not judged: 1 thing that pages print") for line in said), said
    broken = BrokenRecord("k", "measurement", {"problem.scale_factor": 2.0}, 0, "RuntimeError: no")
    said = list(verdict_lines.lines(shown, Outcome(0, 2, (broken,), 0.0)))
    assert "    measurement, scale_factor 2, checkpoint 0: RuntimeError: no" in said


def test_printed_numbers_with_intervals_are_those_of_the_evidence() -> None:
    """Off the first machine, too: the second run's number is known, and so is what was reported of it."""

    def number(old: float, new: float, standing: str = EQUIVALENT) -> Number:
        rows = [row(value, value / 100.0) for value in (old, new)]
        (found,) = drift.compare_numbers(rows[:1], rows[1:], None)
        return Number(found, standing, 2)

    values = Values([number(326.1, 328.3), number(5.0, 9.0, DIFFERENT), number(25612.4, 25612.4)])

    def standing(here: str, there: str) -> str:
        tokens = [printed._tokens(text, 1) for text in (here, there)]
        ends = [printed._with_ends(of) for of in tokens]
        one, other = (of[0] for of in tokens)
        return values.standing(one, other, ends[0].get(id(one)), ends[1].get(id(other)))

    again = "328.3 (325.0 to 331.6)"
    assert standing("326.1 (322.8 to 329.4)", again) == EQUIVALENT
    assert standing("999.9 (322.8 to 329.4)", again) == DIFFERENT
    assert standing("326.1 (300.0 to 350.0)", again) == DIFFERENT
    assert standing("5.00 (4.95 to 5.05)", "9.00 (8.91 to 9.09)") == DIFFERENT
    assert standing("5.00 (4.95 to 5.05)", again) == NOT_JUDGED, "another number, of those that were told"
    large = "25\u202f600 (25\u202f300 to 25\u202f900)"
    assert standing(large, "2.56×10⁴ (2.53×10⁴ to 2.59×10⁴)") == EQUIVALENT, "as another version writes it"
    assert standing("7.0 (6.9 to 7.1)", "7.1 (7.0 to 7.2)") == NOT_JUDGED, "a number that stands in no file"


def test_words_and_numbers_that_are_others() -> None:
    def other(here: str, there: str) -> bool:
        one, again = (printed._tokens(text, 1)[0] for text in (here, there))
        return printed._other_number(one, again)

    assert other("5.13", "6.13") and other("22\u202f173", "22\u202f713") and other("−0.445", "0.445")
    assert other("1.2×10⁶", "1.2×10⁵") and other("63.8%", "36.8%")
    assert not other("5.13", "5.1") and not other("7", "8") and not other("1234", "1.23×10³")
    assert printed._other_verdict("● confirmed", "▲ refuted") and not printed._other_verdict(
        "seen", "refuted"
    )
    assert not printed._other_verdict("it is confirmed here", "and refuted there")


def test_what_a_manifest_says_beside_numbers(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    manifest = json.loads(attached(report)["manifest.json"])
    (cell, *_) = manifest["cells"]["measurement"]
    stopped = [{"key": cell["key"], "kind": "measurement", "cause": "x"}]
    for changes, wanted in (
        ({"experiment": "\x1b[31mother"}, "says experiment \x1b[31mother, and declaration.yaml word"),
        ({"title": "Another"}, "says title Another, and declaration.yaml A report"),
        ({"run": "0" * 12}, "says run 000000000000, and this run gives "),
        ({"exit_code": 1}, "says exit_code 1, and this run gives 0"),
        ({"cells": {**manifest["cells"], "broken": stopped}}, "its cells are not those of this run"),
        (
            {"cells": {**manifest["cells"], "unfinished": stopped}},
            "has a number, and manifest.json calls its",
        ),
    ):
        found = judged(told_otherwise(report, tmp_path / "m.pdf", **changes))
        said = [*found.evidence.faults, *(how for _, how in found.otherwise)]
        assert any(wanted in text for text in said), (wanted, said)
        assert found.exit_code == 1


def test_files_repeat_to_the_byte(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    files = attached(report)
    lines = files["results.csv"].decode().splitlines()
    claims = json.loads(files["claims.json"])
    for name, content in {
        "results_csv": "\r\n".join([lines[0], *reversed(lines[1:]), ""]).encode(),
        "claims_json": json.dumps([{**claims[0], "note": "withdrawn"}], indent=2).encode(),
        "declaration_yaml": files["declaration.yaml"] + b"# as agreed\n",
        "requirements_lock": b"torch==1.0\n",
    }.items():
        manifest = resealed(report, **{name: content})
        path = with_files(report, tmp_path / "f.pdf", manifest_json=manifest, **{name: content})
        found = judged(path)
        assert found.evidence.faults == ()
        (where, how), *others = found.otherwise
        assert not others and where.replace(".", "_") == name and "to the byte" in how
        assert found.exit_code == 1


def test_rows_of_another_run(report: Path, tmp_path: Path) -> None:
    rows = attached(report)["results.csv"].decode()
    key = rows.splitlines()[1].split(",")[1]
    other = rows.replace("\r\nword,", "\r\nelse,", 1).replace(key, "0" * len(key))
    faults = gather(with_files(report, tmp_path / "r.pdf", results_csv=other.encode())).faults
    assert "results.csv:2: its experiment is not that of declaration.yaml" in faults
    assert any(of.startswith("results.csv:2: its cell is none of manifest.json, as ") for of in faults)


def test_what_no_report_is_written_with(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    def script() -> pikepdf.Dictionary:
        return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))

    with pikepdf.open(report) as pdf:
        pdf.attachments["corrected.csv"] = pikepdf.AttachedFileSpec(pdf, b"x", filename="corrected.csv")
        pdf.Root.OpenAction = script()
        note = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[9, 9, 99, 99], A=script())
        pdf.pages[1].Annots = pikepdf.Array([*pdf.pages[1].get("/Annots", []), pdf.make_indirect(note)])
        pdf.save(tmp_path / "more.pdf")
    assert gather(tmp_path / "more.pdf").faults == (
        "page 2: has an annotation (Link with JavaScript), which no report is written with",
        "corrected.csv: is attached, which no report is written with",
        "the PDF does something when it is opened (OpenAction), which no report is written to do",
    )
    for number, change in enumerate((_another_outline, _another_tag)):
        with pikepdf.open(report) as pdf:
            change(pdf)
            pdf.save(tmp_path / f"{number}.pdf")
        found = judged(tmp_path / f"{number}.pdf")
        assert found.exit_code == 1
        assert found.otherwise == (
            ("the PDF", "its outline, page numbers or tags are not what this run gives"),
        )


def _another_outline(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Outlines.First.Title = pikepdf.String("Another")


def _another_tag(pdf: pikepdf.Pdf) -> None:
    """What is read aloud, and copied, in place of what is printed."""
    cell = next(
        item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/TD"
    )
    cell.ActualText = pikepdf.String("9 (8 to 10)")


def _in_one_place_otherwise(pdf: pikepdf.Pdf, other: pikepdf.Object) -> None:
    held = pdf.attachments["results.csv"].obj.EF
    held.UF, held.F = held.F, other


def _associated(pdf: pikepdf.Pdf, other: pikepdf.Object) -> None:
    file = pikepdf.Dictionary(F="results.csv", EF=pikepdf.Dictionary(F=other))
    pdf.Root.AF.append(pdf.make_indirect(file))


def _on_a_branch(pdf: pikepdf.Pdf, other: pikepdf.Object) -> None:
    file = pdf.make_indirect(pikepdf.Dictionary(F="results.csv", EF=pikepdf.Dictionary(F=other)))
    leaf = pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("z"), file]))
    branch = pikepdf.Dictionary(Kids=pikepdf.Array([pdf.make_indirect(leaf)]))
    pdf.Root.Names.EmbeddedFiles.Kids = pikepdf.Array([pdf.make_indirect(branch)])


@pytest.mark.parametrize("change", [_in_one_place_otherwise, _associated, _on_a_branch])
def test_a_file_that_programs_may_take_another_for(
    report: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[pikepdf.Pdf, pikepdf.Object], None],
) -> None:
    """What one program takes out of the PDF is not what another does."""
    with pikepdf.open(report) as pdf:
        change(pdf, pdf.make_indirect(pdf.make_stream(b"forged")))
        pdf.save(tmp_path / "two.pdf")
    assert "must have results.csv attached once, has it 2 times" in refused(tmp_path / "two.pdf", capsys)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (TITLE, "Another", f"says XMP dc:title Another, and this run gives {TITLE}"),
        (
            "<rdf:li>reportgen<",
            "<rdf:li>A. N. Other<",
            "says XMP dc:creator A. N. Other, and this run gives rep",
        ),
        (":CreateDate>20", ":CreateDate>19", "says XMP xmp:CreateDate 19"),
        ('pdfaid:part="3"', 'pdfaid:part="2"', "says XMP pdfaid:part 2, and this run gives 3"),
        ("<pdfuaid:part>1", "<pdfuaid:part>2", "says XMP pdfuaid:part 2, and this run gives 1"),
    ],
)
def test_what_a_pdf_says_of_itself(
    report: Path,
    tmp_path: Path,
    judged: Callable[[Path], Verification],
    before: str,
    after: str,
    wanted: str,
) -> None:
    with pikepdf.open(report) as pdf:
        packet = pdf.Root.Metadata.read_bytes().decode()
        assert before in packet
        pdf.Root.Metadata.write(packet.replace(before, after).encode())
        pdf.save(tmp_path / "xmp.pdf")
    found = judged(tmp_path / "xmp.pdf")
    assert found.evidence.faults == () and found.exit_code == 1
    assert any(where == "the PDF" and how.startswith(wanted) for where, how in found.otherwise), (
        found.otherwise
    )


@pytest.mark.parametrize("packet", [b"<x", b"", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'])
def test_metadata_that_are_none_are_no_error(packet: bytes) -> None:
    assert document._properties(packet) == [("metadata", "not readable")]


def test_a_title_is_held_to_the_declaration_whatever_wrote_the_pdf(
    report: Path, tmp_path: Path, judged: Callable[[Path], Verification]
) -> None:
    other = told_otherwise(report, tmp_path / "o.pdf", git_commit="0" * 40)
    assert judged(other).otherwise == ()
    with pikepdf.open(other) as pdf:
        packet = pdf.Root.Metadata.read_bytes().decode()
        pdf.Root.Metadata.write(packet.replace(TITLE, "Another").replace("reportgen 0", "word 0").encode())
        pdf.docinfo["/Author"] = "A. N. Other"
        pdf.save(tmp_path / "titled.pdf")
    assert {how.partition(",")[0] for _, how in judged(tmp_path / "titled.pdf").otherwise} == {
        "says XMP dc:title Another", "says Author A. N. Other",
    }  # fmt: skip


@pytest.mark.long
def test_evidence_of_another_make_is_told_in_a_line(
    report: Path, tmp_path: Path, second: Second, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in it, as anyone may have written it."""
    claims = json.loads(attached(report)["claims.json"])
    (made, *rest) = claims[0]["comparisons"]
    for content in (
        b"[" * 100_000,
        json.dumps([{**claims[0], "effect": 3}]).encode(),
        json.dumps([{**claims[0], "comparisons": [{**made, "setting": "x"}, *rest]}]).encode(),
        json.dumps([{**claims[0], "comparisons": [{**made, "checkpoint": math.inf}, *rest]}]).encode(),
    ):
        path = with_files(report, tmp_path / "c.pdf", claims_json=content)
        assert call("verify", str(path)) == 1
        assert "    claims.json: must be " in capsys.readouterr().out
    manifest = json.loads(attached(report)["manifest.json"])
    for name, value in (("seconds", "x"), ("finished", "soon"), ("finished", 7)):
        clocks = {key: {**clock, name: value} for key, clock in manifest["clocks"].items()}
        path = told_otherwise(report, tmp_path / "k.pdf", clocks=clocks)
        said = refused(path, capsys, "--quiet", "--output", str(second.folder))
        assert "the clocks in its manifest.json" in said
    path = told_otherwise(report, tmp_path / "k.pdf", git_commit="\x07")
    said = refused(path, capsys, "--quiet", "--output", str(second.folder))
    assert "what its manifest.json says of its origin must be what a page can print" in said
    later = told_otherwise(report, tmp_path / "v.pdf", reportgen="9\x1b[2J")
    assert "was made by reportgen 9\\x1b[2J, and" in refused(later, capsys)


# --- what cannot be judged ---------------------------------------------------------------------------------


def refused(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The one line of a call that is refused."""
    assert call("verify", str(path), *more) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}: ")
    return line


@pytest.mark.long
@pytest.mark.parametrize("left", ["one cell", "none"])
def test_of_a_run_that_was_stopped_the_unfinished_cells_are_named(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    judged: Callable[[Path], Verification],
    left: str,
) -> None:
    shutil.copytree(made / "output" / ".store", tmp_path / "output" / ".store")
    shutil.copy(made / "word.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    job = prepare("word.yaml", Path("output"), ())
    if left == "one cell":
        for cell in job.cells:
            if cell.setting["problem.scale_factor"] == 0.5:
                job.store.remove(cell.key)
        assert call("render", "word.yaml", "--quiet") == 3
    else:
        assert call("report", "word.yaml", "--budget", "0.001s", "--fresh", "--quiet") == 3
    found = judged(Path("output/word/report.pdf"))
    assert found.exit_code == 3
    said = "\n".join(verdict_lines.lines(found, Outcome(3, 0, (), 1.0)))
    place = "    measurement, scale_factor 0.5, checkpoint 0: "
    if left == "one cell":
        assert f"unfinished\n{place}the run was stopped before it\n  run again" in said
    else:
        assert f"{place}not begun: the time was up" in said and said.count("    measurement, ") == 3
    assert "differs:" not in said, "a cell that was not measured has no machine"
    assert "undecided: one of the two runs leaves open what the other decides" in said
    named = verdict_lines.answer(found, None, quick=False)["unfinished"]
    assert [cell["setting"]["problem.scale_factor"] for cell in named][-2:].count(0.5) == 1
    assert {(cell["kind"], cell["checkpoint"]) for cell in named} == {("measurement", 0)}


def test_unfinished_cells_that_are_none_of_the_report_are_told(report: Path, tmp_path: Path) -> None:
    for odd in ({"key": "0" * 32, "kind": "measurement", "cause": "x"}, {"kind": "environment"}, "x", [], 7):
        manifest = json.loads(attached(report)["manifest.json"])
        manifest["cells"]["unfinished"] = [odd]
        path = with_files(report, tmp_path / "o.pdf", manifest_json=json.dumps(manifest).encode())
        with pytest.raises(
            UsageError, match=r"o\.pdf: the unfinished cells in its manifest\.json must be cells"
        ):
            gather(path)


def test_what_is_no_report(report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = report.read_bytes()
    (tmp_path / "page.pdf").write_bytes(b"<html></html>")
    (tmp_path / "short.pdf").write_bytes(content[: len(content) // 2])
    with pikepdf.open(report) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
        del pdf.attachments["manifest.json"], pdf.attachments["requirements.lock"], pdf.Root.AF
        pdf.save(tmp_path / "bare.pdf")
    with pikepdf.open(report) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F0 9 Tf (a) Tj ET (torn")
        pdf.save(tmp_path / "torn.pdf")
    with pikepdf.open(report) as pdf:
        pdf.pages[0].Contents = pikepdf.Array([pdf.make_stream(b" " * 60_000_000)] * 5)
        pdf.save(tmp_path / "bomb.pdf")
    manifest = json.loads(attached(report)["manifest.json"])
    other = json.dumps({**manifest, "reportgen": "9.8"}).encode()
    with_files(report, tmp_path / "later.pdf", manifest_json=other)
    with_files(report, tmp_path / "odd.pdf", manifest_json=b"[1]")
    clocks = {key: {**clock, "machine": 7} for key, clock in manifest["clocks"].items()}
    with_files(
        report, tmp_path / "clocks.pdf", manifest_json=json.dumps({**manifest, "clocks": clocks}).encode()
    )
    for name, wanted in {
        "none.pdf": "cannot be read (No such file or directory)",
        "page.pdf": "is no PDF",
        "short.pdf": "is cut short or damaged",
        "locked.pdf": "needs a password",
        "bare.pdf": "lacks manifest.json, requirements.lock",
        "bomb.pdf": "must be a whole PDF, but is cut short or damaged (it unpacks to more than 250 MB)",
        "later.pdf": "was made by reportgen 9.8, and this is",
        "odd.pdf": "its manifest.json must be the manifest of a report",
    }.items():
        assert wanted in refused(tmp_path / name, capsys)
    with pytest.raises(UsageError, match=r"torn\.pdf: must be a whole PDF, but is cut short or damaged"):
        document.read(tmp_path / "torn.pdf").text(0)
    for part, odd in {
        "finished": "soon",
        "environment": {},
        "pages": None,
        "settings": {"measure": 1},
    }.items():
        content = json.dumps({**manifest, part: odd}).encode()
        said = refused(with_files(report, tmp_path / "odd.pdf", manifest_json=content), capsys)
        assert f"its manifest.json must say {part}" in said
    assert "the clocks in its manifest.json" in refused(
        tmp_path / "clocks.pdf", capsys, "--quiet", "--output", str(report.parents[2] / "output")
    )


def test_code_that_is_not_in_the_pdf(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for, and found where it is said to be; nothing of it is run before that is allowed."""
    text = TEXT.replace("estimators: [", "estimators: [{python: 'mine.py:centred', label: mine}, ")
    evidence = gather(report)
    own = Evidence(**{**vars(evidence), "experiment": load_text(text)})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match=r"runs mine.py:centred, the author's own code, .* name its folder with"
    ):
        again(own, tmp_path, quick=False, code=None)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text("raise SystemExit('was run')\n")
    job = again(own, tmp_path, quick=False, code=tmp_path / "code")
    assert list(job.digests) == ["mine.py:centred"] and job.code.folder == tmp_path / "code"


def test_a_data_set_that_is_not_here(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    evidence = gather(report)
    own = Evidence(**{**vars(evidence), "experiment": load_text("experiment: a\nproblem: {data: mnist}\n")})
    with pytest.raises(MissingDataError, match=r"reportgen data fetch mnist") as caught:
        again(own, tmp_path, quick=False, code=None)
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


def test_interrupted_it_says_that_nothing_is_kept(
    report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reportgen.workflow.execute", stop)
    assert call("verify", str(report), "--quiet") == 130
    assert capsys.readouterr().err.startswith("error: interrupted; nothing is kept. With --output DIR")
    assert call("verify", str(report), "--quiet", "--output", str(tmp_path)) == 130
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith("error: interrupted; what was measured is kept")
    )


# --- how it is judged --------------------------------------------------------------------------------------


def row(value: float, reach: float = math.nan, statistic: str = "total_variance", **changes: Any) -> Row:
    fields: dict[str, Any] = {
        "experiment": "e", "cell": "c", "dataset": "", "objective": "elbo", "estimator": "a",
        "num_samples": 1, "checkpoint": 0, "group": "all", "statistic": statistic, "value": value,
        "ci_low": value - reach, "ci_high": value + reach, "replicates": 9, "status": "met", "setting": {},
    }  # fmt: skip
    return Row(**{**fields, **changes})


@pytest.mark.parametrize(
    ("old", "new", "elsewhere", "promised"),
    [
        (row(1.0, 0.1), row(1.0, 0.1), IDENTICAL, IDENTICAL),
        (row(1.0, 0.1), row(1.01, 0.1), EQUIVALENT, DIFFERENT),
        (row(1.0, 0.01), row(2.0, 0.01), DIFFERENT, DIFFERENT),
        (row(0.3, statistic="bias_p_value"), row(0.4, statistic="bias_p_value"), NOT_JUDGED, DIFFERENT),
        (row(3.0, statistic=drift.TIMED[0]), row(3.0, statistic=drift.TIMED[0]), NOT_JUDGED, NOT_JUDGED),
        (row(3.0, statistic=drift.TIMED[0]), row(4.0, statistic=drift.TIMED[0]), NOT_JUDGED, DIFFERENT),
        (row(1.0, 0.1), row(math.nan, status="broken: lost"), DIFFERENT, DIFFERENT),
        (row(math.nan, status="not available: lost in the noise"), row(1.0, 0.1), NOT_JUDGED, DIFFERENT),
    ],
)
def test_standings(old: Row, new: Row, elsewhere: str, promised: str) -> None:
    for wanted, must in ((elsewhere, False), (promised, True)):
        (found,) = compare([old], [new], ([], []), None, promised=must)
        assert (found.standing, found.line, found.file) == (wanted, 2, "results.csv")


@pytest.mark.parametrize(
    ("reported", "now", "elsewhere", "promised"),
    [
        ("confirmed", "confirmed", IDENTICAL, IDENTICAL),
        ("confirmed", "undecided", UNDECIDED, DIFFERENT),
        ("undecided", "refuted", UNDECIDED, DIFFERENT),
        ("confirmed", "refuted", DIFFERENT, DIFFERENT),
    ],
)
def test_standings_of_verdicts(reported: str, now: str, elsewhere: str, promised: str) -> None:
    claims = [{"id": "a", "verdict": reported}], [{"id": "a", "verdict": now}]
    for wanted, must in ((elsewhere, False), (promised, True)):
        (found,) = compare_verdicts(*claims, promised=must)
        assert found.standing == wanted


def test_exit_codes(report: Path) -> None:
    evidence = gather(report)
    for now, wanted in (("confirmed", 0), ("undecided", 3), ("refuted", 1)):
        verdicts = compare_verdicts(
            [{"id": "a", "verdict": "confirmed"}], [{"id": "a", "verdict": now}], promised=False
        )
        assert Verification(evidence, verdicts=verdicts).exit_code == wanted
        assert Verification(evidence, verdicts=verdicts, broken=True).exit_code == 4


def test_tokens_are_numbers_words_and_signs() -> None:
    text = "ratio 23\u202f350 (−0.003 to 3.0×10⁻⁵), 71.18%: run c5b782563a7e of 12ab, K=2."
    found = [(m[0], m["number"] is not None) for m in TOKENS.finditer(text)]
    numbers = [token for token, is_number in found if is_number]
    assert numbers == ["23\u202f350", "−0.003", "3.0×10⁻⁵", "71.18%", "2"]
    assert {"c5b782563a7e", "12ab", "ratio", "("} <= {token for token, is_number in found if not is_number}


def test_printed_numbers_are_judged_as_those_they_round() -> None:
    def number(old: float, new: float, standing: str) -> Number:
        found = NumberDrift(row(old), estimate_of(row(old)), estimate_of(row(new)), "")
        return Number(found, standing, 2)

    known = Values(
        [
            number(23350.4, 23361.0, EQUIVALENT),
            number(-0.7118, -0.7121, EQUIVALENT),
            number(531.6, 540.2, DIFFERENT),
            number(0.034, 0.051, NOT_JUDGED),
        ]
    )

    def standing(reported: str, now: str) -> str:
        return known.standing(*(_Token(text, text != "word", 1) for text in (reported, now)))

    assert standing("23\u202f350", "23\u202f361") == EQUIVALENT
    assert standing("2.34×10⁴", "2.336×10⁴") == EQUIVALENT
    assert standing("−71.18%", "−71.21%") == EQUIVALENT
    assert standing("531.6", "540.2") == DIFFERENT
    assert standing("23\u202f950", "23\u202f361") == NOT_JUDGED
    assert standing("0.034", "0.051") == NOT_JUDGED
    assert standing("word", "0.051") == NOT_JUDGED


def test_quick_asks_for_less() -> None:
    assert quicker(load_text(TEXT)) == ("measure.precision=0.5", "measure.budget=640")
    fine = load_text(TEXT.replace("precision: 20%", "precision: 2%"))
    assert quicker(fine) == ("measure.precision=0.1", "measure.budget=200"), "pays for the fewest replicates"
    assert quicker(load_text(TEXT)) != quicker(load_text(TEXT.replace("budget: 4e3", "budget: 8e3")))
    coarse = load_text(TEXT.replace("precision: 20%", "precision: 80%"))
    assert quicker(coarse) == ("measure.precision=0.8", "measure.budget=4000")


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_can_be_run_quicker(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    declared = load_text(text, path.name)
    quick = load_text(text, path.name, quicker(declared))
    assert quick.measure.precision > declared.measure.precision
    assert quick.measure.budget <= declared.measure.budget


def test_what_fewer_draws_cannot_see_contradicts_nothing() -> None:
    from reportgen.findings.finished import read_rows
    from tests.crafted import crafted, experiment

    findings = crafted(experiment("signal_to_noise(pathwise) > 0.5"))
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))
    claims = claims_data(findings)
    place = next(i for i, row in enumerate(rows) if row.statistic == "signal_to_noise")
    nothing = {"value": math.nan, "ci_low": math.nan, "ci_high": math.nan}
    lost = [*rows]
    lost[place] = replace(rows[place], **nothing, status="not available: lost in the noise")
    gone = [*rows]
    gone[place] = replace(rows[place], **nothing, status="not available: needs 2 replicates, got 1")
    endless = json.loads(json.dumps(claims))
    endless[0]["comparisons"][0].update(simultaneous_low=None, simultaneous_high=None)
    without = json.loads(json.dumps(claims))
    without[0]["comparisons"].clear()

    def standings(again: list[Row], told: Any = claims, **how: bool) -> set[str]:
        return {n.standing for n in compare(rows, again, (claims, told), None, **{"promised": False, **how})}

    for missing in (lost, gone):
        assert standings(missing, quick=True) == {IDENTICAL, NOT_JUDGED}
        assert DIFFERENT in standings(missing) and DIFFERENT in standings(missing, promised=True)
    broken = [*rows]
    broken[place] = replace(rows[place], **nothing, status="broken: no memory")
    assert DIFFERENT in standings(broken, quick=True)
    assert standings([*rows], endless, quick=True) == {IDENTICAL, NOT_JUDGED}
    assert DIFFERENT in standings([*rows], endless)
    assert DIFFERENT in standings([*rows], without, quick=True)


def test_a_statistic_that_came_with_a_later_commit_contradicts_no_older_report() -> None:
    old, new = [row(1.0, 0.1)], [row(1.0, 0.1), row(2.0, 0.1, statistic="mean_norm")]

    def standings(reported: list[Row], again: list[Row], **how: bool) -> list[str]:
        return [n.standing for n in compare(reported, again, ([], []), None, promised=True, **how)]

    assert standings(old, new, same_commit=False) == [IDENTICAL, NOT_JUDGED]
    assert standings(old, new) == [IDENTICAL, DIFFERENT], "taken out of the report"
    place = row(3.0, 0.1, group="mean")
    assert standings(old, [*old, place], same_commit=False) == [IDENTICAL, DIFFERENT], "a row taken out"
    assert standings(new, old, same_commit=False) == [IDENTICAL, DIFFERENT]


def test_pages_of_an_older_commit_count_the_rows_that_it_told() -> None:
    def page(rows: str) -> Any:
        text = f"results.csv holds every statistic ({rows} rows), to the last"
        return SimpleNamespace(content=text, sums=(rows,), drawn=("",), text=lambda page: text)

    def standings(now: str, counted: tuple[int, int] | None) -> list[str]:
        found = printed.compare(page("2059"), page(now), [], promised=False, repeated=True, counted=counted)
        return [item.standing for item in found.others]

    assert standings("2099", (2059, 2099)) == [NOT_JUDGED]
    assert standings("2098", (2059, 2099)) == standings("2099", None) == [DIFFERENT]


def test_claims_follow_from_rows_and_wrong_ones_do_not() -> None:
    from reportgen.findings import claims_data
    from reportgen.findings.files import csv_text
    from reportgen.findings.finished import read_rows
    from tests.crafted import crafted, experiment

    tests = (
        "variance_ratio(score_function, pathwise) > 1 at every checkpoint",
        "gap_closed(with baseline, score_function, pathwise) > 0.1",
        "total_variance(pathwise) < total_variance(with baseline) at every problem.latent",
        "ordering(total_variance, pathwise, with baseline, score_function)",
        "signal_to_noise(pathwise) > 0.5",
    )
    findings = crafted(experiment(*tests))
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))
    claims = claims_data(findings)
    assert list(disagreements(findings.experiment, rows, claims)) == []
    for claim in claims:
        for place in claim["comparisons"]:
            kept = place["estimate"]
            place["estimate"] = kept * 1.001
            assert list(disagreements(findings.experiment, rows, claims)) != [], place["comparison"]
            place["estimate"] = kept
    assert any("lacks c0" in fault for fault in disagreements(findings.experiment, rows, claims[1:]))


def test_pairs_of_samples_count_twice_in_a_gap() -> None:
    """One K of DisARM is two samples."""
    from reportgen.findings.finished import read_rows
    from tests.press_cases import toy

    found = toy(
        "experiment: toy\ntitle: Bits\n"
        "problem: {model: bernoulli_vae, data: digits, hidden: [4], latent: 3}\nobjective: [elbo]\n"
        "estimators: [score_function, disarm, leave_one_out]\n"
        "claims: [{id: gap, statement: s, test: 'gap_closed(disarm, score_function, leave_one_out) > 0'}]\n",
        lambda _, arm: {"score_function": 9.0, "disarm": 2.0}.get(arm.label, 1.0),
    )
    rows, claims = read_rows(csv_text(found).encode(), Path("results.csv")), claims_data(found)
    assert claims[0]["estimate"] == pytest.approx(math.log(9.0 / 4.0) / math.log(9.0 / 2.0), rel=1e-6)
    assert list(disagreements(found.experiment, rows, claims)) == []


@pytest.mark.parametrize("seeds", ["", ", train.seed: [0, 1]"])
def test_claims_of_models_follow_from_their_rows(seeds: str) -> None:
    from reportgen.findings.finished import read_rows
    from tests.synthetic_models import TABLE, declared, models

    swept = "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]"
    below = "  - {id: below, statement: b, test: 'active_units > 10 at train.num_samples 50'}\n"
    apart = "decreasing(negative_log_likelihood, train.num_samples) at every train.seed"
    text = TABLE.replace(swept, f"{swept}{seeds}") + below
    text += f"  - {{id: apart, statement: a, test: '{apart}'}}\n" * bool(seeds)
    findings = models(declared(text))
    rows, claims = read_rows(csv_text(findings).encode(), Path("results.csv")), claims_data(findings)
    assert list(disagreements(findings.experiment, rows, claims)) == []
    for claim in claims:
        for place in claim["comparisons"]:
            kept = place["estimate"]
            place["estimate"] = kept + 0.001
            told = list(disagreements(findings.experiment, rows, claims))
            assert any("results.csv gives" in fault for fault in told), place["comparison"]
            place["estimate"] = kept
    claims[0]["comparisons"][0]["verdict"] = "refuted"
    (fault,) = disagreements(findings.experiment, rows, claims)
    assert fault.endswith("says refuted, and its simultaneous interval confirmed")


def test_rows_are_read_and_looked_up_without_saying_twice_what_they_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reportgen.findings.finished import read_rows
    from tests.synthetic_models import TABLE, declared, models

    swept = "sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]"
    findings = models(declared(TABLE.replace(swept, f"{swept}, train.seed: [0, 1, 2]")))
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))
    settings = [tuple(row.setting.values()) for row in rows]
    assert len({id(row.setting) for row in rows}) == len(set(settings)) < len(rows) / 3
    for texts in zip(*((row.cell, row.statistic, row.group, row.status) for row in rows), strict=True):
        assert len(set(map(id, texts))) == len(set(texts))
    looks = 0

    def counted(place: agreement.Setting) -> agreement.Setting:
        nonlocal looks
        looks += 1
        return tuple(part for part in place if part[0] != "train.seed")

    monkeypatch.setattr(agreement, "_unseeded", counted)
    table = agreement.Rows(findings.experiment, rows)
    of_models = [row for row in rows if row.estimator == "model"]
    found = [table.seeds(row) for row in of_models]
    assert {"0", "1", "2"} in found and {"2"} in found
    assert looks <= 2 * len(of_models)


def test_what_claims_say_of_themselves_is_held_against_the_declaration_and_their_intervals() -> None:
    from reportgen.findings.finished import read_rows
    from tests.crafted import crafted, experiment

    findings = crafted(experiment("variance_ratio(score_function, pathwise) > 1 at every checkpoint"))
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))

    def faults(**changes: Any) -> list[str]:
        claims = json.loads(json.dumps(claims_data(findings)))
        for name, value in changes.items():
            if name.startswith("place_"):
                claims[0]["comparisons"][1][name.removeprefix("place_")] = value
            else:
                claims[0][name] = value
        return list(disagreements(findings.experiment, rows, claims))

    assert faults() == []
    assert faults(expect="refuted") == ["claims.json: c0: its expect is not that of declaration.yaml"]
    assert faults(statement="another") == ["claims.json: c0: its statement is not that of declaration.yaml"]
    assert faults(as_expected=False) == ["claims.json: c0: a claim that is confirmed has another as_expected"]
    (fault,) = faults(place_verdict="refuted")
    assert fault.endswith("checkpoint 1: says refuted, and its simultaneous interval confirmed")


def test_every_number_of_a_promised_report_repeats_with_what_stands_beside_it() -> None:
    from reportgen.findings.finished import read_rows
    from tests.crafted import crafted, experiment

    findings = crafted(experiment("signal_to_noise(pathwise) > 0.5"))
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))
    claims = claims_data(findings)

    def standings(old: Sequence[Row], told: Any = claims, *, promised: bool = True) -> set[str]:
        return {n.standing for n in compare(old, rows, (told, claims), None, promised=promised)}

    more = [replace(rows[0], replicates=rows[0].replicates + 1), *rows[1:]]
    other = [replace(rows[0], status="budget"), *rows[1:]]
    assert standings(rows) == {IDENTICAL, NOT_JUDGED}
    assert DIFFERENT in standings(more) and DIFFERENT in standings(other)
    assert DIFFERENT not in standings(more, promised=False), "elsewhere they may be others"
    surer = json.loads(json.dumps(claims))
    surer[0]["simultaneous_level"] = 0.999
    assert DIFFERENT in standings(rows, surer) and DIFFERENT in standings(rows, surer, promised=False)
