"""Exact values of discrete q: sums over codes against loops, closed forms and the meter."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from reportgen.engine import measure
from reportgen.engine.vectors.exact import enumeration
from reportgen.estimators import ESTIMATORS, Coefficients, Draws, Estimator
from reportgen.estimators.halves import below
from reportgen.families import Bernoulli, Categorical
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm
from reportgen.problems import BUILDERS, Materials
from reportgen.problems.problem import Problem
from reportgen.store.records import MeasurementRecord
from tests.cells import arm, cell, measured, position, standard_error
from tests.discrete_cases import IMAGES, bits_model, estimates, every_code, exact_gradient, log_q, normals

SHORT = {"precision": 0.5, "budget": 400, "min_replicates": 20}
"""What is exact does not depend on how long is measured."""
Z_BOUND = 4.5


def toy(**settings: object) -> Problem:
    resolved = {"function": "quadratic", "target": 0.499, "probability": 0.3, "dimension": 1, **settings}
    problem = BUILDERS["bits"](Materials(resolved, 0)).problem
    assert not hasattr(problem, "trace")
    return problem  # type: ignore[return-value]


def exact(record: MeasurementRecord, row: int, name: str = "exact_variance") -> np.ndarray:
    """Exact values of each image, over all coordinates."""
    return np.asarray(record.arrays[name][row, :, 0])


def noise_of_mean(record: MeasurementRecord, row: int) -> np.ndarray:
    """E‖mean − its expectation‖² of each image: how far off a squared bias of zero is measured."""
    return np.asarray(record.arrays["variance"][row, :, 0]) / record.arms[row].replicates


def of_loops(name: str, objective: str, num_samples: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance trace in φ from single codes, one weight at a time, [I m] and [I]."""
    model = bits_model()
    codes, eta = every_code(), model.encoder(model.x).detach()
    noise = torch.where(codes == 1.0, -9.0, 9.0)  # ε far below or above the threshold
    moments = [torch.zeros(()).double(), torch.zeros(()).double()]
    total = torch.zeros(IMAGES).double()
    for chosen in product(range(len(codes)), repeat=num_samples):
        z, epsilon = codes[list(chosen)], noise[list(chosen)]
        weight = log_q(z.unsqueeze(0), eta.unsqueeze(1)).sum(1).exp().view(-1, 1)
        own = epsilon.expand(IMAGES, -1, -1)
        found = estimates(model, OBJECTIVES[objective], ESTIMATORS[name], own, own, num_samples)[:, 0]
        moments[0] = moments[0] + weight * found
        moments[1] = moments[1] + weight.unsqueeze(2) * found.unsqueeze(2) * found.unsqueeze(1)
        total += weight.squeeze(1)
    torch.testing.assert_close(total, torch.ones(IMAGES).double())
    mean = moments[0]
    covariance = moments[1] - mean.unsqueeze(2) * mean.unsqueeze(1)
    # J of a linear encoder: J Jᵀ = (‖x‖² + 1) I.
    return mean, torch.diagonal(covariance, dim1=1, dim2=2).sum(1) * ((model.x**2).sum(1) + 1.0)


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
@pytest.mark.parametrize(
    ("name", "num_samples"),
    [
        *(("score_function", 1), ("leave_one_out", 2), ("taylor_control_variate", 1)),
        *(("straight_through", 1), ("local_expectation", 1)),
    ],
)
def test_variances_are_those_of_a_loop_over_all_codes(name: str, num_samples: int, objective: str) -> None:
    mean, variance = of_loops(name, objective, num_samples)
    arms = [arm(objective, name, num_samples), Arm(objective, "score_function", "reference")]
    record = measured(bits_model(), arms, reference="reference", **SHORT)
    assert np.allclose(exact(record, 0), variance, rtol=1e-9)
    if name != "straight_through":
        torch.testing.assert_close(mean, exact_gradient(bits_model(), OBJECTIVES[objective]))


def test_a_bit_by_hand() -> None:
    """g = f(z) (z − p): mean p (1 − p) (f(1) − f(0)), E g² = p (1 − p) ((1 − p) f(1)² + p f(0)²)."""
    p, f0, f1 = 0.3, 0.499**2, 0.501**2
    record = measured(toy(), [arm("expectation", "score_function")], reference="score_function", **SHORT)
    mean = p * (1 - p) * (f1 - f0)
    second = p * (1 - p) * ((1 - p) * f1**2 + p * f0**2)
    assert exact(record, 0)[0] == pytest.approx(second - mean**2, rel=1e-12)
    assert exact(record, 0, "exact_squared_norm")[0] == pytest.approx(mean**2, rel=1e-9)


