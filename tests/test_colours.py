"""Text has contrast in light, in dark and on paper, and nothing is shown by colour alone."""

from __future__ import annotations

import itertools
import re

import pytest
from matplotlib.colors import to_rgb

from reportgen.figures.drafting.style import INK, LOOKS, MUTED, SPARE, looks
from reportgen.figures.models.learning_curve import TEST, TRAIN
from reportgen.figures.models.looks import ORDER
from reportgen.report.text import words
from reportgen.resources import templates
from tests.synthetic import synthetic_text_colours

Colour = tuple[float, float, float]

TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0
"""WCAG 2.2, success criteria 1.4.3 and 1.4.11."""
MEDIA = ("light", "dark", "paper")


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str | Colour, second: str | Colour) -> float:
    """Contrast ratio, from 1 to 21."""
    darker, lighter = sorted(luminance(to_rgb(colour)) for colour in (first, second))
    return (lighter + 0.05) / (darker + 0.05)


def over(colour: str, alpha: float, ground: str) -> Colour:
    """The colour that is seen for a colour of this opacity on a background."""
    seen = [alpha * c + (1 - alpha) * g for c, g in zip(to_rgb(colour), to_rgb(ground), strict=True)]
    return (seen[0], seen[1], seen[2])


def sheets(medium: str) -> str:
    names = ("report", "print", "summary", "summary_paper") if medium == "paper" else (
        "report", "screen", "summary", "summary_screen"
    )  # fmt: skip
    return "".join((templates() / f"{name}.css").read_text() for name in names)


def variables(medium: str) -> dict[str, str]:
    """Custom properties that are colours, with their values for the medium."""
    text = sheets(medium)
    dark = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", text, re.S)
    plain = text if dark is None else text.replace(dark[0], "")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", plain))
    if medium == "dark":
        assert dark is not None
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark[1]))
    return {"paper": "#ffffff"} | found


def text_colours(text: str, named: dict[str, str]) -> set[str]:
    """Every colour that a rule gives to text."""
    found = set(re.findall(r"(?<![\w-])color: ([^;}]+)", text)) - {"inherit"}
    return {named[c[6:-1]] if c.startswith("var(--") else c for c in found}


@pytest.mark.parametrize("medium", MEDIA)
def test_text_has_contrast(medium: str) -> None:
    named = variables(medium)
    colours = text_colours(sheets(medium), named)
    assert {named["ink"], named["faint"], named["link"]} <= colours
    for ground in {named["paper"], named.get("panel", named["paper"])}:
        worst = min(colours, key=lambda colour: contrast(colour, ground))
        assert contrast(worst, ground) >= TEXT_CONTRAST, (worst, ground)


def test_a_pale_grey_is_found() -> None:
    rules = "p { color: #999999; } q { background-color: #eeeeee; color: var(--a); }"
    assert text_colours(rules, {"a": "#111111"}) == {"#999999", "#111111"}
    assert contrast("#999999", "#ffffff") < TEXT_CONTRAST
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48  # WCAG's own example


@pytest.mark.long
def test_text_in_figures_has_contrast() -> None:
    """On the page, what is drawn in the ink takes the page's; other colours stay as they are."""
    seen = synthetic_text_colours()
    assert (INK, MUTED) in seen and (INK, 1.0) in seen
    for medium in MEDIA:
        named = variables(medium)
        for colour, alpha in seen:
            ink = named["ink"] if colour == INK else colour
            assert contrast(over(ink, alpha, named["paper"]), named["paper"]) >= TEXT_CONTRAST, (
                medium,
                colour,
            )


def test_marks_stand_out_from_every_ground() -> None:
    for medium, look in itertools.product(MEDIA, (*LOOKS.values(), *SPARE, TRAIN, TEST)):
        ground = variables(medium)["paper"]
        assert round(contrast(look.colour, ground), 1) >= MARK_CONTRAST, (medium, look)


def test_every_look_has_a_marker_or_dash_of_its_own() -> None:
    for group in ((*LOOKS.values(), *SPARE), ORDER, (TRAIN, TEST)):
        shapes = [(look.marker, look.dash) for look in group]
        assert len(set(shapes)) == len(shapes)
    markers = [look.marker for look in (*LOOKS.values(), *SPARE)]
    assert len(set(markers)) == len(markers), "where there is no line, the marker alone tells them apart"


def test_labels_of_one_estimator_share_a_colour_and_nothing_else() -> None:
    found = looks({"a": "pathwise", "b": "pathwise", "c": "pathwise", "pathwise": "pathwise"})
    assert len({look.colour for look in found.values()}) == 1
    assert len({look.marker for look in found.values()}) == len({look.dash for look in found.values()}) == 4


def test_verdicts_differ_without_colour() -> None:
    assert len(set(words.SHAPES.values())) == len(words.SHAPES)
    assert not re.search(r"\.(?:confirmed|refuted|undecided|broken)\b[^{]*\{[^}]*color", sheets("light"))


def seen_by(colour: str, cone: str) -> Colour:
    """A colour as seen without one kind of cones: Viénot, Brettel & Mollon (1999), linear RGB."""
    matrix = {
        "protan": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
        "deutan": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
    }[cone]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    seen = [min(max(sum(m * c for m, c in zip(row, linear, strict=True)), 0.0), 1.0) for row in matrix]
    return (seen[0], seen[1], seen[2])


@pytest.mark.parametrize("cone", ["protan", "deutan"])
def test_the_two_ends_of_the_question_differ_for_the_colour_blind(cone: str) -> None:
    first, second = (seen_by(LOOKS[name].colour, cone) for name in ("score_function", "pathwise"))
    alike = seen_by("#b84040", cone), seen_by("#5f6f20", cone)  # a red and a green of such a palette

    def distance(a: Colour, b: Colour) -> float:
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5

    assert distance(first, second) > 4 * distance(*alike)
