"""`reportgen.measure`: measures one model as it is, without a declaration, for example in a notebook cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from torch import Tensor, nn

from reportgen.api.measurement import Measurement
from reportgen.api.watching import watching
from reportgen.applicability import refusal
from reportgen.declaration import EstimatorSpec
from reportgen.declaration.checks.measuring import MOST_BUCKETS
from reportgen.declaration.complaints import suggestion
from reportgen.declaration.estimator_spec import applicable
from reportgen.declaration.scalars import Fraction, Marker, Whole
from reportgen.engine import measure as measured
from reportgen.errors import CellError, UsageError
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.families import Family
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm, MeasurementCell, arm_of
from reportgen.problems import Model, Problem
from reportgen.problems.own_checks import check
from reportgen.problems.python_model import as_problem
from reportgen.problems.scale_doubt import halved_scale

Asked = str | Mapping[str, Any] | Estimator

_SPEC: TypeAdapter[EstimatorSpec] = TypeAdapter(EstimatorSpec)


def measure(
    problem: Model | Problem | tuple[nn.Module, nn.Module, Tensor],
    estimators: Asked | Sequence[Asked] | None = None,
    objective: str = "elbo",
    *,
    precision: float | str = 0.02,
    budget: int = 1_000_000,
    min_replicates: int = 2000,
    num_samples: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Measurement:
    """Measures the noise of gradient estimators of one model, in its encoder's parameters or its decoder's.

    `problem` is a `reportgen.Model`, a tuple (encoder, decoder, x) of a
    Gaussian VAE with Bernoulli pixels, or an object with the methods of
    `reportgen.Problem`. `estimators` are one or several names from `reportgen
    list`, mappings with options as in a declaration, ``{"name": "leave_one_out",
    "num_samples": 4}``, or `reportgen.Estimator` objects; by default, every
    estimator in φ that applies. ``generative`` is the gradient in θ, the
    decoder's parameters. `num_samples` is K for estimators that give none.

    It draws until every total variance has a 95 % interval of relative half-width
    `precision` (0.05 or ``"5%"``), or until `budget` draws per data point are
    spent, and makes at least `min_replicates` estimates. `progress` shows a bar on
    standard error, or in the notebook. Apart from times, numbers depend on the
    other arguments alone: noise comes from `seed`, on one thread. Raises
    UsageError or CellError, one line each, if the parts do not fit.
    """
    target = as_problem(problem, "problem")
    known = [name for name, one in OBJECTIVES.items() if one.formula]
    if objective not in known:
        raise UsageError(
            f"objective: must be one of {', '.join(known)}; got {objective!r}. "
            f"{suggestion(objective, known, listed=True)}"
        )
    width = fraction(precision)
    budget, min_replicates = whole("budget", budget), whole("min_replicates", min_replicates)
    num_samples = None if num_samples is None else whole("num_samples", num_samples)
    seed = whole("seed", seed, 0)
    check(target, standard_prior=OBJECTIVES[objective].exact_kl)
    with torch.no_grad():
        q = target.family(target.encoder(target.x))
    asked = [estimators] if isinstance(estimators, str | Mapping | Estimator) else estimators
    specs, kinds = _resolved(asked, objective, q.name, _differentiable(target, q), num_samples)
    longest = max(spec.num_samples for spec in specs)
    least = max(MOST_BUCKETS, min_replicates) * longest
    if budget < least:
        raise UsageError(
            f"budget: must be at least {least} for {longest} sample{'s' if longest > 1 else ''} an estimate, "
            f"got {budget}. "
            "Raise it, or lower min_replicates."
        )
    reference = _reference(specs, kinds, objective)
    cell = cell_of(
        {"precision": width, "budget": budget, "min_replicates": min_replicates},
        tuple(arm_of(objective, spec, spec.num_samples) for spec in specs),
        {} if reference is None else {objective: reference.label},
        seed,
    )
    points = tuple(range(target.x.shape[0]))
    with one_thread(), watching(progress, width) as report:
        record = measured(target, cell, dataset="none", images=points, estimators=kinds, report=report)
        record = replace(record, arrays={**record.arrays, **halved_scale(target)})
    unbiased = {spec.label: kinds[spec.name].is_unbiased(objective, spec.num_samples) for spec in specs}
    return Measurement(record, objective, unbiased, width)


def cell_of(
    measure: dict[str, Any], arms: tuple[Arm, ...], references: dict[str, str], seed: int
) -> MeasurementCell:
    """A cell that belongs to no plan, for what is measured without a declaration or a training."""
    return MeasurementCell(
        key="",
        training_key="",
        setting={},
        base=True,
        checkpoint=0,
        problem={},
        measure=measure,
        arms=arms,
        references=references,
        seed=seed,
    )


def fraction(precision: float | str) -> float:
    """A precision, 0.05 or 5%, read as in a declaration. Raises UsageError."""
    width: float = _read("precision", Fraction(), precision)
    return width


def whole(name: str, value: int, least: int = 1) -> int:
    """A whole number, Python's or numpy's, read as in a declaration. Raises UsageError."""
    number: int = _read(name, Whole(least), value)
    return number


def _read(name: str, kind: Marker, value: Any) -> Any:
    try:
        return kind.check(value.item() if isinstance(value, np.generic) else value)
    except PydanticCustomError as error:
        raise UsageError(f"{name}: {error.message()}") from None


def _resolved(
    asked: Sequence[Asked] | None,
    objective: str,
    family: str,
    differentiable: bool,
    num_samples: int | None,
) -> tuple[list[EstimatorSpec], dict[str, Estimator]]:
    """The estimators asked for, and all that are known by name. Raises UsageError if one does not fit."""
    kinds: dict[str, Estimator] = dict(ESTIMATORS)
    if asked is None:
        specs = list(applicable(family, (objective,), differentiable=differentiable))
        if num_samples is not None:
            specs = [
                replace(spec, num_samples=max(num_samples, kinds[spec.name].min_samples)) for spec in specs
            ]
    else:
        specs = [_spec(one, i, kinds, num_samples) for i, one in enumerate(asked)]
    if not specs:
        raise UsageError("estimators: need at least one, got none. Name pathwise and score_function, say.")
    several = OBJECTIVES[objective].several
    for i, spec in enumerate(specs):
        why = refusal(kinds[spec.name], family, (objective,), generative=True, differentiable=differentiable)
        if why is not None:
            raise UsageError(f"estimators[{i}]: {why}")
        if any(spec.label == other.label for other in specs[:i]):
            raise UsageError(f"estimators[{i}]: is called {spec.label} like another. Give it a label.")
        if several and spec.antithetic:
            raise UsageError(
                f"estimators[{i}]: antithetic samples make another bound than {objective}. Remove antithetic."
            )
        if several and spec.num_samples != specs[0].num_samples:
            raise UsageError(
                f"estimators[{i}]: must have the K of the first, {specs[0].num_samples}, since {objective} "
                f"is another bound for each K; got {spec.num_samples}. "
                f"Use num_samples={specs[0].num_samples}."
            )
    return specs, kinds


def _differentiable(target: Problem, q: Family) -> bool:
    """Whether log p(x|z) has a gradient in z, tried at the mean of q: a user's own model raises if not."""
    z = q.mean.detach().clone().requires_grad_(True)
    try:
        with torch.enable_grad():
            return bool(target.log_likelihood(z).requires_grad)
    except CellError:
        return False


