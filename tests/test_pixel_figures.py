"""The maps of the first layer's noise and the histograms of one weight: data, ink, words."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import StepPatch

from reportgen.figures import draw, noise_in_image, pixel_maps, weight_histogram
from reportgen.figures.drafting.colour_scale import Scale
from reportgen.figures.drafting.style import house_style, settle
from reportgen.figures.drafting.tiles import Canvas
from reportgen.figures.noise_in_image import RATIO, VARIANCE, Plan
from reportgen.figures.pixel_maps import over
from reportgen.findings import Estimate, Findings, collect, marks, prose
from reportgen.plan import Plan as Cells
from reportgen.report.sections import pixels as section
from tests.crafted import crafted, experiment
from tests.synthetic import SHAPE, measurement, pictures
from tests.synthetic_experiment import synthetic_experiment, synthetic_plan


def few(edit: Any = lambda record: record, *, last_only: bool = False) -> Findings:
    """The flagship's base cells at two checkpoints, simulated."""
    plan = synthetic_plan()
    chosen = {200} if last_only else {0, 200}
    cells = tuple(c for c in plan.measurements if c.base and c.checkpoint in chosen)
    declared = synthetic_experiment().model_copy(update={"claims": ()})
    records = {cell.key: edit(measurement(cell)) for cell in cells}
    return collect(declared, Cells(plan.experiment, (), cells), records)


@pytest.fixture(scope="module")
def findings() -> Findings:
    return few()


@pytest.fixture(scope="module")
def maps(findings: Findings) -> pixel_maps.NoiseInImage:
    found = pixel_maps.data(findings)
    assert found is not None
    return found


# Maps


def test_maps_are_those_of_the_findings(findings: Findings, maps: pixel_maps.NoiseInImage) -> None:
    assert maps.checkpoints == (0, 200) and maps.titles == ("0", "200")
    assert maps.shape == SHAPE and maps.dead == 1 and maps.layer_units == 1 and maps.units == (1,)
    labels = [row.label for row in maps.rows]
    assert labels == [label for label in findings.labels if "printed" not in label]
    base = findings.pixel_noise("pathwise")
    assert base is not None
    for row in maps.rows:
        for epoch, one in zip(maps.checkpoints, row.maps, strict=True):
            own = findings.pixel_noise(row.label, checkpoint=epoch)
            assert own is not None and one is not None and np.array_equal(one, own.variance)
        if row.relative is None:
            assert row.label == "pathwise"
            continue
        # Weighted with the reference's map the relative ratios average to one.
        known = np.isfinite(row.relative)
        assert (row.relative * base.variance)[known].sum() == pytest.approx(base.variance.sum())
        assert row.ratio == findings.of_first_layer("pixel_variance_ratio", row.label)
    assert np.array_equal(maps.mean, pictures().mean(0))


def test_ratios_where_there_is_nothing_are_not_made_up() -> None:
    above, below = np.array([[2.0, 0.0], [6.0, 4.0]]), np.array([[1.0, 0.0], [1.0, 2.0]])
    found = over(above, below)
    assert math.isnan(found[0, 1]) and found[1, 0] == pytest.approx(6 / 3)


@pytest.mark.parametrize("name", [VARIANCE, RATIO])
def test_a_scale_reads_in_grey(name: str) -> None:
    """Lightness rises all along, by steps that are alike; a rainbow fails both."""

    def steps(name: str) -> np.ndarray[Any, Any]:
        colours = colormaps[name](np.linspace(0, 1, 65))[:, :3]
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
        return np.diff(lightness)

    assert steps(name).min() > 0 and steps(name).max() < 3 * steps(name).mean()
    assert steps("jet").min() < 0


def test_a_scale_holds_what_is_drawn_and_leaves_nothing_blank_but_nothing() -> None:
    scale = Scale.of([np.array([[1.0, 0.0], [100.0, math.nan]])], VARIANCE)
    assert (scale.low, scale.high) == (1.0, 100.0)
    picture = scale.coloured(np.array([[1.0, 0.0], [10.0, math.nan]]))
    assert picture[..., 3].tolist() == [[1, 0], [1, 0]]
    assert np.allclose(picture[1, 0, :3], colormaps[VARIANCE](0.5)[:3], atol=0.01)
    flat = Scale.of([np.array([[3.0, 3.0]])], VARIANCE)
    assert flat.high / flat.low >= 2
    relative = Scale.relative(np.array([0.5, *[1.0] * 38, 40.0]), RATIO)
    assert (relative.low, relative.high) == (1 / 1.25, 1.25)
    relative = Scale.relative(np.geomspace(0.45, 1.4, 50), RATIO)
    assert (relative.low, relative.high) == (1 / 3, 3.0)


