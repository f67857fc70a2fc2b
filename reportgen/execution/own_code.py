"""The user's own code in a worker: loaded once per cell, if allowed, and checked against its declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from threading import RLock

from reportgen.declaration.problems import OF_CODE
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.execution.undisturbed import undisturbed
from reportgen.plan import Arm, MeasurementCell
from reportgen.usercode import Reference, UserCode, faults_told, importable, load_object

_ALONE = RLock()
"""Held while a user's code may run: all threads share its imports, random generators and output."""


@dataclass(frozen=True)
class Loaded:
    """The user's own code that a cell uses."""

    load: Callable[[str], object] | None
    """Returns the object of a reference; None if the cell uses no such code."""
    estimators: Mapping[str, Estimator]
    """The table's estimators, and the user's own, by name."""
    told: Callable[[], AbstractContextManager[None]] = nullcontext
    """Goes around a call of the code: what it raises becomes a CellError that names its line."""


def alone(code: UserCode | None) -> AbstractContextManager[object]:
    """Goes around a cell of an experiment with the user's own code: one such cell runs at a time here.

    That holds also for cells that run none of it: what the code sets, such as torch's precision of
    products, is set for all threads.
    """
    return _ALONE if code is not None and code.digests else nullcontext()


@contextmanager
def own_code(code: UserCode | None, cell: MeasurementCell) -> Iterator[Loaded]:
    """Inside it, the user's code may run; its exceptions become CellErrors that name their line.

    Raises CellError if an estimator is not what its declaration says.
    """
    arms = [arm for arm in cell.arms if arm.own is not None and not arm.own.given]
    own = {arm.estimator: arm.own for arm in arms if arm.own is not None}
    model = model_code(cell)
    used = list(dict.fromkeys([*([model] if model else []), *(one.python for one in own.values())]))
    if not used:
        yield Loaded(None, ESTIMATORS)
        return
    if code is None:
        raise CellError(f"{used[0]}: is code that was not allowed to run. Add --allow-code if you trust it.")
    sources = {text: code.source(text) for text in used}
    from reportgen.problems.calling import made

    with _ALONE, undisturbed(), importable(*sources.values()):

        def load(text: str) -> object:
            reference = Reference.parse(text)
            assert reference is not None
            return load_object(reference, sources[text])

        def maker(text: str) -> object:
            found = load(text)
            if isinstance(found, Estimator):
                raise CellError(
                    f"{text}: is a reportgen.Estimator, which takes no arguments. Leave them out."
                )
            return found

        found = {
            name: made(load if one.arguments is None else maker, one.python, one.arguments, cell.seed)
            for name, one in own.items()
        }
        kinds = {arm.estimator: fitting(arm, found[arm.estimator]) for arm in arms}
        yield Loaded(load, {**ESTIMATORS, **kinds}, partial(faults_told, *sources.values()))


def model_code(cell: MeasurementCell) -> str | None:
    """The reference of the code that makes the cell's model or gradients, if that is the user's own."""
    model = cell.problem.get("model")
    return str(cell.problem[model]) if model in OF_CODE else None


def fitting(arm: Arm, found: object) -> Estimator:
    """The estimator, if it is one and is what the arm's declaration says. Raises CellError."""
    name, own = arm.estimator, arm.own
    assert own is not None
    if not isinstance(found, Estimator):
        must = "must be" if own.arguments is None else "must make"
        raise CellError(f"{name}: {must} a reportgen.Estimator, got {type(found).__name__}.")
    if found.parameters != "phi":
        raise CellError(f"{name}: must estimate the gradient in φ, it has parameters={found.parameters!r}.")
    for kind, function, unbiased in (
        ("mean", found.evaluate, found.unbiased),
        ("bound", found.bound, found.bound_unbiased),
    ):
        if own.serves not in (kind, "both"):
            continue
        if function is None:
            field = "evaluate" if kind == "mean" else "bound"
            raise CellError(f"{name}: is declared with serves: {own.serves}, and has no {field}. Change one.")
        if unbiased != own.unbiased:
            said, is_it = (str(value).lower() for value in (own.unbiased, unbiased))
            raise CellError(f"{name}: is declared unbiased: {said}, the estimator says {is_it}. Change one.")
    if arm.num_samples < found.min_samples:
        raise CellError(
            f"{name}: needs at least {found.min_samples} samples, got {arm.num_samples}. "
            f"Declare num_samples: {found.min_samples}."
        )
    if arm.antithetic and found.independent:
        raise CellError(f"{name}: needs independent samples, got antithetic ones. Remove antithetic.")
    return found
