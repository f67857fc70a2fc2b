"""The covariance of q: what a declaration says, what the encoder puts out, what a key depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.datasets import load
from reportgen.declaration import load_text
from reportgen.declaration.problems import PROBLEMS
from reportgen.distributions import DISTRIBUTIONS
from reportgen.families import LowRankGaussian
from reportgen.plan import Plan, TrainingCell, make_plan
from reportgen.problems import BUILDERS, TRAINABLES, Materials
from reportgen.problems.networks import initialised, named, restored
from reportgen.problems.vae import VAEProblem
from reportgen.store import Store
from reportgen.streams import stream
from reportgen.training import load_checkpoint, train
from tests.sections import train_section

COVARIANCES = ("diagonal", "full", "low_rank")
VAE = {"model": "vae", "data": "digits", "hidden": [7], "latent": 3, "activation": "tanh"}


def plan(problem: str) -> Plan:
    return make_plan(load_text(f"experiment: a\nproblem: {problem}\n"), "digest")


def keys(problem: str) -> list[str]:
    return [cell.key for cell in (*plan(problem).trainings, *plan(problem).measurements)]


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("model", ["vae", "logistic_regression"])
def test_eta_has_the_length_that_the_declaration_counts(model: str, covariance: str) -> None:
    chosen = {"covariance": covariance, "rank": 2}
    settings = (VAE if model == "vae" else {"model": model}) | chosen
    declared = PROBLEMS[model].model_validate(settings)
    trainable = TRAINABLES[model](Materials(settings, seed=0, dataset=lambda: load("digits")))
    problem = trainable.at(trainable.train.inputs(np.zeros(1, dtype=np.intp), stream(0)))
    eta = problem.encoder(problem.x)
    q = problem.family(eta)
    assert eta.shape == (1, declared.eta_size) and q.latent == declared.latent_size
    assert q.name == declared.distribution and DISTRIBUTIONS[q.name].reparameterizable
    names = {"diagonal": [], "full": ["lower"], "low_rank": ["factor"]}[covariance]
    groups = [name for name, _ in problem.encoder.named_children() if name not in ("hidden",)]
    assert groups == ["mean", "log_scale", *names]


def test_a_choice_that_changes_nothing_changes_no_key() -> None:
    assert keys("{latent: 3}") == keys("{latent: 3, covariance: diagonal, rank: 4}")
    assert "covariance" not in plan("{latent: 3}").trainings[0].problem
    assert keys("{covariance: full}") == keys("{covariance: full, rank: 4}")
    different = [
        keys(problem)[0]
        for problem in ("{latent: 3}", "{latent: 3, covariance: full}", "{latent: 3, covariance: low_rank}")
    ]
    assert len({*different, keys("{latent: 3, covariance: low_rank, rank: 2}")[0]}) == 4


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("latent", [1, 3])
def test_networks_come_back_from_their_tensors(covariance: str, latent: int) -> None:
    settings: dict[str, Any] = VAE | {"latent": latent, "covariance": covariance, "rank": 2}
    encoder, decoder = initialised(settings, np.full(6, 0.4), 0)
    tensors = named({"encoder": encoder, "decoder": decoder})
    again, _ = restored(settings, tensors)
    x = torch.ones(2, 6)
    assert torch.equal(again(x), encoder(x)) and named({"encoder": again}).keys() <= tensors.keys()


def test_a_low_rank_vae_learns_its_factor(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    store = Store(tmp_path)
    settings = VAE | {"covariance": "low_rank", "rank": 2}
    section = {
        "objective": "elbo",
        "epochs": 2,
        "batch_size": 50,
        "learning_rate": 3e-3,
        "checkpoints": [0, 2],
    }
    cell = TrainingCell("c" * 32, {}, True, settings, train_section(**section), 0)
    record = train(cell, lambda: load("digits"), store)
    store.save(record)
    assert record.test_bound["2"] > record.test_bound["0"] + 1.0
    start, end = (load_checkpoint(store, record.key, epoch) for epoch in (0, 2))
    assert float((end["encoder.factor.weight"] - start["encoder.factor.weight"]).abs().mean()) > 1e-3
    made = BUILDERS["vae"](
        Materials(settings, seed=0, images=4, dataset=lambda: load("digits"), parameters=end)
    ).problem
    assert isinstance(made, VAEProblem)
    q = made.family(made.encoder(made.x))
    assert isinstance(q, LowRankGaussian) and q.factor.shape == (4, 3, 2)
