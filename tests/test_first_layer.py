"""Maps of the first layer's noise and one weight's estimates, against every weight of every replicate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from reportgen.engine import first_layer, measure
from reportgen.engine.first_layer import FirstLayer, noisiest, put_weight, typical_image, typical_weight
from reportgen.engine.layered import weights as layered_weights
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.replicates import Key
from reportgen.engine.vectors import meter, weights
from reportgen.engine.vectors.channels import Channel
from reportgen.estimators import ESTIMATORS, Draws, Estimator
from reportgen.findings.statistics import one_weight, pixels
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.plan import Arm
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.model import LatentModel
from reportgen.problems.own_model import Model, problem_of
from reportgen.problems.problem import Problem
from reportgen.problems.vae import VAEProblem
from reportgen.store.records import MeasurementRecord
from reportgen.store.soundness import require_sound
from tests.cells import arm, cell, no_quadrature
from tests.test_layered import IMAGES as LAYERED_IMAGES
from tests.test_layered import PIXELS, network
from tests.test_layered import model as layered_model
from tests.test_meter import tiny
from tests.test_pushforward import slow_jacobian

Array = NDArray[np.float64]

SHAPE, LAYERED_SHAPE = (2, 3), (1, 5)
ARMS = [
    arm("elbo_analytic_kl", "pathwise"),
    arm("elbo_analytic_kl", "score_function"),
    arm("elbo_analytic_kl", "score_function_optimal_constant"),
    arm("elbo_analytic_kl", "leave_one_out", 2),
    arm("reconstruction", "score_function"),
    arm("reconstruction", "score_function", 1, 30.0),
    arm("elbo_analytic_kl", "pathwise", 4),
]
LAYERED = [
    Arm("elbo", name, name, k) for name, k in (("pathwise", 1), ("score_function", 1), ("leave_one_out", 2))
]
FEW: dict[str, Any] = {"budget": 1e3, "min_replicates": 50}
OWN = 5
"""The arms of each list that are their labels' first."""


@dataclass(frozen=True)
class Run:
    """A record, and by arm every replicate's gradient in the first layer [I R P], bucket by bucket."""

    record: MeasurementRecord
    replicates: Mapping[int, list[Array]]
    fresh: Mapping[int, Array]
    """Estimates of the weight, [R]."""

    def all(self, row: int) -> Array:
        return np.concatenate(self.replicates[row], 1)

    def arm(self, row: int) -> MeasuredArm:
        return MeasuredArm(self.record, row)


def vectors(
    problem: Problem | None = None, shape: tuple[int, int] | None = SHAPE, **settings: Any
) -> MeasurementRecord:
    problem = problem or tiny()
    arms = ARMS[:2] if "budget" in settings else ARMS
    asked = cell(arms, **{"precision": 0.5, "min_replicates": 1500, **settings})
    return measure(problem, asked, dataset="toy", images=(7, 8, 9), shape=shape)


def layers(shape: tuple[int, int] | None = LAYERED_SHAPE, **settings: Any) -> MeasurementRecord:
    asked = cell(LAYERED, **{"precision": 0.5, "min_replicates": 1500, **settings})
    return measure(layered_model(), asked, dataset="toy", images=tuple(range(LAYERED_IMAGES)), shape=shape)


@cache
def vector_run() -> Run:
    """Estimates in η kept as they are observed, and pulled back by a Jacobian made one row at a time."""
    kept: dict[Key, list[list[Tensor]]] = {}
    fresh: dict[int, Array] = {}
    observe = Channel.observe

    def keep(self: Channel, bucket: int, values: Any, cache: Any, frame: Any) -> None:
        observe(self, bucket, values, cache, frame)
        kept.setdefault(self.key, [[] for _ in range(32)])[bucket].append(cache[self.key].clone())

    def note(out: Any, row: int, mean: float, variance: Any, drawn: Tensor) -> None:
        fresh[row] = drawn.numpy().copy()
        put_weight(out, row, mean, variance, drawn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "observe", keep)
        patch.setattr(weights, "put_weight", note)
        patch.setattr(meter, "BATCH_ROWS", 30)
        no_quadrature(patch)
        record = vectors()
    problem = tiny()
    jacobian = slow_jacobian(problem.encoder, problem.x).numpy()[:, :, : 5 * 6 + 5]
    mean, log_scale = problem.encoder(problem.x).detach().chunk(2, -1)
    kl = torch.cat([mean, (2 * log_scale).exp() - 1], -1).numpy()
    found = {}
    for row, one in enumerate(ARMS):
        shift = -kl[:, None] * (one.objective == "elbo_analytic_kl")
        found[row] = [
            np.einsum("irm,imp->irp", torch.cat(chunks, 1).numpy() + shift, jacobian)
            for chunks in kept[Key.of(one)]
        ]
    return Run(record, found, fresh)


