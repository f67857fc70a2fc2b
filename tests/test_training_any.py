"""Training of any model: autograd's gradient against the written-out one, discrete q against enumeration."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reportgen.datasets import Dataset
from reportgen.datasets.dataset import from_levels
from reportgen.errors import CellError
from reportgen.families import Bernoulli
from reportgen.plan import TrainingCell
from reportgen.problems import BUILDERS, TRAINABLES, Materials
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.model import FreeParameters, LatentModel
from reportgen.problems.networks import initialised
from reportgen.problems.prior import UniformCode
from reportgen.problems.vae import VAEProblem
from reportgen.store import Store
from reportgen.streams import stream
from reportgen.training import TrainProgress, forget_state, load_checkpoint, train
from reportgen.training.flat import FlatParameters
from reportgen.training.surrogate import Noise, Surrogate, surrogate
from tests.sections import train_section

TWO_LAYERS = {"model": "layered_vae", "data": "tiny", "latent": [3, 2], "hidden": [[5], [4]]}
FULL = {"model": "vae", "data": "tiny", "latent": 3, "hidden": [5], "covariance": "full"}
"""One whose gradient is written out, and one whose gradient is autograd’s."""


@pytest.fixture(scope="module")
def tiny() -> Dataset:
    torch.set_num_threads(1)
    levels = stream(0, "tiny").integers(0, 17, (53, 6)).astype(np.uint8)
    return from_levels(
        "tiny", "Tiny", levels[:43], levels[43:], highest=16, shape=(2, 3), binarize="each draw", citation="x"
    )


def cell(problem: Mapping[str, Any], **changes: Any) -> TrainingCell:
    section = {
        "objective": "elbo",
        "epochs": 6,
        "batch_size": 10,
        "learning_rate": 1e-2,
        "checkpoints": [0, 2, 4, 6],
    }
    return TrainingCell("a" * 32, {}, True, dict(problem), train_section(**section | changes), 0)


def fixed(epsilon: Tensor) -> Noise:
    """The noise that was asked for must be of this shape, and is this."""

    def draw(*shape: int) -> Tensor:
        assert epsilon.shape == shape
        return epsilon

    return draw


def perturbed(networks: tuple[nn.Module, ...]) -> None:
    noise = stream(1, "perturbed")
    for network in networks:
        for parameter in network.parameters():
            parameter.data += 0.3 * torch.from_numpy(noise.standard_normal(parameter.shape)).float()


@pytest.mark.parametrize(("objective", "num_samples"), [("elbo", 1), ("elbo", 5), ("iwae", 5)])
def test_two_routes_to_the_bound_of_one_layer_agree(objective: str, num_samples: int) -> None:
    noise = stream(3, "batch")
    encoder, decoder = initialised({"hidden": [5], "latent": 3}, np.full(6, 0.4), 0)
    perturbed((encoder, decoder))
    x = torch.from_numpy(noise.integers(0, 2, (7, 6)).astype(np.float32))
    epsilon = torch.from_numpy(noise.standard_normal((7, num_samples, 3)).astype(np.float32))
    flat = FlatParameters({"encoder": encoder, "decoder": decoder})
    found: list[tuple[Tensor, Tensor]] = []
    layered = LayeredVAE(Stages([encoder]), Stages([decoder]), x, (3,))
    for model in (VAEProblem(encoder, decoder, x), layered):
        batch = surrogate(model, objective, fixed(epsilon), num_samples)
        flat.differentiate(batch.loss)
        found.append((batch.bound, flat.gradient.clone()))
    assert torch.allclose(found[0][0], found[1][0], atol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=2e-6, rtol=1e-4)
    with pytest.raises(CellError, match="has no elbo_analytic_kl"):
        surrogate(layered, "elbo_analytic_kl", fixed(epsilon))


class Coupled(nn.Module):
    """An f of three binary units that no product of marginals explains, with θ = w."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.7, -1.1, 0.4, 2.0], dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh((z * self.w[:3]).sum(-1)) * 3.0 + self.w[3] * z.prod(-1) - self.w[3] ** 2


def jumping(points: int) -> tuple[LatentModel, FlatParameters]:
    """A model whose q is of three independent bits."""
    encoder = FreeParameters(logits=torch.tensor([0.3, -0.8, 1.2], dtype=torch.float64))
    f = Coupled()
    model = LatentModel(encoder, torch.zeros(points, 1), f, Bernoulli.from_eta, UniformCode())
    return model, FlatParameters({"encoder": encoder, "decoder": f})


