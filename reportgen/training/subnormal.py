"""Arithmetic without subnormal numbers during training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def subnormals_flushed() -> Iterator[None]:
    """Within this context, the current thread replaces subnormal floats by 0, if the processor can.

    If a pixel is white in only a few images, Adam's mean gradient of its weights decays between them until
    it is subnormal, and stays so, because β₁ times such a number rounds to the number itself. On current
    processors, steps with subnormal numbers take several times as long. Flushing them leaves the weights
    bitwise unchanged, since the updates they cause are far below the weights' last digit. The previous mode
    is restored afterwards.
    """
    before = not bool(torch.tensor(torch.finfo(torch.float32).tiny) / 2.0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
