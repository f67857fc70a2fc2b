"""Contracts of every problem in the table: a new line there is tested at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from reportgen.declaration import PROBLEMS, Problem
from reportgen.declaration.problems.rainforth import Rainforth
from reportgen.distributions import DISTRIBUTIONS
from reportgen.engine.layered.linear_layers import LinearLayers
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from reportgen.problems import BUILDERS, TRAINABLES, Described
from reportgen.problems.layered import LayeredModel
from reportgen.streams import stream
from tests.problem_cases import CASES, materials_of

IMAGES, REPLICATES = 3, 4


def built(section: Problem) -> Described:
    return BUILDERS[section.model](materials_of(section, IMAGES, 1))


def noise_for(images: int, width: int, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(stream(2, "problems").standard_normal((images, REPLICATES, width))).to(dtype)


def test_the_tables_name_the_same_problems() -> None:
    assert list(PROBLEMS) == list(BUILDERS)
    assert [name for name in PROBLEMS if not PROBLEMS[name].given] == list({s.model: None for s in CASES})
    assert list(TRAINABLES) == [name for name, kind in PROBLEMS.items() if kind.trained]


@pytest.mark.parametrize("section", CASES, ids=lambda section: section.model)
def test_facts_and_model_agree(section: Problem) -> None:
    made = built(section)
    assert section.sentence and section.sentence[-1] != "."
    assert set(section.usual) <= set(section.objectives) <= set(OBJECTIVES)
    assert isinstance(made.problem, LayeredModel) == section.layered
    assert made.problem.x.shape[0] == len(made.points)
    if isinstance(made.problem, LayeredModel):
        assert made.problem.latent == section.latent_size
        assert tuple(LinearLayers(made.problem.encoder).sizes) == section.groups
        return
    groups = Pushforward.of(made.problem.encoder, made.problem.x).groups
    assert section.groups == (groups[1:] if section.code is None else None)
    with torch.no_grad():
        q = made.problem.family(made.problem.encoder(made.problem.x))
    assert q.name == section.distribution in DISTRIBUTIONS
    assert section.latent_size in (q.latent, None)
    assert (section.latent_size is None) == (section.code is not None)
    assert (made.problem.generative is not None or made.problem.layered is not None) == section.generative


@pytest.mark.parametrize("section", CASES, ids=lambda section: section.model)
def test_the_route_through_eta_is_that_of_single_samples_through_the_encoder(section: Problem) -> None:
    """Every replicate's gradient in every weight, with the same noise."""
    problem = built(section).problem
    if isinstance(problem, LayeredModel):
        assert LinearLayers(problem.encoder).sizes  # held against single backwards in test_layered
        return
    name = "pathwise" if DISTRIBUTIONS[section.distribution].reparameterizable else "score_function"
    objective = OBJECTIVES[next(o for o in section.usual if not OBJECTIVES[o].exact_kl)]
    pushforward = Pushforward.of(problem.encoder, problem.x)
    with torch.no_grad():
        eta = problem.encoder(problem.x)
        q = problem.family(eta)
    noise = noise_for(len(eta), q.noise, eta.dtype)
    frame = Frame(problem, q, pushforward.grams[0].to(eta.dtype), None)
    values = IntegrandValues(Batch(problem, q, noise, name == "pathwise"), objective.integrand)
    evaluate = ESTIMATORS[name].of(objective.name)
    assert evaluate is not None
    draws = IntegrandDraws(values, frame, 1, several=objective.several)
    estimates = evaluate(draws, {}).double()  # [I R m]
    parameters = [p for p in problem.encoder.parameters() if p.requires_grad]
    images = len(eta)
    tolerance = 1e-9 if eta.dtype == torch.float64 else 2e-4
    for i in range(images):
        for r in range(REPLICATES):
            alone = torch.zeros_like(estimates[:, r])
            alone[i] = estimates[i, r] * images  # a block's `pull` is a mean over data points
            fast = torch.cat(next(pushforward.pulls([alone])))
            graph = problem.family(problem.encoder(problem.x))
            z = graph.sample(noise[:, r : r + 1])
            log_q = graph.log_density(noise[:, r : r + 1])
            if name == "score_function":
                value = (values.value[:, r : r + 1] * graph.log_density_at(z.detach()))[i].sum()
            elif objective.integrand.name == "log_weight":
                value = (problem.log_likelihood(z) + problem.prior.log_density(z) - log_q)[i].sum()
            else:
                value = problem.log_likelihood(z)[i].sum()
            grads = torch.autograd.grad(value, parameters, materialize_grads=True)
            slow = {id(p): g.double() for p, g in zip(parameters, grads, strict=True)}
            ordered = torch.cat([slow[id(p)].reshape(-1) for p in _as_blocks(problem.encoder, pushforward)])
            scale = float(ordered.abs().max()) + 1e-12
            assert float((fast - ordered).abs().max()) < tolerance * scale


def _as_blocks(encoder: torch.nn.Module, pushforward: Pushforward) -> list[torch.nn.Parameter]:
    """Parameters in the order of the blocks' coordinates."""
    modules = dict(encoder.named_modules())
    ordered: list[torch.nn.Parameter] = []
    for name in (name for block in pushforward.blocks for name in block.groups):
        own = modules.get(name, encoder)
        found = [p for p in own.parameters(recurse=False) if p.requires_grad]
        ordered += found
    assert sum(p.numel() for p in ordered) == pushforward.parameters
    return ordered


@pytest.mark.parametrize("section", CASES, ids=lambda section: section.model)
def test_likelihoods_of_one_data_point_do_not_feel_the_others(section: Problem) -> None:
    problem = built(section).problem
    if isinstance(problem, LayeredModel):
        noise = noise_for(problem.x.shape[0], problem.noise, problem.x.dtype)
        moved = noise.clone()
        moved[1:] += 1.0
        first, second = (problem.trace(each, fixed=False) for each in (noise, moved))
        assert torch.equal(first.log_p[0], second.log_p[0]) and torch.equal(first.log_q[0], second.log_q[0])
        return
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
        z = q.sample(noise_for(q.mean.shape[0], q.noise, q.mean.dtype))
        value = problem.log_likelihood(z)
        assert value.shape == z.shape[:2] and bool(torch.isfinite(value).all())
        moved = z.clone()
        moved[1:] = moved[1:].flip(1)
        assert np.allclose(problem.log_likelihood(moved)[0], value[0], rtol=1e-5)


def test_the_gaussian_toy_tells_its_perturbation_as_what_it_is() -> None:
    """A standard deviation: of normal numbers a third lie further away than that."""
    assert Rainforth(perturbation=0.03).sentence.endswith("by normal noise of standard deviation 0.03")
