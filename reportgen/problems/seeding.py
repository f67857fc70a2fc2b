"""Seeding the global generators that a user's own code may draw from: torch's, numpy's and Python's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from reportgen.streams import stream


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's, numpy's and Python's generators; restore their states afterwards."""
    before, of_python = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        word = int(stream(seed, "own model").integers(2**32))
        torch.manual_seed(word)
        begin(word)
        try:
            yield
        finally:
            np.random.set_state(before)
            random.setstate(of_python)


def begin(word: int) -> None:
    """Seed torch's, numpy's and Python's generators from these 32 bits, and those of GPUs if in use.

    It takes a hundredth of the time of `torch.manual_seed`, which also prepares devices not in use.
    """
    torch.default_generator.manual_seed(word)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(word)
    np.random.seed(word)
    random.seed(word)
