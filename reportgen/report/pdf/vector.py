"""SVG → PDF drawing operators, for the few elements that figures and formulas consist of.

WeasyPrint draws any SVG, but node by node, which takes seconds for a dozen
figures. matplotlib and MathJax write a closed subset (groups, paths, uses,
rectangles, rectangular clips, flat colours), which this module turns into
operators directly. Anything outside the subset gives None and is left to
WeasyPrint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"

_TOKEN = re.compile(r"[MLHVCQTZz]|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_TRANSFORM = re.compile(r"(translate|scale|rotate|matrix)\(([^)]*)\)")
_COLOUR = re.compile(r"#([0-9a-f]{6})")
_URL = re.compile(r"url\(#([^)]+)\)")

INHERITED: dict[str, str] = {
    "fill": "#000000",
    "stroke": "none",
    "stroke-width": "1",
    "stroke-linejoin": "miter",
    "stroke-linecap": "butt",
    "stroke-dasharray": "none",
    "stroke-dashoffset": "0",
    "fill-opacity": "1",
    "stroke-opacity": "1",
}
KNOWN = {*INHERITED, "opacity"}
JOINS = {"miter": 0, "round": 1, "bevel": 2}
CAPS = {"butt": 0, "round": 1, "square": 2}
PLAIN = {"id", "d", "style", "transform", "x", "y", "width", "height", "clip-path", HREF, *KNOWN}
ROOT = {"viewBox", "width", "height", "version", "role", "aria-label"}

KEPT = 2000
"""Size of each cache of outlines, colours and transforms: most of them recur between drawings."""

Step = bytes | tuple[float, bool]
"""Operators, or an opacity and whether it is that of strokes, which the page must register."""


class UnknownError(Exception):
    """The drawing has something outside the subset."""


@dataclass(frozen=True)
class VectorImage:
    """A drawing with the interface of WeasyPrint's images; lengths in px."""

    box: tuple[float, float, float, float]
    size: tuple[float, float] | None
    steps: tuple[Step, ...] = field(repr=False)

    def get_intrinsic_size(
        self, _resolution: Any, _font_size: Any
    ) -> tuple[float | None, float | None, float]:
        """Width and height (None if the drawing has none), and their ratio."""
        width, height = self.size or (None, None)
        return width, height, self.box[2] / self.box[3]

    def draw(self, stream: Any, width: float, height: float, _style: Any) -> None:
        """Draws it into a page's stream, `width` × `height`."""
        x, y, box_width, box_height = self.box
        horizontal, vertical = width / box_width, height / box_height
        stream.push_state()
        stream.transform(horizontal, 0, 0, vertical, -x * horizontal, -y * vertical)
        for step in self.steps:
            if step == b"q":
                stream.push_state()
            elif step == b"Q":
                stream.pop_state()
            elif isinstance(step, bytes):
                stream.stream.append(step)
            else:
                stream.set_alpha(step[0], stroke=step[1])
        stream.pop_state()


def read(svg: bytes) -> VectorImage | None:
    """The drawing of an SVG; None if it has anything outside the subset."""
    try:
        root = ElementTree.fromstring(svg)
        if root.tag != f"{SVG}svg" or set(root.attrib) - ROOT - KNOWN:
            return None
        box = tuple(float(number) for number in root.attrib["viewBox"].split())
        size = None
        if "width" in root.attrib:
            size = _points(root.attrib["width"]), _points(root.attrib["height"])
        reader = _Reader({e.attrib["id"]: e for e in root.iter() if "id" in e.attrib})
        style = dict(INHERITED) | {key: value for key, value in root.attrib.items() if key in KNOWN}
        for child in root:
            reader.element(child, style)
        return VectorImage((box[0], box[1], box[2], box[3]), size, tuple(reader.steps))
    except (UnknownError, KeyError, ValueError, IndexError, ElementTree.ParseError):
        return None


def _points(text: str) -> float:
    if not text.endswith("pt"):
        raise UnknownError(text)
    return float(text[:-2]) * 4 / 3


