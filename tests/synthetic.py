"""Made-up measurements for the press: small vector estimators, simulated replicate by replicate.

Every array of a record is computed from the replicates by the definition in
`reportgen.store.records`, leave-outs included, so that intervals made from
them are true intervals. Sizes are a toy's; ratios are near those of a first
look at the real effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from matplotlib.text import Text
from numpy.typing import NDArray
from scipy import stats

from reportgen.estimators import ESTIMATORS
from reportgen.figures import FIGURES, Drawing, sketched
from reportgen.figures.drafting.drawing import save
from reportgen.figures.drafting.style import house_style
from reportgen.findings import Findings, collect
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.variance import log_variance
from reportgen.plan import Arm, MeasurementCell, Plan, TrainingCell
from reportgen.store.records import (
    HISTOGRAM_BINS,
    HISTOGRAM_DECADES,
    QUANTILES,
    T_STEPS,
    WEIGHT_BINS,
    WEIGHT_REACH,
    ArmRecord,
    MeasurementRecord,
    TrainingRecord,
)
from tests.synthetic_experiment import synthetic_experiment, synthetic_plan

Array = NDArray[np.float64]

IMAGES, BUCKETS, PER_BUCKET = 12, 8, 48
GROUPS = {"hidden.0": 10, "hidden.1": 6, "mean": 4, "log_scale": 4}
COORDINATES = sum(GROUPS.values())
SHAPE = (3, 3)
"""Shape of the images: the first group is one unit that sees them, with a bias."""
WATCHED = (5, 0, 1, 1)
"""Image, unit, row and column of the weight whose estimates are kept."""

LEVEL = {0: 2.0, 1: 40.0, 5: 60.0, 20: 80.0, 50: 100.0, 100: 120.0, 200: 150.0}
"""Total variance of pathwise (reconstruction) by checkpoint."""
SCORE = {0: 3e5, 1: 1200.0, 5: 1150.0, 20: 1100.0, 50: 950.0, 100: 750.0, 200: 600.0}
"""Total variance of the score function over pathwise's, by checkpoint."""
CONSTANT = {0: 30.0, 1: 13.0, 5: 11.0, 20: 10.0, 50: 9.0, 100: 8.5, 200: 8.0}
"""The same with the best constant baseline."""
LATENT = {2: 0.25, 5: 0.6, 10: 1.0, 20: 1.8, 50: 4.4}
"""Factor of those ratios by latent dimension."""


def ratio(cell: MeasurementCell, arm: Arm) -> float:
    """The true variance ratio of an arm to pathwise of the same objective, at K = 1."""
    checkpoint = min(LEVEL, key=lambda c: abs(c - cell.checkpoint))
    factor = LATENT.get(int(cell.setting.get("problem.latent", 10)), 1.0)
    constant = 1.0 + (CONSTANT[checkpoint] - 1.0) * factor
    score = SCORE[checkpoint] * factor * (0.7 if arm.objective == "elbo" else 1.0)
    return {
        "pathwise": 1.0,
        "taylor_control_variate": 1.0 + 0.3 * (constant - 1.0),
        "score_function": constant + score * (1.0 - arm.constant / 120.0) ** 2,
        "score_function_optimal_constant": constant,
        "score_function_optimal_per_coordinate": 0.85 * constant,
        "leave_one_out": 2.0 * constant,
        "score_function_as_printed": 0.02 * score,
    }[arm.estimator]


