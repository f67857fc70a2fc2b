"""The written-out training step against autograd: one to three stochastic layers, one sample and several."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reportgen.datasets import Dataset
from reportgen.datasets.dataset import from_levels
from reportgen.errors import CellError
from reportgen.plan import TrainingCell
from reportgen.problems import TRAINABLES, Materials, Trainable
from reportgen.problems.layered import LayeredVAE
from reportgen.problems.layered_vae import blank
from reportgen.problems.networks import initialised
from reportgen.problems.vae import VAEProblem
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.bound import bound_of
from reportgen.training.differentiated import Differentiated
from reportgen.training.gradient import BoundGradient, _log_sigmoid
from reportgen.training.parameters import Parameters
from reportgen.training.surrogate import Noise, surrogate
from reportgen.training.update import update
from reportgen.training.written_out import WrittenOut

IMAGES, PIXELS = 7, 6
SIZES: dict[str, dict[str, Any]] = {
    "vae": {"hidden": [8, 5], "latent": 3},
    "one hidden": {"hidden": [4], "latent": 2},
    "1 layer": {"hidden": [[5]], "latent": [3]},
    "2 layers": {"hidden": [[5, 4], [4]], "latent": [3, 2]},
    "3 layers": {"hidden": [[5], [4], [3, 3]], "latent": [4, 3, 2]},
}
CASES = [
    (sizes, objective, num_samples)
    for sizes in SIZES
    for objective in ("elbo", "iwae", "elbo_analytic_kl")
    for num_samples in (1, 5)
    if objective != "elbo_analytic_kl" or isinstance(SIZES[sizes]["latent"], int)
]


def networks(sizes: str) -> tuple[nn.Module, nn.Module]:
    """In float64, far from where training begins."""
    settings = SIZES[sizes]
    if isinstance(settings["latent"], int):
        found: tuple[nn.Module, nn.Module] = initialised(settings, np.full(PIXELS, 0.4), 0)
    else:
        found = blank(settings, PIXELS)
    noise = stream(1, "weights", sizes)
    for network in found:
        network.double()
        for parameter in network.parameters():
            parameter.data += 0.5 * torch.from_numpy(noise.standard_normal(parameter.shape))
    return found


def widths(sizes: str) -> tuple[int, ...]:
    latent = SIZES[sizes]["latent"]
    return (latent,) if isinstance(latent, int) else tuple(latent)


def batch(sizes: str, num_samples: int) -> tuple[Tensor, Tensor]:
    noise = stream(2, "batch", sizes)
    x = torch.from_numpy(noise.integers(0, 2, (IMAGES, PIXELS)).astype(np.float64))
    return x, torch.from_numpy(noise.standard_normal((IMAGES, num_samples, sum(widths(sizes)))))


@dataclass(frozen=True)
class Found:
    """What a minibatch gives."""

    bound: Tensor
    """[n]"""
    gradient: list[Tensor]
    """Gradients of the negative mean bound, one per parameter."""

    def agrees(self, other: Found) -> bool:
        """Whether the two agree to the precision of float64."""
        return torch.allclose(self.bound, other.bound, rtol=1e-11, atol=1e-11) and all(
            torch.allclose(ours, theirs, rtol=1e-9, atol=1e-11)
            for ours, theirs in zip(self.gradient, other.gradient, strict=True)
        )


def written_out(sizes: str, objective: str, num_samples: int) -> Found:
    pair = networks(sizes)
    parameters = Parameters(*pair)
    bound = torch.empty(IMAGES, dtype=torch.float64)
    with torch.no_grad():
        BoundGradient(parameters, objective, IMAGES, num_samples)(*batch(sizes, num_samples), bound)
    parameters.vector.copy_(parameters.gradient)  # the modules now show the gradient
    return Found(bound, [p.detach().clone() for network in pair for p in network.parameters()])


def at(pair: tuple[nn.Module, nn.Module], x: Tensor, sizes: str) -> VAEProblem | LayeredVAE:
    if isinstance(SIZES[sizes]["latent"], int):
        return VAEProblem(*pair, x)
    return LayeredVAE(*pair, x, widths(sizes))  # type: ignore[arg-type]


def given(epsilon: Tensor) -> Noise:
    """The noise that was asked for must be of this shape, and is this."""

    def draw(*shape: int) -> Tensor:
        assert epsilon.shape == shape
        return epsilon

    return draw


def by_autograd(sizes: str, objective: str, num_samples: int) -> Found:
    pair = networks(sizes)
    x, epsilon = batch(sizes, num_samples)
    found = surrogate(at(pair, x, sizes), objective, given(epsilon), num_samples)
    parameters = [p for network in pair for p in network.parameters()]
    return Found(found.bound, list(torch.autograd.grad(found.loss, parameters)))


@pytest.mark.parametrize(("sizes", "objective", "num_samples"), CASES)
def test_the_written_out_step_is_autograds(sizes: str, objective: str, num_samples: int) -> None:
    ours = written_out(sizes, objective, num_samples)
    assert ours.agrees(by_autograd(sizes, objective, num_samples))
    assert any(gradient.abs().max() > 1e-3 for gradient in ours.gradient)


def log_weights(pair: tuple[nn.Module, nn.Module], sizes: str, num_samples: int) -> Tensor:
    """log p(x, h) − log q(h|x) from torch's own distributions, [n K], with its graph."""
    x, epsilon = batch(sizes, num_samples)
    encoder, decoder = pair
    layered = not isinstance(SIZES[sizes]["latent"], int)
    normal, log_w = torch.distributions.Normal, torch.zeros(())
    below, layers = x.unsqueeze(1).expand(-1, num_samples, -1), []
    for stage, noise in enumerate(epsilon.split(widths(sizes), 2)):
        mean, log_scale = (encoder(stage, below) if layered else encoder(below)).chunk(2, -1)
        q = normal(mean, log_scale.exp())
        layers.append(q.loc + q.scale * noise)
        log_w = log_w - q.log_prob(layers[-1]).sum(-1)
        below = layers[-1]
    for stage, h in enumerate(layers):
        p = normal(torch.zeros(()).double(), torch.ones(()).double())
        if stage + 1 < len(layers):
            mean, log_scale = decoder(stage + 1, layers[stage + 1]).chunk(2, -1)
            p = normal(mean, log_scale.exp())
        log_w = log_w + p.log_prob(h).sum(-1)
    logits = decoder(0, layers[0]) if layered else decoder(layers[0])
    return log_w + torch.distributions.Bernoulli(logits=logits).log_prob(x.unsqueeze(1)).sum(-1)


