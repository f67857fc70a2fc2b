"""From YAML to a checked `Experiment`; every fault of a file is reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reportgen.declaration import overrides as command_line
from reportgen.declaration.checks.whole import complaints_about
from reportgen.declaration.complaints import Complaint, Path, Places, describe, suggestion
from reportgen.declaration.estimator_spec import OF_FUNCTIONS, EstimatorEntry
from reportgen.declaration.experiment import Claim, Experiment, Measure
from reportgen.declaration.judge import Judge
from reportgen.declaration.problems import OF_CODE, PROBLEMS, declared_model, gives_estimators
from reportgen.declaration.published import Published, PublishedValue
from reportgen.declaration.swept import with_resolved_sweep
from reportgen.declaration.train import Train
from reportgen.declaration.yaml_faults import odd_blank
from reportgen.declaration.yaml_source import decode, read
from reportgen.errors import DeclarationError

_MODELS: dict[str, type[BaseModel]] = {
    "train": Train,
    "measure": Measure,
    "judge": Judge,
    "published": Published,
    "estimators": EstimatorEntry,
    "claims": Claim,
}
"""Section → the pydantic model of it or of its items; that of `problem` depends on its `model`."""
OR_NONE = "Write it so, or remove it."
_EXAMPLES = {
    "experiment": "my-experiment",
    "name": "pathwise",
    "id": "lower-variance",
    "python": "my_vae.py:build",
    "gradients": "my_gradients.py:build",
}
"""Required key → the value that is shown as an example if it is missing."""


def load(path: FilePath | str, overrides: Sequence[str] = ()) -> Experiment:
    """Reads and checks a declaration, with ``path=value`` options laid over it.

    Raises DeclarationError: one line for each fault, ``file:line path: …``.
    """
    path = FilePath(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeclarationError(
            f"{path}: cannot be read ({reason}). Give a YAML file or a gallery name."
        ) from None
    experiment = load_text(decode(raw, str(path)), str(path), overrides)
    experiment._source_path = path
    return experiment


def load_text(text: str, name: str = "declaration.yaml", overrides: Sequence[str] = ()) -> Experiment:
    """Like `load`, for text at hand; `name` stands for the file in messages."""
    source = read(text, name)
    data, options = command_line.apply(source.data, overrides)
    places = Places(name, source.lines, options)
    complaints: list[Complaint] = []
    experiment: Experiment | None = None
    try:
        experiment = Experiment.model_validate(data)
        faulty: frozenset[str] = frozenset()
    except ValidationError as error:
        details = [of for of in error.errors(include_url=False) if of["type"] != "default_factory_not_called"]
        complaints = _telling([_complaint(detail, data) for detail in details], data)
        experiment, faulty = _without(data, complaints)
    if experiment is not None:
        complaints += complaints_about(experiment, faulty)
    if complaints or experiment is None:
        raise places.error(complaints)
    experiment = with_resolved_sweep(experiment)
    experiment._text = text
    experiment._places = places
    experiment._overrides = tuple(overrides)
    return experiment


def apply_overrides(experiment: Experiment, overrides: Sequence[str]) -> Experiment:
    """The same declaration with further ``path=value`` options, checked anew."""
    name = str(experiment.source_path or "declaration.yaml")
    changed = load_text(experiment.text, name, (*experiment.overrides, *overrides))
    changed._source_path = experiment.source_path
    return changed


def _telling(complaints: list[Complaint], data: dict[str, Any]) -> list[Complaint]:
    """Without complaints about estimators if a faulty `problem` leaves open what their names mean."""
    if any(complaint.path[:1] == ("problem",) for complaint in complaints) and _given(data) is None:
        return [complaint for complaint in complaints if complaint.path[:1] != ("estimators",)]
    return complaints


def _given(data: dict[str, Any]) -> bool | None:
    return gives_estimators(data.get("problem", {}))


def _without(
    data: dict[str, Any], complaints: Sequence[Complaint]
) -> tuple[Experiment | None, frozenset[str]]:
    """The declaration without its faulty sections (and faulty claims), to check what is left."""
    faulty = frozenset(str(complaint.path[0]) for complaint in complaints if complaint.path)
    if "problem" in faulty and _given(data) is not False:
        faulty |= {"estimators"}  # what they name is not known
    bad_claims = {c.path[1] for c in complaints if c.path[:1] == ("claims",) and len(c.path) > 1}
    kept = {key: value for key, value in data.items() if key not in faulty}
    if bad_claims and isinstance(data["claims"], list):
        kept["claims"] = [claim for i, claim in enumerate(data["claims"]) if i not in bad_claims]
    try:
        return Experiment.model_validate({"experiment": "unnamed"} | kept), faulty - {"claims"}
    except ValidationError:
        return None, faulty


def _complaint(detail: ErrorDetails, data: dict[str, Any]) -> Complaint:
    path: Path = tuple(detail["loc"])
    if path[:1] == ("problem",):
        path = (*path[:1], *path[2:])  # without the model, which pydantic puts between
    if path[:1] == ("estimators",) and path[2:] == ("function",):
        path = _as_named(path, data["estimators"])
    context = detail.get("ctx", {})
    found = describe(detail["input"])
    if detail["type"] == "declaration":
        return Complaint((*path, *context["at"]), context["text"])
    if detail["type"] == "extra_forbidden" and detail["input"] is None and set("()") & set(str(path[-1])):
        text = f"the text is cut at a comma, got the rest {describe(path[-1])} as a key. Put it in quotes."
        return Complaint(path[:-1], text)
    if detail["type"] == "extra_forbidden" and (unseen := odd_blank(str(path[-1]))) is not None:
        return Complaint(path, f"must be written with spaces, got U+{ord(unseen):04X}. Replace it by spaces.")
    if detail["type"] == "extra_forbidden":
        guessed = path[0] == "problem" and _given(data) is None
        code = get_close_matches(str(path[-1]), OF_CODE) if guessed else []
        return Complaint(path, f"unknown key. {suggestion(path[-1], code or _keys(path, data))}")
    if detail["type"] == "missing":
        example = _EXAMPLES.get(str(path[-1]), "…")
        return Complaint(path, f"is required, got nothing. Add `{path[-1]}: {example}`.")
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return Complaint(path, f"must be a mapping{_such_as(path, data)}, got {found}. {OR_NONE}")
    if detail["type"] in ("tuple_type", "list_type"):
        return Complaint(path, f"must be a list in brackets, [a, b], got {found}. {OR_NONE}")
    return Complaint(path, f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {found}.")


def _as_named(path: Path, written: Any) -> Path:
    """The path of a function's name as it was written: by itself, or under a key."""
    entry = written[int(path[1])] if isinstance(written, list) else written
    if not isinstance(entry, dict):
        return path[:2]
    return path if "function" in entry else (*path[:2], "name")


def _keys(path: Path, data: dict[str, Any]) -> list[str]:
    """Keys that are allowed in the section that the path leads into."""
    if len(path) == 1:
        return list(Experiment.model_fields)
    if path[:2] == ("published", "values"):
        return list(PublishedValue.model_fields) if len(path) == 4 else []
    if path[0] == "estimators" and _given(data):
        return list(OF_FUNCTIONS)
    model = _problem(data) if path[0] == "problem" else _MODELS.get(str(path[0]))
    return list(model.model_fields) if model else []


def _problem(data: dict[str, Any]) -> type[BaseModel] | None:
    return PROBLEMS.get(str(declared_model(data.get("problem", {}))))


def _such_as(path: Path, data: dict[str, Any]) -> str:
    keys = _keys((*path, "?"), data)
    return f" of settings ({', '.join(keys)})" if keys else ""