def test_bits_are_units_of_two_classes() -> None:
    """The gradients in the two logits of a class are those in a bit's logit, ± one another."""
    p, tilt = 0.3, math.log(0.3 / 0.7)
    classes = BUILDERS["categorical"](
        Materials({"classes": 2, "target": 0.499, "tilt": tilt, "dimension": 3}, 0)
    ).problem
    records = [
        measured(problem, [arm("expectation", "score_function")], reference="score_function", **SHORT)  # type: ignore[arg-type]
        for problem in (toy(dimension=3, probability=p), classes)
    ]
    for name in ("exact_variance", "exact_squared_norm"):
        bits, units = (exact(record, 0, name)[0] for record in records)
        assert units == pytest.approx(2.0 * bits, rel=1e-9)


def test_measured_variances_lie_about_the_exact_ones() -> None:
    names = [
        ("score_function", 1),
        ("leave_one_out", 2),
        ("taylor_control_variate", 1),
        ("straight_through", 1),
    ]
    arms = [arm("elbo", name, k) for name, k in names]
    record = measured(bits_model(), arms, reference="score_function", min_replicates=40_000, precision=0.02)
    for row in range(len(arms)):
        measured_variance = record.arrays["variance"][row, :, 0].mean()
        error = standard_error(record, "variance", row)
        assert abs(measured_variance - exact(record, row).mean()) < Z_BOUND * error
        assert error < 0.02 * measured_variance


def test_the_bias_of_straight_through_by_hand() -> None:
    """f = (z − t)², one bit: its mean is 2 p (1 − p) (p − t), the gradient p (1 − p) (1 − 2 t)."""
    p, t = 0.3, 0.499
    arms = [arm("expectation", "straight_through"), arm("expectation", "score_function")]
    record = measured(toy(), arms, reference="score_function", min_replicates=50_000)
    bias = p * (1 - p) * (2 * (p - t) - (1 - 2 * t))
    found, error = exact(record, 0, "bias_squared")[0], standard_error(record, "bias_squared", 0)
    assert abs(found - bias**2) < Z_BOUND * error
    assert error < 0.1 * bias**2
    assert exact(record, 0, "exact_bias_squared")[0] == pytest.approx(bias**2, rel=1e-9)
    assert exact(record, 1, "exact_bias_squared")[0] == 0.0
    assert (np.abs(exact(record, 1, "bias_squared")) < Z_BOUND * noise_of_mean(record, 1)).all()


def test_the_bias_of_a_relaxation_is_that_of_an_integral() -> None:
    """d/dη E[(ζ − t)²] over the uniform that ζ is made of, by quadrature, at τ = ½."""
    p, t, tau = 0.3, 0.499, 0.5

    def slope(u: float) -> float:
        zeta = 1.0 / (1.0 + math.exp(-(math.log(p / (1 - p)) - math.log(u / (1 - u))) / tau))
        return 2.0 * (zeta - t) * zeta * (1.0 - zeta) / tau

    mean = quad(slope, 0.0, 1.0, limit=200)[0]
    bias = mean - p * (1 - p) * (1 - 2 * t)
    arms = [arm("expectation", "gumbel_softmax"), arm("expectation", "score_function")]
    record = measured(toy(), arms, reference="score_function", min_replicates=100_000)
    found, error = exact(record, 0, "bias_squared")[0], standard_error(record, "bias_squared", 0)
    assert abs(found - bias**2) < Z_BOUND * error
    assert error < 0.1 * bias**2
    assert np.isnan(exact(record, 0, "exact_bias_squared")).all()
    assert np.isnan(exact(record, 0)).all()  # the sum over codes does not know the noise of ζ


def test_an_unbiased_relaxation_is_held_against_the_sum_over_codes() -> None:
    arms = [arm("elbo", "rebar"), arm("elbo", "leave_one_out", 20), arm("elbo", "score_function")]
    record = measured(bits_model(), arms, reference="leave_one_out", min_replicates=20_000)
    for row in (0, 1):
        assert np.isnan(exact(record, row)).all()
        assert (np.abs(exact(record, row, "bias_squared")) < Z_BOUND * noise_of_mean(record, row)).all()


def augmented(draws: Draws, _: Coefficients) -> Tensor:
    """(f(1[u > 1 − p]) − f(1[u < p])) (u − ½): ARM of Yin & Zhou (2019), which needs the uniform itself."""
    u, p = below(draws.epsilon), draws.q.mean.unsqueeze(1)
    here, mirrored = (side.to(u.dtype) for side in (u > 1.0 - p, u < p))
    return ((draws.evaluate(here) - draws.evaluate(mirrored)).unsqueeze(-1) * (u - 0.5)).mean(2)


