"""Methods: the engine, the intervals, multiplicity, and the definition of every statistic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen.distributions import DISTRIBUTIONS
from reportgen.findings import Findings, prose
from reportgen.report import about, words
from reportgen.report.section import Section


def known(findings: Findings, name: str) -> bool:
    """Whether any record has a number in an array that holds NaN where it is not known."""
    return any(bool(np.isfinite(r.arrays[name]).any()) for r in findings.measurements if name in r.arrays)


def context(findings: Findings) -> Mapping[str, Any]:
    """The declared numbers that the text names."""
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
    epochs = experiment.train.epochs
    q = DISTRIBUTIONS[problem.distribution]
    return {
        "trained": v.trained,
        "network": v.network,
        "layered": problem.layered,
        "discrete": v.discrete,
        "beginning": problem.beginning,
        "moves": "pathwise gradients" if not v.discrete else "leave-one-out gradients in φ and those in θ",
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
        "baselines": any("optimal" in name for name in findings.estimator_of.values()),
        "theta": bool(findings.compared(parameters="theta")),
        "exact": known(findings, "exact_variance"),
        "objectives": len(findings.objectives) > 1,
        "crossovers": bool(findings.series()) and not v.trained,
        "biased": known(findings, "bias_squared"),
        "coordinates": v.coordinates,
        "precision": f"{100 * float(experiment.measure.precision):g}%",
        "budget": prose.count(int(experiment.measure.budget)),
        "least": prose.count(int(experiment.measure.min_replicates)),
        "fewest": prose.count(min(replicates)) if replicates else words.DASH,
        "most": prose.count(max(replicates)) if replicates else words.DASH,
        "buckets": prose.listing([prose.count(b) for b in sorted(buckets)], "or"),
        "comparisons": prose.count(findings.comparisons),
        "claims": len(findings.claims),
        "eta": prose.count(record.eta) if record else words.DASH,
        "parameters": prose.count(record.parameters) if record else words.DASH,
        "batch": prose.count(int(experiment.train.batch_size)),
        "rate": f"{float(experiment.train.learning_rate):g}",
        "epochs": words.counted(epochs, v.round, v.rounds) if epochs else "",
        "trained_on": about.objective_title(findings, experiment.train.objective),
    }


SECTION = Section("methods", "Methods", context, ("learning_curve",))
