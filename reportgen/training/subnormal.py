"""Arithmetic without subnormal numbers, while something trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def subnormals_flushed() -> Iterator[None]:
    """Within, this thread takes numbers nearer to 0 than the smallest normal float for 0.

    Where a pixel is white in few images, the mean gradient that Adam keeps of its weights decays from
    one of them to the next until it is subnormal, and stays so: β₁ times the number rounds to the
    number. A step over such numbers takes processors of today several times as long. The weights are
    the same to the bit without them, since what they are moved by lies far below their last digit.
    A processor that cannot flush them goes on as before. Afterwards they are what they were before.
    """
    before = not bool(torch.tensor(torch.finfo(torch.float32).tiny) / 2.0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
