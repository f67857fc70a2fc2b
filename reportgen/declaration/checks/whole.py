"""All checks of a whole declaration, and when each of them is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reportgen.declaration.checks.claims import check_claims
from reportgen.declaration.checks.estimators import check_applicability, check_bounds, check_estimators
from reportgen.declaration.checks.measuring import check_budget, check_samples, check_sweep_checkpoints
from reportgen.declaration.checks.sweeps import check_sweep, check_written_apart
from reportgen.declaration.checks.training import (
    check_checkpoints,
    check_comparable,
    check_judge,
    check_published,
    check_training,
)
from reportgen.declaration.complaints import Complaint, suggestion
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.swept import with_resolved_sweep

Check = Callable[[Experiment], Iterator[Complaint]]


def check_parts(experiment: Experiment) -> Iterator[Complaint]:
    """There are no sections and settings that this model cannot use, and it has the objectives."""
    problem = experiment.problem
    if not problem.trained and "train" in experiment.model_fields_set:
        yield Complaint(("train",), f"{problem.model} has no parameters to train. Remove the section.")
    if not problem.images and "images" in experiment.measure.model_fields_set:
        yield Complaint(("measure", "images"), f"{problem.model} has no images. Remove it.")
    if problem.given and experiment.measure.num_samples:
        text = f"of {problem.model} the samples of an estimate are not known. Remove them."
        yield Complaint(("measure", "num_samples"), text)
    if (problem.layered or problem.given) and experiment.measure.constants:
        text = f"no constant can be added to log p of {problem.model}. Remove them."
        yield Complaint(("measure", "constants"), text)
    for i, name in enumerate(experiment.objective):
        if name not in problem.objectives:
            known = suggestion(name, problem.objectives)
            yield Complaint(("objective", i), f"{problem.model} has no {name}. {known}")


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
    (check_comparable, frozenset({"problem", "published"})),
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
"""Each check, and the sections it depends on: if one of these has a fault of its own, it is skipped."""

_CLAIMS_LEAN_ON = frozenset({"problem", "objective", "estimators", "train", "measure", "judge", "sweep"})


def complaints_about(experiment: Experiment, faulty: frozenset[str]) -> list[Complaint]:
    """Everything that does not fit together, apart from what depends on `faulty` sections."""
    found: list[Complaint] = []
    for check, needs in CHECKS:
        if not needs & faulty:
            found += check(experiment)
    doubtful = faulty | {str(complaint.path[0]) for complaint in found if complaint.path[0] == "sweep"}
    doubtful |= set() if experiment.estimators else {"estimators"}
    if not _CLAIMS_LEAN_ON & doubtful:
        resolved = with_resolved_sweep(experiment)
        found += [*check_written_apart(resolved), *check_claims(resolved)]
    return found
