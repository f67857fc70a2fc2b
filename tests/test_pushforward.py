"""The factored Jacobian against its slow twin: one backward pass per coordinate of η, by autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import prune

from reportgen.engine.vectors import blocks, factoring, recomputed
from reportgen.engine.vectors.blocks import DenseBlock, LinearBlock
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.engine.vectors.recomputed import RecomputedBlock
from reportgen.errors import CellError
from tests.example_model import load_example


class Perceptron(nn.Module):
    """Two layers and two heads, as the VAE's encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh())
        self.mean, self.log_scale = nn.Linear(4, 2), nn.Linear(4, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.hidden(x)
        return torch.cat([self.mean(h), self.log_scale(h)], -1)


class Held(nn.Module):
    """Parameters of its own that stand for no layer, beside one that does."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.log_scale = nn.Parameter(torch.randn(2)), nn.Parameter(torch.randn(2))
        self.shift = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.mean, self.log_scale.tanh()]) + self.shift(x)


class Convolutional(nn.Module):
    """Convolution, normalisation with parameters, and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 3, 2), nn.GroupNorm(1, 3), nn.SiLU()
        )
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).flatten(1))


class Shared(nn.Module):
    """One layer called twice: it may not be factored. One parameter held twice: it counts once."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.Linear(6, 6), nn.Linear(6, 4)
        self.gain = nn.Parameter(torch.tensor([0.7]))
        self.held = nn.ParameterList([self.gain])

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * self.head(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


class Frozen(Perceptron):
    """A layer that is not trained is not part of φ."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden[0].requires_grad_(False)


class Scaled(nn.Linear):
    """A linear layer that is not what its weight says."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, 0.5 * self.weight.tril(), self.bias)


class Unusual(nn.Module):
    """Layers that look linear: weights changed, normalised or pruned, a hook, a weight used elsewhere too."""

    def __init__(self) -> None:
        super().__init__()
        self.scaled = Scaled(6, 6)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(6, 6))
        self.spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 6))
        self.pruned = prune.l1_unstructured(nn.Linear(6, 6), "weight", 0.5)
        self.hooked, self.tied = nn.Linear(6, 6), nn.Linear(6, 6)
        self.hooked.register_forward_hook(lambda module, inputs, output: 2.0 * output)
        self.plain = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.scaled, self.normed, self.spectral, self.pruned, self.hooked):
            x = torch.tanh(layer(x))
        return self.plain(torch.tanh(self.tied(x) + x @ self.tied.weight))


class Named(Perceptron):
    """Its layers get their input as a keyword, which hooks do not see."""

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.hidden[2](input=torch.tanh(self.hidden[0](input=x))))
        return torch.cat([self.mean(input=h), self.log_scale(h)], -1)


class Unreached(Perceptron):
    """Of three layers that η does not depend on one has no graph, one has no way to η, one is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            h = torch.tanh(self.hidden[0](x))
        h = torch.tanh(self.hidden[2](h)).detach()
        return torch.cat([self.mean(h), self.log_scale(h)], -1)


class Clipped(torch.autograd.Function):
    """Its backward looks at a number, which torch cannot do for many gradients at once."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.save_for_backward(a)
        return a.clamp(-1.0, 1.0)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        (a,) = ctx.saved_tensors
        return (
            upstream[0] * (a.abs() <= 1.0) if float(upstream[0].detach().abs().sum()) > 0.0 else upstream[0]
        )


class OneByOne(Convolutional):
    """A linear layer and others before a backward that is made one gradient at a time."""

    clip: type[torch.autograd.Function] = Clipped

    def forward(self, x: Tensor) -> Tensor:
        clipped: Tensor = self.clip.apply(self.head(self.clip.apply(self.body(x)).flatten(1)))
        return clipped


class Idle(Clipped):
    """Its backward returns no gradient if it gets none."""

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        return Clipped.backward(ctx, *upstream) if float(upstream[0].detach().abs().sum()) > 0.0 else None


class NowAndThen(OneByOne):
    """Of its first number no gradient comes back."""

    clip = Idle

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * torch.tensor([0.0, 1.0, 1.0, 1.0], dtype=x.dtype)


class Forgetful(torch.autograd.Function):
    """Its backward is right, but the derivative of that is silently lost."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        return 2.0 * a

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        return 2.0 * upstream[0].detach()


class Once(Forgetful):
    """Its backward says that it has no derivative."""

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        return 2.0 * upstream[0]


