"""The report's text and page: right whatever was found, complete, self-contained, the same every time."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from reportgen import glyphs
from reportgen.declaration import load_text
from reportgen.errors import RenderError, UnwritableError
from reportgen.estimators import ESTIMATORS
from reportgen.figures import sketched, variance_against_setting
from reportgen.figures.drafting.table import Column, Row, Table
from reportgen.findings import ComparisonFinding, Estimate, Findings, collect, prose
from reportgen.findings.marks import plain as plain_text
from reportgen.plan import make_plan
from reportgen.report import SECTIONS, front, provenance
from reportgen.report.files import write
from reportgen.report.pdf.paper import PAGES, SHEETS
from reportgen.report.render import fill, html_page, items, render, shared_context
from reportgen.report.sections import cost, errata, judged, noise, samples, training, why
from reportgen.report.sections import unbiasedness as unbiasedness_section
from reportgen.report.text import figure_data, formulas, words
from reportgen.report.text.bibliography import REFERENCES, reference
from reportgen.report.text.heads import headed
from reportgen.report.text.mathematics import SYMBOLS
from reportgen.report.text.numbering import Numbering
from reportgen.report.text.writer import Writer
from reportgen.resources import templates
from reportgen.store.files import process_tag
from reportgen.store.records import BrokenRecord
from reportgen.workflow import PAPERS
from tests.press_cases import toy
from tests.synthetic import synthetic_records

WHEN = datetime(2025, 11, 23, 20, 0, tzinfo=UTC)

SMALL = """
experiment: small
title: A small <b>test</b> & its report
problem: {data: digits, latent: 10}
objective: [reconstruction, elbo]
estimators: [score_function, {name: score_function, baseline: optimal_constant}, pathwise]
train: {epochs: 1, checkpoints: [0, 1]}
measure: {images: 12}
claims:
  - id: lower
    statement: it is lower
    test: variance_ratio(score_function, pathwise) > 1
    source: borea, first
  - id: wrong
    statement: it is higher
    test: variance_ratio(score_function, pathwise) < 1
    expect: refuted
  - {id: unsure, statement: a hair, test: "relative_projection(pathwise) > 1 at checkpoint 0"}
"""


def findings_of(text: str, spoil: Callable[[Any, dict[str, Any]], None] | None = None) -> Findings:
    """Findings of a declaration on simulated records, which `spoil` may change."""
    experiment = load_text(text, "test.yaml")
    plan = make_plan(experiment, "0" * 64)
    records = dict(synthetic_records(plan))
    if spoil:
        spoil(plan, records)
    return collect(experiment, plan, records)


def page_of(findings: Findings) -> str:
    """The HTML page without figures: text, tables and formulas."""
    source = provenance.gather(findings, timestamp=WHEN)
    sections = fill(findings)
    shared = shared_context(findings, source, "experiment: small\n", sections)
    return html_page(sections, shared, {}, {"results.csv": b"a", "claims.json": b"[]"}, "x").decode()


def text_of(page: str) -> str:
    """What a reader sees, white space made single."""
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


@pytest.fixture(scope="module")
def small() -> Findings:
    return findings_of(SMALL)


@pytest.fixture(scope="module")
def page(small: Findings) -> str:
    return page_of(small)


@pytest.fixture(scope="module")
def folder(small: Findings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report")
    (target / "figures").mkdir()
    (target / "figures" / "of_an_older_report.svg").write_text("<svg/>")
    (target / "figures" / "work.pdf").write_bytes(b"drawn of an older report")
    render(small, target, timestamp=WHEN, data={"digits": "ab" * 32}, command="reportgen report small")
    return target


class Parsed(HTMLParser):
    """Ids, links, addresses and open elements of a page."""

    VOID = frozenset({"meta", "img", "br", "link", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"]] if found.get("id") else []
        self.links += [found["href"] or ""] if tag == "a" else []
        self.loads += [found[name] or "" for name in ("src", "srcset", "data", "action") if name in found]
        self.loads += [found["href"] or ""] if tag in ("link", "base") else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()


def test_page_is_self_contained_and_whole(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    parsed = Parsed()
    parsed.feed(text)
    assert parsed.open == []
    assert 'class="ink-0"' in text
    assert not re.search(r'<[^<>]* class="[^"]*"[^<>]* class="', text), "of two classes a browser drops one"
    assert len(parsed.ids) == len(set(parsed.ids))
    assert [a for a in parsed.loads if not a.startswith("data:")] == []
    inside = {link[1:] for link in parsed.links if link.startswith("#")}
    assert inside <= set(parsed.ids)
    assert {link.split(":", 1)[0] for link in parsed.links if not link.startswith("#")} <= {"https", "data"}
    addresses = re.findall(r"url\(([^)]{0,40})", text)
    assert addresses
    assert [a for a in addresses if not a.startswith(('"data:', "#"))] == []
    assert "default-src 'none'" in text
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == text.count("<script") == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in text
    assert "prefers-color-scheme: dark" in text


def test_declared_text_is_escaped(page: str) -> None:
    assert "A small &lt;b&gt;test&lt;/b&gt; &amp; its report" in page
    assert "<b>test</b>" not in page


def test_first_page_states_every_claim(small: Findings, page: str) -> None:
    for claim in small.claims:
        assert f'<a href="#claim-{claim.id}">{words.headline(claim.statement)}</a>' in page
    seen = text_of(page)
    assert "◆ refuted, as expected" in seen
    assert "● confirmed" in seen
    assert "Of three declared claims" in seen


def test_files_and_manifest(small: Findings, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    written = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert written == {*manifest["files"], "manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert manifest["data"] == {"digits": "ab" * 32}
    assert manifest["settings"]["measure"]["images"] == small.experiment.measure.images
    assert [cell["key"] for cell in manifest["cells"]["measurement"]] == [
        c.key for c in small.plan.measurements
    ]
    assert {"report.html", "report.pdf", "results.csv", "claims.json"} <= written
    assert "figures/variance_over_training.svg" in written
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    assert len(rows) == len(small.rows)
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads((folder / "claims.json").read_text())}
    assert verdicts == {"lower": "confirmed", "wrong": "refuted", "unsure": "refuted"}


def test_downloads_hold_the_evidence(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    found = dict(re.findall(r'<a download="([^"]+)" href="data:[\w/-]+;base64,([^"]+)"', text))
    columns = json.loads(gzip.decompress(base64.b64decode(found["results.json.gz"])))
    table = [list(columns), *zip(*columns.values(), strict=True)]
    assert written(table) == (folder / "results.csv").read_bytes()
    claims = gzip.decompress(base64.b64decode(found["claims.json.gz"]))
    assert claims == (folder / "claims.json").read_bytes()
    assert load_text(base64.b64decode(found["declaration.yaml"]).decode(), "again.yaml").experiment == "small"


def written(table: Iterable[Iterable[str]]) -> bytes:
    """A table as results.csv has it."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(table)
    return out.getvalue().encode()


