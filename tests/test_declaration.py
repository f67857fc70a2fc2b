"""Declarations: what a correct one becomes, and what the command line may change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from reportgen.datasets import DATASETS
from reportgen.declaration import (
    PROBLEMS,
    apply_overrides,
    find,
    first_experiment,
    gallery_names,
    json_schema,
    load,
    load_text,
    long_names,
    resolved,
    swept,
    to_yaml,
)
from reportgen.declaration.first_experiment import OWN
from reportgen.declaration.problems import OF_CODE
from reportgen.declaration.section import Section
from reportgen.declaration.swept import section_with
from reportgen.declaration.yaml_source import read
from reportgen.errors import DeclarationError, UsageError
from reportgen.estimators import ESTIMATORS
from reportgen.plan import make_plan
from tests.json_schema import faults


def complaints(text: str, *overrides: str) -> list[str]:
    """The lines a declaration is answered with."""
    with pytest.raises(DeclarationError) as caught:
        load_text(text, "x.yaml", overrides)
    return str(caught.value).split("\n")


def complaint(text: str, *overrides: str) -> str:
    lines = complaints(text, *overrides)
    assert len(lines) == 1, lines
    return lines[0]


# What comes out


def test_estimators_resolve_to_names_of_the_table() -> None:
    experiment = load_text(
        "experiment: a\n"
        "estimators:\n"
        "  - score_function\n"
        "  - {name: score_function, baseline: optimal_constant}\n"
        "  - {name: score_function, baseline: optimal_per_coordinate}\n"
        "  - {name: leave_one_out, num_samples: 4}\n"
        "  - {name: score_function, as_printed: true, label: as printed}\n"
        "  - pathwise\n"
    )
    assert [(spec.name, spec.label, spec.num_samples) for spec in experiment.estimators] == [
        ("score_function", "score_function", 1),
        ("score_function_optimal_constant", "score_function_optimal_constant", 1),
        ("score_function_optimal_per_coordinate", "score_function_optimal_per_coordinate", 1),
        ("leave_one_out", "leave_one_out", 4),
        ("score_function_as_printed", "as printed", 1),
        ("pathwise", "pathwise", 1),
    ]
    assert all(spec.name in ESTIMATORS for spec in experiment.estimators)
    assert experiment.reference == experiment.estimators[-1]
    found = experiment.find_estimator("score_function_as_printed")
    assert found is experiment.find_estimator("as printed") is experiment.estimators[4]


def test_without_pathwise_the_first_unbiased_is_the_reference() -> None:
    estimators = "[{name: score_function, as_printed: true}, leave_one_out, score_function]"
    text = f"experiment: a\nestimators: {estimators}\n"
    reference = load_text(text).reference
    assert reference is not None
    assert reference.name == "leave_one_out"


@pytest.mark.parametrize(("count", "name"), [(1, "sticking_the_landing"), (2, "doubly_reparameterized")])
def test_what_is_unbiased_at_its_own_number_of_samples_can_be_the_reference(count: int, name: str) -> None:
    both = [
        f"{{name: {one}, num_samples: {count}}}" for one in ("sticking_the_landing", "doubly_reparameterized")
    ]
    reference = load_text(f"experiment: a\nobjective: iwae\nestimators: [{', '.join(both)}]\n").reference
    assert reference is not None and reference.name == name


def test_a_name_shared_by_two_is_ambiguous_in_a_claim() -> None:
    text = (
        "experiment: a\nestimators: [pathwise, {name: leave_one_out, label: two},"
        " {name: leave_one_out, num_samples: 4, label: four}]\n"
        "claims: [{id: b, quote: c, test: mean_norm(leave_one_out) > 1}]\n"
    )
    assert "leave_one_out is declared 2 times. Name one by its label: two, four." in complaint(text)


def test_a_name_is_enough() -> None:
    experiment = load_text("experiment: a")
    assert experiment.title == "a"
    assert experiment.train.checkpoints == (0, 1, 5, 20, 50, 100, 200)
    assert experiment.measure.precision == 0.02
    assert experiment.labels == ("score_function", "leave_one_out", "pathwise")


def test_default_checkpoints_follow_the_epochs() -> None:
    assert load_text("experiment: a\ntrain: {epochs: 30}").train.checkpoints == (0, 1, 5, 20, 30)
    assert load_text("experiment: a\ntrain: {epochs: 0}").train.checkpoints == (0,)


def test_numbers_are_what_their_fields_say() -> None:
    experiment = load_text(
        "experiment: a\nmeasure: {precision: 2%, budget: 1e6}\ntrain: {learning_rate: 1e-3}"
    )
    assert (experiment.measure.precision, experiment.train.learning_rate) == (0.02, 0.001)
    assert experiment.measure.budget == 10**6
    assert type(experiment.measure.budget) is int


def test_swept_values_are_resolved() -> None:
    experiment = load_text("experiment: a\nsweep: {problem.latent: [2, 1e1], problem.hidden: [5, [6, 7]]}")
    assert experiment.sweep == ({"problem.latent": (2, 10), "problem.hidden": ((5,), (6, 7))},)
    assert type(experiment.sweep[0]["problem.latent"][1]) is int


def test_a_list_of_sweeps_is_a_union_of_cross_products() -> None:
    experiment = load_text(
        "experiment: a\nproblem: {model: function}\nsweep:\n"
        "  - {problem.function: [quadratic], problem.k: [-1, 0]}\n"
        "  - {problem.function: [cosine], problem.k: [0, 5]}"
    )
    assert experiment.swept == {"problem.function": ("quadratic", "cosine"), "problem.k": (-1.0, 0.0, 5.0)}
    settings = [tuple(cell.setting.values()) for cell in make_plan(experiment).measurements]
    assert settings == [("quadratic", 0.0), ("quadratic", -1.0), ("cosine", 0.0), ("cosine", 5.0)]


@pytest.mark.parametrize("path", ["title", "measure.images", "problem.latent"])
def test_an_experiment_is_frozen(path: str) -> None:
    experiment = load_text("experiment: a")
    section, _, field = path.rpartition(".")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(getattr(experiment, section) if section else experiment, field, 3)


# Overrides


def test_overrides_change_what_the_file_says() -> None:
    text = "experiment: a\nestimators: [pathwise, leave_one_out]\nmeasure: {images: 4}\n"
    experiment = load_text(
        text,
        overrides=[
            "measure.precision=5%",
            "measure.images=8",
            "problem.hidden=[3, 4]",
            "estimators[1].num_samples=4",
            "sweep.problem.latent=[1, 2]",
            "train.epochs = 5",
        ],
    )
    assert (experiment.measure.precision, experiment.measure.images) == (0.05, 8)
    assert experiment.problem.hidden == (3, 4)
    assert experiment.estimators[1].num_samples == 4
    assert experiment.sweep == ({"problem.latent": (1, 2)},)
    assert experiment.train.epochs == 5
    assert experiment.text == text


def test_overrides_add_up_and_the_last_one_counts() -> None:
    once = load_text("experiment: a", overrides=["seed=1", "problem.latent=3"])
    twice = apply_overrides(once, ["seed=2"])
    assert (twice.seed, twice.problem.latent) == (2, 3)
    assert twice.overrides == ("seed=1", "problem.latent=3", "seed=2")
    assert once.seed == 1


@pytest.mark.parametrize(
    ("option", "answer"),
    [
        ("measure.precision=abc", ": must be a fraction such as 0.02 or 2%, got 'abc'."),
        ("measure.precison=2%", ": unknown key. Did you mean precision?"),
        ("measure=3", ": must be a mapping of settings (images, "),
        ("problem.hidden=[3, x]", " problem.hidden[1]: must be a whole number, got 'x'."),
        ("measure.precision", ": must be path=value, such as measure.precision=5%."),
        ("=5", ": must be path=value"),
        ("a..b=5", ": must be path=value"),
        ("estimators[7].num_samples=4", ": estimators has 2 items, counted from 0; got 7."),
        (
            "estimators.num_samples=4",
            ": estimators holds no settings by name, got 'num_samples'. Use an item",
        ),
        ("problem[0]=4", ": problem is no list in the declaration, so it has no item 0."),
        ("problem.latent=[1", ": is not a YAML value ("),
        ("problem.latent=" + "[" * 100, ": is not a YAML value (nested too deep)."),
        ("seed=" + "9" * 50, ": must be an integer of at most 30 digits"),
        ("train.checkpoints=[0, 900]", " train.checkpoints[1]: must be at most train.epochs = 200, got 900."),
    ],
)
def test_a_wrong_override_is_placed_on_the_command_line(option: str, answer: str) -> None:
    line = complaint("experiment: a\nproblem: {latent: 3}\nestimators: [pathwise, leave_one_out]\n", option)
    assert line.startswith(f"--set {option}{answer}")


# The gallery, the first experiment, the schema


@pytest.mark.parametrize("name", [*gallery_names(), *long_names()])
def test_the_gallery_is_valid_and_named_after_its_files(name: str) -> None:
    experiment = load(find(name))
    assert experiment.experiment == name
    assert experiment.source_path == find(name)
    assert experiment.claims


def test_the_gallery_holds_what_the_readme_names() -> None:
    assert {"burda2016", "burda2016_mnist", "smoke"} <= set(gallery_names())


def test_find_answers_with_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("experiment: mine")
    assert find("mine.yaml") == Path("mine.yaml")
    with pytest.raises(
        UsageError, match=r"burda2017: no such file or gallery experiment\. Did you mean burda2016"
    ):
        find("burda2017")
    with pytest.raises(UsageError, match=r"got a folder\. Name a file in it; `reportgen list` shows"):
        find(tmp_path)
    with pytest.raises(
        UsageError, match=r"^burda2016.yaml: no such file or gallery experiment\. Did you mean burda2016\?"
    ):
        find("burda2016.yaml")
    with pytest.raises(UsageError, match=r"^x/miner.yaml: no such file\. Correct the path; `reportgen init`"):
        find("x/miner.yaml")


def test_a_file_of_another_kind_is_not_repeated_whole() -> None:
    with pytest.raises(DeclarationError) as error:
        load_text("word " * 1000)
    assert len(str(error.value)) < 200 and "got the single value 'word word" in str(error.value)


def test_swept_values_are_not_validated_anew_for_each_estimator_and_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = 0

    def counted(*args: Any) -> Section:
        nonlocal made
        made += 1
        return section_with(*args)

    def sections_made(estimators: str, claims: int) -> int:
        nonlocal made
        made = 0
        test = "variance_ratio(score_function, pathwise) > 1 in mean at every problem.latent"
        text = f"experiment: a\nproblem: {{model: vae}}\nestimators: [{estimators}]\n"
        text += "sweep: {problem.latent: [2, 3, 4, 5]}\nclaims:\n"
        load_text(text + "".join(f"  - {{id: c{i}, statement: s, test: '{test}'}}\n" for i in range(claims)))
        return made

    monkeypatch.setattr(swept, "section_with", counted)
    few = sections_made("score_function, pathwise", 1)
    many = sections_made("score_function, pathwise, leave_one_out, measure_valued, sticking_the_landing", 9)
    assert few == many > 0


@pytest.mark.parametrize("name", ["mine", "my-first_1", "2016", "true", "007"])
def test_the_first_experiment_is_valid(name: str) -> None:
    ((file, text),) = first_experiment(name).items()
    experiment = load_text(text)
    assert (file, experiment.experiment) == (f"{name}.yaml", name)
    assert experiment.claims


@pytest.mark.parametrize("name", ["mine", "my-first_1", "2016"])
@pytest.mark.parametrize("own", OWN)
def test_one_of_own_code_names_the_file_beside_it(name: str, own: str) -> None:
    files = first_experiment(name, own)
    assert list(files) == [f"{name}.py", f"{name}.yaml"]
    experiment = load_text(files[f"{name}.yaml"])
    assert experiment.experiment == name and experiment.claims
    assert set(experiment.code.values()) == {f"{name}.py:build"} and "def build(" in files[f"{name}.py"]
    assert "my_" not in files[f"{name}.yaml"] and f"report {name}.yaml" in files[f"{name}.yaml"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", r"^a/b: the name of an experiment must be letters, digits, .* Use a-b\.$"),
        ("a\nb", r"^a b: the name of an experiment must be letters, digits, .* Use a-b\.$"),
        ("", r"^NAME: the name of an experiment must not be empty\."),
    ],
)
def test_a_name_that_is_no_folder_gets_no_first_experiment(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        first_experiment(name)


def schema_objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, dict):
        inner = [found for value in schema.values() for found in schema_objects(value)]
        return [schema, *inner] if "properties" in schema else inner
    return [found for value in schema for found in schema_objects(value)] if isinstance(schema, list) else []


def test_the_schema_tells_an_editor_every_key() -> None:
    schema = json_schema()
    table = schema["else"]["properties"]["estimators"]
    objects = schema_objects({key: schema[key] for key in schema if key not in ("if", "then", "else")})
    assert len(objects) == 8 + len(PROBLEMS)
    for each in objects:
        assert each["additionalProperties"] is False
    settings_of = {key: value for each in objects for key, value in each["properties"].items()}
    assert set(load_text("experiment: a").model_dump()) <= set(schema["properties"])
    assert settings_of["data"]["enum"] == list(DATASETS)
    assert settings_of["latent"]["minimum"] == 1
    assert [key for key, value in settings_of.items() if "description" not in value] == []
    listed, alone = table["anyOf"]
    assert listed["items"]["anyOf"][0]["enum"] == alone["enum"] == list(ESTIMATORS)


EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.yaml"))


@pytest.mark.parametrize(
    "path", [*map(find, [*gallery_names(), *long_names()]), *EXAMPLES], ids=lambda path: path.stem
)
def test_the_schema_accepts_every_declaration_that_comes_along(path: Path) -> None:
    schema = json_schema()
    assert faults(schema, read(path.read_text(encoding="utf-8"), path.name).data, schema) == []


def test_a_function_has_one_spelling_in_the_schema() -> None:
    schema = json_schema()
    for problem in ({"gradients": "a.py:build"}, {"latent": 3}):
        declared = {"experiment": "a", "problem": problem, "estimators": [{"function": "mine"}]}
        assert ".estimators" in "".join(faults(schema, declared, schema))


@pytest.mark.parametrize("model", PROBLEMS)
def test_the_schema_accepts_every_model_by_name(model: str) -> None:
    schema = json_schema()
    code = {model: "mine.py:build"} if model in OF_CODE else {}
    named = {"estimators": ["mine"]} if PROBLEMS[model].given else {}
    declared = {"experiment": "a", "problem": {"model": model, **code}, **named}
    assert faults(schema, declared, schema) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("problem: {latent: 3, k: 2}", ".problem"),
        ("problem: {model: function, hidden: [3]}", ".problem"),
        ("problem: {model: gan}", ".problem"),
        ("objective: ebo", ".objective"),
        ("sweep: 3", ".sweep"),
        ("sweep: {problem.k: 3}", ".sweep"),
        ("estimators: [pathwse]", ".estimators"),
        ("problem: {gradients: a.py:build}", ""),
        ("problem: {gradients: a.py:build}\nestimators: [{name: mine, num_samples: 2}]", ".estimators"),
        ("train: {epoch: 3}", ".train.epoch"),
        ("measure: {num_samples: [0]}", ".measure.num_samples"),
    ],
)
def test_the_schema_refuses_what_is_wrong(text: str, place: str) -> None:
    schema = json_schema()
    found = faults(schema, read(f"experiment: a\n{text}", "x.yaml").data, schema)
    assert [fault.partition(":")[0] for fault in found] == [place]


def test_estimators_left_out_are_those_of_the_usual_that_apply() -> None:
    labels = {
        "{model: vae}": ["score_function", "leave_one_out", "pathwise"],
        "{model: rainforth}": ["score_function", "pathwise"],
        "{model: layered_vae}": ["score_function", "leave_one_out", "pathwise"],
        "{model: bernoulli_vae}": ["score_function", "leave_one_out"],
        "{model: bits, function: parity}": ["score_function", "leave_one_out"],
    }
    for problem, expected in labels.items():
        assert list(load_text(f"experiment: a\nproblem: {problem}\n").labels) == expected
    bound = load_text("experiment: a\nobjective: iwae\n")
    assert list(bound.labels) == ["score_function", "pathwise"]


@pytest.mark.parametrize(
    ("problem", "hidden", "sentence"),
    [
        (
            "{}",
            [[50, 50], [20, 20]],
            "two Gaussian stochastic layers of 10 and 5 units, tanh layers 50–50 and",
        ),
        ("{latent: 3}", [[50, 50]], "one Gaussian stochastic layer of 3 units, tanh layers 50–50 below it, "),
        (
            "{latent: [4, 3, 2]}",
            [[50, 50], [20, 20], [20, 20]],
            "three Gaussian stochastic layers of 4, 3 and 2",
        ),
        ("{hidden: [7, 8]}", [[7], [8]], "tanh layers 7 and 8 below them in turn, mirrored in the decoder"),
    ],
)
def test_a_layered_model_has_as_many_layers_as_widths(
    problem: str, hidden: list[list[int]], sentence: str
) -> None:
    layered = load_text(
        f"experiment: a\nproblem: {problem.replace('{', '{model: layered_vae, ', 1)}\n"
    ).problem
    assert layered.model_dump(mode="json")["hidden"] == hidden and sentence in layered.sentence


def test_products_of_the_papers_two_layers_are_counted() -> None:
    sizes = {"latent": [100, 50], "hidden": [[200, 200], [100, 100]]}
    layered = PROBLEMS["layered_vae"].model_validate({"model": "layered_vae", **sizes})
    first, q = 784 * 200 + 200 * 200 + 200 * 2 * 100, 100 * 100 + 100 * 100 + 100 * 2 * 50
    p = 100 * 200 + 200 * 200 + 200 * 784 + 50 * 100 + 100 * 100 + 100 * 2 * 100
    assert layered.encoding(784) == first and layered.weights(784, 60_000) == q + p and layered.written_out


# Laws

words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=30
).filter(lambda text: bool(" ".join(text.split())))
odd_words = st.sampled_from(
    ["1e-3", "no", "null", "~", "010", "1:30", "true", "2%", "- a", "a: b", "=", "<<", "#a"]
)


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Any]:
    """Valid declarations, as plain data."""
    epochs = draw(st.integers(0, 30))
    checkpoints = sorted(draw(st.sets(st.integers(0, epochs), min_size=1, max_size=4)))
    data: dict[str, Any] = {
        "experiment": draw(st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)),
        "title": draw(words | odd_words),
        "seed": draw(st.integers(0, 10**9)),
        "problem": {
            "latent": draw(st.integers(1, 40)),
            "hidden": draw(st.lists(st.integers(1, 99), min_size=1)),
        },
        "objective": draw(st.permutations(["elbo", "reconstruction", "elbo_analytic_kl"])),
        "estimators": [
            "pathwise",
            {"name": "leave_one_out", "num_samples": draw(st.integers(2, 9)), "label": draw(labels)},
            {"name": "score_function", "baseline": "optimal_constant"},
        ],
        "train": {"epochs": epochs, "checkpoints": checkpoints, "learning_rate": draw(st.floats(1e-9, 10))},
        "measure": {
            "images": draw(st.integers(2, 99)),
            "precision": draw(st.floats(1e-6, 0.5)),
            "num_samples": sorted(draw(st.sets(st.integers(1, 64), max_size=4))),
            "constants": draw(st.lists(st.floats(-1e6, 1e6).map(lambda c: c + 0.0), unique=True, max_size=3)),
        },
    }
    if draw(st.booleans()):
        data["sweep"] = {
            "problem.latent": draw(st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=4))
        }
    if draw(st.booleans()):
        data["claims"] = [{"id": "a", "quote": draw(words | odd_words), "test": "mean_norm(pathwise) > 1e-9"}]
    return data


labels = (
    words.map(lambda text: re.sub(r"[,()<>=]", "-", " ".join(text.split())).lstrip("+-@ "))
    .filter(bool)
    .filter(lambda text: re.sub(r"[\s-]+", "_", text.casefold()) not in ESTIMATORS)
)


@settings(max_examples=60, deadline=None)
@given(declarations())
def test_the_resolved_declaration_is_the_same_experiment(data: dict[str, Any]) -> None:
    plain = resolved(load_text(to_yaml(data)))
    assert resolved(load_text(to_yaml(plain))) == plain
    for section in ("problem", "train", "measure"):
        assert {key: plain[section][key] for key in data[section]} == data[section]


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False)
    | words
    | odd_words
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(words | odd_words, trees, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    assert read(to_yaml(data), "x.yaml").data == data


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "experiment",
                "title",
                "seed",
                "problem",
                "objective",
                "estimators",
                "train",
                "measure",
                "sweep",
                "claims",
            ]
        ),
        trees
        | st.dictionaries(
            st.sampled_from(
                ["latent", "hidden", "epochs", "checkpoints", "images", "problem.latent", "budget"]
            ),
            trees,
        )
        | st.lists(
            st.dictionaries(st.sampled_from(["name", "num_samples", "label", "id", "test"]), trees),
            max_size=2,
        ),
        min_size=1,
    )
)
def test_any_mapping_is_an_experiment_or_one_line_a_fault(data: dict[str, Any]) -> None:
    try:
        load_text(to_yaml(data), "x.yaml")
    except DeclarationError as error:
        assert all(re.match(r"x\.yaml:\d+( \S.*?)?: \S", line) for line in str(error).split("\n"))


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("experiment: a\n\t []{}&*!|>'\"%@`-#,?é\x00"), max_size=40))
def test_any_text_is_an_experiment_or_a_declaration_error(text: str) -> None:
    try:
        load_text(text, "x.yaml")
    except DeclarationError as error:
        assert str(error).startswith("x.yaml:")
