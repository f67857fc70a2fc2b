"""Every family against torch.distributions and autograd, and wrong ones that must be caught.

A check is a function of a case; each runs over the whole table, and each has a
wrong family on which it must fail.
"""

from __future__ import annotations

import inspect
import itertools
import math

import pytest
import torch
from torch import Tensor
from torch import distributions as td
from torch.testing import assert_close

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import NotReparameterizableError, UsageError
from reportgen.families import (
    FAMILIES,
    Bernoulli,
    Categorical,
    FixedScaleGaussian,
    FullCovarianceGaussian,
    LowRankGaussian,
    MeanFieldGaussian,
)
from tests.family_cases import CASES, IMAGES, LATENT, SAMPLES, TWINS, Case, name, one_by_one, own_eta

DRAWS = 20_000
SIGMAS = 4.5
"""Beyond it a z-score fails: 1e-5 for each, at a fixed seed."""


def units(case: Case) -> Tensor:
    """All values one discrete unit takes, [values places]."""
    classes = case.known.get("classes")
    return torch.eye(int(classes)).double() if classes else torch.tensor([[0.0], [1.0]]).double()


def elsewhere(case: Case) -> Tensor:
    """Points z [I N d] that are no samples; of discrete families, relaxed ones."""
    z = case.normals(IMAGES, SAMPLES, case.width, what="z")
    if not DISTRIBUTIONS[case.name].discrete:
        return z
    values = units(case)
    if len(values) == 2:
        return z.sigmoid()
    return z.view(IMAGES, SAMPLES, LATENT, -1).softmax(-1).flatten(-2)


def check_density(case: Case) -> None:
    q, noise = case.q(), case.noise()
    z = q.sample(noise)
    assert_close(q.log_density(noise), case.twin_log_density(z))
    assert_close(q.log_density_at(z), case.twin_log_density(z))
    if not DISTRIBUTIONS[case.name].discrete:
        other = elsewhere(case)
        assert_close(q.log_density_at(other), case.twin_log_density(other))


def check_score(case: Case) -> None:
    q, noise = case.q(), case.noise()
    z = q.sample(noise)
    eta = own_eta(case.eta(), SAMPLES)
    (slow,) = torch.autograd.grad(case.twin_log_density(one_by_one(z), eta).sum(), eta)
    assert_close(q.score(noise).flatten(0, 1), slow)
    assert_close(q.score_at(z).flatten(0, 1), slow)
    other = elsewhere(case)
    (slow,) = torch.autograd.grad(case.q(eta).log_density_at(one_by_one(other)).sum(), eta)
    assert_close(q.score_at(other).flatten(0, 1), slow)


def check_gradient_in_z(case: Case) -> None:
    q, noise = case.q(), case.noise()
    z = q.sample(noise).requires_grad_(True)
    (own,) = torch.autograd.grad(q.log_density_at(z).sum(), z)
    if DISTRIBUTIONS[case.name].discrete:  # linear in z: its gradient is the difference of its values
        for place in range(case.width):
            step = torch.zeros(case.width, dtype=torch.float64).index_fill(0, torch.tensor(place), 0.5)
            rise = q.log_density_at(z + step) - q.log_density_at(z - step)
            assert_close(own[..., place], rise)
        return
    (slow,) = torch.autograd.grad(case.twin_log_density(z).sum(), z)
    assert_close(own, slow)
    assert_close(q.log_density_gradient(noise), slow)


def check_pullback(case: Case) -> None:
    q, noise = case.q(), case.noise()
    v = case.normals(IMAGES, SAMPLES, case.width, what="v")
    if not DISTRIBUTIONS[case.name].reparameterizable:
        with pytest.raises(NotReparameterizableError):
            q.pullback(noise, v)
        with pytest.raises(NotReparameterizableError):
            q.log_density_gradient(noise)
        return
    eta = own_eta(case.eta(), SAMPLES)
    z = case.q(eta).sample(one_by_one(noise))
    (slow,) = torch.autograd.grad((z * one_by_one(v)).sum(), eta)
    assert_close(q.pullback(noise, v).flatten(0, 1), slow)


