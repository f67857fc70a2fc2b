"""What no single field can know: whether the parts of a declaration fit together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from reportgen.applicability import refusal
from reportgen.declaration.claim_checks import check_claims
from reportgen.declaration.complaints import Complaint, Path, describe, listing, suggestion
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.section import Section
from reportgen.declaration.swept import (
    Block,
    combinations,
    problems_of,
    section_with,
    swept_section,
    swept_value,
    with_resolved_sweep,
)
from reportgen.declaration.train import TRAINING_SEED, Train
from reportgen.declaration.training_checks import (
    beyond,
    check_checkpoints,
    check_judge,
    check_published,
    check_training,
    untrainable,
)
from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES

Check = Callable[[Experiment], Iterator[Complaint]]

MOST_SETTINGS = 1000
"""Settings a sweep may have."""

MOST_BUCKETS = 32
"""Replicates are kept in at most so many buckets an image, each of which holds at least one."""

_NOT_SWEPT = {
    "problem.data": "declare one experiment a data set",
    "problem.model": "declare one experiment a model",
    "problem.python": "declare one experiment a model",
    "problem.arguments": "declare one experiment a set of arguments, or change one with --set",
    "train.checkpoints": "every setting is measured at the checkpoints of measure.sweep_checkpoints",
}


_SEED_BEFORE = re.compile(r"train(\.after)+\.seed")


def _why_not_swept(path: str) -> str | None:
    if _SEED_BEFORE.fullmatch(path):
        return "sweep train.seed, which the training before it follows"
    return _NOT_SWEPT.get(path)


def least_budget(experiment: Experiment) -> int:
    """The fewest draws for each image that the checks below let pass."""
    measure, own = experiment.measure, [spec.num_samples for spec in experiment.estimators]
    most = max(*own, *measure.num_samples, 1)
    return max(measure.min_replicates * max(*own, 1), MOST_BUCKETS * most)


def check_budget(experiment: Experiment) -> Iterator[Complaint]:
    """The budget pays for the fewest replicates."""
    measure = experiment.measure
    if measure.budget < measure.min_replicates:
        text = (
            f"must be at least min_replicates = {measure.min_replicates}, got {measure.budget}. "
            "Raise it, or lower min_replicates."
        )
        yield Complaint(("measure", "budget"), text)


def check_samples(experiment: Experiment) -> Iterator[Complaint]:
    """It pays for estimates of several samples too: the fewest declared, and one in each bucket."""
    measure = experiment.measure
    place: Path = ("measure", "budget")
    if measure.budget < measure.min_replicates:
        return
    for spec in experiment.estimators:
        needed = measure.min_replicates * spec.num_samples
        if measure.budget < needed:
            text = (
                f"must be at least min_replicates × num_samples = {needed} for {spec.label}, "
                f"got {measure.budget}. Raise it, or lower min_replicates."
            )
            yield Complaint(place, text)
    most = max(*(spec.num_samples for spec in experiment.estimators), *measure.num_samples, 1)
    if measure.budget < MOST_BUCKETS * most:
        text = (
            f"must be at least {MOST_BUCKETS} × num_samples = {MOST_BUCKETS * most}, got {measure.budget}. "
            "Raise it, or lower num_samples."
        )
        yield Complaint(place, text)


def check_sweep_checkpoints(experiment: Experiment) -> Iterator[Complaint]:
    """Swept settings are measured where the base setting is."""
    chosen = experiment.measure.sweep_checkpoints
    if isinstance(chosen, str):
        return
    for i, epoch in enumerate(chosen):
        if epoch not in experiment.checkpoints:
            text = f"must be one of train.checkpoints {list(experiment.checkpoints)}, got {epoch}."
            yield Complaint(("measure", "sweep_checkpoints", i), text)


def check_estimators(experiment: Experiment) -> Iterator[Complaint]:
    """Labels are unique and honest, no estimator is declared twice, and one can be the reference.

    Where no estimator applies at all, `check_applicability` says so of each, and that is enough.
    """
    seen: dict[str, int] = {}
    same: dict[tuple[str, int, bool, float | None], int] = {}
    for i, spec in enumerate(experiment.estimators):
        place = ("estimators", i)
        twin = same.setdefault((spec.name, spec.num_samples, spec.antithetic, spec.temperature), i)
        if twin != i:
            text = f"is {spec.name} with K = {spec.num_samples} again, like estimators[{twin}]. Remove one."
            yield Complaint(place, text)
        elif seen.setdefault(spec.label, i) != i:
            text = (
                f"{describe(spec.label)} is the label of estimators[{seen[spec.label]}] too. Choose another."
            )
            yield Complaint((*place, "label"), text)
        elif spec.label in ESTIMATORS and spec.label != spec.name:
            text = f"{spec.label} is the name of another estimator than {spec.name}. Choose another label."
            yield Complaint((*place, "label"), text)
    alone = [name for name in experiment.objective if experiment.reference_of(name) is None]
    if alone and not all(_refused(experiment, spec) for spec in experiment.estimators):
        under = "" if len(alone) == len(experiment.objective) else f" under {listing(alone, 'and')}"
        moves = DISTRIBUTIONS[experiment.problem.distribution].reparameterizable
        remedy = "pathwise" if moves else "score_function"
        text = f"need an unbiased one to compare the others with{under}, got none. Add {remedy}."
        yield Complaint(("estimators",), text)


def check_applicability(experiment: Experiment) -> Iterator[Complaint]:
    """Every estimator applies to q and the integrand, whatever is swept, and to an objective."""
    for i, spec in enumerate(experiment.estimators):
        text = _refused(experiment, spec)
        if text is not None:
            yield Complaint(("estimators", i), text)


def _refused(experiment: Experiment, spec: EstimatorSpec) -> str | None:
    """Why an estimator does not apply to the problem that some setting makes; None where it does to all."""
    refusals = (
        refusal(
            spec.kind,
            problem.distribution,
            experiment.objective,
            problem.generative,
            problem.layered,
            problem.differentiable,
        )
        for problem in problems_of(experiment)
    )
    return next((text for text in refusals if text is not None), None)


def check_bounds(experiment: Experiment) -> Iterator[Complaint]:
    """Estimators of a bound of K samples have the same K: another K is another bound."""
    several = [name for name in experiment.objective if OBJECTIVES[name].several]
    for objective in several:
        reference = experiment.reference_of(objective)
        for i, spec in enumerate(experiment.estimators):
            if not spec.kind.serves(objective) or reference is None:
                continue
            place: Path = ("estimators", i)
            if spec.antithetic:
                yield Complaint(place, f"antithetic samples make another bound than {objective}. Remove it.")
            elif spec.num_samples != reference.num_samples:
                yield Complaint(
                    (*place, "num_samples"),
                    f"must be that of {reference.label}, {reference.num_samples}, since {objective} is "
                    f"another bound for each K; got {spec.num_samples}. For curves against K use "
                    "measure.num_samples.",
                )


def check_sweep(experiment: Experiment) -> Iterator[Complaint]:
    """Every swept path is a setting, and every value is one it can have."""
    sections = {"problem": experiment.problem, **({"train": experiment.train} if _trains(experiment) else {})}
    paths = [path for name, section in sections.items() for path in _paths(section, name)]
    allowed = [path for path in paths if _why_not_swept(path) is None]
    count = 0
    for i, block in enumerate(experiment.sweep):
        if not block:
            yield Complaint(("sweep", i), "must sweep a setting, got an empty mapping. Remove it.")
        elif block in experiment.sweep[:i]:
            twin = experiment.sweep.index(block)
            yield Complaint(("sweep", i), f"is sweep[{twin}] again. Remove one.")
        spanned = 1
        faults: list[Complaint] = []
        for path, values in block.items():
            place: Path = ("sweep", i, path)
            if (why := _why_not_swept(path)) is not None:
                faults.append(Complaint(place, f"{path} cannot be swept: {why}."))
            elif path not in allowed:
                known = suggestion(path, allowed)
                roots = " or ".join(f"{name}.…" for name in sections)
                text = f"no setting has this path. A sweep is over {roots}. {known}"
                faults.append(Complaint(place, text))
            elif not values:
                text = "must list at least one value, got an empty list. Add values, or remove it."
                faults.append(Complaint(place, text))
            else:
                faults += _check_values(experiment, block, place)
                spanned *= len(values)
        yield from faults
        if not faults and spanned <= MOST_SETTINGS:
            yield from _check_together(experiment, block, ("sweep", i))
        count += spanned
    if count > MOST_SETTINGS:
        yield Complaint(
            ("sweep",), f"spans {count} settings, at most {MOST_SETTINGS} are run. Shorten the lists."
        )


def _paths(section: Section, root: str) -> Iterator[str]:
    """Of every setting of a section and of the sections in it."""
    for field in type(section).model_fields:
        inner = getattr(section, field)
        if isinstance(inner, Section):
            yield from _paths(inner, f"{root}.{field}")
        else:
            yield f"{root}.{field}"


def _trains(experiment: Experiment) -> bool:
    return experiment.problem.trained


def check_parts(experiment: Experiment) -> Iterator[Complaint]:
    """Sections and settings that this model has no use for are not there; objectives are those it has."""
    problem = experiment.problem
    if not problem.trained and "train" in experiment.model_fields_set:
        yield Complaint(("train",), f"{problem.model} has no parameters to train. Remove the section.")
    if not problem.images and "images" in experiment.measure.model_fields_set:
        yield Complaint(("measure", "images"), f"{problem.model} has no images. Remove it.")
    if problem.layered and experiment.measure.constants:
        text = f"no constant can be added to log p of {problem.model}. Remove them."
        yield Complaint(("measure", "constants"), text)
    for i, name in enumerate(experiment.objective):
        if name not in problem.objectives:
            known = suggestion(name, problem.objectives)
            yield Complaint(("objective", i), f"{problem.model} has no {name}. {known}")


def _check_together(experiment: Experiment, block: Block, place: Path) -> Iterator[Complaint]:
    """Values that are swept together fit together; the first that do not are named."""
    for name in ("problem", "train"):
        for values in combinations(block, name):
            try:
                section_with(experiment, name, values)
            except ValidationError as error:
                detail = error.errors()[0]
                text = detail.get("ctx", {}).get("text", "these values do not fit together.")
                given = ", ".join(
                    f"{path} {value if isinstance(value, list) else describe(value)}"
                    for path, value in values.items()
                )
                remedy = "Values that belong together make a mapping of their own in a list."
                yield Complaint(place, f"{given}: {text} {remedy}")
                return


def _check_values(experiment: Experiment, block: Block, sweep: Path) -> Iterator[Complaint]:
    path = str(sweep[-1])
    built: list[Any] = []
    for i, value in enumerate(block[path]):
        place: Path = (*sweep, i)
        try:
            section = swept_section(experiment, block, path, value)
        except ValidationError as error:
            for detail in error.errors():
                text = detail.get("ctx", {}).get("text", "is not a value this setting can have.")
                yield Complaint(place, f"{path} {text}")
            continue
        if isinstance(section, Train):
            yield from (
                Complaint(place, f"with this value train.checkpoints[{c.path[-1]}] {c.text}")
                for c in beyond(section)
            )
            yield from (Complaint(place, c.text) for c in untrainable(experiment.problem, section, ()))
        resolved = swept_value(section, path)
        if resolved is None and path == TRAINING_SEED:
            yield Complaint(place, f"{path} must be a whole number, got {describe(value)}. Write the seed.")
        if resolved in built:
            yield Complaint(place, f"must be new, got {describe(value)} twice. Remove one.")
        built.append(resolved)


def check_claim_ids(experiment: Experiment) -> Iterator[Complaint]:
    """Ids are unique, and every claim says something."""
    first: dict[str, int] = {}
    for i, claim in enumerate(experiment.claims):
        if first.setdefault(claim.id, i) != i:
            text = f"must be unique, got {claim.id!r}, the id of claims[{first[claim.id]}] too. Rename one."
            yield Complaint(("claims", i, "id"), text)
        if not claim.statement:
            text = (
                "needs a quote or a statement, got neither. Write the sentence that is tested as statement."
            )
            yield Complaint(("claims", i), text)


CHECKS: tuple[tuple[Check, frozenset[str]], ...] = (
    (check_parts, frozenset({"problem", "train", "measure", "objective"})),
    (check_checkpoints, frozenset({"train"})),
    (check_training, frozenset({"problem", "train"})),
    (check_judge, frozenset({"problem", "train", "judge", "published"})),
    (check_published, frozenset({"published", "sweep"})),
    (check_budget, frozenset({"measure"})),
    (check_samples, frozenset({"measure", "estimators"})),
    (check_sweep_checkpoints, frozenset({"train", "measure"})),
    (check_estimators, frozenset({"estimators", "objective"})),
    (check_applicability, frozenset({"problem", "estimators", "objective", "sweep"})),
    (check_bounds, frozenset({"estimators", "objective"})),
    (check_sweep, frozenset({"problem", "train", "sweep"})),
    (check_claim_ids, frozenset()),
)
"""Each check, and the sections it leans on: where one of these has a fault of its own, the check waits."""

_CLAIMS_LEAN_ON = frozenset({"problem", "objective", "estimators", "train", "measure", "sweep"})


def complaints_about(experiment: Experiment, faulty: frozenset[str]) -> list[Complaint]:
    """Everything that does not fit together, apart from what leans on `faulty` sections."""
    found: list[Complaint] = []
    for check, needs in CHECKS:
        if not needs & faulty:
            found += check(experiment)
    doubtful = faulty | {str(complaint.path[0]) for complaint in found if complaint.path[0] == "sweep"}
    if not _CLAIMS_LEAN_ON & doubtful:
        found += check_claims(with_resolved_sweep(experiment))
    return found
