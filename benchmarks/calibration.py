"""How often the test of equal means rejects unbiased estimators, compared with Hotelling's T².

Run: python -m benchmarks.calibration. A VAE is trained on the digits for a few
epochs. Estimators that are unbiased by construction are then tested against
pathwise, image by image, repeatedly on fresh draws, by both tests on the same
replicates. A calibrated test rejects at the nominal rate, so the printed ratios
should be 1.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from reportgen.datasets import load
from reportgen.declaration import load_text
from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.moments import Moments
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch, PointsAt
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS
from reportgen.families import MeanFieldGaussian
from reportgen.objectives import OBJECTIVES
from reportgen.plan import make_plan
from reportgen.problems.images import measured_images
from reportgen.problems.networks import restored
from reportgen.problems.vae import VAEProblem
from reportgen.store import Store
from reportgen.streams import stream
from reportgen.training import load_checkpoint, train

DECLARATION = """
experiment: calibration
problem: {data: digits, hidden: [100, 100], latent: 10}
train: {epochs: 20, checkpoints: [20]}
"""
IMAGES, BUCKETS, REPEATS = 64, 8, 60
REPLICATES = (160, 1600)
"""Per image: eight and eighty for each of the twenty parameters of q."""
TESTED = {
    "score_function": 1,
    "score_function_optimal_constant": 1,
    "leave_one_out": 2,
    "taylor_control_variate": 1,
}
LEVELS = (0.05, 0.01, 0.001)

Array = NDArray[np.float64]


def problem() -> VAEProblem:
    """The trained model at images of the test part."""
    experiment, data = load_text(DECLARATION), load("digits")
    (cell,) = make_plan(experiment, data.digest).trainings
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.save(train(cell, lambda: data, store, lambda _: None, {}))
        encoder, decoder = restored(cell.problem, load_checkpoint(store, cell.key, 20))
    _, pixels = measured_images(data, IMAGES, 0)
    return VAEProblem(encoder, decoder, torch.from_numpy(pixels))


def differences(model: VAEProblem, replicates: int) -> Iterator[dict[str, Tensor]]:
    """Paired differences between every estimator and pathwise, [I R m], on fresh draws each time."""
    pushforward = Pushforward.of(model.encoder, model.x)
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(model.encoder(model.x))
    latent = q.mean.shape[-1]
    integrand = OBJECTIVES["reconstruction"].integrand
    centre = PointsAt(model, q, q.mean, True)
    frame = Frame(model, q, pushforward.grams[0].float(), centre)
    noise = stream(0, "calibration", replicates)

    def draw(samples: int, num_samples: int) -> IntegrandDraws:
        epsilon = torch.from_numpy(noise.standard_normal((IMAGES, samples, latent), dtype="float32"))
        values = IntegrandValues(Batch(model, q, epsilon, True), integrand)
        return IntegrandDraws(values, frame, num_samples, 0.0)

    pilot = draw(4096, 1)
    fits = {name: ESTIMATORS[name].fit for name in TESTED}
    coefficients = {name: fit(pilot) if fit else {} for name, fit in fits.items()}
    pathwise = ESTIMATORS["pathwise"].evaluate
    for _ in range(REPEATS):
        found = {}
        for name, num_samples in TESTED.items():
            draws, evaluate = draw(replicates * num_samples, num_samples), ESTIMATORS[name].evaluate
            assert evaluate is not None and pathwise is not None
            found[name] = (evaluate(draws, coefficients[name]) - pathwise(draws, {})).double()
        yield found


def p_values(difference: Tensor) -> tuple[Array, Array]:
    """p-values of the test of equal means and of Hotelling's T², one per image."""
    _, n, m = difference.shape
    moments = Moments.empty(IMAGES, BUCKETS, m)
    for bucket in range(BUCKETS):
        moments.update(bucket, difference[:, bucket::BUCKETS])
    test = equal_means_test(moments, torch.ones(IMAGES, m).double(), torch.zeros(IMAGES).double())
    _, mean, covariance = moments.pooled(slice(None))
    t2 = n * (mean * torch.linalg.solve(covariance, mean.unsqueeze(2)).squeeze(2)).sum(1).numpy()
    return test.p_value.numpy(), stats.f.sf(t2 * (n - m) / (m * (n - 1)), m, n - m)


def main() -> None:
    """Print one line per estimator and number of replicates."""
    torch.set_num_threads(1)
    model = problem()
    tests = REPEATS * IMAGES
    errors = "  ".join(f"{level:g}: ±{2 * np.sqrt((1 - level) / level / tests):.2f}" for level in LEVELS)
    print(f"Rejections over nominal ones, {tests} tests each, at levels")
    print(f"{errors} (two standard errors).\n")
    for replicates in REPLICATES:
        found: dict[str, list[tuple[Array, Array]]] = {name: [] for name in TESTED}
        for round_ in differences(model, replicates):
            for name, difference in round_.items():
                found[name].append(p_values(difference))
        print(f"{replicates} replicates an image{'':<12}{'this test':<22}Hotelling's T²")
        for name, pairs in found.items():
            ours, hotelling = (np.concatenate(column) for column in zip(*pairs, strict=True))
            columns = [
                " ".join(f"{(p < level).mean() / level:6.2f}" for level in LEVELS) for p in (ours, hotelling)
            ]
            print(f"  {name:<34}{columns[0]}  {columns[1]}")
        print(flush=True)


if __name__ == "__main__":
    main()