def check_mean(case: Case) -> None:
    eta, v = case.eta().requires_grad_(True), case.normals(IMAGES, SAMPLES, case.width, what="v")
    mean = case.twin(eta).mean.reshape(IMAGES, 1, case.width)
    assert_close(case.q().mean, mean)
    slow = [
        torch.autograd.grad((mean * v[:, n : n + 1]).sum(), eta, retain_graph=True)[0] for n in range(SAMPLES)
    ]
    assert_close(case.q().mean_pullback(v), torch.stack(slow, 1))


def check_divergence(case: Case) -> None:
    eta = case.eta().requires_grad_(True)
    assert_close(case.q().entropy(), case.twin().entropy())
    kl = td.kl_divergence(case.twin(eta), case.prior())
    assert_close(case.q().kl_to_prior(), kl)
    (slow,) = torch.autograd.grad(kl.sum(), eta)
    assert_close(case.q().kl_gradient(), slow)


def check_sampling(case: Case) -> None:
    z = case.q().sample(case.noise(DRAWS))
    assert z.shape == (IMAGES, DRAWS, case.width)
    if DISTRIBUTIONS[case.name].discrete:
        _check_frequencies(case, z)
        return
    twin = case.twin()
    covariance = (
        twin.covariance_matrix if hasattr(twin, "covariance_matrix") else torch.diag_embed(twin.variance)
    )
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    centred = z - twin.mean.unsqueeze(1)
    of_mean = centred.mean(1) / (variance / DRAWS).sqrt()
    product = variance.unsqueeze(-1) * variance.unsqueeze(-2) + covariance**2
    of_covariance = (centred.mT @ centred / DRAWS - covariance) / (product / DRAWS).sqrt()
    assert max(of_mean.abs().max(), of_covariance.abs().max()) < SIGMAS


def _check_frequencies(case: Case, z: Tensor) -> None:
    """Pearson's statistic over every state of all units, as a z-score; rare states make one."""
    values = units(case)
    states = torch.stack([torch.cat(s) for s in itertools.product(values, repeat=LATENT)])
    p = case.twin_log_density(states.expand(IMAGES, -1, -1)).exp()
    assert_close(p.sum(1), torch.ones(IMAGES).double())
    digits = (z.view(IMAGES, DRAWS, LATENT, 1, -1) == values).all(-1).int().argmax(-1)
    which = (digits * len(values) ** torch.arange(LATENT - 1, -1, -1)).sum(-1)
    assert torch.equal(states[which], z)
    for i in range(IMAGES):
        drawn = torch.bincount(which[i], minlength=len(states)).double()
        often = p[i] * DRAWS > 20.0
        expected = torch.cat([p[i][often], p[i][~often].sum(0, keepdim=True)]) * DRAWS
        seen = torch.cat([drawn[often], drawn[~often].sum(0, keepdim=True)])
        filled = expected > 5.0
        pearson = ((seen - expected)[filled] ** 2 / expected[filled]).sum()
        freedom = int(filled.sum()) - 1
        assert abs(pearson - freedom) / math.sqrt(2.0 * freedom) < SIGMAS


CHECKS = {
    "density": check_density,
    "score": check_score,
    "gradient_in_z": check_gradient_in_z,
    "pullback": check_pullback,
    "mean": check_mean,
    "divergence": check_divergence,
    "sampling": check_sampling,
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=name)
def test_family_keeps_its_contract(case: Case, check: str) -> None:
    CHECKS[check](case)


class NoLogOfScale(MeanFieldGaussian):
    def log_density(self, noise: Tensor) -> Tensor:
        return super().log_density(noise) + self.log_scale.sum(-1)


class ScoreInScale(MeanFieldGaussian):
    """∂/∂σ where ∂/∂ log σ is meant."""

    def score(self, noise: Tensor) -> Tensor:
        return torch.cat([noise / self.scale, (noise * noise - 1.0) / self.scale], -1)


class UndetachedSample(MeanFieldGaussian):
    """The total derivative of log q(z(η); η): the sample moves too."""

    def score(self, noise: Tensor) -> Tensor:
        return super().score(noise) + self.pullback(noise, self.log_density_gradient(noise))


