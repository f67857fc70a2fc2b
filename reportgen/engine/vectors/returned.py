"""Checks what an estimator returns: one estimate per replicate, and the same for the same draws."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from reportgen.errors import UsageError
from reportgen.estimators import Coefficients

FLOATING = (torch.float32, torch.float64)


def estimates(name: str, found: object, wanted: tuple[int, int, int]) -> Tensor:
    """The estimates, one per replicate [I R m], detached. Raises UsageError if they are anything else."""
    required = f"{name}: needs one estimate a replicate, [I R m] = {list(wanted)}"
    if not isinstance(found, Tensor) or found.shape != wanted:
        raise UsageError(
            f"{required}, found {_what(found)}. "
            "Average over the K samples, the third axis, and over no other."
        )
    if found.dtype not in FLOATING or found.device.type != "cpu":
        raise UsageError(
            f"{required} in float32 or float64 on the CPU, found {found.dtype} on {found.device}. Convert it."
        )
    return found.detach()


def coefficients(name: str, found: object) -> Coefficients:
    """What `fit` returned, tensors by name. Raises UsageError if it is anything else."""
    if not isinstance(found, Mapping):
        raise UsageError(
            f"{name}: fit must return a dictionary of tensors, found {_what(found)}. "
            'Return {"baseline": value}, say.'
        )
    for part, value in found.items():
        if not isinstance(value, Tensor):
            raise UsageError(
                f"{name}: fit must return a dictionary of tensors, found {_what(value)} under {part!r}. "
                "Use torch.tensor(value)."
            )
    return found


def require_repeat(name: str, once: Tensor, again: Tensor) -> None:
    """Raise UsageError if the same draws gave different estimates."""
    whole = torch.isfinite(once) & torch.isfinite(again)
    close = torch.finfo(once.dtype).eps ** 0.5 * float(once[whole].abs().max() if whole.any() else 0.0)
    if bool(((once - again)[whole].abs() > close).any()):
        raise UsageError(
            f"{name}: needs the same estimate each time it is given the same draws, found another. "
            "Draw no noise inside: set auxiliary=1, and use draws.auxiliary. Keep nothing between calls."
        )


def _what(found: object) -> str:
    if isinstance(found, Tensor):
        return f"shape {list(found.shape)}"
    return "None" if found is None else f"a {type(found).__name__}"