class Doubling(Convolutional):
    """The convolution's output twice, beside itself."""

    twice: type[torch.autograd.Function] = Forgetful

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)
        return self.head((h + self.twice.apply(h)).flatten(1))


class DoublingOnce(Doubling):
    """By the other function."""

    twice = Once


class Looked(nn.Module):
    """A table of vectors whose gradient torch keeps sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(3, 2, sparse=True), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.table((x > 0).long() + (x > 1).long()).flatten(1)))


class Waves(nn.Module):
    """Complex parameters: a linear layer, and a filter of the frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 5, dtype=torch.complex128)
        self.filter = nn.Parameter(torch.randn(3, dtype=torch.complex128))

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x.to(torch.complex128)).abs()
        return torch.fft.irfft(self.filter.conj() * torch.fft.rfft(h), n=4)


class Pairs(nn.Module):
    """The same of real parameters, each complex one a pair."""

    def __init__(self, waves: Waves) -> None:
        super().__init__()
        self.layer, self.filter = nn.Module(), nn.Parameter(torch.view_as_real(waves.filter.detach()))
        for name, parameter in waves.layer.named_parameters():
            self.layer.register_parameter(name, nn.Parameter(torch.view_as_real(parameter.detach())))

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = map(torch.view_as_complex, self.layer.parameters())
        h = nn.functional.linear(x.to(torch.complex128), weight, bias).abs()
        return torch.fft.irfft(torch.view_as_complex(self.filter).conj() * torch.fft.rfft(h), n=4)


class Example(nn.Module):
    """The worked example's: convolutions, GroupNorm, LayerNorm; its image is made of the six inputs."""

    def __init__(self) -> None:
        super().__init__()
        build = load_example("my_vae.py:build")
        assert callable(build)
        self.encoder = build(latent=2, epochs=0, points=2).encoder

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(torch.nn.functional.pad(x, (0, 58)).reshape(-1, 1, 8, 8))


ENCODERS: list[Callable[[], nn.Module]] = [
    Perceptron, Held, Convolutional, Shared, Frozen, Unusual, Named, Unreached, OneByOne,
    NowAndThen, Looked, Example, Doubling, DoublingOnce,
]  # fmt: skip


def slow_jacobian(encoder: nn.Module, x: Tensor) -> Tensor:
    """J of each image, [I m P], parameters in the order of the pushforward's blocks' modules."""
    parameters = [p for module in encoder.modules() for p in module._parameters.values() if p is not None]
    parameters = [p for p in dict.fromkeys(parameters) if p.requires_grad]
    rows = []
    for image in x:
        eta = encoder(image.unsqueeze(0)).squeeze(0)
        grads = [torch.autograd.grad(e, parameters, retain_graph=True, materialize_grads=True) for e in eta]
        rows.append(torch.stack([torch.cat([g.to_dense().reshape(-1) for g in grad]) for grad in grads]))
    return torch.stack(rows)


