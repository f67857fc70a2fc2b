"""Judging: bounds against exact and slow answers, active units against models made to have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from reportgen.datasets import load
from reportgen.errors import CellError
from reportgen.judging import activity, bounds, judge, pictures, weights
from reportgen.judging.bounds import RunningBounds
from reportgen.judging.judge import binary_images, judged_rows
from reportgen.judging.networks import Networks, of_problem
from reportgen.judging.noise import ImageNoise
from reportgen.judging.pixels import PixelLikelihood
from reportgen.judging.weights import LayeredWeights
from reportgen.plan import JudgementCell
from reportgen.problems import TRAINABLES, Materials
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.networks import Decoder, Encoder, initialised, named
from reportgen.problems.vae import VAEProblem
from reportgen.store import JudgementRecord
from reportgen.store.soundness import require_sound
from reportgen.streams import stream
from tests.judging_cases import (
    CPU,
    LinearGaussian,
    all_noise,
    layered,
    one_layer,
    slow_bounds,
    slow_log_weights,
    taken,
)

Array = NDArray[np.float64]

VAE = {"model": "vae", "data": "digits", "hidden": [12, 9], "latent": 5, "covariance": "diagonal"}
TWO_LAYERS = {"model": "layered_vae", "hidden": [[12, 9], [8]], "latent": [6, 3]}
MODELS: dict[str, Callable[[], LayeredVAE | VAEProblem]] = {
    "diagonal": lambda: one_layer("diagonal"),
    "full": lambda: one_layer("full"),
    "low rank": lambda: one_layer("low_rank"),
    "one layer": lambda: layered([4]),
    "two layers": lambda: layered([4, 3]),
    "three layers": lambda: layered([5, 4, 3]),
}


def found(
    problem: LayeredVAE | VAEProblem, curve: Sequence[int], num_samples: int, rows: Sequence[int] = (7, 2, 5)
) -> Array:
    model = LayeredWeights(taken(problem))
    return bounds.bounds(model, problem.x, rows, curve, num_samples=num_samples, seed=4)


# Noise.


def test_noise_is_standard_normal() -> None:
    """Moments up to the fourth, the distribution function, and no correlation between the two of a pair."""
    draws = ImageNoise(6, seed=0, row=0).draw(200_000, torch.float64, CPU).numpy()
    flat = draws.ravel()
    for power, mean, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)):
        assert abs((flat**power).mean() - mean) < 3.5 * math.sqrt(variance / flat.size)
    assert stats.kstest(flat, "norm").pvalue > 0.01
    for transform in (lambda e: e, np.square, np.abs):
        correlations = np.corrcoef(transform(draws), rowvar=False)[np.triu_indices(6, 1)]
        assert np.abs(correlations).max() < 3.5 / math.sqrt(len(draws))


def test_single_precision_keeps_the_tail_and_gives_the_same_numbers() -> None:
    wide, narrow = (
        ImageNoise(5, seed=1, row=3).draw(100_000, of, CPU) for of in (torch.float64, torch.float32)
    )
    assert (wide - narrow.double()).abs().max() < 1e-3  # a radius next to 0 has the fewest digits
    assert (wide - narrow.double()).abs().mean() < 1e-6
    smallest = torch.tensor([[0], [-1], [2**31 - 1], [-(2**31)]], dtype=torch.int32)
    from reportgen.judging.noise import box_muller

    for of in (torch.float32, torch.float64):
        ends = box_muller(smallest.to(of), torch.zeros(4, 1, dtype=of))
        assert torch.isfinite(ends).all() and 6.6 < ends.abs().max() < 6.8


def test_noise_depends_on_seed_image_and_sample_and_on_nothing_else() -> None:
    whole = ImageNoise(3, seed=1, row=8).draw(10, torch.float32, CPU)
    parts = ImageNoise(3, seed=1, row=8)
    assert torch.equal(whole, torch.cat([parts.draw(n, torch.float32, CPU) for n in (3, 6, 1)]))
    for seed, row in ((2, 8), (1, 9)):
        assert not torch.isclose(whole, ImageNoise(3, seed=seed, row=row).draw(10, torch.float32, CPU)).any()


# The pixels.


@pytest.mark.parametrize("pixels", [1, 7, 8, 64, 197, 784])
@pytest.mark.parametrize("scale", [0.01, 1.0, 5.0])
def test_the_image_likelihood_is_that_of_its_pixels_one_by_one(pixels: int, scale: float) -> None:
    noise = stream(pixels, "pixels")
    layer = torch.from_numpy(scale / 5 * noise.standard_normal((pixels, 31)))
    features = torch.from_numpy(noise.standard_normal((50, 30)))
    x = torch.from_numpy((noise.random(pixels) < 0.4).astype(float))
    ones = torch.cat([features, torch.ones(50, 1, dtype=torch.float64)], 1)
    slow = torch.distributions.Bernoulli(logits=ones @ layer.T).log_prob(x).sum(-1)
    assert torch.allclose(PixelLikelihood(layer).at(x)(ones.T), slow, rtol=1e-12, atol=1e-12)
    # The stated error of single precision, inputs rounded alike.
    layer, ones = layer.float(), ones.float()
    slow = torch.distributions.Bernoulli(logits=ones.double() @ layer.double().T).log_prob(x).sum(-1)
    fast = PixelLikelihood(layer).at(x.float())(ones.T)
    assert (fast.double() - slow).abs().max() < max(1e-4, 1e-6 * float(slow.abs().max()))


def test_a_hopeless_image_is_done_again_without_overflow() -> None:
    """Logits of ±200 on the wrong side, in some samples only: factors ∞ and 0 meet in one product."""
    layer = torch.full((64, 2), 1.0)
    layer[:, 1] = 0.0
    x = torch.zeros(64)
    x[0] = 1.0
    features = torch.tensor([[200.0, 1.0], [-200.0, 1.0], [0.5, 1.0], [20.0, 1.0]])
    logits = features.double() @ layer.double().T
    slow = torch.distributions.Bernoulli(logits=logits).log_prob(x.double()).sum(-1)
    fast = PixelLikelihood(layer).at(x)(features.T)
    assert float(slow[0]) == -200.0 * 63
    assert torch.allclose(fast.double(), slow, rtol=1e-6)


# Log-sum-exp.


@pytest.mark.parametrize("centre", [0.0, -1000.0, 700.0])
@pytest.mark.parametrize("sizes", [(60,), (1,) * 60, (7, 20, 33), (25, 35)])
def test_running_bounds_are_those_of_whole_groups(centre: float, sizes: tuple[int, ...]) -> None:
    """Whatever the parts in which samples come; k = 7 and 45 leave samples over."""
    log_weights = centre + 5.0 * stream(0, "weights").standard_normal(60)
    curve = (1, 3, 7, 45, 60)
    running = RunningBounds(curve, CPU)
    for part in torch.from_numpy(log_weights).split(list(sizes)):
        running.add(part)
    expected = slow_bounds(log_weights[None], curve)[0]
    assert np.allclose(running.values().numpy(), expected, rtol=1e-14, atol=1e-12)


def test_wrong_sums_are_seen() -> None:
    """Without log k, or with exp in single precision, at the weights of an image of 1000 nats."""
    log_weights = torch.from_numpy(-1000.0 + stream(1, "weights").standard_normal(50))
    expected = slow_bounds(log_weights.numpy()[None], [50])[0, 0]
    without_log_k = float(log_weights.logsumexp(0))
    bare = float(log_weights.float().exp().mean().log())
    assert abs(without_log_k - expected) > 1.0
    assert bare == -math.inf
    running = RunningBounds([50], CPU)
    running.add(log_weights)
    assert abs(float(running.values()[0]) - expected) < 1e-10


def test_parts_are_as_few_and_as_even_as_can_be() -> None:
    for total in range(1, 40):
        sizes = list(bounds.parts(total, 7))
        assert sum(sizes) == total and len(sizes) == -(-total // 7) and max(sizes) - min(sizes) <= 1


# The bound where log p(x) is known.


AWAY, LATENT, POINTS = 0.12, 3, 120


def linear_gaussian(away: float) -> tuple[LinearGaussian, Array]:
    digits = load("digits")
    model = LinearGaussian.of(digits.train[:400, 10:30].astype(float), LATENT, away)
    return model, digits.test[:POINTS, 10:30].astype(float)


def weight_variance(model: LinearGaussian, x: Array) -> Array:
    """Var_q[w] / p(x)² of each point, Π t²/(s √(2t² − s²)) exp(δ²/(2t² − s²)) − 1.

    The posterior is N(m, s²), q is N(m + δ, t²), unit by unit.
    """
    s = model.model.posterior_scale
    t = s * (1.0 + AWAY)
    delta = AWAY * (x - model.model.bias) @ model.model.posterior_weight.T
    width = 2 * t**2 - s**2
    terms = t**2 / (s * np.sqrt(width)) * np.exp(delta**2 / width)
    return np.asarray(terms.prod(1) - 1.0)


def judged(model: LinearGaussian, x: Array, curve: Sequence[int]) -> Array:
    return bounds.bounds(model, torch.from_numpy(x), range(len(x)), curve, num_samples=curve[-1], seed=0)


def test_at_the_posterior_every_bound_is_the_evidence() -> None:
    model, x = linear_gaussian(0.0)
    assert np.abs(judged(model, x[:9], (1, 4, 20)) - model.evidence(x[:9])[:, None]).max() < 1e-9


def test_the_bound_of_5000_samples_is_the_evidence_within_its_error() -> None:
    """log of a mean of k weights: mean log p − v/2k, variance v/k, to first order in 1/k."""
    model, x = linear_gaussian(AWAY)
    variance, curve = weight_variance(model, x), (200, 1000, 5000)
    assert 0.1 < np.median(variance) < 3.0
    gap = model.evidence(x)[:, None] - judged(model, x, curve)
    for c, k in enumerate(curve):
        error = np.sqrt(variance / k / (curve[-1] // k))
        z = (gap[:, c] - variance / (2 * k)) / error
        assert abs(z.mean()) * math.sqrt(POINTS) < 3.0, k
        assert abs((z**2).mean() - 1.0) * math.sqrt(POINTS / 2.0) < 4.0, k
    # What log k forgotten, or a q that is off by a constant, would do: far outside.
    wrong = (gap[:, -1] - 0.05 - variance / (2 * 5000)) / np.sqrt(variance / 5000)
    assert abs(wrong.mean()) * math.sqrt(POINTS) > 10.0


# Networks.


@pytest.mark.parametrize("name", MODELS)
def test_weights_and_bounds_are_those_of_the_definitions(name: str) -> None:
    problem, curve = MODELS[name](), (1, 4, 30)
    noise = all_noise(LayeredWeights(taken(problem)).noise, (7, 2, 5), 30, 4)
    expected = slow_bounds(slow_log_weights(problem, noise), curve)
    assert np.abs(found(problem, curve, 30) - expected).max() < 1e-10


def test_in_single_precision_the_bound_is_within_a_ten_thousandth_of_a_nat() -> None:
    """Burda's own network, one image, its noise and its parameters the same in both."""
    settings: dict[str, Any] = {"hidden": (200, 200), "latent": 50, "activation": "tanh"}
    encoder, decoder = initialised(settings, np.full(784, 0.13), 0)
    decoder.requires_grad_(False)
    x = torch.from_numpy((stream(0, "mnist").random((1, 784)) < 0.13).astype(np.float32))
    narrow = LayeredWeights(taken(VAEProblem(encoder, decoder, x))).at(x[0])
    with torch.no_grad():
        noise = ImageNoise(50, seed=0, row=0).draw(3000, torch.float32, CPU)
        fast = narrow(noise).double().numpy()
        wide = VAEProblem(encoder.double(), decoder.double(), x.double())
        slow = slow_log_weights(wide, noise.double().unsqueeze(0))[0]
    assert np.abs(fast - slow).max() < 1e-4
    assert abs((fast - slow).mean()) < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_more_samples_give_a_higher_bound(name: str) -> None:
    """Of groups made of whole smaller groups it is so without exception (Jensen)."""
    curve = (1, 2, 6, 30, 60)
    assert (np.diff(found(MODELS[name](), curve, 60), axis=1) > 0.0).all()


