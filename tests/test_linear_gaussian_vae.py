"""Probabilistic PCA: at the posterior log p(x, z) − log q(z|x) is the evidence, whatever z."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from reportgen.datasets import load
from reportgen.engine.vectors.points import Batch
from reportgen.errors import CellError
from reportgen.problems import BUILDERS, Materials
from reportgen.problems.linear_gaussian_vae import Likelihood, PrincipalComponents
from reportgen.streams import stream

IMAGES, LATENT = 5, 4


def materials(perturbation: float) -> Materials:
    settings = {"latent": LATENT, "perturbation": perturbation}
    return Materials(settings, seed=3, images=IMAGES, dataset=lambda: load("digits"))


def log_weights(perturbation: float) -> torch.Tensor:
    problem = BUILDERS["linear_gaussian_vae"](materials(perturbation)).problem
    noise = torch.from_numpy(stream(0, "pca").standard_normal((IMAGES, 7, LATENT)))
    with torch.no_grad():
        batch = Batch(problem, problem.family(problem.encoder(problem.x)), noise, False)
    return batch.log_likelihood + batch.log_prior - batch.log_q


def evidence() -> np.ndarray:
    """log N(x; b, W Wᵀ + s² I), with the fit's own parameters."""
    made = BUILDERS["linear_gaussian_vae"](materials(0.0))
    model = PrincipalComponents.fitted(load("digits").train.astype(np.float64), LATENT)
    covariance = model.weight @ model.weight.T + model.noise**2 * np.eye(64)
    return np.asarray(multivariate_normal(model.bias, covariance).logpdf(made.problem.x.numpy()))


def test_the_weight_of_every_sample_is_the_evidence_at_the_posterior() -> None:
    weights = log_weights(0.0)
    assert torch.allclose(weights, torch.from_numpy(evidence()).unsqueeze(1), rtol=0, atol=1e-9)


def test_and_is_not_away_from_it() -> None:
    weights = log_weights(0.1)
    assert (weights.std(1) > 0.1).all()


def test_the_fit_is_the_maximum_likelihood() -> None:
    """No parameter can be moved without a loss; the likelihood is stationary in W, b and s."""
    x = load("digits").train[:400, 10:30].astype(np.float64)
    model = PrincipalComponents.fitted(x, 2)
    weight, bias, noise = (
        torch.tensor(part, dtype=torch.float64, requires_grad=True)
        for part in (model.weight, model.bias, model.noise)
    )
    covariance = weight @ weight.T + noise**2 * torch.eye(20, dtype=torch.float64)
    law = torch.distributions.MultivariateNormal(bias, covariance)
    law.log_prob(torch.from_numpy(x)).mean().backward()
    assert max(float(part.grad.abs().max()) for part in (weight, bias, noise)) < 1e-8


def test_as_many_components_as_the_data_vary_in_leave_no_noise() -> None:
    x = load("digits").train.astype(np.float64)  # three of the 64 pixels are the same in every image
    assert PrincipalComponents.fitted(x, 60).noise > 1e-4
    with pytest.raises(CellError, match=r"must be below 61, .*, got 61\. Use 60 or fewer"):
        PrincipalComponents.fitted(x, 61)


def test_the_likelihood_is_that_of_its_pixels_one_by_one() -> None:
    x = load("digits").test[:3].astype(np.float64)
    model = PrincipalComponents.fitted(load("digits").train.astype(np.float64), LATENT)
    z = torch.from_numpy(stream(1, "pca").standard_normal((3, 4, LATENT)))
    mean = z @ torch.from_numpy(model.weight).T + torch.from_numpy(model.bias)
    pixels = torch.distributions.Normal(mean, model.noise).log_prob(torch.from_numpy(x).unsqueeze(1))
    assert torch.allclose(Likelihood.of(model, torch.from_numpy(x))(z), pixels.sum(-1), rtol=1e-12)
