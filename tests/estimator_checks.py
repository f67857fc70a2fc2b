"""Checks of an estimator against exact answers, the same for right and for wrong estimators.

An estimator is named by its key in `ESTIMATORS`; a test of a wrong one puts
it there first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.engine.moments import Moments
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.exact import Exact, exact_moments
from reportgen.engine.vectors.points import PointsAt
from reportgen.engine.vectors.source import Source, Wanted
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm
from tests.toys import Toy

Z_BOUND = 4.5
"""Largest |z| allowed, at fixed seeds: two-sided probability 7e-6 per comparison under the null."""
REPLICATES = 40_000


@dataclass(frozen=True)
class Case:
    """An estimator of an objective at a toy."""

    toy: Toy
    objective: str
    estimator: str
    num_samples: int = 1
    antithetic: bool = False

    def __str__(self) -> str:
        mirrored = " antithetic" if self.antithetic else ""
        return f"{self.toy.name}, {self.objective}, {self.estimator} K={self.num_samples}{mirrored}"

    @property
    def gradient(self) -> Tensor:
        """[I m], from the objective alone."""
        theta = ESTIMATORS[self.estimator].parameters == "theta"
        return self.toy.gradient(self.objective, self.num_samples, theta)

    @property
    def _arm(self) -> Arm:
        return Arm(self.objective, self.estimator, "", self.num_samples, antithetic=self.antithetic)

    def channel(self) -> Channel:
        """Its channel, the coefficients fitted."""
        frame, (images, m) = self.frame(), self.toy.eta.shape
        kind = ESTIMATORS[self.estimator]
        channel = Channel(Key.of(self._arm), kind, Moments.empty(images, 1, m))
        if channel.estimator.fit is not None:
            pilot = self.source(0).stream("pilot", Wanted.by([channel], pilot=True)).draw(20_000)
            channel.fit(pilot, frame)
        return channel

    def frame(self) -> Frame:
        problem = self.toy.problem
        q = problem.family(self.toy.eta)
        images, m = self.toy.eta.shape
        gram = torch.eye(m, dtype=torch.float64).expand(images, m, m)
        return Frame(problem, q, gram, PointsAt(problem, q, q.mean, True))

    def source(self, seed: int) -> Source:
        return Source(self.frame(), (OBJECTIVES[self.objective].integrand,), seed, ("toy", 0))

    def exact(self) -> Exact | None:
        return exact_moments(self.channel(), OBJECTIVES[self.objective].integrand, self.frame())

    def drawn(self, replicates: int, seed: int = 1) -> Tensor:
        """[I R m]."""
        channel = self.channel()
        noise = self.source(seed).stream("measure", Wanted.by([channel]))
        return channel.estimate(noise.draw(replicates * self.num_samples), self.frame())


def check_exact_mean(case: Case) -> None:
    """The mean by quadrature over the noise is the gradient of the objective by quadrature."""
    _exact_mean(case, _answer(case))


def check_drawn_mean(case: Case, replicates: int = REPLICATES) -> None:
    """The mean over replicates is the gradient, by z-score in every coordinate."""
    _drawn_mean(case, case.drawn(replicates))


def check_drawn_variance(case: Case, replicates: int = REPLICATES) -> None:
    """The variance over replicates is the exact one, by z-score in every coordinate."""
    _drawn_variance(case, _answer(case), case.drawn(replicates))


def check_exact_and_drawn(case: Case) -> None:
    """All three, of one quadrature and the same replicates."""
    exact, estimates = _answer(case), case.drawn(REPLICATES)
    _exact_mean(case, exact)
    _drawn_mean(case, estimates)
    _drawn_variance(case, exact, estimates)


def _answer(case: Case) -> Exact:
    exact = case.exact()
    assert exact is not None, f"{case}: no exact answer"
    return exact


def _exact_mean(case: Case, exact: Exact) -> None:
    torch.testing.assert_close(exact.mean, case.gradient, rtol=3e-7, atol=3e-8)


def _drawn_mean(case: Case, estimates: Tensor) -> None:
    error = estimates.std(1) / estimates.shape[1] ** 0.5
    away = (estimates.mean(1) - case.gradient).abs()
    assert bool((away <= Z_BOUND * error + 1e-12).all()), f"{case}: z = {(away / error).max():.1f}"


def _drawn_variance(case: Case, exact: Exact, estimates: Tensor) -> None:
    squared = (estimates - exact.mean.unsqueeze(1)) ** 2
    error = squared.std(1) / squared.shape[1] ** 0.5
    away = (squared.mean(1) - exact.covariance.diagonal(dim1=1, dim2=2)).abs()
    assert bool((away <= Z_BOUND * error + 1e-12).all()), f"{case}: z = {(away / error).max():.1f}"