def test_the_bound_of_one_sample_is_the_elbo() -> None:
    """Against the one with the KL in closed form: other noise, one term without any."""
    problem = one_layer("diagonal")
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
        other = torch.from_numpy(stream(0, "elbo").standard_normal((3, 40_000, 4)))
        values = (problem.log_likelihood(q.sample(other)) - q.kl_to_prior().unsqueeze(1)).numpy()
        ours = slow_log_weights(problem, all_noise(4, (7, 2, 5), 40_000, 4))
    error = np.sqrt((values.var(1, ddof=1) + ours.var(1, ddof=1)) / 40_000)
    z = (found(problem, [1], 40_000)[:, 0] - values.mean(1)) / error
    assert (np.abs(z) < 3.5).all()


@pytest.mark.parametrize("name", ["low rank", "two layers"])
def test_blocks_of_any_size_and_other_images_change_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, curve = MODELS[name](), (1, 7, 100)
    whole = found(problem, curve, 100)
    monkeypatch.setattr(weights, "ON_CPU", 9)
    monkeypatch.setattr(bounds, "BLOCK", 23)
    assert np.abs(found(problem, curve, 100) - whole).max() < 1e-11
    monkeypatch.undo()
    model = LayeredWeights(taken(problem))
    alone = bounds.bounds(model, problem.x[1:2], [2], curve, num_samples=100, seed=4)
    assert np.array_equal(alone[0], whole[1])


