"""A step of training compared with the same model in plain PyTorch, and with its bare matrix products.

Run: python -m benchmarks.training. Burda's MNIST network, minibatches of 20 images of synthetic ink, one
thread. All contenders run in turn, several times, so that a machine that slows down affects them all; the
table shows medians. Time is processor time, which excludes that of other programs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.burda import HIDDEN, INK, LATENT, PIXELS
from reportgen.problems.layered_vae import blank
from reportgen.problems.networks import Decoder, centre, initialise
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters
from reportgen.training.subnormal import subnormals_flushed
from reportgen.training.update import update

IMAGES = 20
RATE = 1e-3
REPEATS = 7
SECONDS = 0.5
"""Approximate duration of each repeat of each contender."""
RARE, LONG_AGO = tuple(range(0, PIXELS, 14)), 1e-42
"""Pixels whose weights have a subnormal mean gradient (one in 14, as on MNIST after 13 epochs); its value."""
OURS, PLAIN, LIMIT = "written out", "plain PyTorch", "matrix products (limit)"
ONE_LAYER: dict[str, Any] = {"latent": [LATENT], "hidden": [list(HIDDEN)]}
TWO_LAYERS: dict[str, Any] = {"latent": [100, LATENT], "hidden": [list(HIDDEN), [100, 100]]}


@dataclass(frozen=True)
class Case:
    """One block of the table."""

    title: str
    settings: dict[str, Any]
    objective: str
    num_samples: int
    plain_at_least: float
    """Goal: the plain step should take at least so many times as long as ours."""
    limit_at_most: float = math.inf
    """Goal: our step should take at most so many times as long as the products."""
    rare: tuple[int, ...] = ()
    """Pixels that have not been white for a long time."""

    @property
    def widths(self) -> list[int]:
        return [int(width) for width in self.settings["latent"]]


CASES = (
    Case("one layer, k = 1", ONE_LAYER, "elbo", 1, 2.0),
    Case("the same after some epochs", ONE_LAYER, "elbo", 1, 2.0, rare=RARE),
    Case("one layer, k = 50, IWAE", ONE_LAYER, "iwae", 50, 1.3, 1.5),
    Case("two layers, k = 1", TWO_LAYERS, "elbo", 1, 2.0),
    Case("two layers, k = 50, IWAE", TWO_LAYERS, "iwae", 50, 1.3, 1.5),
)


@dataclass(frozen=True)
class Batch:
    """A minibatch and its noise, the same for all contenders."""

    x: Tensor
    """[n 784]"""
    epsilon: Tensor
    """[n K Σd]"""


def batch(case: Case) -> Batch:
    """Binary images of synthetic ink, and standard normals."""
    noise = stream(0, "benchmark", "training", case.title)
    ink = noise.beta(0.2, 0.2 * (1.0 - INK) / INK, (IMAGES, PIXELS))
    x = (noise.random((IMAGES, PIXELS)) < ink).astype(np.float32)
    x[:, list(case.rare)] = 0.0
    epsilon = noise.standard_normal((IMAGES, case.num_samples, sum(case.widths)), dtype=np.float32)
    return Batch(torch.from_numpy(x), torch.from_numpy(epsilon))


def fresh(case: Case) -> tuple[nn.Module, nn.Module]:
    """The networks as they are before training."""
    encoder, decoder = blank(case.settings, PIXELS)
    initialise(encoder, decoder, 0)
    pixels = decoder.stages[0]
    assert isinstance(pixels, Decoder)
    centre(pixels, np.full(PIXELS, INK))
    return encoder, decoder


class Gaussian(nn.Module):
    """Tanh layers, then a mean and a log σ."""

    def __init__(self, below: int, hidden: list[int], above: int) -> None:
        super().__init__()
        widths = [below, *hidden]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.mean, self.log_scale = nn.Linear(widths[-1], above), nn.Linear(widths[-1], above)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.hidden:
            h = torch.tanh(layer(h))
        return self.mean(h), self.log_scale(h)


class Pixels(nn.Module):
    """Tanh layers, then logits."""

    def __init__(self, above: int, hidden: list[int], below: int) -> None:
        super().__init__()
        widths = [above, *hidden]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.logits = nn.Linear(widths[-1], below)

    def forward(self, h: Tensor) -> Tensor:
        for layer in self.hidden:
            h = torch.tanh(layer(h))
        logits: Tensor = self.logits(h)
        return logits


class Plain(nn.Module):
    """The model as one would write it: modules, log densities and autograd, for torch's own Adam."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        widths = [PIXELS, *case.widths]
        hidden = case.settings["hidden"]
        steps = list(zip(pairwise(widths), hidden, strict=True))
        self.widths, self.objective = case.widths, case.objective
        self.encoder = nn.ModuleList(Gaussian(below, h, above) for (below, above), h in steps)
        self.decoder = Pixels(widths[1], hidden[0][::-1], PIXELS)
        self.priors = nn.ModuleList(Gaussian(above, h[::-1], below) for (below, above), h in steps[1:])

    def forward(self, x: Tensor, epsilon: Tensor) -> Tensor:
        """The negative mean bound."""
        log_w = torch.zeros(())
        below, layers = x, []
        for stage, noise in enumerate(torch.split(epsilon, self.widths, dim=2)):
            mean, log_scale = self.encoder[stage](below)
            if stage == 0:
                mean, log_scale = mean.unsqueeze(1), log_scale.unsqueeze(1)
            below = mean + log_scale.exp() * noise
            layers.append(below)
            log_w = log_w + (0.5 * noise**2 + log_scale).sum(-1)
        for prior, h, above in zip(self.priors, layers, layers[1:], strict=False):
            mean, log_scale = prior(above)
            log_w = log_w - (0.5 * ((h - mean) / log_scale.exp()) ** 2 + log_scale).sum(-1)
        log_w = log_w - 0.5 * (layers[-1] ** 2).sum(-1)
        logits = self.decoder(layers[0])
        target = x.unsqueeze(1).expand_as(logits)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        log_w = log_w - loss.sum(-1)
        if self.objective == "iwae":
            bound: Tensor = log_w.logsumexp(1) - math.log(log_w.shape[1])
        else:
            bound = log_w.mean(1)
        return -bound.mean()


