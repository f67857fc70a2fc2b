"""Figures of trained models: the numbers they draw, their words, their bytes, and that nothing collides."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Text

from reportgen.figures import draw, setting_panels, sketched, variance_against_setting
from reportgen.figures.drafting.labels import named_setting, value_title
from reportgen.figures.drafting.style import COLUMN, INK, house_style
from reportgen.figures.model_grid import grid
from reportgen.figures.models import (
    bound_against_k,
    learning_curves,
    likelihood_by_model,
    signal_by_model,
    unit_activity,
)
from reportgen.figures.models import images as model_images
from reportgen.findings import Estimate, Findings, collect, marks
from reportgen.glyphs import lacking
from reportgen.plan import make_plan
from reportgen.report.pdf.vector import read
from tests.synthetic_models import TABLE, declared, models, paused, records, two_layers
from tests.test_figures import OF_MODELS, texts, tick_texts_outside


def shifted(cell: Any) -> float:
    """Ours are a little off, and far off at k = 50."""
    return 0.3 if cell.setting["train.num_samples"] < 50 else 1.8


@pytest.fixture(scope="module")
def one() -> Findings:
    """The table of one stochastic layer."""
    return models(declared(), shift=shifted)


@pytest.fixture(scope="module")
def two() -> Findings:
    """The table of one and of two."""
    return models(two_layers(), shift=shifted)


@pytest.fixture(scope="module")
def drawings(two: Findings) -> dict[str, Any]:
    """Every figure of it, drawn once."""
    return {name: draw(two, name) for name in OF_MODELS}


def test_the_grid_is_the_table_of_the_paper(two: Findings) -> None:
    found = grid(two)
    assert found is not None
    assert found.paths == ("problem.latent", "train.num_samples")
    assert found.columns == ("VAE", "IWAE")
    assert [row.titles for row in found.rows] == [
        (layers, k) for layers in ("1 layer", "2 layers") for k in ("1", "5", "50")
    ]
    assert found.name(found.rows[3], "IWAE") == "IWAE, 2 layers, k\u00a0=\u00a01"
    assert all(model is not None for row in found.rows for model in row.models)


@pytest.mark.parametrize(
    ("path", "value", "among", "title", "named"),
    [
        ("train.objective", "elbo", (), "VAE", "VAE"),
        ("train.after.objective", "iwae", (), "IWAE", "IWAE"),
        ("train.num_samples", 50, (1, 50), "50", "k 50"),
        ("problem.latent", [100, 50], ([50], [100, 50]), "2 layers", "2 layers"),
        ("problem.latent", [50], ([50], [100, 50]), "1 layer", "1 layer"),
        ("problem.latent", [100, 50], ([10, 5], [100, 50]), "100 + 50", "latent units d 100 + 50"),
        ("problem.latent", 50, (10, 50), "50", "latent units d 50"),
        ("problem.hidden", [[200, 200], [100, 100]], (), "200–200–100–100", "hidden 200–200–100–100"),
        ("problem.function", "cosine", (), "cosine", "cosine"),
        ("train.batch_size", 1500, (), "1500", "batch size 1500"),
    ],
)
def test_settings_have_the_names_a_reader_knows(
    path: str, value: Any, among: tuple[Any, ...], title: str, named: str
) -> None:
    assert value_title(path, value, among) == title
    assert named_setting(path, value, among) == named


def test_the_first_figure_holds_every_cell_and_the_margin(two: Findings) -> None:
    data = likelihood_by_model.data(two)
    assert data is not None and data.within == 1.0
    assert len(data.marks) == 12
    title, mark = data.marks[-1]
    assert title == "2 layers, k\u00a0=\u00a050" and mark.column == 1
    assert mark.published == 82.90
    assert mark.ours.value == pytest.approx(82.90 + 1.8)


def test_numbers_that_must_not_be_compared_have_no_band() -> None:
    experiment = declared(TABLE.replace("epochs: 3280", "epochs: 3280\n  comparable: these are digits"))
    data = likelihood_by_model.data(models(experiment))
    assert data is not None and data.within is None
    assert {(mark.published, mark.verdict) for _, mark in data.marks} == {(None, "")}
    assert "published" not in likelihood_by_model.caption(models(experiment), data)


def test_equal_models_are_the_lowest_together_and_one_band_is_one(two: Findings) -> None:
    data = likelihood_by_model.data(two)
    assert data is not None
    (title, (vae, iwae)), (last, (other, _)), *_ = data.rows
    assert vae.ours.value == iwae.ours.value
    other = replace(other, ours=replace(other.ours, value=90.0))
    name = title.replace("\u00a0", " ")
    three = likelihood_by_model.caption(two, replace(data, rows=((title, (vae, iwae)), (last, (other,)))))
    assert f"The lowest are VAE, {name} and IWAE, {name}, with " in three.replace("\u00a0", " ")
    assert "The lowest" not in likelihood_by_model.caption(two, replace(data, rows=((title, (vae, iwae)),)))
    assert "and the published numbers." in three and "Grey bands reach 1.0 nats" in three
    unpublished = replace(other, published=None)
    caption = likelihood_by_model.caption(two, replace(data, rows=((last, (vae, unpublished)),)))
    assert "and the published number." in caption
    assert "The grey band reaches 1.0 nats to either side of the published number." in caption


def test_learning_curves_are_the_records_and_leave_room_for_what_matters(one: Findings) -> None:
    data = learning_curves.data(one)
    assert data is not None
    assert [(title, [c.title for c in curves]) for title, curves in data.panels] == [
        (title, [f"k\u00a0=\u00a0{k}" for k in (1, 5, 50)]) for title in ("VAE", "IWAE")
    ]
    record = one.trainings[-1]
    assert data.curves[-1].points == tuple(sorted((int(e), v) for e, v in record.test_bound.items()))
    caption = learning_curves.caption(one, data)
    assert "All lines start below the panels, since the objective at the first checkpoint" in caption
    assert "Lines of VAEs are comparable with one another, lines of IWAEs only at the same k" in caption
    (vae, first), (iwae, others) = data.panels
    late = tuple(replace(curve, points=curve.points[1:]) for curve in (*first, *others))
    some = replace(data, panels=((vae, (first[0], *late[1:3])), (iwae, late[3:])))
    assert "One of six lines starts below" in learning_curves.caption(one, some)
    alone = learning_curves.caption(one, replace(data, panels=((vae, first),)))
    assert "at the checkpoints, the evidence lower bound." in alone and "IWAE" not in alone
    none = replace(data, panels=((vae, late[:3]), (iwae, late[3:])))
    assert "below the panels" not in learning_curves.caption(one, none)


@pytest.mark.parametrize("figure", [learning_curves, bound_against_k])
def test_panels_stand_beside_one_another_and_names_between_them(one: Findings, figure: Any) -> None:
    data = figure.data(one)
    (vae, lines), *others = data.panels
    long = tuple(replace(line, title=f"2 layers of 1000 units, {line.title}") for line in lines)
    for panels in (data.panels, ((vae, long), *others), (*data.panels, (vae, lines))):
        with house_style("panels"):
            drawn = figure.draw(replace(data, panels=panels))
        boxes = [ax.get_window_extent() for ax in drawn.axes]
        assert boxes[0].y0 == pytest.approx(boxes[1].y0) and boxes[0].x1 < boxes[1].x0
        assert min(box.width for box in boxes) > 0.2 * drawn.bbox.width
        for ax, right in ((drawn.axes[0], boxes[1].x0), (drawn.axes[1], drawn.bbox.x1)):
            names = [t for t in ax.texts if t.get_text()]
            assert len(names) == 3 and all(t.get_window_extent().x1 <= right + 0.5 for t in names)
        assert drawn.bbox.height < 60 / 25.4 * 72 * (len(panels) + 1) // 2


def test_bounds_rise_with_k_and_the_gain_is_said(one: Findings) -> None:
    data = bound_against_k.data(one)
    assert data is not None
    for _, model in data.models:
        values = [of.value for _, of in model.estimates]
        assert [k for k, _ in model.estimates] == [1, 5, 50, 500, 5000]
        assert values == sorted(values)
    most = max(model.gain(0) for _, model in data.models)
    caption = marks.plain(bound_against_k.caption(one, data))
    assert f"From K = 1 to 5000 the bound gains {most:.2f} nats for" in caption
    last = sorted(m.estimates[-1][1].value - m.estimates[-2][1].value for _, m in data.models)
    assert f"From K = 500 to 5000 alone it gains {last[-1]:.2f} nats for" in caption
    assert f", the most, and {last[0]:.2f} for" in caption.partition("alone")[2]
    (title, (first, *_)), *_ = data.panels
    alone = bound_against_k.caption(one, replace(data, panels=((title, (first,)),)))
    assert alone.endswith("Bars are 95% intervals over images.") and "every model" not in alone
    equal = marks.plain(
        bound_against_k.caption(one, replace(data, panels=((title, (first, replace(first, row=1))),)))
    )
    assert f"the bound gains {first.gain(0):.2f} nats for every model: " in equal and "the most" not in equal
    short = [(t, tuple(replace(m, estimates=m.estimates[-2:]) for m in found)) for t, found in data.panels]
    assert "alone" not in bound_against_k.caption(one, replace(data, panels=tuple(short)))


def test_units_above_the_line_are_those_of_the_table(two: Findings) -> None:
    data = unit_activity.data(two)
    assert data is not None
    assert [unit.active for unit in data.models[-2:]] == [(17, 5), (26, 7)]
    assert len(data.models[-1].layers[0]) == 100
    caption = marks.plain(unit_activity.caption(two, data))
    assert caption.replace("\u00a0", " ").endswith(
        "With one stochastic layer the most are active in IWAE, 1 layer, k = 50 (25), the fewest in"
        " VAE, 1 layer, k = 1 and IWAE, 1 layer, k = 1 (19). With two stochastic layers the most are active"
        " in IWAE, 2 layers, k = 50 (26 + 7), the fewest in VAE, 2 layers, k = 1 and IWAE, 2 layers, k = 1"
        " (16 + 5)."
    )


def test_equal_counts_have_no_most(one: Findings) -> None:
    data = unit_activity.data(one)
    assert data is not None
    told = marks.plain(unit_activity.caption(one, data))
    assert "The most are active in IWAE, k\u00a0=\u00a050 (25), the fewest" in told
    layers = data.models[0].layers
    alike = [
        (title, tuple(replace(m, layers=layers) for m in row if not isinstance(m, str)))
        for title, row in data.rows
    ]
    caption = marks.plain(unit_activity.caption(one, replace(data, rows=tuple(alike))))
    assert caption.endswith("19 are active in every one of the five models.")
    caption = marks.plain(unit_activity.caption(one, replace(data, rows=tuple(alike[:1]))))
    assert caption.endswith("19 are active in VAE, k\u00a0=\u00a01 and IWAE, k\u00a0=\u00a01.")
    several = [*alike[:2], data.rows[2]]
    caption = marks.plain(unit_activity.caption(one, replace(data, rows=tuple(several))))
    assert caption.endswith("the fewest in three of five models (19).")
    unit = replace(data.models[0], layers=((0.5, 0.001),))
    caption = marks.plain(unit_activity.caption(one, replace(data, rows=(("", (unit,)),))))
    assert caption.endswith("1 is active in VAE, k\u00a0=\u00a01.")
    single = replace(data, rows=(("", (data.models[0], "not run")),))
    assert marks.plain(unit_activity.caption(one, single)).endswith("19 are active in VAE, k\u00a0=\u00a01.")


SOME = (
    TABLE[: TABLE.index("sweep:")]
    + "sweep: [{train.num_samples: [5, 50]}, {train.objective: [iwae], train.num_samples: [5, 50]}]\n"
)
"""IWAE with k = 1 is not declared."""


def test_panels_of_one_setting_have_one_scale() -> None:
    findings = models(declared(SOME))
    data = setting_panels.data(findings)
    assert data is not None and [panel.values for panel in data.panels] == [(1.0, 5.0, 50.0), (5.0, 50.0)]
    with house_style("variance_against_setting"):
        first, second = variance_against_setting.draw(data).axes
    assert first.get_xlim() == second.get_xlim() and first.get_ylim() == second.get_ylim()
    for ax in (first, second):
        assert ax.get_xscale() == "log"
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "5", "50"]
        low, high = ax.get_ylim()
        assert all(low < v < high for panel in data.panels for one in panel.lines for v in one.values)
    assert second.yaxis.get_tick_params()["labelleft"] is False
    caption = variance_against_setting.caption(findings, data)
    assert "both logarithmic" in caption and "scales of its own" not in caption


def test_a_model_that_no_one_declared_is_not_one_that_is_not_run() -> None:
    data = unit_activity.data(models(declared(SOME)))
    assert data is not None
    assert [[one if isinstance(one, str) else "" for one in row] for _, row in data.rows] == [
        ["", "not declared"], ["", ""], ["", ""],
    ]  # fmt: skip
    figure = unit_activity.draw(data)
    assert figure.get_supylabel() == "units in a bin"


def test_originals_are_shown_once_where_all_models_have_the_same(one: Findings) -> None:
    data = model_images.data(one)
    assert data is not None and data.models == 6
    assert [row.title for row in data.rows].count("test images") == 1
    changed = replace(
        one.judgements[3],
        arrays={**one.judgements[3].arrays, "originals": 1.0 - one.judgements[3].arrays["originals"]},
    )
    judgements = (*one.judgements[:3], changed, *one.judgements[4:])
    again = model_images.data(replace(one, judgements=judgements))
    assert again is not None
    assert [row.title for row in again.rows].count("test images") > 1


def test_images_are_rasters_inside_the_drawing_dark_where_a_pixel_is_one(one: Findings) -> None:
    drawing = draw(one, "model_images")
    assert drawing is not None
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', re.sub(r"\s", "", drawing.svg.decode()))
    assert len(found) == 2 and b"http" not in drawing.svg.replace(b"http://www.w3.org/", b"")
    pixels = decoded(base64.b64decode(found[0]))
    data = model_images.data(one)
    assert data is not None
    scale = -(-model_images.SIDE // 8)
    first = data.rows[0].left[0].reshape(8, 8)
    edge = (round(8 * scale * (1 + model_images.GAP)) - 8 * scale) // 2
    assert edge > 0 and (pixels[:edge, :, 3] == 0).all() and (pixels[:, :edge, 3] == 0).all()
    pixels = pixels[edge:, edge:]
    tile = pixels[: 8 * scale, : 8 * scale]
    assert np.array_equal(tile[scale // 2 :: scale, scale // 2 :: scale, 0] < 128, first > 0.5)
    assert (tile[..., 3] == 255).all()
    gap = pixels[: 8 * scale, 8 * scale : 8 * scale + 2]
    assert (gap[..., 3] == 0).all()
    assert read(drawing.svg) is None  # WeasyPrint itself draws what has images


def decoded(png: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pixels [h w 4] of a PNG of eight-bit RGBA, filters undone by their definition."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 4 * width).astype(int)
    out = np.zeros((height + 1, 4 * width + 4), int)  # a row and a pixel of zeros before
    for y in range(height):
        for x in range(4 * width):
            a, b, c = out[y + 1, x], out[y, x + 4], out[y, x]
            near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            guess = (0, a, b, (a + b) // 2, near)[lines[y, 0]]
            out[y + 1, x + 4] = (lines[y, x + 1] + guess) % 256
    return out[1:, 4:].reshape(height, width, 4).astype(np.uint8)


def test_signal_by_model_says_whose_signal_falls(one: Findings) -> None:
    data = signal_by_model.data(one)
    assert data is not None and len(data.panels) == 6
    panel = data.panels[0]
    assert panel.counts == (1, 5, 50)
    assert [epoch for epoch, _ in panel.by_epoch] == [0, 8, 64]
    assert panel.slopes[0].value == pytest.approx(-0.5)
    assert panel.slopes[2].value == pytest.approx(0.5)
    table = signal_by_model.table(data)
    assert [row.cells[-1] for row in table.rows if row.cells[2] == 64][:2] == [panel.slopes[0]] * 2
    assert {row.cells[-1] for row in table.rows if row.cells[2] != 64} == {None}
    caption = marks.plain(signal_by_model.caption(one, data))
    assert "for pathwise in\u00a0φ it falls in every model, with slope −0.500;" in caption
    assert "for doubly reparameterized in\u00a0φ it rises in every model" in caption
    assert "Full colour: epoch 64; earlier epochs are fainter and thinner: 0 and 8." in caption
    assert "Bars are 95% intervals, the widest ±" in caption and "leaves the axis" not in caption


def test_an_empty_panel_says_why_it_is_empty(one: Findings) -> None:
    data = signal_by_model.data(one)
    assert data is not None
    (title, (first, _)), *rows = data.rows
    with house_style("x"):
        axes = signal_by_model.draw(replace(data, rows=((title, (first, None)), *rows))).axes
    assert [text.get_text() for text in axes[1].texts] == ["not measured"]
    assert not any(line.get_visible() for line in axes[1].get_ygridlines())
    assert any(line.get_visible() for line in axes[0].get_ygridlines())
    assert not any(line.get_visible() for line in axes[0].get_xgridlines())


def test_earlier_lines_are_explained_whichever_panel_has_them(one: Findings) -> None:
    data = signal_by_model.data(one)
    assert data is not None
    (title, (first, *others)), *rows = data.rows
    assert first is not None
    alone = replace(first, by_epoch=first.by_epoch[-1:])
    caption = signal_by_model.caption(one, replace(data, rows=((title, (alone, *others)), *rows)))
    assert "Full colour: epoch 64; earlier epochs are fainter and thinner: 0 and 8." in caption


def test_signal_falls_or_rises_only_where_the_interval_of_the_slope_says_so(one: Findings) -> None:
    data = signal_by_model.data(one)
    assert data is not None
    slopes = [Estimate(-0.3, -0.4, -0.2), Estimate(-0.1, -0.3, 0.1), Estimate(0.5, 0.4, 0.6), Estimate(0.0)]
    told = signal_by_model._told(slopes, "pathwise")
    assert told == (
        "for pathwise it falls in one of three models, rises in one of three models and is undecided in"
        " one of three models, with slopes between −0.30 (−0.40 to −0.20) and 0.50 (0.40 to 0.60)"
    )
    assert signal_by_model._told([Estimate(0.0)], "pathwise") == ""
    up = tuple(Estimate(0.5, 0.4, 0.6) for _ in one.labels)
    rows = [(title, tuple(p and replace(p, slopes=up) for p in row)) for title, row in data.rows[1:]]
    caption = signal_by_model.caption(one, replace(data, rows=(data.rows[0], *rows)))
    assert "pathwise in\u00a0φ it falls in one of five models and rises in four of five models" in caption
    wide = replace(
        data.panels[0].last[0],
        estimates=(*data.panels[0].last[0].estimates[:-1], Estimate(0.5, 0.0, 0.9)),
    )
    panel = replace(data.panels[0], by_epoch=((64, (wide, *data.panels[0].last[1:])),))
    cut = replace(data, rows=(("", (panel, None)),))
    assert "A bar that leaves the axis extends below a tenth of its value." in signal_by_model.caption(
        one, cut
    )


def test_earlier_checkpoints_look_unlike_one_another(one: Findings) -> None:
    data = signal_by_model.data(one)
    assert data is not None
    with house_style("signal_by_model"):
        lines = signal_by_model.draw(data).axes[0].lines
    faint = [line for line in lines if line.get_alpha() is not None]
    seen = {(line.get_alpha(), line.get_linewidth()) for line in faint}
    assert len(seen) == 2 and min(alpha for alpha, _ in seen if alpha) >= 0.4


def test_models_that_are_not_run_leave_a_gap_and_are_counted() -> None:
    experiment = declared()
    plan = make_plan(experiment, "0" * 64)
    made = records(experiment, plan)
    for cell in (*plan.judgements, *plan.trainings):
        if "iwae" in str(cell.setting) and cell.setting.get("train.num_samples") == 50:
            made[cell.key] = paused(made[cell.key])
    found = collect(experiment, plan, made)
    first = sketched(found, "likelihood_by_model")
    assert first is not None and "One has no number yet." in first.caption and "not run" in first.alt
    units = unit_activity.data(found)
    assert units is not None and units.rows[2][1][1] == "not run"
    for name in OF_MODELS:
        assert draw(found, name) is not None
    nothing = collect(experiment, plan, {c.key: r for c in plan.judgements if (r := paused(made[c.key]))})
    assert {name: draw(nothing, name) for name in OF_MODELS} == dict.fromkeys(OF_MODELS)


def test_an_experiment_that_judges_nothing_has_none_of_them() -> None:
    text = TABLE[: TABLE.index("judge:")] + TABLE[TABLE.index("sweep:") : TABLE.index("claims:")]
    bare = models(declared(text))
    assert {name: sketched(bare, name) for name in OF_MODELS} == dict.fromkeys(OF_MODELS)


def test_captions_are_sentences(drawings: dict[str, Any]) -> None:
    for name, drawing in drawings.items():
        for text in (drawing.caption, drawing.alt):
            assert text[0].isupper() and text.endswith("."), name
            assert not re.search(r"\bnan\b|  |\.\.|None|\d\.\d{9}", text), name
        # Read aloud, a number in a name and the one after it would be one.
        assert not re.search(r"\b[Kk]\s=\s\d+ [−\d]", drawing.alt), name
        said = re.split(r"(?<=[.;]) ", drawing.caption)
        assert len(said) == len(set(said)), name


def test_svgs_are_well_formed_and_as_wide_as_the_column(drawings: dict[str, Any]) -> None:
    for name, drawing in drawings.items():
        root = ElementTree.fromstring(drawing.svg)
        assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(COLUMN / 25.4 * 72, abs=0.01)
        assert len(drawing.svg) < 120_000, name
        assert b"<style" not in drawing.svg and b"Date" not in drawing.svg
        ids = re.findall(r'\bid="([^"]+)"', drawing.svg.decode())
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', drawing.svg.decode())
        assert len(ids) == len(set(ids)) and set(used) == set(ids), name
        assert INK not in drawing.inline


def test_the_same_findings_give_the_same_bytes(two: Findings, drawings: dict[str, Any]) -> None:
    for name in ("model_images", "likelihood_by_model"):
        again = draw(two, name)
        assert again is not None and again.svg == drawings[name].svg


@pytest.mark.parametrize("name", OF_MODELS)
@pytest.mark.parametrize("table", ["one", "two"])
def test_no_text_is_clipped_or_overlaps_another(
    name: str, table: str, request: pytest.FixtureRequest
) -> None:
    with house_style(name):
        sketch = sketched(request.getfixturevalue(table), name)
        assert sketch is not None
        found = texts(sketch.figure)
        beyond = tick_texts_outside(sketch.figure)
        kept = [(text, box) for text, box in found if text not in beyond]
        whole = sketch.figure.bbox
        assert len(kept) > 5
        for text, box in kept:
            assert box.x0 >= -0.5 and box.x1 <= whole.x1 + 0.5, text
            assert box.y0 >= -0.5 and box.y1 <= whole.y1 + 0.5, text
        for (first, a), (second, b) in combinations(kept, 2):
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            tall = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide <= 0.5 or tall <= 1.5, (first, second)


def test_every_character_has_a_glyph(two: Findings, drawings: dict[str, Any]) -> None:
    for name in OF_MODELS:
        with house_style(name):
            sketch = sketched(two, name)
            assert sketch is not None
            drawn = {c for text in sketch.figure.findobj(Text) for c in text.get_text()} - {"\n"}
        assert [c for c in sorted(drawn) if lacking(c, ("sans-regular",))] == [], name
        assert lacking(marks.plain(drawings[name].caption), ("sans-regular",)) == ""