def test_a_bound_that_is_no_number_is_told() -> None:
    problem = layered([4])
    problem.decoder.layer1.logits.bias.data[3] = math.nan
    with pytest.raises(CellError, match="the bound of test image 7 is nan, not a finite number"):
        found(problem, [1, 5], 5)


# Active units.


def linear(inputs: int, outputs: int, weight: Array, log_scale: float) -> Encoder:
    """q with means weight · input and one scale."""
    network = Encoder(inputs, [], outputs)
    network.mean.weight.data.copy_(torch.from_numpy(weight))
    network.log_scale.bias.data.fill_(log_scale)
    return network


ACTIVE_IMAGES = 400


def three_active() -> tuple[Networks, Tensor, Array]:
    """Two layers of 5 and 4 units. Of the first, 2 means depend on x; of the second, 1.

    Unit 2 of the second layer has the mean 3 h_4 where h_4 is noise: it varies
    from sample to sample and not from image to image. The third value is
    Var_x(E_q[u]) of all units.
    """
    x = torch.from_numpy((stream(0, "active").random((ACTIVE_IMAGES, 12)) < 0.5).astype(np.float32))
    first, second = np.zeros((5, 12)), np.zeros((4, 5))
    first[0, 0], first[1, 1], first[2, 2] = 1.0, 0.6, 0.1  # variances about 0.25, 0.09, 0.0025
    second[0, 1], second[1, 2], second[2, 4] = 1.0, 1.0, 3.0
    up = Stages([linear(12, 5, first, 0.0), linear(5, 4, second, 0.0)])
    down = Stages([Decoder(5, [], 12), linear(4, 5, np.zeros((5, 4)), 0.0)])
    model = of_problem(LayeredVAE(up, down, x, (5, 4)), CPU)
    assert model is not None
    means = x.numpy() @ first.T
    return model, x, np.concatenate([means, means @ second.T], 1).var(0, ddof=1)


