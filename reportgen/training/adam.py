"""Adam on one flat vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-4
"""Adam's constants; ε after Burda et al. (2016), section 5."""


class Flat(Protocol):
    """All parameters of some networks in one vector, with a gradient beside it."""

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Their parameters are views of the vector."""

    @property
    def vector(self) -> Tensor:
        """[P]"""

    @property
    def gradient(self) -> Tensor:
        """Of what is minimised, [P]."""


class Adam:
    """Moments and step count of Kingma & Ba (2015) for one flat vector."""

    def __init__(self, parameters: Flat, learning_rate: float) -> None:
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.first = torch.zeros_like(parameters.vector)
        self.second = torch.zeros_like(parameters.vector)
        self.count = torch.zeros(())

    def step(self) -> None:
        """One update, down the gradient."""
        adam(
            [self.parameters.vector],
            [self.parameters.gradient],
            [self.first],
            [self.second],
            [],
            [self.count],
            fused=True,
            amsgrad=False,
            beta1=BETA_1,
            beta2=BETA_2,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
