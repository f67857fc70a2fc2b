"""Numbers of the page and the rows they link to: each links to a row, and the row has that number."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl

import pytest

from reportgen.figures.captions import left_out_sentence
from reportgen.figures.models import bound_against_k, likelihood_by_model, unit_activity
from reportgen.figures.reading import over_checkpoints
from reportgen.findings import Estimate, Findings, csv_text, marks, prose
from reportgen.findings.statistics.source import OfArms, query
from reportgen.report import provenance
from reportgen.report.render import fill, shared_context
from reportgen.report.text import model_words, words
from reportgen.report.text.links import linked
from reportgen.report.text.ties import whole
from reportgen.report.text.writer import Writer
from tests.browser import whole_page
from tests.conftest import LIVE
from tests.crafted import crafted, experiment
from tests.synthetic import synthetic_findings
from tests.synthetic_models import models, two_layers
from tests.test_report import WHEN, findings_of, page_of

Found = list[dict[str, str]]
Cells = dict[str, Found]
_LINK = re.compile(r'<a class="number" href="#results" (tabindex="-1"|data-rows="([^"]*)")>(.*?)</a>')


@pytest.fixture(scope="module")
def live() -> Findings:
    return findings_of(LIVE)


def numbers(page: str) -> list[tuple[str, str]]:
    """(rows asked for, text) of every number that is a link, intervals with the rows of their value."""
    found: list[tuple[str, str]] = []
    for link in _LINK.finditer(page):
        asked = unescape(link[2]) if link[2] is not None else found[-1][0]
        found.append((asked, unescape(link[3])))
    return found


def rows(findings: Findings) -> Cells:
    """results.csv, by cell."""
    found: Cells = {}
    for row in csv.DictReader(io.StringIO(csv_text(findings), newline="")):
        found.setdefault(row["cell"], []).append(row)
    return found


def asked_for(table: Cells, asked: str) -> Found:
    """The slow twin of the page's look-up."""
    wanted: dict[str, list[str]] = {}
    for name, value in parse_qsl(asked, strict_parsing=True):
        wanted.setdefault(name, []).append(value)
    cells = tuple(wanted.pop("cell"))
    return [
        row
        for key, own in table.items()
        if key.startswith(cells)
        for row in own
        if all(row[name] in values for name, values in wanted.items())
    ]


def estimate_of(row: dict[str, str]) -> Estimate:
    value, low, high = (float(row[name] or "nan") for name in ("value", "ci_low", "ci_high"))
    return Estimate(value, low, high, int(row["replicates"]), row["status"])


def sayings(one: Estimate) -> set[str]:
    """Every way in which the report says such a number."""
    said = {
        *(prose.value_of(one), prose.interval(one), prose.with_interval(one), prose.number(one.value)),
        *(prose.percent(one.value), words.share(one), prose.seconds(one.value), f"{one.value:.4g}"),
        *(prose.p_value(one.value), prose.p_value(one.value).removeprefix("p = ").removeprefix("p ")),
        *(whole(prose.with_interval(one)), whole(words.share(one))),
        words.unbroken(prose.p_value(one.value)),
        words.unbroken(f"{prose.fixed(one.value, 2)} ± {prose.fixed(prose.half_width(one), 2)}"),
    }
    width = (one.high - one.low) / 2 / abs(one.value) if one.value else math.nan
    said |= {f"±{prose.percent(width)}", prose.percent(width)}
    said |= {model_words.signed(one.value), prose.whole(one), whole(prose.whole(one))}
    said |= {prose.in_words(int(one.value))} if one.value.is_integer() else set()
    return said | ({words.DASH} if not one.available else set())


def untrue(findings: Findings, page: str) -> list[str]:
    """Numbers that lead nowhere, and numbers of a single row that the row does not say."""
    table = rows(findings)
    wrong = []
    for asked, text in numbers(page):
        found = asked_for(table, asked)
        if not found or (len(found) == 1 and text not in sayings(estimate_of(found[0]))):
            wrong.append(f"{text}: {asked}")
    return wrong


