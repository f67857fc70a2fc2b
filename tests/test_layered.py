"""The layer-by-layer route against its twin: one backward pass per replicate.

A small VAE with two stochastic layers, in float64; every estimator, K = 1 and
3, φ and θ, all coordinates.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reportgen.applicability import LAYERED
from reportgen.engine import measure
from reportgen.engine.layered.channels import LayeredChannel, open_channels, surrogate_of
from reportgen.engine.layered.linear_layers import LinearLayers
from reportgen.engine.layered.meter import recorders_of
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.layered.pilot import fit
from reportgen.engine.layered.sketch import Sketch
from reportgen.engine.layered.summary import Seen, projections
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.replicates import Key
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS
from reportgen.plan import Arm
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.vae import VAEProblem
from reportgen.store.records import MeasurementRecord
from reportgen.streams import stream
from tests.cells import cell, measured, no_quadrature

IMAGES, PIXELS, WIDTHS, REPLICATES = 2, 5, (3, 2), 6


def network(name: str, *widths: int) -> nn.Sequential:
    """Linear layers with tanh between, weights from a stream of their own."""
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        linear = nn.Linear(a, b, bias=i != 1, dtype=torch.float64)
        for key, parameter in linear.named_parameters():
            noise = stream(0, "layered", name, i, key).standard_normal(tuple(parameter.shape))
            parameter.data.copy_(torch.from_numpy(0.25 * noise))
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def model() -> LayeredVAE:
    first, second = WIDTHS
    x = torch.from_numpy((stream(0, "x").random((IMAGES, PIXELS)) < 0.5).astype(np.float64))
    encoder = Stages([network("e1", PIXELS, 4, 2 * first), network("e2", first, 4, 2 * second)])
    decoder = Stages([network("d1", first, 4, PIXELS), network("d2", second, 4, 2 * first)])
    return LayeredVAE(encoder, decoder, x, WIDTHS)


def noise(num_samples: int, replicates: int = REPLICATES) -> Tensor:
    shape = (IMAGES, replicates * num_samples, sum(WIDTHS))
    return torch.from_numpy(stream(1, "noise").standard_normal(shape))


COEFFICIENTS = {
    "baseline": torch.tensor([-2.0, -4.0]).double().reshape(IMAGES, 1, 1),
    "start": torch.tensor([-2.0, -4.0]).double().reshape(IMAGES, 1),
}


def one_by_one(name: str, several: bool, num_samples: int, space: str) -> Tensor:
    """Every replicate's gradient by a backward pass of its own, [I R P], as the layers order it."""
    built = model()
    network = built.encoder if space == "phi" else built.decoder
    rows = []
    for i in range(IMAGES):
        alone = LayeredVAE(built.encoder, built.decoder, built.x[i : i + 1], WIDTHS)
        own = noise(num_samples)[i : i + 1]
        average = COEFFICIENTS["start"][i : i + 1]
        for r in range(REPLICATES):
            part = own[:, r * num_samples : (r + 1) * num_samples]
            given = {"baseline": COEFFICIENTS["baseline"][i : i + 1], "start": average}
            sampled = Sampled(alone, part, num_samples, several, False, given)
            average = 0.9 * average + 0.1 * sampled.held.mean(2)
            value = SURROGATES[name](sampled).sum()
            grads = torch.autograd.grad(value, list(network.parameters()), materialize_grads=True)
            rows.append(torch.cat([g.reshape(-1) for g in grads]))
    return torch.stack(rows).reshape(IMAGES, REPLICATES, -1)


CASES = [
    (name, several, k, ESTIMATORS[name].parameters)
    for name, several, k in itertools.product(SURROGATES, (False, True), (1, 3))
    if ESTIMATORS[name].of("iwae" if several else "elbo") and k >= ESTIMATORS[name].min_samples
]


@pytest.mark.parametrize(("name", "several", "k", "space"), CASES)
def test_sums_norms_squares_and_projections_are_those_of_single_backwards(
    name: str, several: bool, k: int, space: str
) -> None:
    slow = one_by_one(name, several, k, space)
    built = model()
    recorder = LinearLayers(built.encoder if space == "phi" else built.decoder)
    sampled = Sampled(built, noise(k), k, several, False, COEFFICIENTS)
    fast = recorder.gradients(lambda: SURROGATES[name](sampled), IMAGES, k)
    start = 0
    for layer, size in recorder.sizes.items():
        own = slow[..., start : start + size]
        start += size
        if layer not in fast:
            assert not own.any()
            continue
        found = fast[layer]
        assert torch.allclose(found.sums(), own.sum(1), rtol=1e-10, atol=1e-12)
        assert torch.allclose(found.squared_norms(), (own**2).sum(-1), rtol=1e-10, atol=1e-12)
        assert torch.allclose(found.squares(), (own**2).sum((0, 1)), rtol=1e-10, atol=1e-12)
        u = torch.from_numpy(stream(2, "u", layer).standard_normal((IMAGES, size)))
        assert torch.allclose(found.along(u), (own * u.unsqueeze(1)).sum(-1), rtol=1e-10, atol=1e-12)
    assert start == slow.shape[2]


