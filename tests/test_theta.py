"""The gradient in θ through any decoder: each way of telling replicates apart against single backward passes.

Convolutions and normalisation, shared and tied layers, parameters held fixed,
modules that torch does not vectorize; Gaussian latents and bits.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

import reportgen
from reportgen.declaration import PROBLEMS
from reportgen.engine.layered import gradients, recorder
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.linear_layers import LinearLayers
from reportgen.engine.layered.recorder import Recorder, recorder_of
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.layered.whole_network import WholeNetwork
from reportgen.errors import CellError, UsageError
from reportgen.estimators import ESTIMATORS
from reportgen.findings.rows import arm_rows
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.plan import Arm
from reportgen.problems import BUILDERS
from reportgen.problems.layered import LayeredModel, LayeredVAE, Stages
from reportgen.problems.model import free_gaussian
from reportgen.problems.own_model import Model, OwnProblem, problem_of
from reportgen.problems.vae import VAEProblem
from reportgen.store.records import MeasurementRecord
from reportgen.streams import stream
from tests.cells import measured, no_quadrature
from tests.problem_cases import CASES, FURTHER, materials_of
from tests.test_layered import COEFFICIENTS, network, one_by_one
from tests.test_layered import model as two_layers
from tests.test_layered import noise as two_layer_noise
from tests.tiny_vae import IMAGES, LATENT, PIXELS, K, noise, tiny_vae


class Twice(nn.Module):
    """One convolution passed twice, one parameter of its own, in front of a layer held fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.shared = nn.Linear(LATENT, PIXELS), nn.Conv1d(1, 1, 3, padding=1)
        self.scale, self.last = nn.Parameter(torch.tensor(0.7)), nn.Linear(PIXELS, PIXELS)
        self.last.requires_grad_(False)

    def forward(self, z: Tensor) -> Tensor:
        h = torch.tanh(self.first(z)).unsqueeze(1)
        h = torch.tanh(self.shared(self.scale * torch.tanh(self.shared(h))))
        return self.last(h.squeeze(1))


class Tied(nn.Module):
    """Linear layers alone, the last of which has the first one's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner = nn.Linear(LATENT, PIXELS), nn.Linear(PIXELS, LATENT)
        self.last = nn.Linear(LATENT, PIXELS)
        self.last.weight = self.first.weight

    def forward(self, z: Tensor) -> Tensor:
        return self.last(torch.tanh(self.inner(torch.tanh(self.first(z)))))


class Behind(nn.Module):
    """Only linear layers, the weight of one of which is used outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(LATENT, PIXELS), nn.Linear(PIXELS, PIXELS)

    def forward(self, z: Tensor) -> Tensor:
        return nn.functional.linear(torch.tanh(self.first(z)), self.last.weight, self.last.bias)


class Tokens(nn.Module):
    """A linear layer on each of a few tokens; `turned` has samples and tokens in one axis, tokens first."""

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.turned, self.token, self.last = turned, nn.Linear(1, 3), nn.Linear(3 * LATENT, PIXELS)

    def forward(self, z: Tensor) -> Tensor:
        tokens = z.unsqueeze(2)
        if self.turned:
            h = self.token(tokens.transpose(0, 1).flatten(0, 1)).unflatten(0, (LATENT, -1)).transpose(0, 1)
        else:
            h = self.token(tokens)
        return self.last(torch.tanh(h).flatten(1))


class Looked(nn.Module):
    """A table whose gradient torch keeps sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(PIXELS, LATENT, sparse=True)

    def forward(self, z: Tensor) -> Tensor:
        table: Tensor = self.table(torch.arange(PIXELS))
        return z @ table.T


class Turned(nn.Module):
    """A complex parameter, which `to` would make real."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(PIXELS, LATENT, dtype=torch.complex128))

    def to(self, *_: Any, **__: Any) -> Turned:
        return self

    def forward(self, z: Tensor) -> Tensor:
        return (z.to(self.weight.dtype) @ self.weight.T).abs()


