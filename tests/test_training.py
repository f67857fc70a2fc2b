"""Training: the written-out gradient against autograd, resuming, divergence."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.datasets import Dataset
from reportgen.datasets.dataset import from_levels
from reportgen.errors import CellError, StoreError
from reportgen.plan import TrainingCell
from reportgen.problems.networks import initialised, restored
from reportgen.store import Store
from reportgen.training import TrainProgress, forget_state, load_checkpoint, train
from reportgen.training.adam import BETA_1, BETA_2, EPSILON, Adam
from reportgen.training.bound import bound_terms
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters


@pytest.fixture(scope="module")
def tiny() -> Dataset:
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    levels = generator.integers(0, 17, (53, 6)).astype(np.uint8)
    return from_levels(
        "tiny", "Tiny", levels[:43], levels[43:], highest=16, shape=(2, 3), binarize="each draw", citation="x"
    )


def cell(**train_section: Any) -> TrainingCell:
    section = {
        "objective": "elbo",
        "epochs": 6,
        "batch_size": 10,
        "learning_rate": 1e-2,
        "checkpoints": [0, 2, 4, 6],
    }
    problem = {"model": "vae", "data": "tiny", "hidden": [8, 5], "latent": 3, "activation": "tanh"}
    return TrainingCell("a" * 32, {}, True, problem, section | train_section, 0)


@pytest.mark.parametrize("objective", ["elbo", "elbo_analytic_kl"])
@pytest.mark.parametrize("hidden", [[8, 5], [4]])
def test_written_out_gradient_is_autograds(objective: str, hidden: list[int]) -> None:
    noise = np.random.default_rng(1)
    encoder, decoder = initialised({"hidden": hidden, "latent": 3}, np.full(6, 0.4), 0)
    for network in (encoder, decoder):
        for parameter in network.parameters():
            parameter.data += 0.3 * torch.from_numpy(noise.standard_normal(parameter.shape)).float()
    x = torch.from_numpy(noise.integers(0, 2, (7, 6)).astype(np.float32))
    epsilon = torch.from_numpy(noise.standard_normal((7, 3)).astype(np.float32))

    eta = encoder(x)
    z = eta[:, :3] + eta[:, 3:].exp() * epsilon
    bound = bound_terms(x, decoder(z), eta, epsilon, objective).mean()
    named = [*encoder.parameters(), *decoder.parameters()]
    slow = torch.autograd.grad(-bound, named)

    parameters = Parameters(encoder, decoder, "tanh")
    out_eta, out_logits = torch.empty(7, 6), torch.empty(7, 6)
    with torch.no_grad():
        BoundGradient(parameters, objective)(x, epsilon, out_eta, out_logits)
    assert torch.allclose(out_eta, eta, atol=1e-6) and torch.allclose(out_logits, decoder(z), atol=1e-5)
    parameters.vector.copy_(parameters.gradient)  # the modules' parameters now show the gradient
    for shown, expected in zip(named, slow, strict=True):
        assert torch.allclose(shown, expected, atol=2e-6, rtol=1e-4)


@pytest.mark.parametrize("objective", ["elbo", "elbo_analytic_kl"])
def test_bound_is_the_densities_own(objective: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.bernoulli(torch.full((5, 6), 0.5), generator=generator).double()
    eta, logits, epsilon = (torch.randn(5, n, generator=generator).double() for n in (4, 6, 2))
    q = torch.distributions.Normal(eta[:, :2], eta[:, 2:].exp())
    prior = torch.distributions.Normal(torch.zeros(2).double(), torch.ones(2).double())
    z = q.loc + q.scale * epsilon
    likelihood = torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)
    if objective == "elbo":
        expected = likelihood + (prior.log_prob(z) - q.log_prob(z)).sum(-1)
    else:
        expected = likelihood - torch.distributions.kl_divergence(q, prior).sum(-1)
    assert torch.allclose(bound_terms(x, logits, eta, epsilon, objective), expected, atol=1e-12)


def test_adam_is_torchs_own() -> None:
    parameters = Parameters(*initialised({"hidden": [4], "latent": 2}, np.full(3, 0.5), 0), "tanh")
    twin = parameters.vector.clone().requires_grad_(True)
    reference = torch.optim.Adam([twin], lr=0.01, betas=(BETA_1, BETA_2), eps=EPSILON, foreach=False)
    optimizer = Adam(parameters, 0.01)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(5):
            parameters.gradient.normal_(generator=generator)
            twin.grad = parameters.gradient.clone()
            optimizer.step()
            reference.step()
    assert torch.allclose(parameters.vector, twin.detach(), atol=1e-6)


def test_training_raises_the_bound_and_keeps_checkpoints(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = train(cell(epochs=30, checkpoints=[0, 30]), lambda: tiny, store)
    store.save(record)
    assert record.checkpoints == (0, 30) and len(record.train_bound) == 30
    assert record.test_bound["30"] > record.test_bound["0"] + 0.01
    start, _ = restored(load_checkpoint(store, record.key, 0))
    fresh, _ = initialised(cell().problem, tiny.train.mean(0, dtype="float64"), 0)
    assert torch.equal(start.mean.weight, fresh.mean.weight)
    encoder, decoder = restored(load_checkpoint(store, record.key, 30))
    assert not torch.equal(start.mean.weight, encoder.mean.weight)
    assert all(p.requires_grad for p in encoder.parameters())
    assert not any(p.requires_grad for p in decoder.parameters())
    assert record.parameters == {
        "encoder": 6 * 8 + 8 + 8 * 5 + 5 + 2 * (5 * 3 + 3),
        "decoder": 3 * 5 + 5 + 48 + 54,
    }


class Killed(BaseException):
    """Stands for the end of the process."""


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("last_epoch", [0, 3, 4, 5, 6])
def test_interrupted_training_ends_with_the_same_bytes(
    tiny: Dataset, tmp_path: Path, last_epoch: int
) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    expected = train(cell(), lambda: tiny, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == last_epoch:
            raise Killed

    with pytest.raises(Killed):
        train(cell(), lambda: tiny, broken, kill)
    seen: list[int] = []
    record = train(cell(), lambda: tiny, broken, lambda progress: seen.append(progress.epoch))
    reached = max(epoch for epoch in (0, 2, 4, 6) if epoch <= last_epoch)
    assert seen == list(range(reached + 1, 7))  # went on from the last checkpoint, not from the start
    for store, kept in ((whole, expected), (broken, record)):
        store.save(kept)
        forget_state(store, kept.key)
    assert _contents(whole.folder("a" * 32)) == _contents(broken.folder("a" * 32))
    assert dataclasses.replace(record, seconds=0.0) == dataclasses.replace(expected, seconds=0.0)


@pytest.mark.parametrize("victim", ["progress.json", "state-000004.safetensors", "epoch-000002.safetensors"])
def test_damaged_state_means_starting_over(tiny: Dataset, tmp_path: Path, victim: str) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    expected = train(cell(), lambda: tiny, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == 5:
            raise Killed

    with pytest.raises(Killed):
        train(cell(), lambda: tiny, broken, kill)
    path = broken.folder("a" * 32) / victim
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    seen: list[int] = []
    record = train(cell(), lambda: tiny, broken, lambda progress: seen.append(progress.epoch))
    assert seen[0] == 0 and record.train_bound == expected.train_bound


def test_divergence_is_a_cell_error_with_its_cause(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CellError, match=r"diverged.*learning_rate"):
        train(cell(learning_rate=1e30), lambda: tiny, Store(tmp_path))


def test_damaged_checkpoint_is_named(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = train(cell(), lambda: tiny, store)
    store.save(record)
    path = store.folder(record.key) / "epoch-000004.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"epoch-000004.*--fresh"):
        load_checkpoint(store, record.key, 4)
    path.unlink()
    with pytest.raises(StoreError, match=r"epoch-000004.* missing.*--fresh"):
        load_checkpoint(store, record.key, 4)
    with pytest.raises(StoreError, match="epoch-000003"):
        load_checkpoint(store, record.key, 3)