def test_formulas_share_the_outlines_of_their_glyphs(page: str) -> None:
    outlines = dict(re.findall(r'<path id="(glyph-\d+)"( d="[^"]*"/>)', page))
    used = re.findall(r'<use href="#(glyph-\d+)"/>', page)
    assert set(used) == set(outlines)
    assert len(used) > 4 * len(outlines)
    whole = re.sub(r'<use href="#(glyph-\d+)"/>', lambda found: f"<path{outlines[found[1]]}", page)
    for name in ("phi", "total_variance", "cross_fitted"):
        assert formulas.drawn(formulas.named(name)).svg.partition(">")[2] in whole


RENDER = """
import datetime, os, sys, time

class NoTorch:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
MONTH = 31 * 86400
clock = time.time
time.time = lambda: clock() + MONTH
time.time_ns = lambda: int(time.time() * 1e9)
time.gmtime, time.localtime = (
    lambda seconds=None, of=of: of(time.time() if seconds is None else seconds)
    for of in (time.gmtime, time.localtime)
)

own = datetime.datetime

class Later(own):
    now = classmethod(lambda cls, tz=None: cls.fromtimestamp(time.time(), tz))
    utcnow = classmethod(lambda cls: cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None))

datetime.datetime = Later
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from pathlib import Path
from tests.test_report import SMALL, findings_of
from reportgen.report import render
assert Path(render.__code__.co_filename).is_relative_to(Path.cwd())
assert time.time() - clock() > MONTH - 60 and time.localtime().tm_zone == "+0545"
render(findings_of(SMALL), Path(sys.argv[1]), timestamp=own(2025, 11, 23, 20, tzinfo=datetime.UTC),
       data={"digits": "ab" * 32}, command="reportgen report small")
"""
"""Renders as another machine would a month later, on one core and without torch."""