def test_moments_are_those_of_the_kept_replicates() -> None:
    slow = one_by_one("pathwise", True, 3, "phi")
    built = model()
    recorder = LinearLayers(built.encoder)
    moments = LayerMoments.empty(IMAGES, 2, recorder.sizes)
    for bucket in range(2):
        for half in range(2):
            part = noise(3)[:, (2 * half + bucket) * 3 : (2 * half + bucket + 1) * 3]
            sampled = Sampled(built, part, 3, True, False)
            gradients = recorder.gradients(lambda s=sampled: SURROGATES["pathwise"](s), IMAGES, 3)
            moments.update(bucket, gradients, 1)
    kept = slow[:, :4]
    rows = [[0, 1, 2, 3], [1, 3], [0, 2]]  # all; without bucket 0; without bucket 1
    sizes = list(recorder.sizes.values())
    squared_means = moments.squared_offsets()
    for w, row in enumerate(rows):
        variance = kept[:, row].var(1)
        parts = [part.sum(-1) for part in torch.split(variance, sizes, dim=-1)]
        expected = torch.stack([variance.sum(-1), *parts], -1)
        assert torch.allclose(moments.trace(squared_means)[:, w], expected, rtol=1e-8)
        assert torch.allclose(moments.coordinate_variances()[w], variance.mean(0), rtol=1e-8, atol=1e-14)
        assert torch.allclose(moments.means(w), kept[:, row].mean(1), rtol=1e-10, atol=1e-14)


def test_a_sketch_of_a_mean_is_the_mean_of_sketches() -> None:
    """And that of written-out gradients along the same directions, layer by layer."""
    built = model()
    recorder = LinearLayers(built.encoder)
    sketch = Sketch.of(recorder.shapes, torch.float64, 0, "phi")
    sampled = Sampled(built, noise(3), 3, True, False)
    gradients = recorder.gradients(lambda: SURROGATES["pathwise"](sampled), IMAGES, 3)
    found = sketch(gradients).mean(1)
    sums = torch.cat([layer.sums() for layer in gradients.values()], 1)
    assert torch.allclose(sketch.of_vectors(sums / REPLICATES, recorder.sizes), found, rtol=1e-10, atol=1e-12)
    slow, start = torch.zeros_like(found), 0
    for name, layer in recorder.layers.items():
        size = layer.weight.numel()
        for i, q in itertools.product(range(IMAGES), range(found.shape[1])):
            direction = torch.outer(sketch.left[name][q], sketch.right[name][q])
            weight = sums[i, start : start + size].reshape(layer.weight.shape)
            slow[i, q] += (weight * direction[:, : layer.in_features]).sum() / REPLICATES
            if layer.bias is not None:
                bias = sums[i, start + size : start + size + layer.out_features]
                slow[i, q] += (bias * direction[:, -1]).sum() / REPLICATES
        start += recorder.sizes[name]
    assert torch.allclose(slow, found, rtol=1e-10, atol=1e-12)


def record(arms: list[Arm], **settings: Any) -> MeasurementRecord:
    return measure(model(), cell(arms, **settings), dataset="toy", images=tuple(range(IMAGES)))