def ours(case: Case, given: Batch) -> Callable[[], None]:
    """The step used in training."""
    parameters = Parameters(*fresh(case))
    gradient = BoundGradient(parameters, case.objective, IMAGES, case.num_samples)
    optimizer = Adam(parameters, RATE)
    weight = parameters.q[0][0].weight
    optimizer.first[: weight.numel()].view_as(weight)[:, list(case.rare)] = LONG_AGO
    step = update(gradient, optimizer)
    bound = torch.empty(IMAGES)

    def run() -> None:
        with torch.no_grad(), subnormals_flushed():
            step(given.x, given.epsilon, bound)

    return run


def plain(case: Case, given: Batch) -> Callable[[], None]:
    """The plain step, from the same weights."""
    model = Plain(case)
    copy_weights(case, model)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=1e-4)

    def run() -> None:
        optimizer.zero_grad()
        model(given.x, given.epsilon).backward()
        optimizer.step()

    run()
    first = model.get_submodule("encoder.0.hidden.0").get_parameter("weight")
    optimizer.state[first]["exp_avg"][:, list(case.rare)] = LONG_AGO
    return run


def copy_weights(case: Case, model: Plain) -> None:
    """Copy the weights of `fresh` into the plain model."""
    encoder, decoder = fresh(case)
    theirs = [*model.encoder, model.decoder, *model.priors]
    for own, other in zip(theirs, [*encoder.children(), *decoder.children()], strict=True):
        own.load_state_dict(other.state_dict())


