"""One line of `estimators`: what is declared, and the estimator it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from reportgen.applicability import refusal
from reportgen.declaration.code_reference import Arguments, CodeReference
from reportgen.declaration.complaints import describe, refuse
from reportgen.declaration.own_estimator import OwnEstimator, described, function_of, of_code, of_function
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Choice, Real, Switch, Text, Whole, one_of
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.objectives import OBJECTIVES

USUAL = ("score_function", "leave_one_out", "pathwise")
_BASELINES = ("optimal_constant", "optimal_per_coordinate")


def usual_estimators(problem: Problem, objectives: Sequence[str]) -> tuple[EstimatorSpec, ...]:
    """Estimators of a declaration that names none: the usual that apply; for own code, all in φ that apply.

    There are none if the problem's own code gives them: their names are not known before it is run.
    """
    if problem.given:
        return ()
    fitting = applicable(
        problem.distribution,
        tuple(objectives),
        layered=problem.layered,
        differentiable=problem.differentiable,
    )
    if problem.code is not None:
        return fitting
    names = {spec.name for spec in fitting}
    usual = [name for name in USUAL if name in names]
    return tuple(_plain(ESTIMATORS[name]) for name in usual or USUAL)


def applicable(
    family: str,
    objectives: tuple[str, ...],
    *,
    layered: bool = False,
    differentiable: bool,
) -> tuple[EstimatorSpec, ...]:
    """Every estimator of the gradient in φ that applies, negative controls left out.

    If an objective is a bound of several samples, its estimators all have the
    same K, the smallest that suits each.
    """
    facts = {"generative": False, "layered": layered, "differentiable": differentiable}
    kinds = [
        kind
        for kind in ESTIMATORS.values()
        if not kind.control and refusal(kind, family, objectives, **facts) is None
    ]
    bound = [kind for kind in kinds if any(OBJECTIVES[o].several and kind.serves(o) for o in objectives)]
    fewest = max((kind.default_samples for kind in bound), default=1)
    return tuple(_plain(kind, fewest if kind in bound else 1) for kind in kinds)


def _plain(kind: Estimator, at_least: int = 1) -> EstimatorSpec:
    samples = max(kind.default_samples, at_least)
    return EstimatorSpec(kind.name, kind.name, samples, temperature=kind.temperature)


class EstimatorEntry(BaseModel):
    """An estimator as a declaration has it: a name, or a mapping with options."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Estimator")

    name: Annotated[str, Choice(ESTIMATORS.keys)] = Field(
        default="", description="Name of the estimator; `reportgen list` shows them all."
    )
    python: Annotated[str, CodeReference("python: my_estimator.py:ESTIMATOR")] | None = Field(
        default=None,
        description="An estimator of your own in place of a name: `file.py:object`, relative to the "
        "declaration's folder, or `package.module:object`; a `reportgen.Estimator`, or with `arguments` a "
        "function that makes one.",
    )
    arguments: Annotated[dict[str, Any], Arguments()] | None = Field(
        default=None,
        description="Keyword arguments of the function that `python` names, which makes the estimator.",
    )
    function: Annotated[str, Text(60)] | None = Field(
        default=None,
        description="A function of problem.gradients; if there is that setting, `name` is read as this one.",
    )
    unbiased: Annotated[bool, Switch()] | None = Field(
        default=None, description="Whether your own estimator is unbiased by construction. Default: true."
    )
    serves: Annotated[str, one_of("mean", "bound", "both")] | None = Field(
        default=None,
        description="Objectives that your own estimator is for: mean, those that are a mean over samples "
        "(the default); bound, bounds of several samples together (iwae); or both.",
    )
    words: Annotated[str, Text(400)] | None = Field(
        default=None, description="Your own estimator in words, for the report."
    )
    baseline: Annotated[str, one_of(*_BASELINES)] | None = Field(
        default=None,
        description="Baseline subtracted from f, optimal for independent samples; only for score_function.",
    )
    as_printed: Annotated[bool, Switch()] = Field(
        default=False,
        description="Whether ∇q replaces ∇ log q, as the source post prints it; only for score_function.",
    )
    num_samples: Annotated[int, Whole(1, 4096)] | None = Field(
        default=None,
        description="K, the number of samples in one estimate. Default: the fewest that the estimator needs.",
    )
    antithetic: Annotated[bool, Switch()] = Field(
        default=False,
        description="Whether samples come in pairs of mirrored noise, ε and −ε; K must be even.",
    )
    temperature: Annotated[float, Real(above=0.0)] | None = Field(
        default=None, description="τ of the relaxation of discrete units. Default: 0.5."
    )
    label: Annotated[str, Text(60)] | None = Field(
        default=None,
        description="Its name in tables and claims. Default: the estimator's name, with the options that "
        "tell it apart, as in score_function_optimal_constant.",
    )


