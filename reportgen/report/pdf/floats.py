"""Floats: text flows past figures and tables that do not fit on a page, as in a paper.

A figure is never split. One that begins too low on a page moves to the next and
leaves a hole. WeasyPrint has no floats for pages, but makes its pages one after
another from a tree of boxes, which can be reordered in between and the page made
again. So the text after a figure moves before it, or the figure moves above the
text before it on its page, whichever leaves the smaller hole. Figures keep their
order among themselves, and so do tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

MILLIMETRE = 96 / 25.4
"""A millimetre in CSS pixels, WeasyPrint's unit."""
HOLE = 25 * MILLIMETRE
"""Blank space at the foot of a page that is tolerated: the height of about six lines."""
GAIN = 8 * MILLIMETRE
"""Reduction of a hole that is worth moving a float."""
TOGETHER = 2
"""The most floats that a page may defer to the next."""

Resume = Mapping[int, Any] | None
"""Where a page ends: at each level of the tree the index of a child; None for one that has not begun."""


@dataclass(frozen=True)
class Spot:
    """A place in a section: before the child with this index."""

    section: Any
    index: int

    @property
    def box(self) -> Any:
        """The child itself."""
        return self.section.children[self.index]


@contextmanager
def floats() -> Iterator[None]:
    """Context in which WeasyPrint's pages have floats: children of sections for which `_is_float` holds."""
    from weasyprint.layout import page

    plain = page.remake_page
    page.remake_page = _Pages(plain).page
    try:
        yield
    finally:
        page.remake_page = plain


class _Pages:
    """Makes the pages of one document."""

    def __init__(self, remake: Callable[..., tuple[Any, Resume]]) -> None:
        self.remake = remake
        self.settled: set[tuple[int, int]] = set()
        """Pages and their following floats that are settled, since WeasyPrint may ask for a page again."""

    def page(self, number: int, context: Any, root: Any, html: Any) -> tuple[Any, Resume]:
        """The page with this number, from 0, and where it ends; replaces WeasyPrint's `remake_page`."""
        begins, split = context.page_maker[number][0], dict(context.broken_out_of_flow)
        page, ends = self.remake(number, context, root, html)
        start = _next(root, ends)
        if start is None or not _floats(start) or (number, id(start.box)) in self.settled:
            return page, ends
        if _hole(page) <= HOLE:
            return page, ends
        self.settled.add((number, id(start.box)))

        def again() -> tuple[Any, Resume]:
            context.broken_out_of_flow = dict(split)
            # Anchors found on it may now be on another page; whether it has content to be filled in remains.
            context.page_maker[number][-1].update(anchors=[], content_lookups=[])
            return self.remake(number, context, root, html)

        search = _Search(root, start, _hole(page), again)
        search.below([start.section])
        if not search.enough:
            search.above(_first(root, begins, start.section))
        if not search.enough:
            search.below(search.sections[search.sections.index(start.section) + 1 :])
        search.settle()
        return again()


class _Search:
    """Searches, for a float that leaves a hole, the place that leaves the smallest one."""

    def __init__(self, root: Any, start: Spot, hole: float, again: Callable[[], tuple[Any, Resume]]) -> None:
        self.root, self.start, self.again = root, start, again
        self.sections = [box for box in root.descendants() if box.element_tag == "section"]
        self.before = {id(box): list(box.children) for box in self.sections}
        self.alone, self.end = next(_pieces(start.section.children, start.index))
        self.along = list(self.alone)
        """The float, and later ones that move to the next page with it."""
        self.goes_on = True
        """Whether more text may move before them, as long as the page is not full."""
        self.best, self.least = (start, self.alone), hole - GAIN

    @property
    def enough(self) -> bool:
        """Whether a place was found that leaves no more than a tolerable hole."""
        return self.best[0] != self.start and self.least <= HOLE

    def below(self, sections: Iterable[Any]) -> None:
        """Tries to move text of these sections before the float, piece by piece, until the page is full."""
        for section in sections:
            children = self.before[id(section)]
            for piece, index in _pieces(children, self.end if section is self.start.section else 0):
                if not self.goes_on:
                    return
                floating, first = _is_float(piece[0]), index - len(piece)
                announced = first > 0 and _leads_up(children[first - 1])
                if floating and any(_same_kind(box, piece[0]) for box in self.along):
                    self._take(piece, announced)
                elif _stands(piece[-1], children[index] if index < len(children) else None):
                    upcoming = self._try(Spot(section, index), self.along)
                    if floating and upcoming is piece[0]:
                        self._take(piece, announced)
                    else:
                        self.goes_on = upcoming is self.along[0]

    def above(self, first: int) -> None:
        """Tries to move the float above what precedes it, back to child `first` of its section."""
        children = self.before[id(self.start.section)]
        for index in range(self.start.index - 1, max(first, 1) - 1, -1):
            if _is_heading(children[index]) or _same_kind(self.alone[0], children[index]):
                return
            if _stands(children[index - 1], children[index]):
                self._try(Spot(self.start.section, index), self.alone)

    def settle(self) -> None:
        """Puts the float in the best place found."""
        self._move(*self.best)

    def _take(self, piece: list[Any], announced: bool) -> None:
        self.goes_on = not announced and sum(map(_is_float, self.along)) < TOGETHER
        if self.goes_on:
            self.along = [*self.along, *piece]

    def _try(self, spot: Spot, group: list[Any]) -> Any:
        """Tries the boxes in `group` at a spot, and notes the best; returns the next page's first box."""
        self._move(spot, group)
        page, ends = self.again()
        if (hole := _hole(page)) < self.least:
            self.best, self.least = (spot, group), hole
        upcoming = _next(self.root, ends)
        return upcoming and upcoming.box

    def _move(self, spot: Spot, group: list[Any]) -> None:
        for section in self.sections:
            children = self.before[id(section)]
            here = section is spot.section
            index = spot.index if here else 0
            section.children = [
                *(box for box in children[:index] if box not in group),
                *(group if here else ()),
                *(box for box in children[index:] if box not in group),
            ]


