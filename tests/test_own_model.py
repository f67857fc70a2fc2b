"""A model of the user's own: its likelihoods against torch's, and a sentence for each way it can be wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.errors import CellError
from reportgen.problems import Model
from reportgen.problems.own_checks import check
from reportgen.problems.python_model import as_problem
from reportgen.streams import stream

IMAGES, PIXELS, LATENT = 4, 6, 2


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(stream(0, "own model tests").standard_normal(shape))


def parts(**changed: Any) -> Model:
    torch.manual_seed(0)
    whole: dict[str, Any] = {
        "encoder": nn.Linear(PIXELS, 2 * LATENT, dtype=torch.float64),
        "decoder": nn.Linear(LATENT, PIXELS, dtype=torch.float64),
        "x": (noise(IMAGES, PIXELS) > 0).double(),
    }
    return Model(**(whole | changed))


def test_bernoulli_and_gaussian_likelihoods_are_torchs() -> None:
    z = noise(IMAGES, 5, LATENT)
    for shape in ((PIXELS,), (1, 2, 3)):
        x = parts().x.reshape(IMAGES, *shape)
        decoder = nn.Sequential(nn.Linear(LATENT, PIXELS, dtype=torch.float64), nn.Unflatten(1, shape))
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 2 * LATENT, dtype=torch.float64))
        out = decoder(z.reshape(-1, LATENT)).reshape(IMAGES, 5, PIXELS)
        wide = x.reshape(IMAGES, 1, PIXELS)
        own = as_problem(parts(encoder=encoder, decoder=decoder, x=x), "x")
        expected = torch.distributions.Bernoulli(logits=out).log_prob(wide.expand_as(out)).sum(-1)
        torch.testing.assert_close(own.log_likelihood(z), expected)
        check(own)
        model = parts(encoder=encoder, decoder=decoder, x=x, likelihood="gaussian", scale=0.3)
        expected = torch.distributions.Normal(out, 0.3).log_prob(wide).sum(-1)
        torch.testing.assert_close(as_problem(model, "x").log_likelihood(z), expected)


def test_a_likelihood_of_ones_own_sees_x_and_the_output_side_by_side() -> None:
    def laplace(x: Tensor, out: Tensor) -> Tensor:
        assert x.shape == (IMAGES, 1, PIXELS) and out.shape[::2] == (IMAGES, PIXELS)
        return -(x - out).abs().sum(-1)

    own, z = as_problem(parts(likelihood=laplace), "x"), noise(IMAGES, 5, LATENT)
    out = own.decoder(z)  # type: ignore[attr-defined]
    torch.testing.assert_close(own.log_likelihood(z), -(own.x.unsqueeze(1) - out).abs().sum(-1))
    check(own)


def test_the_users_modules_stay_as_they_are() -> None:
    encoder = nn.Sequential(nn.Linear(PIXELS, 2 * LATENT, dtype=torch.float64), nn.Dropout(0.5))
    model = parts(encoder=encoder)
    check(as_problem(model, "x"))
    assert encoder.training and all(p.requires_grad for p in model.decoder.parameters())


@pytest.mark.parametrize(
    "layer",
    [lambda: prune.l1_unstructured(linear(), "weight", 0.5), lambda: nn.utils.spectral_norm(linear())],
    ids=["pruned", "normalised"],
)
def test_a_weight_that_a_hook_computes_is_measured_in_its_parameters(layer: Callable[[], nn.Module]) -> None:
    encoder = nn.Sequential(layer())
    encoder(parts().x)  # leaves a computed weight, which cannot be copied with its graph
    computed = encoder[0].weight
    own = as_problem(parts(encoder=encoder), "x")
    check(own)
    push = Pushforward.of(own.encoder, own.x)
    assert encoder[0].weight is computed and computed.grad_fn is not None
    slow = torch.autograd.grad(encoder.eval()(own.x)[0, 0], list(encoder.parameters()))
    torch.testing.assert_close(push.grams[0, 0, 0, 0], sum((g**2).sum() for g in slow))


@pytest.mark.parametrize(
    ("family", "options", "values", "units"),
    [("bernoulli", {}, 2, 3), ("categorical", {"classes": 3}, 3, 1)],
)
def test_discrete_codes_have_a_uniform_prior(
    family: str, options: dict[str, float], values: int, units: int
) -> None:
    width = 3
    model = parts(
        encoder=nn.Linear(PIXELS, width, dtype=torch.float64),
        decoder=nn.Linear(width, PIXELS, dtype=torch.float64),
        family=family,
        options=options,
    )
    own = as_problem(model, "x")
    check(own, family, standard_prior=True)
    z = torch.eye(3, dtype=torch.float64).expand(IMAGES, 3, 3)
    assert float(own.prior.log_density(z)[0, 0]) == pytest.approx(-units * math.log(values))
    assert not own.prior.gradient(z).any()


class Mixing(nn.Module):
    """Subtracts the mean over the batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x - 0.01 * x.mean(0)