@dataclass(frozen=True)
class EstimatorSpec:
    """An estimator with resolved options: `name` is that of the table, `label` that of claims and results."""

    name: str
    label: str
    num_samples: int
    antithetic: bool = False
    own: OwnEstimator | None = None
    """What a declaration says of a user's own estimator; None for one of the table."""
    temperature: float | None = None
    """τ; None if the estimator relaxes nothing."""

    @property
    def kind(self) -> Estimator:
        """The table's entry; for a user's own estimator, what its declaration says, without its function."""
        return ESTIMATORS[self.name] if self.own is None else described(self.name, self.label, self.own)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        entry = handler.generate_schema(EstimatorEntry)
        before = core_schema.no_info_before_validator_function(_as_mapping, entry)
        return core_schema.no_info_after_validator_function(
            _resolve, before, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )


def _as_mapping(value: Any) -> Any:
    if isinstance(value, EstimatorSpec):
        return _written(value)
    return {"name": value} if isinstance(value, str) else value


def _written(spec: EstimatorSpec) -> dict[str, Any]:
    own = spec.own
    if own is not None and own.given:
        return {"name": function_of(spec.name), "label": spec.label, **own.written()}
    named: dict[str, Any] = {"name": spec.name}
    if own is not None:
        named = {"python": own.python}
        named |= {} if own.arguments is None else {"arguments": dict(own.arguments)}
    return {
        **named,
        "label": spec.label,
        "num_samples": spec.num_samples,
        **({} if own is None else own.written()),
        **({"antithetic": True} if spec.antithetic else {}),
        **({} if spec.temperature is None else {"temperature": spec.temperature}),
    }


def _resolve(entry: EstimatorEntry) -> EstimatorSpec:
    if entry.function is not None:
        return _resolve_given(entry, entry.function)
    if entry.python is not None:
        return _resolve_own(entry, entry.python)
    if not entry.name:
        raise refuse("is required, got nothing. Add `name: pathwise`.", at=("name",))
    for option in OWN_OPTIONS:
        if getattr(entry, option) is not None:
            raise refuse("is an option of python, got none. Remove it.", at=(option,))
    name = _variant(entry)
    estimator = ESTIMATORS[name]
    if entry.antithetic and estimator.independent:
        raise refuse(
            f"{name} needs independent samples, which antithetic ones are not. Remove it.", at=("antithetic",)
        )
    num_samples = _num_samples(entry, estimator.default_samples)
    if num_samples < estimator.min_samples:
        raise refuse(
            f"{name} needs at least {estimator.min_samples}, got {num_samples}. "
            f"Use {estimator.min_samples} or more, or score_function.",
            at=("num_samples",),
        )
    if entry.temperature is not None and estimator.temperature is None:
        raise refuse(f"{name} is no relaxation, so it has no temperature. Remove it.", at=("temperature",))
    temperature = estimator.temperature if entry.temperature is None else entry.temperature
    own = "" if temperature == estimator.temperature else f" at {temperature:g}"
    label = entry.label or f"{name}{own}{' antithetic' if entry.antithetic else ''}"
    return EstimatorSpec(name, _nameable(label), num_samples, entry.antithetic, temperature=temperature)