class VarianceForScale(FixedScaleGaussian):
    def sample(self, noise: Tensor) -> Tensor:
        return self.mean + self.scale**2 * noise


class UpperFactor(FullCovarianceGaussian):
    """L ε with L transposed."""

    def sample(self, noise: Tensor) -> Tensor:
        return self.mean + noise @ self.factor


class DiagonalNotLog(FullCovarianceGaussian):
    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        rows, columns = self._places
        return torch.cat([v, v * noise, v[..., rows] * noise[..., columns]], -1)


class ScoreOfSampleAndFactorNoise(LowRankGaussian):
    """∇_η log q(z, ε₂; η), of the same mean and of more variance."""

    def score(self, noise: Tensor) -> Tensor:
        first, second = self._halves(noise)
        outer = first.unsqueeze(-1) * second.unsqueeze(-2) / self.scale.unsqueeze(-1)
        return torch.cat([first / self.scale, first * first - 1.0, outer.flatten(-2)], -1)


class GradientOfOwnNoise(LowRankGaussian):
    def log_density_gradient(self, noise: Tensor) -> Tensor:
        return -self._halves(noise)[0] / self.scale


class DivergenceOfDiagonal(LowRankGaussian):
    def kl_to_prior(self) -> Tensor:
        return MeanFieldGaussian(self.mean, self.log_scale).kl_to_prior()


class ReversedUniform(Bernoulli):
    """1[ε > Φ⁻¹(p)]."""

    def sample(self, noise: Tensor) -> Tensor:
        return 1.0 - super().sample(noise)


class SlopelessMean(Bernoulli):
    def mean_pullback(self, v: Tensor) -> Tensor:
        return v * self.mean


class NormalForGumbel(Categorical):
    """A probit, where a logit is meant."""

    def _perturbed(self, noise: Tensor) -> Tensor:
        return self.logits + self._rows(noise)


class DivergenceGradientUncentred(Categorical):
    def kl_gradient(self) -> Tensor:
        return (self.mean * self._log_p.flatten(-2)).squeeze(1)


@pytest.mark.parametrize(
    ("check", "case"),
    [
        ("density", Case(NoLogOfScale, "gaussian")),
        ("score", Case(ScoreInScale, "gaussian")),
        ("score", Case(UndetachedSample, "gaussian")),
        ("sampling", Case(VarianceForScale, "fixed_scale_gaussian", {"scale": 0.7})),
        ("sampling", Case(UpperFactor, "full_covariance_gaussian")),
        ("pullback", Case(DiagonalNotLog, "full_covariance_gaussian")),
        ("score", Case(ScoreOfSampleAndFactorNoise, "low_rank_gaussian")),
        ("gradient_in_z", Case(GradientOfOwnNoise, "low_rank_gaussian")),
        ("divergence", Case(DivergenceOfDiagonal, "low_rank_gaussian")),
        ("sampling", Case(ReversedUniform, "bernoulli")),
        ("mean", Case(SlopelessMean, "bernoulli")),
        ("sampling", Case(NormalForGumbel, "categorical", {"classes": 3})),
        ("divergence", Case(DivergenceGradientUncentred, "categorical", {"classes": 3})),
    ],
    ids=name,
)
def test_wrong_family_is_caught(check: str, case: Case) -> None:
    with pytest.raises(AssertionError):
        CHECKS[check](case)


def test_tables_agree() -> None:
    for where, table in (
        ("DISTRIBUTIONS in reportgen/distributions.py", list(DISTRIBUTIONS)),
        ("TWINS in tests/family_cases.py", list(TWINS)),
    ):
        assert table == list(FAMILIES), f"needs the names of FAMILIES, in their order: {where}"
    for key, family in FAMILIES.items():
        known = DISTRIBUTIONS[key]
        assert family.name == known.name == key
        assert known.title and known.formula and known.spoken and known.source
        options = inspect.signature(family.from_eta).parameters
        assert {k: p.default for k, p in options.items() if k != "eta"} == dict(known.options)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_sizes(case: Case) -> None:
    known, q, noise = DISTRIBUTIONS[case.name], case.q(), case.noise()
    m = known.parameters(LATENT, **case.options)
    assert known.latent(m, **case.options) == LATENT
    assert q.latent == case.width
    assert q.mean.shape == (IMAGES, 1, q.latent)
    assert q.log_density(noise).shape == (IMAGES, SAMPLES)
    assert q.score(noise).shape == (IMAGES, SAMPLES, m)
    assert q.entropy().shape == q.kl_to_prior().shape == (IMAGES,)
    assert q.kl_gradient().shape == (IMAGES, m)