@dataclass
class _Reader:
    by_id: Mapping[str, ElementTree.Element]
    steps: list[Step] = field(default_factory=list)
    paths: dict[str, bytes] = field(default_factory=dict)

    def element(self, element: ElementTree.Element, inherited: Mapping[str, str]) -> None:
        """Draws one element with its content, in its own graphics state if it changes anything."""
        draw = self._drawer(element)
        if draw is None:
            return
        style = _style(element, inherited)
        clip = element.attrib.get("clip-path")
        transform = element.attrib.get("transform")
        own = clip is not None or transform is not None or draw is not self._group
        if own:
            self.steps.append(b"q")
        if clip is not None:
            # In SVG a clip is inside the element's transform, here outside: the same only without one.
            if transform is not None:
                raise UnknownError("clip with transform")
            self._clip(clip)
        if transform is not None:
            self.steps.extend(_transform(transform))
        draw(element, style)
        if own:
            self.steps.append(b"Q")

    def _drawer(
        self, element: ElementTree.Element
    ) -> Callable[[ElementTree.Element, Mapping[str, str]], None] | None:
        if set(element.attrib) - PLAIN:
            raise UnknownError(str(element.attrib))
        if element.tag in (f"{SVG}defs", f"{SVG}clipPath", f"{SVG}title"):
            return None
        known = {"g": self._group, "path": self._path, "use": self._use, "rect": self._rectangle}
        try:
            return known[element.tag.removeprefix(SVG)]
        except KeyError:
            raise UnknownError(element.tag) from None

    def _group(self, element: ElementTree.Element, style: Mapping[str, str]) -> None:
        # Glyphs of a line of text do not overlap, so the group's opacity applies to each.
        if "opacity" in style and any(child.tag != f"{SVG}use" for child in element if len(child) == 0):
            raise UnknownError("opacity of a group")
        for child in element:
            self.element(child, style)

    def _use(self, element: ElementTree.Element, style: Mapping[str, str]) -> None:
        x, y = float(element.attrib.get("x", 0)), float(element.attrib.get("y", 0))
        if x or y:
            self.steps.append(b"1 0 0 1 %s %s cm" % (_number(x), _number(y)))
        target = self.by_id[element.attrib[HREF].removeprefix("#")]
        if target.tag != f"{SVG}path":
            raise UnknownError(target.tag)
        self.element(target, style)

    def _path(self, element: ElementTree.Element, style: Mapping[str, str]) -> None:
        data = element.attrib.get("d", "")
        if data not in self.paths:
            self.paths[data] = path_operators(data)
        self._paint(self.paths[data], style)

    def _rectangle(self, element: ElementTree.Element, style: Mapping[str, str]) -> None:
        self._paint(_box(element), style)

    def _clip(self, reference: str) -> None:
        found = _URL.fullmatch(reference)
        clip = self.by_id[found[1]] if found else None
        if clip is None or len(clip) != 1 or clip[0].tag != f"{SVG}rect" or "transform" in clip[0].attrib:
            raise UnknownError(reference)
        self.steps.append(_box(clip[0]) + b" W n")

    def _paint(self, outline: bytes, style: Mapping[str, str]) -> None:
        fill, stroke = style["fill"] != "none", style["stroke"] != "none"
        if not outline or not (fill or stroke):
            return
        opacity = float(style.get("opacity", "1"))
        state = []
        if fill:
            state.append(_colour(style["fill"]) + b" rg")
            self._alpha(opacity * float(style["fill-opacity"]), False)
        if stroke:
            state.append(_colour(style["stroke"]) + b" RG")
            state.append(_pen(style))
            self._alpha(opacity * float(style["stroke-opacity"]), True)
        operator = {(True, True): b"B", (True, False): b"f", (False, True): b"S"}[fill, stroke]
        self.steps.append(b" ".join([*state, outline, operator]))

    def _alpha(self, opacity: float, stroke: bool) -> None:
        if opacity != 1.0:
            self.steps.append((round(opacity, 4), stroke))


def _style(element: ElementTree.Element, inherited: Mapping[str, str]) -> dict[str, str]:
    own = {key: value for key, value in element.attrib.items() if key in KNOWN}
    for declaration in element.attrib.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip():
            own[name.strip()] = value.strip()
    if set(own) - KNOWN:
        raise UnknownError(", ".join(own))
    if "opacity" in own and "opacity" in inherited:
        own["opacity"] = str(float(own["opacity"]) * float(inherited["opacity"]))
    return {**inherited, **own}


def _number(value: float) -> bytes:
    return f"{value:.6g}".encode() if abs(value) >= 1e-3 else f"{value:.8f}".rstrip("0").rstrip(".").encode()