def test_what_asks_for_the_noise_has_no_sum_over_codes() -> None:
    own = Estimator("own", evaluate=augmented, averages=True, forward_per_sample=2)
    arms = [arm("reconstruction", "own"), arm("reconstruction", "score_function")]
    wanted = cell(arms, reference="score_function", min_replicates=20_000)
    images, known = tuple(range(IMAGES)), {**ESTIMATORS, "own": own}
    record = measure(bits_model(), wanted, dataset="toy", images=images, estimators=known)
    assert np.isnan(exact(record, 0)).all() and np.isfinite(exact(record, 1)).all()
    assert (np.abs(exact(record, 0, "bias_squared")) < Z_BOUND * noise_of_mean(record, 0)).all()


def test_several_samples_together() -> None:
    """IWAE of two bits' samples, K = 2: the sum over pairs of codes is autograd's."""
    model = bits_model()
    eta = model.encoder(model.x).detach().requires_grad_(True)
    codes = every_code().expand(IMAGES, -1, -1)
    wide = eta.unsqueeze(1)
    log_w = model.log_likelihood(codes) + model.prior.log_density(codes) - log_q(codes, wide)
    probability = log_q(codes, wide).exp()
    pair = torch.logaddexp(log_w.unsqueeze(2), log_w.unsqueeze(1)) - math.log(2.0)
    bound = (probability.unsqueeze(2) * probability.unsqueeze(1) * pair).sum()
    (gradient,) = torch.autograd.grad(bound, eta)
    record = measured(model, [arm("iwae", "score_function", 2)], reference="score_function", **SHORT)
    norm = (gradient**2).sum(1) * ((model.x**2).sum(1) + 1.0)
    assert np.allclose(exact(record, 0, "exact_squared_norm"), norm, rtol=1e-9)


@pytest.mark.parametrize(
    "q",
    [
        Bernoulli.from_eta(torch.tensor([[0.3, -1.0, 2.0]]).double()),
        Categorical.from_eta(torch.tensor([[0.3, -1.0, 2.0, 0.0, 0.5, 0.7]]).double(), classes=3),
    ],
    ids=lambda q: q.name,
)
def test_codes_are_all_that_samples_can_be(q: Bernoulli | Categorical) -> None:
    codes = q.codes()
    assert codes.shape == (q.code_count, q.latent) and len(set(map(tuple, codes.tolist()))) == q.code_count
    weight = q.log_density_at(codes.unsqueeze(0)).exp()
    assert float(weight.sum()) == pytest.approx(1.0, rel=1e-12)
    torch.testing.assert_close((weight.unsqueeze(2) * codes).sum(1, keepdim=True), q.mean)
    samples = q.sample(normals(1, 2000, q.noise, what="codes"))[0]
    assert set(map(tuple, samples.tolist())) <= set(map(tuple, codes.tolist()))


@pytest.mark.parametrize(
    ("one", "most"),
    [
        (arm("elbo", "leave_one_out", 2), 63),
        (Arm("elbo", "score_function", "mirrored", 2, antithetic=True), 10**6),
        (arm("elbo", "moving_average_baseline"), 10**6),
    ],
    ids=["too many codes", "mirrored noise", "not by itself"],
)
def test_what_has_no_list_of_codes_has_no_exact_value(
    one: Arm, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enumeration, "MOST_NODES", most)
    record = measured(bits_model(), [one], reference=one.label, **SHORT)
    assert "exact_variance" not in record.arrays


def test_numbers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    arms = [arm("elbo", "score_function")]
    monkeypatch.setattr(enumeration, "MOST_NUMBERS", 8 * IMAGES * 3 - 1)
    assert "exact_variance" not in measured(bits_model(), arms, reference="score_function", **SHORT).arrays
    monkeypatch.setattr(enumeration, "MOST_NUMBERS", 8 * IMAGES * 3)
    assert "exact_variance" in measured(bits_model(), arms, reference="score_function", **SHORT).arrays


def test_a_black_box_has_exact_values_too() -> None:
    """Parity of d fair bits has no gradient; of others p (1 − p) ∂/∂p of ½ (1 − ∏ (1 − 2 p))."""
    p, d = 0.3, 5
    names = [("score_function", 1), ("leave_one_out", 2)]
    arms = [arm("expectation", name, k) for name, k in names]
    record = measured(
        toy(function="parity", dimension=d), arms, reference="score_function", min_replicates=20_000
    )
    slope = p * (1 - p) * (1 - 2 * p) ** (d - 1)
    for row in (0, 1):
        assert exact(record, row, "exact_squared_norm")[0] == pytest.approx(d * slope**2, rel=1e-9)
        off = abs(record.arrays["variance"][row, :, 0].mean() - exact(record, row).mean())
        assert off < Z_BOUND * standard_error(record, "variance", row)
    assert record.arrays["bias_p_value"][position(record, "expectation", "leave_one_out"), 0] > 1e-3