def mean_of(log_w: Tensor) -> tuple[Tensor, Tensor]:
    return log_w.mean(1), log_w.mean(1)


def log_mean_exp(log_w: Tensor) -> tuple[Tensor, Tensor]:
    bound = log_w.exp().mean(1).log()
    return bound, bound


def by_equation_14(log_w: Tensor) -> tuple[Tensor, Tensor]:
    """Self-normalised weights, held fixed, on the gradients of log w."""
    return log_mean_exp(log_w)[0], (log_w.softmax(1).detach() * log_w).sum(1)


def weights_not_normalised(log_w: Tensor) -> tuple[Tensor, Tensor]:
    weights = (log_w - log_w.max(1, keepdim=True).values).exp().detach()
    return log_mean_exp(log_w)[0], (weights * log_w).mean(1)


def sum_for_mean(log_w: Tensor) -> tuple[Tensor, Tensor]:
    """The bound without − log K: another value, the same gradient."""
    return log_w.logsumexp(1), log_w.logsumexp(1)


def by_distributions(made: Any, sizes: str, num_samples: int) -> Found:
    pair = networks(sizes)
    bound, differentiated = made(log_weights(pair, sizes, num_samples))
    parameters = [p for network in pair for p in network.parameters()]
    return Found(bound.detach(), list(torch.autograd.grad(-differentiated.mean(), parameters)))