@lru_cache(KEPT)
def _colour(text: str) -> bytes:
    found = _COLOUR.fullmatch(text.lower())
    if found is None:
        raise UnknownError(text)
    return b" ".join(_number(int(found[1][i : i + 2], 16) / 255) for i in (0, 2, 4))


def _pen(style: Mapping[str, str]) -> bytes:
    dashes = style["stroke-dasharray"]
    lengths = b"" if dashes == "none" else b" ".join(_number(float(n)) for n in re.split(r"[ ,]+", dashes))
    width, offset = _number(float(style["stroke-width"])), _number(float(style["stroke-dashoffset"]))
    join, cap = JOINS[style["stroke-linejoin"]], CAPS[style["stroke-linecap"]]
    return b"%s w %d j %d J 4 M [%s] %s d" % (width, join, cap, lengths, offset)


def _box(element: ElementTree.Element) -> bytes:
    sides = (float(element.attrib.get(name, 0)) for name in ("x", "y", "width", "height"))
    return b" ".join(_number(side) for side in sides) + b" re"


@lru_cache(KEPT)
def _transform(text: str) -> tuple[bytes, ...]:
    matrices: list[bytes] = []
    if _TRANSFORM.sub("", text).strip():
        raise UnknownError(text)
    for kind, inside in _TRANSFORM.findall(text):
        n = [float(number) for number in re.split(r"[ ,]+", inside.strip())]
        if kind == "translate":
            matrix = [1, 0, 0, 1, n[0], n[1] if len(n) > 1 else 0]
        elif kind == "scale":
            matrix = [n[0], 0, 0, n[-1], 0, 0]
        elif kind == "rotate" and len(n) == 1:
            matrix = _rotation(n[0])
        elif kind == "matrix" and len(n) == 6:
            matrix = n
        else:
            raise UnknownError(text)
        matrices.append(b" ".join(_number(entry) for entry in matrix) + b" cm")
    return tuple(matrices)


def _rotation(degrees: float) -> list[float]:
    """Matrix of a quarter turn, exactly; matplotlib writes no other rotations."""
    quarter = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}.get(degrees % 360)
    if quarter is None:
        raise UnknownError(f"rotate({degrees})")
    cosine, sine = quarter
    return [cosine, sine, -sine, cosine, 0, 0]


@lru_cache(KEPT)
def path_operators(data: str) -> bytes:
    """A path of absolute commands (M L H V C Q T Z) as PDF operators; PDF has no quadratic curves."""
    tokens = _TOKEN.findall(data)
    if len("".join(tokens)) != len(re.sub(r"[\s,]", "", data)):
        raise UnknownError(data[:40])
    parts: list[bytes] = []
    x = y = start_x = start_y = control_x = control_y = 0.0
    position, command = 0, ""
    while position < len(tokens):
        if tokens[position].isalpha():
            command = tokens[position]
            position += 1
        count = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "T": 2, "Z": 0, "z": 0}[command]
        n = [float(token) for token in tokens[position : position + count]]
        if len(n) < count:
            raise UnknownError(data[:40])
        position += count
        if command in "Zz":
            parts.append(b"h")
            x, y = start_x, start_y
            control_x, control_y = x, y
            continue
        if command in "QT":
            if command == "Q":
                control_x, control_y, end_x, end_y = n
            else:
                control_x, control_y = 2 * x - control_x, 2 * y - control_y
                end_x, end_y = n
            curve = (
                x + 2 * (control_x - x) / 3, y + 2 * (control_y - y) / 3,
                end_x + 2 * (control_x - end_x) / 3, end_y + 2 * (control_y - end_y) / 3,
                end_x, end_y,
            )  # fmt: skip
            parts.append(b" ".join(_number(value) for value in curve) + b" c")
            x, y = end_x, end_y
            continue
        if command == "C":
            parts.append(b" ".join(_number(value) for value in n) + b" c")
        else:
            end = {"H": (n[0], y), "V": (x, n[-1])}.get(command, (n[0], n[-1]))
            parts.append(_number(end[0]) + b" " + _number(end[1]) + (b" m" if command == "M" else b" l"))
            n = list(end)
        x, y = n[-2], n[-1]
        control_x, control_y = x, y
        if command == "M":
            start_x, start_y = x, y
            command = "L"
    return b"\n".join(parts)
