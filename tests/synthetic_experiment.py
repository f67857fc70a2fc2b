"""The flagship's declaration and plan for tests of the press.

Loaded from the gallery where it can be; otherwise an object of the same
shape, so that the press can be tested by itself.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from reportgen.plan import Arm, MeasurementCell, Plan, TrainingCell

CHECKPOINTS = [0, 1, 5, 20, 50, 100, 200]
LATENTS = [2, 5, 10, 20, 50]
OBJECTIVES = ("reconstruction", "elbo", "elbo_analytic_kl")
PRINTED = "as printed in the source post"
ESTIMATORS = (
    ("score_function", "score_function", 1),
    ("score_function_optimal_constant", "score_function_optimal_constant", 1),
    ("score_function_optimal_per_coordinate", "score_function_optimal_per_coordinate", 1),
    ("leave_one_out", "leave_one_out", 2),
    ("taylor_control_variate", "taylor_control_variate", 1),
    ("pathwise", "pathwise", 1),
    ("score_function_as_printed", PRINTED, 1),
)
PROBLEM = {"model": "vae", "data": "digits", "hidden": [100, 100], "latent": 10, "activation": "tanh"}
TRAIN = {
    "objective": "elbo", "epochs": 200, "batch_size": 20, "learning_rate": 1e-3, "checkpoints": CHECKPOINTS,
}  # fmt: skip
MEASURE = {
    "images": 12, "precision": 0.02, "budget": 1e6, "min_replicates": 384,
    "num_samples": [1, 2, 4, 8, 16, 32], "constants": [-50.0, 0.0, 50.0], "sweep_checkpoints": None,
}  # fmt: skip


def _key(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def arms(*, curves: bool) -> tuple[Arm, ...]:
    """Every arm of a cell; with `curves` those over num_samples and constants too."""
    found = [Arm(o, name, label, k) for o in OBJECTIVES for name, label, k in ESTIMATORS]
    if curves:
        first = OBJECTIVES[0]
        found += [
            Arm(first, name, label, n)
            for name, label, k in ESTIMATORS
            for n in MEASURE["num_samples"]
            if n != k and (n >= 2 or name != "leave_one_out")
        ]
        found += [Arm(first, n, n, 1, c) for n in ("score_function", "pathwise") for c in (-50.0, 50.0)]
    return tuple(found)


@lru_cache(maxsize=1)
def synthetic_plan() -> Plan:
    """Base setting at every checkpoint, the other latent dimensions at the last."""
    trainings, measurements = [], []
    for latent in LATENTS:
        setting = {"problem.latent": latent}
        base = latent == 10
        problem = {**PROBLEM, "latent": latent}
        trained = TrainingCell(_key("training", latent), setting, base, problem, TRAIN, 0)
        trainings.append(trained)
        for checkpoint in CHECKPOINTS if base else CHECKPOINTS[-1:]:
            measurements.append(
                MeasurementCell(
                    key=_key("measurement", latent, checkpoint),
                    training_key=trained.key,
                    setting=setting,
                    base=base,
                    checkpoint=checkpoint,
                    problem=problem,
                    measure=MEASURE,
                    arms=arms(curves=base and checkpoint == CHECKPOINTS[-1]),
                    references={o: "pathwise" for o in OBJECTIVES},
                    seed=0,
                )
            )
    return Plan("burda2016", tuple(trainings), tuple(measurements))


CLAIMS = (
    {
        "id": "same-gradient",
        "quote": "both unbiased estimators of the same gradient",
        "source": "burda2016, section 2",
        "test": "equal_means(score_function_optimal_constant, pathwise, margin=25%) after checkpoint 0",
    },
    {
        "id": "lower-variance",
        "quote": "the VAE update tends to have lower variance in practice",
        "source": "burda2016, section 2",
        "test": "variance_ratio(score_function, pathwise) > 1 at every checkpoint",
    },
    {
        "id": "lower-variance-every-latent",
        "statement": "The same holds at every latent dimension.",
        "source": "this report",
        "test": "variance_ratio(score_function, pathwise) > 1 at every problem.latent",
    },
    {
        "id": "baseline-closes-most",
        "statement": "A constant baseline closes more than half of the gap on the log scale.",
        "source": "this report",
        "test": "gap_closed(score_function_optimal_constant, score_function, pathwise) > 0.5 at every checkpoint",
    },
    {
        "id": "slope",
        "statement": "Variance falls as one over the number of samples.",
        "source": "this report",
        "test": "slope(total_variance(pathwise), num_samples) = -1 within 5%",
    },
    {
        "id": "constant-moves-score",
        "statement": "A constant added to log p changes the score function's variance.",
        "source": "this report",
        "test": "constant_effect(score_function) > 0.1",
    },
    {
        "id": "printed-formula",
        "statement": "The formula as printed estimates the same gradient.",
        "source": "borea",
        "test": f"equal_means({PRINTED}, pathwise) at every checkpoint",
        "expect": "refuted",
    },
)


@lru_cache(maxsize=1)
def synthetic_experiment() -> Any:
    """The declared experiment, as the press sees it."""
    try:
        from reportgen.declaration.claim_grammar import parse
    except ImportError:  # the grammar is another room's

        def parse(text: str) -> Any:
            return None

    claims = tuple(
        SimpleNamespace(
            id=c["id"],
            statement=c.get("statement"),
            quote=c.get("quote"),
            source=c["source"],
            test=c["test"],
            parsed=parse(c["test"]),
            expect=c.get("expect", "confirmed"),
        )
        for c in CLAIMS
    )
    return SimpleNamespace(
        experiment="burda2016",
        title="The VAE update against REINFORCE",
        problem=SimpleNamespace(**PROBLEM),
        objective=OBJECTIVES,
        estimators=tuple(SimpleNamespace(name=n, label=lb, num_samples=k) for n, lb, k in ESTIMATORS),
        train=SimpleNamespace(**TRAIN),
        measure=SimpleNamespace(**MEASURE),
        sweep={"problem.latent": tuple(LATENTS)},
        claims=claims,
        seed=0,
        text="experiment: burda2016\n",
        source_path=None,
    )
