"""One line of `estimators`: what is declared, and the estimator it stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from reportgen.declaration.complaints import describe, refuse
from reportgen.declaration.scalars import Choice, Real, Switch, Text, Whole, one_of
from reportgen.estimators.estimator import Estimator

_BASELINES = ("optimal_constant", "optimal_per_coordinate")


def table() -> dict[str, Estimator]:
    """The estimators there are, by name."""
    from reportgen.estimators import ESTIMATORS

    return ESTIMATORS


class EstimatorEntry(BaseModel):
    """An estimator as it is written down: a name, or a mapping with options."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Estimator")

    name: Annotated[str, Choice(table)] = Field(description="Estimator of the gradient in φ.")
    baseline: Annotated[str, one_of(*_BASELINES)] | None = Field(
        default=None, description="Baseline subtracted from f; for score_function."
    )
    as_printed: Annotated[bool, Switch()] = Field(
        default=False, description="∇q for ∇ log q, as the source post prints it; for score_function."
    )
    num_samples: Annotated[int, Whole(1, 4096)] | None = Field(
        default=None,
        description="K, the samples inside one estimate. Default: the fewest the estimator needs.",
    )
    antithetic: Annotated[bool, Switch()] = Field(
        default=False, description="Samples of an estimate in pairs of mirrored noise, ε and −ε; K is even."
    )
    temperature: Annotated[float, Real(above=0.0)] | None = Field(
        default=None, description="τ of the relaxation of discrete units. Default: 0.5."
    )
    label: Annotated[str, Text(60)] | None = Field(
        default=None, description="What tables and claims call it. Default: its name."
    )


@dataclass(frozen=True)
class EstimatorSpec:
    """An estimator resolved: `name` is the table's, `label` that of claims and results, K, noise, τ."""

    name: str
    label: str
    num_samples: int
    antithetic: bool = False
    temperature: float | None = None
    """τ, None where the estimator relaxes nothing."""

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
    written = {"name": spec.name, "label": spec.label, "num_samples": spec.num_samples}
    written |= {"antithetic": True} if spec.antithetic else {}
    return written | ({} if spec.temperature is None else {"temperature": spec.temperature})


def _resolve(entry: EstimatorEntry) -> EstimatorSpec:
    name = entry.name
    for option, given in (("baseline", entry.baseline is not None), ("as_printed", entry.as_printed)):
        if given and entry.name != "score_function":
            raise refuse(f"is an option of score_function, got {entry.name}. Remove it.", at=(option,))
    if entry.baseline is not None and entry.as_printed:
        raise refuse("as_printed stands alone, got baseline too. Remove one.", at=("as_printed",))
    if entry.baseline is not None:
        name = f"score_function_{entry.baseline}"
    elif entry.as_printed:
        name = "score_function_as_printed"
    estimator = table()[name]
    fewest = max(estimator.default_samples, 2) if entry.antithetic else estimator.default_samples
    num_samples = fewest if entry.num_samples is None else entry.num_samples
    if entry.antithetic and estimator.independent:
        raise refuse(
            f"{name} needs independent samples, which antithetic ones are not. Remove it.", at=("antithetic",)
        )
    if entry.antithetic and num_samples % 2:
        raise refuse(
            f"must be even, for pairs, got {num_samples}. Use {num_samples + 1}.", at=("num_samples",)
        )
    if num_samples < estimator.min_samples:
        raise refuse(
            f"{name} needs at least {estimator.min_samples}, got {num_samples}. "
            f"Use {estimator.min_samples} or more, or score_function.",
            at=("num_samples",),
        )
    if entry.temperature is not None and estimator.temperature is None:
        raise refuse(f"{name} relaxes nothing, so it has no temperature. Remove it.", at=("temperature",))
    temperature = estimator.temperature if entry.temperature is None else entry.temperature
    own = "" if temperature == estimator.temperature else f" at {temperature:g}"
    label = entry.label or f"{name}{own}{' antithetic' if entry.antithetic else ''}"
    if re.search(r"[,()<>=]", label):
        raise refuse(
            f"must be free of , ( ) < > = so that claims can name it, got {describe(label)}.", at=("label",)
        )
    return EstimatorSpec(name, label, num_samples, entry.antithetic, temperature)
