"""Labels whose size is measured once are placed as if it were measured each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import product
from threading import Event, Thread
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from reportgen.figures import draw
from reportgen.figures.drafting import measuring, style
from reportgen.figures.drafting.measuring import even_lines, measured_once
from reportgen.figures.drafting.style import house_style
from tests.press_cases import FUNCTION, toy

LINES = ("one", "gradient\nof the bound", "$x$", "")
PROPERTIES: dict[str, list[Any]] = {
    "fontsize": [7.8, 8.4],
    "fontweight": ["normal", "bold"],
    "rotation": [30, 0, 90],
    "rotation_mode": ["default", "anchor"],
    "ha": ["left", "center", "right"],
    "va": ["top", "bottom", "center", "baseline", "center_baseline"],
    "ma": ["left", "right"],
    "linespacing": [None, 0.85, 1.3],
    "parse_math": [True, False],
}


def labels(figure: Figure) -> Iterator[Text]:
    """Any two differ in one property alone, or in several; of each two are alike."""
    draw = np.random.default_rng(5)
    usual = {name: values[0] for name, values in PROPERTIES.items()}
    for lines in LINES:
        for name, values in PROPERTIES.items():
            for value in values:
                for _ in range(2):
                    yield figure.text(0.5, 0.5, lines, **{**usual, name: value})
    for _ in range(40):
        some = {name: values[draw.integers(len(values))] for name, values in PROPERTIES.items()}
        yield figure.text(0.5, 0.5, LINES[draw.integers(len(LINES))], **some)
    for x in (0.1, 0.7):
        yield figure.text(x, 0.5, "as wide as there is room before the edge of the figure", wrap=True)


def places(figure: Figure) -> list[Any]:
    """Of every label, in two resolutions and on two grounds."""
    found: list[Any] = []
    renderers = figure._get_renderer(), RendererAgg(288, 216, 72)  # type: ignore[attr-defined]
    for dpi, renderer in product((72, 200), renderers):
        figure.dpi = dpi
        for label in figure.texts:
            label._renderer = renderer  # type: ignore[attr-defined]  # as whoever draws it does
            box, lines, corner = label._get_layout(renderer)  # type: ignore[attr-defined]
            found.append((box.extents.tolist(), lines, corner))
    return found


def test_every_label_is_where_it_is_without() -> None:
    figure = Figure(figsize=(4, 3), dpi=72)
    FigureCanvasSVG(figure)
    assert len(list(labels(figure))) > 100
    plain, without = Text._get_layout, places(figure)  # type: ignore[attr-defined]
    with measured_once():
        assert Text._get_layout is not plain  # type: ignore[attr-defined]
        assert places(figure) == without
        assert places(figure) == without, "what is known already"
        assert len({repr(place) for place in without}) > 60, "few of them are alike"
    assert Text._get_layout is plain  # type: ignore[attr-defined]


def test_a_figure_is_the_same_with_a_third_of_its_labels_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    findings, counted = toy(FUNCTION), []
    plain = Text._get_layout  # type: ignore[attr-defined]

    def counting(label: Text, renderer: Any) -> Any:
        counted.append(label)
        return plain(label, renderer)

    monkeypatch.setattr(Text, measuring.PLACE, counting)
    drawings, calls = [], []
    for how in (measured_once, nullcontext):
        monkeypatch.setattr(style, "measured_once", how)
        counted.clear()
        drawings.append(draw(findings, "variance_against_setting"))
        calls.append(len(counted))
    assert drawings[0] is not None and drawings[0] == drawings[1]
    assert 3 * calls[0] < calls[1]


@pytest.mark.parametrize("release", [(3, 9), (3, 12), (4, 0)])
def test_a_release_that_may_measure_otherwise_is_left_to_itself(
    monkeypatch: pytest.MonkeyPatch, release: tuple[int, int]
) -> None:
    before = getattr(Text, measuring.PLACE), getattr(matplotlib.text, measuring.MEASURE)
    assert matplotlib.__version_info__[:2] in measuring.KNOWN
    monkeypatch.setattr(matplotlib, "__version_info__", (*release, 1, "final", 0))
    with measured_once(), even_lines():
        assert (getattr(Text, measuring.PLACE), getattr(matplotlib.text, measuring.MEASURE)) == before


def test_two_threads_that_draw_leave_matplotlib_as_it_was() -> None:
    inside, leave = Event(), Event()

    def other() -> None:
        with house_style("other"):
            inside.set()
            leave.wait(9.0)

    thread = Thread(target=other)
    before = Text._get_layout, dict(matplotlib.rcParams)  # type: ignore[attr-defined]
    with house_style("one"), house_style("in it"):
        thread.start()
        assert not inside.wait(0.1), "one after the other"
    leave.set()
    thread.join()
    assert inside.is_set()
    assert (Text._get_layout, dict(matplotlib.rcParams)) == before  # type: ignore[attr-defined]
