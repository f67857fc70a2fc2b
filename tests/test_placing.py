"""Numbers beside marks avoid lines if there is room, do not overlap, and stay inside the axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from reportgen.figures.drafting.placing import GAPS, around, ink, number_marks, overlap, places, under
from reportgen.figures.drafting.style import house_style, new_figure

RISING = (0.0, 1.0)


def drawn(marks: list[tuple[float, float, str]]) -> tuple[Figure, Axes, list[Annotation]]:
    """Two lines that cross, a grid of nothing, and the numbers."""
    with house_style("placing"):
        figure = new_figure(50)
        ax = figure.add_subplot()
        ax.plot(RISING, RISING)
        ax.plot(RISING, RISING[::-1])
        ax.set(xlim=(0, 1), ylim=(0, 1))
        number_marks(ax, marks)
    return figure, ax, [text for text in ax.texts if isinstance(text, Annotation)]


def box_of(note: Annotation) -> tuple[float, float, float, float]:
    found = note.get_window_extent()
    return found.x0, found.y0, found.x1, found.y1


def test_a_number_covers_no_line_where_it_need_not() -> None:
    _, ax, (note,) = drawn([(0.5, 0.5, "0.6453")])
    assert under(box_of(note), ink(ax)) == 0
    assert note.get_bbox_patch() is None


def test_the_place_straight_above_a_steep_line_is_covered_by_it() -> None:
    """What the search has to find: the plainest place is no good here."""
    with house_style("placing"):
        figure = new_figure(50)
        ax = figure.add_subplot()
        ax.plot([0.5, 0.52], [0, 1])
        ax.set(xlim=(0, 1), ylim=(0, 1))
        number_marks(ax, [(0.51, 0.5, "0.6453")])
    (note,) = ax.texts
    assert isinstance(note, Annotation)
    left, bottom, right, top = box_of(note)
    x, y = ax.transData.transform((0.51, 0.5))
    height = top - bottom
    above = around(x, y + GAPS[0] + height / 2, right - left, height)
    assert under(above, ink(ax)) > 0
    assert under(box_of(note), ink(ax)) == 0
    assert figure.axes == [ax]


def test_numbers_keep_off_one_another_and_inside_the_axes() -> None:
    marks = [(0.5, 0.5, "0.6453"), (0.52, 0.52, "0.6612"), (0.99, 0.99, "1.000"), (0.01, 0.99, "0.000")]
    _, ax, notes = drawn(marks)
    boxes = [box_of(note) for note in notes]
    assert len(boxes) == len(marks)
    assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    area = ax.get_window_extent()
    assert all(b[0] >= area.x0 and b[1] >= area.y0 and b[2] <= area.x1 and b[3] <= area.y1 for b in boxes)


def test_where_every_place_is_covered_paper_lies_under_the_number() -> None:
    with house_style("placing"):
        figure = new_figure(50)
        ax = figure.add_subplot()
        for height in np.linspace(0, 1, 60):
            ax.plot([0, 1], [height, height])
        ax.set(xlim=(0, 1), ylim=(0, 1))
        number_marks(ax, [(0.5, 0.5, "0.6453")])
    (note,) = ax.texts
    assert note.get_bbox_patch() is not None
    assert figure.axes == [ax]


def test_ink_follows_lines_and_marks_and_leaves_gaps() -> None:
    with house_style("placing"):
        ax = new_figure(50).add_subplot()
        ax.plot([0, 1, np.nan, 2, 3], [0, 0, np.nan, 0, 0])
        ax.plot([1.5], [0.5], marker="o", linestyle="none")
        ax.set(xlim=(0, 3), ylim=(-1, 1))
        dots = ax.transData.inverted().transform(ink(ax))
    on_line = dots[np.abs(dots[:, 1]) < 1e-9]
    assert not ((on_line[:, 0] > 1.01) & (on_line[:, 0] < 1.99)).any()
    assert np.diff(np.sort(on_line[on_line[:, 0] <= 1][:, 0])).max() < 0.02
    assert (np.abs(dots - [1.5, 0.5]).max(axis=1) < 0.1).any()


def test_near_places_come_before_far_ones() -> None:
    gaps = [gap for gap, _, _ in places(20, 8)]
    assert gaps == sorted(gaps) and set(gaps) == set(GAPS)