@pytest.mark.parametrize("sizes", ["vae", "2 layers", "3 layers"])
def test_objectives_are_those_of_the_definitions_and_of_no_neighbour(sizes: str) -> None:
    elbo, iwae = (written_out(sizes, objective, 5) for objective in ("elbo", "iwae"))
    assert elbo.agrees(by_distributions(mean_of, sizes, 5))
    assert iwae.agrees(by_distributions(log_mean_exp, sizes, 5))
    assert iwae.agrees(by_distributions(by_equation_14, sizes, 5))
    for wrong in (mean_of, weights_not_normalised, sum_for_mean):
        assert not iwae.agrees(by_distributions(wrong, sizes, 5))
    assert not elbo.agrees(by_distributions(log_mean_exp, sizes, 5))
    assert (iwae.bound > elbo.bound).all()  # Jensen


def test_of_one_sample_both_bounds_are_the_same() -> None:
    assert written_out("2 layers", "iwae", 1).agrees(written_out("2 layers", "elbo", 1))


def test_the_bound_with_an_exact_divergence_is_the_densities_own() -> None:
    encoder, decoder = networks("vae")
    x, epsilon = batch("vae", 5)
    mean, log_scale = encoder(x).chunk(2, 1)
    q = torch.distributions.Normal(mean, log_scale.exp())
    z = mean.unsqueeze(1) + log_scale.exp().unsqueeze(1) * epsilon
    likelihood = torch.distributions.Bernoulli(logits=decoder(z)).log_prob(x.unsqueeze(1)).sum(2).mean(1)
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = likelihood - torch.distributions.kl_divergence(q, prior).sum(1)
    assert torch.allclose(written_out("vae", "elbo_analytic_kl", 5).bound, expected, atol=1e-11)


def test_a_divergence_is_exact_for_one_layer_alone() -> None:
    with pytest.raises(CellError, match=r"train\.objective: elbo_analytic_kl needs one .* got 2\. Use elbo"):
        BoundGradient(Parameters(*networks("2 layers")), "elbo_analytic_kl", IMAGES)
    with pytest.raises(CellError, match=r"has no elbo_analytic_kl\. Use elbo or iwae"):
        by_autograd("2 layers", "elbo_analytic_kl", 1)


def test_a_bound_of_k_is_that_of_the_log_of_a_mean() -> None:
    f = torch.tensor([[0.0, math.log(3.0)], [1.0, 1.0]], dtype=torch.float64)
    assert torch.allclose(bound_of(f, "iwae"), torch.tensor([math.log(2.0), 1.0]).double())
    assert torch.allclose(bound_of(f, "elbo"), torch.tensor([math.log(3.0) / 2.0, 1.0]).double())


