"""What a user's code may change of its process, put back when the cell ends: others run there too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """torch's default number type, whether it records gradients, its strictness; the current folder."""
    import torch

    folder = os.getcwd()
    number, recording = torch.get_default_dtype(), torch.is_grad_enabled()
    strict = torch.are_deterministic_algorithms_enabled()
    only_told = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        torch.set_default_dtype(number)
        torch.set_grad_enabled(recording)
        torch.use_deterministic_algorithms(strict, warn_only=only_told)
        os.chdir(folder)
