"""Converts what a user's own function returned to flat tensors, whichever library its arrays come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.dlpack import from_dlpack

from reportgen.errors import UsageError
from reportgen.usercode import told

WHOLE = "gradient"
"""Name given to a gradient that is not divided into parts."""
DEEPEST = 100
"""Maximum nesting of parts: a list that contains itself would have no end."""
_NUMPY = {2: np.float16, 4: np.float32}
"""Size in bytes → the type to convert to; all other sizes become float64."""


def parts(label: str, returned: object) -> dict[str, Tensor]:
    """The parts of a returned gradient by name: flat copies on the CPU, in their own precision.

    Names of nested parts are joined with a dot, like those of a module's
    parameters. Raises UsageError, which calls the function `label`, if it is not
    a gradient.
    """
    found: dict[str, Tensor] = {}
    for name, part in _leaves(label, returned, ()):
        if name in found:
            raise unfit(label, "two parts of one name", "Call them apart.")
        found[name] = _flat(label, name, part)
    if not sum(part.numel() for part in found.values()):
        raise unfit(label, "nothing")
    return found


def unfit(label: str, found: str, remedy: str = "") -> UsageError:
    """The error that states what a gradient may be, and what was found."""
    return UsageError(
        f"estimators[{label!r}]: must return a gradient: real tensors or arrays, alone, in a sequence or "
        f"under names, or a module with gradients; got {found}. {remedy or 'Return the gradient.'}"
    )


def _leaves(label: str, returned: object, path: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    if len(path) > DEEPEST:
        raise unfit(label, "parts within parts without end", "Leave out what holds itself.")
    if isinstance(returned, nn.Module):
        for name, gradient in _gradients(label, returned):
            yield ".".join((*path, name)), gradient
    elif isinstance(returned, Mapping):
        for key, part in returned.items():
            yield from _leaves(label, part, (*path, str(key)))
    elif isinstance(returned, Sequence) and not isinstance(returned, str):
        for number, part in enumerate(returned):
            yield from _leaves(label, part, (*path, str(number)))
    elif path:
        yield ".".join(path), returned
    elif _is_array(returned):
        yield WHOLE, returned
    elif isinstance(returned, float | int | np.generic):
        raise unfit(label, type(returned).__name__, "Write torch.tensor([…]) around the number.")
    else:
        raise unfit(label, "a function" if callable(returned) else type(returned).__name__)


def _gradients(label: str, module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    learned = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if all(p.grad is None for p in learned.values()):
        raise unfit(label, "a module without gradients", "Call backward() in it, and zero_grad() before.")
    for name, p in learned.items():
        yield name, torch.zeros_like(p) if p.grad is None else p.grad


def _flat(label: str, name: str, part: object) -> Tensor:
    values = _tensor(label, name, part) if _is_array(part) else part
    if not isinstance(values, Tensor) or not values.is_floating_point() or values.is_meta:
        what = f"a {values.dtype} array" if isinstance(values, Tensor | np.ndarray) else type(part).__name__
        remedy = "Use torch.autograd.grad(…, materialize_grads=True)." if part is None else ""
        if isinstance(values, Tensor) and values.is_meta:
            what, remedy = "a tensor without numbers, of the device meta,", "Compute it on the CPU."
        elif isinstance(part, float | int | np.generic):
            remedy = "Write torch.tensor([…]) around the numbers."
        raise unfit(label, f"{what} as {name!r}", remedy)
    dense = values.detach() if values.layout == torch.strided else values.detach().to_dense()
    return dense.to("cpu", copy=True).flatten()


def _is_array(part: object) -> bool:
    if isinstance(part, np.generic):
        return False
    return isinstance(part, Tensor) or hasattr(part, "__dlpack__") or hasattr(part, "__array__")


def _tensor(label: str, name: str, part: object) -> Tensor | np.ndarray:
    """The part as a tensor; an array that holds no floating-point numbers is returned as it is."""
    if isinstance(part, Tensor):
        return part
    try:
        if not isinstance(part, np.ndarray) and hasattr(part, "__dlpack__"):
            # numpy may read what DLPack refuses, or finds on a device that torch does not have.
            with suppress(Exception) if hasattr(part, "__array__") else nullcontext():
                return from_dlpack(part)
        array = np.asarray(part)
    except Exception as error:
        what = f"{type(part).__name__} as {name!r}, which cannot be read ({told(error)})"
        raise unfit(label, what, "Return an array of numpy.") from error
    if array.dtype.kind != "f":
        return array
    return torch.from_numpy(array.astype(_NUMPY.get(array.dtype.itemsize, np.float64), order="C"))
