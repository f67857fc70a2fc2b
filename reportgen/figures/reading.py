"""How figures read from findings what they draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from reportgen.declaration import EstimatorSpec
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.figures.drafting.labels import named_setting, short_title, temperature
from reportgen.figures.drafting.lines import NOT_THERE, Line
from reportgen.figures.drafting.style import Look, looks
from reportgen.findings import Estimate, Findings
from reportgen.findings.choice import in_turn
from reportgen.findings.series import Series
from reportgen.objectives import OBJECTIVES

MANY = 12
"""The most blocks of parameters that are shown one by one."""
FEW_BLOCKS = 3
"""The most blocks of parameters that are shown separately along swept settings."""
LINES = 6
"""The most lines of all objectives together in one panel."""
RUNS = 6
"""The most series of a sweep that are shown one by one."""
MISSING = Estimate(math.nan, status=NOT_THERE)


def all_looks(findings: Findings) -> dict[str, Look]:
    """The look of every label of an experiment."""
    return looks(findings.estimator_of)


def title_of(findings: Findings, label: str, *, samples: bool = True) -> str:
    """A label's name in figures, with its K if that is more than one, unless K belongs to the objective."""
    count = default_samples(findings, label) if samples and not is_bound(findings) else 1
    return short_title(label, findings.estimator_of[label]) + (
        f", K\u00a0=\u00a0{count}" if count > 1 else ""
    )


def named(findings: Findings, label: str) -> str:
    """An estimator inside a sentence: “the score function”, “pathwise”, “the optimal constant baseline”."""
    name = findings.estimator_of[label]
    if name in ESTIMATORS and label == f"{name} antithetic":
        return f"{ESTIMATORS[name].short} with antithetic samples"
    if name in ESTIMATORS and (found := temperature(label, name)):
        return f"{ESTIMATORS[name].short} at τ = {found}"
    own = label != name or name not in ESTIMATORS
    return f"“{label}”" if own else ESTIMATORS[name].short


def is_bound(findings: Findings) -> bool:
    """Whether the first objective is a bound of K samples, so that K is its own and not an estimator's."""
    first = findings.objectives[0]
    return first in OBJECTIVES and OBJECTIVES[first].several


def varies_with_samples(findings: Findings) -> bool:
    """Whether K changes more than the noise: for a bound of K samples, or if gradients in θ are measured.

    An average of K has K times the squared signal-to-noise ratio, which adds nothing to its variance.
    """
    return is_bound(findings) or bool(findings.compared(parameters="theta"))


def gradient_title(findings: Findings, label: str) -> str:
    """The title, with the parameters of the gradient if both kinds are measured: “Pathwise in φ”."""
    title = title_of(findings, label, samples=False)
    theta = findings.compared(parameters="theta")
    if not theta:
        return title
    if label not in theta:
        return f"{title} in\u00a0φ"
    return title if title.endswith(" in θ") else f"{title}, θ"


def named_gradient(findings: Findings, label: str) -> str:
    """The same inside a sentence: “pathwise in φ”, “the gradient in θ”."""
    theta = findings.compared(parameters="theta")
    return named(findings, label) + ("\u00a0in\u00a0φ" if theta and label not in theta else "")


def line(findings: Findings, label: str, estimates: tuple[Estimate, ...], *, samples: bool = True) -> Line:
    """The line of one label."""
    return Line(label, title_of(findings, label, samples=samples), all_looks(findings)[label], estimates)


