"""Whether a claim is about things that the experiment measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportgen.declaration.checks.claim_scopes import curve_faults, scope_faults, unreached
from reportgen.declaration.checks.model_claims import model_faults
from reportgen.declaration.claims.statistics import STATISTICS
from reportgen.declaration.claims.tests import (
    EVERYTHING,
    ClaimTest,
    Comparison,
    Contrast,
    EqualMeans,
    Ordering,
    Scope,
    Slope,
    Statistic,
    Trend,
    along,
    arms_of,
    arms_under,
    quantities_of,
    statistic_of,
)
from reportgen.declaration.complaints import Complaint, listing, suggestion
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.swept import problems_of
from reportgen.estimators import ESTIMATORS

Groups = tuple[str, ...] | None
"""Parameter groups of a model; None if they are not known before the run."""
CONSTANT_PROBES = ("score_function", "pathwise")
"""Estimators measured with every constant of `measure.constants`."""


def check_claims(experiment: Experiment) -> Iterator[Complaint]:
    """Labels, objective, checkpoints and settings exist, and what is compared is measured there."""
    tests = [claim.parsed for claim in experiment.claims]
    of_groups = any(test.group != EVERYTHING for test in tests)
    groups = [problem.groups for problem in problems_of(experiment)] if of_groups else []
    for i, test in enumerate(tests):
        of_models = test.of_models and not experiment.problem.given
        faults = model_faults(experiment, test) if of_models else _faults(experiment, test, groups)
        for text in faults:
            yield Complaint(("claims", i, "test"), text)


def _faults(experiment: Experiment, test: ClaimTest, groups: Sequence[Groups]) -> Iterator[str]:
    """`groups` are the parameter groups of each setting's model."""
    if test.objective is not None and test.objective not in experiment.objective:
        known = suggestion(test.objective, experiment.objective)
        yield f"objective {test.objective!r} is not declared. {known}"
    if experiment.problem.given and (unknown := list(_unknown_here(test))):
        yield from unknown
        return
    yield from _objective_faults(experiment, test)
    missing = False
    for arm in dict.fromkeys(arms_of(test.comparison)):
        if experiment.find_estimator(arm) is None:
            missing = True
            if experiment.labels.count(arm) < 2:  # a label given twice has its complaint already
                yield _unknown_arm(experiment, arm)
        else:
            yield from _objectives_of(experiment, test, arm)
    yield from _group_faults(test, groups)
    misplaced = [*scope_faults(experiment, test), *curve_faults(experiment, test)]
    misplaced = misplaced or list(unreached(experiment, test))
    yield from misplaced
    if missing:
        return
    yield from _repeated(experiment, test.comparison)
    if isinstance(test.comparison, EqualMeans):
        yield from _equal_means_faults(experiment, test.comparison, test.objective)
    elif not misplaced:
        yield from _special_faults(experiment, test)


def _unknown_here(test: ClaimTest) -> Iterator[str]:
    """A claim about gradients of the user's functions names only statistics that need no model."""
    known = listing([name for name, kind in STATISTICS.items() if not kind.of_models])
    for quantity in quantities_of(test.comparison):
        name = statistic_of(quantity).name
        if isinstance(quantity, Slope) and not along(quantity):
            yield (
                "a slope along num_samples takes a model, got functions of problem.gradients. Sweep an "
                f"argument, and write slope({quantity.of}, problem.arguments.NAME)."
            )
        elif name not in STATISTICS or STATISTICS[name].of_models:
            yield f"{name} takes a model, got functions of problem.gradients. Use {known}."
    if isinstance(test.comparison, Trend):
        yield f"a trend is for trained models, got functions of problem.gradients. Compare values: {known}."


def _objective_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """A statistic that compares objectives names two that are declared, and has no 'under'."""
    for quantity in quantities_of(test.comparison):
        statistic = statistic_of(quantity)
        for name in statistic.objectives:
            if name not in experiment.objective:
                yield f"objective {name!r} is not declared. {suggestion(name, experiment.objective)}"
        if statistic.objectives and statistic.objectives[0] == statistic.objectives[1]:
            yield f"compares {statistic.objectives[0]} with itself. Name two objectives."
        if statistic.objectives and test.objective is not None:
            yield f"{statistic.name} names its objectives itself, got under {test.objective}. Remove 'under'."


def _objectives_of(experiment: Experiment, test: ClaimTest, arm: str) -> Iterator[str]:
    """An estimator is measured under the objectives whose gradient it estimates, and no others."""
    spec = experiment.find_estimator(arm)
    assert spec is not None
    named = any(statistic_of(of).objectives for of in quantities_of(test.comparison))
    for name, objective in dict.fromkeys(
        arms_under(test.comparison, test.objective or experiment.objective[0])
    ):
        if name == arm and objective in experiment.objective and not spec.kind.serves(objective):
            others = [name for name in experiment.objective if spec.kind.serves(name)]
            remedy = "" if named else f" Write 'under {others[0]}', or name another."
            yield f"{arm} is no estimator of the gradient of {objective}; it is not measured there.{remedy}"