def test_exactly_the_three_units_made_to_be_active_are_found() -> None:
    model, x, exact = three_active()
    means = activity.posterior_means(model, x, range(len(x)), 0)
    variance = activity.unit_variances(means)
    assert list(np.flatnonzero(variance > 1e-2)) == [0, 1, 5] == list(np.flatnonzero(exact > 1e-2))
    assert np.allclose(variance[:5], exact[:5], rtol=1e-6)
    # The variance of one estimate counts a unit that only its noise moves.
    biased = means.mean(0).var(0, ddof=1)
    assert biased[7] > 1e-2 and exact[7] == 0.0


def test_noise_of_a_higher_layer_does_not_inflate_its_variance() -> None:
    """z-scores of every unit that is noisy, over repetitions with noise of their own."""
    model, x, exact = three_active()
    repeats = np.stack(
        [activity.unit_variances(activity.posterior_means(model, x, range(len(x)), s)) for s in range(24)]
    )
    noisy = [5, 6, 7]
    z = (repeats.mean(0) - exact)[noisy] / (repeats.std(0, ddof=1)[noisy] / math.sqrt(len(repeats)))
    assert (np.abs(z) < 3.5).all()


def test_buckets_left_out_are_whole_images_each_left_out_once() -> None:
    model, x, _ = three_active()
    means = activity.posterior_means(model, x, range(len(x)), 0)
    without = activity.unit_variances_without(means, 3)
    bucket = stream(3, "judging", "buckets").permutation(len(x)) % 20
    assert without.shape == (20, 9) and set(np.bincount(bucket)) == {20}
    for s in (0, 19):
        rest = means[:, bucket != s]
        slow = [np.cov(rest[0, :, u], rest[1, :, u], ddof=1)[0, 1] for u in range(9)]
        assert np.allclose(without[s], slow, rtol=1e-10, atol=1e-14)