class Noisy(nn.Module):
    """Dropout that stays on."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, training=True)


class Detached(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach()


class Cornered(nn.Module):
    """Evaluated at 0, where it has no derivative."""

    def forward(self, x: Tensor) -> Tensor:
        return (0.0 * x).abs().sqrt()


class First(nn.Module):
    """Loses the axis of samples."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:1]


class Pair(nn.Module):
    def forward(self, x: Tensor) -> Any:
        return x, x


def linear(outputs: int = 2 * LATENT, *, inputs: int = PIXELS) -> nn.Linear:
    return nn.Linear(inputs, outputs, dtype=torch.float64)


WRONG: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (lambda: {"encoder": len}, r"encoder: must be a torch.nn.Module, got builtin_function"),
    (lambda: {"x": [[1.0]]}, r"x: must be a tensor of float32 or float64, got list"),
    (lambda: {"x": torch.ones(4, 6, dtype=torch.int64)}, r"x: must be a tensor of .*, got int64"),
    (lambda: {"x": 2.0 * torch.ones(4, 6, dtype=torch.float64)}, r"x: must lie in \[0, 1\]"),
    (lambda: {"family": "gaussain"}, r"family: must be one of gaussian"),
    (lambda: {"options": {"rank": 2}}, r"options: must be those of gaussian \(none\), got 'rank'"),
    (
        lambda: {"family": "low_rank_gaussian", "options": {"rank": -2}},
        r"options: rank must be a whole number of at least 1, got -2",
    ),
    (
        lambda: {"family": "low_rank_gaussian", "options": {"rank": 1.5}},
        r"options: rank must be a whole number of at least 1, got 1.5",
    ),
    (
        lambda: {"family": "fixed_scale_gaussian", "options": {"scale": 0.0}},
        r"options: scale must be a positive number, got 0.0",
    ),
    (lambda: {"prior": "normal"}, r"prior: must be standard_normal, uniform"),
    (lambda: {"prior": "uniform"}, r"prior: uniform is for discrete families"),
    (lambda: {"likelihood": "poisson"}, r"likelihood: must be bernoulli, gaussian or a function"),
    (lambda: {"likelihood": "gaussian", "scale": 0.0}, r"scale: must be a positive number"),
    (lambda: {"encoder": linear(5)}, r"encoder: gaussian of 3 latent units needs 6 numbers .* found 5; give"),
    (
        lambda: {"encoder": nn.Sequential(linear(), Pair())},
        r"encoder: needs η of shape .* found a tuple\. Return one ",
    ),
    (lambda: {"encoder": nn.Sequential(linear(), First())}, r"encoder: needs η of shape .* shape \[1 4\]"),
    (lambda: {"encoder": nn.Sequential(linear(), Detached())}, r"encoder: needs an η that is differentiable"),
    (lambda: {"encoder": linear().requires_grad_(False)}, r"encoder: needs at least one parameter"),
    (lambda: {"encoder": nn.Sequential(linear(), Cornered())}, r"encoder: needs a finite ∂η/∂φ .* found inf"),
    (lambda: {"encoder": nn.Sequential(linear(), Noisy())}, r"encoder: needs the same η each time"),
    (lambda: {"encoder": nn.Sequential(linear(), Mixing())}, r"encoder: needs η of a data point to depend"),
    (
        lambda: {
            "encoder": nn.Sequential(
                nn.BatchNorm1d(PIXELS, track_running_stats=False, dtype=torch.float64), linear()
            )
        },
        r"encoder: needs η of a data point to depend on that point alone.*LayerNorm or GroupNorm",
    ),
    (
        lambda: {"decoder": nn.Sequential(linear(PIXELS, inputs=LATENT), nn.Sigmoid())},
        r"decoder: needs logits .* found numbers between 0 and 1 alone.* Leave its sigmoid out",
    ),
    (lambda: {"decoder": linear(5, inputs=LATENT)}, r"decoder: needs 6 logits a sample.* found 5"),
    (
        lambda: {"decoder": nn.Sequential(linear(PIXELS, inputs=LATENT), First())},
        r"decoder: needs one row of output for each sample, 12 .* found shape \[1 6\]",
    ),
    (
        lambda: {"decoder": nn.Sequential(Mixing(), linear(PIXELS, inputs=LATENT))},
        r"decoder: needs log p\(x\|z\) of a sample to depend on that sample alone",
    ),
    (
        lambda: {"likelihood": lambda x, out: -(x - out).abs()},
        r"likelihood: needs log p\(x\|z\) of shape \[I N\] = \[4 3\].* found shape \[4 3 6\]",
    ),
    (
        lambda: {"likelihood": lambda x, out: -(x - out).abs().sum(-1).float()},
        r"likelihood: needs the encoder's number type, torch.float64, found torch.float32",
    ),
    (
        lambda: {"likelihood": lambda x, out: (x - out).sum(-1) * math.nan},
        r"likelihood: needs a finite log p\(x\|z\), found nan at the mean of q.* Look at the decoder",
    ),
    (
        lambda: {"x": parts().x.float()},
        r"encoder: needs parameters of the number type of x, torch.float32, found torch.float64\. "
        r"Call .float\(\) on it, or give both modules and x the same type\.$",
    ),
    (
        lambda: {"encoder": nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 2, 2), nn.Flatten())},
        r"encoder: needs parameters of the number type of x, torch.float64, found torch.float32\. "
        r"Call .double\(\) on it",
    ),
    (
        lambda: {"decoder": nn.Linear(LATENT, PIXELS)},
        r"decoder: needs parameters of the number type of z, torch.float64, found torch.float32\. "
        r"Call .double\(\) on it",
    ),
    (lambda: {"x": parts().x * math.nan}, r"x: must lie in \[0, 1\] .* got nan\. Replace it\."),
    (lambda: {"x": parts().x * 7}, r"x: must lie in \[0, 1\] .* got 7\. Scale it, or use gaussian\."),
]