def by_enumeration(model: LatentModel, flat: FlatParameters) -> tuple[float, Tensor]:
    """The ELBO and its gradient in (η, w), over all eight codes."""
    q = model.family(model.encoder(model.x))
    z = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64).unsqueeze(0)
    log_q = q.log_density_at(z)
    elbo = (log_q.exp() * (model.log_likelihood(z) + model.prior.log_density(z) - log_q)).sum()
    flat.differentiate(elbo)
    return float(elbo.detach()), flat.gradient.clone()


@pytest.mark.parametrize("num_samples", [1, 2, 3])
@pytest.mark.parametrize("objective", ["elbo", "elbo_analytic_kl"])
def test_gradients_through_jumps_are_those_of_enumeration(objective: str, num_samples: int) -> None:
    value, gradient = by_enumeration(*jumping(1))
    model, flat = jumping(500)  # the same one again and again: its mean gradient is that of 500 estimates
    noise = stream(4, "jumps")
    seen: list[Tensor] = []
    bounds: list[float] = []
    for _ in range(60):
        epsilon = torch.from_numpy(noise.standard_normal((500, max(num_samples, 2), 3)))
        batch: Surrogate = surrogate(model, objective, fixed(epsilon), num_samples)
        flat.differentiate(batch.loss)
        seen.append(-flat.gradient)
        bounds.append(float(batch.bound.mean()))
    estimates = torch.stack(seen)
    error = estimates.std(0) / len(seen) ** 0.5
    assert float(((estimates.mean(0) - gradient) / error).abs().max()) < 3.5
    assert abs(np.mean(bounds) - value) < 3.5 * np.std(bounds) / len(bounds) ** 0.5
    lacking = estimates * torch.tensor([0.9] * 3 + [1.0] * 4)  # a tenth of φ’s would be missed
    assert float(((lacking.mean(0) - gradient) / error).abs().max()) > 3.5


def test_a_bound_of_several_samples_needs_a_path() -> None:
    with pytest.raises(CellError, match=r"iwae needs a q with a path from noise to z\. Use elbo"):
        surrogate(jumping(1)[0], "iwae", fixed(torch.zeros(1, 4, 3).double()), 4)


def test_two_layers_learn(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = train(cell(TWO_LAYERS, epochs=40, checkpoints=[0, 40]), lambda: tiny, store)
    store.save(record)
    assert record.dataset == "tiny" and len(record.train_bound) == 40
    assert record.test_bound["40"] > record.test_bound["0"] + 0.01
    parameters = load_checkpoint(store, record.key, 40)
    made = BUILDERS["layered_vae"](
        Materials(TWO_LAYERS, seed=0, images=3, dataset=lambda: tiny, parameters=parameters)
    )
    trained = made.problem
    assert isinstance(trained, LayeredVAE)
    assert sum(p.numel() for p in trained.encoder.parameters()) == record.parameters["encoder"]
    fresh = TRAINABLES["layered_vae"](Materials(TWO_LAYERS, seed=0, dataset=lambda: tiny))
    start = load_checkpoint(store, record.key, 0)
    for name, value in fresh.networks["encoder"].state_dict().items():
        assert torch.equal(start[f"encoder.{name}"], value)
        if name.endswith("weight"):
            assert not torch.equal(parameters[f"encoder.{name}"], value)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("problem", [TWO_LAYERS, FULL], ids=["written out", "autograd"])
@pytest.mark.parametrize("last_epoch", [0, 3, 6])
def test_interrupted_training_ends_with_the_same_bytes(
    tiny: Dataset, tmp_path: Path, last_epoch: int, problem: Mapping[str, Any]
) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    wanted = cell(problem, objective="iwae", num_samples=4)
    expected = train(wanted, lambda: tiny, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == last_epoch:
            raise Killed

    with pytest.raises(Killed):
        train(wanted, lambda: tiny, broken, kill)
    seen: list[int] = []
    record = train(wanted, lambda: tiny, broken, lambda progress: seen.append(progress.epoch))
    reached = max(epoch for epoch in (0, 2, 4, 6) if epoch <= last_epoch)
    assert seen == list(range(reached + 1, 7))
    contents = []
    for store, kept in ((whole, expected), (broken, record)):
        store.save(kept)
        forget_state(store, kept.key)
        folder = store.folder("a" * 32)
        contents.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert contents[0] == contents[1]
    assert dataclasses.replace(record, seconds=0.0) == dataclasses.replace(expected, seconds=0.0)


@pytest.mark.parametrize("problem", [TWO_LAYERS, FULL], ids=["written out", "autograd"])
def test_divergence_is_a_cell_error_with_its_cause(
    tiny: Dataset, tmp_path: Path, problem: Mapping[str, Any]
) -> None:
    with pytest.raises(CellError, match=r"diverged.*learning_rate"):
        train(cell(problem, learning_rate=1e30), lambda: tiny, Store(tmp_path))