def test_same_bytes_elsewhere(folder: Path, tmp_path: Path) -> None:
    """Another process, directory of the code and of the report, time zone, locale, hash seed and day.

    Nor does a report need torch, with its figures and its pages.
    """
    root, other = Path(__file__).resolve().parent.parent, tmp_path / "another place" / "checkout"
    for part in ("reportgen", "templates", "experiments", "tests"):
        shutil.copytree(
            root / part, other / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    shutil.copy(root / "requirements.lock", other)
    (other / ".git").mkdir()
    (other / ".git" / "HEAD").write_text(provenance.git_commit() or "")
    surroundings = {
        "PYTHONHASHSEED": "4711",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "PYTHONPATH": str(other),
        "HOME": str(tmp_path),
        "COLUMNS": "40",
        "SOURCE_DATE_EPOCH": "7",
    }
    target = tmp_path / "r"
    subprocess.run(
        [sys.executable, "-c", RENDER, str(target)], check=True, cwd=other, env={**os.environ, **surroundings}
    )
    mine = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    theirs = {p.relative_to(target): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert [str(name) for name in sorted(mine) if mine[name] != theirs.get(name)] == []
    assert set(mine) == set(theirs)


@pytest.mark.long
def test_letter_is_a_paper_with_the_same_column(small: Findings, folder: Path, tmp_path: Path) -> None:
    import pypdf

    render(small, tmp_path, timestamp=WHEN, paper="letter")
    manifests = [json.loads((place / "manifest.json").read_text()) for place in (folder, tmp_path)]
    assert [manifest["paper"] for manifest in manifests] == ["a4", "letter"]
    assert manifests[0]["inputs"] != manifests[1]["inputs"]
    files = [pypdf.PdfReader(place / "report.pdf") for place in (folder, tmp_path)]
    assert [tuple(round(float(side)) for side in file.pages[0].mediabox[2:]) for file in files] == [
        (595, 842), (612, 792)
    ]  # fmt: skip
    # The first figure is on the first page, and the text breaks into the same lines.
    texts = [[page.extract_text() for page in file.pages[:3]] for file in files]
    assert all("Figure 1" in pages[0] for pages in texts)
    lines = ["\n".join(pages).splitlines() for pages in texts]
    first, second = ([line for line in of if len(line) > 55][:24] for of in lines)
    assert first == second and len(first) == 24
    assert set(PAPERS) == set(PAGES) == set(SHEETS)


def test_no_path_of_this_machine_is_written(folder: Path) -> None:
    here = str(Path(__file__).resolve().parent.parent).encode()
    for path in folder.rglob("*"):
        if path.is_file():
            assert here not in path.read_bytes()
            assert b"file:" not in path.read_bytes()


def test_broken_and_missing_cells_are_shown_with_their_cause() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        last = plan.measurements[-1]
        records[last.key] = BrokenRecord(
            last.key, "measurement", last.setting, last.checkpoint, "the loss is NaN"
        )
        del records[plan.measurements[0].key]

    found = findings_of(SMALL, spoil)
    seen = text_of(page_of(found))
    assert "the loss is NaN" in seen
    assert "it was not measured" in seen
    assert "▲ broken" in seen
    assert "Two cells broke." in seen


def test_a_run_that_broke_entirely_still_reports() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for cell in (*plan.trainings, *plan.measurements):
            records[cell.key] = BrokenRecord(cell.key, "training", cell.setting, None, "no memory")

    seen = text_of(page_of(findings_of(SMALL, spoil)))
    assert "no memory" in seen
    assert "are confirmed" not in seen
    assert (
        "It was to be trained for one epoch on the ELBO with pathwise gradients; its training broke." in seen
    )
    assert "The model was to be trained on the ELBO for one epoch with Adam" in seen
    assert "training image. Its training broke." in seen and "The others are kept" not in seen
    assert "one declaration, no trained models and no measured cells" in seen


@pytest.mark.parametrize(
    "estimators",
    [
        "[score_function]",
        "[pathwise]",
        "[leave_one_out, taylor_control_variate]",
        "[pathwise, score_function]",
    ],
)
def test_sections_without_anything_to_say_are_left_out(estimators: str) -> None:
    bare = f"experiment: bare\nestimators: {estimators}\ntrain: {{epochs: 0, checkpoints: [0]}}\n"
    found = findings_of(bare)
    ids = {section.id for section, _ in fill(found)}
    assert {"question", "estimators", "methods", "again", "references"} <= ids
    assert not ids & {"settings", "samples", "judged", "errata"}
    assert "declared claim" not in text_of(page_of(found))


def test_characters_without_a_glyph_are_known_beforehand() -> None:
    assert glyphs.lacking("Ünïcode “λ” ∇ log q ≤ 5 – 3 € − ½ ∂x ∈ ℝ ● α²") == ""
    assert [glyphs.lacking(f"a {c} b") for c in "🎉日ж"] == ["🎉", "日", "ж"]
    assert glyphs.lacking("10⁻³", glyphs.TEXT) == "" and glyphs.lacking("10⁻³") == "⁻", "not in the listing"


def test_one_is_written_as_one() -> None:
    bare = "experiment: bare\nobjective: [elbo]\nestimators: [score_function]\n"
    bare += "train: {epochs: 1, checkpoints: [1]}\n"
    seen = text_of(page_of(findings_of(bare)))
    assert "One estimator of the gradient of one objective with respect to the weights" in seen
    assert "latent units) is measured, at one checkpoint of one training run" in seen
    assert "for one epoch on the ELBO" in seen
    assert not re.search(r"\b(?:1|one) (?:estimators|objectives|checkpoints|images|epochs|units)\b", seen)


LONE = """
experiment: lone
objective: [elbo]
estimators: [pathwise]
train: {epochs: 0, checkpoints: [0]}
measure: {images: 3}
claims:
  - id: unsure
    statement: a hair
    test: relative_projection(pathwise) > 1
    expect: refuted
"""


@pytest.mark.parametrize(("p", "said"), [(1e-9, "rejected"), (0.9, "not rejected")])
def test_a_controls_one_test_is_one(p: float, said: str) -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for cell in plan.measurements:
            found = records[cell.key]
            p_values = np.full_like(found.arrays["bias_p_value"], p)
            records[cell.key] = replace(found, arrays=found.arrays | {"bias_p_value": p_values})

    control = "{name: score_function, as_printed: true, label: control}"
    seen = text_of(page_of(findings_of(LONE.replace("[pathwise]", f"[pathwise, {control}]"), spoil)))
    assert f"The negative control, “control”, was {said} in its one test." in seen


def test_what_there_is_one_of_is_written_so() -> None:
    found = findings_of(LONE)
    seen = text_of(page_of(found))
    assert "coordinates. It was not trained. All estimators use the same parameters" in seen
    assert "The model was not trained. Weights start Glorot-uniform" in seen and "no epochs" not in seen
    assert "one declaration, one untrained model and one measured cell (" in seen
    assert " at the parameters before training and " in seen and "course of training" not in seen
    assert "The claim makes one comparison, judged on an interval with 95.0% coverage." in seen
    assert "with one comparison, the interval has coverage 0.95," in seen
    assert re.search(r"The number of replicates was [\d\u202f]+ per image\.", seen)
    assert "noise arises only where pixels are on." in seen and "ratios to it" not in seen
    apart = "The estimators differ in which images make them noisy."
    assert apart not in seen and apart in text_of(page_of(findings_of(SMALL)))
    captions = [sketched(found, name) for name in ("coordinate_distribution", "signal_to_noise")]
    assert all(caption is not None for caption in captions)
    assert "The median is " in captions[0].caption and "Medians" not in captions[0].caption
    assert re.search(r"At epoch 0, it is \d", plain_text(captions[1].caption))
    assert variance_against_setting.named_value("problem.latent", 1.0) == "1 unit"


def test_one_budget_that_ended_is_one() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for i, cell in enumerate(plan.measurements):
            found = records[cell.key]
            arms = [replace(arm, status="met") for arm in found.arms]
            arms[0] = replace(arms[0], status="met" if i else "budget")
            records[cell.key] = replace(found, arms=tuple(arms))

    seen = text_of(page_of(findings_of(SMALL, spoil)))
    assert "Of the measured variances, one exhausted the budget of" in seen
    assert "before its interval was within 2%. It is reported with the interval" in seen


def test_the_source_post_is_named_only_where_a_claim_cites_it() -> None:
    names = ("Borea", "source post")
    assert all(name in text_of(page_of(findings_of(SMALL))) for name in names)
    other = text_of(page_of(findings_of(SMALL.replace("    source: borea, first\n", ""))))
    assert not any(name in other for name in names)


@pytest.mark.parametrize(("expect", "said"), [("refuted", "to fail"), ("undecided", "to stay undecided")])
def test_what_was_expected_is_said_as_declared(expect: str, said: str) -> None:
    found = findings_of(LONE)
    claim = replace(found.claims[0], verdict=expect, expect=expect, as_expected=True)
    other = replace(claim, verdict="confirmed", expect="confirmed")
    tally = front.abstract(replace(found, claims=(claim, other)))[-1]
    assert tally.endswith(f"one is {expect}, all as expected: one was declared {said}.")


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([("confirmed", "confirmed")], "The one declared claim is confirmed."),
        ([("refuted", "confirmed")], "The one declared claim is refuted, against the declaration."),
        ([("refuted", "refuted")], "The one declared claim is refuted, as declared."),
        ([("confirmed", "confirmed")] * 2, "Both declared claims are confirmed."),
        ([("refuted", "confirmed")] * 4, "All four declared claims are refuted, against the declaration."),
        (
            [("refuted", "confirmed"), ("refuted", "refuted")],
            "Both declared claims are refuted; of these, one is refuted against the declaration.",
        ),
        (
            [("refuted", "confirmed"), ("confirmed", "confirmed")],
            "Of two declared claims, one is confirmed and one is refuted, against the declaration.",
        ),
        (
            [("refuted", "confirmed"), ("confirmed", "confirmed"), ("broken", "confirmed")],
            "one is confirmed, one is refuted and one is broken; all that are not confirmed came out against "
            "the declaration.",
        ),
        (
            [("refuted", "confirmed"), ("confirmed", "refuted")],
            "one is confirmed and one is refuted; of these, one is confirmed and one is refuted against the "
            "declaration.",
        ),
    ],
)
def test_claims_are_counted_as_one_would_say_it(verdicts: list[tuple[str, str]], said: str) -> None:
    found = findings_of(LONE)
    claims = tuple(
        replace(found.claims[0], verdict=verdict, expect=expect, as_expected=verdict == expect)
        for verdict, expect in verdicts
    )
    assert front.abstract(replace(found, claims=claims))[-1].endswith(said)


