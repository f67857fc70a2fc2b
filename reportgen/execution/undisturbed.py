"""Undoes what a user's code may change in its process when the cell ends: other cells run there too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restores torch's default dtype, matmul precision, determinism and grad mode, and the current folder."""
    import torch

    folder = _folder()
    number, recording = torch.get_default_dtype(), torch.is_grad_enabled()
    precision = torch.get_float32_matmul_precision()
    strict = torch.are_deterministic_algorithms_enabled()
    only_told = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        torch.set_default_dtype(number)
        torch.set_grad_enabled(recording)
        torch.set_float32_matmul_precision(precision)
        torch.use_deterministic_algorithms(strict, warn_only=only_told)
        if folder is not None:
            with suppress(OSError):
                os.chdir(folder)


def _folder() -> str | None:
    """The current folder; None if it was removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None
