"""Relaxed samples of discrete families: limit, law and derivative; REBAR's conditional sample by its law."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.testing import assert_close

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families import Bernoulli, Categorical, RelaxedFamily
from tests.family_cases import CASES, IMAGES, LATENT, SAMPLES, Case, name, one_by_one, own_eta

DRAWS, TEMPERATURE = 5000, 0.4
RELAXED = [case for case in CASES if DISTRIBUTIONS[case.name].discrete]
UNITS = Case(Bernoulli, "bernoulli")


def agrees(found: Tensor, location: float) -> bool:
    """Whether numbers follow the logistic law of this location, by Kolmogorov and Smirnov's test."""
    return bool(stats.kstest(found.numpy(), stats.logistic(loc=location).cdf).pvalue > 1e-3)


def extra(case: Case, samples: int) -> Tensor:
    return case.normals(IMAGES, samples, case.q().noise, what="extra")


def check_limit(case: Case) -> None:
    """The largest place is the sample's at every temperature, and all of it as that falls to 0."""
    q, noise = case.q(), case.noise(1000)
    z = q.sample(noise)
    warm, cold = (q.relaxed(noise, temperature) for temperature in (2.0, 1e-6))
    assert_close(cold, z, atol=1e-6, rtol=0.0)
    if isinstance(q, Categorical):
        assert torch.equal(q._rows(warm).argmax(-1), q._rows(z).argmax(-1))
        assert_close(q._rows(warm).sum(-1), torch.ones(IMAGES, 1000, LATENT).double())
    else:
        assert torch.equal((warm > 0.5).double(), z)


def check_law(case: Case) -> None:
    """τ logit ζ is logistic about η; for two classes, τ log ζ_a / ζ_b is about η_a − η_b."""
    relaxed, eta = case.q().relaxed(case.noise(DRAWS), TEMPERATURE), case.eta()
    for i in range(IMAGES):
        if case.name == "bernoulli":
            found = TEMPERATURE * relaxed[i, :, 0].logit()
            assert agrees(found, float(eta[i, 0]))
        else:
            found = TEMPERATURE * (relaxed[i, :, 0].log() - relaxed[i, :, 1].log())
            assert agrees(found, float(eta[i, 0] - eta[i, 1]))


def check_pullback(case: Case) -> None:
    noise, v = case.noise(), case.normals(IMAGES, SAMPLES, case.width, what="v")
    eta = own_eta(case.eta(), SAMPLES)
    relaxed = case.q(eta).relaxed(one_by_one(noise), TEMPERATURE)
    (slow,) = torch.autograd.grad((relaxed * one_by_one(v)).sum(), eta)
    assert_close(case.q().relaxed_pullback(noise, TEMPERATURE, v).flatten(0, 1), slow)


def check_given_sample(case: Case) -> None:
    q, noise = case.q(), case.noise(DRAWS)
    given = q.relaxed_given(noise, extra(case, DRAWS), TEMPERATURE)
    assert torch.equal((given > 0.5).double(), q.sample(noise))


def check_given_law(case: Case) -> None:
    """Its law over z is that of ζ; given z it knows nothing more of ζ."""
    q, noise = case.q(), case.noise(DRAWS)
    relaxed = TEMPERATURE * q.relaxed(noise, TEMPERATURE).logit()
    given = TEMPERATURE * q.relaxed_given(noise, extra(case, DRAWS), TEMPERATURE).logit()
    z = q.sample(noise)
    for i in range(IMAGES):
        for unit in range(LATENT):
            assert agrees(given[i, :, unit], float(case.eta()[i, unit]))
            for value in (0.0, 1.0):
                of_value = z[i, :, unit] == value
                pair = torch.stack([relaxed[i, of_value, unit], given[i, of_value, unit]])
                assert pair.shape[1] > 100
                assert abs(torch.corrcoef(pair)[0, 1]) * pair.shape[1] ** 0.5 < 4.5