def test_the_jackknife_interval_covers_what_the_images_vary_by() -> None:
    """The standard error it gives, against the spread over samples of images."""
    from reportgen.jackknife import stratum_variances

    noise = stream(0, "buckets")
    values, errors = [], []
    for repeat in range(300):
        one = noise.standard_normal((1, 200, 1))
        means = np.concatenate([one, one])
        values.append(activity.unit_variances(means)[0])
        errors.append(stratum_variances(activity.unit_variances_without(means, repeat).T)[0])
    ratio = np.mean(errors) / np.var(values, ddof=1)
    assert 0.75 < ratio < 1.3  # the standard error of a variance of 300 is 8 %, heavy tails aside


def test_means_of_any_number_of_layers_are_those_of_the_samples_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(activity, "IMAGES", 2)
    problem = layered([5, 4, 3])
    means = activity.posterior_means(taken(problem), problem.x, (7, 2, 5), 4)
    for i, row in enumerate((7, 2, 5)):
        noise = ImageNoise(9, seed=4, row=row, purpose="activity").draw(
            2 * activity.SAMPLES, torch.float64, CPU
        )
        with torch.no_grad():
            mean, log_scale = problem.encoder(0, problem.x[i : i + 1]).chunk(2, -1)
            assert np.allclose(means[:, i, :5], mean.numpy(), rtol=1e-12)
            first = mean + log_scale.exp() * noise[:, :5]
            middle, log_scale = problem.encoder(1, first).chunk(2, -1)
            last, _ = problem.encoder(2, middle + log_scale.exp() * noise[:, 5:]).chunk(2, -1)
        for half, part in enumerate((slice(0, activity.SAMPLES), slice(activity.SAMPLES, None))):
            assert np.allclose(means[half, i, 5:9], middle[part].mean(0).numpy(), rtol=1e-10)
            assert np.allclose(means[half, i, 9:], last[part].mean(0).numpy(), rtol=1e-10)


# Pictures.


def test_samples_are_decoder_means_at_draws_from_the_prior() -> None:
    problem = layered([4, 3])
    shown = pictures.samples(taken(problem), 6, 2, CPU)
    noise = ImageNoise(7, seed=2, row=0, purpose="samples").draw(6, torch.float64, CPU)
    with torch.no_grad():
        mean, log_scale = problem.decoder(1, noise[:, 4:]).chunk(2, -1)
        expected = torch.sigmoid(problem.decoder(0, mean + log_scale.exp() * noise[:, :4]))
    assert np.allclose(shown, expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["full", "low rank", "three layers"])
def test_reconstructions_are_decoder_means_at_a_draw_from_q(name: str) -> None:
    problem = MODELS[name]()
    shown = pictures.reconstructions(taken(problem), problem.x, 2)
    width = taken(problem).noise[0]
    noise = ImageNoise(width, seed=2, row=0, purpose="reconstructions").draw(3, torch.float64, CPU)
    with torch.no_grad():
        if isinstance(problem, LayeredVAE):
            mean, log_scale = problem.encoder(0, problem.x).chunk(2, -1)
            logits = problem.decoder(0, mean + log_scale.exp() * noise)
        else:
            z = problem.family(problem.encoder(problem.x)).sample(noise.unsqueeze(1))
            logits = problem.decoder(z.squeeze(1))
    assert np.allclose(shown, torch.sigmoid(logits).numpy(), rtol=1e-12)


# All of it.


def fresh(settings: dict[str, Any]) -> dict[str, Tensor]:
    """A checkpoint of fresh networks."""
    materials = Materials(settings, seed=1, dataset=lambda: load("digits"))
    return named(TRAINABLES[settings["model"]](materials).networks)


def verdict(
    settings: dict[str, Any], *, seed: int = 0, device: str = "cpu", **wanted: Any
) -> JudgementRecord:
    """Of those networks, with this `judge` section."""
    told = wanted.pop("report", None)
    cell = JudgementCell("k" * 32, "t" * 32, {"problem.latent": 5}, True, 7, settings, wanted, seed)
    return judge(
        cell, fresh(settings), load("digits"), device=device, report=told, environment={"threads": 1}
    )


