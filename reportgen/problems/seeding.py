"""The generators that a user's own code draws from: torch's, numpy's and Python's, for the whole process."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from reportgen.streams import stream


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's, numpy's and Python's generators begin from the seed, and are put back afterwards."""
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
    """Sets torch's, numpy's and Python's generators, all from these 32 bits; a GPU's where one is in use.

    A hundredth of the time of `torch.manual_seed`, which also leaves word for devices that are not.
    """
    torch.default_generator.manual_seed(word)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(word)
    np.random.seed(word)
    random.seed(word)