def test_tiles_stand_where_they_were_put(maps: pixel_maps.NoiseInImage) -> None:
    plan = Plan.of(maps)
    canvas = Canvas(plan.width, plan.total, maps.shape)
    tile = np.zeros((*SHAPE, 4))
    tile[1, 2] = 1.0
    canvas.put(plan.x(0, 1), plan.y(2), tile)
    rows, columns = np.nonzero(canvas.picture[..., 3])
    for found, at, part, size in (
        (rows, plan.y(2), 1 / 3, plan.height),
        (columns, plan.x(0, 1), 2 / 3, plan.width),
    ):
        assert found.min() / canvas.dots == pytest.approx(at + part * size, abs=0.1)
        assert (found.max() + 1) / canvas.dots == pytest.approx(at + (part + 1 / 3) * size, abs=0.1)


def test_the_caption_has_its_numbers(findings: Findings, maps: pixel_maps.NoiseInImage) -> None:
    drawing = draw(findings, "noise_in_image")
    assert drawing is not None
    for label in ("score_function", "pathwise"):
        share = findings.of_first_layer("bright_pixel_share", label)
        assert prose.share(share) in drawing.caption and share.low < share.value < share.high
    assert (
        "summed over its one unit, mean over images" in drawing.caption
        and "Of nine pixels, one is off in every image and left blank" in drawing.caption
        and "mean over twelve test images" in drawing.caption
    )
    assert maps.relative is not None and maps.relative[0] == "the score function"
    low, high = np.nanquantile(maps.relative[1], (0.05, 0.95))
    reach = f"have {prose.interval(Estimate(1.0, low, high))} times the overall ratio"
    assert reach in drawing.caption
    assert b"<image" in drawing.svg and len(drawing.svg) < 80_000


@pytest.mark.parametrize(
    ("ends", "told"),
    [((0.93, 1.08), "0.930 to 1.080"), ((0.05, 9.8), "0.050 to 9.8"), ((0.3, 40), "0.30 to 40")],
)
def test_ends_that_lie_far_apart_keep_their_own_digits(
    maps: pixel_maps.NoiseInImage, ends: tuple[float, float], told: str
) -> None:
    relative = np.repeat(ends, 50).reshape(10, 10)
    sentence = noise_in_image.reach(replace(maps, relative=("REINFORCE", relative)))
    assert sentence == f"For REINFORCE, nine tenths of the pixels have {told} times the overall ratio."


def test_names_and_numbers_under_the_colour_bars_keep_apart(maps: pixel_maps.NoiseInImage) -> None:
    with house_style("noise_in_image"):
        figure = noise_in_image.draw(maps)
        settle(figure)
        renderer = FigureCanvasAgg(figure).get_renderer()
    bars = [ax for ax in figure.axes if ax.get_xlabel()]
    assert len(bars) == 3
    edges = sorted((box.x0, box.x1) for box in (ax.get_window_extent(renderer) for ax in bars))
    assert all(left[1] + 24 < right[0] for left, right in pairwise(edges))  # half of “10 000” and of “0.67”
    for texts in ([ax.xaxis.label for ax in bars], [t for ax in bars for t in ax.get_xticklabels()]):
        ends = sorted((box.x0, box.x1) for box in (text.get_window_extent(renderer) for text in texts))
        assert all(left[1] + 8 < right[0] for left, right in pairwise(ends))


def test_a_checkpoint_alone_a_broken_arm_and_one_estimator_are_drawn() -> None:
    def broken(record: Any) -> Any:
        arms = [replace(a, status="broken") if a.label == "score_function" else a for a in record.arms]
        return replace(record, arms=tuple(arms))

    found = few(broken, last_only=True)
    data = pixel_maps.data(found)
    assert data is not None and "score_function" not in [row.label for row in data.rows]
    assert len(data.rows[0].maps) == 1 and draw(found, "noise_in_image") is not None
    assert draw(found, "weight_histogram") is None
    alone = replace(data, rows=data.rows[-1:], relative=None)
    with house_style("alone"):
        assert noise_in_image.draw(alone) is not None


