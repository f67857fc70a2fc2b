"""The whole meter against a slow twin that keeps every replicate in φ and uses numpy's plain formulas."""

from __future__ import annotations

import math
import resource
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from reportgen.declaration.checks.measuring import MOST_BUCKETS
from reportgen.engine import MeasureProgress, measure
from reportgen.engine.progress import DRAWS, GRAMS, Stages
from reportgen.engine.replicates import Key
from reportgen.engine.vectors import channels, factoring, meter
from reportgen.engine.vectors.channels import Channel
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, PILOT_SAMPLES, Coefficients, Draws, Estimator
from reportgen.plan import Arm
from reportgen.problems import Model, Problem
from reportgen.problems.model import LatentModel, free_gaussian
from reportgen.problems.own_model import problem_of
from reportgen.problems.vae import VAEProblem
from reportgen.store.records import QUANTILES, T_STEPS, MeasurementRecord
from tests.cells import arm, cell, measured, moments_alone, no_quadrature, position
from tests.synthetic import cross_fitted
from tests.test_pushforward import slow_jacobian
from tests.tiny_vae import TinyEncoder

IMAGES, PIXELS, LATENT = 3, 6, 2
ARMS = [
    arm("reconstruction", "score_function"),
    arm("reconstruction", "leave_one_out", 2),
    arm("reconstruction", "pathwise"),
    arm("elbo", "pathwise"),
    arm("elbo", "score_function_as_printed"),
    arm("elbo_analytic_kl", "score_function"),
    arm("elbo_analytic_kl", "pathwise"),
    arm("reconstruction", "score_function", 1, 30.0),
]


def tiny() -> VAEProblem:
    torch.manual_seed(0)
    decoder = (
        nn.Sequential(nn.Linear(LATENT, 5), nn.Tanh(), nn.Linear(5, PIXELS)).double().requires_grad_(False)
    )
    x = (torch.rand(IMAGES, PIXELS) < 0.5).double()
    x[:, 1] = 0.0  # a dead pixel
    return VAEProblem(TinyEncoder().double(), decoder, x)


@pytest.fixture(scope="module")
def run() -> tuple[MeasurementRecord, dict[Key, list[list[Tensor]]], Tensor]:
    """The record, every replicate of every channel by bucket in η, and J."""
    kept: dict[Key, list[list[Tensor]]] = {}
    observe = Channel.observe

    def keep(self: Channel, bucket: int, values: Any, cache: Any, frame: Any) -> None:
        observe(self, bucket, values, cache, frame)
        buckets = kept.setdefault(self.key, [[] for _ in range(32)])
        buckets[bucket].append(cache[self.key].clone())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "observe", keep)
        patch.setattr(meter, "BATCH_ROWS", 30)
        problem = tiny()
        record = measured(problem, ARMS, min_replicates=1200, precision=0.5)
    return record, kept, slow_jacobian(problem.encoder, problem.x)


def replicates(
    kept: dict[Key, list[list[Tensor]]], row: int, without: int | None = None, half: int | None = None
) -> np.ndarray:
    """All replicates of an arm in η, [I R m], lacking one bucket of every image, or of half the buckets."""
    buckets = {b: chunks for b, chunks in enumerate(kept[Key.of(ARMS[row])]) if half in (None, b % 2)}
    return torch.cat([e for b, chunks in buckets.items() for e in chunks if b != without], 1).numpy()


def kl_gradient(problem: VAEProblem) -> np.ndarray:
    mean, log_scale = problem.encoder(problem.x).detach().chunk(2, -1)
    return torch.cat([mean, (2 * log_scale).exp() - 1], -1).numpy()