def _unknown_arm(experiment: Experiment, arm: str) -> str:
    sharing = [spec.label for spec in experiment.estimators if spec.name == arm]
    if sharing:
        return f"{arm} is declared {len(sharing)} times. Name one by its label: {', '.join(sharing)}."
    if arm in ESTIMATORS:
        return (
            f"estimator {arm!r} is not declared. Add it to estimators, or use {', '.join(experiment.labels)}."
        )
    return f"no estimator has the label or name {arm!r}. {suggestion(arm, experiment.labels)}"


def _group_faults(test: ClaimTest, groups: Sequence[Groups]) -> Iterator[str]:
    """A statistic in a parameter group exists by group, and the group exists in some setting.

    The groups of a user's own model are not known before the run.
    """
    if test.group == EVERYTHING:
        return
    names = [statistic_of(quantity).name for quantity in quantities_of(test.comparison)]
    if isinstance(test.comparison, EqualMeans):
        names = ["equal_means"]
    allowed = [name for name, kind in STATISTICS.items() if kind.by_group]
    for name in dict.fromkeys(names):
        if name not in allowed:
            yield (
                f"{name} is made of all coordinates together, got 'in {test.group}'. "
                f"Remove it, or use {listing(allowed)}."
            )
    known = list(dict.fromkeys(group for found in groups for group in found or ()))
    if None not in groups and test.group not in known:
        yield f"no setting has a parameter group {test.group!r}. {suggestion(test.group, known)}"


def _repeated(experiment: Experiment, comparison: Comparison) -> Iterator[str]:
    """Nothing is compared with itself."""
    if isinstance(comparison, Contrast):
        one, other = (
            (of.name, [experiment.find_estimator(arm) for arm in of.arms], of.objectives)
            for of in (comparison.left, comparison.right)
        )
        if one == other:
            yield f"compares {comparison.left} with itself. Name two estimators."
    lists = [comparison.arms] if isinstance(comparison, Ordering) else []
    named = (of.arms for of in quantities_of(comparison) if isinstance(of, Statistic))
    for arms in (*lists, *named):
        specs = [experiment.find_estimator(arm) for arm in arms]
        twice = next((arm for i, arm in enumerate(arms) if specs[i] in specs[:i]), None)
        if twice is not None:
            yield f"compares {twice} with itself. Name each estimator once."


def _equal_means_faults(
    experiment: Experiment, comparison: EqualMeans, objective: str | None
) -> Iterator[str]:
    """Means are tested against the reference of the claim's objective."""
    reference = experiment.reference_of(objective or experiment.objective[0])
    first, second = (experiment.find_estimator(arm) for arm in arms_of(comparison))
    if first == second:
        yield f"compares {comparison.first} with itself. Name two estimators."
    elif reference is not None and reference not in (first, second):
        yield (
            f"equal_means needs the reference, {reference.label}, as one of the two, got neither. "
            f"Write equal_means({comparison.first}, {reference.label})."
        )


def _special_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """Slopes and effects of constants are measured under one objective; effects at one checkpoint alone."""
    last = experiment.checkpoints[-1]
    for quantity in quantities_of(test.comparison):
        statistic = statistic_of(quantity)
        if along(quantity):
            continue
        if isinstance(quantity, Slope):
            yield from _slope_faults(experiment, statistic.arms)
        elif statistic.name == "constant_effect":
            yield from _constant_faults(experiment, statistic.arms[0])
        else:
            continue
        what = "a slope is" if isinstance(quantity, Slope) else "constant_effect is"
        everywhere = isinstance(quantity, Slope) and experiment.measure.curves == "everywhere"
        first = experiment.objective[0]
        if test.objective not in (None, first):
            yield f"{what} measured under {first} only, got {test.objective}. Remove 'under'."
        here = Scope("at", number=last)
        if not everywhere and any(scope != here for scope in test.scopes):
            remedy = f"Write '{here}'" + (
                ", or set measure.curves: everywhere" if isinstance(quantity, Slope) else ""
            )
            yield f"{what} measured at checkpoint {last} of the base setting only. {remedy}."


def _slope_faults(experiment: Experiment, arms: tuple[str, ...]) -> Iterator[str]:
    for arm in arms:
        spec = experiment.find_estimator(arm)
        if spec is None:
            continue
        fewest = spec.kind.min_samples
        values = {k for k in experiment.measure.num_samples if k >= fewest}
        if len(values | {spec.num_samples}) < 3:
            yield (
                f"a slope needs at least three values of num_samples for {arm}, got "
                f"{', '.join(map(str, sorted(values))) or 'none'}. "
                "Set measure.num_samples: [1, 2, 4, 8]."
            )


def _constant_faults(experiment: Experiment, arm: str) -> Iterator[str]:
    spec = experiment.find_estimator(arm)
    if spec is not None and spec.name not in CONSTANT_PROBES:
        yield f"constant_effect is measured for {' and '.join(CONSTANT_PROBES)} only, got {arm}."
    if not any(constant != 0 for constant in experiment.measure.constants):
        yield "constant_effect needs a constant other than 0. Set measure.constants: [-50, 0, 50]."