def test_without_images_both_and_their_section_are_left_out() -> None:
    bare = crafted(experiment())
    assert pixel_maps.data(bare) is None and weight_histogram.data(bare) is None
    assert section.context(bare) is None


# One weight


def test_histograms_are_those_of_the_pair_the_wider_first(findings: Findings) -> None:
    data = weight_histogram.data(findings)
    assert data is not None and [one.label for one in data.spreads] == ["score_function", "pathwise"]
    assert data.spreads[0].deviation > 3 * data.spreads[1].deviation
    for one in data.spreads:
        own = findings.weight_estimates(one.label)
        assert own is not None and one.drawn == own.drawn
        assert one.mean == findings.of_first_layer("weight_mean", one.label)
        assert (np.array(one.density) * np.diff(one.edges)).sum() == pytest.approx(1, abs=0.02)
        x = np.linspace(-9, 9, 2001) * one.deviation + one.mean.value
        density = weight_histogram.normal(one, x)
        assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)
    caption, alt = weight_histogram.caption(findings, data), weight_histogram.alt(data)
    assert "row 2 and column 2 to unit 1 of the first layer, at image 10 of the test set" in caption
    assert "for a normal variable it is 0.27%" in caption and "epoch 200." in caption
    assert f"standard deviation {data.spreads[1].deviation:.3g}"[:20] in alt


def test_a_bin_apart_from_others_stands_on_the_axis(findings: Findings) -> None:
    """Estimates from a few codes take few values: without sides their bins were dashes in the air."""
    data = weight_histogram.data(findings)
    assert data is not None
    one = data.spreads[0]
    apart = tuple(value if index % 3 == 0 else 0.0 for index, value in enumerate(one.density))
    spreads = (replace(one, density=apart), data.spreads[1])
    with house_style("apart"):
        axes = weight_histogram.draw(replace(data, spreads=spreads)).axes[0]
    (steps, *_) = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    values = np.asarray(steps.get_data().values)
    assert np.isfinite(values).all() and 0 < values.min() < axes.get_ylim()[0]


def test_a_comb_is_no_block_in_the_panel_of_a_wider_one(findings: Findings) -> None:
    """Its bins are put together there, and hold what they held; in its own panel they are as they were."""
    data = weight_histogram.data(findings)
    assert data is not None
    wide, narrow = data.spreads
    comb = tuple(value if index % 3 == 0 else 0.0 for index, value in enumerate(narrow.density))
    narrow = replace(narrow, density=comb)
    with house_style("comb"):
        axes = weight_histogram.draw(replace(data, spreads=(wide, narrow))).axes
    (left, right) = (
        [patch for patch in ax.patches if isinstance(patch, StepPatch)][1].get_data() for ax in axes[:2]
    )
    assert tuple(right.edges) == narrow.edges
    low, high = axes[0].get_xlim()
    width = left.edges[1] - left.edges[0]
    assert width >= (high - low) / weight_histogram.BARS
    held = np.where(left.values > axes[0].get_ylim()[0], left.values, 0.0).sum() * width
    assert held == pytest.approx(sum(comb) * (narrow.edges[1] - narrow.edges[0]), rel=0.02)


def test_the_narrower_has_a_panel_of_its_own_only_where_it_is_much_narrower(findings: Findings) -> None:
    data = weight_histogram.data(findings)
    assert data is not None
    wide, narrow = data.spreads
    with house_style("zoom"):
        figure = weight_histogram.draw(data)
        assert len(figure.axes) == 4
        left, right = figure.axes[0].get_xlim(), figure.axes[1].get_xlim()
        assert (left[1] - left[0]) / (right[1] - right[0]) == pytest.approx(wide.deviation / narrow.deviation)
        assert sum(left) / 2 == pytest.approx(narrow.mean.value) == pytest.approx(sum(right) / 2)
        like = replace(data, spreads=(replace(narrow, width=Estimate(1.5 * narrow.deviation)), narrow))
        assert len(weight_histogram.draw(like).axes) == 2


def test_the_section_says_the_ratio_of_all_weights(findings: Findings) -> None:
    context = section.context(findings)
    assert context is not None
    ratio = findings.of_first_layer("pixel_variance_ratio", "score_function")
    (said,) = context["sentences"]
    assert f"the score function has {prose.with_interval(ratio)} times" in marks.plain(said)
