"""A declaration written out: resolved, as YAML, and as a JSON Schema for editors."""

from __future__ import annotations

from typing import Any

import yaml

from reportgen.declaration.experiment import Experiment
from reportgen.declaration.problems import OF_CODE, PROBLEMS
from reportgen.declaration.yaml_scalars import resolvers

UNNAMED = ("vae", *OF_CODE)
"""Models that a `problem` section may mean without naming them."""


def resolved(experiment: Experiment) -> dict[str, Any]:
    """Every setting with its value, defaults included, as plain data that loads to the same experiment."""
    plain: dict[str, Any] = experiment.model_dump(mode="json", exclude_none=True)
    plain["measure"]["sweep_checkpoints"] = list(experiment.sweep_checkpoints)
    if plain["train"]["seed"] == experiment.seed:
        del plain["train"]["seed"]  # so that it follows the experiment's
    if not experiment.problem.trained:
        del plain["train"], plain["measure"]["sweep_checkpoints"]
    if not experiment.problem.images:
        del plain["measure"]["images"]
    if len(experiment.sweep) == 1:
        plain["sweep"] = plain["sweep"][0]
    return plain


class _Writer(yaml.SafeDumper):
    """Quotes what YAML 1.2 would take for a number, and writes short lists on one line."""

    yaml_implicit_resolvers = resolvers()

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _sequence(writer: _Writer, values: list[Any]) -> yaml.Node:
    flat = all(not isinstance(value, (dict, list)) for value in values)
    return writer.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flat)


_Writer.add_representer(list, _sequence)


def to_yaml(plain: dict[str, Any]) -> str:
    """Plain data as YAML text that reads back the same."""
    return yaml.dump(
        plain, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


def json_schema() -> dict[str, Any]:
    """JSON Schema of a declaration, for editors that complete and check YAML."""
    schema = Experiment.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "reportgen experiment"
    entry = schema["$defs"]["EstimatorEntry"]
    named = {"enum": entry["properties"]["name"]["enum"]}
    listed = schema["properties"]["estimators"]["anyOf"][0]
    listed["items"] = {"anyOf": [named, listed["items"]]}
    schema["properties"]["estimators"]["anyOf"] = [listed, named]
    schema |= _by_problem(schema)
    del entry["properties"]["function"]  # `name` is read as this, if the problem gives the estimators
    for name, kind in PROBLEMS.items():
        if name not in UNNAMED:
            schema["$defs"][kind.__name__].setdefault("required", []).append("model")
    return schema


def _by_problem(schema: dict[str, Any]) -> dict[str, Any]:
    """Lets estimators be those of the table, or any names if the problem gives the estimators."""
    table = schema["properties"]["estimators"]
    options = schema["$defs"]["EstimatorEntry"]["properties"]
    name = {"type": "string", "minLength": 1, "description": "A function of problem.gradients."}
    entry = {
        "type": "object",
        "properties": {"name": name, **{key: options[key] for key in ("label", "unbiased", "words")}},
        "required": ["name"],
        "additionalProperties": False,
    }
    function = {"anyOf": [name, entry]}
    functions = {"anyOf": [{"type": "array", "items": function, "minItems": 1}, function]}
    schema["properties"]["estimators"] = {"description": table["description"]}
    return {
        "if": {"properties": {"problem": {"required": ["gradients"]}}, "required": ["problem"]},
        "then": {"properties": {"estimators": functions}, "required": ["estimators"]},
        "else": {"properties": {"estimators": table}},
    }