def test_every_number_that_is_a_row_says_what_the_row_says(live: Findings) -> None:
    page, table = page_of(live), rows(live)
    single = [len(asked_for(table, asked)) == 1 for asked, _ in numbers(page)]
    assert len(single) > 60
    assert sum(single) > 0.6 * len(single)
    # A claim's simultaneous interval is wider than its row's.
    simultaneous = set(re.findall(r"simultaneous interval <a [^>]*>(.*?)</a>", page))
    assert [line for line in untrue(live, page) if line.partition(":")[0] not in simultaneous] == []


def test_a_number_that_leads_astray_is_caught(live: Findings) -> None:
    page = page_of(live)
    assert len(untrue(live, page.replace("statistic=variance_ratio", "statistic=mean_norm"))) > 5
    assert untrue(live, re.sub(r"cell=\w+", "cell=0000", page, count=1))


def test_numbers_lead_to_rows_where_constants_samples_and_slopes_are_measured() -> None:
    found = crafted(
        experiment(
            "slope(total_variance(score_function), num_samples) = -1 within 0.1",
            "constant_effect(score_function) > 10%",
            "objective_ratio(pathwise, reconstruction, elbo) > 0.5",
            "equal_means(score_function, pathwise)",
            "gap_closed(with baseline, score_function, pathwise) > 10%",
            "variance_ratio(score_function, with baseline) > 1",
        )
    )
    table = rows(found)
    asked = [query(claim.estimate.source.rows()) for claim in found.claims if claim.estimate.source]
    seen = [asked_for(table, one) for one in asked]
    assert [len(each) for each in seen] == [3, 3, 2, 2, 3, 2]
    slope, moved, objectives, means, gap, ratio = seen
    assert {row["num_samples"] for row in slope} == {"1", "2", "4"}
    assert {row["constant"] for row in moved} == {"-50.0", "0.0", "50.0"}
    assert {row["objective"] for row in objectives} == {"reconstruction", "elbo"}
    assert {row["statistic"] for row in means} == {"relative_projection", "bias_p_value"}
    assert {row["estimator"] for row in gap} == {"score_function", "with baseline", "pathwise"}
    assert {row["statistic"] for row in ratio} == {"total_variance"}
    assert untrue(found, page_of(found)) == []


@pytest.mark.long
def test_a_share_said_of_several_estimators_leads_to_the_rows_of_all() -> None:
    found = synthetic_findings()
    table = rows(found)
    shares = [
        (text, asked_for(table, asked))
        for asked, text in numbers(page_of(found))
        if "coordinate_lower" in asked
    ]
    assert shares
    for text, own in shares:
        assert {row["statistic"] for row in own} == {"coordinate_lower"}
        assert {prose.share(estimate_of(row)) for row in own} == {text.replace("every coordinate", "100%")}
    assert sum(len(own) for _, own in shares) >= 4


def test_numbers_of_trained_models_lead_to_theirs() -> None:
    found = models(two_layers())
    page = page_of(found)
    likelihoods = [
        text for asked, text in numbers(page) if "negative_log_likelihood" in asked and "±" in text
    ]
    assert len(likelihoods) >= 6
    assert untrue(found, page) == []


def test_the_lowest_likelihood_of_a_caption_leads_to_its_row() -> None:
    found = models(two_layers())
    data = likelihood_by_model.data(found)
    assert data is not None
    ((asked, text),) = numbers(linked(likelihood_by_model.caption(found, data)))
    (row,) = asked_for(rows(found), asked)
    assert row["statistic"] == "negative_log_likelihood" and text == prose.fixed(float(row["value"]), 2)
    assert float(row["value"]) == min(mark.ours.value for _, mark in data.marks)


def test_gains_and_active_units_of_captions_lead_to_their_rows() -> None:
    found = models(two_layers())
    table = rows(found)
    bounds, units = bound_against_k.data(found), unit_activity.data(found)
    assert bounds is not None and units is not None
    gains = numbers(linked(bound_against_k.caption(found, bounds)))
    assert len(gains) == 4
    for asked, text in gains:
        first, last = sorted(asked_for(table, asked), key=lambda row: int(row["num_samples"]))
        assert first["statistic"] == last["statistic"] == "bound_k"
        assert text == prose.fixed(float(last["value"]) - float(first["value"]), 2)
    counts = numbers(linked(unit_activity.caption(found, units)))
    assert len(counts) == 6
    for asked, text in counts:
        own = asked_for(table, asked)
        assert {(row["statistic"], float(row["value"])) for row in own} == {("active_units", float(text))}


