"""Peak memory of a measurement with R replicates and with ten times as many, each in a separate process.

Run: python -m benchmarks.memory. Only moments are stored, so the ratio should be 1.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys

import torch

from benchmarks.burda import ESTIMATORS, case, cell
from reportgen.engine import measure
from reportgen.memory import keep_freed_memory

FEWER, MORE = 262_144, 2_621_440
"""Draws at one image; the smaller number is already a full round of batches."""
UNIT = 1 if sys.platform == "darwin" else 1024
"""Unit of the system's figure for resident memory, in bytes."""


def peak(estimator: str, draws: int) -> tuple[int, float]:
    """Replicates measured, and the peak memory of this process, MiB."""
    torch.set_num_threads(1)
    keep_freed_memory()
    record = measure(case().problem, cell(estimator, draws), dataset="noise", images=(0,))
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    return record.arms[0].replicates, held / 2**20


def main() -> None:
    """Print one line per estimator."""
    print("Peak resident memory of one measurement, MiB (Burda's MNIST network, one image).\n")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for estimator in ESTIMATORS:
            (few, small), (many, large) = (pool.apply(peak, (estimator, n)) for n in (FEWER, MORE))
            line = f"{small:.0f} at {few} replicates, {large:.0f} at {many}"
            print(f"{estimator:<16}{line}: {large / small:.2f}x for {many / few:.0f}x", flush=True)


if __name__ == "__main__":
    main()
