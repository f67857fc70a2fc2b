"""Whether what an encoder gives for log σ may be log σ²: would q be better off with half of it?

Of a trained model with σ² where σ is meant it would. The ELBO of a latent unit is log σ − σ²(1 + h)/2 where
−log p(x|z) has curvature h, so at its optimum σ² = 1/(1 + h): σ² in the place of that σ is too narrow, and
√σ, if σ was right, too wide.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.families import MeanFieldGaussian
from reportgen.problems.problem import Problem
from reportgen.streams import stream

SAMPLES = 64
"""A data point."""


def halved_scale(problem: Problem) -> dict[str, NDArray[np.float64]]:
    """What half of every log σ would add to the ELBO, and its Monte Carlo error: an array of the record, [2].

    Mean over data points, nats; both ELBOs on the same noise. None of a q that has no log σ of its own,
    nor where samples of the other q cannot be evaluated.
    """
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
        if not isinstance(q, MeanFieldGaussian):
            return {}
        wider = replace(q, log_scale=q.log_scale / 2.0)
        noise = stream(0, "halved scale").standard_normal((SAMPLES, *q.mean.shape))
        rows = torch.from_numpy(noise).to(q.mean.dtype)
        try:
            gain = torch.stack([(_bound(problem, wider, e) - _bound(problem, q, e)).mean() for e in rows])
        except Exception:  # of a likelihood that takes no z so far out: a doubt stops no measurement
            return {}
    return {"halved_scale": torch.stack([gain.mean(), gain.std() / math.sqrt(SAMPLES)]).numpy()}


def _bound(problem: Problem, q: MeanFieldGaussian, noise: Tensor) -> Tensor:
    """One sample's estimate of every data point's ELBO, [I], the entropy of q exact."""
    z = q.sample(noise)
    return (problem.log_likelihood(z) + problem.prior.log_density(z)).squeeze(1).double() + q.entropy()