def arms_drawn(findings: Findings, objectives: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(label, objective) of the estimators of the gradient in φ that fit in one panel.

    Under all `objectives` if these make at most `LINES` lines, else under the first.
    """
    first = findings.objectives[0]
    arms = [(label, objective) for objective in objectives for label in findings.compared(objective)]
    if not arms or len(arms) > LINES:
        arms = [(label, first) for label in findings.compared(first)]
    return tuple(arms)


def line_of(
    findings: Findings, arm: tuple[str, str], estimates: tuple[Estimate, ...], *, several: bool
) -> Line:
    """A line of a label under an objective, which its title and look distinguish if there are `several`."""
    label, objective = arm
    if not several:
        return line(findings, label, estimates)
    names = {
        f"{one} {number}": findings.estimator_of[one]
        for number, name in enumerate(findings.objectives)
        for one in findings.compared(name)
    }
    look = looks(names)[f"{label} {findings.objectives.index(objective)}"]
    title = f"{title_of(findings, label)}, {findings.vocabulary.objective(objective)}"
    return Line(label, title, look, estimates)


def epochs(findings: Findings) -> tuple[int, ...]:
    """Epochs planned in the base setting, including those whose cell broke, which appear as gaps.

    Empty if nothing was trained.
    """
    if not findings.vocabulary.trained:
        return ()
    planned = {cell.checkpoint for cell in findings.plan.measurements if cell.base}
    return tuple(sorted(planned | set(findings.checkpoints))) if findings.checkpoints else ()


def over_checkpoints(findings: Findings, statistic: str, **where: Any) -> tuple[Line, ...]:
    """One line per label over all checkpoints, except those without a positive value."""
    lines = (
        line(
            findings,
            label,
            tuple(findings.get(statistic, label, checkpoint=e, **where) for e in epochs(findings)),
        )
        for label in findings.compared(where.get("objective"))
    )
    return tuple(one for one in lines if one.drawable)


def comparable(
    findings: Findings, lines: Sequence[Line], objectives: Sequence[str] = ()
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Lines for one log axis, and biased ones so far from the rest that they would only flatten it.

    A biased estimator is no competitor, so it is set apart if a value leaves the
    range of the unbiased ones by more than a factor of ten. `objectives` has one
    entry per line, by default the first objective declared.
    """
    under = objectives or [findings.objectives[0]] * len(lines)
    fairness = [unbiased(findings, one.label, name) for one, name in zip(lines, under, strict=True)]
    fair = [v for one, is_fair in zip(lines, fairness, strict=True) if is_fair for v in one.values if v > 0]
    if not fair:
        return tuple(lines), ()
    low, high = min(fair) / 10, max(fair) * 10
    apart = tuple(
        one
        for one, is_fair in zip(lines, fairness, strict=True)
        if not is_fair and any(v > 0 and not low <= v <= high for v in one.values)
    )
    return tuple(one for one in lines if one not in apart), apart


def pair(findings: Findings) -> tuple[str, str] | None:
    """The two estimators to set side by side: REINFORCE, else the first unbiased one, and the reference."""
    reference = findings.reference()
    fair = [label for label in findings.compared() if label != reference and unbiased(findings, label)]
    plain = next((label for label in fair if findings.estimator_of[label] == "score_function"), None)
    first = plain or next(iter(fair), None)
    return None if first is None else (first, reference)


def blocks_swept(findings: Findings) -> tuple[str, ...]:
    """Blocks shown separately along swept settings, if nothing is trained and they are few; else ``all``."""
    blocks = tuple(group for group in findings.blocks if group != "all")
    few = not findings.vocabulary.trained and 1 < len(blocks) <= FEW_BLOCKS
    return blocks if few else ("all",)


def runs_shown(findings: Findings) -> tuple[Series, ...]:
    """The series of the sweep; of more than `RUNS`, evenly chosen ones for every setting."""
    along: dict[str, list[Series]] = {}
    for run in findings.series():
        along.setdefault(run.path, []).append(run)
    return tuple(run for runs in in_turn(list(along.values()), RUNS) for run in runs)


def run_name(findings: Findings, run: Series) -> str:
    """What distinguishes a series of the sweep from the others: “quadratic”; empty for a single one."""
    values_of = findings.experiment.values_of
    return ", ".join(named_setting(path, value, values_of(path)) for path, value in run.named.items())


def largest_blocks(findings: Findings, most: int = MANY) -> tuple[str, ...]:
    """Blocks of parameters, in order; of more than `most`, those where an estimator has the most variance."""
    blocks = tuple(group for group in findings.blocks if group != "all")
    if len(blocks) <= most:
        return blocks

    def highest(group: str) -> float:
        found = [findings.get("total_variance", label, group=group) for label in findings.compared()]
        return max((one.value for one in found if usable(one)), default=0.0)

    largest = sorted(blocks, key=highest, reverse=True)[:most]
    return tuple(block for block in blocks if block in largest)


def usable(estimate: Estimate) -> bool:
    """Whether an estimate can be drawn on a log axis."""
    return estimate.available and math.isfinite(estimate.value) and estimate.value > 0


def default_samples(findings: Findings, label: str) -> int:
    """The default K of a label, in the base setting."""
    arm = findings.arm(label)
    return arm.about.num_samples if arm is not None else 1


def unbiased(findings: Findings, label: str, objective: str | None = None) -> bool:
    """Whether the estimator is unbiased by construction at its K; for a user's own, by its declaration."""
    specs: Sequence[EstimatorSpec] = findings.experiment.estimators
    spec = next(spec for spec in specs if spec.label == label)
    return spec.kind.is_unbiased(objective or findings.objectives[0], spec.num_samples)


def kind_of(findings: Findings, label: str) -> Estimator:
    """What is known about a label's estimator; for a user's own, what its declaration says."""
    specs: Sequence[EstimatorSpec] = findings.experiment.estimators
    return next(spec.kind for spec in specs if spec.label == label)
