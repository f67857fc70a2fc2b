"""Any gradient: three estimates of a policy gradient; the policy chooses an arm in each of eight states."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

STATES, FEATURES = 8, 4


def build(arms: int = 6, temperature: float = 0.5) -> dict[str, Callable[[], nn.Module]]:
    """Functions that each return the policy with one estimate of its gradient in its `grad`."""
    rewards = torch.linspace(1, 3, arms)
    policy = nn.Sequential(nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, arms))
    states = torch.randn(STATES, FEATURES)

    def reinforce(baseline: torch.Tensor | float = 0.0) -> nn.Module:
        policy.zero_grad()
        log_p = policy(states).log_softmax(1)
        arm = torch.distributions.Categorical(logits=log_p).sample()
        chosen = log_p.gather(1, arm.unsqueeze(1)).squeeze(1)
        ((rewards[arm] - baseline) * chosen).mean().backward()
        return policy

    def with_baseline() -> nn.Module:
        with torch.no_grad():
            expected = policy(states).softmax(1) @ rewards
        return reinforce(expected)

    def relaxed() -> nn.Module:
        policy.zero_grad()
        soft = functional.gumbel_softmax(policy(states), tau=temperature)
        (soft @ rewards).mean().backward()
        return policy

    return {"reinforce": reinforce, "with baseline": with_baseline, "relaxed": relaxed}
