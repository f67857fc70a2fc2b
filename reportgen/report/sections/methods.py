"""Methods: the engine, the intervals, multiplicity, and the definitions of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reportgen.declaration.claims.tests import Slope, curve_of, percent_text
from reportgen.declaration.train import TRAINING_SEED, stages
from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import PILOT_SAMPLES
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.model_grid import base_model
from reportgen.findings import Findings, prose
from reportgen.findings.vocabulary import Vocabulary
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

COARSE = 0.05
"""Coarsest precision at which stopping when it is met leaves intervals valid for heavy tails."""


def known(findings: Findings, name: str) -> bool:
    """Whether any record has a number in an array that is NaN where not known."""
    return any(bool(np.isfinite(r.arrays[name]).any()) for r in findings.measurements if name in r.arrays)


def trained(findings: Findings) -> list[Mapping[str, Any]]:
    """The `train` sections of all judged models if there are several, else that of the base setting."""
    if not base_model(findings):
        return [findings.experiment.train.model_dump()]
    judged = {cell.training_key for cell in findings.plan.judgements}
    return [cell.train for cell in findings.plan.trainings if cell.key in judged]


def spread(trainings: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The values of one of the trainings' settings, ascending."""
    return sorted({train[name] for train in trainings})


def rates(trainings: Sequence[Mapping[str, Any]]) -> str:
    """After “a learning rate”: “of 0.001”, “that falls in stages from 0.001 to 0.0001, then of 0.0001”."""
    courses = [[stage for stage in stages(train) if stage["epochs"]] for train in trainings]
    if all(len(course) < 2 and one["schedule"] == "constant" for course in courses for one in course):
        return f"of {prose.listing([plain(rate) for rate in spread(trainings, 'learning_rate')], 'or')}"
    told: list[str] = []
    for paces in dict.fromkeys(tuple(map(_pace, course)) for course in courses if course):
        told.append(", then ".join(noun * bool(told or i) + rate for i, (noun, rate) in enumerate(paces)))
    return prose.listing(told, "or")


def _pace(train: Mapping[str, Any]) -> tuple[str, str]:
    """The rate of a stage, preceded by the noun it needs if it does not directly follow “a learning rate”.

    The schedule of Burda et al. (2016) ends at 10^(−7/7) of its initial rate.
    """
    rate = float(train["learning_rate"])
    if train["schedule"] == "constant":
        return "", f"of {plain(rate)}"
    return "one ", f"that falls in stages from {plain(rate)} to {plain(rate / 10)}"


def _rounds(epochs: Sequence[int], v: Vocabulary) -> str:
    """“ten epochs”, “ten or 20 epochs”."""
    *others, last = epochs
    return prose.listing([*map(prose.in_words, others), words.counted(last, v.round, v.rounds)], "or")


def context(findings: Findings) -> Mapping[str, Any]:
    """The declared and measured numbers in the text."""
    experiment = findings.experiment
    record = findings.record()
    replicates = [
        arm.replicates
        for r in findings.measurements
        for arm in r.arms
        if arm.status not in ("control", "broken")
    ]
    buckets = {
        r.arrays["variance_without"].shape[2] for r in findings.measurements if "variance_without" in r.arrays
    }
    v, problem = findings.vocabulary, experiment.problem
    trainings = trained(findings)
    all_stages = [stage for train in trainings for stage in stages(train)]
    epochs, course = spread(trainings, "epochs"), about.stages_of(findings)
    planned = about.judged(findings) if base_model(findings) else about.base_trainings(findings)
    q, runs = DISTRIBUTIONS[problem.distribution], len(about.judged(findings))
    models = about.models_trained(findings, about.judged(findings))
    return {
        "trained": v.trained,
        "anew": TRAINING_SEED in experiment.swept,
        "network": v.network,
        "given": v.given,
        "compared": len(findings.labels) > 1,
        "layered": problem.layered,
        "stacked": problem.layered and len(problem.latent) > 1,
        "discrete": v.discrete,
        "beginning": problem.beginning,
        "counted": v.counted,
        "unit": v.unit,
        "units": v.units,
        "alone": v.alone,
        "free": v.free,
        "each": v.each,
        "from_test": v.images,
        "prepared": problem.prepared,
        "swept": v.swept,
        "mean_field": q.name == "gaussian",
        "evaluations": v.evaluations_alone,
        "derivative": v.derivative,
        "controls": any(about.is_control(findings, label) for label in findings.labels),
        "pilot": prose.count(PILOT_SAMPLES),
        "fitted": about.fitted(findings.estimator_of.values()),
        "theta": bool(findings.compared(parameters="theta")),
        "first_layer": findings.first_layer() is not None,
        "exact": known(findings, "exact_variance"),
        "exact_bias": known(findings, "exact_bias_squared"),
        "constants": any(arm.constant for r in findings.measurements for arm in r.arms),
        "objectives": len(findings.objectives) > 1,
        "crossovers": bool(findings.series()) and not v.trained,
        "slopes": any(isinstance(curve_of(claim.parsed.comparison), Slope) for claim in experiment.claims),
        "biased": known(findings, "bias_squared"),
        "coordinates": v.coordinates,
        "precision": percent_text(experiment.measure.precision),
        "coarse": experiment.measure.precision > COARSE,
        "budget": prose.count(int(experiment.measure.budget)),
        "least": prose.count(int(experiment.measure.min_replicates)),
        "fewest": prose.count(min(replicates)) if replicates else "",
        "most": prose.count(max(replicates)) if replicates else "",
        "buckets": prose.listing([prose.in_words(b) for b in sorted(buckets)], "or"),
        "comparisons": findings.comparisons,
        "looks": prose.in_words(findings.comparisons),
        "claims": len(findings.claims),
        "eta": prose.count(record.eta) if record else "",
        "sized": words.counted(record.eta, "parameter") if record else "",
        "parameters": prose.count(record.parameters) if record else "",
        "batch": prose.listing([prose.count(size) for size in spread(all_stages, "batch_size")], "or"),
        "rate": rates(trainings),
        "staged": any(stage["schedule"] != "constant" for stage in all_stages),
        "continued": any(train["after"] is not None for train in trainings),
        "moved": any(stage["epochs"] for stage in all_stages),
        "epochs": _rounds(epochs, v) if any(epochs) else "",
        "course": ", then ".join(f"on {what}{',' * (',' in what)} for {long}" for long, what in course),
        "lost": about.unfinished(findings, planned),
        "model": base_model(findings),
        "models": words.counted(models, "model"),
        "alike": models == 1,
        "judged": bool(findings.judgements),
        "published": experiment.published is not None and experiment.published.comparable is None,
        "several": any(len(model.records) > 1 for model in findings.models),
        "trainings": words.counted(runs, "training") if runs > models else "",
    }


SECTION = Section("methods", "Methods", context)