def _pieces(children: Sequence[Any], first: int) -> Iterator[tuple[list[Any], int]]:
    """The children from `first` on, each with the notes that follow it, and the index of the next."""
    while first < len(children):
        end = first + 1
        while end < len(children) and "note" in _classes(children[end]):
            end += 1
        yield list(children[first:end]), end
        first = end


def _classes(box: Any) -> list[str]:
    return (box.element.get("class") or "").split()


def _text(box: Any) -> str:
    return "".join(box.element.itertext()).strip()


def _is_float(box: Any) -> bool:
    """Whether it is a figure, or a table that is kept whole."""
    classes = _classes(box)
    return box.element_tag == "figure" or ("wide" in classes and "long" not in classes)


def _floats(spot: Spot) -> bool:
    """Whether the box there may be moved: a float that the text before it does not lead up to."""
    return _is_float(spot.box) and not (spot.index and _leads_up(spot.section.children[spot.index - 1]))


def _leads_up(box: Any) -> bool:
    """Whether it stays with what follows: by its style, or as text that does not end with a sentence."""
    ends = (".", "?", ")")
    return box.style["break_after"] == "avoid" or (box.element_tag == "p" and not _text(box).endswith(ends))


def _is_heading(box: Any) -> bool:
    return box.element_tag in ("h2", "h3")


def _same_kind(box: Any, other: Any) -> bool:
    return _is_float(other) and (box.element_tag == "figure") == (other.element_tag == "figure")


def _stands(before: Any, after: Any) -> bool:
    """Whether floats may come between: a sentence has ended, and what follows does not belong to it."""
    if after is not None and after.style["break_before"] == "avoid":
        return False
    if "equation" in _classes(before):
        return after is not None and after.element_tag == "p" and _text(after)[:1].isupper()
    return not _leads_up(before)


def _child(root: Any, place: Resume) -> tuple[Spot, bool] | None:
    """The child of a section that contains a place, and whether part of it precedes the place."""
    box = root
    while place:
        index, place = next(iter(place.items()))
        if box.element_tag == "section":
            return Spot(box, index), _begun(place)
        children = getattr(box, "children", ())
        if index >= len(children):  # a place within a text
            return None
        box = children[index]
    return None


def _begun(place: Resume) -> bool:
    """Whether part of a box precedes this place in it."""
    return place is not None and (0 not in place or _begun(place[0]))


def _next(root: Any, ends: Resume) -> Spot | None:
    """The child of a section with which the next page begins, if it begins with a whole one."""
    child = _child(root, ends)
    return child[0] if child and not child[1] else None


def _first(root: Any, begins: Resume, section: Any) -> int:
    """Index of the first child of a section that begins on the page beginning at `begins`."""
    child = _child(root, begins)
    return child[0].index + child[1] if child and child[0].section is section else 0


def _hole(page: Any) -> float:
    """Blank space below the lowest content in the text of a page."""
    bottoms = (box.position_y + box.margin_height() for box in _leaves(page.children[0]))
    return float(page.content_box_y() + page.height - max(bottoms, default=page.content_box_y()))


def _leaves(box: Any) -> Iterator[Any]:
    """Lines, pictures and the like, rather than boxes around them, which may extend to the foot of a page."""
    children = [child for child in getattr(box, "children", ()) if child.is_in_normal_flow()]
    if not children or type(box).__name__ == "LineBox":
        yield box
    for child in children if type(box).__name__ != "LineBox" else ():
        yield from _leaves(child)