@pytest.mark.parametrize("row", range(len(ARMS)))
@pytest.mark.parametrize("without", [None, 0, 31])
def test_arrays_are_what_numpy_finds_in_the_replicates(
    run: tuple[MeasurementRecord, dict[Key, list[list[Tensor]]], Tensor], row: int, without: int | None
) -> None:
    record, kept, jacobian = run
    shift = -kl_gradient(tiny()) * (ARMS[row].objective == "elbo_analytic_kl")
    eta = replicates(kept, row, without) + shift[:, None]
    phi = np.einsum("irm,imp->irp", eta, jacobian.numpy())
    suffix, pick = ("", ()) if without is None else ("_without", (without,))

    def found(name: str) -> Any:
        array = record.arrays[name + suffix][row]
        return array if without is None else array[:, without] if array.ndim >= 2 else array[without]

    n = phi.shape[1]
    variance = phi.var(1, ddof=1)  # [I P]
    mean = phi.mean(1)
    np.testing.assert_allclose(found("variance")[..., 0], variance.sum(1), rtol=1e-9)
    hidden = slice(0, PIXELS * 5 + 5)
    np.testing.assert_allclose(found("variance")[..., 1], variance[:, hidden].sum(1), rtol=1e-9)
    norm = (mean**2).sum(1) - variance.sum(1) / n
    np.testing.assert_allclose(found("squared_norm")[..., 0], norm, rtol=1e-9, atol=1e-12)
    batch = (mean.mean(0) ** 2).sum() - variance.sum() / n / IMAGES**2
    np.testing.assert_allclose(record.arrays["batch_squared_norm" + suffix][(row, *pick)], batch, rtol=1e-9)
    reference = position(record, ARMS[row].objective, "pathwise")
    projections = []
    for half in (0, 1):  # every half along the reference's mean in the other
        other = np.einsum("irm,imp->irp", replicates(kept, reference, half=1 - half), jacobian.numpy())
        u = other.mean((0, 1)) + np.einsum("im,imp->p", shift, jacobian.numpy()) / IMAGES
        own = replicates(kept, row, half=half).mean(1) + shift
        projections.append(np.einsum("im,imp,p->i", own, jacobian.numpy(), u))
    if without is None:
        np.testing.assert_allclose(found("projection"), np.mean(projections, 0), rtol=1e-9, atol=1e-12)
    else:
        moved = [_product(run, row, shift, (i, without)) for i in range(IMAGES)]
        change = IMAGES * (np.array(moved) - _product(run, row, shift))
        np.testing.assert_allclose(
            found("projection"), record.arrays["projection"][row] + change, rtol=1e-9, atol=1e-9
        )
    if without is None:
        np.testing.assert_allclose(record.arrays["image_dot"][row], mean @ mean.mean(0), rtol=1e-9)
        np.testing.assert_allclose(record.arrays["image_squared_norm_raw"][row], (mean**2).sum(1), rtol=1e-9)
        np.testing.assert_allclose(record.arrays["batch_squared_norm_raw"][row], (mean.mean(0) ** 2).sum())
    if not ARMS[row].constant:
        alive = (jacobian != 0).any(0).any(0).numpy()
        for group, part in ((0, slice(None)), (1, hidden)):
            quantiles = np.quantile(variance.mean(0)[part][alive[part]], QUANTILES)
            index = (row, group) if without is None else (row, without, group)
            np.testing.assert_allclose(
                record.arrays["coordinate_quantiles" + suffix][index], quantiles, rtol=1e-9
            )


def _product(
    run: tuple[MeasurementRecord, dict[Key, list[list[Tensor]]], Tensor],
    row: int,
    shift: np.ndarray,
    lacking: tuple[int, int] | None = None,
) -> float:
    """The images' mean gradient in one half of the buckets times the reference's in the other, both ways.

    `lacking` is an image and a bucket that are left out of both estimators.
    """
    record, kept, jacobian = run

    def mean(of: int, half: int) -> np.ndarray:
        eta = replicates(kept, of, half=half).mean(1)
        if lacking is not None:
            eta[lacking[0]] = replicates(kept, of, lacking[1], half)[lacking[0]].mean(0)
        return np.asarray(np.einsum("im,imp->p", eta + shift, jacobian.numpy()) / IMAGES)

    reference = position(record, ARMS[row].objective, "pathwise")
    return float(np.mean([mean(row, half) @ mean(reference, 1 - half) for half in (0, 1)]))


def test_coordinates_are_counted_dead_ones_apart(
    run: tuple[MeasurementRecord, dict[Key, list[list[Tensor]]], Tensor],
) -> None:
    record, _, jacobian = run
    total = sum(p.numel() for p in TinyEncoder().parameters())
    assert record.parameters == total == record.arrays["coordinate_count"][0]
    # The dead pixel's five weights, and those of pixels that no image has set.
    dead = int((~(jacobian != 0).any(0).any(0)).sum())
    assert record.arrays["coordinate_dead"][0] == dead >= 5
    assert record.arrays["coordinate_histogram"][0].sum() == total - dead


