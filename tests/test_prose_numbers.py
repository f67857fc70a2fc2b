"""No number of a report is typed by hand: not in a template, nor in a sentence that the code writes.

A number comes from a finding or a setting. What may stand as digits is listed here, each with the
constant it must agree with; the rest of the list is mathematics.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reportgen
from reportgen.engine.equal_means import REPLICATES_A_COORDINATE
from reportgen.engine.layered.sketch import SKETCH
from reportgen.engine.power import POWER
from reportgen.engine.vectors.exact.moments import TOLERANCE
from reportgen.findings import prose
from reportgen.findings.claims.judged import FAMILY_ERROR
from reportgen.findings.models.activity import THRESHOLD
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.report.sections.unbiasedness import LEVEL as REJECTED
from reportgen.resources import templates
from reportgen.store.records import QUANTILES

PERCENT = f"{100 * LEVEL:g}%"
OF_CONSTANTS = (
    *(f"{PERCENT} {word}" for word in ("interval", "coverage")),
    f"simultaneous {PERCENT}",
    f"coverage {LEVEL:g}",
    *(f"{word} {100 * FAMILY_ERROR:g}%" for word in ("error of", "at most")),
    f"1 − {FAMILY_ERROR:g}/",
    *(f"{word} {REJECTED:g}" for word in ("below", "<")),
    f"{100 * POWER:g}% power",
    *(f"{word} {THRESHOLD:g}" for word in ("above", "threshold of activity,")),
    *(f"middle {100 * (1 - 2 * q):g}%" for q in QUANTILES if 0 < q < 0.5),
    f"agree to {prose.in_words(round(-math.log10(TOLERANCE)))} digits",
    f"fewer than {prose.in_words(REPLICATES_A_COORDINATE)} replicates",
    f"to {prose.in_words(inspect.signature(prose.number).parameters['digits'].default)} digits",
    *("a few dozen random directions" for _ in [SKETCH] if 24 <= SKETCH <= 60),
)
MATHEMATICS = (
    *("slope of −1", "contains −1", "excludes −1", "be −1", "with −1", "1/K"),  # how a mean of K terms falls
    *(
        "contain 1",
        "Contain 1",
        "from 1",
        "Around 1",
        "1 without bias",
        "1 being no bias",
        "estimator = 1",
    ),  # ratios to the truth
    *(
        "of three estimators",
        "between two estimators",
        "order of two estimators",
        "comparisons of two models",
    ),  # compared
    ", 1/",  # the unit of a density
)
MARKUP = re.compile(r"<[^>]*>|&#?\w+;|\{\d\}")
NUMBER = re.compile(r"(?<![\w.#-])[−±]?\d[\d.,]*%?(?!\w)")
SPELT = re.compile(
    r"\b(?:twice|thrice|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand)"
    r"(?:fold|[ -](?:times|fold|per cent|nats?|(?:random )?directions?|epochs?|images?|units?|replicates?"
    r"|samples?|digits?|draws?|trainings?|settings?|estimators?|models?|claims?|checkpoints?)))\b",
    re.I,
)
"""A number in words, of something that is measured, set or counted."""
PACKAGE = Path(reportgen.__file__).parent
WRITERS = (
    *sorted((PACKAGE / "report" / "sections").glob("*.py")),
    *(
        PACKAGE / "report" / f"{name}.py"
        for name in ("front", "ledger", "text/about", "text/model_words", "text/tally", "text/words")
    ),
    *(path for path in sorted((PACKAGE / "figures").rglob("*.py")) if path.stem not in ("svg", "style")),
)
TEMPLATES = sorted(path for path in templates().rglob("*.html") if "node_modules" not in path.parts)
"""Templates of the project, without those that a tool left."""
QUOTES = {"deviations.py"}
"""Files that quote what others did, in their own numbers."""


def typed(text: str) -> list[str]:
    """Numbers in a piece of prose that no exception covers."""
    plain = MARKUP.sub(" ", text).replace("\u00a0", " ")
    for phrase in (*OF_CONSTANTS, *MATHEMATICS):
        plain = plain.replace(phrase, " ")
    return NUMBER.findall(plain) + SPELT.findall(plain)


def pieces(template: str) -> Iterator[str]:
    """The prose of a template: its text, and the texts and numbers that its expressions can print.

    What it compares with or counts by (``== "1"``, ``[0]``, ``slice(2)``) is none, nor is an attribute.
    """
    bare = re.sub(r"\{#.*?#\}|\w+=\"\{\{[^\"]*\}\}\"", "", template, flags=re.S)
    inside = re.compile(r"\{[{%].*?[%}]\}", re.S)
    quoted = re.compile(r"\"[^\"]*\"|'[^']*'")
    for expression in inside.findall(bare):
        printed = re.sub(
            r"(?:[=!]=|[<>]=?) *(?:\"[^\"]*\"|\d+)|\[-?\d+\]|\b(?:slice|rjust)\(\d+", "", expression
        )
        yield from (text[1:-1] for text in quoted.findall(printed))
        yield quoted.sub("", printed)
    yield inside.sub("{}", bare)


def sentences(code: str) -> Iterator[str]:
    """Strings of a module that can be prose: they have a blank in them, and document nothing."""
    tree = ast.parse(code)
    bodies = [body for node in ast.walk(tree) if isinstance(body := getattr(node, "body", None), list)]
    notes = {id(line.value) for body in bodies for line in body if isinstance(line, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for text in texts:
        if isinstance(text.value, str) and id(text) not in notes and " " in text.value.strip():
            yield text.value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_number_of_its_own(path: Path) -> None:
    assert [number for text in pieces(path.read_text(encoding="utf-8")) for number in typed(text)] == []


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_sentence_of_the_code_has_a_number_of_its_own(path: Path) -> None:
    if path.name not in QUOTES:
        assert [(n, text) for text in sentences(path.read_text(encoding="utf-8")) for n in typed(text)] == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Its variance is 614 times that of {{ other }}.</p>", ["614"]),
        ("<p>{% if late %}after 200 epochs{% endif %}</p>", ["200"]),
        ('{{ caption("training", "By epoch, of 7.") }}', ["7."]),
        ('{{ caption("x", name ~ ", a 99% interval") }}', ["99%"]),
        ("{{ '614' if late }} and {% set n = 532 %}{{ 'after 3 epochs' }}", ["614", "532", "3"]),
        ("{{ 88 }} of {{ count | default(7) }}", ["88", "7"]),
        ('{% if parameters == "1" and rows > 2 %}{{ row.a[0] }}<td colspan="{{ 5 if ratios else 3 }}">', []),
        (
            "<p>Its variance is twice that, twelve times lower, after two epochs.</p>",
            ["twice", "twelve times", "two epochs"],
        ),
        ('<td class="n2">{{ row.a[0] }}</td><p>at the 95% interval&#8239;, −1 and ±3</p>', ["−1", "±3"]),
        ('{{ cite("burda2016") }} {{ "\\u2007" }} a 95% interval, slope of −1', []),
    ],
)
def test_a_number_that_was_typed_is_found(template: str, found: list[str]) -> None:
    assert [number for text in pieces(template) for number in typed(text)] == found


def test_a_number_typed_in_code_is_found() -> None:
    code = (
        '"""In 3 rooms."""\ndef f():\n    """Of 4."""\n    return f"closes {x:.2f}, 63% of the gap", "w2"\n'
    )
    assert [number for text in sentences(code) for number in typed(text)] == ["63%"]


def test_every_exception_is_used() -> None:
    """A phrase that stands nowhere would only wait for a number to hide."""
    texts = [path.read_text(encoding="utf-8") for path in (*TEMPLATES, *WRITERS)]
    whole = "\n".join(texts).replace("\\u00a0", " ").replace("\u00a0", " ")
    assert [phrase for phrase in (*OF_CONSTANTS, *MATHEMATICS) if phrase not in whole] == []