class Recurrent(nn.Module):
    """What torch does not vectorize: a value looked at while the network runs, and a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.GRU(1, 3, batch_first=True), nn.Linear(3 * LATENT, PIXELS)

    def forward(self, z: Tensor) -> Tensor:
        if float(z.abs().max()) > 1e6:
            return self.last(z)
        return self.last(self.cell(z.unsqueeze(2))[0].flatten(1))


def convolutional() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(LATENT, 8),
        nn.LayerNorm(8),
        nn.SiLU(),
        nn.Unflatten(1, (4, 2)),
        nn.BatchNorm1d(4),
        nn.ConvTranspose1d(4, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.ReLU(inplace=True),
        nn.Conv1d(4, 3, 1, bias=False),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, PIXELS),
    )


def hooked() -> nn.Sequential:
    """The older way to normalise a weight."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        first = nn.utils.weight_norm(nn.Linear(LATENT, 4))
    return nn.Sequential(first, nn.Tanh(), nn.Linear(4, PIXELS))


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(LATENT, 5), nn.Tanh(), nn.Linear(5, PIXELS, bias=False))


DECODERS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "linear layers": (perceptron, "linear"),
    "one linear layer": (lambda: nn.Linear(LATENT, PIXELS), "linear"),
    "linear layers on tokens": (lambda: Tokens(turned=False), "linear"),
    "tokens before samples": (lambda: Tokens(turned=True), "side by side"),
    "convolutions and normalisation": (convolutional, "side by side"),
    "shared, fixed and own": (Twice, "side by side"),
    "tied": (Tied, "side by side"),
    "behind its back": (Behind, "side by side"),
    "parametrized": (
        lambda: nn.Sequential(weight_norm(nn.Linear(LATENT, 4)), nn.Tanh(), nn.Linear(4, PIXELS)),
        "side by side",
    ),
    "a weight that a hook computes": (hooked, "side by side"),
    "sparse": (Looked, "one by one"),
    "not to be vectorized": (Recurrent, "one by one"),
}
"""A decoder, and the way that suits it."""


def own(make: Callable[[], nn.Module], dtype: torch.dtype = torch.float64, **changed: Any) -> OwnProblem:
    """The tiny VAE with another decoder, every parameter moved from its initial value."""
    torch.manual_seed(0)
    tiny, decoder = tiny_vae(), make().to(dtype)
    for i, parameter in enumerate(decoder.parameters()):
        away = stream(3, "theta", i).standard_normal(tuple(parameter.shape))
        parameter.data += 0.2 * torch.as_tensor(away)
    return problem_of(replace(Model(tiny.encoder.to(dtype), decoder, tiny.x.to(dtype)), **changed))


def narrow() -> OwnProblem:
    """With convolutions, in float32: where no exact values are looked for, which takes long."""
    return own(convolutional, torch.float32)


def sampled(model: LayeredModel, objective: str, epsilon: Tensor, k: int) -> Callable[[], Tensor]:
    several = objective == "iwae"
    return lambda: SURROGATES["generative"](Sampled(model, epsilon, k, several, False))


def way(found: Recorder) -> str:
    if isinstance(found, LinearLayers):
        return "linear"
    assert isinstance(found, WholeNetwork)
    return "side by side" if found.side_by_side else "one by one"


def chosen(model: LayeredModel, objective: str, epsilon: Tensor, k: int) -> Recorder:
    return recorder_of(model.decoder, "decoder", sampled(model, objective, epsilon, k), len(epsilon), k)


def alone(
    model: LayeredModel, found: Recorder, value: Callable[[int, Tensor], Tensor], epsilon: Tensor, k: int
) -> dict[str, Tensor]:
    """Every replicate's gradient by a backward pass of its own, [I R P] by group.

    `value` is the objective of data point i at its own K noises [K n].
    """
    rows: dict[str, list[Tensor]] = {name: [] for name in found.parameters}
    for i in range(len(epsilon)):
        for part in torch.split(epsilon[i], k):
            learned = [p for group in found.parameters.values() for p in group]
            slow = iter(torch.autograd.grad(value(i, part), learned, materialize_grads=True))
            for name, group in found.parameters.items():
                rows[name].append(torch.cat([next(slow).to_dense().flatten() for _ in group]))
    return {name: torch.stack(found).reshape(len(epsilon), -1, len(found[0])) for name, found in rows.items()}


