"""A model of three bits, small enough to sum over all codes, and the engine's estimates for it."""

from __future__ import annotations

from collections import OrderedDict
from itertools import product

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch, PointsAt
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import Estimator
from reportgen.families import Bernoulli
from reportgen.objectives import Objective
from reportgen.problems.model import LatentModel
from reportgen.problems.prior import UniformCode
from reportgen.streams import stream

IMAGES, BITS = 2, 3
LOG_PRIOR = -BITS * float(torch.tensor(2.0, dtype=torch.float64).log())


def normals(*shape: int, what: str) -> Tensor:
    return torch.from_numpy(stream(0, "discrete", what).standard_normal(shape))


def likelihood(z: Tensor) -> Tensor:
    """log p(x|z), neither linear nor quadratic in any bit, nor a sum over bits; different per data point."""
    shift = torch.arange(z.shape[0], dtype=z.dtype).view(-1, *[1] * (z.dim() - 2))
    return torch.sin(2.0 * z[..., 0] + z[..., 1] + shift) + torch.exp(z[..., 1] * z[..., 2]) - z[..., 2] ** 3


def bits_model() -> LatentModel:
    linear = nn.Linear(4, BITS, dtype=torch.float64)
    linear.weight.data.copy_(0.4 * normals(BITS, 4, what="weight"))
    linear.bias.data.copy_(normals(BITS, what="bias"))
    x = normals(IMAGES, 4, what="x")
    encoder = nn.Sequential(OrderedDict(linear=linear))
    return LatentModel(encoder, x, likelihood, Bernoulli.from_eta, UniformCode())


def log_q(z: Tensor, eta: Tensor) -> Tensor:
    """log q(z), written with probabilities; [.. d] → [..]."""
    p = torch.sigmoid(eta)
    return (z * p.log() + (1.0 - z) * (1.0 - p).log()).sum(-1)


def f_of(objective: Objective, z: Tensor, eta: Tensor) -> Tensor:
    """The integrand from its definition, z [I N d], η [I 1 d] → [I N]."""
    value = likelihood(z)
    return value if objective.integrand.name == "likelihood" else value + LOG_PRIOR - log_q(z, eta)


def every_code() -> Tensor:
    return torch.tensor(list(product((0.0, 1.0), repeat=BITS)), dtype=torch.float64)


def exact_gradient(model: LatentModel, objective: Objective) -> Tensor:
    """∇_η Σ_z q(z; η) f(z; η) by autograd, [I m]."""
    eta = model.encoder(model.x).detach().requires_grad_(True)
    z = every_code().expand(IMAGES, -1, -1)
    wide = eta.unsqueeze(1)
    expectation = (log_q(z, wide).exp() * f_of(objective, z, wide)).sum()
    return torch.autograd.grad(expectation, eta)[0]


def drawn(model: LatentModel, noise: Tensor, auxiliary: Tensor) -> tuple[Frame, Batch]:
    """What the engine makes of noise [I R·K d], for any estimator of any objective."""
    with torch.no_grad():
        q = model.family(model.encoder(model.x))
    gram = Pushforward.of(model.encoder, model.x).grams[0]
    frame = Frame(model, q, gram, PointsAt(model, q, q.mean, True))
    return frame, Batch(model, q, noise, True, auxiliary)


def estimates(
    model: LatentModel,
    objective: Objective,
    estimator: Estimator,
    noise: Tensor,
    auxiliary: Tensor,
    num_samples: int = 1,
) -> Tensor:
    """ĝ_η [I R m] of noise [I R·K d] as the engine has it, at the estimator's own temperature."""
    return estimates_of(drawn(model, noise, auxiliary), objective, estimator, num_samples)


def estimates_of(
    made: tuple[Frame, Batch], objective: Objective, estimator: Estimator, num_samples: int = 1
) -> Tensor:
    """The same from draws made before, which all estimators share."""
    frame, batch = made
    values = IntegrandValues(batch, objective.integrand)
    draws = IntegrandDraws(values, frame, num_samples, further=1, temperature=estimator.temperature)
    evaluate = estimator.evaluate
    assert evaluate is not None
    return evaluate(draws, estimator.fit(draws) if estimator.fit else {})
