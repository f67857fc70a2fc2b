"""Whether the estimators declared can be compared: labels, what they apply to, the bound they are of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from reportgen.applicability import refusal
from reportgen.declaration.complaints import Complaint, Path, describe, listing
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.swept import problems_of
from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES

LOOK_ALIKE = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονµ∆∑∏∣‐–—−’", "ABEZHIKMNOPTYXovμΔΣΠ|----'")
"""Character → the one that it looks like in print: Greek letters like Latin ones, signs like letters."""


def check_estimators(experiment: Experiment) -> Iterator[Complaint]:
    """Labels are unique and not misleading, no estimator is declared twice, and one can be the reference.

    If no estimator applies at all, only `check_applicability` says so, for each.
    """
    if not experiment.estimators:
        text = f"is required, got nothing. Name the functions of {experiment.problem.code}: [mine, theirs]."
        yield Complaint(("estimators",), text)
        return
    seen: dict[str, int] = {}
    same: dict[tuple[str, int, bool, float | None], int] = {}
    for i, spec in enumerate(experiment.estimators):
        place = ("estimators", i)
        if spec.own is not None and spec.own.given != experiment.problem.given:
            yield Complaint(place, _misplaced(experiment, spec))
            continue
        twin = same.setdefault((spec.name, spec.num_samples, spec.antithetic, spec.temperature), i)
        if twin != i:
            how = "" if spec.own is not None and spec.own.given else f" with K = {spec.num_samples}"
            text = f"is {spec.name}{how} again, like estimators[{twin}]. Remove one."
            yield Complaint(place, text)
        elif (first := seen.setdefault(_read(spec.label), i)) != i:
            other = experiment.estimators[first].label
            whose = f"the label of estimators[{first}]"
            told = (
                f"is {whose} too"
                if other == spec.label
                else f"reads like {_seen(other, spec.label)}, {whose}"
            )
            yield Complaint((*place, "label"), f"{describe(spec.label)} {told}. Choose another.")
        elif spec.label in ESTIMATORS and spec.label != spec.name and not experiment.problem.given:
            text = f"{spec.label} is the name of another estimator than {spec.name}. Choose another label."
            yield Complaint((*place, "label"), text)
    alone = [name for name in experiment.objective if experiment.reference_of(name) is None]
    if alone and not all(_refusals(experiment)):
        under = "" if len(alone) == len(experiment.objective) else f" under {listing(alone, 'and')}"
        moves = DISTRIBUTIONS[experiment.problem.distribution].reparameterizable
        remedy = "Add pathwise" if moves else "Add score_function"
        remedy = "Leave unbiased: false away where it is not so" if experiment.problem.given else remedy
        text = f"need an unbiased one to compare the others with{under}, got none. {remedy}."
        yield Complaint(("estimators",), text)


def check_applicability(experiment: Experiment) -> Iterator[Complaint]:
    """Every estimator applies to q and the integrand, whatever is swept, and to an objective."""
    for i, text in enumerate(_refusals(experiment)):
        if text is not None:
            yield Complaint(("estimators", i), text)


def _read(label: str) -> str:
    """What tells a label apart for a reader: figures begin it with a capital, and break it between words."""
    return " ".join(re.split(r"[\s_-]+", label.translate(LOOK_ALIKE).casefold()))


def _seen(label: str, other: str) -> str:
    """The label, with the look-alike character in which it differs from the other, if there is one."""
    odd = next(
        (
            c
            for one, two in ((label, other), (other, label))
            for c in one
            if ord(c) in LOOK_ALIKE and c not in two
        ),
        "",
    )
    return describe(label) + (f" (one has {unicodedata.name(odd).lower()}, U+{ord(odd):04X})" if odd else "")


def _refusals(experiment: Experiment) -> list[str | None]:
    """For each estimator, why it does not apply to the problem of some setting; None if it applies to all."""
    problems = problems_of(experiment)

    def refused(spec: EstimatorSpec) -> str | None:
        refusals = (
            refusal(
                spec.kind,
                problem.distribution,
                experiment.objective,
                problem.generative,
                problem.layered,
                problem.differentiable,
            )
            for problem in problems
        )
        return next((text for text in refusals if text is not None), None)

    return [refused(spec) for spec in experiment.estimators]


def _misplaced(experiment: Experiment, spec: EstimatorSpec) -> str:
    if experiment.problem.given:
        maker = experiment.problem.code
        return f"python is for estimators of a model; here they are functions of {maker}. Name one of these."
    return f"{spec.name}: a function is for problem.gradients, this problem is a model. Use name or python."


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