def check(fast: dict[str, LayerGradient] | Any, slow: dict[str, Tensor], rtol: float = 1e-9) -> None:
    """Sums, norms, squares, projections and sketches of every group are those of the replicates."""
    for name, gradient in slow.items():
        if name not in fast:
            assert not gradient.any()
            continue
        layer = fast[name]
        u = torch.from_numpy(stream(2, "u", name).standard_normal((len(gradient), gradient.shape[2])))
        for one, other in (
            (layer.sums(), gradient.sum(1)),
            (layer.squared_norms(), (gradient**2).sum(-1)),
            (layer.squares(), (gradient**2).sum((0, 1))),
            (layer.along(u), (gradient * u.unsqueeze(1)).sum(-1)),
        ):
            torch.testing.assert_close(one, other, rtol=rtol, atol=1e-11)


def objective_of(problem: OwnProblem, model: LayeredModel, objective: str) -> Callable[[int, Tensor], Tensor]:
    """Of a Gaussian q and Bernoulli pixels, from the definitions; other data points are never seen."""

    def value(i: int, epsilon: Tensor) -> Tensor:
        with torch.no_grad():
            mean, log_scale = problem.encoder(problem.x[i : i + 1]).chunk(2, -1)
            z = mean + log_scale.exp() * epsilon
            log_q = torch.distributions.Normal(mean, log_scale.exp()).log_prob(z).sum(-1)
        out = torch.cat([model.decoder(row.unsqueeze(0)) for row in z])  # one row at a time
        pixels = torch.distributions.Bernoulli(logits=out).log_prob(problem.x[i]).sum(-1)
        f = pixels + torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - log_q
        return f.exp().mean().log() if objective == "iwae" else f.mean()

    return value


@pytest.mark.parametrize("k", [1, K])
@pytest.mark.parametrize("objective", ["elbo", "iwae"])
@pytest.mark.parametrize("name", DECODERS)
def test_any_decoders_gradient_is_that_of_single_backwards(name: str, objective: str, k: int) -> None:
    make, expected = DECODERS[name]
    problem = own(make)
    model = problem.layered
    found = chosen(model, objective, noise(), k)
    assert way(found) == expected
    fast = found.gradients(sampled(model, objective, noise(), k), IMAGES, k)
    slow = alone(model, found, objective_of(problem, model, objective), noise(), k)
    learned = sum(p.numel() for p in model.decoder.parameters() if p.requires_grad)
    assert sum(found.sizes.values()) == sum(part.shape[2] for part in slow.values()) == learned
    check(fast, slow)


def test_groups_are_modules_by_name_and_what_is_held_fixed_is_in_none() -> None:
    model = own(Twice).layered
    found = chosen(model, "elbo", noise(), 1)
    assert dict(found.sizes) == {"scale": 1, "first": 3 * PIXELS, "shared": 4}
    assert list(chosen(own(lambda: nn.Linear(LATENT, PIXELS)).layered, "elbo", noise(), 1).sizes) == [
        "linear"
    ]
    tied = chosen(own(Tied).layered, "elbo", noise(), 1)
    assert dict(tied.sizes) == {"first": 3 * PIXELS, "inner": LATENT * (PIXELS + 1), "last": PIXELS}


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
@pytest.mark.parametrize("side_by_side", [True, False])
def test_the_plain_way_is_the_fast_one_on_linear_layers(objective: str, side_by_side: bool) -> None:
    model = tiny_vae().layered
    plain, fast = WholeNetwork(model.decoder, side_by_side), LinearLayers(model.decoder)
    assert plain.sizes == fast.sizes
    slow = plain.gradients(sampled(model, objective, noise(), K), IMAGES, K)
    written = {name: layer.inputs.squeeze(2) for name, layer in slow.items()}
    check(fast.gradients(sampled(model, objective, noise(), K), IMAGES, K), written)
    check(slow, written)


