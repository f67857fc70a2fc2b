"""Nodes of Gauss–Hermite rules over all the noise of one estimate.

This serves estimators that take a few standard normals, and are smooth functions
of them. Source: Golub & Welsch (1969).
"""

from __future__ import annotations

import torch
from scipy.special import roots_hermitenorm
from torch import Tensor

from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.exact.nodes import MOST_NODES, Nodes
from reportgen.engine.vectors.points import Batch

ORDERS = (5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 450, 640, 900, 1280)
"""Numbers of nodes in each direction, tried in turn; five are exact for polynomials up to degree nine."""


def rule(order: int, channel: Channel, frame: Frame) -> Nodes | None:
    """The rule with `order` nodes in each direction; None if these are too many. Requires float64."""
    estimator, key = channel.estimator, channel.key
    independent = key.num_samples // 2 if key.antithetic else key.num_samples
    own, further = frame.q.noise, frame.q.noise * estimator.auxiliary
    signs = own * estimator.signs
    smooth = [True] * independent * own + ([True] * (further - signs) + [False] * signs) * key.num_samples
    if order ** sum(smooth) * 2 ** (len(smooth) - sum(smooth)) > MOST_NODES:
        return None
    images = frame.gram.shape[0]
    grid, weight = _product_rule(order, smooth)
    noise = grid[:, : independent * own].reshape(-1, independent, own)
    if key.antithetic:
        noise = torch.stack([noise, -noise], 2).flatten(1, 2)
    noise = noise.reshape(-1, own).expand(images, -1, -1)
    rest = grid[:, independent * own :].reshape(-1, further).expand(images, -1, -1) if further else None
    batch = Batch(frame.problem, frame.q, noise, estimator.needs_gradient, rest)
    return Nodes(batch, weight.expand(images, -1))


def _product_rule(order: int, smooth: list[bool]) -> tuple[Tensor, Tensor]:
    """Nodes [n dimensions] and weights [n]; in a direction that is not smooth, only the two nodes ±1."""
    nodes, weights = (torch.from_numpy(part) for part in roots_hermitenorm(order))
    sides, halves = torch.tensor([-1.0, 1.0]).double(), torch.tensor([0.5, 0.5]).double()
    grid = torch.cartesian_prod(*[nodes if own else sides for own in smooth])
    weight = torch.cartesian_prod(*[weights / weights.sum() if own else halves for own in smooth])
    return grid.reshape(-1, len(smooth)), weight.reshape(-1, len(smooth)).prod(1)
