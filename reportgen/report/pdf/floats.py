"""Figures and tables that do not fit on a page let the text go on, as they do in a paper.

A figure is never split. One that begins too low on a page goes to the next, and
leaves a hole. WeasyPrint has no floats for pages, but makes its pages one after
another from a tree of boxes: the tree can be put into another order there, and
the page made again. So a figure passes the text that follows it, or stands above
the text that comes before it on its page, whichever leaves the smaller hole.
Figures keep their order among each other, and tables theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

MILLIMETRE = 96 / 25.4
"""In pixels of CSS, WeasyPrint's unit."""
HOLE = 25 * MILLIMETRE
"""Blank space at the foot of a page that is left as it is: the height of some six lines."""
GAIN = 8 * MILLIMETRE
"""What less of a hole is worth a float's moving."""
TOGETHER = 2
"""How many floats may be kept back by one page."""

Resume = Mapping[int, Any] | None
"""Where a page ends: at each level of the tree the number of a child; None for one that has not begun."""


@dataclass(frozen=True)
class Spot:
    """A place in a section: before the child of this number."""

    section: Any
    index: int

    @property
    def box(self) -> Any:
        """The child itself."""
        return self.section.children[self.index]


@contextmanager
def floats() -> Iterator[None]:
    """While it lasts, WeasyPrint's pages have floats: children of a section that `_is_float` knows."""
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
        """Pages and the floats after them that were seen to: WeasyPrint may ask for a page again."""

    def page(self, number: int, context: Any, root: Any, html: Any) -> tuple[Any, Resume]:
        """The page of this number, from 0, and where it ends; in place of WeasyPrint's `remake_page`."""
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
            # What it met may stand on another page now; that something on it is to be filled in remains.
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
    """For a float that leaves a hole, the place that leaves least."""

    def __init__(self, root: Any, start: Spot, hole: float, again: Callable[[], tuple[Any, Resume]]) -> None:
        self.root, self.start, self.again = root, start, again
        self.sections = [box for box in root.descendants() if box.element_tag == "section"]
        self.before = {id(box): list(box.children) for box in self.sections}
        self.alone, self.end = next(_pieces(start.section.children, start.index))
        self.along = list(self.alone)
        """The float, and those after it that go to the next page with it."""
        self.goes_on = True
        """Whether more text may pass them: what has passed ends above the foot of the page."""
        self.best, self.least = (start, self.alone), hole - GAIN

    @property
    def enough(self) -> bool:
        """Whether a place was found that leaves no hole."""
        return self.best[0] != self.start and self.least <= HOLE

    def below(self, sections: Iterable[Any]) -> None:
        """Lets text of these sections pass, one piece after another, until the page is full."""
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
        """Lets the float stand above what comes before it, back to this child of its section."""
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
        """The child of a section with which the next page begins, with these boxes there."""
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
    """From this child on, each with the notes that follow it, and the number of the next."""
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
    """Whether what is there may go elsewhere: a float that the text before it does not lead up to."""
    return _is_float(spot.box) and not (spot.index and _leads_up(spot.section.children[spot.index - 1]))


def _leads_up(box: Any) -> bool:
    """Whether it is kept with what follows: by its style, or as text that does not end with a sentence."""
    ends = (".", "?", ")")
    return box.style["break_after"] == "avoid" or (box.element_tag == "p" and not _text(box).endswith(ends))


def _is_heading(box: Any) -> bool:
    return box.element_tag in ("h2", "h3")


def _same_kind(box: Any, other: Any) -> bool:
    return _is_float(other) and (box.element_tag == "figure") == (other.element_tag == "figure")


def _stands(before: Any, after: Any) -> bool:
    """Whether floats may come between: a sentence has ended, and what is next belongs to nothing before."""
    if after is not None and after.style["break_before"] == "avoid":
        return False
    if "equation" in _classes(before):
        return after is not None and after.element_tag == "p" and _text(after)[:1].isupper()
    return not _leads_up(before)


def _child(root: Any, place: Resume) -> tuple[Spot, bool] | None:
    """The child of a section that a place is in, and whether something of it stands before."""
    box = root
    while place:
        index, place = next(iter(place.items()))
        if box.element_tag == "section":
            return Spot(box, index), _begun(place)
        children = getattr(box, "children", ())
        if index >= len(children):  # a place in a text
            return None
        box = children[index]
    return None


def _begun(place: Resume) -> bool:
    """Whether something of a box stands before this place in it."""
    return place is not None and (0 not in place or _begun(place[0]))


def _next(root: Any, ends: Resume) -> Spot | None:
    """The child of a section with which the next page begins, if one does."""
    child = _child(root, ends)
    return child[0] if child and not child[1] else None


def _first(root: Any, begins: Resume, section: Any) -> int:
    """The number of the first child of a section that begins on the page that begins here."""
    child = _child(root, begins)
    return child[0].index + child[1] if child and child[0].section is section else 0


def _hole(page: Any) -> float:
    """Blank space below what stands lowest in the text of a page."""
    bottoms = (box.position_y + box.margin_height() for box in _leaves(page.children[0]))
    return float(page.content_box_y() + page.height - max(bottoms, default=page.content_box_y()))


def _leaves(box: Any) -> Iterator[Any]:
    """Lines, pictures and the like; boxes that hold them may be stretched to the foot of a page."""
    children = [child for child in getattr(box, "children", ()) if child.is_in_normal_flow()]
    if not children or type(box).__name__ == "LineBox":
        yield box
    for child in children if type(box).__name__ != "LineBox" else ():
        yield from _leaves(child)
