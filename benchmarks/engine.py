"""The engine and other libraries compared: the variances of all coordinates on Burda's MNIST network.

Run: python -m benchmarks.engine. All contenders run in turn, several times and on
one thread, so that a machine that slows down affects them all; the table shows
medians. Time is processor time, which excludes that of other programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time

import torch
from torch import Tensor

from benchmarks.burda import ESTIMATORS, Case, case, cell, noise
from benchmarks.peers import Peer, backpack_sum_grad_squared, decoder_products, single_backwards, vmap_of_grad
from reportgen.engine import measure
from reportgen.engine.moments import Moments
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS as TABLE
from reportgen.families import MeanFieldGaussian
from reportgen.objectives import OBJECTIVES
from reportgen.streams import stream

BUDGET = 1.05e6
"""Draws of one measurement: as many as for an image in an experiment, so that fixed costs weigh the same."""
REPEATS = 3
SAME_DRAWS = 1024
ENGINE = "this engine"
BACKPACK, VMAP, LOOP = "BackPACK SumGradSquared", "torch.func vmap(grad)", "loop of single backwards"
LIMIT = "decoder's products (limit)"
AT_LEAST = {BACKPACK: 3.0, VMAP: 80.0}
"""Goals: these should take at least so many times as long as the engine."""
AT_MOST = {LIMIT: 2.0}
"""Goals: the engine should take at most so many times as long as this."""


@dataclass(frozen=True)
class Contender:
    """A way to compute the variances, and the number of samples on which it is timed."""

    name: str
    peer: Peer
    samples: int


def contenders(ready: Case, estimator: str) -> list[Contender]:
    """The peers and the limit, each at the fastest of a few batch sizes if it is batched."""

    def fastest(make: Callable[[int], Peer], batches: tuple[int, ...], samples: int) -> Peer:
        def cost(batch: int) -> float:
            return min(_timed(make(batch), ready, estimator, samples)[0] for _ in range(2))

        return make(min(batches, key=cost))

    return [
        Contender(LOOP, single_backwards, 1024),
        Contender(VMAP, fastest(vmap_of_grad, (16, 64, 256), 512), 1024),
        Contender(BACKPACK, fastest(backpack_sum_grad_squared, (256, 1024, 4096), 8192), 32768),
        Contender(LIMIT, fastest(decoder_products, (256, 1024, 4096), 16384), 131072),
    ]


def _timed(peer: Peer, ready: Case, estimator: str, samples: int, repeat: int = 0) -> tuple[float, Tensor]:
    generator = stream(0, "benchmark", "draws", repeat)
    started = process_time()
    variances = peer(ready, estimator, samples, generator)
    return process_time() - started, variances


def engine_on_same_draws(ready: Case, estimator: str) -> Tensor:
    """Sample variances of all coordinates, [P], by the engine's components on the draws of repeat 0."""
    pushforward = Pushforward.of(ready.encoder, ready.x)
    with torch.no_grad():
        q = MeanFieldGaussian.from_eta(ready.encoder(ready.x))
    epsilon = noise(stream(0, "benchmark", "draws", 0), SAME_DRAWS).unsqueeze(0)
    integrand = OBJECTIVES["reconstruction"].integrand
    values = IntegrandValues(Batch(ready.problem, q, epsilon, True), integrand)
    draws = IntegrandDraws(values, Frame(ready.problem, q, pushforward.grams[0].float(), None), 1, 0.0)
    moments = Moments.empty(1, 1, pushforward.grams.shape[-1])
    evaluate = TABLE[estimator].evaluate
    assert evaluate is not None
    moments.update(0, evaluate(draws, {}).detach())
    covariance = moments.scatter[:, 0] / (SAME_DRAWS - 1)
    return torch.cat(
        [one for block in pushforward.blocks for one in block.coordinate_variances([covariance])]
    )


def check_same_draws(ready: Case, estimator: str, peers: list[Contender]) -> None:
    """Exit unless peers' variances of live coordinates are within 1 % of the engine's on the same draws."""
    ours = engine_on_same_draws(ready, estimator)
    live = ours > 0
    for contender in peers:
        _, theirs = _timed(contender.peer, ready, estimator, SAME_DRAWS)
        if theirs.shape != ours.shape:
            raise SystemExit(f"{contender.name}: {len(theirs)} coordinates, the engine has {len(ours)}")
        off = float(((theirs - ours).abs()[live] / ours[live]).max())
        if not off < 0.01:
            raise SystemExit(f"{contender.name}, {estimator}: off by {off:.2%} on the same draws")


def compare(ready: Case, estimator: str) -> dict[str, float]:
    """Microseconds per sample for each contender, medians of interleaved repeats."""
    field = contenders(ready, estimator)
    peers = [contender for contender in field if contender.name != LIMIT]
    check_same_draws(ready, estimator, peers)
    times: dict[str, list[float]] = {name: [] for name in (ENGINE, *(c.name for c in field))}
    for repeat in range(1, REPEATS + 1):
        started = process_time()
        record = measure(ready.problem, cell(estimator, BUDGET), dataset="noise", images=(0,))
        times[ENGINE].append((process_time() - started) / record.draws_per_image * 1e6)
        total = float(record.arrays["variance"][0, 0, 0])
        for contender in field:
            seconds, variances = _timed(contender.peer, ready, estimator, contender.samples, repeat)
            times[contender.name].append(seconds / contender.samples * 1e6)
            ratio = float(variances.sum()) / total
            if contender in peers and not 0.9 < ratio < 1.1:
                raise SystemExit(f"{contender.name}, {estimator}: total variance {ratio:.3f} of the engine's")
    return {name: median(taken) for name, taken in times.items()}


def goal(name: str, micro: float, engine: float) -> str:
    """The goal in relation to this contender, and whether it is met."""
    if name in AT_LEAST:
        met, said = micro / engine >= AT_LEAST[name], f"at least {AT_LEAST[name]:g}"
    elif name in AT_MOST:
        met, said = engine / micro <= AT_MOST[name], f"at least {1 / AT_MOST[name]:g}"
    else:
        return ""
    return f"{said}: {'met' if met else 'not met'}"


def main() -> None:
    """Print one table per estimator."""
    torch.set_num_threads(1)
    ready = case()
    size = sum(p.numel() for p in ready.encoder.parameters())
    print(
        "Burda's MNIST network (784-200-200-50, tanh), one image, reconstruction term, float32, one thread."
    )
    print(f"Variances of all {size} coordinates of the encoder's gradient.")
    print(f"Processor time, medians of {REPEATS} interleaved repeats; peers at their fastest batch size,")
    print("checked to give the same variances on the same draws.")
    print(f"The engine's time is a whole measurement of {BUDGET:.3g} draws, its fixed costs included.\n")
    for estimator in ESTIMATORS:
        times = compare(ready, estimator)
        engine = times[ENGINE]
        print(f"{estimator:<30}{'µs a sample':>12}{'to the engine':>15}   goal")
        for name, micro in times.items():
            print(f"  {name:<28}{micro:>12.2f}{micro / engine:>15.2f}   {goal(name, micro, engine)}")
        print(f"  engine to limit: {engine / times[LIMIT]:.2f}\n", flush=True)


if __name__ == "__main__":
    main()