@pytest.mark.parametrize("case", CASES, ids=name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_samples_are_finite_and_keep_their_precision(case: Case, dtype: torch.dtype) -> None:
    eta = (12.0 * case.eta()).to(dtype)
    q = case.family.from_eta(eta, **case.options)
    noise = torch.tensor([-8.0, 0.0, 8.0], dtype=dtype).view(1, 3, 1).expand(IMAGES, 3, q.noise)
    z = q.sample(noise)
    values = [z, q.log_density(noise), q.log_density_at(z), q.score(noise), q.score_at(z)]
    for value in [*values, q.mean, q.mean_pullback(q.mean), q.entropy(), q.kl_to_prior(), q.kl_gradient()]:
        assert value.dtype == dtype and torch.isfinite(value).all()


def test_a_dominant_factor_does_not_cost_precision() -> None:
    """In float32, with U = 3000 σ, where the textbook's yᵀy − ‖Bᵀy‖² is wrong in its first digits."""
    case = Case(LowRankGaussian, "low_rank_gaussian")
    eta = case.eta().float()
    eta[:, LATENT : 2 * LATENT] = 0.0
    eta[:, 2 * LATENT :] *= 3000.0
    noise = case.noise().float()
    exact = case.q(eta.double()).log_density(noise.double())
    assert (case.q(eta).log_density(noise) - exact).abs().max() < 5e-3
    y = noise[..., :LATENT] + noise[..., LATENT:] * eta[:, None, 2 * LATENT :]
    b = eta[:, 2 * LATENT :] / (1.0 + (eta[:, 2 * LATENT :] ** 2).sum(-1, keepdim=True)).sqrt()
    textbook = (y * y).sum(-1) - (y * b.unsqueeze(1)).sum(-1) ** 2
    y, b = y.double(), b.double()
    assert (textbook - (y * y).sum(-1) + (y * b.unsqueeze(1)).sum(-1) ** 2).abs().max() > 0.1


def test_rare_unit_keeps_its_probability() -> None:
    """At p = 1 − 10⁻¹² the threshold still tells 1 − p from nothing."""
    q = Bernoulli.from_eta(torch.tensor([[math.log(1e12)]]))
    z = q.sample(torch.tensor([7.0, 7.1]).view(1, 2, 1))
    assert z.flatten().tolist() == [1.0, 0.0]  # Φ⁻¹(1 − 10⁻¹²) = 7.034


def test_refusal_names_the_remedy() -> None:
    q = Bernoulli.from_eta(torch.zeros(1, 2))
    with pytest.raises(NotReparameterizableError) as refused:
        q.pullback(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2))
    assert str(refused.value) == (
        "pathwise needs a reparameterizable family; bernoulli is not; "
        "use score_function, leave_one_out or gumbel_softmax"
    )


@pytest.mark.parametrize(
    ("name", "numbers", "options", "message"),
    [
        (
            "gaussian",
            5,
            {},
            "gaussian of 3 latent units needs 6 numbers a data point from the encoder",
        ),
        ("full_covariance_gaussian", 8, {}, "of 3 latent units needs 9 numbers"),
        ("low_rank_gaussian", 6, {"rank": 2}, r"low_rank_gaussian \(rank 2\) of 2 latent units needs 8"),
        ("categorical", 7, {"classes": 3}, r"categorical \(classes 3\) of 3 latent units needs 9 numbers"),
    ],
)
def test_eta_of_no_length_of_its_family_is_refused(
    name: str, numbers: int, options: dict[str, int], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        FAMILIES[name].from_eta(torch.zeros(1, numbers), **options)