@pytest.fixture(params=["room", "no room"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether Jacobians of other groups than plain linear layers are kept, or computed again each time."""
    if request.param == "no room":
        monkeypatch.setattr(factoring, "KEPT", 0)
    return bool(request.param == "room")


@pytest.fixture(params=ENCODERS, ids=lambda e: e.__name__)
def case(request: pytest.FixtureRequest, room: bool) -> tuple[Pushforward, Tensor]:
    torch.manual_seed(3)
    encoder = request.param().double().eval()
    x = torch.randn(5, 6, dtype=torch.float64)
    x[:, 2] = 0.0  # a dead input
    return Pushforward.of(encoder, x), slow_jacobian(encoder, x)


def test_gram_is_j_j_transposed(case: tuple[Pushforward, Tensor]) -> None:
    push, jacobian = case
    torch.testing.assert_close(push.grams[0], jacobian @ jacobian.transpose(1, 2))
    parts = torch.split(jacobian, list(push.sizes.values()), dim=2)
    torch.testing.assert_close(push.grams[1:], torch.stack([part @ part.mT for part in parts]))


def test_pull_push_and_coordinate_variance_are_those_of_the_written_out_jacobian(
    case: tuple[Pushforward, Tensor],
) -> None:
    push, jacobian = case
    torch.manual_seed(4)
    v = torch.randn(5, 4, dtype=torch.float64)
    root = torch.randn(5, 4, 4, dtype=torch.float64)
    covariance = root @ root.transpose(1, 2)
    covariances = [covariance, covariance.flip(0)]
    for own, parts in zip((v, -v[:, [1, 0, 3, 2]]), push.pulls((v, -v[:, [1, 0, 3, 2]])), strict=True):
        slow = torch.einsum("im,imp->p", own, jacobian) / 5
        torch.testing.assert_close(torch.cat(push.by_group(parts)), slow, rtol=1e-10, atol=1e-12)
    u = torch.split(torch.randn(push.parameters, dtype=torch.float64), list(push.sizes.values()))
    pushed = torch.einsum("imp,p->im", jacobian, torch.cat(u))
    torch.testing.assert_close(push.push(by_block(push, u)), pushed, rtol=1e-10, atol=1e-12)
    variances = zip(*(block.coordinate_variances(iter(covariances)) for block in push.blocks), strict=True)
    for own, variance in zip(covariances, variances, strict=True):
        slow = torch.einsum("imp,imn,inp->p", jacobian, own, jacobian) / 5
        torch.testing.assert_close(torch.cat(push.by_group(variance)), slow)
    live = torch.cat(push.by_group([block.live() for block in push.blocks]))
    assert torch.equal(live, (jacobian != 0).any(0).any(0))


def test_many_coordinates_and_covariances_are_taken_a_few_at_a_time(
    room: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    encoder, x = Convolutional().double().eval(), torch.randn(5, 6, dtype=torch.float64)
    root = torch.randn(7, 5, 4, 4, dtype=torch.float64)
    for name, few in (("IN_CACHE", 4), ("PRODUCTS", 3 * 4 * 4), ("VECTORS", 2)):
        monkeypatch.setattr(blocks, name, few)
    monkeypatch.setattr(recomputed, "WIDE", 5)
    push, slow = Pushforward.of(encoder, x), slow_jacobian(encoder, x)
    torch.testing.assert_close(push.grams[0], slow @ slow.mT)
    for v, parts in zip(root[:, :, 0], push.pulls(root[:, :, 0]), strict=True):
        torch.testing.assert_close(torch.cat(push.by_group(parts)), torch.einsum("im,imp->p", v, slow) / 5)
    rows = zip(*(block.coordinate_variances(root @ root.mT) for block in push.blocks), strict=True)
    for own, parts in zip(root @ root.mT, rows, strict=True):
        expected = torch.einsum("imp,imn,inp->p", slow, own, slow) / 5
        torch.testing.assert_close(torch.cat(push.by_group(parts)), expected)


def by_block(push: Pushforward, groups: Sequence[Tensor]) -> list[Tensor]:
    """Arrays given by group, in the pushforward's order, in the shape that its blocks take."""
    named = dict(zip(push.sizes, groups, strict=True))
    return [torch.cat([named[name] for name in block.groups]) for block in push.blocks]


def kinds_of(push: Pushforward) -> dict[str, type]:
    """How each group is held."""
    return {name: type(block) for block in push.blocks for name in block.groups}


def test_linear_layers_are_factored_and_nothing_else_is() -> None:
    kinds: dict[str, type] = {}
    for encoder in (Perceptron(), Convolutional(), Shared()):
        kinds |= kinds_of(Pushforward.of(encoder, torch.randn(2, 6)))
    assert kinds["hidden.0"] is LinearBlock and kinds["mean"] is LinearBlock and kinds["head"] is LinearBlock
    assert kinds["body.1"] is DenseBlock and kinds["body.2"] is DenseBlock
    assert kinds["layer"] is DenseBlock and kinds["gain"] is DenseBlock


def test_a_complex_parameter_is_two_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    waves, x = Waves(), torch.randn(5, 6, dtype=torch.float64)
    whole, twin = Pushforward.of(waves, x), Pushforward.of(Pairs(waves), x)
    assert whole.groups == twin.groups and whole.parameters == twin.parameters == 2 * (6 * 5 + 5 + 3)
    torch.testing.assert_close(whole.grams, twin.grams)
    v = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(next(whole.pulls([v])), next(twin.pulls([v])))
    largest = 4 * 2 * (6 * 5 + 5) * 8
    monkeypatch.setattr(factoring, "KEPT", 0)
    monkeypatch.setattr(factoring, "ONE_IMAGE", largest)
    Pushforward.of(waves, x)
    monkeypatch.setattr(factoring, "ONE_IMAGE", largest - 1)
    with pytest.raises(CellError, match="layer needs"):
        Pushforward.of(waves, x)


def test_an_encoders_very_own_parameters_are_groups_by_their_names() -> None:
    assert Pushforward.of(Held(), torch.randn(3, 6)).groups == ("all", "mean", "log_scale", "shift")


def test_what_only_looks_like_a_linear_layer_is_not_factored() -> None:
    push = Pushforward.of(Unusual(), torch.randn(3, 6))
    assert [name for name, kind in kinds_of(push).items() if kind is LinearBlock] == ["plain"]
    assert push.parameters == sum(p.numel() for p in Unusual().parameters())


def test_an_encoder_without_parameters_is_refused_with_the_remedy() -> None:
    encoder = Perceptron().requires_grad_(False)
    with pytest.raises(CellError, match="at least one parameter that requires a gradient"):
        Pushforward.of(encoder, torch.randn(2, 6))


def test_jacobians_that_have_no_room_together_are_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 parameters of the convolution and 6 of the normalisation, together where an image has room."""
    images, m = 2, 4
    x = torch.randn(images, 6)
    held = []
    for kept, one in ((images * 21, 15), (images * 21 - 1, 21), (0, 20)):
        monkeypatch.setattr(factoring, "KEPT", m * kept * 8)
        monkeypatch.setattr(factoring, "ONE_IMAGE", m * one * 8)
        push = Pushforward.of(Convolutional(), x)
        assert push.groups == ("all", "body.1", "body.2", "head")
        held.append([(type(block), *block.groups) for block in push.blocks[1:]])
    assert held == [
        [(DenseBlock, "body.1", "body.2")],
        [(RecomputedBlock, "body.1", "body.2")],
        [(RecomputedBlock, "body.1"), (RecomputedBlock, "body.2")],
    ]
    monkeypatch.setattr(factoring, "ONE_IMAGE", m * 15 * 8 - 1)
    with pytest.raises(
        CellError, match=r"body\.1 needs .* for one image's Jacobian.*requires_grad_\(False\)"
    ):
        Pushforward.of(Convolutional(), x)


def test_products_take_the_swift_way_where_it_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Exception):
        pass

    def slowly(*_: Any) -> Tensor:
        raise Slow

    monkeypatch.setattr(recomputed, "jacobian", slowly)
    torch.manual_seed(3)
    x = torch.randn(3, 6, dtype=torch.float64)
    for kind, swift in ((Convolutional, True), (OneByOne, True), (Doubling, False), (DoublingOnce, False)):
        encoder = kind().double().eval()
        block = RecomputedBlock(encoder, x, {"body.1": list(encoder.body[1].parameters())})
        assert block._differentiable is swift, kind
        with nullcontext() if swift else pytest.raises(Slow):
            block.push(torch.ones(sum(block.groups.values()), dtype=torch.float64))


def test_that_a_product_has_no_derivative_is_seen_where_the_first_image_shows_nothing() -> None:
    """A black image has no gradient in the convolution's weights."""
    torch.manual_seed(3)
    encoder, x = Doubling().double().eval(), torch.randn(3, 6, dtype=torch.float64)
    x[0] = 0.0
    weight = encoder.body[1].weight
    block = RecomputedBlock(encoder, x, {"body.1": [weight]})
    u = torch.randn(weight.numel(), dtype=torch.float64)
    eta = encoder(x)
    rows = [torch.autograd.grad(one, weight, retain_graph=True)[0].flatten() @ u for one in eta.flatten()]
    torch.testing.assert_close(block.push(u), torch.stack(rows).view_as(eta))


def test_a_complex_parameter_without_room_is_two_real_ones(room: bool) -> None:
    torch.manual_seed(3)
    waves, x = Waves(), torch.randn(5, 6, dtype=torch.float64)
    whole, twin = Pushforward.of(waves, x), Pushforward.of(Pairs(waves), x)
    u = [torch.randn(sum(block.groups.values()), dtype=torch.float64) for block in whole.blocks]
    torch.testing.assert_close(whole.push(u), twin.push(u))
    torch.testing.assert_close(next(whole.pulls([whole.push(u)])), next(twin.pulls([twin.push(u)])))
    root = torch.randn(5, 4, 4, dtype=torch.float64)
    for one, other in zip(whole.blocks, twin.blocks, strict=True):
        (mine,), (theirs,) = (block.coordinate_variances([root @ root.mT]) for block in (one, other))
        torch.testing.assert_close(mine, theirs)
