"""Made-up judged models with prescribed likelihoods, active units and pictures, to test the press.

The declaration is that of table 1 of Burda et al. (2016) in small. Numbers are
near the published ones; `shift` moves ours off them by as many nats.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets import Dataset, load
from reportgen.declaration import Experiment, load_text
from reportgen.findings import Findings, collect
from reportgen.plan import JudgementCell, MeasurementCell, Plan, TrainingCell, make_plan
from reportgen.store.records import BrokenRecord, JudgementRecord, MeasurementRecord, TrainingRecord
from tests.crafted import crafted_record
from tests.press_cases import slim
from tests.synthetic import training

Array = NDArray[np.float64]
IMAGES, BUCKETS, SIDE = 200, 20, 8

TABLE = """
experiment: table
title: Table 1 of Burda et al. (2016), on digits
problem: {model: vae, data: digits, latent: 50, hidden: [200, 200]}
objective: [iwae]
estimators: [pathwise, doubly_reparameterized, generative]
train: {objective: elbo, num_samples: 1, epochs: 64, checkpoints: [0, 8, 64], schedule: burda2016}
measure:
  {images: 3, min_replicates: 100, num_samples: [1, 5, 50], curves: everywhere, sweep_checkpoints: every}
judge: {images: 200, num_samples: 5000, curve: [1, 5, 50, 500]}
published:
  source: burda2016, table 1
  epochs: 3280
  values:
    - {at: {train.objective: elbo, train.num_samples: 1}, nll: 86.76, active_units: [19]}
    - {at: {train.objective: elbo, train.num_samples: 5}, nll: 86.47, active_units: [20]}
    - {at: {train.objective: elbo, train.num_samples: 50}, nll: 86.35, active_units: [20]}
    - {at: {train.objective: iwae, train.num_samples: 1}, nll: 86.76, active_units: [19]}
    - {at: {train.objective: iwae, train.num_samples: 5}, nll: 85.54, active_units: [22]}
    - {at: {train.objective: iwae, train.num_samples: 50}, nll: 84.78, active_units: [25]}
sweep: {train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]}
claims:
  - id: bound-pays
    statement: with more samples the importance weighted model has the higher likelihood
    source: burda2016, section 5
    test: decreasing(negative_log_likelihood, train.num_samples) at train.objective iwae
  - id: iwae-wins
    statement: at 50 samples the importance weighted model beats the VAE
    source: burda2016, table 1
    test: decreasing(negative_log_likelihood, train.objective) at train.num_samples 50
  - id: more-units
    statement: it uses more of its latent units
    source: burda2016, table 1
    test: increasing(active_units, train.num_samples) at train.objective iwae