def replicates(cell: MeasurementCell, arm: Arm) -> Array:
    """Replicates of every image, [I S n P]; equal seeds share noise between arms of equal K."""
    rng = np.random.default_rng([cell.seed, cell.checkpoint, int(cell.setting.get("problem.latent", 10))])
    checkpoint = min(LEVEL, key=lambda c: abs(c - cell.checkpoint))
    level = LEVEL[checkpoint] * (0.8 if arm.objective == "elbo" else 1.0)
    size = np.exp(rng.normal(0.0, 1.2, COORDINATES))
    size *= np.sqrt(1.0 / (size**2).sum())
    common = rng.normal(size=COORDINATES)
    own = rng.normal(size=(IMAGES, COORDINATES))
    strength = 2.0 / (1.0 + checkpoint) ** 0.25
    mean = np.sqrt(level) * size * strength * (0.6 * common + 0.5 * own)  # [I P]
    image_scale = np.exp(rng.normal(0.0, 0.2, IMAGES))
    image_scale /= np.sqrt((image_scale**2).mean())
    epsilon, other, heavy = _noise(cell.seed, cell.checkpoint, arm.num_samples)
    if arm.estimator == "score_function_as_printed":
        mean = 0.05 * mean
    if arm.estimator in ("pathwise", "taylor_control_variate"):
        draw = epsilon + np.sqrt(ratio(cell, arm) - 1.0) * other
    else:
        # A score times a value: pathwise's noise in part, and heavier tails common to all coordinates.
        draw = np.sqrt(ratio(cell, arm) * (1.0 + heavy**2) / 2.0) * (0.6 * epsilon + 0.8 * other)
    spread = np.sqrt(level / arm.num_samples) * size * image_scale[:, None]
    return np.asarray(mean[:, None, None] + spread[:, None, None] * draw)


@lru_cache(maxsize=8)
def _noise(seed: int, checkpoint: int, num_samples: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng([seed, checkpoint, num_samples, 7])
    shape = (IMAGES, BUCKETS, PER_BUCKET, COORDINATES)
    return rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=(*shape[:3], 1))


def _left_out(draws: Array) -> tuple[Array, Array, int]:
    """Mean and variance (ddof 1) without each bucket, [I S P] each, and how many replicates are left."""
    flat = draws.reshape(IMAGES, -1, COORDINATES)
    centre = flat.mean(1)[:, None]
    fewer = (BUCKETS - 1) * PER_BUCKET
    offset = -(draws - centre[:, None]).sum(2) / fewer  # the deviations of all sum to zero
    square = ((draws - centre[:, None]) ** 2).sum(2)
    rest = square.sum(1, keepdims=True) - square
    return centre + offset, (rest - fewer * offset**2) / (fewer - 1), fewer


def _squared(vector: Array) -> Array:
    return np.asarray((vector**2).sum(-1))


def _groups(values: Array) -> Array:
    """Sums over all coordinates and over each group's, [… P] → [… G]."""
    ends = np.cumsum(list(GROUPS.values()))[:-1]
    return np.stack([values.sum(-1), *(part.sum(-1) for part in np.split(values, ends, axis=-1))], -1)


def _quantiles(values: Array) -> Array:
    """Over all coordinates and over each group's, [… P] → [… G Q]."""
    ends = np.cumsum(list(GROUPS.values()))[:-1]
    parts = (values, *np.split(values, ends, axis=-1))
    return np.stack([np.moveaxis(np.quantile(part, QUANTILES, axis=-1), 0, -1) for part in parts], -2)


def cross_fitted(first: Array, second: Array) -> float:
    """The test of equal means as its formula reads: Student's t along the other half's C⁻¹ d̄, averaged."""
    found = []
    for choosing, tested in ((first, second), (second, first)):
        projected = tested @ np.linalg.solve(np.atleast_2d(np.cov(choosing.T)), choosing.mean(0))
        found.append(_student(projected))
    return float(np.mean(found))


def _student(values: Array) -> float:
    """Student's t of a mean against zero."""
    n, mean = len(values), values.mean()
    return float(mean / np.sqrt(((values - mean) ** 2).mean() * (n / (n - 1)) / n))


def _equal_means(difference: Array, signal: Array) -> tuple[float, float]:
    """z and detectable bias (as if the direction were known) of one image's differences, [n P]."""
    halves = difference[0::2], difference[1::2]
    z, half = cross_fitted(*halves), difference.shape[0] // 2
    information = float(signal @ np.linalg.solve(np.cov(difference.T), signal))
    return z, _needed(half) / math.sqrt(half * information)


@cache
def _needed(half: int) -> float:
    """Standard errors of a bias that is found in one of all images, at 5 %, four times in five."""
    return float(stats.t.isf(0.05 / IMAGES, half - 1) + stats.norm.isf(0.2))


