"""Columns are balanced as by WeasyPrint's own steps of one pixel, in fewer layouts."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest

from reportgen.report.pdf.columns import ROUNDING, equal_columns, least_length
from reportgen.report.pdf.layout import require_weasyprint

SHEET = (
    "@page { size: 400px 600px; margin: 0 } body { margin: 0 } section { columns: 2 } "
    "div, pre { break-inside: avoid } p, pre { margin: 0; line-height: 12px; orphans: 2; widows: 2 }"
)


def laid(body: str, how: AbstractContextManager[None]) -> tuple[list[list[list[float]]], float]:
    """Page by page and column by column where what stands in it begins; and where all of it ends."""
    weasyprint = require_weasyprint()
    with how:
        document = weasyprint.HTML(string=f"<style>{SHEET}</style>{body}").render()
    found, end = [], 0.0
    for page in document.pages:
        (html,) = page._page_box.children[:1]
        columns = [
            column
            for box in html.descendants()
            if box.element_tag == "section" and not getattr(box, "is_column", False)
            for column in box.children
        ]
        found.append([[child.position_y for child in column.children] for column in columns])
        end = max((column.position_y + column.height for column in columns), default=end)
    return found, end


def items(heights: list[int], before: int = 0) -> str:
    boxes = "".join(f'<div style="height: {height}px"></div>' for height in heights)
    return f'<div style="height: {before}px"></div><section>{boxes}</section>'


def listing(lengths: list[int]) -> str:
    """Items of so many lines."""
    items = ["<pre>" + "a line\n" * lines + "</pre>" for lines in lengths]
    return f"<section>{''.join(items)}</section>"


CASES = {
    "a listing": listing([1, 4, 2, 25, 3, 1, 1]),
    "three items": listing([20] * 3),
    "none": items([]),
    "one": items([50]),
    "alike": items([20] * 7),
    "one that is long": items([12, 12, 300, 12, 12, 12, 12]),
    "the last is long": items([12] * 9 + [200]),
    "on a page that is nearly full": items([40] * 6, before=470),
    "over three pages": items([70] * 40, before=100),
    "lines": "<section><p>" + "one<br>" * 19 + "</p><p>" + "two<br>" * 6 + "</p></section>",
} | {
    f"any, {seed}": items(np.random.default_rng(seed).integers(5, 120, 24).tolist(), before=40 * seed)
    for seed in range(6)
}


@pytest.mark.parametrize("case", CASES)
def test_they_are_those_of_steps(case: str) -> None:
    """Nor may they be longer, where those steps pass by what is shorter."""
    (ours, our_end), (theirs, their_end) = (
        laid(CASES[case], equal_columns()),
        laid(CASES[case], nullcontext()),
    )
    assert ours[:-1] == theirs[:-1] and our_end <= their_end + 2 * ROUNDING
    assert [sum(map(len, page)) for page in ours] == [sum(map(len, page)) for page in theirs]
    if our_end > their_end - 1.0:
        assert [list(map(len, page)) for page in ours] == [list(map(len, page)) for page in theirs]


def test_an_item_longer_than_the_mean_takes_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    require_weasyprint()
    from weasyprint.layout import block

    plain, counted = block.block_box_layout, []

    def box_layout(*given: object, **more: object) -> object:
        counted.append(1)
        return plain(*given, **more)

    monkeypatch.setattr(block, "block_box_layout", box_layout)
    steps = []
    for how in (equal_columns(), nullcontext()):
        counted.clear()
        laid(listing([1] * 4 + [20]), how)
        steps.append(len(counted))
    assert 3 * steps[0] < steps[1]
    assert block.columns_layout.__module__ == "weasyprint.layout.column", "afterwards it is as it was"


@pytest.mark.parametrize("seed", range(5))
def test_the_length_is_the_least_of_all_ways_to_part_the_items(seed: int) -> None:
    draw = np.random.default_rng(seed)
    heights, margins = draw.uniform(5.0, 60.0, 9), draw.choice([0.0, 3.0], 9)
    for count in (1, 2, 3):
        least = min(
            max(heights[i:j].sum() - margins[j - 1] for i, j in itertools.pairwise((0, *cuts, 9)))
            for fewer in range(count)
            for cuts in itertools.combinations(range(1, 9), fewer)
        )
        assert least_length(heights, margins, count) == pytest.approx(least, abs=1e-9)