def test_counted_tests_and_spans_lead_to_their_rows(live: Findings) -> None:
    table, page = rows(live), whole_page(live).decode()
    spans = re.findall(r"coordinates span a factor of (.*?)\. ", page)
    assert spans
    for asked, text in numbers(spans[0]):
        low, high = sorted(float(row["value"]) for row in asked_for(table, asked))
        assert text == prose.spoken(high / low)
    counted = [(asked, text) for asked, text in numbers(page) if re.fullmatch(r"\d+ of \d+", text)]
    assert counted
    for asked, text in counted:
        values = [float(row["value"] or "nan") for row in asked_for(table, asked)]
        made = [value for value in values if not math.isnan(value)]
        assert text == f"{sum(value < 0.05 for value in made)} of {len(made)}"


def test_of_a_biased_one_left_out_either_end_leads_to_its_row(live: Findings) -> None:
    line = next(one for one in over_checkpoints(live, "total_variance") if len(set(one.values)) > 1)
    said = linked(left_out_sentence([replace(line, estimates=(Estimate(1e-30),))], [line]))
    ends = numbers(said)
    assert len(ends) == 2 and untrue(live, said) == []
    assert [text for _, text in ends] == [prose.number(choose(line.values)) for choose in (min, max)]


def test_numbers_of_captions_lead_to_their_rows(live: Findings) -> None:
    """Every number with an interval is of a row."""
    page = whole_page(live).decode()
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.S)
    whole_captions = "".join(captions)
    found = numbers(whole_captions)
    assert len(captions) > 10 and len(found) > 12
    assert untrue(live, whole_captions) == []
    kinds = {dict(parse_qsl(asked))["statistic"] for asked, _ in found}
    assert {"variance_ratio", "total_variance", "signal_to_noise", "monte_carlo_share"} <= kinds
    assert {"coordinate_variance_q50", "work_normalized_variance"} <= kinds
    assert {"weight_mean", "weight_deviation", "weight_far_share", "bright_pixel_share"} <= kinds
    outside = [re.sub(r"<a .*?</a>", "", text).replace("\u00a0", " ") for text in captions]
    assert [text for text in outside if re.search(r"\d\S* \(\S+ to \S+\)", text)] == []


def test_paper_has_no_marks_and_the_same_text(live: Findings) -> None:
    sections = fill(live)
    shared = shared_context(live, provenance.gather(live, timestamp=WHEN), "x\n", sections)
    context = {**shared, "style": "", "script": None, "downloads": [], "count": "1"}
    paper, screen = (
        Writer(medium, {}).page("page.html", sections, **context) for medium in ("paper", "screen")
    )
    assert not marks._ANY.search(paper)
    assert not marks._ANY.search(screen)
    assert "data-rows" not in paper
    printed = unescape(re.sub(r'<span class="unseen".*?</span>', "", paper)).replace("\u00a0", " ")
    for _, text in numbers(screen):
        assert text.replace("\u00a0", " ") in printed


def test_marks_become_links_in_text_and_go_from_tags(live: Findings) -> None:
    one = live.get("total_variance", "pathwise")
    assert isinstance(one.source, OfArms)
    text = words.with_interval(one)
    assert marks.plain(text) == prose.with_interval(one) != text
    assert marks.told("5", Estimate(5.0)) == "5"
    seen = linked(f'<p title="{text}">{text} and {text}</p>')
    assert seen.startswith(
        f'<p title="{prose.with_interval(one)}"><a class="number" href="#results" data-rows='
    )
    assert seen.count("data-rows") == seen.count('tabindex="-1"') == 1
    assert not marks._ANY.search(seen)
    assert linked("\U000f0041 astray \U000f0101") == " astray "