def _half_means(values: Array) -> Array:
    """Mean of the means of even and odd buckets, each bucket left out in turn, [I S] → [I S]."""
    kept = [
        [np.delete(np.arange(BUCKETS), s)[np.delete(np.arange(BUCKETS), s) % 2 == half] for half in (0, 1)]
        for s in range(BUCKETS)
    ]
    return np.stack([np.mean([values[:, half].mean(1) for half in halves], 0) for halves in kept], 1)


def _one_arm(draws: Array, reference: Array | None, partner: Array | None, paired: bool) -> dict[str, Array]:
    """Arrays of one arm, by brute force; `partner` are the reference's draws with the arm's K."""
    flat = draws.reshape(IMAGES, -1, COORDINATES)
    count = flat.shape[1]
    mean, spread = flat.mean(1), flat.var(1, ddof=1)  # [I P]
    means, spreads, fewer = _left_out(draws)  # [I S P]
    in_buckets = (draws if reference is None else reference).mean((0, 2))  # [S P]
    halves = [in_buckets[1 - half :: 2].mean(0) for half in (0, 1)]  # each bucket along the other half's mean
    along = draws.mean(2) * np.array([halves[s % 2] for s in range(BUCKETS)])
    along = along.sum(-1)  # [I S]
    own = draws.mean((0, 2))
    turned = (draws if reference is None else reference).mean(2)  # what the reference changes as a direction
    turned = (turned * np.array([own[1 - s % 2 :: 2].mean(0) for s in range(BUCKETS)])).sum(-1)
    turned = _half_means(turned) - turned.mean(1)[:, None]
    unit = (mean if reference is None else reference.reshape(IMAGES, -1, COORDINATES).mean(1))[:, None, None]
    unit = unit / np.linalg.norm(unit, axis=-1, keepdims=True)
    parallel = (draws * unit).sum(-1)
    ratios = np.abs(parallel) / np.sqrt((draws**2).sum(-1) - parallel**2)  # [I S n]
    kept = [np.delete(ratios, s, 1).mean((1, 2)) for s in range(BUCKETS)]
    out: dict[str, Any] = {
        "directional_ratio": ratios.mean((1, 2)),
        "directional_ratio_without": np.stack(kept, 1),
        "variance": _groups(spread),
        "variance_without": _groups(spreads),
        "squared_norm": _groups(mean**2) - _groups(spread) / count,
        "squared_norm_without": _groups(means**2) - _groups(spreads) / fewer,
        "projection": along.mean(1),
        "projection_without": _half_means(along) + turned,
        "batch_squared_norm_raw": _squared(mean.mean(0)),
        "batch_squared_norm": _squared(mean.mean(0)) - spread.sum() / count / IMAGES**2,
        "batch_squared_norm_without": _squared(means.mean(0)) - spreads.sum((0, 2)) / fewer / IMAGES**2,
        "image_dot": mean @ mean.mean(0),
        "image_squared_norm_raw": _squared(mean),
        "coordinate_quantiles": _quantiles(spread.mean(0)),
        "coordinate_quantiles_without": _quantiles(spreads.mean(0)),
        "coordinate_histogram": np.histogram(np.log10(spread.mean(0)), HISTOGRAM_BINS, HISTOGRAM_DECADES)[0],
    }
    test = np.full((IMAGES, 4), np.nan)
    if partner is not None and paired:
        difference = flat - partner.reshape(IMAGES, -1, COORDINATES)
        for i in range(IMAGES):
            test[i, 0], test[i, 3] = _equal_means(difference[i], mean[i])
        test[:, 1], test[:, 2] = COORDINATES, stats.t.sf(test[:, 0], count // 2 - 1)
    for column, name in enumerate(("bias_statistic", "bias_dimension", "bias_p_value", "detectable_bias")):
        out[name] = test[:, column]
    out["coordinate_lower"] = np.full((2, len(T_STEPS)), np.nan)
    if reference is not None:
        out["coordinate_lower"] = _lower(*(part.mean(0) for part in (*_spreads(reference), spread, spreads)))
    return out


def _lower(theirs: Array, theirs_without: Array, own: Array, own_without: Array) -> Array:
    """Coordinates where the first has less variance, and the others, by Student's t of the log ratio."""
    found = np.zeros((2, len(T_STEPS)))
    for p in range(own.size):
        ratio, without = math.log(own[p] / theirs[p]), np.log(own_without[:, p] / theirs_without[:, p])
        error = math.sqrt((BUCKETS - 1) * float(without.var()))
        if ratio == error == 0.0:  # the same draws
            ratio, error = math.inf, 1.0
        found[0 if theirs[p] < own[p] else 1] += abs(ratio) / error >= np.array(T_STEPS)
    return found


def _spreads(draws: Array) -> tuple[Array, Array]:
    """Variances of every coordinate, [I P], and without each bucket."""
    return draws.reshape(IMAGES, -1, COORDINATES).var(1, ddof=1), _left_out(draws)[1]


def pictures() -> Array:
    """Binary images, the last pixel never on, [I H W]."""
    drawn = np.random.default_rng(11).random((IMAGES, *SHAPE)) < np.linspace(0.9, 0.2, 9).reshape(SHAPE)
    drawn[:, -1, -1], drawn[WATCHED[0], WATCHED[2], WATCHED[3]] = False, True
    return drawn.astype(np.float64)


def _weight(draws: Array, default: bool) -> dict[str, Array]:
    """Of the first group: a unit's map, and the estimates of one weight; NaN for arms that are not first."""
    image, _, row, column = WATCHED
    flat = draws.reshape(IMAGES, -1, COORDINATES)
    own = flat[image, :, row * SHAPE[1] + column]
    on = pictures().reshape(IMAGES, -1).any(0)
    away = (own - own.mean()) / own.std(ddof=1)
    edges = [-np.inf, *np.linspace(-WEIGHT_REACH, WEIGHT_REACH, WEIGHT_BINS + 1), np.inf]
    found = {
        "unit_pixels": (flat.var(1, ddof=1).mean(0)[:9] * on).reshape(1, *SHAPE),
        "weight_mean": np.asarray(own.mean()),
        "weight_variance": np.asarray(own.var(ddof=1)),
        "weight_drawn": np.array([own.mean(), own.var(ddof=1) * (1 + 1e-3)]),
        "weight_counts": np.histogram(away, edges)[0].astype(np.float64),
    }
    return found if default else {name: np.full_like(value, np.nan) for name, value in found.items()}


_simulated: dict[str, MeasurementRecord] = {}


def measurement(cell: MeasurementCell) -> MeasurementRecord:
    """The record of a cell, simulated once; many tests declare the same."""
    written = repr(cell)
    if written not in _simulated:
        _simulated[written] = _simulate(cell)
        for array in _simulated[written].arrays.values():
            array.flags.writeable = False
    return _simulated[written]


def _simulate(cell: MeasurementCell) -> MeasurementRecord:
    columns: dict[str, list[Array]] = {}
    records = []

    @cache
    def drawn(arm: Arm) -> Array:
        return replicates(cell, arm)

    for arm in cell.arms:
        own = next(a for a in cell.arms if (a.objective, a.label) == (arm.objective, arm.label))
        default = arm == own
        name = cell.references.get(arm.objective)
        first = next((a for a in cell.arms if (a.objective, a.label) == (arm.objective, name)), arm)
        is_reference = arm == first
        draws = drawn(arm)
        reference = None if is_reference else drawn(first)
        partner = None
        if not is_reference and default:
            partner = drawn(Arm(first.objective, first.estimator, first.label, arm.num_samples))
        arrays = {**_one_arm(draws, reference, partner, default), **_weight(draws, default)}
        for key, value in arrays.items():
            columns.setdefault(key, []).append(np.asarray(value, dtype=np.float64))
        without = arrays["variance_without"][..., 0]
        deviation = without - without.mean(1, keepdims=True)
        error = np.sqrt((BUCKETS - 1) / BUCKETS * (deviation**2).sum()) / IMAGES
        half_width = 1.96 * error / arrays["variance"][:, 0].mean()
        kind = ESTIMATORS[arm.estimator]
        forward = float(kind.forward_passes(arm.num_samples))
        backward = float(kind.backward_passes(arm.num_samples))
        records.append(
            ArmRecord(
                objective=arm.objective,
                estimator=arm.estimator,
                label=arm.label,
                num_samples=arm.num_samples,
                constant=arm.constant,
                status="met" if half_width < 0.02 else "budget",
                cause=None,
                replicates=BUCKETS * PER_BUCKET,
                relative_half_width=float(half_width),
                forward=forward,
                backward=backward,
                seconds_per_replicate=1e-6 * (2.0 * forward + 3.0 * backward + 0.5),
                reference=is_reference,
            )
        )
    stacked = {name: np.stack(values) for name, values in columns.items()}
    sizes = np.array([COORDINATES, *GROUPS.values()], dtype=np.float64)
    stacked["coordinate_count"], stacked["coordinate_dead"] = sizes, np.zeros_like(sizes)
    stacked["pixels"], stacked["units"], stacked["weight"] = pictures(), np.zeros(1), np.array(WATCHED, float)
    latent = int(cell.setting.get("problem.latent", 10))
    record = MeasurementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset="digits",
        groups=("all", *GROUPS),
        arms=tuple(records),
        images=tuple(range(0, 2 * IMAGES, 2)),
        latent=latent,
        eta=2 * latent,
        parameters=COORDINATES,
        draws_per_image=BUCKETS * PER_BUCKET * 32,
        seconds=1.5,
        environment={"machine": "synthetic", "python": "3.11.2"},
        arrays=stacked,
        first_layer="hidden.0",
        units=1,
    )
    return replace(record, arms=tuple(_as_the_meter_says(record, a) for a in range(len(records))))


