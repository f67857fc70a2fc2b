"""Every value that the samples of one estimate can take, with its probability.

This serves discrete q, and estimators that depend only on the samples; those
that relax q depend on the noise behind them, and cannot be enumerated.
"""

from __future__ import annotations

import torch

from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.exact.nodes import MOST_NODES, Nodes
from reportgen.engine.vectors.points import PointsAt
from reportgen.families import RelaxedFamily

MOST_NUMBERS = 2**22
"""Most numbers in the largest array, the scores at all samples of all nodes: 32 MiB."""


def codes(channel: Channel, frame: Frame) -> Nodes | None:
    """All K-tuples of codes; None if there are too many, or estimates depend on more than the codes."""
    key, q = channel.key, frame.q
    assert isinstance(q, RelaxedFamily)
    if channel.temperature is not None or channel.estimator.auxiliary or key.antithetic:
        return None
    images, nodes = frame.gram.shape[0], q.code_count**key.num_samples
    if nodes > MOST_NODES or nodes * key.num_samples * images * frame.gram.shape[1] > MOST_NUMBERS:
        return None
    every = q.codes().expand(images, -1, -1)
    single = PointsAt(frame.problem, q, every, channel.estimator.needs_gradient)
    numbers = torch.arange(q.code_count)
    tuples = torch.cartesian_prod(*[numbers] * key.num_samples).reshape(nodes, key.num_samples)
    weight = q.log_density_at(every).double().exp()[:, tuples].prod(2)
    return Nodes(single.taken(tuples.flatten()), weight / weight.sum(1, keepdim=True))