@pytest.mark.parametrize(("changed", "said"), WRONG, ids=[said[:60] for _, said in WRONG])
def test_each_fault_has_its_sentence(changed: Callable[[], dict[str, Any]], said: str) -> None:
    with pytest.raises(CellError, match=said) as error:
        check(as_problem(parts(**changed()), "my_vae.py:build"))
    assert "\n" not in str(error.value)


def test_logits_that_are_all_zero_or_few_are_not_taken_for_a_sigmoids() -> None:
    """A last layer that starts at zero, and a decoder of so few numbers that chance may put all in [0, 1]."""
    zero = linear(PIXELS, inputs=LATENT)
    nn.init.zeros_(zero.weight)
    nn.init.zeros_(zero.bias)
    check(as_problem(parts(decoder=zero), "x"))
    sigmoid = nn.Sequential(linear(PIXELS, inputs=LATENT), nn.Sigmoid())
    check(as_problem(parts(decoder=sigmoid, x=parts().x[:2]), "x"))


class Converting(nn.Module):
    """Parameters of another type than x, which it converts."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(inputs, 2 * LATENT)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.float()).double()


def test_a_module_that_converts_what_it_is_given_may_hold_another_type() -> None:
    check(as_problem(parts(encoder=Converting(PIXELS)), "x"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as error:
        check(as_problem(parts(encoder=Converting(PIXELS + 1)), "x"))
    assert error.value.__notes__ == ["encoder, given x of shape [4 6] in torch.float64"]


def test_layers_that_take_no_single_point_are_said_to_mix_too() -> None:
    norm = nn.BatchNorm1d(PIXELS, track_running_stats=False, dtype=torch.float64)
    with pytest.raises(CellError, match="LayerNorm or GroupNorm"):
        check(as_problem(parts(encoder=nn.Sequential(norm, linear()), x=parts().x[:2]), "x"))


def test_batch_norm_with_running_statistics_is_measured_in_evaluation_mode() -> None:
    encoder = nn.Sequential(linear(), nn.BatchNorm1d(2 * LATENT, dtype=torch.float64))
    encoder(noise(50, PIXELS))
    own = as_problem(parts(encoder=encoder), "x")
    check(own)
    assert Pushforward.of(own.encoder, own.x).parameters == sum(p.numel() for p in encoder.parameters())


def test_the_declared_family_and_the_prior_of_the_closed_kl_are_held_against_the_model() -> None:
    check(as_problem(parts(), "x"), "gaussian", standard_prior=True)
    with pytest.raises(CellError, match="family: must be bernoulli, as declared, the model has gaussian"):
        check(as_problem(parts(), "x"), "bernoulli")

    class Wide:
        def log_density(self, z: Tensor) -> Tensor:
            return -0.125 * (z * z).sum(-1)

        def gradient(self, z: Tensor) -> Tensor:
            return -0.25 * z

    check(as_problem(parts(prior=Wide()), "x"))
    with pytest.raises(CellError, match="prior: needs to be standard_normal for elbo_analytic_kl"):
        check(as_problem(parts(prior=Wide()), "x"), standard_prior=True)


def test_a_likelihood_without_a_gradient_serves_estimators_that_need_none() -> None:
    own = as_problem(parts(likelihood=lambda x, out: -(x - out).detach().abs().sum(-1)), "x")
    check(own)
    z = noise(IMAGES, 2, LATENT)
    with torch.no_grad():
        assert own.log_likelihood(z).shape == (IMAGES, 2)
    with pytest.raises(CellError, match="differentiable in z for this estimator"):
        own.log_likelihood(z.requires_grad_(True))


def test_a_tuple_of_another_length_is_told_as_one() -> None:
    with pytest.raises(CellError, match="got a tuple of 2"):
        as_problem((linear(), linear()), "f.py:build")


def test_a_number_that_no_hook_computes_again_is_not_copied_as_a_constant() -> None:
    encoder = nn.Sequential(linear())
    encoder.scale = encoder[0].bias.exp().sum()
    with pytest.raises(CellError, match=r"encoder: must be a module that copy\.deepcopy can copy"):
        as_problem(parts(encoder=encoder), "x")


class Looked(nn.Module):
    """A table whose gradient torch keeps sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2, 2 * LATENT, sparse=True, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.table((x[:, 0] > 0.5).long())
        return found


def test_a_sparse_gradient_is_looked_at_too() -> None:
    check(as_problem(parts(encoder=Looked()), "x"))
    with pytest.raises(CellError, match=r"encoder: needs a finite ∂η/∂φ"):
        check(as_problem(parts(encoder=nn.Sequential(Looked(), Cornered())), "x"))


@pytest.mark.parametrize("made", [None, 3, (1, 2), "model"])
def test_what_is_no_model_is_refused(made: object) -> None:
    with pytest.raises(CellError, match=r"f.py:build: must give a reportgen.Model, a tuple"):
        as_problem(made, "f.py:build")