@pytest.mark.parametrize("name", list(SURROGATES))
def test_two_stochastic_layers_by_the_plain_way_too(name: str) -> None:
    """Whatever is between the latents: the encoder is called twice, and once more with φ held fixed."""
    several, space = ESTIMATORS[name].evaluate is None, ESTIMATORS[name].parameters
    slow = one_by_one(name, several, 3, space)
    built = two_layers()
    whole = WholeNetwork(built.encoder if space == "phi" else built.decoder, side_by_side=True)
    draws = Sampled(built, two_layer_noise(3), 3, several, False, COEFFICIENTS)
    fast = whole.gradients(lambda: SURROGATES[name](draws), len(built.x), 3)
    parts = torch.split(slow, list(whole.sizes.values()), dim=2)
    check(fast, dict(zip(whole.sizes, parts, strict=True)))


@pytest.mark.long
def test_a_record_of_two_layers_with_normalisation_between() -> None:
    def stage(name: str, *widths: int) -> nn.Sequential:
        return nn.Sequential(network(name, *widths), nn.LayerNorm(widths[-1], dtype=torch.float64))

    x = torch.from_numpy((stream(0, "x").random((2, 5)) < 0.5).astype(np.float64))
    encoder = Stages([stage("e1", 5, 4, 6), stage("e2", 3, 4, 4)])
    decoder = Stages([stage("d1", 3, 4, 5), stage("d2", 2, 4, 6)])
    arms = [Arm("elbo", name, name, 1) for name in ("pathwise", "score_function", "generative")]
    found = measured(LayeredVAE(encoder, decoder, x, (3, 2)), arms, precision=0.3)  # type: ignore[arg-type]
    assert [arm.status for arm in found.arms] == ["met"] * 3
    assert (found.arrays["bias_p_value"][1] > 1e-3).all()
    assert "layer1.1" in found.groups and "θ layer2.1" in found.groups


@pytest.mark.parametrize("section", FURTHER[:2], ids=lambda section: section["covariance"])
def test_other_covariances_are_those_of_single_backwards(section: dict[str, Any]) -> None:
    settings = PROBLEMS["vae"].model_validate(section)
    problem = BUILDERS["vae"](materials_of(settings, IMAGES, 0)).problem
    assert isinstance(problem, VAEProblem)
    model = problem.layered
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
    epsilon = noise("covariances", width=q.noise).float()

    def value(i: int, part: Tensor) -> Tensor:
        with torch.no_grad():
            here = problem.family(problem.encoder(problem.x[i : i + 1]))
            z, log_q = here.sample(part.unsqueeze(0))[0], here.log_density(part.unsqueeze(0))[0]
        pixels = torch.distributions.Bernoulli(logits=model.decoder(z)).log_prob(problem.x[i]).sum(-1)
        f = pixels + torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - log_q
        return f.exp().mean().log()

    found = chosen(model, "iwae", epsilon, K)
    fast = found.gradients(sampled(model, "iwae", epsilon, K), IMAGES, K)
    slow = alone(model, found, value, epsilon, K)
    assert way(found) == "linear"
    for name, gradient in slow.items():
        torch.testing.assert_close(fast[name].sums(), gradient.sum(1), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(fast[name].squared_norms(), (gradient**2).sum(-1), rtol=1e-4, atol=1e-5)


def bits() -> tuple[VAEProblem, LayeredModel]:
    """`bernoulli_vae` as its declaration makes it, three bits, weights as training begins with them."""
    section = next(case for case in CASES if case.model == "bernoulli_vae")
    problem = BUILDERS["bernoulli_vae"](materials_of(section, IMAGES, 0)).problem
    assert isinstance(problem, VAEProblem)
    return problem, problem.layered


def weight_of(problem: VAEProblem, model: LayeredModel, i: int, z: Tensor) -> Tensor:
    """log w of data point i at codes z [K d], from the definition."""
    with torch.no_grad():
        q = torch.distributions.Bernoulli(logits=problem.encoder(problem.x[i]))
        log_q = q.log_prob(z).sum(-1)
    pixels = torch.distributions.Bernoulli(logits=model.decoder(z)).log_prob(problem.x[i]).sum(-1)
    return pixels - z.shape[1] * math.log(2.0) - log_q


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
def test_bits_are_those_of_single_backwards(objective: str) -> None:
    problem, model = bits()
    epsilon = noise("bits", width=3)

    def value(i: int, part: Tensor) -> Tensor:
        with torch.no_grad():
            p = torch.sigmoid(problem.encoder(problem.x[i]))
        z = (torch.distributions.Normal(0.0, 1.0).cdf(part) < p).double()
        f = weight_of(problem, model, i, z)
        return f.exp().mean().log() if objective == "iwae" else f.mean()

    found = chosen(model, objective, epsilon, K)
    fast = found.gradients(sampled(model, objective, epsilon, K), IMAGES, K)
    assert way(found) == "linear"
    check(fast, alone(model, found, value, epsilon, K))


@pytest.mark.parametrize(("objective", "k"), [("elbo", 1), ("iwae", 2)])
def test_bits_have_the_mean_and_variance_of_the_sum_over_all_codes(objective: str, k: int) -> None:
    """Every K-tuple of codes with its probability; the total variance within five standard errors."""
    problem, model = bits()
    arms = [Arm(objective, "score_function", "score_function", k), Arm(objective, "generative", "θ", k)]
    found = measured(problem, arms, precision=0.02, reference="score_function")
    parameters = list(model.decoder.parameters())
    codes = torch.tensor(list(product((0.0, 1.0), repeat=3)), dtype=torch.float64)
    for i in range(IMAGES):
        q = torch.distributions.Bernoulli(logits=problem.encoder(problem.x[i]).detach())
        single = q.log_prob(codes).sum(-1).exp()
        weights, rows = [], []
        for numbers in product(range(8), repeat=k):
            f = weight_of(problem, model, i, codes[list(numbers)])
            value = f.exp().mean().log() if objective == "iwae" else f.mean()
            rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(value, parameters)]))
            weights.append(single[list(numbers)].prod())
        p, g = torch.stack(weights), torch.stack(rows)
        mean = p @ g
        variance = float(p @ ((g - mean) ** 2).sum(1))
        without = found.arrays["variance_without"][1, i, :, 0]
        buckets = len(without)
        error = math.sqrt((buckets - 1) / buckets * ((without - without.mean()) ** 2).sum())
        assert abs(found.arrays["variance"][1, i, 0] - variance) < 5.0 * error < 0.2 * variance
        squared, noisy = float(mean @ mean), variance / found.arms[1].replicates
        away = found.arrays["squared_norm"][1, i, 0] - squared
        assert abs(away) < 5.0 * math.sqrt(4.0 * squared * noisy + 2.0 * noisy**2)


