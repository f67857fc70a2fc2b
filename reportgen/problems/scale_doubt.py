"""Whether an encoder may return log σ² where log σ is expected: would half of it improve the ELBO?

It would if a trained model returns log σ². If −log p(x|z) has curvature h, the ELBO of a latent unit is
log σ − σ²(1 + h)/2, with its optimum at σ² = 1/(1 + h). A q with σ² in place of that σ is too narrow, while
√σ in place of a correct σ is too wide.
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
"""Samples per data point."""


def halved_scale(problem: Problem) -> dict[str, NDArray[np.float64]]:
    """The gain in ELBO from halving every log σ, and its Monte Carlo error: an array of the record, [2].

    In nats, mean over data points, both ELBOs on the same noise. Empty if q is not a mean-field Gaussian,
    or if the likelihood fails at samples of either q.
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
        except Exception:  # a likelihood that fails for z so far out; that must not stop the measurement
            return {}
    return {"halved_scale": torch.stack([gain.mean(), gain.std() / math.sqrt(SAMPLES)]).numpy()}


def _bound(problem: Problem, q: MeanFieldGaussian, noise: Tensor) -> Tensor:
    """An estimate of each data point's ELBO from one sample, [I], with the exact entropy of q."""
    z = q.sample(noise)
    return (problem.log_likelihood(z) + problem.prior.log_density(z)).squeeze(1).double() + q.entropy()