@cache
def layered_run() -> Run:
    """Gradients of every replicate written out as they are taken in, in the order of the arms."""
    kept: dict[int, list[list[Array]]] = {}
    fresh: dict[int, Array] = {}
    update = LayerMoments.update

    def keep(self: LayerMoments, bucket: int, gradients: Any, replicates: int) -> None:
        update(self, bucket, gradients, replicates)
        layer = gradients["layer1.0"]
        outer = torch.einsum("irko,irkp->irop", layer.sensitivities, layer._extended)
        whole = torch.cat([outer[..., :-1].flatten(2), outer[..., -1]], 2)
        kept.setdefault(id(self), [[] for _ in range(32)])[bucket].append(whole.numpy())

    def note(out: Any, row: int, mean: float, variance: Any, drawn: Tensor) -> None:
        fresh[row] = drawn.numpy().copy()
        put_weight(out, row, mean, variance, drawn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LayerMoments, "update", keep)
        patch.setattr(layered_weights, "put_weight", note)
        record = layers()
    found = {row: [np.concatenate(c, 1) for c in buckets] for row, buckets in enumerate(kept.values())}
    return Run(record, found, fresh)


RUNS = pytest.mark.parametrize(("run", "units"), [(vector_run, 5), (layered_run, 4)])


@RUNS
def test_maps_are_the_variances_of_all_weights_summed_over_units(run: Any, units: int) -> None:
    found: Run = run()
    shape = found.record.arrays["pixels"].shape[1:]
    assert found.record.first_layer == found.record.groups[1] and found.record.units == units
    for row in found.replicates:
        variance = found.all(row).var(1, ddof=1).mean(0)
        slow = variance[: units * np.prod(shape)].reshape(units, *shape).sum(0)
        np.testing.assert_allclose(pixels.noise(found.arm(row)).variance, slow, rtol=1e-8, atol=1e-14)
    dead = found.record.arrays["pixels"].sum(0) == 0
    assert ((pixels.noise(found.arm(0)).variance == 0) == dead).all()


def test_a_map_of_something_else_is_noticed() -> None:
    """Without the bias' own part, or of the wrong images, maps are not those of all weights."""
    found = vector_run()
    right = pixels.noise(found.arm(0)).variance
    for change in (
        {"units": 10**6},
        {"arrays": {**found.record.arrays, "pixels": found.record.arrays["pixels"][::-1]}},
    ):
        wrong = pixels.noise(MeasuredArm(replace(found.record, **change), 0)).variance
        assert not np.allclose(wrong, right, rtol=1e-3)


@RUNS
def test_units_are_the_noisiest_and_their_maps_those_of_their_weights(run: Any, units: int) -> None:
    found: Run = run()
    shape = found.record.arrays["pixels"].shape[1:]
    of_reference = found.all(0).var(1, ddof=1).mean(0)[: units * np.prod(shape)].reshape(units, -1)
    order = np.argsort(-of_reference.sum(1), kind="stable")[:3]
    assert found.record.arrays["units"].tolist() == order.tolist()
    kept = found.record.arrays["unit_pixels"]
    for row, arm_of in enumerate(found.record.arms):
        first = row < OWN and arm_of.constant == 0
        assert np.isnan(kept[row]).all() == (not first)
        if first:
            slow = found.all(row).var(1, ddof=1).mean(0)[: units * np.prod(shape)].reshape(units, *shape)
            np.testing.assert_allclose(kept[row], slow[order], rtol=1e-8, atol=1e-14)


