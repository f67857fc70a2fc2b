"""The benchmark problem: Burda's MNIST network at one image, with fresh weights; the reconstruction term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.networks import Decoder, Encoder, initialised
from reportgen.problems.vae import VAEProblem
from reportgen.streams import stream

PIXELS, HIDDEN, LATENT = 784, (200, 200), 50
INK = 0.13
"""Mean of MNIST's pixels."""
ESTIMATORS = ("score_function", "pathwise")


@dataclass(frozen=True)
class Case:
    """One image, its encoder and decoder, all in float32."""

    encoder: Encoder
    decoder: Decoder
    x: Tensor
    """[1 784], binary"""

    @property
    def problem(self) -> VAEProblem:
        return VAEProblem(self.encoder, self.decoder, self.x)


def case() -> Case:
    """The case, with the same numbers on every call; the decoder's parameters require no gradient."""
    settings: dict[str, Any] = {"hidden": HIDDEN, "latent": LATENT}
    encoder, decoder = initialised(settings, np.full(PIXELS, INK), 0)
    decoder.requires_grad_(False)
    x = (stream(0, "benchmark", "image").random((1, PIXELS)) < INK).astype(np.float32)
    return Case(encoder, decoder, torch.from_numpy(x))


def noise(generator: Generator, samples: int) -> Tensor:
    """ε, [N d], float32; all contenders draw it this way, within the time measured."""
    return torch.from_numpy(generator.standard_normal((samples, LATENT), dtype="float32"))


def cell(estimator: str, budget: float) -> MeasurementCell:
    """A cell with one arm, measured until the budget of draws is spent."""
    return MeasurementCell(
        key="0" * 32,
        training_key="0" * 32,
        setting={},
        base=True,
        checkpoint=0,
        problem={},
        measure={"precision": 1e-9, "budget": budget, "min_replicates": 2000},
        arms=(Arm("reconstruction", estimator, estimator),),
        references={"reconstruction": estimator},
        seed=0,
    )