def records(monkeypatch: pytest.MonkeyPatch, make: Callable[[nn.Module], Iterator[Recorder]]) -> Any:
    arms = [
        Arm("elbo", "pathwise", "pathwise", 1),
        Arm("elbo", "generative", "generative", 1),
        Arm("elbo", "generative", "θ of pairs", 2, antithetic=True),
        Arm("iwae", "generative", "θ of a bound", 3),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "_candidates", make)
        return measured(tiny_vae(), arms, precision=0.9, budget=1000, min_replicates=100)


def test_results_have_no_row_of_a_gradient_in_parameters_that_it_is_not_in() -> None:
    """A pathwise estimate has no coordinates in the decoder, nor one of θ in the encoder."""
    both = [Arm("elbo", "pathwise", "pathwise", 1), Arm("elbo", "generative", "generative", 1)]
    found = measured(narrow(), both, precision=0.5, budget=500, min_replicates=100)
    assert {name.startswith("θ ") for name in found.groups[1:]} == {True, False}
    for index, theta in enumerate((False, True)):
        rows = list(arm_rows("x", MeasuredArm(found, index), ()))
        told = {row.group for row in rows if row.statistic == "total_variance"}
        own = {name for name in found.groups if name == "all" or name.startswith("θ ") == theta}
        assert told == own
        assert all(math.isfinite(row.value) for row in rows if row.statistic == "total_variance")
    alone = measured(
        narrow(), both[1:], precision=0.5, budget=500, min_replicates=100, reference="generative"
    )
    assert MeasuredArm(alone, 0).groups == alone.groups
    named = replace(found, arms=found.arms[:1])  # of one kind all groups are, whatever they are called
    assert MeasuredArm(named, 0).groups == found.groups


