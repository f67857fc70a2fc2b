"""Declarations that are wrong, and the sentence that says so."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from reportgen.declaration import load, load_text
from reportgen.declaration.checks.claim_scopes import scope_faults, unreached
from reportgen.declaration.claims.grammar import parse
from reportgen.declaration.yaml_source import read
from reportgen.errors import DeclarationError
from reportgen.plan import make_plan


def complaints(text: str) -> list[str]:
    """The lines a declaration is answered with."""
    with pytest.raises(DeclarationError) as caught:
        load_text(text, "x.yaml")
    return str(caught.value).split("\n")


def complaint(text: str) -> str:
    lines = complaints(text)
    assert len(lines) == 1, lines
    return lines[0]


# Reading YAML


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("1e6", 1e6),
        ("-2.5E+1", -25.0),
        (".5", 0.5),
        ("12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2%", "2%"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ('"1e-3"', "1e-3"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        ("[1, a]", [1, "a"]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    read_value = read(f"key: {written}", "x.yaml").data["key"]
    assert read_value == value
    assert type(read_value) is type(value)


REMEDY = r"[.)`] [A-Z`].*[.?]$|cannot be swept: declare "
REFUSED_FILES: dict[str, tuple[str, str]] = {
    "empty": ("", "x.yaml:1: is empty. A declaration needs at least `experiment: a-name`"),
    "only a comment": ("# nothing\n", "x.yaml:1: is empty."),
    "a list": (
        "- a\n",
        "x.yaml:1: must be a mapping of settings (`experiment: a-name` and so on), got a list.",
    ),
    "a word": ("hello\n", "x.yaml:1: must be a mapping of settings"),
    "duplicate key": (
        "experiment: a\ntrain:\n  epochs: 5\n  batch_size: 2\n  epochs: 6\n",
        "x.yaml:3 train.epochs: is declared twice, in lines 3 and 5. Keep one.",
    ),
    "looping alias": (
        "experiment: a\nproblem: &p\n  hidden: *p\n",
        "x.yaml:3 problem.hidden: is an alias of something it is part of. Write the value out.",
    ),
    "unknown alias": (
        "experiment: *who\n",
        "x.yaml:1: has a value in column 13 that begins with *. Write it in quotes.",
    ),
    "nesting": ("experiment: a\ntrain: " + "[" * 3000, "x.yaml:2: nested more than 30 deep. Flatten it."),
    "huge integer": (
        "experiment: a\nseed: " + "9" * 5000,
        "x.yaml:2 seed: must be an integer of at most 30 digits, got 9999",
    ),
    "tab": (
        "experiment: a\ntrain:\n\tepochs: 5\n",
        "x.yaml:3: must be indented with spaces, got a tab in column 1. Replace it by spaces.",
    ),
    "open quote": (
        "experiment: a\ntitle: 'b\nseed: 1\n",
        "x.yaml:2: has a quote in column 8 that is not closed. Close it.",
    ),
    "unfinished": (
        "experiment: a\nobjective: [elbo\n",
        "x.yaml:2: has a [ in column 12 that is not closed. Close it with ].",
    ),
    "unfinished, and more": (
        "estimators:\n  - {name: leave_one_out, num_samples: 4\n  - pathwise\n",
        "x.yaml:2: has a { in column 5 that is not closed. Close it with }.",
    ),
    "nothing after a bracket": (
        "a: [\n",
        "x.yaml:1: is the last, inside a bracket that is not closed. Close it with ] or }.",
    ),
    "nothing after a comma": (
        "a: {b: 1,\n\n",
        "x.yaml:2: is the last, inside a bracket that is not closed. Close it with ] or }.",
    ),
    "no comma": (
        "sweep: {problem.latent: [2, 5],\n        train.epochs: 1: 2}\n",
        "x.yaml:2: lacks a comma before column 24. Write one, or put a text with a colon in quotes.",
    ),
    "closed twice": (
        "train: {epochs: 5}}\n",
        "x.yaml:1: has a } in column 19 that was not opened. Remove it.",
    ),
    "two colons": (
        "experiment: a\ntitle: Mine: a study\n",
        'x.yaml:2: has a second colon in column 12. Put the text in quotes, "…: …".',
    ),
    "two colons in an item": (
        "claims:\n  - statement: ours: less\n",
        'x.yaml:2: has a second colon in column 20. Put the text in quotes, "…: …".',
    ),
    "curled quotes": (
        "experiment: a\ntitle: “Mine: a study”\n",
        'x.yaml:2: has a second colon in column 13. Put the text in straight quotes, "…: …".',
    ),
    "a setting in a value": (
        "experiment: a\n  seed: 1\n",
        "x.yaml:2: begins a setting inside the value of the line before it. Give both the same indentation",
    ),
    "deeper": (
        "problem:\n  hidden: [3]\n   latent: 2\n",
        "x.yaml:3: begins in column 4, unlike the block from line 2 on, in column 3. Indent it like what",
    ),
    "no dash": (
        "estimators:\n  score_function  # ours\n  - pathwise\n",
        "x.yaml:3: is an item of no list, in column 3. Write a dash before each item, all in one column.",
    ),
    "a dash too many": (
        "estimators: - pathwise\n",
        "x.yaml:1: has a dash in column 13 after a colon. Begin a new line, or write [a, b].",
    ),
    "no blank after a dash": (
        "estimators:\n  - score_function\n  -pathwise  # ours\n\ntrain: {epochs: 5}\n",
        "x.yaml:3: must be `key: value` or `- item`, got '-pathwise'. Write a blank after the colon or the",
    ),
    "no blank after a colon": (
        "problem:\n  hidden: [3]\n  latent:5\n\nseed: 1\n",
        "x.yaml:3: must be `key: value` or `- item`, got 'latent:5'.",
    ),
    "a sign of YAML": (
        "title: @home\n",
        "x.yaml:1: has a value in column 8 that begins with @. Write it in quotes.",
    ),
    "a star": (
        "title: *all* of it\n",
        "x.yaml:1: has a value in column 8 that begins with *. Write it in quotes.",
    ),
    "per cent first": (
        "measure: {precision: %5}\n",
        "x.yaml:1: has a value in column 22 that begins with %. Write the number first, 5%, or put a text in",
    ),
    "a quoted word first": (
        'title: "pathwise" wins\n',
        "x.yaml:1: goes on in column 19 after a value that ended with \". Put it all in '…'.",
    ),
    "backslash": (
        'title: "\\phi"\n',
        "x.yaml:1: has a backslash in double quotes, in column 9. Use single quotes.",
    ),
    "blanks that are none": (
        "problem:\n\u00a0 hidden: [3]\n  latent: 2\n",
        "x.yaml:2: must be indented with spaces, got U+00A0. Replace it by spaces.",
    ),
    "two documents": (
        "experiment: a\n---\nexperiment: b\n",
        "x.yaml:2: must be one YAML document, got a second one.",
    ),
    "control character": (
        "experiment: a\ntitle: b\x07\n",
        "x.yaml:2: holds the unprintable character U+0007.",
    ),
    "python tag": (
        "experiment: !!python/name:os.system a\n",
        "x.yaml:1 experiment: tags such as 'tag:yaml.org,2002:python/name:os.system' are not "
        "read. Remove the tag.",
    ),
    "list as key": (
        "experiment: a\n? [b]\n: c\n",
        "x.yaml:2 ?: a key must be a word, got a list or mapping.",
    ),
    "nonsense tagged": (
        "experiment: a\nseed: !!int many\n",
        "x.yaml:2 seed: must be an integer in digits, got many.",
    ),
}


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_files_that_cannot_be_read_are_answered_in_one_line(case: str) -> None:
    text, answer = REFUSED_FILES[case]
    assert complaint(text).startswith(answer)
    assert re.search(REMEDY, complaint(text)), "the remedy is a sentence of its own"


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["experiment: a", "l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "more than 20000 values once its aliases are written out" in complaint("\n".join(lines))


def test_an_alias_that_does_not_loop_is_read() -> None:
    experiment = load_text(
        "experiment: a\ntrain: {epochs: 5, checkpoints: &c [1, 5]}\nmeasure: {num_samples: *c}\n"
    )
    assert experiment.measure.num_samples == (1, 5)


def test_bytes_that_are_not_utf_8_are_placed(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"experiment: a\ntitle: caf\xe9\n")
    with pytest.raises(DeclarationError, match=r"latin\.yaml:2: must be UTF-8, got the byte 0xe9"):
        load(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfexperiment: a\n")
    assert load(path).experiment == "a"


def test_files_that_are_too_large_or_absent_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(DeclarationError, match="at most 1000000 bytes, got 1000001"):
        load(path)
    with pytest.raises(DeclarationError, match=r"none\.yaml: cannot be read \(No such file"):
        load(tmp_path / "none.yaml")


# Fields

REFUSED_FIELDS: dict[str, str] = {
    "estimators:\n  - pathwise\n  - {name: leave_one_out, num_samples: 1}": (
        "x.yaml:4 estimators[1].num_samples: leave_one_out needs at least 2, got 1. Use 2 or "
        "more, or score_function."
    ),
    "train: {epoch: 5}": "x.yaml:2 train.epoch: unknown key. Did you mean epochs?",
    "trian: {}": "x.yaml:2 trian: unknown key. Did you mean train?",
    "problem: {xyz: 1}": (
        "x.yaml:2 problem.xyz: unknown key. Use model, data, hidden, latent, activation, covariance or rank."
    ),
    "problem: vae": (
        "x.yaml:2 problem: must be a mapping of settings (model, data, hidden, latent, activation, "
        "covariance, rank), got 'vae'."
    ),
    "measure:": "x.yaml:2 measure: must be a mapping of settings (images, ",
    "problem:\n  latent: ten": "x.yaml:3 problem.latent: must be a whole number, got 'ten'.",
    "problem:\n  latent: '10'": (
        "x.yaml:3 problem.latent: must be a whole number, got '10'. Write 10 without quotes."
    ),
    "problem: {latent: 2.5}": "x.yaml:2 problem.latent: must be a whole number, got 2.5.",
    "problem: {latent: 0}": "x.yaml:2 problem.latent: must be at least 1, got 0. Use 1 or more.",
    "problem: {latent: −5}": "x.yaml:2 problem.latent: must be a whole number, got '−5'. Write -5.",
    "problem: {latent: '−5'}": "x.yaml:2 problem.latent: must be a whole number, got '−5'. Write -5.",
    "measure: {budget: '100,000'}": (
        "x.yaml:2 measure.budget: must be a whole number, got '100,000'. Write 100000."
    ),
    "measure:\n  budget: 1,000,000": (
        "x.yaml:3 measure.budget: must be a whole number, got '1,000,000'. Write 1000000."
    ),
    "measure: {budget: 100 000}": (
        "x.yaml:2 measure.budget: must be a whole number, got '100 000'. Write 100000."
    ),
    "\u00a0\u00a0seed: 1": (
        "x.yaml:2 \u00a0\u00a0seed: must be written with spaces, got U+00A0. Replace it by spaces."
    ),
    "measure: {budget: 10^5}": "x.yaml:2 measure.budget: must be a whole number, got '10^5'. Write 1e5.",
    "measure: {budget: 2*10^5}": "x.yaml:2 measure.budget: must be a whole number, got '2*10^5'. Write 2e5.",
    "train: {learning_rate: '0,001'}": (
        "x.yaml:2 train.learning_rate: must be a finite number, got '0,001'. Write 0.001."
    ),
    "measure:\n  precision: 0,05": (
        "x.yaml:3 measure.precision: must be a fraction such as 0.02 or 2%, got '0,05'. Write 0.05."
    ),
    "measure:\n  precision: 2,5%": (
        "x.yaml:3 measure.precision: must be a fraction such as 0.02 or 2%, got '2,5%'. Write 2.5%."
    ),
    "measure: {precision: 5 percent}": (
        "x.yaml:2 measure.precision: must be a fraction such as 0.02 or 2%, got '5 percent'. Write 5%."
    ),
    "train: {checkpoints: 0-5}": (
        "x.yaml:2 train.checkpoints[0]: must be a whole number, got '0-5'. A list of numbers is written "
        "[0, 1, 5]."
    ),
    "train: {checkpoints: [0; 1; 5]}": (
        "x.yaml:2 train.checkpoints[0]: must be a whole number, got '0; 1; 5'. A list of numbers is written "
        "[0, 1, 5]."
    ),
    "problem: {latent: true}": "x.yaml:2 problem.latent: must be a whole number, got true.",
    "problem: {hidden: [10, -1]}": "x.yaml:2 problem.hidden[1]: must be at least 1, got -1. Use 1 or more.",
    "problem: {hidden: []}": "x.yaml:2 problem.hidden: must not be an empty list.",
    "problem: {hidden: {a: 1}}": (
        "x.yaml:2 problem.hidden: must be a list in brackets, [a, b], got a mapping."
    ),
    "problem: {data: mnits}": (
        "x.yaml:2 problem.data: must be one of digits, mnist, mnist_fixed, omniglot, "
        "omniglot_derived, freyfaces; got 'mnits'. Did you mean mnist?"
    ),
    "problem: {model: gan}": "x.yaml:2 problem.model: must be one of vae, ",
    "train: {schedule: cosine}": (
        "x.yaml:2 train.schedule: must be one of constant, burda2016; got 'cosine'. Choose one of these."
    ),
    "estimators: [{python: a.py:B, temperature: 2}]": (
        "x.yaml:2 estimators[0].temperature: is for estimators of reportgen's; your own has it in its code, "
    ),
    "objective: [elbo, ebo]": (
        "x.yaml:2 objective[1]: must be one of reconstruction, elbo, elbo_analytic_kl, iwae, expectation, "
        "own; got 'ebo'. Did you mean elbo?"
    ),
    "objective: [elbo, elbo]": "x.yaml:2 objective[1]: must name each thing once, got 'elbo' twice.",
    "objective: []": "x.yaml:2 objective: must not be an empty list.",
    "train: {learning_rate: 0}": "x.yaml:2 train.learning_rate: must be more than 0, got 0.",
    "train: {learning_rate: .nan}": "x.yaml:2 train.learning_rate: must be a finite number, got nan.",
    "train: {learning_rate: 1e999}": "x.yaml:2 train.learning_rate: must be a finite number, got inf.",
    "train: {objective: reconstruction}": (
        "x.yaml:2 train.objective: must be one of elbo, elbo_analytic_kl, iwae; got"
    ),
    "train: {epochs: many}": "x.yaml:2 train.epochs: must be a whole number, got 'many'.",
    "train:\n  epochs: 5\n  checkpoints: [0, 9]": (
        "x.yaml:4 train.checkpoints[1]: must be at most train.epochs = 5, got 9. Train longer, or remove it."
    ),
    "train: {epochs: 5, checkpoints: [5, 0, 0]}": (
        "x.yaml:2 train.checkpoints: must increase without repeats, got [5, 0, 0]. Write [0, 5]."
    ),
    "measure: {precision: 2}": (
        "x.yaml:2 measure.precision: must lie between 0 and 1 (0% and 100%), got 2. Write 2% if "
        "you mean per cent."
    ),
    "measure: {precision: fine}": (
        "x.yaml:2 measure.precision: must be a fraction such as 0.02 or 2%, got 'fine'."
    ),
    "measure: {precision: 0%}": (
        "x.yaml:2 measure.precision: must lie between 0 and 1 (0% and 100%), got '0%'."
    ),
    "measure: {images: 1}": "x.yaml:2 measure.images: must be at least 2, got 1.",
    "measure: {budget: 100}": "x.yaml:2 measure.budget: must be at least min_replicates = 2000, got 100.",
    "estimators: [pathwise, {name: leave_one_out, num_samples: 4}]\nmeasure: {budget: 7999}": (
        "x.yaml:3 measure.budget: must be at least min_replicates × num_samples = 8000 for leave_one_out, "
        "got 7999. Raise it, or lower min_replicates."
    ),
    "measure: {budget: 1e4, min_replicates: 2, num_samples: [1, 512]}": (
        "x.yaml:2 measure.budget: must be at least 32 × num_samples = 16384, got 10000. "
        "Raise it, or lower num_samples."
    ),
    "measure: {budget: 1e300}": "x.yaml:2 measure.budget: must be at most 1e+12, got 1e+300.",
    "measure: {constants: [0, 1, 1]}": (
        "x.yaml:2 measure.constants[2]: must name each thing once, got 1.0 twice."
    ),
    "measure: {sweep_checkpoints: first}": (
        "x.yaml:2 measure.sweep_checkpoints: must be last, every or a list of epochs, got 'first'. Use last."
    ),
    "measure: {sweep_checkpoints: true}": (
        "x.yaml:2 measure.sweep_checkpoints: must be last, every or a list of epochs, got true. Use last."
    ),
    "measure: {sweep_checkpoints: [3]}": (
        "x.yaml:2 measure.sweep_checkpoints[0]: must be one of train.checkpoints ["
    ),
    "estimators: [pathwse]": "x.yaml:2 estimators[0].name: must be one of score_function, ",
    "estimators: [{label: a}]": (
        "x.yaml:2 estimators[0].name: is required, got nothing. Add `name: pathwise`."
    ),
    "estimators: [{name: pathwise, basline: 1}]": (
        "x.yaml:2 estimators[0].basline: unknown key. Did you mean baseline?"
    ),
    "estimators: [{name: pathwise, baseline: optimal_constant}]": (
        "x.yaml:2 estimators[0].baseline: is an option of score_function, got pathwise. Remove it."
    ),
    "estimators: [{name: leave_one_out, as_printed: true}]": (
        "x.yaml:2 estimators[0].as_printed: is an option of score_function, got leave_one_out. Remove it."
    ),
    "estimators: [pathwise, {name: score_function, as_printed: true, baseline: optimal_constant}]": (
        "x.yaml:2 estimators[1].as_printed: as_printed cannot be combined with baseline. Remove one."
    ),
    'estimators: [{name: pathwise, label: "a, b"}]': (
        "x.yaml:2 estimators[0].label: must be free of , ( ) < > = so that claims can name it, got 'a, b'."
    ),
    'estimators: [{name: pathwise, label: "Café"}, {name: score_function, label: "cafe\u0301"}]': (
        "x.yaml:2 estimators[1].label: 'café' reads like 'Café', the label of estimators[0]. Choose another."
    ),
    'estimators: [{name: pathwise, label: "\u0391ll"}, {name: score_function, label: "all"}]': (
        "x.yaml:2 estimators[1].label: 'all' reads like '\u0391ll' (one has greek capital letter alpha, "
        "U+0391), the label of estimators[0]. Choose another."
    ),
    'estimators: [{name: pathwise, label: "z \u2212 1"}, {name: score_function, label: "z \u2013 1"}]': (
        "x.yaml:2 estimators[1].label: 'z \u2013 1' reads like 'z \u2212 1' (one has minus sign, "
    ),
    "estimators: [{name: pathwise, label: Score function}, score_function]": (
        "x.yaml:2 estimators[1].label: 'score_function' reads like 'Score function', the label of "
        "estimators[0]. Choose another."
    ),
    'estimators: [{name: pathwise, label: "-1+cmd"}]': (
        "x.yaml:2 estimators[0].label: must not begin with + - @, since a spreadsheet would take "
        "it for a formula in results.csv, got '-1+cmd'. Write the minus sign −, or begin with a word."
    ),
    "estimators: [pathwise, {name: score_function, label: pathwise}]": (
        "x.yaml:2 estimators[1].label: 'pathwise' is the label of estimators[0] too. Choose another."
    ),
    "estimators: [{name: score_function, label: pathwise}]": (
        "x.yaml:2 estimators[0].label: pathwise is the name of another estimator than score_function."
    ),
    "estimators: [pathwise, {name: pathwise, label: again}]": (
        "x.yaml:2 estimators[1]: is pathwise with K = 1 again, like estimators[0]. Remove one."
    ),
    "estimators: [{name: score_function, as_printed: true}]": (
        "x.yaml:2 estimators: need an unbiased one to compare the others with, got none. Add pathwise."
    ),
    "estimators: []": "x.yaml:2 estimators: must not be an empty list.",
    "sweep: {problem.latnt: [1]}": (
        "x.yaml:2 sweep.problem.latnt: no setting has this path. A sweep is over problem.… or train.…."
        " Did you mean problem.latent?"
    ),
    "sweep: {problem.data: [mnist]}": (
        "x.yaml:2 sweep.problem.data: problem.data cannot be swept: declare one "
    ),
    "sweep:\n  problem.latent:\n    - 2\n    - zwei": (
        "x.yaml:5 sweep.problem.latent[1]: problem.latent must be a whole number, got 'zwei'."
    ),
    "sweep: {problem.latent: [2, 2.0]}": (
        "x.yaml:2 sweep.problem.latent[1]: must be new, got 2.0 twice. Remove one."
    ),
    "sweep: {problem.latent: []}": (
        "x.yaml:2 sweep.problem.latent: must list at least one value, got an empty list."
    ),
    "sweep: {problem.latent: 3}": "x.yaml:2 sweep.problem.latent: must be a list in brackets, [a, b], got 3.",
    "train: {epochs: 9, checkpoints: [9]}\nsweep: {train.epochs: [3]}": (
        "x.yaml:3 sweep.train.epochs[0]: with this value train.checkpoints[0] must be at most "
        "train.epochs = 3, got 9."
    ),
    f"sweep: {{problem.latent: {list(range(1, 51))}, train.batch_size: {list(range(1, 51))}}}": (
        "x.yaml:2 sweep: spans 2500 settings, at most 1000 are run. Shorten the lists."
    ),
    "sweep: {problem.latent: [2, 5]}\nclaims: [{id: a, statement: b, test: "
    '"crossover(pathwise, score_function, problem.latent) = 9 within 5%"}]': (
        "x.yaml:3 claims[0].test: a crossover is looked for between the swept values, 2 and 5, got 9. "
        "Add values to sweep.problem.latent."
    ),
    "sweep: [{problem.latent: [2]}, {}]": (
        "x.yaml:2 sweep[1]: must sweep a setting, got an empty mapping. Remove it."
    ),
    "sweep:\n  - problem.latent: [2, 3]\n  - problem.latent: [2, 3]": (
        "x.yaml:4 sweep[1]: is sweep[0] again. Remove one."
    ),
    "problem: {model: linear_gaussian_vae, latent: 100}": (
        "x.yaml:2 problem.latent: must be at most 64, got 100. Use 64 or less."
    ),
    "title: 2016": "x.yaml:2 title: must be text, got 2016. Put it in quotes.",
    "title: ''": "x.yaml:2 title: must not be empty. Write something, or remove the key.",
    "title: |\n  " + "long " * 100: "x.yaml:2 title: must have at most 200 characters, got 499. Shorten it.",
    'title: "bell \\a"': "x.yaml:2 title: must be printable characters, got U+0007. Remove it.",
    'estimators: [{name: pathwise, label: "\\ud800"}]': (
        "x.yaml:2 estimators[0].label: must be printable characters, got U+D800. Remove it."
    ),
    'estimators: [pathwise, {name: score_function, label: "path\\u00adwise"}]': (  # seen: pathwise, twice
        "x.yaml:2 estimators[1].label: must be printable characters, got U+00AD. Remove it."
    ),
    "seed: -1": "x.yaml:2 seed: must be at least 0, got -1. Use 0 or more.",
    "problem: {model: rainforth, points: 9, data_points: 8}": (
        "x.yaml:2 problem.points: must be at most data_points = 8, got 9. Raise that, or lower it."
    ),
    "problem: {model: conjugate, drop_constant: 'no'}": (
        "x.yaml:2 problem.drop_constant: must be true or false, got 'no'. Write one of these."
    ),
    "problem: {model: bits, probability: 1}": "x.yaml:2 problem.probability: must be less than 1, got 1.",
    "problem: {model: rainforth, perturbation: -0.1}": (
        "x.yaml:2 problem.perturbation: must be at least 0, got -0.1."
    ),
    "train: {epochs: 2, checkpoints: [0, 2], after: {epochs: 3, checkpoints: [0, 4]}}": (
        "x.yaml:2 train.after.checkpoints[1]: must be at most train.after.epochs = 3, got 4. Train longer"
    ),
    "train: {beta_1: 1}": "x.yaml:2 train.beta_1: must be less than 1, got 1.",
    "train: {after: {epoch: 3}}": "x.yaml:2 train.after.epoch: unknown key. ",
    "problem: {model: bernoulli_vae}\ntrain: {objective: iwae}\nestimators: [score_function]": (
        "x.yaml:3 train.objective: "
    ),
    "problem: {model: bernoulli_vae}\ntrain: {num_samples: 2}\nestimators: [score_function]": (
        "x.yaml:3 train.num_samples: bernoulli_vae is trained with samples of its own number, got 2. "
        "Remove it."
    ),
    "problem: {model: conjugate}\njudge: {}": (
        "x.yaml:3 judge: conjugate is not judged: it gives no images. Remove the section."
    ),
    "judge: {num_samples: 50, curve: [1, 5, 50]}": (
        "x.yaml:2 judge.curve[2]: must be fewer than judge.num_samples = 50, got 50. Remove it."
    ),
    "judge: {checkpoints: [3]}": "x.yaml:2 judge.checkpoints[0]: must be one of train.checkpoints [0, 1, 5",
    "published: {source: a, values: [{at: {}, nll: 1}]}": (
        "x.yaml:2 published: holds judged models against published ones, and there is no judge. "
        "Add `judge: {}`."
    ),
    "judge: {}\nsweep: {train.num_samples: [2]}\n"
    "published: {source: a, values: [{at: {train.num_sample: 1}, nll: 1}]}": (
        "x.yaml:4 published.values[0].at.train.num_sample: is not swept, so it tells no model apart."
    ),
    "judge: {}\nsweep: {train.num_samples: [2]}\n"
    "published: {source: a, values: [{at: {train.num_samples: 2}, nll: 1}, "
    "{at: {train.num_samples: 2}, nll: 2}]}": (
        "x.yaml:4 published.values[1].at: are the settings of published.values[0] too. Remove one."
    ),
    "judge: {}\nsweep: {train.num_samples: [2], train.objective: [iwae]}\n"
    "published: {source: a, values: [{at: {train.num_samples: 2}, nll: 1}, "
    "{at: {train.num_samples: 2, train.objective: iwae}, nll: 2}]}": (
        "x.yaml:4 published.values[1].at: are of a model that published.values[0] is of too. "
        "Name more settings there."
    ),
    "sweep: {train.after.epochs: [2]}": "x.yaml:2 sweep.train.after.epochs: no setting has this path.",
    "judge: {}\npublished: {source: a, values: [{at: {}, nll: 1, units: [5]}]}": (
        "x.yaml:3 published.values[0].units: unknown key. Use at, nll or active_units."
    ),
    "judge: {}\npublished: {source: a, values: [{at: [], nll: 1}]}": (
        "x.yaml:3 published.values[0].at: must be a mapping, got an empty list."
    ),
    "problem: {data: omniglot_derived}\njudge: {}\npublished: {source: a, values: [{at: {}, nll: 1}]}": (
        "x.yaml:4 published: needs comparable, the reason why numbers on omniglot_derived must not be held "
        "against published ones. Add it, or use another data set."
    ),
    "judge: {}\npublished: {source: a, values: [5]}": (
        "x.yaml:3 published.values[0]: must be a mapping of settings (at, nll, active_units), got 5."
    ),
    "problem: {python: 'a:b', arguments: {c: [1, .nan]}}": (
        "x.yaml:2 problem.arguments.c: must be finite, got nan."
    ),
    "problem: {python: 'a:b', arguments: {c: -1e999}}": (
        "x.yaml:2 problem.arguments.c: must be finite, got -inf."
    ),
    'claims: [{test: "variance_ratio(score_function, pathwise) > 1", quote: a}]': (
        "x.yaml:2 claims[0].id: is required, got nothing. Add `id: lower-variance`."
    ),
}


@pytest.mark.parametrize("text", REFUSED_FIELDS)
def test_every_fault_is_answered_with_place_requirement_finding_and_remedy(text: str) -> None:
    answer = complaint(f"experiment: a\n{text}\n")
    assert answer.startswith(REFUSED_FIELDS[text])
    assert re.search(REMEDY, answer), "the remedy is a sentence of its own"


def test_the_name_is_required_and_becomes_a_folder() -> None:
    assert (
        complaint("title: x")
        == "x.yaml:1 experiment: is required, got nothing. Add `experiment: my-experiment`."
    )
    assert complaint("experiment: ../up").endswith("got '../up'. Use up.")
    assert complaint("experiment: my first").endswith("Use my-first.")


def test_all_faults_of_a_file_are_reported_in_its_order() -> None:
    lines = complaints(
        "experiment: a\n"
        "problem: {latent: none}\n"
        "estimators: [pathwise, {name: leave_one_out, num_samples: 1}]\n"
        "measure:\n"
        "  budget: 10\n"
        "  images: 4\n"
        "claims:\n"
        "  - {id: b, statement: c, test: total_variance(pathwise) > x}\n"
        "unknown: 1\n"
    )
    assert [line.split(" ")[0] + " " + line.split(" ")[1].rstrip(":") for line in lines] == [
        "x.yaml:2 problem.latent",
        "x.yaml:3 estimators[1].num_samples",
        "x.yaml:5 measure.budget",
        "x.yaml:8 claims[0].test",
        "x.yaml:9 unknown",
    ]


# Claims


def test_a_claim_is_under_an_objective_that_its_estimators_are_for() -> None:
    text = (
        "experiment: a\nobjective: [elbo, iwae]\nestimators:\n"
        "  - {name: pathwise, num_samples: 2}\n  - {name: leave_one_out, num_samples: 2}\n"
        "  - {name: doubly_reparameterized, num_samples: 2}\nclaims:\n"
        "  - {id: b, statement: c, test: 'variance_ratio(%s, pathwise) > 1%s'}\n"
    )
    assert load_text(text % ("doubly_reparameterized", " under iwae")).claims[0].id == "b"
    assert load_text(text % ("leave_one_out", "")).claims[0].id == "b"
    assert complaint(text % ("leave_one_out", " under iwae")).endswith(
        "leave_one_out is no estimator of the gradient of iwae; it is not measured there. "
        "Write 'under elbo', or name another."
    )


CLAIM = (
    "experiment: a\nestimators: [score_function, pathwise, {name: leave_one_out, label: loo}]\n%s\nclaims:\n"
)
MORE = (
    "train: {epochs: 5, checkpoints: [0, 5]}\nmeasure: {num_samples: [1, 2, 4], constants: [-50, 0]}\n"
    "objective: [elbo, reconstruction]\nsweep: {problem.latent: [2, 3], train.batch_size: [10, 20]}"
)


def with_claim(test: str, more: str = MORE) -> str:
    return (CLAIM % more) + f"  - {{id: b, statement: c, test: '{test}'}}\n"


def test_equal_means_are_held_against_the_reference_of_their_own_objective() -> None:
    """Sticking the landing is the first that is unbiased for the ELBO, and biased for the bound."""
    text = (
        "experiment: a\nobjective: [elbo, iwae]\nestimators:\n"
        "  - {name: sticking_the_landing, num_samples: 2}\n"
        "  - {name: doubly_reparameterized, num_samples: 2}\n"
        "  - {name: score_function, num_samples: 2}\nclaims:\n"
        "  - {id: b, statement: c, test: 'equal_means(score_function, %s) under iwae'}\n"
    )
    assert load_text(text % "doubly_reparameterized").claims[0].id == "b"
    assert "needs the reference, doubly_reparameterized" in complaint(text % "sticking_the_landing")


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        (
            "variance_ratio(scorefunction, pathwise) > 1",
            "no estimator has the label or name 'scorefunction'. Did you",
        ),
        (
            "mean_norm(taylor_control_variate) > 1",
            "'taylor_control_variate' is not declared. Add it to estimators",
        ),
        ("mean_norm(loo) > 1 under ebo", "objective 'ebo' is not declared. Did you mean elbo?"),
        (
            "mean_norm(loo) > 1 at checkpoint 3",
            "checkpoint 3 is not in train.checkpoints [0, 5]. Add it, or use one.",
        ),
        ("mean_norm(loo) > 1 after checkpoint 5", "no checkpoint comes after 5 in train.checkpoints [0, 5]."),
        ("mean_norm(loo) > 1 at every problem.hidden", "'problem.hidden' is neither 'checkpoint' nor swept."),
        (
            "mean_norm(loo) > 1 at every problem.latent and at checkpoint 0",
            "checkpoint 0 is not in measure.sweep_checkpoints [5].",
        ),
        (
            "mean_norm(loo) > 1 at every train.batch_size",
            "train.batch_size varies while problem.latent stays at its base value 10, which the sweep",
        ),
        ("equal_means(score_function, loo)", "equal_means needs the reference, pathwise, as one of the two"),
        ("equal_means(pathwise, pathwise)", "compares pathwise with itself. Name two estimators."),
        (
            "variance_ratio(pathwise, pathwise) > 1",
            "compares pathwise with itself. Name each estimator once.",
        ),
        ("variance_ratio(loo, leave_one_out) > 1", "compares leave_one_out with itself."),
        ("gap_closed(loo, pathwise, pathwise) > 0.5", "compares pathwise with itself. Name each"),
        ("ordering(mean_norm, loo, pathwise, loo)", "compares loo with itself. Name each"),
        ("mean_norm(loo) < mean_norm(leave_one_out)", "compares mean_norm(loo) with itself."),
        (
            "constant_effect(loo) > 1",
            "constant_effect is measured for score_function and pathwise only, got loo.",
        ),
        (
            "constant_effect(pathwise) < 1 under reconstruction",
            "constant_effect is measured under elbo only, got reconstruction. Remove ",
        ),
        (
            "slope(total_variance(pathwise), num_samples) < 0 at every checkpoint",
            "a slope is measured at checkpoint 5 of the base setting only. Write 'at checkpoint 5', "
            "or set measure.curves: everywhere.",
        ),
        (
            "slope(total_variance(loo), num_samples) < 0",
            "a slope needs at least three values of num_samples for loo",
        ),
        (
            "mean_norm(loo) > 1 at problem.latent 4",
            "problem.latent is not swept over 4. Use 2 or 3.",
        ),
        (
            "mean_norm(loo) > 1 at train.batch_size 21 and at problem.latent 2",
            "train.batch_size is not swept over 21. Use 10 or 20.",
        ),
        (
            "mean_norm(loo) > 1 at problem.latent two",
            "problem.latent is not swept over two. Use 2 or 3.",
        ),
        (
            "mean_norm(loo) > 1 at problem.hidden 2",
            "'problem.hidden' is neither 'checkpoint' nor swept.",
        ),
        (
            "mean_norm(loo) > 1 at train.batch_size 10",
            "train.batch_size is 10 while problem.latent stays at its base value 10, which the sweep",
        ),
        (
            "mean_norm(loo) > 1 at problem.latent 2 and at checkpoint 0",
            "checkpoint 0 is not in measure.sweep_checkpoints [5].",
        ),
        (
            "mean_norm(loo) > 1 in hidden.2 at problem.latent 2",
            "no setting has a parameter group 'hidden.2'. Did you mean hidden.",
        ),
        (
            "mean_norm(loo) > 1 in lower",
            "no setting has a parameter group 'lower'. Use hidden.0, ",
        ),
        (
            "equal_means(pathwise, loo) in mean",
            "equal_means is made of all coordinates together, got 'in mean'. Remove it, or use total_var",
        ),
        (
            "evaluations(loo) < evaluations(pathwise) in mean",
            "evaluations is made of all coordinates together, got 'in mean'.",
        ),
        (
            "slope(directional_signal_to_noise(pathwise), num_samples) < 0 in mean",
            "directional_signal_to_noise is made of all coordinates together, got 'in mean'.",
        ),
        (
            "ordering(monte_carlo_share, loo, pathwise) in mean",
            "monte_carlo_share is made of all coordinates together",
        ),
        (
            "crossover(loo, pathwise, problem.laten) = 3 within 5%",
            "'problem.laten' is not swept, and a crossover runs along a swept setting. Did you mean",
        ),
        (
            "crossover(loo, pathwise, problem.latent) = 3 within 5% at every problem.latent",
            "problem.latent is what the crossover runs along, got a scope over it too. Remove the scope.",
        ),
        (
            "slope(mean_norm(loo), problem.laten) > 1",
            "'problem.laten' is not swept, and a slope runs along a swept setting. Did you mean",
        ),
        (
            "slope(mean_norm(loo), problem.latent) > 1 at problem.latent 2",
            "problem.latent is what the slope runs along, got a scope over it too. Remove the scope.",
        ),
        (
            "crossover(loo, leave_one_out, problem.latent) = 3 within 5%",
            "compares loo with itself. Name two estimators.",
        ),
        (
            "crossover(lo, pathwise, problem.latent) = 3 within 5%",
            "no estimator has the label or name 'lo'. Did you mean loo?",
        ),
        (
            "crossover(loo, pathwise, train.batch_size) = 15 within 5%",
            "train.batch_size varies while problem.latent stays at its base value 10, which the sweep",
        ),
        (
            "crossover(loo, pathwise, problem.latent) = 3 within 5% at checkpoint 0",
            "checkpoint 0 is not in measure.sweep_checkpoints [5].",
        ),
    ],
)
def test_claims_speak_of_what_is_measured(test: str, answer: str) -> None:
    line = complaint(with_claim(test))
    assert line.startswith("x.yaml:8 claims[0].test: ")
    assert answer in line


def test_claims_need_constants_and_curves_that_are_declared() -> None:
    assert "Set measure.constants: [-50, 0, 50]." in complaint(
        with_claim("constant_effect(pathwise) < 1", "")
    )
    slope = "slope(total_variance(pathwise), num_samples) < 0"
    assert "Set measure.num_samples: [1, 2, 4, 8]." in complaint(with_claim(slope, ""))


@pytest.mark.parametrize(
    "test",
    [
        "equal_means(score_function, pathwise) at every checkpoint",
        "equal_means(pathwise, loo) under reconstruction",
        "mean_norm(leave_one_out) > 1 at some problem.latent and at checkpoint 5",
        "slope(total_variance(pathwise), num_samples) < 0 at checkpoint 5",
        "constant_effect(score_function) > 10% under elbo",
        "mean_norm(loo) > 1 after checkpoint 0",
        "mean_norm(loo) > 1 at problem.latent 2",
        "mean_norm(loo) > 1 at problem.latent 3.0 and at train.batch_size 20",
        "mean_norm(loo) > 1 at train.batch_size 10 and at every problem.latent",
        "mean_norm(loo) > 1 at problem.latent 10 and at every checkpoint",
        "mean_norm(loo) > 1 in hidden.0 at problem.latent 2",
        "slope(mean_norm(pathwise), num_samples) = 0 within 0.1 in mean",
        "slope(total_variance(pathwise), problem.latent) > 2 in mean under reconstruction",
        "slope(total_variance(pathwise), problem.latent) = 2 within 5% at every train.batch_size",
        "crossover(loo, pathwise, problem.latent) > 2 in mean under reconstruction",
        "crossover(loo, pathwise, problem.latent) = 3 within 5% at every train.batch_size",
        "crossover(loo, pathwise, train.batch_size) = 15 within 5% at problem.latent 3",
    ],
)
def test_claims_that_fit_are_accepted(test: str) -> None:
    (claim,) = load_text(with_claim(test)).claims
    assert str(claim.parsed).split(" ")[0] == test.split(" ")[0]


def test_slopes_are_measured_where_the_curves_are() -> None:
    everywhere = MORE.replace("[1, 2, 4]", "[1, 2, 4], curves: everywhere")
    test = (
        "slope(total_variance(pathwise), num_samples) < 0 at every problem.latent and at train.batch_size 10"
    )
    assert load_text(with_claim(test, everywhere)).claims[0].id == "b"
    assert "of the base setting only" in complaint(with_claim(test))
    effect = "constant_effect(pathwise) < 1 at every problem.latent"
    assert complaint(with_claim(effect, everywhere)).endswith("Write 'at checkpoint 5'.")


def test_the_base_value_of_a_setting_within_another_is_found() -> None:
    more = (
        "train: {epochs: 5, after: {epochs: 2, objective: iwae, num_samples: 5}}\n"
        "sweep: {train.after.num_samples: [2, 3]}"
    )
    assert load_text(with_claim("mean_norm(loo) > 1 at train.after.num_samples 5", more)).claims[0].id == "b"
    line = complaint(with_claim("mean_norm(loo) > 1 at train.after.num_samples 4", more))
    assert "train.after.num_samples is not swept over 4. Use 2 or 3." in line


def test_a_crossover_runs_along_two_numbers_or_more() -> None:
    words = "sweep: {train.objective: [elbo, elbo_analytic_kl]}"
    line = complaint(with_claim("crossover(loo, pathwise, train.objective) = 3 within 5%", words))
    assert "a crossover runs along numbers, got 'elbo' in sweep.train.objective. Use another." in line
    one = "sweep: {problem.latent: [2]}"
    line = complaint(with_claim("crossover(loo, pathwise, problem.latent) = 3 within 5%", one))
    assert "a crossover needs at least two values of problem.latent, got one. Add values to sweep." in line


def test_a_slope_runs_along_numbers_above_zero() -> None:
    claim = "slope(total_variance(pathwise), %s) > 1"
    words = "sweep: {train.objective: [elbo, elbo_analytic_kl]}"
    line = complaint(with_claim(claim % "train.objective", words))
    assert "a slope runs along numbers, got 'elbo' in sweep.train.objective. Use another." in line
    zero = "sweep: {problem.latent: [2, 3], train.seed: [0, 1]}"
    assert "train.seed is in no order, so nothing rises or falls" in complaint(
        with_claim(claim % "train.seed", zero)
    )
    line = complaint(
        with_claim(claim % "train.epochs", "train: {checkpoints: [0]}\nsweep: {train.epochs: [0, 1]}")
    )
    assert "a slope is on log-log axes, got 0 in sweep.train.epochs. Use values above 0." in line


def test_a_text_value_is_looked_up_and_the_base_value_is_measured_at_every_checkpoint() -> None:
    more = "train: {epochs: 5, checkpoints: [0, 5]}\nsweep: {train.objective: [elbo, elbo_analytic_kl]}"
    line = complaint(with_claim("mean_norm(loo) > 1 at train.objective elbow", more))
    assert "train.objective is not swept over elbow. Did you mean elbo?" in line
    fits = "mean_norm(loo) > 1 at train.objective elbo and at checkpoint 0"
    assert load_text(with_claim(fits, more)).claims[0].id == "b"
    away = complaint(with_claim(fits.replace("elbo ", "elbo_analytic_kl "), more))
    assert "checkpoint 0 is not in measure.sweep_checkpoints [5]." in away


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        ("mean_norm(loo) > 1 at every problem.latent and at train.batch_size 20", None),
        ("mean_norm(loo) > 1 at train.batch_size 50", None),
        ("mean_norm(loo) > 1 at problem.latent 4", None),
        (
            "mean_norm(loo) > 1 at problem.latent 4 and at train.batch_size 50",
            "the sweep does not run problem.latent where train.batch_size 50 is wanted. Sweep both",
        ),
        (
            "mean_norm(loo) > 1 at problem.latent 2",
            "problem.latent is 2 while train.batch_size stays at its base value 20, which the sweep",
        ),
    ],
)
def test_a_sweep_of_several_blocks_reaches_what_one_of_them_runs(test: str, answer: str | None) -> None:
    sweep = (
        "sweep: [{problem.latent: [2], train.batch_size: [10]}, {problem.latent: [4, 10]}, "
        "{train.batch_size: [20, 50]}]"
    )
    experiment = load_text(with_claim("mean_norm(loo) > 1", f"train: {{checkpoints: [0, 5]}}\n{sweep}"))
    parsed = parse(test)
    faults = [*scope_faults(experiment, parsed), *unreached(experiment, parsed)]
    assert faults == [] if answer is None else faults and faults[0].startswith(answer)


def test_a_base_value_in_another_spelling_is_in_the_sweep() -> None:
    sweep = "sweep: {problem.hidden: [50, [100, 100]], problem.latent: [1e1, 20]}"
    (claim,) = load_text(with_claim("mean_norm(loo) > 1 at every problem.latent", sweep)).claims
    assert claim.id == "b"


def test_a_faulty_sweep_is_not_blamed_on_claims() -> None:
    sweep = "sweep: {problem.latnt: [2], problem.latent: [x]}"
    lines = complaints(with_claim("mean_norm(loo) > 1 at every problem.latent", sweep))
    assert [line.split(":")[1].split(" ")[1] for line in lines] == [
        "sweep.problem.latent[0]",
        "sweep.problem.latnt",
    ]


def test_claims_have_unique_ids_and_say_something() -> None:
    text = (
        CLAIM % ""
        + "  - {id: b, quote: c, test: mean_norm(loo) > 1}\n  - {id: b, test: mean_norm(loo) > 1}\n"
    )
    empty, twice = complaints(text)
    assert empty.startswith("x.yaml:6 claims[1]: needs a quote or a statement, got neither.")
    assert twice == "x.yaml:6 claims[1].id: must be unique, got 'b', the id of claims[0] too. Rename one."


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("mean_norm(lo) > 1", "no estimator has the label or name 'lo'. Did you mean loo?"),
        (
            "mean_norm(loo) >",
            "column 17: expected a number or a statistic, got the end (in `mean_norm(loo) >`).",
        ),
    ],
)
def test_a_mistake_of_several_claims_is_told_once_with_every_place(test: str, said: str) -> None:
    more = "".join(f"  - {{id: {name}, quote: c, test: {test}}}\n" for name in "bde")
    (line,) = complaints(CLAIM % "" + more)
    assert (
        line == f"x.yaml:5 claims[0].test: {said} So in claims[1].test (line 6) and claims[2].test (line 7)."
    )


def test_a_mistake_of_several_claims_of_an_option_has_no_line_of_the_file() -> None:
    claim = "{id: %s, quote: c, test: mean_norm(lo) > 1}"
    option = f"claims=[{claim % 'b'}, {claim % 'd'}]"
    with pytest.raises(DeclarationError) as caught:
        load_text(CLAIM % "", "x.yaml", [option])
    assert str(caught.value) == (
        f"--set {option} claims[0].test: no estimator has the label or name 'lo'. Did you mean loo? "
        "So in claims[1].test."
    )


def test_a_test_cut_at_its_comma_is_told_to_use_quotes() -> None:
    text = CLAIM % "" + "  - {id: b, quote: c, test: variance_ratio(loo, pathwise) > 1}\n"
    assert complaints(text)[0] == (
        "x.yaml:5 claims[0]: the text is cut at a comma, got the rest 'pathwise) > 1' as a key. "
        "Put it in quotes."
    )


def test_a_quote_is_the_statement_where_there_is_none() -> None:
    (claim,) = load_text(CLAIM % "" + "  - {id: b, quote: so be it, test: mean_norm(loo) > 1}\n").claims
    assert (claim.statement, claim.quote, claim.source, claim.expect) == (
        "so be it",
        "so be it",
        None,
        "confirmed",
    )


def test_a_model_is_trained_on_an_objective_that_it_has() -> None:
    text = "experiment: a\nproblem: {model: layered_vae}\ntrain: {objective: elbo_analytic_kl}\n"
    assert complaint(text).startswith("x.yaml:3 train.objective: layered_vae has no elbo_analytic_kl.")


def test_every_stochastic_layer_has_its_list_of_widths() -> None:
    text = "experiment: a\nproblem: {model: layered_vae, latent: [10, 5, 2], hidden: [[50], [20]]}\n"
    assert complaint(text) == (
        "x.yaml:2 problem.hidden: must hold one list of widths for each layer of latent, 3, got 2. "
        "Write [[50, 50], [20, 20], [20, 20]] or the like."
    )
    text = "experiment: a\nproblem: {model: layered_vae, hidden: [[50], []]}\n"
    assert complaint(text).startswith("x.yaml:2 problem.hidden[1]: must not be an empty list.")
    text = "experiment: a\nproblem: {model: layered_vae, latent: []}\n"
    assert complaint(text).startswith("x.yaml:2 problem.latent: must not be an empty list.")


def test_values_that_results_csv_writes_alike_are_not_swept_together() -> None:
    """Its readers, `compare` and `verify` among them, could not tell the two apart."""
    text = "experiment: a\nproblem: {model: layered_vae, latent: [2, 2], hidden: [[4], [3, 2]]}\nsweep: "
    wrong = complaint(f"{text}{{problem.hidden: [[[4], [3, 2]], [[4, 3], [2]]]}}\n")
    assert wrong == (
        "x.yaml:3 sweep: has two settings that results.csv cannot tell apart: it writes 4 3 2 for both. "
        "Declare an experiment for each."
    )
    assert load_text(f"{text}{{problem.hidden: [[[4], [3, 2]], [[4, 3], [3]]]}}\n").swept
    block = "{problem.hidden: [[[4], [3, 2]]]}"
    assert load_text(f"{text}[{block}, {block.replace(': [', ': [[[9], [9]], ')}]\n").swept  # one of both


def test_settings_that_go_only_together_are_swept_together() -> None:
    text = "experiment: a\nproblem: {model: layered_vae}\nsweep:\n"
    one = "  - {problem.latent: [[50]], problem.hidden: [[[9, 8]]]}\n"
    three = "  - {problem.latent: [[5, 4, 3]], problem.hidden: [[[9], [8], [7]], [6, 5, 4]]}\n"
    experiment = load_text(text + one + three)
    found = [cell.problem for cell in make_plan(experiment, "0" * 64).trainings]
    assert [(problem["latent"], problem["hidden"]) for problem in found] == [
        ([10, 5], [[50, 50], [20, 20]]),
        ([50], [[9, 8]]),
        ([5, 4, 3], [[9], [8], [7]]),
        ([5, 4, 3], [[6], [5], [4]]),
    ]
    crossed = "  - {problem.latent: [[50], [5, 4]], problem.hidden: [[[9, 8]], [[9], [8]]]}\n"
    assert complaint(text + crossed) == (
        "x.yaml:4 sweep[0]: problem.latent [50], problem.hidden [[9], [8]]: must hold one list of widths for "
        "each layer of latent, 1, got 2. Write [[50, 50]] or the like. Values that belong together make a "
        "mapping of their own in a list."
    )
    alone = "  - {problem.latent: [[50]]}\n"
    assert complaint(text + alone).startswith("x.yaml:4 sweep[0].problem.latent[0]: problem.latent must hold")
    text = (
        "experiment: a\nproblem: {model: rainforth}\nsweep: {problem.points: [9], problem.data_points: [8]}\n"
    )
    assert "must be at most data_points = 8, got 9" in complaint(text)


def test_an_estimator_applies_to_every_family_that_is_swept() -> None:
    text = (
        "experiment: a\nproblem: {model: logistic_regression}\nestimators: [measure_valued, pathwise]\n"
        "sweep: {problem.covariance: [diagonal, full]}\n"
    )
    assert complaint(text).startswith(
        "x.yaml:3 estimators[0]: measure_valued needs a family that is gaussian, not full_covariance_gaussian"
    )
    assert load_text(text.replace(", full", "")).estimators[0].name == "measure_valued"


def test_a_group_of_any_swept_setting_may_be_named() -> None:
    text = (
        "experiment: a\nproblem: {model: logistic_regression}\nestimators: [score_function, pathwise]\n"
        "sweep: {problem.covariance: [diagonal, full]}\nclaims:\n"
        "  - {id: b, statement: c, test: 'variance_ratio(score_function, pathwise) > 1 in %s'}\n"
    )
    assert len(load_text(text % "lower").claims) == 1
    assert complaint(text % "factor").endswith("'factor'. Use mean, log_scale or lower.")


def test_groups_of_a_model_of_ones_own_are_not_known_beforehand() -> None:
    text = (
        "experiment: a\nproblem: {python: my_vae.py:build}\nestimators: [score_function, pathwise]\nclaims:\n"
        "  - {id: b, statement: c, test: 'variance_ratio(score_function, pathwise) > 1 in whatever'}\n"
    )
    assert len(load_text(text).claims) == 1


def test_an_estimator_that_does_not_apply_is_one_fault_and_not_two() -> None:
    text = "experiment: a\nproblem: {model: conjugate}\nobjective: elbo\nestimators: [%s]\n"
    with pytest.raises(DeclarationError) as raised:
        load_text(text % "vimco", "x.yaml")
    assert str(raised.value).splitlines() == [
        "x.yaml:4 estimators[0]: vimco is made for a bound of several samples. "
        "Add the objective iwae, or remove it."
    ]
    biased = complaint(text % "{name: score_function, as_printed: true}")
    assert "need an unbiased one to compare the others with" in biased


def test_a_fault_of_the_judge_is_not_told_as_its_absence() -> None:
    text = """\
