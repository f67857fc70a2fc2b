"""Logistic regression: its data, its likelihood against a plain sum, q against Laplace's method."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer

from reportgen.datasets import Dataset, Table, find
from reportgen.families import FullCovarianceGaussian, LowRankGaussian
from reportgen.plan import TrainingCell
from reportgen.problems import BUILDERS, TRAINABLES, Described, Materials
from reportgen.problems.logistic_regression import likelihood_of
from reportgen.store import Store, TrainingRecord
from reportgen.streams import stream
from reportgen.training import TrainProgress, forget_state, load_checkpoint, train
from tests.sections import train_section


def no_images() -> Dataset:
    raise AssertionError("a regression has no images")


def materials(**settings: Any) -> Materials:
    return Materials({"model": "logistic_regression", **settings}, seed=0, dataset=no_images)


def cell(covariance: str, **changes: Any) -> TrainingCell:
    section = {
        "objective": "elbo",
        "epochs": 6,
        "batch_size": 20,
        "learning_rate": 2e-2,
        "checkpoints": [0, 2, 4, 6],
    }
    problem = {"model": "logistic_regression", "covariance": covariance}
    return TrainingCell("b" * 32, {}, True, problem, train_section(**section | changes), 0)


@pytest.fixture(scope="module")
def table() -> Table:
    torch.set_num_threads(1)
    found = find("breast_cancer")
    assert isinstance(found, Table)
    return found


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingRecord, Described]:
    """A full-covariance q after 2500 steps, on the ELBO with analytic KL."""
    torch.set_num_threads(1)
    store = Store(tmp_path_factory.mktemp("store"))
    last = cell(
        "full", objective="elbo_analytic_kl", epochs=2500, learning_rate=1e-2, checkpoints=[0, 100, 2500]
    )
    record = train(last, no_images, store)
    store.save(record)
    made = dataclasses.replace(
        materials(covariance="full"), parameters=load_checkpoint(store, record.key, 2500)
    )
    return record, BUILDERS["logistic_regression"](made)


def test_the_data_are_scikit_learns(table: Table) -> None:
    features, labels = load_breast_cancer(return_X_y=True)
    assert np.array_equal(table.features, features) and np.array_equal(table.labels, labels)
    design = table.design()
    assert design.shape == (569, 31) and np.all(design[:, 30] == 1.0)
    assert np.allclose(design[:, :30].mean(0), 0.0, atol=1e-12) and np.allclose(design[:, :30].std(0), 1.0)
    assert len(table.digest) == 64


def test_the_likelihood_is_the_plain_sum_over_data(table: Table) -> None:
    z = torch.from_numpy(stream(0, "z").standard_normal((2, 300, 31))).requires_grad_(True)
    fast = likelihood_of(table)(z)
    signs = torch.from_numpy(2.0 * table.labels - 1.0)
    slow = torch.nn.functional.logsigmoid(signs * (z @ torch.from_numpy(table.design()).T)).sum(-1)
    assert torch.allclose(fast, slow, rtol=1e-12)
    upstream = torch.from_numpy(stream(1, "z").standard_normal((2, 300)))
    ours, theirs = (torch.autograd.grad(value, z, upstream)[0] for value in (fast, slow))
    assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("covariance", "size"), [("diagonal", 62), ("full", 527), ("low_rank", 124)])
def test_q_begins_at_the_prior_but_for_a_small_factor(covariance: str, size: int) -> None:
    trainable = TRAINABLES["logistic_regression"](materials(covariance=covariance, rank=2))
    problem = trainable.at(trainable.train.inputs(np.zeros(1, dtype=np.intp), stream(0)))
    eta = problem.encoder(problem.x)
    assert eta.shape == (1, size) and eta.dtype == torch.float64
    q = problem.family(eta)
    divergence = float(q.kl_to_prior().detach())
    if isinstance(q, LowRankGaussian):
        assert 0.0 < divergence < 0.1 and float(q.factor.detach().abs().max()) > 0.01
        again = TRAINABLES["logistic_regression"](materials(covariance=covariance, rank=2))
        assert torch.equal(again.networks["encoder"].factor.value, trainable.networks["encoder"].factor.value)
    else:
        assert divergence == 0.0


def laplace(table: Table) -> tuple[np.ndarray, np.ndarray, float]:
    """Mode, covariance, and log evidence of the Gaussian at the mode."""
    signed = (2.0 * table.labels - 1.0)[:, None] * table.design()

    def energy(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = signed @ w
        weight = 1.0 / (1.0 + np.exp(margin))
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * w @ w), w - weight @ signed

    found = minimize(energy, np.zeros(31), jac=True, method="BFGS", options={"gtol": 1e-6})
    probability = 1.0 / (1.0 + np.exp(-signed @ found.x))
    precision = (signed * (probability * (1.0 - probability))[:, None]).T @ signed + np.eye(31)
    return found.x, np.linalg.inv(precision), -found.fun - 0.5 * np.linalg.slogdet(precision)[1]


def test_q_comes_to_where_the_posterior_is(table: Table, fitted: tuple[TrainingRecord, Described]) -> None:
    record, made = fitted
    q = made.problem.family(made.problem.encoder(made.problem.x))
    assert isinstance(q, FullCovarianceGaussian) and made.dataset == record.dataset == "breast_cancer"
    mode, covariance, log_evidence = laplace(table)
    mean = q.mean.detach().numpy().reshape(-1)
    assert np.corrcoef(mean, mode)[0, 1] > 0.97
    away = (mean - mode) / np.sqrt(np.diag(covariance))
    assert np.abs(away).max() < 1.0  # the posterior is skewed, so its mean is not its mode
    ours = (q.factor @ q.factor.mT).detach().numpy()[0]
    ratio = np.sqrt(np.diag(ours) / np.diag(covariance))
    assert ratio.min() > 0.7 and ratio.max() < 1.6
    correlation = [c / np.sqrt(np.outer(np.diag(c), np.diag(c))) for c in (ours, covariance)]
    off = np.tril_indices(31, -1)
    assert np.corrcoef(correlation[0][off], correlation[1][off])[0, 1] > 0.9
    assert log_evidence - 4.0 < record.test_bound["2500"] < log_evidence + 1.0


def test_the_bound_rises(fitted: tuple[TrainingRecord, Described]) -> None:
    record, _ = fitted
    assert record.test_bound["0"] < record.test_bound["100"] < record.test_bound["2500"]
    assert len(record.train_bound) == 2500 and record.parameters == {"encoder": 527}


@pytest.mark.parametrize("covariance", ["diagonal", "low_rank"])
def test_interrupted_training_ends_with_the_same_bytes(tmp_path: Path, covariance: str) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    expected = train(cell(covariance), no_images, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(cell(covariance), no_images, broken, kill)
    seen: list[int] = []
    record = train(cell(covariance), no_images, broken, lambda progress: seen.append(progress.epoch))
    assert seen == [5, 6]
    contents = []
    for store, kept in ((whole, expected), (broken, record)):
        store.save(kept)
        forget_state(store, kept.key)
        folder = store.folder("b" * 32)
        contents.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert contents[0] == contents[1]