def products(case: Case, given: Batch) -> Callable[[], None]:
    """Every matrix product of a step and nothing else: forward, ∂ weights, and ∂ inputs except the images."""
    parameters = Parameters(*fresh(case))
    jobs = []
    for side in (parameters.q, parameters.p):
        for stage, network in enumerate(side):
            once = side is parameters.q and stage == 0
            rows = IMAGES if once else IMAGES * case.num_samples
            for position, layer in enumerate(network):
                entered = torch.randn(rows, layer.weight.shape[1])
                out = torch.randn(rows, layer.weight.shape[0])
                below = None if once and position == 0 else torch.empty_like(entered)
                jobs.append((layer, entered, torch.empty_like(out), out, below))

    def run() -> None:
        with torch.no_grad():
            for layer, entered, out, _, _ in jobs:
                torch.addmm(layer.bias, entered, layer.transposed, out=out)
            for layer, entered, _, delta, below in reversed(jobs):
                torch.mm(delta.t(), entered, out=layer.weight_gradient)
                if below is not None:
                    torch.mm(delta, layer.weight, out=below)

    return run


def check_same_numbers(case: Case, given: Batch) -> None:
    """Exit unless the plain model has the same loss and gradient as ours."""
    model = Plain(case)
    copy_weights(case, model)
    loss = model(given.x, given.epsilon)
    loss.backward()
    parameters = Parameters(*fresh(case))
    bound = torch.empty(IMAGES)
    with torch.no_grad():
        BoundGradient(parameters, case.objective, IMAGES, case.num_samples)(given.x, given.epsilon, bound)
        parameters.vector.copy_(parameters.gradient)  # the modules now show the gradient
    theirs = [*model.encoder, model.decoder, *model.priors]
    shown = [part for network in parameters.networks.values() for part in network.children()]
    off = max(
        float((p.grad - g).abs().max() / g.abs().max())
        for own, other in zip(theirs, shown, strict=True)
        for p, g in zip(own.parameters(), other.parameters(), strict=True)
    )
    if not off < 1e-3 or abs(float(loss.detach()) + float(bound.mean())) > 1e-2:
        raise SystemExit(f"{case.title}: the plain step differs from ours by {off:.2%}")


def compare(case: Case) -> dict[str, float]:
    """Microseconds per step for each contender, medians of interleaved repeats."""
    given = batch(case)
    check_same_numbers(case, given)
    field = {OURS: ours(case, given), PLAIN: plain(case, given), LIMIT: products(case, given)}
    steps = {name: max(int(SECONDS / _timed(run, 5)), 1) for name, run in field.items()}
    times: dict[str, list[float]] = {name: [] for name in field}
    for _ in range(REPEATS):
        for name, run in field.items():
            times[name].append(_timed(run, steps[name]) * 1e6)
    return {name: median(taken) for name, taken in times.items()}


def _timed(run: Callable[[], None], steps: int) -> float:
    started = process_time()
    for _ in range(steps):
        run()
    return (process_time() - started) / steps


def goal(case: Case, name: str, ratio: float) -> str:
    """The goal in relation to this contender, and whether it is met."""
    if name == PLAIN:
        met, said = ratio >= case.plain_at_least, f"at least {case.plain_at_least:g}"
    elif name == LIMIT and math.isfinite(case.limit_at_most):
        met, said = 1.0 / ratio <= case.limit_at_most, f"at least {1.0 / case.limit_at_most:.2f}"
    else:
        return ""
    return f"{said}: {'met' if met else 'not met'}"


def main() -> None:
    """Print one table per case."""
    torch.set_num_threads(1)
    print(f"A step of training on Burda's MNIST network, {IMAGES} images, float32, one thread.")
    print(f"Processor time, medians of {REPEATS} interleaved repeats; the same gradient, checked.\n")
    for case in CASES:
        times = compare(case)
        print(f"{case.title:<30}{'µs a step':>12}{'to ours':>10}   goal")
        for name, micro in times.items():
            ratio = micro / times[OURS]
            print(f"  {name:<28}{micro:>12.0f}{ratio:>10.2f}   {goal(case, name, ratio)}")
        print(f"  ours to limit: {times[OURS] / times[LIMIT]:.2f}\n", flush=True)


if __name__ == "__main__":
    main()