def test_cells_that_broke_are_counted_without_claims_too() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        del records[plan.measurements[0].key]

    bare = SMALL[: SMALL.index("claims:")]
    assert front.abstract(findings_of(bare, spoil))[-1].endswith("One cell broke.")


def test_a_broken_claim_gives_its_cause_once() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for cell in plan.measurements:
            records[cell.key] = BrokenRecord(cell.key, "measurement", {}, cell.checkpoint, "the loss is NaN")

    seen = text_of(page_of(findings_of(LONE, spoil)))
    assert "Epoch 0: broken: the loss is NaN." in seen and "Broken: broken" not in seen


def test_means_that_were_not_tested_are_not_said_to_agree() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for cell in plan.measurements:
            found = records[cell.key]
            arms = tuple(replace(arm, differences=10) for arm in found.arms)
            arrays = found.arrays | {
                name: np.full_like(found.arrays[name], np.nan) for name in ("bias_p_value", "detectable_bias")
            }
            records[cell.key] = replace(found, arms=arms, arrays=arrays)

    found = findings_of(SMALL, spoil)
    seen = text_of(page_of(found))
    assert (
        "The score function and the score function with the optimal constant baseline are not tested "
        "jointly at the last checkpoint: the joint test needs 4 replicates for each of the 20 parameters "
        "of q, got 10 a data point."
    ) in seen
    sketch = sketched(found, "unbiasedness")
    assert sketch is not None
    assert "No joint test was made." in sketch.caption and "different mean" not in sketch.caption


def test_tests_without_a_rejection_are_counted_as_none() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for cell in plan.measurements:
            found = records[cell.key]
            p_values = np.full_like(found.arrays["bias_p_value"], 0.5)
            records[cell.key] = replace(found, arrays=found.arrays | {"bias_p_value": p_values})

    seen = text_of(page_of(findings_of(SMALL, spoil)))
    assert "for the reconstruction term and for the ELBO, none gave p &lt; 0.05" in seen


def test_counts_agree_with_their_nouns(page: str) -> None:
    seen = text_of(page)
    assert "One estimate takes one decoder pass with the score function and two with pathwise." in seen
    assert "It was trained for one epoch on the ELBO with pathwise gradients." in seen
    assert "at two checkpoints of one training run and on twelve images." in seen
    assert "Replicates are divided into eight buckets per image." in seen