def same(one: MeasurementRecord, other: MeasurementRecord) -> None:
    assert one.groups == other.groups and one.parameters == other.parameters
    assert [replace(a, seconds_per_replicate=0.0, relative_half_width=0.0) for a in one.arms] == [
        replace(a, seconds_per_replicate=0.0, relative_half_width=0.0) for a in other.arms
    ]
    assert list(one.arrays) == list(other.arrays)
    for name in one.arrays:
        if not name.startswith(("bias_", "detectable_bias")):  # these have random directions of their own
            np.testing.assert_allclose(one.arrays[name], other.arrays[name], rtol=1e-6, atol=1e-9)


@pytest.mark.long
def test_the_whole_record_is_the_same_by_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where gradients are kept a few replicates at a time."""
    no_quadrature(monkeypatch)
    fast = records(monkeypatch, lambda network: iter([LinearLayers(network)]))
    plain = records(monkeypatch, lambda network: iter([WholeNetwork(network, side_by_side=True)]))
    same(fast, plain)
    assert np.isfinite(fast.arrays["directional_ratio"][1:]).all()
    sizes: list[int] = []
    written = LayerGradient.written_out
    monkeypatch.setattr(
        LayerGradient, "written_out", lambda kept: sizes.append(kept.numel()) or written(kept)
    )
    monkeypatch.setattr("reportgen.engine.layered.whole_network.CHUNK", 2000)
    same(fast, records(monkeypatch, lambda network: iter([WholeNetwork(network, side_by_side=True)])))
    assert max(sizes) <= 2000 < gradients.CHUNK


def test_theta_of_a_convolutional_model_stands_beside_phi_which_stays_as_it_is() -> None:
    problem = narrow()
    phi, theta = Arm("elbo", "pathwise", "pathwise", 1), Arm("elbo", "generative", "θ", 1)
    both = measured(problem, [phi, theta], precision=0.2, budget=4000, min_replicates=500)
    single = measured(problem, [phi], precision=0.2, budget=4000, min_replicates=500)
    count = len(single.groups)
    assert both.groups[count:] == ("θ 0", "θ 1", "θ 4", "θ 5", "θ 6", "θ 8", "θ 11")
    np.testing.assert_array_equal(both.arrays["variance"][0, :, :count], single.arrays["variance"][0])
    learned = [p.numel() for p in problem.layered.decoder.parameters()]
    assert both.arrays["coordinate_count"][count:].sum() == sum(learned)
    whole = both.arrays["variance"][1]
    np.testing.assert_allclose(whole[:, count:].sum(1), whole[:, 0])


class Mixing(nn.Module):
    """A decoder that uses the mean over all samples."""

    def forward(self, h: Tensor) -> Tensor:
        return h - 0.3 * h.mean(0)


class Detached(nn.Module):
    def forward(self, h: Tensor) -> Tensor:
        return h.detach()


REFUSED: list[tuple[Callable[[], nn.Module], str]] = [
    (
        lambda: nn.Sequential(perceptron(), Mixing()),
        "decoder: needs its gradient for one estimate alone, found another gradient than that of all "
        "samples together. Use layers that keep samples apart",
    ),
    (
        lambda: nn.Sequential(perceptron(), nn.Dropout(0.5), Mixing(), nn.LayerNorm(PIXELS)),
        "decoder: needs its gradient for one estimate alone",
    ),
    (
        lambda: nn.Sequential(perceptron(), Detached()),
        "decoder: needs estimates that are differentiable in its parameters, found none that are. Remove",
    ),
    (
        lambda: perceptron().requires_grad_(False),
        "decoder: needs at least one parameter that requires a gradient, found none. Call",
    ),
    (
        Turned,
        "decoder: needs real parameters, found complex ones. Hold pairs, and call torch.view_as_complex",
    ),
]


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_what_has_no_gradient_of_one_estimate_is_refused_in_a_sentence(
    make: Callable[[], nn.Module], said: str
) -> None:
    with pytest.raises(CellError) as error:
        chosen(own(make).layered, "elbo", noise(), 1)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


@pytest.mark.parametrize("make", [Behind, lambda: Tokens(turned=True)])
def test_linear_layers_used_otherwise_are_wrong_the_fast_way_and_the_trial_sees_it(
    make: Callable[[], nn.Module],
) -> None:
    """One has a layer's gradient missing; one has its replicates mixed up, in a sum that is right."""
    problem = own(make)
    model = problem.layered
    assert way(chosen(model, "elbo", noise(), 1)) == "side by side"
    wrong = LinearLayers(model.decoder)
    fast = wrong.gradients(sampled(model, "elbo", noise(), 1), IMAGES, 1)
    slow = alone(model, wrong, objective_of(problem, model, "elbo"), noise(), 1)
    if make is not Behind:
        layer = fast["token"]
        torch.testing.assert_close(layer.sums().sum(0), slow["token"].sum((0, 1)), rtol=1e-9, atol=1e-11)
    with pytest.raises(AssertionError):
        check(fast, slow)