@RUNS
def test_the_weight_is_the_median_one_and_its_moments_those_of_its_estimates(run: Any, units: int) -> None:
    found: Run = run()
    arrays = found.record.arrays
    image, unit, *place = (int(n) for n in arrays["weight"])
    height, width = arrays["pixels"].shape[1:]
    whole = arrays["variance"][0, :, 0]
    assert sorted(whole).index(whole[image]) == (len(whole) - 1) // 2
    of_reference = found.all(0).var(1, ddof=1).mean(0)[: units * height * width].reshape(units, height, width)
    live = of_reference[(of_reference > 0) & (arrays["pixels"][image] != 0)]
    middle = sorted(live.tolist())[(len(live) - 1) // 2]
    assert of_reference[(unit, *place)] == pytest.approx(middle, rel=1e-9)
    assert arrays["pixels"][(image, *place)] == 1
    coordinate = (unit * height + place[0]) * width + place[1]
    for row in found.fresh:
        own, drawn = found.all(row)[image, :, coordinate], found.fresh[row]
        assert arrays["weight_mean"][row] == pytest.approx(own.mean(), rel=1e-9, abs=1e-12)
        exact = own.var(ddof=1) if run is vector_run else drawn.var(ddof=1)
        assert arrays["weight_variance"][row] == pytest.approx(exact, rel=1e-9)
        np.testing.assert_allclose(arrays["weight_drawn"][row], [drawn.mean(), drawn.var(ddof=1)], rtol=1e-9)
        # Fresh draws and the moments say the same of the weight.
        error = own.std() / np.sqrt(len(own)) + drawn.std() / np.sqrt(len(drawn))
        assert abs(drawn.mean() - own.mean()) < 4 * error
        relative = np.sqrt(
            (stats.kurtosis(np.concatenate([own, drawn])) + 2) * (1 / len(own) + 1 / len(drawn))
        )
        assert abs(drawn.var() / own.var() - 1) < 4 * relative
        away = (drawn - own.mean()) / np.sqrt(exact)
        inner = np.histogram(away, np.linspace(-8, 8, 81))[0]
        assert arrays["weight_counts"][row].tolist() == [(away < -8).sum(), *inner, (away > 8).sum()]
        assert len(drawn) == 8192 // found.record.arms[row].num_samples


@RUNS
def test_estimates_of_another_weight_would_be_noticed(run: Any, units: int) -> None:
    """The comparison above can fail: most other weights have another variance."""
    found: Run = run()
    image = int(found.record.arrays["weight"][0])
    drawn = found.fresh[0]
    others = found.all(0)[image].var(0)
    relative = np.sqrt((stats.kurtosis(drawn) + 2) / len(drawn))
    assert (np.abs(drawn.var() / others[others > 0] - 1) > 4 * relative).mean() >= 0.4


def test_nothing_else_of_a_record_changes() -> None:
    for made in (vectors, layers):
        with_maps, without = made(**FEW), made(shape=None, **FEW)
        assert (without.first_layer, without.units) == ("", 0)
        added = {"pixels", "units", "weight", "unit_pixels", "weight_mean", "weight_variance"}
        assert set(with_maps.arrays) - set(without.arrays) == added | {"weight_drawn", "weight_counts"}
        for name, value in without.arrays.items():
            assert np.array_equal(with_maps.arrays[name], value, equal_nan=True), name


class Scaled(nn.Module):
    """A layer that sees the images at another scale is no layer of pictures."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(2 * x - 1)


def test_maps_are_made_where_a_linear_layer_sees_the_images_alone() -> None:
    problem = tiny()
    assert vectors(replace(problem, encoder=Scaled(problem.encoder)), **FEW).first_layer == ""
    pictures = replace(
        problem, x=problem.x.reshape(3, 1, 2, 3), encoder=nn.Sequential(nn.Flatten(), problem.encoder)
    )
    own = problem_of(Model(pictures.encoder, pictures.decoder, pictures.x))
    found = vectors(own, **FEW)
    assert found.first_layer == "1.hidden" and np.array_equal(
        found.arrays["pixels"], problem.x.numpy().reshape(3, 2, 3)
    )
    convolved = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(4, 4)).double()
    assert vectors(problem_of(Model(convolved, problem.decoder, pictures.x)), **FEW).first_layer == ""
    whole = layered_model()
    layered = LayeredVAE(
        Stages([Scaled(whole.encoder.stages[0]), whole.encoder.stages[1]]), whole.decoder, whole.x, (3, 2)
    )
    asked = cell(LAYERED[:1], **FEW)
    kept = measure(layered, asked, dataset="toy", images=(0, 1), shape=LAYERED_SHAPE)
    assert kept.first_layer == "" and "pixels" not in kept.arrays


def test_a_problem_that_cannot_be_had_at_one_image_keeps_maps_and_no_weight() -> None:
    problem = tiny()
    found = vectors(LatentModel(problem.encoder, problem.x, problem.log_likelihood), **FEW)
    assert found.first_layer == "hidden" and "weight" not in found.arrays
    assert np.isfinite(found.arrays["unit_pixels"][0]).all()
    assert one_weight.place(found) is None
    with pytest.raises(NotAvailableError):
        one_weight.estimates(MeasuredArm(found, 0))


def test_a_model_at_one_point_is_the_row_of_all() -> None:
    problem = tiny()
    own = problem_of(Model(problem.encoder, problem.decoder, problem.x))
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 4, 2)))
    for one in (problem, own):
        torch.testing.assert_close(one.at_point(2).log_likelihood(z[2:]), one.log_likelihood(z)[2:])
    layered, noise = layered_model(), torch.from_numpy(np.random.default_rng(0).normal(size=(2, 4, 5)))
    for name in ("log_p", "log_q"):
        alone, whole = layered.at_point(1).trace(noise[1:], False), layered.trace(noise, False)
        torch.testing.assert_close(getattr(alone, name), getattr(whole, name)[1:])


def per_sample(rank: int) -> Estimator:
    """The score function with a baseline for each place in an estimate, whatever the image."""

    def fit(draws: Draws) -> dict[str, Tensor]:
        mean = draws.f.mean((0, 1))  # [K]
        return {"baseline": mean.reshape([1] * (rank - 1) + [-1]) + torch.arange(3.0).double()}

    def evaluate(draws: Draws, coefficients: Any) -> Tensor:
        return ((draws.f - coefficients["baseline"]).unsqueeze(-1) * draws.score).mean(2)

    return Estimator(name="per_sample", evaluate=evaluate, fit=fit)


def test_a_coefficient_as_long_as_there_are_images_is_not_taken_for_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three images and K = 3: the same numbers, whether their axis is the first or the last of three."""
    no_quadrature(monkeypatch)
    arms = [arm("elbo_analytic_kl", "pathwise"), arm("elbo_analytic_kl", "per_sample", 3)]
    made = [
        measure(
            tiny(),
            cell(arms, precision=0.5, **FEW),
            dataset="toy",
            images=(7, 8, 9),
            shape=SHAPE,
            estimators={**ESTIMATORS, "per_sample": per_sample(rank)},
        ).arrays
        for rank in (1, 3)
    ]
    for name in ("weight_mean", "weight_variance", "weight_drawn", "weight_counts"):
        np.testing.assert_array_equal(made[0][name], made[1][name], err_msg=name)


def test_the_estimates_of_one_weight_have_the_coefficients_that_were_measured() -> None:
    """Those of its image from the pilot draws, and not what its own draws would give."""
    of_all: list[Tensor] = []
    of_one: list[Tensor] = []

    def fit(draws: Draws) -> dict[str, Tensor]:
        found = draws.f.mean((1, 2), keepdim=True)
        of_all.extend([found] if len(found) > 1 else [])
        return {"baseline": found}

    def evaluate(draws: Draws, coefficients: Any) -> Tensor:
        of_one.extend([coefficients["baseline"]] if len(draws.f) == 1 else [])
        return ((draws.f - coefficients["baseline"]).unsqueeze(-1) * draws.score).mean(2)

    watched = {**ESTIMATORS, "watched": Estimator(name="watched", evaluate=evaluate, fit=fit)}
    arms = [arm("elbo_analytic_kl", "pathwise"), arm("elbo_analytic_kl", "watched")]
    settings = cell(arms, precision=0.5, **FEW)
    measure(tiny(), settings, dataset="toy", images=(7, 8, 9), shape=SHAPE, estimators=watched)
    (pilot,) = of_all
    assert of_one and all(bool((pilot == one).any()) for one in of_one)


def test_the_axis_of_the_images_is_the_one_that_one_image_shortens() -> None:
    def of(whole: Tensor, *alone: int) -> Tensor:
        return weights._of_image(1, {"b": whole}, {"b": torch.zeros(alone)})["b"]

    line, square = torch.arange(3.0), torch.arange(9.0).reshape(3, 3)
    assert torch.equal(of(square, 1, 3), square[1:2])
    assert torch.equal(of(square, 3, 1), square[:, 1:2])
    assert torch.equal(of(square, 3, 3), square)
    assert torch.equal(of(line), line[1:2])  # of one image it is a number


def test_choices_are_the_middle_ones_and_ties_the_first() -> None:
    assert typical_image(np.array([4.0, 1.0, 3.0, 2.0])) == 3  # the lower of two in the middle
    assert noisiest(torch.tensor([[1.0, 1], [3, 0], [2, 2], [0, 2], [3, 1]])).tolist() == [2, 4, 1]
    maps, x = torch.tensor([[5.0, 9.0, 0.0], [5.0, 1.0, 2.0]]), torch.tensor([1.0, 0.0, 1.0])
    alive = torch.tensor([True, True])
    weight = typical_weight(0, maps, x, alive)  # of 5, 5 and 2, the first 5
    assert weight is not None and (weight.unit, weight.pixel) == (0, 0)
    dead = typical_weight(0, maps, x, torch.tensor([False, True]))
    assert dead is not None and (dead.unit, dead.pixel) == (1, 2)
    assert typical_weight(0, maps, torch.zeros(3), alive) is None
    assert first_layer.samples_for(1) == 4096 and first_layer.samples_for(2) == 8192
    assert first_layer.samples_for(50) == 50 * 512


def test_estimates_that_are_no_numbers_or_do_not_vary_leave_no_counts() -> None:
    out = FirstLayer("g", torch.ones(1, 6), 2, SHAPE).blank(5)
    put_weight(out, 0, 0.0, 1.0, torch.tensor([0.0, torch.inf]))
    put_weight(out, 1, 0.5, 0.0, torch.full((4,), 0.5))
    varied = torch.tensor([0.0, 1.0]).double()
    put_weight(out, 2, 0.5, math.inf, varied)
    put_weight(out, 3, math.inf, 1.0, varied)
    put_weight(out, 4, 0.5, 1.0, varied * 1e200)
    assert np.isnan(out["weight_counts"]).all()


# What findings make of them


def test_intervals_of_a_map_are_those_of_leaving_buckets_out() -> None:
    found = vector_run()
    noise, row = pixels.noise(found.arm(1)), found.arm(1)
    for r, c in zip(*np.nonzero(noise.variance), strict=True):
        chosen = np.zeros(SHAPE, dtype=bool)
        chosen[r, c] = True
        sample = pixels.log_part(row, chosen)
        assert sample.value == pytest.approx(noise.variance[r, c])
        ends = np.log(sample.interval())
        assert noise.error[r, c] == pytest.approx((ends[1] - ends[0]) / 2, rel=0.02)
    left_out = pixels.log_part(row, np.ones(SHAPE, dtype=bool)).without[2, 5]
    whole = found.all(1).var(1, ddof=1)[:, :30].sum(1)
    without = np.concatenate([b for s, b in enumerate(found.replicates[1]) if s != 5], 1)[2]
    whole[2] = without.var(0, ddof=1)[:30].sum()
    assert left_out == pytest.approx(np.log(whole.mean()), rel=1e-9)


def test_shares_add_up_and_ratios_are_of_weights_alone() -> None:
    found = vector_run()
    layer = pixels.first_layer(found.record)
    assert layer is not None and layer.bright.sum() == 3 and layer.dead == 2 and layer.shown[0] >= 1
    assert layer.mean[layer.bright].min() >= layer.mean[~layer.bright].max()
    bright, dark = (pixels.share(found.arm(1), chosen) for chosen in (layer.bright, ~layer.bright))
    low, high = bright.interval()
    assert bright.value + dark.value == pytest.approx(1.0) and low < bright.value < high
    assert pixels.bright_share(found.arm(1)).value == bright.value
    ratio = pixels.ratio(found.arm(1), found.arm(0))
    slow = [found.all(row).var(1, ddof=1)[:, :30].sum(1).mean() for row in (1, 0)]
    assert ratio.value == pytest.approx(slow[0] / slow[1], rel=1e-9)
    nothing = found.record.arrays["pixels"].sum(0) == 0
    with pytest.raises(NotAvailableError, match="the variance there is zero"):
        pixels.share(found.arm(1), nothing)


def test_one_weight_is_told_with_its_place_width_and_tails() -> None:
    found = vector_run()
    place = one_weight.place(found.record)
    image, unit, row, column = (int(n) for n in found.record.arrays["weight"])
    assert place == one_weight.Place((7, 8, 9)[image], unit + 1, row + 1, column + 1)
    arm, drawn = found.arm(1), found.fresh[1]
    told, mean, deviation = one_weight.estimates(arm), one_weight.mean_of(arm), one_weight.deviation_of(arm)
    assert told.drawn == len(drawn) and told.exact
    assert (told.density * np.diff(told.edges)).sum() == pytest.approx(1 - sum(told.outside) / told.drawn)
    far = int((np.abs(drawn - mean.value) > 3 * deviation).sum())
    assert one_weight.far_of(arm) == one_weight.Proportion(far, len(drawn))
    wilson = stats.binomtest(far, len(drawn)).proportion_ci(method="wilson")
    assert one_weight.far_of(arm).interval(0.95) == pytest.approx((wilson.low, wilson.high), rel=1e-9)
    replicates = found.record.arms[1].replicates
    half = 1.959964 * deviation / np.sqrt(replicates)
    assert mean.interval(0.95) == pytest.approx((mean.value - half, mean.value + half))
    assert not one_weight.estimates(layered_run().arm(1)).exact
    with pytest.raises(NotAvailableError):
        one_weight.estimates(found.arm(6))
    none = one_weight.Proportion(0, 100)
    low, high = none.interval(0.95)
    assert none.value == low == 0 and 0.03 < high < 0.04


def test_units_are_the_references_wherever_it_stands() -> None:
    arms = [arm("elbo_analytic_kl", "score_function"), arm("elbo_analytic_kl", "pathwise")]
    there, here = (
        measure(tiny(), cell(own, precision=0.5, **FEW), dataset="toy", images=(7, 8, 9), shape=SHAPE)
        for own in (arms, arms[::-1])
    )
    assert np.array_equal(there.arrays["units"], here.arrays["units"])
    assert np.array_equal(there.arrays["unit_pixels"], here.arrays["unit_pixels"][::-1])
    other = measure(
        tiny(),
        cell(arms, precision=0.5, reference="score_function", **FEW),
        dataset="toy",
        images=(7, 8, 9),
        shape=SHAPE,
    )
    assert not np.array_equal(there.arrays["units"], other.arrays["units"])


def test_images_and_units_stand_once_where_theta_is_measured_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """By layers, beside φ in η: an arm of θ has no map."""
    no_quadrature(monkeypatch)
    problem = VAEProblem(
        network("e", PIXELS, 4, 4), network("d", 2, 4, PIXELS).requires_grad_(False), layered_model().x
    )
    phi, theta = Arm("iwae", "pathwise", "pathwise", 2), Arm("iwae", "generative", "θ", 2)
    alone, both = (
        measure(
            problem,
            cell(arms, precision=0.5, **FEW),
            dataset="toy",
            images=tuple(range(LAYERED_IMAGES)),
            shape=LAYERED_SHAPE,
        )
        for arms in ([phi], [theta, phi])
    )
    require_sound(both)
    for name in ("pixels", "units", "weight"):
        assert np.array_equal(both.arrays[name], alone.arrays[name]), name
    for name in ("unit_pixels", "weight_variance"):
        assert np.array_equal(both.arrays[name][1], alone.arrays[name][0]), name
        assert np.isnan(both.arrays[name][0]).all(), name