def check_given_pullback(case: Case) -> None:
    noise, v = case.noise(), case.normals(IMAGES, SAMPLES, case.width, what="v")
    eta, more = own_eta(case.eta(), SAMPLES), extra(case, SAMPLES)
    given = case.q(eta).relaxed_given(one_by_one(noise), one_by_one(more), TEMPERATURE)
    (slow,) = torch.autograd.grad((given * one_by_one(v)).sum(), eta)
    assert_close(case.q().relaxed_given_pullback(noise, more, TEMPERATURE, v).flatten(0, 1), slow)


@pytest.mark.parametrize("check", [check_limit, check_law, check_pullback])
@pytest.mark.parametrize("case", RELAXED, ids=name)
def test_relaxed_sample(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


@pytest.mark.parametrize("check", [check_given_sample, check_given_law, check_given_pullback])
def test_relaxed_sample_given_the_hard_one(check: Callable[[Case], None]) -> None:
    check(UNITS)


def test_exactly_the_families_of_discrete_units_are_relaxed() -> None:
    for case in CASES:
        assert isinstance(case.q(), RelaxedFamily) == DISTRIBUTIONS[case.name].discrete


class OtherTail(Bernoulli):
    """ζ of −ε: the right law, of another sample."""

    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        return super().relaxed(-noise, temperature)


class NormalForLogistic(Bernoulli):
    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        return torch.sigmoid((self._threshold - noise) / temperature)


class NoTemperature(Categorical):
    def relaxed_pullback(self, noise: Tensor, temperature: float, v: Tensor) -> Tensor:
        return temperature * super().relaxed_pullback(noise, temperature, v)


class IgnoresTheSample(Bernoulli):
    """An independent ζ in place of one given z."""

    def relaxed_given(self, noise: Tensor, extra_noise: Tensor, temperature: float) -> Tensor:
        return self.relaxed(extra_noise, temperature)


class SameSample(Bernoulli):
    """ζ itself: given z, not independent of ζ."""

    def relaxed_given(self, noise: Tensor, extra_noise: Tensor, temperature: float) -> Tensor:
        return self.relaxed(noise, temperature)


class UniformNotRescaled(Bernoulli):
    """|logit v| with the sign that z asks for: exact at p = ½ only."""

    def relaxed_given(self, noise: Tensor, extra_noise: Tensor, temperature: float) -> Tensor:
        size = Bernoulli(torch.zeros_like(self.logits)).relaxed(extra_noise, temperature).logit().abs()
        return torch.sigmoid((2.0 * self.sample(noise) - 1.0) * size)


class UniformHeldFixed(Bernoulli):
    """The derivative with u fixed, though u moves with η where z is given."""

    def relaxed_given_pullback(
        self, noise: Tensor, extra_noise: Tensor, temperature: float, v: Tensor
    ) -> Tensor:
        given = self.relaxed_given(noise, extra_noise, temperature)
        return v * given * (1.0 - given) / temperature


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (check_limit, Case(OtherTail, "bernoulli")),
        (check_law, Case(NormalForLogistic, "bernoulli")),
        (check_pullback, Case(NoTemperature, "categorical")),
        (check_given_sample, Case(IgnoresTheSample, "bernoulli")),
        (check_given_law, Case(SameSample, "bernoulli")),
        (check_given_law, Case(UniformNotRescaled, "bernoulli")),
        (check_given_pullback, Case(UniformHeldFixed, "bernoulli")),
    ],
    ids=name,
)
def test_wrong_relaxation_is_caught(check: Callable[[Case], None], case: Case) -> None:
    with pytest.raises(AssertionError):
        check(case)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", RELAXED, ids=name)
def test_far_relaxed_samples_are_finite(case: Case, dtype: torch.dtype) -> None:
    q = case.family.from_eta((12.0 * case.eta()).to(dtype), **case.options)
    noise = torch.tensor([-8.0, 0.0, 8.0], dtype=dtype).view(1, 3, 1).expand(IMAGES, 3, q.noise)
    values = [q.relaxed(noise, 0.1), q.relaxed_pullback(noise, 0.1, q.sample(noise))]
    if isinstance(q, Bernoulli):
        values += [
            given
            for more in (-noise, noise)
            for given in (
                q.relaxed_given(noise, more, 0.1),
                q.relaxed_given_pullback(noise, more, 0.1, torch.ones_like(noise)),
            )
        ]
    for value in values:
        assert value.dtype == dtype and torch.isfinite(value).all()