def test_coordinates_are_counted_by_which_variance_is_lower(
    run: tuple[MeasurementRecord, dict[Key, list[list[Tensor]]], Tensor],
) -> None:
    record, kept, jacobian = run
    alive = (jacobian != 0).any(0).any(0).numpy()

    def log_variance(row: int, without: int | None = None) -> np.ndarray:
        phi = np.einsum("irm,imp->irp", replicates(kept, row, without), jacobian.numpy()[..., alive])
        return np.log(phi.var(1, ddof=1).mean(0))

    counts = record.arrays["coordinate_lower"]
    for row, one in enumerate(ARMS[:-1]):
        reference = position(record, one.objective, "pathwise")
        whole = log_variance(row) - log_variance(reference)
        left_out = [log_variance(row, s) - log_variance(reference, s) for s in range(32)]
        if row != reference:
            t = whole / np.sqrt(31 * np.var(left_out, 0))
            slow = [[(side * t >= step).sum() for step in T_STEPS] for side in (1, -1)]
            np.testing.assert_array_equal(counts[row], slow)
            assert counts[row, :, 0].sum() == alive.sum()
    assert (counts[:-1, :, 0] > 0).any(0).all(), "which is lower differs from coordinate to coordinate"


def test_equal_means_test_is_the_cross_fitted_statistic_of_paired_differences() -> None:
    # Two arms that stop together see the same batches.
    problem = free_gaussian([0.5, -1.0], [0.8, 1.1], lambda z: (z**2).sum(-1) + z.prod(-1))
    seen: list[dict[str, list[Tensor]]] = [{}, {}]
    observe = Channel.observe

    def keep(self: Channel, bucket: int, values: Any, cache: Any, frame: Any) -> None:
        observe(self, bucket, values, cache, frame)
        seen[bucket % 2].setdefault(self.key.estimator, []).append(cache[self.key].clone())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "observe", keep)
        arms = [arm("reconstruction", "score_function"), arm("reconstruction", "pathwise")]
        small = measured(problem, arms, min_replicates=10, precision=1e-9, budget=32 * 4096 * 2)
    halves = [
        torch.cat([a - b for a, b in zip(half["score_function"], half["pathwise"], strict=True)], 1)[
            0
        ].numpy()
        for half in seen
    ]
    z = cross_fitted(*halves)
    assert small.arrays["bias_statistic"][0, 0] == pytest.approx(z, rel=1e-8)
    assert small.arrays["bias_dimension"][0, 0] == halves[0].shape[1]
    assert small.arrays["bias_p_value"][0, 0] == pytest.approx(stats.t.sf(z, len(halves[0]) - 1), rel=1e-8)
    assert np.isnan(small.arrays["bias_p_value"][1, 0])


def test_the_same_cell_gives_the_same_bytes_and_another_seed_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, same = (measured(tiny(), ARMS, min_replicates=100, precision=0.5, seed=1) for _ in range(2))
    for name, array in one.arrays.items():
        assert array.tobytes() == same.arrays[name].tobytes(), name
    moments_alone(monkeypatch)
    no_quadrature(monkeypatch)
    other = measured(tiny(), ARMS, min_replicates=100, precision=0.5, seed=2)
    assert (one.arrays["variance"] != other.arrays["variance"]).all()


