"""The VAE's networks: shapes, names, initialisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reportgen.problems.activation import tanh, tanh_, tanh_backward_
from reportgen.problems.networks import blank, initialised

PROBLEM = {"hidden": [7, 5], "latent": 3}
MEAN = np.array([0.0, 0.25, 0.5, 1.0])


def test_shapes_and_names() -> None:
    encoder, decoder = initialised(PROBLEM, MEAN, 0)
    assert encoder(torch.zeros(2, 6, 4)).shape == (2, 6, 6)
    assert decoder(torch.zeros(2, 6, 3)).shape == (2, 6, 4)
    assert [name for name, module in encoder.named_modules() if isinstance(module, torch.nn.Linear)] == [
        "hidden.0",
        "hidden.1",
        "mean",
        "log_scale",
    ]
    assert [layer.out_features for layer in decoder.hidden] == [5, 7]


def test_output_is_mean_then_log_scale() -> None:
    encoder, _ = initialised(PROBLEM, MEAN, 0)
    encoder.mean.bias.data.fill_(10.0)
    encoder.log_scale.bias.data.fill_(-10.0)
    eta = encoder(torch.zeros(1, 4))[0]
    assert (eta[:3] > 5).all() and (eta[3:] < -5).all()


def test_initialisation_is_glorot_with_the_mean_image_in_the_output() -> None:
    encoder, decoder = initialised({"hidden": [300, 200], "latent": 3}, MEAN, 0)
    weight = encoder.hidden[1].weight.detach().double()
    bound = np.sqrt(6 / 500)
    assert weight.abs().max() <= bound
    assert abs(float(weight.var()) - bound**2 / 3) < 0.02 * bound**2 / 3
    assert all(
        not layer.bias.any() for layer in [*encoder.hidden, encoder.mean, encoder.log_scale, *decoder.hidden]
    )
    expected = np.clip(MEAN, 0.001, 0.999)
    assert np.allclose(torch.sigmoid(decoder(torch.zeros(1, 3)))[0].detach(), expected, atol=1e-6)


def test_initialisation_depends_on_the_seed_alone() -> None:
    first, _ = initialised(PROBLEM, MEAN, 0)
    torch.manual_seed(5)
    again, _ = initialised(PROBLEM, MEAN, 0)
    other, _ = initialised(PROBLEM, MEAN, 1)
    assert torch.equal(first.mean.weight, again.mean.weight)
    assert not torch.equal(first.mean.weight, other.mean.weight)
    assert not torch.equal(first.mean.weight, first.log_scale.weight)


def test_blank_networks_are_zero() -> None:
    for network in blank(PROBLEM, 4):
        assert not any(parameter.any() for parameter in network.parameters())


def test_the_derivative_of_tanh_agrees_with_autograd() -> None:
    x = torch.linspace(-3, 3, 31, dtype=torch.float64, requires_grad=True)
    y = tanh(x)
    (slow,) = torch.autograd.grad(y.sum(), x)
    with torch.no_grad():
        fast = tanh_backward_(torch.ones_like(y), y)
        assert torch.equal(tanh_(x.clone()), y)
    assert torch.allclose(fast, slow, atol=1e-14)


@pytest.mark.parametrize(("dtype", "within"), [(torch.float32, 2e-7), (torch.float64, 4e-16)])
def test_tanh_is_tanh(dtype: torch.dtype, within: float) -> None:
    """To a few units in the last place of 1, odd, and beyond any exponential too."""
    a = torch.cat(
        [torch.linspace(-30, 30, 200_001, dtype=dtype), torch.tensor([1e-9, 90.0, 1e30], dtype=dtype)]
    )
    fast = tanh(a)
    assert fast.dtype == dtype
    assert float((fast.double() - torch.from_numpy(np.tanh(a.double().numpy()))).abs().max()) < within
    assert float((fast + tanh(-a)).abs().max()) < within
    assert torch.isnan(tanh(torch.tensor([float("nan")], dtype=dtype))).all()
