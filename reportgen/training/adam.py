"""Adam on a single flat vector."""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.training.flat import Flat

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-4
"""Adam's constants by default; ε is that of Burda et al. (2016), section 5."""


class Adam:
    """Moments and step count for one flat vector, on its device. Source: Kingma & Ba (2015)."""

    def __init__(
        self,
        parameters: Flat,
        learning_rate: float,
        beta_1: float = BETA_1,
        beta_2: float = BETA_2,
        epsilon: float = EPSILON,
    ) -> None:
        vector = parameters.vector
        self.parameters = parameters
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.first = torch.zeros_like(vector)
        self.second = torch.zeros_like(vector)
        self.count = torch.zeros((), device=vector.device)
        self._rate: float | Tensor = learning_rate
        if vector.is_cuda:  # so that a recorded step reads the current rate when it is replayed
            self._rate = torch.tensor(learning_rate, dtype=torch.float32, device=vector.device)
        self._learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step; set by a schedule."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value == self._learning_rate:
            return
        self._learning_rate = value
        if isinstance(self._rate, Tensor):
            self._rate.fill_(value)
        else:
            self._rate = value

    @property
    def state(self) -> tuple[Tensor, ...]:
        """Everything that a step changes: parameters, moments, count."""
        return self.parameters.vector, self.first, self.second, self.count

    def step(self) -> None:
        """One update that descends the gradient, by torch's fused kernel without its optimizer's overhead."""
        self.count += 1
        torch._fused_adam_(
            [self.parameters.vector],
            [self.parameters.gradient],
            [self.first],
            [self.second],
            [],
            [self.count],
            lr=self._rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            weight_decay=0.0,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )
