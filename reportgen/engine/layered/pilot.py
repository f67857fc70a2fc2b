"""Fits the coefficients of estimators that have any, on draws used for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection

import torch
from torch import Tensor

from reportgen.engine.layered.channels import LayeredChannel
from reportgen.engine.layered.surrogates import Sampled
from reportgen.estimators import Coefficients, constant_baseline
from reportgen.problems.layered import LayeredModel

FITS: dict[str, Callable[[Tensor, Tensor], Coefficients]] = {
    "score_function_optimal_constant": lambda f, squared: {
        "baseline": constant_baseline.best_constant(f, squared)
    },
    "moving_average_baseline": lambda f, _: {"start": f.mean(1, keepdim=True)},
}
"""Name in `reportgen.estimators` → coefficients from f and ‖∇_φ log q‖² at pilot samples, each [I N]."""


def fit(channels: Collection[LayeredChannel], model: LayeredModel, noise: Tensor, at_once: int) -> None:
    """Fit the channels on samples made from noise [I N n], `at_once` per data point at a time."""
    for channel in channels:
        if channel.key.estimator not in FITS:
            continue
        seen = [_at(channel, model, part) for part in torch.split(noise, at_once, dim=1)]
        f, squared = (torch.cat(column, 1) for column in zip(*seen, strict=True))
        found = FITS[channel.key.estimator](f.double(), squared.double())
        channel.coefficients = {name: value.to(noise.dtype) for name, value in found.items()}


def _at(channel: LayeredChannel, model: LayeredModel, noise: Tensor) -> tuple[Tensor, Tensor]:
    """f and ‖∇_φ log q‖² at every sample, [I N] each."""
    draws = Sampled(model, noise, 1, False, channel.key.integrand == "likelihood")
    gradients = channel.recorder.gradients(lambda: draws.log_q.squeeze(2), noise.shape[0], 1)
    squared = torch.stack([layer.squared_norms() for layer in gradients.values()]).sum(0)
    return draws.held.squeeze(2), squared