def _spec(one: Asked, place: int, kinds: dict[str, Estimator], num_samples: int | None) -> EstimatorSpec:
    if isinstance(one, Estimator):
        _check_object(one, place)
        kinds[one.name] = one
        return EstimatorSpec(one.name, one.name, num_samples or one.default_samples)
    if not isinstance(one, str | Mapping):
        raise UsageError(
            f"estimators[{place}]: must be a name, its options or a reportgen.Estimator, got "
            f"{'a function' if callable(one) else type(one).__name__}. "
            'Write reportgen.Estimator(name="mine", evaluate=…) around a function of yours.'
        )
    options: dict[str, Any] = {"name": one} if isinstance(one, str) else dict(one)
    if num_samples is not None:
        options.setdefault("num_samples", num_samples)
    if "python" in options:
        raise UsageError(
            f"estimators[{place}].python: is for declarations. Give the reportgen.Estimator itself."
        )
    try:
        return _SPEC.validate_python(options)
    except ValidationError as error:
        detail = error.errors()[0]
        path = ".".join(str(part) for part in (*detail["loc"], *detail.get("ctx", {}).get("at", ())))
        text = detail.get("ctx", {}).get("text", detail["msg"])
        raise UsageError(f"estimators[{place}]{'.' if path else ''}{path}: {text}") from None


def _check_object(own: Estimator, place: int) -> None:
    """Raises UsageError unless a user's estimator has a name of its own, and functions as it should."""
    if not isinstance(own.name, str) or not own.name:
        raise UsageError(f'estimators[{place}]: needs a name, got {own.name!r}. Write name="mine".')
    if own.name in ESTIMATORS and own is not ESTIMATORS[own.name]:
        raise UsageError(
            f"estimators[{place}]: is called {own.name} like one of reportgen's. Give it another name."
        )
    for field in ("evaluate", "bound", "fit"):
        given = getattr(own, field)
        if given is not None and not callable(given):
            raise UsageError(
                f"estimators[{place}].{field}: must be a function, got {type(given).__name__}. "
                "Write a function of the draws."
            )


def _reference(
    specs: Sequence[EstimatorSpec], kinds: Mapping[str, Estimator], objective: str
) -> EstimatorSpec | None:
    """Pathwise if it is unbiased, else the first that is; None if none is."""
    unbiased = [spec for spec in specs if kinds[spec.name].is_unbiased(objective, spec.num_samples)]
    return next((spec for spec in unbiased if spec.name == "pathwise"), next(iter(unbiased), None))


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits torch to one thread: sums depend on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