def _as_the_meter_says(record: MeasurementRecord, index: int) -> ArmRecord:
    """With half the interval of its total variance on the log scale."""
    variance = log_variance(MeasuredArm(record, index))
    low, high = variance.interval()
    return replace(record.arms[index], relative_half_width=math.log(high / low) / 2.0)


def training(cell: TrainingCell) -> TrainingRecord:
    """The record of a training run, simulated: a bound that rises from −36 towards −18 nats."""
    epochs = int(cell.train["epochs"])
    bound = -18.0 - 18.0 * np.exp(-np.arange(1, epochs + 1) / 12.0)
    checkpoints = tuple(int(c) for c in cell.train["checkpoints"])
    return TrainingRecord(
        key=cell.key,
        setting=dict(cell.setting),
        dataset="digits",
        checkpoints=checkpoints,
        train_bound=tuple(float(b) for b in bound),
        test_bound={str(c): -18.6 - 18.0 * float(np.exp(-c / 12.0)) for c in checkpoints},
        parameters={"encoder": 18620, "decoder": 17664},
        seconds=9.0,
        environment={"machine": "synthetic", "python": "3.11.2"},
    )


def synthetic_records(plan: Plan) -> Mapping[str, Any]:
    """Records of every cell of a plan, by key."""
    records: dict[str, Any] = {cell.key: training(cell) for cell in plan.trainings}
    records |= {cell.key: measurement(cell) for cell in plan.measurements}
    return records


@cache
def flagship_records() -> Mapping[str, Any]:
    """Those of the flagship, simulated once."""
    return synthetic_records(synthetic_plan())


@cache
def synthetic_findings() -> Findings:
    """Findings of the flagship on simulated records."""
    return collect(synthetic_experiment(), synthetic_plan(), flagship_records())


@cache
def _drawn() -> tuple[Mapping[str, Drawing], Set[tuple[str, float]]]:
    drawings: dict[str, Drawing] = {}
    seen: set[tuple[str, float]] = set()
    for name in FIGURES:
        with house_style(name):
            sketch = sketched(synthetic_findings(), name)
            if sketch is None:
                continue
            drawings[name] = save(sketch, name)
        texts = [text for text in sketch.figure.findobj(Text) if text.get_text()]
        seen |= {(str(text.get_color()), text.get_alpha() or 1.0) for text in texts}
    return drawings, seen


def synthetic_drawings() -> Mapping[str, Drawing]:
    """Every figure that they have, drawn once, as `draw` does it."""
    return _drawn()[0]


def synthetic_text_colours() -> Set[tuple[str, float]]:
    """Colour and opacity of all text in them."""
    return _drawn()[1]