def test_the_record_of_a_two_layer_model_agrees_with_many_single_backwards() -> None:
    """Means of the estimators agree with each other, and variances with those of kept replicates."""
    names = ("pathwise", "sticking_the_landing", "score_function")
    arms = [Arm("elbo", name, name, 1) for name in names] + [Arm("elbo", "leave_one_out", "loo", 2)]
    arms.append(Arm("elbo", "score_function_optimal_constant", "baseline", 1))
    found = record(arms, precision=0.1, budget=400_000, min_replicates=4000)
    assert {arm.status for arm in found.arms} == {"met"}
    assert found.groups[0] == "all" and found.parameters == sum(
        p.numel() for p in model().encoder.parameters()
    )
    p_values = found.arrays["bias_p_value"][1:]
    assert (p_values > 1e-4).all() and (found.arrays["bias_dimension"][1:] > 0).all()
    assert (2.0 * found.arrays["variance"][4, :, 0] < found.arrays["variance"][2, :, 0]).all()
    drawn = model()
    many = noise(1, 20_000)
    recorder = LinearLayers(drawn.encoder)
    sampled = Sampled(drawn, many, 1, False, False)
    gradients = recorder.gradients(lambda: SURROGATES["pathwise"](sampled), IMAGES, 1)
    squared = torch.stack([layer.squared_norms() for layer in gradients.values()]).sum(0)
    mean = torch.cat([layer.sums() / 20_000 for layer in gradients.values()], 1)
    variance = (squared.mean(1) - (mean**2).sum(1)).numpy()
    assert np.allclose(found.arrays["variance"][0, :, 0], variance, rtol=0.1)
    assert np.allclose(found.arrays["variance"][:, :, 1:].sum(2), found.arrays["variance"][:, :, 0])
    projected = found.arrays["projection"].mean(1)
    assert abs(projected[1] / projected[0] - 1.0) < 0.1


def test_a_fitted_baseline_is_that_of_single_backwards() -> None:
    built, pilot = model(), noise(1, 40)
    arms = [Arm("elbo", name, name, 1) for name in ("score_function_optimal_constant", "pathwise")]
    recorders = recorders_of(built, cell(arms), tuple(arms))
    channels = open_channels(built, cell(arms), tuple(arms), {}, recorders, 2)
    chosen = channels[Key.of(arms[0])]
    fit(channels.values(), built, pilot, 16)  # the last part has fewer
    sampled = Sampled(built, pilot, 1, False, False)
    f, scores = sampled.held.squeeze(2), sampled.log_q.squeeze(2)
    squared = torch.zeros_like(f)
    for i, n in np.ndindex(*f.shape):
        grads = torch.autograd.grad(scores[i, n], list(built.encoder.parameters()), retain_graph=True)
        squared[i, n] = sum(float((g**2).sum()) for g in grads)
    expected = (f * squared).sum(1) / squared.sum(1)
    assert torch.allclose(chosen.coefficients["baseline"].flatten(), expected, rtol=1e-12)
    assert channels[Key.of(arms[1])].coefficients == {}
    alone = built.at_point(1)
    whole, own = chosen.gradients(built, pilot), chosen.at_point(1).gradients(alone, pilot[1:])
    for name, layer in own.items():
        assert torch.allclose(layer.sums()[0], whole[name].sums()[1], rtol=1e-10)


def test_a_wrong_twin_is_rejected_by_the_same_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """f not held fixed inside the score function's surrogate: its own derivative comes along."""

    def attached(draws: Sampled) -> Tensor:
        f = draws.integrand(draws.fixed, draws.fixed.log_q)
        return ((f + draws.fold(draws.fixed.log_q) * 0.3) * draws.fold(draws.fixed.log_q)).mean(2)

    monkeypatch.setitem(SURROGATES, "score_function", attached)
    arms = [Arm("elbo", name, name, 1) for name in ("pathwise", "score_function")]
    found = record(arms, precision=0.1, budget=400_000, min_replicates=4000)
    assert (found.arrays["bias_p_value"][1] < 1e-3).all()