def test_the_fewest_replicates_are_asked_of_declared_arms_and_constants_not_of_a_curve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments_alone(monkeypatch)
    problem = free_gaussian([2.0], [1.0], lambda z: (z**2).sum(-1))
    arms = [
        arm("reconstruction", "pathwise"),
        arm("reconstruction", "pathwise", 4),
        arm("reconstruction", "score_function", 1, -5.0),
    ]
    a_round = MOST_BUCKETS * meter.BATCH_ROWS
    found = measured(problem, arms, precision=0.5, min_replicates=a_round + 1)
    assert [one.replicates for one in found.arms] == [2 * a_round, a_round // 4, 2 * a_round]


def test_precision_is_met_or_reported_unmet() -> None:
    problem = free_gaussian([2.0], [1.0], lambda z: (z**2).sum(-1))
    arms = [arm("reconstruction", "score_function"), arm("reconstruction", "pathwise")]
    met = measured(problem, arms, precision=0.01, min_replicates=10, budget=8e6)
    assert all(a.status == "met" and a.relative_half_width <= 0.01 for a in met.arms)
    # The noisier estimator needs more: kurtosis decides, and the cheaper one stops early.
    assert met.arms[0].replicates > met.arms[1].replicates
    unmet = measured(problem, arms, precision=1e-4, min_replicates=10, budget=300_000)
    assert all(a.status == "budget" and a.relative_half_width > 1e-4 for a in unmet.arms)
    assert unmet.draws_per_image <= 300_000


def test_a_negative_control_does_not_hold_the_others_up() -> None:
    problem = free_gaussian([2.0] * 12, [0.3] * 12, lambda z: (z**2).sum(-1))
    arms = [arm("reconstruction", "score_function_as_printed"), arm("reconstruction", "pathwise")]
    record = measured(problem, arms, precision=0.003, min_replicates=10)
    assert [a.status for a in record.arms] == ["control", "met"]
    assert record.arms[0].relative_half_width > 0.003


def test_a_budget_that_was_accepted_is_kept_to() -> None:
    """One estimate in each bucket is the least, and at most as many buckets as the declaration counts on."""
    record = measured(
        tiny(), [arm("elbo", "pathwise", 7)], precision=1e-6, budget=7 * MOST_BUCKETS, min_replicates=2
    )
    assert record.draws_per_image <= 7 * MOST_BUCKETS


def test_progress_rises_to_one() -> None:
    seen: list[MeasureProgress] = []
    problem = free_gaussian([2.0], [1.0], lambda z: (z**2).sum(-1))
    wanted = cell([arm("reconstruction", "pathwise")], precision=0.003, budget=8e6)
    measure(problem, wanted, dataset="toy", images=(0,), report=seen.append)
    assert len(seen) > 2 and seen[-1].done == 1.0
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].precision <= 0.003 < seen[0].precision


def test_memory_does_not_grow_with_replicates() -> None:
    problem = free_gaussian([2.0], [1.0], lambda z: (z**2).sum(-1))
    arms = [arm("reconstruction", "pathwise")]
    measured(problem, arms, precision=1e-9, budget=32 * 4096)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measured(problem, arms, precision=1e-9, budget=32 * 4096 * 20)
    # Twenty times the replicates, 84 MB if they were kept; the peak stays.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_moments_beyond_the_memory_are_refused_before_anything_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "memory_limit", lambda: 8 * IMAGES * 32 * (2 * LATENT) ** 2)
    arms = [arm("reconstruction", "pathwise")]
    measured(tiny(), arms)
    with pytest.raises(CellError, match=r"4 numbers .* 3 data points .* 2 estimators, .*measure\.images"):
        measured(tiny(), [*arms, arm("reconstruction", "score_function")])


def test_moments_alone_are_those_of_a_whole_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = free_gaussian([0.5, -1.0], [0.8, 1.1], lambda z: (z**2).sum(-1) + z.prod(-1))
    arms = [arm("reconstruction", "score_function_optimal_constant"), arm("reconstruction", "pathwise")]
    whole = measured(problem, arms, precision=0.2)
    moments_alone(monkeypatch)
    bare = measured(problem, arms, precision=0.2)
    left_out = {name for name in whole.arrays if name.startswith(("coordinate_", "directional_"))}
    for name in whole.arrays.keys() - left_out:
        np.testing.assert_array_equal(whole.arrays[name], bare.arrays[name], err_msg=name)
    assert whole.draws_per_image == bare.draws_per_image


def test_a_noisy_reference_does_not_shorten_what_is_compared_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few replicates: along its own noisy mean the reference would seem longer than it is.

    Each image has weights of its own, so one record holds as many measurements as images.
    """
    moments_alone(monkeypatch)
    truth = 2.0**2 * 0.1**2 * 8 + 8 * 2.0**2  # ‖∇ E z²‖² at μ = 0.1, σ = 1 in eight dimensions
    repetitions = 300
    encoder = nn.Linear(repetitions, 16, bias=False).double()
    nn.init.constant_(encoder.weight[:8], 0.1)
    nn.init.zeros_(encoder.weight[8:])
    problem = LatentModel(encoder, torch.eye(repetitions).double(), lambda z: (z**2).sum(-1))
    arms = [arm("reconstruction", "score_function_optimal_constant"), arm("reconstruction", "pathwise")]
    arrays = measured(problem, arms, precision=1e-9, min_replicates=2, budget=64).arrays
    found = repetitions * arrays["projection"]  # of each image on what it adds to the images' mean gradient
    naive = arrays["image_squared_norm_raw"][1]
    error = np.std(found, axis=1, ddof=1) / math.sqrt(repetitions)
    assert (np.abs(np.mean(found, 1) - truth) < 4.0 * error).all()
    assert np.mean(naive) - truth > 5.0 * np.std(naive, ddof=1) / math.sqrt(repetitions)


def test_a_fitted_reference_is_fitted_for_every_k_it_is_compared_at() -> None:
    """Leave-one-out has K = 2; the reference's partner of that K has coefficients of its own."""
    problem = free_gaussian([0.4], [1.0], lambda z: torch.sin(z).sum(-1) + 3.0)
    arms = [arm("expectation", "score_function_optimal_constant"), arm("expectation", "leave_one_out", 2)]
    record = measured(problem, arms, reference="score_function_optimal_constant", min_replicates=5000)
    assert [found.status for found in record.arms] == ["met", "met"]
    assert record.arrays["bias_p_value"][1, 0] > 1e-3


