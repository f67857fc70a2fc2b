"""The 5000-sample bound compared with its bare matrix products, on the networks of Burda et al. (2016).

Run: python -m benchmarks.judging. Both run in turn, several times and on one thread, so that a
machine that slows down affects both; the ratio is of medians. Time is processor time; for
judging it includes everything: noise, densities, the log-sum-exp of four bounds. The products
are those that every sample needs, written into existing memory, at the fastest batch size; the
encoder's first stage, which is evaluated once per image, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from statistics import median
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.burda import HIDDEN, INK, PIXELS
from reportgen.judging.bounds import bounds
from reportgen.judging.networks import Networks, of_problem
from reportgen.judging.noise import ImageNoise
from reportgen.judging.weights import LayeredWeights
from reportgen.memory import keep_freed_memory
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.networks import Decoder, Encoder, centre, initialise
from reportgen.streams import stream

MODELS = {
    1: ((50,), (HIDDEN,)),
    2: ((100, 50), (HIDDEN, (100, 100))),
}
"""Number of stochastic layers → their units, and the hidden layers below each."""
CPU = torch.device("cpu")
SAMPLES, CURVE = 5000, (1, 5, 50, 5000)
IMAGES, REPEATS = 2, 15
BATCHES = (256, 500, 1000, 2500)
TEST_IMAGES = 10_000
AT_MOST = 1.3
"""Goal: judging should take at most so many times as long as the products."""
PRECISION = 1e-4
"""Goal: bounds should be accurate to so many nats."""


def model(layers: int) -> LayeredVAE:
    """A VAE with fresh weights, at two images."""
    widths, hidden = MODELS[layers]
    inputs = (PIXELS, *widths)
    up = [Encoder(a, own, b) for (a, b), own in zip(pairwise(inputs), hidden, strict=True)]
    pixels = Decoder(widths[0], hidden[0][::-1], PIXELS)
    down = [Encoder(b, own[::-1], a) for (a, b), own in zip(pairwise(widths), hidden[1:], strict=True)]
    encoder, decoder = Stages(up), Stages([pixels, *down])
    initialise(encoder, decoder, 0)
    centre(pixels, np.full(PIXELS, INK))
    x = (stream(0, "benchmark", "judged").random((IMAGES, PIXELS)) < INK).astype(np.float32)
    return LayeredVAE(encoder, decoder, torch.from_numpy(x), widths)


def taken(of: LayeredVAE) -> Networks:
    """The model's networks as they are judged."""
    found = of_problem(of, CPU)
    assert found is not None
    return found


def products(of: LayeredVAE, batch: int) -> Callable[[], None]:
    """Computes the matrix products for all samples, and nothing else."""
    networks = [of.decoder, *(getattr(of.encoder, f"layer{n + 1}") for n in range(1, len(of.widths)))]
    layers = [m for network in networks for m in network.modules() if isinstance(m, nn.Linear)]
    shapes: list[tuple[Tensor, Tensor, Tensor]] = [
        (
            torch.ones(batch, layer.in_features),
            layer.weight.detach().T,
            torch.empty(batch, layer.out_features),
        )
        for layer in layers
    ]

    def run() -> None:
        for _ in range(0, IMAGES * SAMPLES, batch):
            for inputs, weight, out in shapes:
                torch.mm(inputs, weight, out=out)

    return run


def seconds(run: Callable[[], object]) -> float:
    """Processor time of one run."""
    started = process_time()
    run()
    return process_time() - started


def error(of: LayeredVAE) -> float:
    """Largest error of an image's bounds, k = 1 and 5000, in nats, relative to `LayeredVAE` in float64."""
    curve = (1, SAMPLES)
    fast = bounds(LayeredWeights(taken(of)), of.x, range(IMAGES), curve, num_samples=SAMPLES, seed=0)
    wide = LayeredVAE(deepcopy(of.encoder).double(), deepcopy(of.decoder).double(), of.x.double(), of.widths)
    drawn = [ImageNoise(of.noise, seed=0, row=row).draw(SAMPLES, torch.float32, CPU) for row in range(IMAGES)]
    with torch.no_grad():
        trace = wide.trace(torch.stack(drawn).double(), True)
        log_weights = trace.log_p - trace.log_q
        slow = torch.stack([log_weights.mean(1), log_weights.logsumexp(1) - math.log(SAMPLES)], dim=1)
    return float(np.abs(fast - slow.numpy()).max())


def main() -> None:
    """Print one block per model."""
    torch.set_num_threads(1)
    keep_freed_memory()
    print(f"Log-likelihood by {SAMPLES} samples an image, MNIST networks, float32, one thread.")
    print(f"Processor time, medians of {REPEATS} interleaved repeats.\n")
    for layers in MODELS:
        of = model(layers)
        judged = LayeredWeights(taken(of))
        rows = range(IMAGES)

        def whole(judged: LayeredWeights = judged, x: Tensor = of.x, rows: range = rows) -> None:
            bounds(judged, x, rows, CURVE, num_samples=SAMPLES, seed=0)

        bare = min((products(of, batch) for batch in BATCHES), key=lambda run: min(map(seconds, [run] * 3)))
        whole()
        times = [(seconds(whole), seconds(bare)) for _ in range(REPEATS)]
        ours, limit = (median(column) / (IMAGES * SAMPLES) * 1e6 for column in zip(*times, strict=True))
        met = "met" if ours / limit <= AT_MOST else "not met"
        off = error(of)
        print(f"{layers} stochastic layer{'' if layers == 1 else 's'} ({'-'.join(map(str, of.widths))})")
        print(f"  judging           {ours:6.2f} µs a sample")
        print(f"  products (limit)  {limit:6.2f}")
        print(f"  ratio             {ours / limit:6.2f}   goal: at most {AT_MOST:g}: {met}")
        accurate = "met" if off < PRECISION else "not met"
        print(f"  off by at most    {off:8.1e} nats an image   goal: below {PRECISION:g}: {accurate}")
        whole_set = ours * TEST_IMAGES * SAMPLES * 1e-6
        print(f"  {TEST_IMAGES} images take {whole_set / 60:.1f} minutes\n", flush=True)


if __name__ == "__main__":
    main()