@pytest.mark.parametrize(
    ("settings", "layers"),
    [(VAE, (5,)), (VAE | {"covariance": "low_rank", "rank": 2}, (5,)), (TWO_LAYERS, (6, 3))],
)
def test_a_checkpoint_is_judged(settings: dict[str, Any], layers: tuple[int, ...]) -> None:
    digits, told = load("digits"), []
    result = verdict(settings, images=30, num_samples=40, curve=[5, 1], seed=3, report=told.append)
    assert result.layers == layers and result.curve == (1, 5, 40) and result.dataset == "digits"
    assert result.images == judged_rows(digits, 30, 3) and len(set(result.images)) == 30
    shapes = {name: array.shape for name, array in result.arrays.items()}
    units = sum(layers)
    assert shapes == {
        "bounds": (30, 3),
        "unit_variance": (units,),
        "unit_variance_without": (20, units),
        "samples": (64, 64),
        "originals": (20, 64),
        "reconstructions": (20, 64),
    }
    assert all(array.dtype == np.float64 for array in result.arrays.values())
    assert told == sorted(told) and told[-1] == 1.0
    assert 20.0 < -result.arrays["bounds"][:, 2].mean() < 64.0
    assert set(np.unique(result.arrays["originals"])) == {0.0, 1.0}
    assert ((result.arrays["samples"] > 0.0) & (result.arrays["samples"] < 1.0)).all()


def test_an_image_has_the_same_bound_in_any_company() -> None:
    digits = load("digits")
    few, more = (verdict(VAE, images=n, num_samples=20, curve=[], seed=3) for n in (25, 60))
    place = [more.images.index(row) for row in few.images]
    assert np.array_equal(few.arrays["bounds"], more.arrays["bounds"][place])
    binary = binary_images(digits, few.images, 3)
    assert np.array_equal(binary, binary_images(digits, more.images, 3)[place])
    assert set(np.unique(binary)) == {0.0, 1.0}
    assert judged_rows(digits, None, 0) == tuple(range(297))


def test_a_record_has_all_of_it() -> None:
    record = verdict(VAE, images=20, num_samples=3, curve=[1])
    assert (record.key, record.training_key, record.checkpoint) == ("k" * 32, "t" * 32, 7)
    assert record.base and record.setting == {"problem.latent": 5} and record.environment == {"threads": 1}
    assert record.curve == (1, 3) and record.num_samples == 3 and record.shape == (8, 8)
    assert len(record.images) == 20 and record.layers == (5,) and record.seconds > 0.0
    require_sound(record)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 298}, "judge.images: from 20 to the 297 images of digits's test part, got 298"),
        ({"images": 19}, "judge.images: from 20 to the 297 images of digits's test part, got 19"),
        ({"curve": [1, 50]}, "judge.curve: each k must be from 1 to judge.num_samples, 20; got 50"),
        ({"curve": [0]}, "judge.curve: each k must be from 1 to judge.num_samples, 20; got 0"),
    ],
)
def test_what_cannot_be_judged_is_told_in_a_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CellError, match=message):
        verdict(VAE, **{"images": 30, "num_samples": 20, "curve": [1]} | changes)


def test_a_model_without_a_gaussian_q_is_refused() -> None:
    settings = {"model": "bernoulli_vae", "hidden": [6], "latent": 4}
    with pytest.raises(
        CellError, match=r"needs a VAE with Gaussian layers.* got problem.model bernoulli_vae"
    ):
        verdict(settings, images=30, num_samples=2, curve=[])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("settings", [VAE, TWO_LAYERS])
def test_another_device_gives_the_same_numbers(settings: dict[str, Any]) -> None:
    here, there = (
        verdict(settings, images=40, num_samples=300, curve=[1], seed=3, device=where)
        for where in ("cpu", "cuda")
    )
    for name, array in here.arrays.items():
        assert np.abs(array - there.arrays[name]).max() < 1e-4, name


def test_a_decoder_of_another_kind_is_not_taken() -> None:
    decoder = nn.Linear(4, 21).double().requires_grad_(False)
    problem = one_layer("diagonal")
    assert of_problem(VAEProblem(problem.encoder, decoder, problem.x), CPU) is None