experiment: judged
judge: {images: 10}
published: {source: burda2016, values: [{at: {}, nll: 86.76}]}
claims:
  - {id: a, statement: s, test: negative_log_likelihood < 90}
"""
    assert complaints(text) == ["x.yaml:2 judge.images: must be at least 20, got 10. Use 20 or more."]


def test_a_label_given_twice_is_told_once() -> None:
    text = """\
experiment: twice
estimators: [score_function, {name: score_function, num_samples: 2}, pathwise]
claims:
  - {id: a, statement: s, test: "variance_ratio(score_function, pathwise) > 1"}
"""
    assert complaints(text) == [
        "x.yaml:2 estimators[1].label: 'score_function' is the label of estimators[0] too. Choose another."
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("experiment: énergie", "must be letters from a to z, digits, - and _ .* Use energie."),
        ("experiment: 能量", "must be letters from a to z, .* Use my-name."),
        ("experiment: x\nobjective: [ELBO]", "Did you mean elbo?"),
        ("experiment: x\nproblem: {model: VAE}", "Did you mean vae?"),
    ],
)
def test_the_remedy_is_near_what_was_written(line: str, said: str) -> None:
    (only,) = complaints(line)
    assert re.search(said.replace("?", r"\?"), only), only


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        ("model: vae, hidden: {}", "hidden"),
        ("model: bernoulli_vae, hidden: {}", "hidden"),
        ("model: layered_vae, latent: [2], hidden: [{}]", "hidden[0]"),
        ("model: layered_vae, latent: {}", "latent"),
    ],
)
def test_a_network_of_very_many_layers_is_refused(problem: str, place: str) -> None:
    text = "experiment: x\nproblem: {" + problem + "}"
    said = f"x.yaml:2 problem.{place}: must name at most 1000 layers, got 1001. Name fewer."
    with pytest.raises(DeclarationError, match=re.escape(said)):
        load_text(text.replace("{}", str([4] * 1001)), "x.yaml")
    assert load_text(text.replace("{}", str([4] * 1000))).problem.weights(64, 1) > 0


def labelled(one: str, other: str) -> str:
    estimators = f"[{{name: pathwise, label: {one}}}, {{name: score_function, label: {other}}}]"
    return f"experiment: x\nestimators: {estimators}"


def test_greek_letters_are_labels_of_their_own() -> None:
    """φ is no p, α no a: only what a font shows as the same letter is refused."""
    labels = ["θ", "φ", "λ", "α", "a", "ρ", "p", "η", "n", "ω", "w", "κ", "k"]
    for one, other in itertools.combinations(labels, 2):
        assert load_text(labelled(one, other)).labels == (one, other)


@pytest.mark.parametrize(("one", "other"), ["Αa", "AΑ", "ΒB", "Εe", "Ηh", "Κk", "Νn", "οo", "νv", "µμ", "∆Δ"])
def test_labels_that_look_the_same_are_refused(one: str, other: str) -> None:
    with pytest.raises(DeclarationError, match=rf"'{other}' reads like '{one}' \(one has \D+, U\+"):
        load_text(labelled(one, other))