"""

TWO_LAYERS = {
    ("elbo", 1): (85.33, (16, 5)), ("elbo", 5): (85.01, (17, 5)), ("elbo", 50): (84.78, (17, 5)),
    ("iwae", 1): (85.33, (16, 5)), ("iwae", 5): (83.89, (21, 5)), ("iwae", 50): (82.90, (26, 7)),
}  # fmt: skip

Number = Callable[[JudgementCell], float]


def declared(text: str = TABLE) -> Experiment:
    """The declaration of the table, one stochastic layer."""
    return load_text(text, "table.yaml")


def two_layers(text: str = TABLE) -> Experiment:
    """The same with one and two stochastic layers."""
    kind = "train.objective: [elbo, iwae], train.num_samples: [1, 5, 50]"
    blocks = (
        f"  - {{problem.latent: [[50]], problem.hidden: [[[200, 200]]], {kind}}}\n"
        f"  - {{problem.latent: [[100, 50]], problem.hidden: [[[200, 200], [100, 100]]], {kind}}}\n"
    )
    values = "".join(
        f"    - {{at: {{problem.latent: [100, 50], train.objective: {o}, train.num_samples: {k}}}, "
        f"nll: {nll}, active_units: {list(units)}}}\n"
        for (o, k), (nll, units) in TWO_LAYERS.items()
    )
    changes = {
        "{model: vae, data: digits, latent: 50, hidden: [200, 200]}": "{model: layered_vae, data: digits, "
        "latent: [50], hidden: [[200, 200]]}",
        "{at: {train.objective": "{at: {problem.latent: [50], train.objective",
        f"sweep: {{{kind}}}\n": f"{values}sweep:\n{blocks}",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return declared(text)


def nll_of(experiment: Experiment, cell: JudgementCell) -> float:
    """The published number of a cell; 90 where there is none."""
    values = experiment.published.values if experiment.published else ()
    for value in values:
        if all(cell.setting.get(path) == of for path, of in value.at.items()):
            return value.nll
    return 90.0


def judgement(
    cell: JudgementCell,
    nll: float,
    active: tuple[int, ...],
    *,
    images: int = IMAGES,
    common: float = 8.0,
    own: float = 0.5,
    unsure: int = 0,
) -> JudgementRecord:
    """A record with exactly this mean and these counts; images scatter by `common` alike in every model.

    `unsure` units of the last layer lie just below the threshold.
    """
    latent = cell.problem["latent"]
    widths = tuple(latent) if isinstance(latent, list | tuple) else (int(latent),)
    rng = np.random.default_rng([7, zlib.crc32(cell.key.encode())])
    centred = np.random.default_rng(3).normal(size=images) * common + rng.normal(size=images) * own
    centred = (
        np.round((centred - centred.mean()) * 2**20) / 2**20
    )  # so that sums are exact, and equal means equal to the bit
    centred[-1] -= centred.sum()
    loss = nll + centred
    curve = tuple(sorted({*(int(k) for k in cell.judge["curve"]), int(cell.judge["num_samples"])}))
    gap = 4.0 + rng.uniform(0.0, 3.0)
    bounds = np.stack([-loss - (gap / np.sqrt(k) - gap / np.sqrt(curve[-1])) for k in curve], 1)
    levels = []
    for layer, (width, count) in enumerate(zip(widths, active, strict=True)):
        on = np.exp(rng.uniform(np.log(0.05), np.log(0.9), count))
        off = np.exp(rng.uniform(np.log(1e-6), np.log(2e-4), width - count))
        if layer == len(widths) - 1:
            off[:unsure] = 0.0099
        levels.append(np.concatenate([on, off]))
    variance = np.concatenate(levels)
    without = variance * (1.0 + 0.004 * rng.normal(size=(BUCKETS, len(variance))))
    samples, originals, blurred = pictures(zlib.crc32(cell.key.encode()))
    return JudgementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset="digits",
        shape=(SIDE, SIDE),
        layers=widths,
        num_samples=curve[-1],
        curve=curve,
        images=tuple(range(images)),
        seconds=12.0,
        environment={"machine": "synthetic", "python": "3.11.2"},
        arrays={
            "bounds": bounds,
            "unit_variance": variance,
            "unit_variance_without": without,
            "samples": samples,
            "originals": originals,
            "reconstructions": blurred,
        },
    )


@cache
def digits() -> Dataset:
    """The digits, read once: hundreds of models are judged."""
    return load("digits")


def pictures(seed: int) -> tuple[Array, Array, Array]:
    """Samples [64 p], binary originals [20 p] and their reconstructions [20 p], of real digits."""
    data = digits()
    rng = np.random.default_rng([11, seed])
    grey = data.train[rng.permutation(len(data.train))[:64]].astype(np.float64)
    test = data.test[:20].astype(np.float64)
    originals = (np.random.default_rng(2).random(test.shape) < test).astype(np.float64)
    return 0.9 * grey + 0.05, originals, 0.85 * test + 0.05


def measured(cell: MeasurementCell) -> MeasurementRecord:
    """Gradients whose signal-to-noise ratio falls as 1/√K in φ with pathwise, and rises else."""
    k_trained = int(cell.setting["train.num_samples"])

    def variances(_: MeasurementCell, arm: Any) -> float:
        noise = 40.0 * (1.0 + cell.checkpoint / 20.0) / np.sqrt(k_trained)
        falling = arm.estimator == "pathwise"
        quiet = 0.1 if arm.estimator == "generative" else 1.0
        return float(quiet * noise * arm.num_samples ** (0.0 if falling else -1.0))

    def norms(_: MeasurementCell, arm: Any) -> float:
        return float(2.0 / arm.num_samples) if arm.estimator == "pathwise" else 2.0

    made = crafted_record(cell, variances, norms=norms, groups={"θ decoder": variances})
    return slim(made, 3, 100)


def trained_well(cell: TrainingCell) -> TrainingRecord:
    """A training whose bound is the higher the more samples it has."""
    made = training(cell)
    gain = np.log(cell.train["num_samples"]) * (0.8 if cell.train["objective"] == "iwae" else 0.15)
    return replace(made, test_bound={epoch: value + float(gain) for epoch, value in made.test_bound.items()})


def records(
    experiment: Experiment,
    plan: Plan,
    *,
    shift: Number = lambda cell: 0.0,
    active: Mapping[tuple[str, int], tuple[int, ...]] | None = None,
    unsure: int = 0,
    images: int = IMAGES,
    own: float = 0.5,
) -> dict[str, Any]:
    """Records of every cell, by key; ours lie `shift` off the published numbers."""
    counts = {
        (v.at["train.objective"], v.at["train.num_samples"]): v.active_units for v in _one_layer(experiment)
    }
    counts |= dict(active or {})
    found: dict[str, Any] = {cell.key: trained_well(cell) for cell in plan.trainings}
    trained = {cell.key: cell.train for cell in plan.trainings}
    for cell in plan.judgements:
        train = trained[cell.training_key]
        which = (train["objective"], train["num_samples"])
        latent = cell.problem["latent"]
        layered = isinstance(latent, list | tuple) and len(latent) > 1
        units = TWO_LAYERS[which][1] if layered else counts.get(which, (19,))
        nll = nll_of(experiment, cell) + shift(cell)
        found[cell.key] = judgement(cell, nll, units, unsure=unsure, images=images, own=own)
    found |= {cell.key: measured(cell) for cell in plan.measurements}
    return found


def _one_layer(experiment: Experiment) -> list[Any]:
    values = experiment.published.values if experiment.published else ()
    return [value for value in values if len(value.active_units) == 1 and "train.objective" in value.at]


def paused(record: Any, cause: str = "paused after 12 of 64 epochs") -> BrokenRecord:
    """The record of a cell that ran out of time."""
    kind = "training" if not hasattr(record, "checkpoint") else "judgement"
    checkpoint = getattr(record, "checkpoint", None)
    return BrokenRecord(record.key, kind, dict(record.setting), checkpoint, cause, paused=True)


def models(experiment: Experiment | None = None, **numbers: Any) -> Findings:
    """Findings of the table on such records."""
    experiment = experiment or declared()
    plan = make_plan(experiment, "0" * 64)
    return collect(experiment, plan, records(experiment, plan, **numbers))
