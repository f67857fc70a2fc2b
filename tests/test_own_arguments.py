"""Own estimators that a function makes, `arguments: {…}`: called, keyed, shown and refused."""

from __future__ import annotations

import inspect
import json
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen import workflow
from reportgen.declaration import Experiment, load_text, resolved, to_yaml
from reportgen.errors import DeclarationError
from reportgen.store import BrokenRecord, MeasurementRecord
from reportgen.usercode import UserCode, misfit
from tests.test_cli import call, errors

MADE = """\
from functools import partial
import torch
import reportgen

def build(share=1.0, *, kind="mean"):
    def estimate(draws, _):
        others = (draws.f.sum(2, keepdim=True) - draws.f) / (draws.f.shape[2] - 1)
        return ((draws.f - share * others).unsqueeze(-1) * draws.score).mean(2)
    return reportgen.Estimator(name="mine", evaluate=estimate, min_samples=2)

def drawn(low):
    factor = low + torch.rand(())
    return reportgen.Estimator(name="d", evaluate=lambda draws, _: factor * build().evaluate(draws, _))

def boom(share):
    raise ValueError(f"not {share}")

def other(share):
    return {"share": share}

HALF = build(0.5)
bound = partial(build, kind="median")
silent = dict
"""
TEXT = """\
experiment: mine
problem: {model: conjugate, mean_offset: 0.5}
objective: elbo
estimators:
  - {python: made.py:build, arguments: {share: 0.5}, label: half, num_samples: 4}
  - {name: leave_one_out, num_samples: 4}
  - {name: score_function, num_samples: 4}
measure: {precision: 40%, budget: 4e4, min_replicates: 500}
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.py").write_text(MADE)
    (tmp_path / "mine.yaml").write_text(TEXT)
    return tmp_path


def change(before: str, after: str) -> None:
    text = Path("mine.yaml").read_text()
    assert before in text
    Path("mine.yaml").write_text(text.replace(before, after))


def job(*overrides: str) -> workflow.Job:
    return workflow.prepare("mine.yaml", Path("output"), overrides)


def run(*options: str) -> int:
    return call("run", "mine.yaml", "--allow-code", "--executor", "serial", *options)


def record() -> Any:
    (found,) = workflow.records(job()).values()
    return found


def test_arguments_reach_the_function(mine: Path) -> None:
    """Nothing off is the score function, all of it leave-one-out, half of it what the file has as HALF."""
    ends = "".join(
        f"  - {{python: made.py:{made}, label: {label}, num_samples: 4}}\n"
        for made, label in (
            ("build, arguments: {share: 0}", "none"),
            ("build, arguments: {}", "all"),
            ("HALF", "there already"),
        )
    )
    change("measure:", f"{ends}measure:")
    assert run() == 0
    found = record()
    assert isinstance(found, MeasurementRecord)
    variance = dict(zip([arm.label for arm in found.arms], found.arrays["variance"], strict=True))
    np.testing.assert_allclose(variance["none"], variance["score_function"], rtol=1e-5)
    np.testing.assert_allclose(variance["all"], variance["leave_one_out"], rtol=1e-4)
    np.testing.assert_array_equal(variance["half"], variance["there already"])
    assert (variance["all"] < 0.8 * variance["half"]).all()


def keys(*overrides: str) -> list[str]:
    return [cell.key for cell in job(*overrides).cells]


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ("arguments: {share: 0.25}", False),
        ("arguments: {share: '0.5'}", False),
        ("arguments: {share: [0.5]}", False),
        ("arguments: {share: 0.5, kind: mean}", False),
        ("arguments: {}", False),
        ("arguments: {share: 0.5}, words: half of it", True),
        ("arguments: {share: 5e-1}", True),
    ],
)
def test_keys_hold_the_arguments(mine: Path, after: str, same: bool) -> None:
    before = keys()
    change("arguments: {share: 0.5}", after)
    assert (keys() == before) is same


def test_the_order_of_arguments_is_nothing_and_their_types_are_something(mine: Path) -> None:
    place = "estimators[0].arguments="
    assert keys(f"{place}{{share: 1, kind: a}}") == keys(f"{place}{{kind: a, share: 1}}")
    values = ("1", "1.0", "true", "'1'", "'true'", "[1]", "[1, 2]", "'1 2'", "['1, 2']")
    assert len({tuple(keys(f"{place}{{share: {value}}}")) for value in values}) == len(values)


def test_only_cells_that_have_the_estimator_are_measured_again(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = TEXT.replace("experiment: mine", "experiment: other")
    start, end = other.index("  - {python"), other.index("  - {name: leave")
    Path("other.yaml").write_text(other[:start] + other[end:])
    both = ("run", "mine.yaml", "other.yaml", "--allow-code", "--executor", "serial")
    assert call(*both) == 0
    change("share: 0.5", "share: 0.25")
    capsys.readouterr()
    assert call(*both) == 0
    mine_line, other_line = capsys.readouterr().out.splitlines()
    assert mine_line.startswith("mine: 1 cell run in ") and other_line == "other: 1 found in the store"


def test_a_function_that_draws_is_called_from_the_seed(mine: Path) -> None:
    change("made.py:build, arguments: {share: 0.5}", "made.py:drawn, arguments: {low: 1}")
    change(
        "measure:", "  - {python: made.py:drawn, arguments: {low: 1.0}, label: b, num_samples: 4}\nmeasure:"
    )
    assert run() == 0
    first = record().arrays["variance"]
    assert run("--fresh") == 0
    np.testing.assert_array_equal(first, record().arrays["variance"])
    np.testing.assert_array_equal(first[0], first[3])


def test_arguments_are_shown_where_the_estimator_is_described(mine: Path, quick_reports: None) -> None:
    change("measure:", "  - {python: made.py:bound, arguments: {}, label: b, num_samples: 4}\nmeasure:")
    assert call("report", "mine.yaml", "--allow-code", "--executor", "serial") == 0
    page = Path("output/mine/report.html").read_text()
    assert "An estimator of the author’s own (made.py:build, called with share = 0.5)." in page
    assert "An estimator of the author’s own (made.py:bound)." in page
    declared = json.loads(Path("output/mine/manifest.json").read_text())["settings"]
    assert [one.get("arguments") for one in declared["estimators"]] == [{"share": 0.5}, None, None, {}]


def test_a_declaration_written_out_reads_back_the_same() -> None:
    text = TEXT.replace("share: 0.5", "share: 0.5, kind: 'on', steps: [1, 2.0, true]")
    once = load_text(text)
    again = load_text(to_yaml(resolved(once)))
    assert isinstance(once, Experiment) and once.estimators == again.estimators
    assert again.model_dump()["estimators"][0]["arguments"] == {
        "share": 0.5,
        "kind": "on",
        "steps": [1, 2.0, True],
    }


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("boom, arguments: {share: 3}", "made.py:16: ValueError: not 3"),
        (
            "other, arguments: {share: 3}",
            "made.py:other(share=3): must make a reportgen.Estimator, got dict.",
        ),
        (
            "silent, arguments: {share: 3}",
            "made.py:silent(share=3): must make a reportgen.Estimator, got dict.",
        ),
        (
            "HALF, arguments: {share: 3}",
            "made.py:HALF: is a reportgen.Estimator, which takes no arguments. Leave them out.",
        ),
        ("torch, arguments: {}", "made.py:torch: must be a function, got module. Name what builds it."),
        (
            "bound, arguments: {kinds: a}",
            "made.py:bound: takes (share=1.0, *, kind='median'): kinds is unknown. Did you mean kind?",
        ),
        ("bound", "made.py:bound: must be a reportgen.Estimator, got partial."),
        (
            'build, arguments: {share: "a: b"}',
            "made.py:8: TypeError: ",
        ),
    ],
)
def test_what_only_running_tells_breaks_the_cell_in_one_line(mine: Path, made: str, said: str) -> None:
    change("build, arguments: {share: 0.5}", made)
    assert run() == 4
    found = record()
    cause = found.cause if isinstance(found, BrokenRecord) else found.causes["half"]
    assert cause.startswith(said) and "\n" not in cause


def test_estimates_that_are_no_numbers_are_told_with_the_arguments(mine: Path) -> None:
    change("share: 0.5", "share: 1e308, kind: 'a: b'")
    assert run() == 4
    (arm,) = [arm for arm in record().arms if arm.label == "half"]
    assert arm.cause.startswith('made.py:build(kind="a: b", share=1e+308) of ')
    assert arm.cause.endswith('Mend build(kind="a: b", share=1e+308) in made.py.')


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            "build, arguments: {shar: 1, share: 2}",
            "estimators[0].arguments.shar: made.py:build takes (share=1.0, *, kind='mean'): shar is unknown. "
            "Change one of the two.",
        ),
        (
            "build, arguments: {shar: 1, kinds: 2}",
            "estimators[0].arguments.shar: made.py:build takes (share=1.0, *, kind='mean'): shar is unknown, "
            "kinds is unknown. Change one of the two.",
        ),
        (
            "boom, arguments: {shar: 1}",
            "estimators[0].arguments.shar: made.py:boom takes (share): share is missing, shar is unknown. "
            "Did you mean share?",
        ),
        ("boom, arguments: {}", "estimators[0].arguments: made.py:boom takes (share): share is missing. "),
        (
            "boom",
            "estimators[0].python: must be a reportgen.Estimator, got a function that takes (share). If it "
            "makes one, add its arguments; {} if it needs none.",
        ),
    ],
)
def test_what_reading_tells_is_said_before_anything_is_run(
    mine: Path, made: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("made.py").write_text(MADE + "from pathlib import Path\nPath('ran').write_text('')\n")
    change("build, arguments: {share: 0.5}", made)
    for command in (("check", "mine.yaml"), ("run", "mine.yaml", "--allow-code")):
        assert call(*command) == 2
        (line,) = errors(capsys)
        assert line.startswith(f"error: mine.yaml:5 {said}")
    assert not Path("ran").exists() and not Path("output").exists()


def test_the_arguments_of_a_model_are_read_too(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change("{model: conjugate, mean_offset: 0.5}", "{python: made.py:boom, arguments: {shares: 1}}")
    assert call("check", "mine.yaml") == 2
    assert errors(capsys) == [
        "error: mine.yaml:2 problem.arguments.shares: made.py:boom takes (share): share is missing, "
        "shares is unknown. Did you mean share?"
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "{share: 0.5}",
            "[0.5]",
            "5 estimators[0].arguments: must be a mapping of keywords, got a",
        ),
        (
            "{share: 0.5}",
            "{share: {a: 1}}",
            "5 estimators[0].arguments.share: must be a number, text, true or",
        ),
        ("{share: 0.5}", "{share: .nan}", "5 estimators[0].arguments.share: must be finite, got nan."),
        ("{share: 0.5}", "{a b: 1}", "5 estimators[0].arguments: must have Python names as keys, got 'a b'."),
        (
            "leave_one_out,",
            "leave_one_out, arguments: {},",
            "6 estimators[1].arguments: is an option of python, got none. Remove it.",
        ),
        (
            "measure:",
            "  - {python: made.py:build, arguments: {share: 0.5}, label: b, num_samples: 4}\nmeasure:",
            "8 estimators[3]: is made.py:build(share=0.5) with K = 4 again, like estimators[0]. Remove one.",
        ),
        (
            "{model: conjugate, mean_offset: 0.5}",
            "{gradients: 'made.py:build'}",
            "5 estimators[0]: python is for estimators of a model; here they are functions of made.py:build.",
        ),
        (
            "measure:",
            "sweep: {'estimators[0].arguments.share': [0, 1]}\nmeasure:",
            "8 sweep.estimators[0].arguments.share: estimators[0].arguments.share cannot be swept: declare "
            "the estimator once a value, each with its label, and all see the same draws.",
        ),
    ],
)
def test_what_a_declaration_may_not_say_of_arguments(before: str, after: str, said: str) -> None:
    assert before in TEXT
    text = TEXT.replace(before, after)
    if "gradients" in after:
        text = text.replace("objective: elbo\n", "\n").replace(", num_samples: 4", "")
    with pytest.raises(DeclarationError) as caught:
        load_text(text, "x.yaml")
    assert f"x.yaml:{said}" in str(caught.value), str(caught.value)


def test_a_function_of_gradients_has_no_arguments() -> None:
    text = "experiment: x\nproblem: {gradients: 'a.py:b'}\nestimators: [{name: c, arguments: {}}]"
    with pytest.raises(DeclarationError, match=r"estimators\[0\]\.arguments: does not apply to a function"):
        load_text(text, "x.yaml")


SIGNATURES = (
    "()",
    "(a, b=1)",
    "(a, /, b, *, c, d=[1, 'x'])",
    "(a=1, /, *rest, b, **more)",
    "(**more)",
    "(a: int = -1, *, b: str)",
)


@pytest.mark.parametrize("written", SIGNATURES)
def test_signatures_read_are_those_of_the_functions_that_run(tmp_path: Path, written: str) -> None:
    code = f"def f{written}:\n    return 1\n"
    (tmp_path / "a.py").write_text(code)
    found = UserCode.read(["a.py:f"], tmp_path).signature("a.py:f")
    space: dict[str, Any] = {}
    exec(code, space)
    live = inspect.signature(space["f"])
    bare = live.replace(parameters=[p.replace(annotation=p.empty) for p in live.parameters.values()])
    assert str(found) == str(bare)
    names = ("a", "b", "c", "zz")
    for chosen in chain.from_iterable(combinations(names, n) for n in range(5)):
        try:
            fits = space["f"](**dict.fromkeys(chosen)) == 1
        except TypeError:
            fits = False
        assert found is not None
        assert (misfit(found, chosen) is None) is fits, chosen


@pytest.mark.parametrize(
    "code",
    [
        "f = len",
        "class f: pass",
        "from os import path as f",
        "from os.path import *\ndef f(a): pass",
        "def f(a): pass\ndef f(b): pass",
        "def f(a): pass\nf = print",
        "def f(a): pass\ndel f",
        "def f(a): pass\nfor f in (): pass",
        "if True:\n    def f(a): pass",
        "import functools\n@functools.cache\ndef f(a): pass",
        "async def f(a): pass",
        "def f(a): pass\nimport os as f",
        "import f.g\ndef f(a): pass",
        "def f(a): pass\ntry: 1/0\nexcept ZeroDivisionError as f: pass",
        "def f(a): pass\nmatch 1:\n    case f: pass",
        "def f(a: pass",
    ],
)
def test_what_reading_cannot_tell_is_left_to_the_run(tmp_path: Path, code: str) -> None:
    (tmp_path / "a.py").write_text(code)
    assert UserCode.read(["a.py:f"], tmp_path).signature("a.py:f") is None