def test_work_that_is_the_same_is_said_to_be(small: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    same = ("score_function", "score_function_optimal_constant")
    monkeypatch.setattr(cost.about, "pair", lambda _: same)
    found = cost.context(small)
    assert found is not None and plain_text(found["ratio"]) == (
        "One estimate takes one decoder pass with the score function and as many with the score function "
        "with the optimal constant baseline."
    )


def test_how_often_biased_estimators_were_rejected_is_one_sentence() -> None:
    kind = unbiasedness_section.BIASED
    assert unbiasedness_section._rejections(kind, {(6, 6): ["a", "b"], (2, 6): ["c"], (12, 14): ["d"]}) == [
        "of the estimators with a bias, a and b were each rejected in all six tests; c was "
        "rejected in two of six tests; d was rejected in 12 of 14 tests"
    ]
    assert unbiasedness_section._rejections(kind, {(0, 6): ["a"]}) == [
        "the estimator with a bias, a, was rejected in none of six tests"
    ]


def test_subscripts_are_small_and_open_no_line(small: Findings) -> None:
    assert re.search(
        r"sub, sup \{ font-size: \.\d+em; line-height: 0; \}", (templates() / "report.css").read_text()
    )


def test_whose_words_a_claim_tests_is_all_of_one_ink(page: str) -> None:
    claims = re.findall(r"<p>It is lower\.(.*?)</p>", page)
    assert claims and all(
        re.fullmatch(r'<span class="faint"> After .*, first\.</span>', one) for one in claims
    )


def test_equal_shares_are_said_once() -> None:
    from tests.synthetic import synthetic_findings

    seen = text_of(page_of(synthetic_findings()))
    (sentence,) = re.findall(r"At the last checkpoint pathwise has lower variance than every [^.]*\.", seen)
    assert sentence.endswith("than every other unbiased estimator in every coordinate.")
    assert "at the last checkpoint, pathwise has the lower variance for all twelve images." in seen
    assert seen.count("more than half of the gap is closed: ") == 1 and "closes more than half" not in seen
    assert seen.count("Leave-one-out uses two samples per estimate.") == 1


def test_a_slope_that_all_have_is_said_of_every_estimator() -> None:
    from tests.synthetic import synthetic_findings

    found = samples.context(synthetic_findings())
    assert found is not None and {row["side"] for row in found["rows"]} == {"around"}
    assert found["text"] == "The interval of the slope contains −1 for every estimator."


def test_a_slope_is_not_said_of_an_estimator_that_has_none() -> None:
    text = "experiment: a\nproblem: {model: conjugate, mean_offset: 1}\nobjective: [elbo]\n"
    text += "estimators: [score_function, pathwise, {name: leave_one_out, num_samples: 2}]\n"
    text += "measure: {num_samples: [1, 2]}\n"
    found = samples.context(toy(text, lambda cell, arm: 1.0 / arm.num_samples))
    assert found is not None and [row["label"] for row in found["rows"]] == ["score_function", "pathwise"]
    assert found["text"] == "The interval of the slope contains −1 for the score function and pathwise."


def test_a_mean_of_independent_samples_misses_its_slope_by_chance_alone() -> None:
    text = "experiment: a\nproblem: {model: conjugate, mean_offset: 1}\nobjective: [elbo]\n"
    text += "estimators: [score_function, pathwise, {name: leave_one_out, num_samples: 2}]\n"
    text += "measure: {num_samples: [2, 4]}\n"
    steeper = toy(text, lambda cell, arm: arm.num_samples ** (-1.0 if arm.label == "pathwise" else -1.5))
    found = samples.context(steeper)
    assert found is not None and found["text"] == (
        "The interval of the slope contains −1 for pathwise. By chance it excludes −1 for the score "
        "function, which also averages independent samples. The variance of leave-one-out falls faster than "
        "1/K."
    )
    coupled = text.replace("pathwise,", "{name: leave_one_out, num_samples: 4, label: second},")
    found = samples.context(toy(coupled, lambda cell, arm: arm.num_samples**-1.5))
    assert found is not None and "The variances of “second” and leave-one-out fall faster" in found["text"]
    paired = text.replace(
        "pathwise,", "pathwise, {name: pathwise, antithetic: true, num_samples: 2, label: p},"
    )
    experiment = toy(paired, lambda cell, arm: 1.0)
    assert samples.averages(experiment, "pathwise") and not samples.averages(experiment, "p")


def test_what_reads_the_same_is_said_once_of_noise_and_of_objectives() -> None:
    from tests.synthetic import synthetic_findings

    found = noise.context(synthetic_findings())
    assert found is not None
    assert len(found["sentences"]) == len({text.partition(": ")[2] for text in found["sentences"]})
    assert all(text.startswith("At the last checkpoint Monte Carlo noise is ") for text in found["sentences"])
    told = errata.by_objective(synthetic_findings())
    values = re.findall(r"[\d.]+ \([\d.]+ to [\d.]+\)", plain_text(told))
    assert len(values) == len(set(values)) > 1 and told.startswith("The objective matters: ")


def test_decimal_points_of_a_column_stand_in_one_line() -> None:
    rows = (
        '<tr><td>a</td><td class="n">22\u202f134</td><td class="n">–</td></tr>\n'
        '<tr><td>b</td><td class="n">−37.91</td><td class="n">1.0</td></tr>\n'
        '<tr><td>c</td><td class="n">8.31×10⁻⁶</td><td class="n">&lt; 0.001</td></tr>\n'
    )
    made = words.decimals(rows)
    assert '22\u202f134<span class="unseen" aria-hidden="true">.91</span></td>' in made
    assert '1.0<span class="unseen" aria-hidden="true">01</span></td>' in made
    assert made.count("unseen") == 2
    shares = words.decimals('<tr><td class="n">58%</td></tr>\n<tr><td class="n">99.97%</td></tr>\n')
    assert '58%<span class="unseen" aria-hidden="true">.97</span></td>' in shares
    assert re.sub(r"<span.*?</span>", "", made) == rows


def test_groups_of_a_table_share_the_line_of_its_points() -> None:
    """Its columns are those of all its groups: none is filled up by itself."""
    grouped = 0
    for path in (templates() / "sections").glob("*.html"):
        for body in re.findall("<tbody>.*?</tbody>", path.read_text(encoding="utf-8"), re.S):
            if 'class="group"' in body and "decimals" in body:
                grouped += 1
                begins, ends = body.index("{% filter decimals %}"), body.index("{% endfilter %}")
                assert begins < body.index("{% for group in groups %}") < body.index("group.rows") < ends, (
                    path
                )
                assert body.count("decimals") == 1, path
    assert grouped >= 4


def test_no_line_of_a_caption_ends_between_a_word_and_its_number() -> None:
    said = words.tied("log p(x | z) < 1 at epoch 200, row 1, k 5, 2 layers, beyond k = 0.87")
    assert words.tied("−23.41 (seed 1)") == "−23.41 (seed\u00a01)"
    assert words.tied("and p < 0.001") == "and p\u00a0&lt;\u00a00.001"
    assert words.tied("gradient in log σ") == "gradient in log\u00a0σ"
    assert said == (
        'log <span class="nowrap">p(x | z)</span> &lt; 1 at epoch\u00a0200, row\u00a01, k\u00a05,'
        " 2\u00a0layers, beyond k\u00a0=\u00a00.87"
    )


def test_every_section_is_written_for_the_whole_experiment() -> None:
    from tests.synthetic import synthetic_findings

    ids = [section.id for section, _ in fill(synthetic_findings())]
    # What is trained has no exact answers, and its variances stand in training; models are not judged here.
    elsewhere = ("variance", "exact", "models", "inside", "deviations")
    assert ids == [section.id for section in SECTIONS if section.id not in elsewhere]


def test_claims_point_to_sections_that_exist() -> None:
    from reportgen.findings.claims.sections import SECTIONS as WHERE

    assert {*WHERE.values(), "training", "samples", "settings", "unbiasedness"} <= {s.id for s in SECTIONS}


class Fixed:
    """Findings with a given ratio, share and verdicts."""

    claims = (SimpleNamespace(source="borea, first"),)
    models = ()

    def __init__(self, ratio: Estimate, share: Estimate) -> None:
        self._ratio, self._share = ratio, share
        self.checkpoints = (0, 5)
        self.objectives = ("reconstruction",)
        self.labels = ("score_function", "score_function_optimal_constant", "pathwise")
        self.estimator_of = {label: label for label in self.labels}
        self.vocabulary = SimpleNamespace(
            trained=True,
            network=True,
            at_last=" at the last checkpoint",
            objective=str,
            round="epoch",
            rounds="epochs",
        )
        self.experiment = SimpleNamespace(
            estimators=[
                SimpleNamespace(label=label, num_samples=1, kind=ESTIMATORS[label], own=None)
                for label in self.labels
            ]
        )

    def reference(self, objective: str | None = None) -> str:
        return "pathwise"

    def ratio(self, first: str, second: str, **_: Any) -> Estimate:
        return (
            self._ratio if first == "score_function" else replace(self._ratio, value=3.0, low=2.9, high=3.1)
        )

    def gap_closed(self, *_: str, **__: Any) -> Estimate:
        return self._share

    def get(self, *_: str, **__: Any) -> Estimate:
        return self._ratio


@pytest.mark.parametrize(
    ("low", "high", "says", "never"),
    [
        (5.0, 7.0, "higher at every checkpoint", "lower"),
        (0.5, 0.7, "lower at every checkpoint", "higher"),
        (0.9, 1.2, "indistinguishable", "higher"),
    ],
)
def test_the_story_follows_the_interval(low: float, high: float, says: str, never: str) -> None:
    made: Any = Fixed(Estimate((low + high) / 2, low, high), Estimate(0.6, 0.55, 0.65))
    text = training.story(made, ["reconstruction"], "score_function", "pathwise")
    assert says in text
    assert never not in text


@pytest.mark.parametrize(
    ("share", "says", "never"),
    [
        ((0.6, 0.55, 0.65), "only partial", "as the source post says"),
        ((0.2, 0.15, 0.25), "as the source post says", "only partial"),
        ((0.5, 0.45, 0.55), "undecided", "only partial"),
    ],
)
def test_the_explanation_follows_the_share(share: tuple[float, float, float], says: str, never: str) -> None:
    made: Any = Fixed(Estimate(600.0, 590.0, 610.0), Estimate(*share))
    (text,) = why.explanation(made, "score_function", "pathwise", ["score_function_optimal_constant"])
    assert says in text
    assert never not in text
    assert "requires the derivative" in text and "owed" not in text
    low: Any = Fixed(Estimate(0.5, 0.4, 0.6), Estimate(*share))
    (text,) = why.explanation(low, "score_function", "pathwise", ["score_function_optimal_constant"])
    assert "no gap" in text


def test_the_abstract_leaves_the_derivative_no_more_than_the_explanation_does() -> None:
    """What a constant baseline leaves may be more than the derivative is needed for: others go further."""
    from tests.synthetic import synthetic_findings

    told = text_of(" ".join(front.abstract(synthetic_findings())))
    assert "leaving a factor of" in told and "to pathwise" in told
    assert "for the derivative to explain" not in told


def test_an_unavailable_number_is_never_printed_as_one() -> None:
    gone = Estimate(float("nan"), status="broken: no memory")
    assert words.cell(gone) == "–"
    assert words.share_cell(gone) == "–"
    assert "cannot be compared (broken: no memory)" in words.compared("a", "b", gone)
    assert words.share(Estimate(0.69, 0.66, 0.71)) == "69.0% (66.0 to 71.0)"


def test_an_interval_too_short_to_be_seen_is_nowhere_printed() -> None:
    """“4.00, 4.00 to 4.00” says less than the value alone, and so does “∞ to ∞”."""
    close, endless = Estimate(4.0, 4.0 - 1e-9, 4.0 + 1e-9, 100), Estimate(*[math.inf] * 3, 100)
    for one in (close, endless):
        assert words.ends(one) == ""
        table = Table((Column("Estimator", heads=True), Column("Ratio")), (Row(("a", one)),))
        assert " to " not in str(figure_data.block("f", "1", table))
    assert words.share(Estimate(0.873, 0.873 - 1e-9, 0.873 + 1e-9)) == "87%"
    detail = ComparisonFinding("t", "gap closed", 0, {}, True, "confirmed", close, 0.4, 0.4 + 1e-9)
    assert judged.simultaneous(detail) == "–"
    assert judged.simultaneous(replace(detail, low=0.4, high=0.5)) == "40.0 to 50.0%"


def test_counts_of_evaluations_are_written_out() -> None:
    written = [cost.passes(Estimate(value)) for value in (1.0, 2.5, 4 / 3, 20_000.0)]
    assert written == ["1", "2.5", "1.333", f"20{prose.THIN}000"]


def test_verdicts_are_words_and_shapes() -> None:
    shown = [str(words.verdict(word)) for word in words.SHAPES]
    assert len({re.sub(r"<[^>]+>", "", text)[0] for text in shown}) == 4
    assert ", as expected" in words.verdict("refuted", "refuted")
    assert ", expected refuted" in words.verdict("confirmed", "refuted")
    assert "expected" not in words.verdict("confirmed")


def test_every_formula_is_drawn_and_can_be_said() -> None:
    for formula in formulas.sources():
        drawn = formulas.drawn(formula)
        assert drawn.width > 0
        assert drawn.height > 0
        assert 0 <= drawn.depth < drawn.height
        assert len(drawn.spoken) > 0
        assert "<text" not in drawn.svg
        assert 'fill="currentColor"' in drawn.svg


def test_a_missing_formula_names_the_remedy() -> None:
    with pytest.raises(
        RenderError, match=r"formulas\.json: needs a drawing of 'E=mc\^2', found none\. Run `make formulas`"
    ):
        formulas.drawn(formulas.Formula("E=mc^2", "energy"))
    with pytest.raises(RenderError, match="found 'no_such'"):
        formulas.named("no_such")


def test_formula_sources_are_those_of_the_templates() -> None:
    used = {
        name
        for path in templates().rglob("*.html")
        for name in re.findall(r'(?:math|equation)\("([^"]+)"', path.read_text(encoding="utf-8"))
    }
    used |= set(SYMBOLS)
    assert used <= set(formulas.TEXT)
    assert set(formulas.TEXT) <= used, "a formula is drawn that no template asks for"


_MATHEMATICS = re.compile(r"<(?:i|sub|sup|math)\b|[∇∂Σ∑∏∫√‖⊤𝔼ℝ]")


def test_templates_put_no_formula_together_by_hand() -> None:
    """Of letters in italics and small ones there is no LaTeX to be copied, and nothing to be read aloud."""
    found = {
        path.name: seen
        for path in templates().rglob("*.html")
        if (seen := _MATHEMATICS.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}
    assert _MATHEMATICS.findall("<i>G</i> = Σ<sub>k</sub> <p>in all</p>") == ["<i", "Σ", "<sub"]


def test_citations_resolve() -> None:
    for estimator in ESTIMATORS.values():
        for key in estimator.source.split(","):
            assert reference(key.strip()).link.startswith("https://")
    with pytest.raises(RenderError, match="found 'nobody1999'"):
        reference("nobody1999")
    assert all(source.year.isdigit() or key == "borea" for key, source in REFERENCES.items())


def test_a_reference_to_nothing_is_an_error() -> None:
    numbering = Numbering()
    assert numbering.of("figure", "later") == "?"
    assert numbering.number("figure", "first") == "1"
    final = numbering.second_pass()
    assert final.of("figure", "first") == "1"
    with pytest.raises(RenderError, match="refers to figure 'later'"):
        final.of("figure", "later")


def test_every_row_of_a_table_has_one_kind_of_head() -> None:
    row = "<tr><td class='w'>ELBO</td><td>2</td></tr>"
    known = '<tr><td>ELBO</td><th scope="row">Pathwise</th></tr>'
    group = "<tr class='group'><th colspan='2'>Both</th></tr>"
    page = f"<thead><tr><th>a</th><th>b</th></tr></thead><tbody>{group}{row}{known}</tbody>"
    assert headed(page) == (
        '<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>'
        "<tr class='group'><th scope=\"rowgroup\" colspan='2'>Both</th></tr>"
        f"<tr><th scope=\"row\" class='w'>ELBO</th><td>2</td></tr>{known}</tbody>"
    )


def test_templates_are_strict_and_escape_every_name() -> None:
    environment = Writer("screen", {}).environment()
    assert environment.from_string("{{ a }}").render(a="<b>") == "&lt;b&gt;"
    with pytest.raises(Exception, match="'nothing' is undefined"):
        environment.from_string("{{ nothing }}").render()


def test_listing_loses_nothing_and_fits_its_columns() -> None:
    text = "\n".join(f"  line {i} " + "word " * (i % 17) for i in range(230))
    shown = "\n".join(items(text))
    assert shown.split() == text.split()
    longest = max(len(line) for line in shown.splitlines())
    with TTFont(templates() / "fonts" / "reportgen-mono-regular.ttf") as font:
        letter = font["hmtx"]["a"][0] / font["head"].unitsPerEm
    css = "".join((templates() / name).read_text() for name in ("report.css", "print.css"))
    points, size, margin, gap = (
        float(re.search(pattern, css)[1])  # type: ignore[index]
        for pattern in (
            r"font-size: ([\d.]+)pt",
            r"--listing: ([\d.]+)rem",
            r"margin: \d+mm (\d+)mm",
            r"\.columns {[^}]*column-gap: (\d+)mm",
        )
    )
    column = (210 - 2 * margin - gap) / 2
    assert longest * letter * size * points <= column / 25.4 * 72 < (longest + 1) * letter * size * points


def test_a_listing_is_torn_between_its_items_alone() -> None:
    assert items("a: 1") == ["a: 1"]
    text = "a:\n  b: 1\n  c: 2\nd:\n- name: e\n  label: f\n- name: g"
    assert items(text) == ["a:\n  b: 1\n  c: 2", "d:", "- name: e\n  label: f", "- name: g"]
    nested = "h:\n  values:\n  - at:\n      x: 1\n    nll: 2\n  - at:\n      x: 2\n  sizes:\n  - [3, 4]"
    parts = ["h:\n  values:", "  - at:\n      x: 1\n    nll: 2", "  - at:\n      x: 2\n  sizes:\n  - [3, 4]"]
    assert items(nested) == parts


def test_a_package_and_its_version_stand_on_one_line() -> None:
    told = provenance.versions({"torch": "2.13.0+cpu", "blas": "a library with a long name, built on a day"})
    assert told == "torch\u00a02.13.0+cpu, blas a library with a long name, built on a day"


def test_the_lock_is_told_to_be_another_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here when the report is written, or where its cells were measured."""

    def elsewhere(plan: Any, records: dict[str, Any]) -> None:
        for cell in plan.measurements:
            about = records[cell.key].environment | {"numpy": "2.0.0", "torch": "2.13.0+cu130"}
            records[cell.key] = replace(records[cell.key], environment=about)

    def said(found: Findings) -> tuple[str, dict[str, str]]:
        source, sections = provenance.gather(found), fill(found)
        shared = shared_context(found, source, "", sections)
        return shared["unlocked"], dict(provenance.table(found, source))

    monkeypatch.setattr(provenance, "not_as_locked", dict)
    unlocked, rows = said(findings_of(SMALL))
    assert unlocked == "" and "Not as locked" not in rows
    unlocked, rows = said(findings_of(SMALL, elsewhere))
    assert (unlocked, rows["Not as locked"]) == ("one package", "numpy\u00a02.0.0")
    monkeypatch.setattr(provenance, "not_as_locked", lambda: {"numpy": "2.0.0"})
    assert said(findings_of(SMALL, elsewhere))[1]["Not as locked"] == "numpy\u00a02.0.0", "told once"
    monkeypatch.setattr(provenance, "not_as_locked", lambda: {"numpy": "2.1.0", "pydyf": "0.12.1"})
    unlocked, rows = said(findings_of(SMALL, elsewhere))
    assert unlocked == "two packages"
    assert rows["Not as locked"] == "numpy\u00a02.1.0\u00a0and\u00a02.0.0, pydyf\u00a00.12.1"


def test_a_heading_does_not_end_its_line_inside_a_word() -> None:
    assert words.compounds("A <first-order> step") == 'A &lt;<span class="nowrap">first-order</span>&gt; step'


def test_a_failed_write_leaves_the_older_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"report.html": b"old"})

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UnwritableError, match=r"cannot be written \(No space left on device\)") as raised:
        write(tmp_path, {"report.html": b"new"})
    assert raised.value.exit_code == 2, "no cell broke"
    assert (tmp_path / "report.html").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".report-")] == []


def test_a_file_that_another_call_removed_first_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"figures/old.svg": b"old", "figures/kept.svg": b"kept"})
    glob = Path.glob

    def removed_meanwhile(self: Path, pattern: str) -> list[Path]:
        found = list(glob(self, pattern))
        for path in found:
            if path.name == "old.svg":
                path.unlink()
        return found

    monkeypatch.setattr(Path, "glob", removed_meanwhile)
    write(tmp_path, {"figures/kept.svg": b"new"}, replacing=("figures/*.svg",))
    assert [path.read_bytes() for path in (tmp_path / "figures").iterdir()] == [b"new"]


def test_the_date_is_the_runs_own() -> None:
    def spoil(plan: Any, records: dict[str, Any]) -> None:
        for day, cell in enumerate(plan.measurements, start=1):
            record = records[cell.key]
            stamped = {**record.environment, "finished": f"2025-03-0{day}T10:00:00+00:00"}
            records[cell.key] = replace(record, environment=stamped)

    found = findings_of(SMALL, spoil)
    source = provenance.gather(found)
    assert source.finished == datetime(2025, 3, 2, 10, tzinfo=UTC)
    assert source.date == "2 March 2025"
    assert all("finished" not in environment for environment in source.measured_on)
    undated = provenance.gather(findings_of(SMALL))
    assert undated.date == ""
    assert "Measured" not in front.context(found, undated, frozenset())["date"]


@pytest.mark.usefixtures("quick_reports")
def test_a_report_of_the_same_inputs_is_kept_and_a_touched_one_is_mended(
    small: Findings, tmp_path: Path
) -> None:
    render(small, tmp_path, inputs=("declaration", "cells"))
    first = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.is_file()}
    page = (tmp_path / "report.html").read_bytes()

    left = tmp_path / f".report-{process_tag().replace(f'.{os.getpid()}.', f'.{10**9}.')}"
    left.mkdir()
    render(small, tmp_path, inputs=("declaration", "cells"), keep=True)
    assert {path: path.stat().st_mtime_ns for path in first} == first and not left.exists()
    (tmp_path / "report.html").write_bytes(page + b"<!-- tampered -->")
    render(small, tmp_path, inputs=("declaration", "cells"), keep=True)
    assert (tmp_path / "report.html").read_bytes() == page
    render(small, tmp_path, inputs=("declaration", "other cells"), keep=True)
    assert {path: path.stat().st_mtime_ns for path in first} != first


def test_a_sentence_keeps_the_no_break_spaces_of_its_numbers() -> None:
    assert words.sentence("it lies  between 5 and\n22\u202f100") == "It lies between 5 and 22\u202f100."