@pytest.mark.parametrize(("objective", "other"), [("elbo", "iwae"), ("iwae", "elbo")])
def test_another_objective_is_rejected(objective: str, other: str) -> None:
    problem = own(convolutional)
    model = problem.layered
    found = chosen(model, objective, noise(), K)
    fast = found.gradients(sampled(model, other, noise(), K), IMAGES, K)
    with pytest.raises(AssertionError, match="not close"):
        check(fast, alone(model, found, objective_of(problem, model, objective), noise(), K))


@pytest.mark.long
def test_from_python_theta_is_measured_where_it_is_asked_for() -> None:
    options: dict[str, Any] = {"precision": 0.9, "budget": 1000, "min_replicates": 64}
    found = reportgen.measure(narrow(), ["generative", "pathwise", "score_function"], **options)
    assert found.reference == "pathwise" and found.is_reference("generative")
    learned = sum(p.numel() for p in narrow().decoder.parameters())
    assert f"parameters of the encoder and in {learned} parameters of the decoder" in found.heading
    assert (
        found.notes[0] == "Ratios are to pathwise, of those in θ to generative, paired; intervals are 95 %."
    )
    assert found.get("total_variance", "generative", "θ 5").available
    assert [found.same_mean(label) == "reference" for label in found.labels] == [True, True, False]
    assert found._repr_html_().count("reference") == 2
    with pytest.raises(UsageError, match=r"ratio: must be of two gradients in the same parameters"):
        found.ratio("generative", "pathwise")
    single = reportgen.measure(narrow(), ["generative"], **options)
    assert single.reference == "generative" and f"gradient in {learned} parameters of the decoder" in str(
        single
    )
    assert single.get("total_variance", "generative").value == pytest.approx(
        found.get("total_variance", "generative").value
    )
    assert "generative" not in reportgen.measure(narrow(), **options).labels


def test_from_python_what_has_no_theta_is_refused_in_a_sentence() -> None:
    toy = free_gaussian([0.0], [1.0], lambda z: -(z**2).sum(-1))
    with pytest.raises(CellError, match=r"generative: needs to know which module has the parameters θ, and"):
        reportgen.measure(toy, ["generative"])

    class Bare:
        """A `Problem` with only what gradients in φ need."""

        def __init__(self) -> None:
            whole = tiny_vae()
            self.encoder, self.x, self.prior = whole.encoder, whole.x, whole.prior
            self.family, self.log_likelihood = whole.family, whole.log_likelihood

    with pytest.raises(CellError, match=r"Return a reportgen\.Model, or give the problem `layered`\."):
        reportgen.measure(Bare(), ["pathwise", "generative"])  # type: ignore[arg-type]
    theta = reportgen.Estimator(
        name="mine", evaluate=lambda draws, _: draws.weighted(draws.generative), parameters="theta"
    )
    with pytest.raises(CellError, match=r"mine: needs ∇_θ log p of every sample written out, which"):
        reportgen.measure(own(perceptron), [theta])
    rough = own(perceptron, likelihood=lambda x, out: -(x - out).detach().abs().sum(-1))
    with pytest.raises(UsageError, match=r"estimators\[0\]: generative needs ∂f/∂z, which a black-box"):
        reportgen.measure(rough, ["generative"])
