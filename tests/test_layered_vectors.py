"""The two routes side by side: where η is a vector, gradients by layers are the estimators' own pulled back.

A VAE with one stochastic layer, the same noise in both; every estimator that
has a surrogate, every objective that it serves.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from reportgen.engine.layered import surrogates
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.linear_layers import LinearLayers
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.estimators import ESTIMATORS, Coefficients
from reportgen.objectives import OBJECTIVES
from reportgen.streams import stream
from tests.tiny_vae import IMAGES, REPLICATES, K, engine, f_of, noise, tiny_vae

NAMES = ("reconstruction", "elbo", "iwae")
CASES = [
    (objective, name)
    for objective in NAMES
    for name in SURROGATES
    if ESTIMATORS[name].serves(objective) and ESTIMATORS[name].parameters == "phi"
]


def by_layers(objective: str, name: str, space: str = "phi") -> dict[str, LayerGradient]:
    model, wanted = tiny_vae().layered, OBJECTIVES[objective]
    assert model is not None
    coefficients: Coefficients = {}
    if ESTIMATORS[name].fit:
        _, coefficients = engine(tiny_vae(), wanted, name, noise())
    reconstruction = wanted.integrand.name == "likelihood"
    sampled = Sampled(model, noise(), K, wanted.several, reconstruction, coefficients)
    recorder = LinearLayers(model.encoder if space == "phi" else model.decoder)
    return recorder.gradients(lambda: SURROGATES[name](sampled), IMAGES, K)


def check(layers: dict[str, LayerGradient], slow: Tensor) -> None:
    """Sums, norms and projections of every layer are those of the replicates [I R P], layer after layer."""
    start = 0
    for name, layer in layers.items():
        outputs, inputs = layer.sensitivities.shape[-1], layer.inputs.shape[-1]
        size = outputs * (inputs + layer.has_bias)
        own = slow[..., start : start + size]
        start += size
        u = torch.from_numpy(stream(2, "u", name).standard_normal((IMAGES, size)))
        torch.testing.assert_close(layer.sums(), own.sum(1), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(layer.squared_norms(), (own**2).sum(-1), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(layer.along(u), (own * u.unsqueeze(1)).sum(-1), rtol=1e-9, atol=1e-11)
    assert start == slow.shape[2]


def pulled_back(objective: str, name: str) -> Tensor:
    """Jᵀ ĝ_η of every replicate, [I R P]."""
    problem = tiny_vae()
    estimates, _ = engine(problem, OBJECTIVES[objective], name, noise())
    parameters, eta = list(problem.encoder.parameters()), problem.encoder(problem.x)
    rows = []
    for i in range(IMAGES):
        for r in range(REPLICATES):
            found = torch.autograd.grad(eta[i], parameters, estimates[i, r], retain_graph=True)
            rows.append(torch.cat([part.flatten() for part in found]))
    return torch.stack(rows).reshape(IMAGES, REPLICATES, -1)


@pytest.mark.parametrize(("objective", "name"), CASES)
def test_both_routes_are_the_same_estimator(objective: str, name: str) -> None:
    check(by_layers(objective, name), pulled_back(objective, name))


def test_every_surrogate_in_phi_is_compared() -> None:
    assert {name for _, name in CASES} == set(SURROGATES) - {"generative"}


WRONG: list[tuple[str, str, Callable[[Sampled], Tensor]]] = [
    ("elbo", "pathwise", surrogates.sticking_the_landing),
    ("elbo", "sticking_the_landing", surrogates.pathwise),
    ("iwae", "sticking_the_landing", surrogates.doubly_reparameterized),
    ("iwae", "doubly_reparameterized", surrogates.sticking_the_landing),
    ("iwae", "score_function", lambda s: s.objective(s.integrand(s.fixed, s.fixed.log_q))),
    ("elbo", "leave_one_out", surrogates.score_function),
    ("elbo", "score_function_optimal_constant", surrogates.score_function),
    ("elbo", "moving_average_baseline", surrogates.leave_one_out),
    ("iwae", "vimco", SURROGATES["vimco_geometric"]),
    ("iwae", "vimco_geometric", surrogates.score_function),
    ("elbo", "score_function_as_printed", surrogates.score_function),
]


@pytest.mark.parametrize(("objective", "name", "other"), WRONG)
def test_another_surrogate_is_rejected(
    objective: str, name: str, other: Callable[[Sampled], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SURROGATES, name, other)
    with pytest.raises(AssertionError, match="not close"):
        check(by_layers(objective, name), pulled_back(objective, name))


@pytest.mark.parametrize("objective", ["elbo", "iwae"])
def test_gradient_in_theta_is_that_of_the_objective_from_its_definition(objective: str) -> None:
    problem = tiny_vae()
    problem.decoder.requires_grad_(True)
    parameters = list(problem.decoder.parameters())
    rows = []
    for i in range(IMAGES):
        with torch.no_grad():
            eta = problem.encoder(problem.x[i])
            mean, log_scale = eta.chunk(2, -1)
        for r in range(REPLICATES):
            z = mean + log_scale.exp() * noise()[i, r * K : (r + 1) * K]
            f = f_of(problem, OBJECTIVES[objective], problem.x[i], z, eta)
            value = f.exp().mean().log() if objective == "iwae" else f.mean()
            found = torch.autograd.grad(value, parameters)
            rows.append(torch.cat([part.flatten() for part in found]))
    check(by_layers(objective, "generative", "theta"), torch.stack(rows).reshape(IMAGES, REPLICATES, -1))