@pytest.mark.parametrize("size", [50.0, 3000.0])
def test_certain_pixels_are_told_right(size: float) -> None:
    """Logits of ±50 and ±3000: what is wrong costs |l|, however much that is; the gradient is σ − x."""
    encoder, decoder = networks("vae")
    bias = size * torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0, 0.0], dtype=torch.float64)
    decoder.logits.bias.data.copy_(bias)  # type: ignore[union-attr, operator]
    decoder.logits.weight.data.zero_()  # type: ignore[union-attr, operator]
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0, 1.0]], dtype=torch.float64)
    parameters = Parameters(encoder, decoder)
    gradient = BoundGradient(parameters, "elbo_analytic_kl", 1, 3)
    bound = torch.empty(1, dtype=torch.float64)
    with torch.no_grad():
        gradient(x, torch.zeros(1, 3, 3, dtype=torch.float64), bound)
        likelihood = float(bound + gradient._divergence())
    wrong = -2.0 * size - 2.0 * math.log(2.0)
    assert likelihood == pytest.approx(wrong)
    expected = torch.tensor([0.0, 0.0, 1.0, -1.0, 0.5, -0.5]).double()
    assert torch.allclose(parameters.p[0][-1].bias_gradient, expected, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_pixel_that_is_all_wrong_takes_no_weight_from_better_samples(dtype: torch.dtype) -> None:
    """Where a sigmoid is no float above zero log p(x|h) is that of float64, and so is every weight."""
    encoder, decoder = networks("vae")
    weight = torch.zeros_like(decoder.logits.weight)  # type: ignore[union-attr, arg-type]
    weight[0], weight[1:] = (
        -400.0,
        -40.0,
    )  # a pixel that is far off, and five that are half as far off together
    decoder.logits.weight.data.copy_(weight)  # type: ignore[union-attr, operator]
    decoder.logits.bias.data.zero_()  # type: ignore[union-attr, operator]
    parameters = Parameters(encoder.to(dtype), decoder.to(dtype))
    x, epsilon = torch.ones(1, 6, dtype=dtype), torch.linspace(-1.0, 1.0, 12, dtype=dtype).view(1, 4, 3)
    gradient = BoundGradient(parameters, "iwae", 1, 4)
    with torch.no_grad():
        gradient._sample(x, [epsilon])
        found = gradient._log_likelihood(x)
        signed = gradient._logits().double() * (2.0 * x.double() - 1.0).unsqueeze(1)
    true = torch.nn.functional.logsigmoid(signed).sum(2)
    assert float(signed.min()) < -104.0 and float(true.max() - true.min()) > 1.0
    torch.testing.assert_close(found.double(), true, rtol=1e-6, atol=1e-5)
    usual = torch.linspace(-87.0, 87.0, 1001, dtype=dtype)
    assert torch.equal(_log_sigmoid(usual), usual.sigmoid().log())


def test_spread_weights_leave_the_gradient_as_it_is() -> None:
    """Of noise forty times as wide nearly all weight is on one sample, and the others’ are dropped."""
    found = []
    for by_hand in (True, False):
        pair = networks("2 layers")
        x, epsilon = batch("2 layers", 5)
        if by_hand:
            parameters = Parameters(*pair)
            bound = torch.empty(IMAGES, dtype=torch.float64)
            with torch.no_grad():
                BoundGradient(parameters, "iwae", IMAGES, 5)(x, 40.0 * epsilon, bound)
            parameters.vector.copy_(parameters.gradient)
            gradient = [p.detach().clone() for network in pair for p in network.parameters()]
            found.append(Found(bound, gradient))
        else:
            batch_ = surrogate(at(pair, x, "2 layers"), "iwae", given(40.0 * epsilon), 5)
            gradient = list(
                torch.autograd.grad(batch_.loss, [p for network in pair for p in network.parameters()])
            )
            found.append(Found(batch_.bound, gradient))
    assert torch.allclose(found[0].bound, found[1].bound, rtol=1e-11)
    for ours, theirs in zip(found[0].gradient, found[1].gradient, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12 * float(theirs.abs().max()))


@pytest.fixture(scope="module")
def tiny() -> Dataset:
    torch.set_num_threads(1)
    levels = stream(0, "tiny").integers(0, 17, (53, PIXELS)).astype(np.uint8)
    return from_levels(
        "tiny", "Tiny", levels[:43], levels[43:], highest=16, shape=(2, 3), binarize="each draw", citation="x"
    )


def begun(problem: Mapping[str, Any], data: Dataset) -> Trainable:
    return TRAINABLES[problem["model"]](Materials(problem, 0, dataset=lambda: data))


def cell(problem: Mapping[str, Any], **section: Any) -> TrainingCell:
    settings = {"objective": "elbo", "epochs": 2, "batch_size": 10, "learning_rate": 1e-2}
    return TrainingCell("a" * 32, {}, True, dict(problem), settings | {"checkpoints": [0]} | section, 0)


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
@pytest.mark.parametrize("sizes", ["vae", "3 layers"])
def test_both_routes_train_alike(
    tiny: Dataset, sizes: str, objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """43 images by tens, the last minibatch smaller, noise drawn a minibatch at a time; K = 5."""
    monkeypatch.setattr("reportgen.training.written_out.BLOCK_NUMBERS", 1)
    problem = SIZES[sizes] | {"model": "vae" if sizes == "vae" else "layered_vae"}
    wanted = cell(problem, objective=objective, num_samples=5)
    fits = WrittenOut(wanted, begun(problem, tiny)), Differentiated(wanted, begun(problem, tiny))
    assert fits[0].test_bound() == pytest.approx(fits[1].test_bound(), rel=1e-6)
    single = WrittenOut(cell(problem, objective=objective), begun(problem, tiny))
    assert abs(single.test_bound() - fits[0].test_bound()) > 1e-3
    optimizers = [Adam(fit.parameters, 1e-2) for fit in fits]
    bounds = [
        [fit.epoch(number, optimizer, lambda _: 1e-2) for number in (1, 2)]
        for fit, optimizer in zip(fits, optimizers, strict=True)
    ]
    assert bounds[0] == pytest.approx(bounds[1], rel=1e-4)
    states = [
        [p.detach() for network in fit.parameters.networks.values() for p in network.parameters()]
        for fit in fits
    ]
    for ours, theirs in zip(*states, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-3)


def test_adam_is_torchs_own_at_a_rate_that_changes() -> None:
    parameters = Parameters(*initialised({"hidden": [4], "latent": 2}, np.full(3, 0.5), 0))
    twin = parameters.vector.clone().requires_grad_(True)
    reference = torch.optim.Adam([twin], lr=0.01, betas=(0.95, 0.99), eps=1e-3, foreach=False)
    optimizer = Adam(parameters, 0.01, beta_1=0.95, beta_2=0.99, epsilon=1e-3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for rate in (0.01, 0.01, 0.003, 0.03):
            optimizer.learning_rate = reference.param_groups[0]["lr"] = rate
            parameters.gradient.normal_(generator=generator)
            twin.grad = parameters.gradient.clone()
            optimizer.step()
            reference.step()
    assert optimizer.learning_rate == 0.03 and float(optimizer.count) == 4.0
    assert torch.allclose(parameters.vector, twin.detach(), atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("objective", ["elbo", "iwae"])
@pytest.mark.parametrize("sizes", ["vae", "3 layers"])
def test_a_recorded_update_is_the_same_update(sizes: str, objective: str) -> None:
    """On a CUDA device: replayed steps, at a rate that changes, against the same steps on the host."""
    vectors, bounds = [], []
    for device in ("cuda", "cpu"):
        pair = networks(sizes)
        parameters = Parameters(*(network.float().to(device) for network in pair))
        optimizer = Adam(parameters, 1e-2)
        step = update(BoundGradient(parameters, objective, IMAGES, 5), optimizer)
        noise, bound = stream(3, "recorded"), torch.empty(IMAGES, device=device)
        x, _ = batch(sizes, 5)
        with torch.no_grad():
            for rate in (1e-2, 1e-2, 3e-3, 1e-3):
                optimizer.learning_rate = rate
                epsilon = noise.standard_normal((IMAGES, 5, sum(widths(sizes))), dtype=np.float32)
                step(x.float().to(device), torch.from_numpy(epsilon).to(device), bound)
        assert float(optimizer.count) == 4.0
        vectors.append(parameters.vector.cpu())
        bounds.append(bound.cpu())
    assert torch.allclose(vectors[0], vectors[1], atol=1e-4)
    assert torch.allclose(bounds[0], bounds[1], atol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_training_on_a_cuda_device_is_that_of_the_host(tiny: Dataset) -> None:
    problem = SIZES["2 layers"] | {"model": "layered_vae"}
    wanted, found = cell(problem, num_samples=5, objective="iwae"), []
    for device in ("cuda", "cpu"):
        fit = WrittenOut(wanted, begun(problem, tiny), device)
        optimizer = Adam(fit.parameters, 1e-3)
        found.append([fit.epoch(n, optimizer, lambda _: 1e-3) for n in (1, 2)] + [fit.test_bound()])
    assert found[0] == pytest.approx(found[1], abs=1e-2)


def test_flat_parameters_of_stages_are_in_the_order_of_the_networks() -> None:
    """Two heads of a Gaussian act as one layer, and the modules see the same numbers."""
    pair = networks("2 layers")
    before = [p.detach().clone() for network in pair for p in network.parameters()]
    parameters = Parameters(*pair)
    after = [p for network in pair for p in network.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert parameters.widths == (3, 2) and len(parameters.vector) == sum(p.numel() for p in before)
    assert parameters.q[0][-1].weight.shape == (6, 4) and parameters.p[1][-1].weight.shape == (6, 4)