def _variant(entry: EstimatorEntry) -> str:
    """The table's name: that of score_function depends on `baseline` and `as_printed`."""
    for option, given in (("baseline", entry.baseline is not None), ("as_printed", entry.as_printed)):
        if given and entry.name != "score_function":
            raise refuse(f"is an option of score_function, got {entry.name}. Remove it.", at=(option,))
    if entry.baseline is not None and entry.as_printed:
        raise refuse("as_printed cannot be combined with baseline. Remove one.", at=("as_printed",))
    if entry.baseline is not None:
        return f"score_function_{entry.baseline}"
    return "score_function_as_printed" if entry.as_printed else entry.name


def _num_samples(entry: EstimatorEntry, fewest: int) -> int:
    """K: by default the fewest, or 2 if that is more and samples are antithetic; theirs must be even."""
    fewest = max(fewest, 2) if entry.antithetic else fewest
    found = fewest if entry.num_samples is None else entry.num_samples
    if entry.antithetic and found % 2:
        raise refuse(f"must be even, for pairs, got {found}. Use {found + 1}.", at=("num_samples",))
    return found


OWN_OPTIONS = ("arguments", "unbiased", "serves", "words")


def _resolve_own(entry: EstimatorEntry, python: str) -> EstimatorSpec:
    for option in ("name", "baseline", "as_printed"):
        if option in entry.model_fields_set and getattr(entry, option):
            raise refuse("names another estimator than python. Remove one of them.", at=(option,))
    if entry.temperature is not None:
        raise refuse(
            "is for estimators of reportgen's; your own has it in its code, "
            "reportgen.Estimator(temperature=…). Remove it here, or make it one of the arguments.",
            at=("temperature",),
        )
    num_samples = _num_samples(entry, 1)
    label = _nameable(entry.label or python.rpartition(":")[2])
    own = OwnEstimator(
        entry.unbiased is not False, entry.serves or "mean", entry.words or "", python, entry.arguments
    )
    return EstimatorSpec(of_code(python, entry.arguments), label, num_samples, entry.antithetic, own)


OF_FUNCTIONS = ("name", "unbiased", "words", "label")
"""Options of a function of problem.gradients."""


def _resolve_given(entry: EstimatorEntry, function: str) -> EstimatorSpec:
    for option in sorted(entry.model_fields_set - {"function", *OF_FUNCTIONS}):
        if getattr(entry, option) not in (None, False):
            raise refuse(
                "does not apply to a function of problem.gradients. Remove it.",
                at=(option,),
            )
    own = OwnEstimator(entry.unbiased is not False, words=entry.words or "", given=True)
    return EstimatorSpec(of_function(function), _nameable(entry.label or function), 1, own=own)


def of_functions(entries: Any) -> Any:
    """The entries of a declaration whose problem gives the estimators, with names read as functions'."""
    listed = entries if isinstance(entries, list | tuple) else [entries]
    return [_of_function(entry) for entry in listed]


def _of_function(entry: Any) -> Any:
    if isinstance(entry, str):
        return {"function": entry}
    if isinstance(entry, dict) and "name" in entry and "function" not in entry:
        return {"function" if key == "name" else key: value for key, value in entry.items()}
    return entry


def _nameable(label: str) -> str:
    if re.search(r"[,()<>=]", label):
        raise refuse(
            f"must be free of , ( ) < > = so that claims can name it, got {describe(label)}. "
            "Set label to another.",
            at=("label",),
        )
    if label[0] in "+-@":
        raise refuse(
            "must not begin with + - @, since a spreadsheet would take it for a formula in results.csv, "
            f"got {describe(label)}. Write the minus sign −, or begin with a word.",
            at=("label",),
        )
    return label