@pytest.mark.parametrize("antithetic", [False, True])
def test_coefficients_are_fitted_on_draws_that_nothing_else_sees(antithetic: bool) -> None:
    seen: dict[str, list[Tensor]] = {"fit": [], "evaluate": []}

    def fit(draws: Draws) -> Coefficients:
        seen["fit"].append(draws.epsilon.flatten())
        return {"baseline": draws.f.mean((1, 2), keepdim=True)}

    def evaluate(draws: Draws, coefficients: Coefficients) -> Tensor:
        seen["evaluate"].append(draws.epsilon.flatten())
        return ((draws.f - coefficients["baseline"]).unsqueeze(-1) * draws.score).mean(2)

    watched = {**ESTIMATORS, "watched": Estimator(name="watched", evaluate=evaluate, fit=fit)}
    problem = free_gaussian([0.4], [1.0], lambda z: torch.sin(z).sum(-1))
    arms = [
        arm("expectation", "pathwise"),
        Arm("expectation", "watched", "watched", 2, antithetic=antithetic),
    ]
    settings = cell(arms, precision=0.5, budget=2e4, min_replicates=2000)
    measure(problem, settings, dataset="toy", images=(0,), estimators=watched)
    (pilot,) = seen["fit"]
    assert len(pilot) == PILOT_SAMPLES
    measured_on = torch.cat(seen["evaluate"]).abs()
    assert len(measured_on) >= 4000 and not bool(torch.isin(pilot.abs(), measured_on).any())


def convolutional() -> Problem:
    """26 parameters, 6 of them of a convolution, which is no plain linear layer."""
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 8)), nn.Conv1d(1, 2, 2, stride=4), nn.Flatten(), nn.Linear(4, 4)
    )
    return problem_of(Model(encoder, nn.Linear(2, 8), torch.rand(6, 8)))


def test_progress_tells_of_jacobians_before_and_after_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factoring, "KEPT", 0)
    seen: list[MeasureProgress] = []
    wanted = cell([arm("elbo", "pathwise")], precision=0.2, budget=8e5)
    measure(convolutional(), wanted, dataset="toy", images=tuple(range(6)), report=seen.append)
    done = [news.done for news in seen]
    assert done == sorted(set(done)) and done[-1] == 1.0
    assert [news.replicates for news in seen[:6]] == [0] * 6, "each image before anything is drawn"
    assert len([news for news in seen if DRAWS < news.done < 1.0]) == 6, "and again after it"


def test_progress_never_falls_where_jacobians_are_made_in_parts() -> None:
    seen: list[MeasureProgress] = []
    stages = Stages(seen.append)
    for share in (0.5, 1.0, 0.5, 1.0):
        stages.jacobian(share)
    assert [news.done for news in seen] == [GRAMS / 2, GRAMS, GRAMS, GRAMS]


def test_variances_of_coordinates_beyond_the_memory_are_refused_before_anything_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arms = [arm("elbo", "pathwise")]
    monkeypatch.setattr(meter, "memory_limit", lambda: 8 * 33 * 26)
    wanted = cell(arms, precision=0.2, budget=8e5)
    measure(convolutional(), wanted, dataset="toy", images=tuple(range(6)))
    monkeypatch.setattr(meter, "memory_limit", lambda: 8 * 33 * 26 - 1)
    with pytest.raises(
        CellError, match=r"26 coordinates, 33 times .* 1 estimators, .*requires_grad_\(False\)"
    ):
        measure(convolutional(), wanted, dataset="toy", images=tuple(range(6)))