def test_a_difference_of_rounding_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backward, 1/49 · 49 falls short of 1 by a digit: nothing that a test of means should see."""
    pathwise = SURROGATES["pathwise"]
    monkeypatch.setitem(SURROGATES, "sticking_the_landing", lambda draws: (49.0 * pathwise(draws)) / 49.0)
    arms = [Arm("elbo", name, name, 1) for name in ("pathwise", "sticking_the_landing")]
    found = record(arms, precision=0.3, budget=400_000, min_replicates=1500)
    assert (found.arrays["bias_dimension"][1] == 0).all() and (found.arrays["bias_p_value"][1] == 1.0).all()
    monkeypatch.setitem(SURROGATES, "sticking_the_landing", lambda draws: 1.0001 * pathwise(draws))
    found = record(arms, precision=0.3, budget=400_000, min_replicates=1500)
    assert (found.arrays["bias_p_value"][1] < 1e-3).all()


@pytest.mark.parametrize(
    ("objective", "several", "reconstruction"),
    [("reconstruction", False, True), ("elbo", False, False), ("iwae", True, False)],
)
def test_a_channel_differentiates_what_its_objective_is_of(
    objective: str, several: bool, reconstruction: bool
) -> None:
    at, noise = model(), torch.from_numpy(stream(0, "noise").standard_normal((IMAGES, 8, sum(WIDTHS))))
    key = Key.of(Arm(objective, "pathwise", "pathwise", 2))
    found = surrogate_of(key, at, noise, {})()
    assert torch.equal(found, SURROGATES["pathwise"](Sampled(at, noise, 2, several, reconstruction)))
    assert not torch.equal(found, SURROGATES["pathwise"](Sampled(at, noise, 2, several, not reconstruction)))


@pytest.mark.parametrize("theta_first", [False, True])
def test_all_is_phi_where_both_are_measured(theta_first: bool) -> None:
    arms = [Arm("iwae", "pathwise", "pathwise", 2), Arm("iwae", "generative", "θ", 2)]
    found = record(arms[::-1] if theta_first else arms, precision=0.5, budget=3000)
    counts = dict(zip(found.groups, found.arrays["coordinate_count"], strict=True))
    assert counts["all"] == found.parameters
    assert counts["all"] == sum(n for name, n in counts.items() if name.startswith("layer"))
    dead = found.arrays["coordinate_dead"]
    assert dead[0] == dead[1 : found.groups.index("θ layer1.0")].sum()


def test_theta_and_phi_stand_in_one_record_of_a_vae(monkeypatch: pytest.MonkeyPatch) -> None:
    """θ by layers, φ in η: the φ arms come out as they do alone."""
    no_quadrature(monkeypatch)
    problem = VAEProblem(
        network("e", PIXELS, 4, 4), network("d", 2, 4, PIXELS).requires_grad_(False), model().x
    )
    phi, theta = Arm("iwae", "pathwise", "pathwise", 2), Arm("iwae", "generative", "θ", 2)
    alone = measured(problem, [phi], precision=0.1, budget=2000)
    both = measured(problem, [phi, theta], precision=0.1, budget=2000)
    own = len(alone.groups)
    assert both.groups[:own] == alone.groups
    assert all(name.startswith("θ ") for name in both.groups[own:])
    assert np.array_equal(both.arrays["variance"][0, :, :own], alone.arrays["variance"][0])
    assert np.isnan(both.arrays["variance"][0, :, own:]).all()
    assert np.isnan(both.arrays["variance"][1, :, 1:own]).all()
    for name in ("coordinate_count", "coordinate_dead"):
        assert np.array_equal(both.arrays[name][:own], alone.arrays[name]), name
    whole = both.arrays["variance"][1, :, 0]
    assert np.allclose(both.arrays["variance"][1, :, own:].sum(1), whole) and (whole > 0).all()
    assert [arm.reference for arm in both.arms] == [True, True]


def test_other_modules_are_refused_with_a_remedy() -> None:
    with pytest.raises(
        CellError, match=r"every parameter in a linear layer, found 1\.weight, 1\.bias\. Hold"
    ):
        LinearLayers(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)))


def test_the_declaration_knows_which_estimators_have_a_surrogate() -> None:
    assert set(LAYERED) == set(SURROGATES)


def test_a_bucket_is_left_out_of_an_estimate_and_of_its_direction() -> None:
    sizes, buckets, images = {"a": 5, "b": 3}, 5, 3
    rng = np.random.default_rng(3)

    def seen() -> Seen:
        moments = LayerMoments.empty(images, buckets, sizes)
        moments.count += torch.tensor([4.0, 6.0, 4.0, 6.0, 4.0]).double()
        moments.sums += torch.from_numpy(rng.normal(size=(images, buckets, 8)) + 2.0)
        return Seen(cast(LayeredChannel, SimpleNamespace(moments=moments)))

    def product(mine: Seen, theirs: Seen, lacking: tuple[int, int] | None = None) -> float:
        def mean(one: Seen, half: int) -> Tensor:
            rows = []
            for i, sums in enumerate(one.moments.sums):
                kept = [s for s in range(buckets) if s % 2 == half and (i, s) != lacking]
                rows.append(sums[kept].sum(0) / one.moments.count[kept].sum())
            return torch.stack(rows).mean(0)

        return float(sum(mean(mine, half) @ mean(theirs, 1 - half) for half in (0, 1)) / 2)

    mine, theirs = seen(), seen()
    for one in (mine, theirs):
        value, without = projections(one, theirs)
        assert float(value.mean()) == pytest.approx(product(one, theirs), rel=1e-12)
        for i, s in np.ndindex(images, buckets):
            left_out = float(value.mean()) + float(without[i, s] - value[i]) / images
            assert left_out == pytest.approx(product(one, theirs, (i, s)), rel=1e-12)
