"""Checks that the engine can measure a user's own problem, with an error message for each way it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import CellError, ReportgenError, UsageError
from reportgen.families import Family
from reportgen.problems.own_model import OwnProblem, of_logits, shape_of
from reportgen.problems.problem import Problem

SAMPLES = 3
"""Number of points at which the likelihood is tried."""
TELLING = 64
"""Fewer outputs than this may all happen to lie in [0, 1], even if they are logits."""
CONVERSIONS = {torch.float32: ".float()", torch.float64: ".double()"}


def check(problem: Problem, family: str | None = None, *, standard_prior: bool = False) -> None:
    """Raise CellError if the parts do not fit; runs the encoder and the decoder a few times.

    `family` is the declared one, or None for any; `standard_prior` requires the
    prior to be the one for which the KL is known in closed form.
    """
    problem.encoder.eval()
    _check_device(problem)
    eta = _eta(problem)
    q = _family(problem, eta)
    if family is not None and q.name != family:
        raise CellError(
            f"family: must be {family}, as declared, the model has {q.name}. Declare `family: {q.name}`."
        )
    _check_alone(problem, eta)
    _check_likelihood(problem, q, eta)
    if standard_prior:
        _check_prior(problem, q)


@contextmanager
def applying(part: str, module: object, name: str, value: Tensor) -> Iterator[None]:
    """Add to an exception a note of which part of the model raised it, and on what input.

    If the cause is the data type of that part's parameters, raise CellError instead.
    """
    try:
        yield
    except ReportgenError:
        raise
    except Exception as error:
        others = _other_types(module, value.dtype)
        if others and "type" in str(error):  # a module may convert its input, and fail for another reason
            raise CellError(
                f"{part}: needs parameters of the number type of {name}, {value.dtype}, found "
                f"{' and '.join(others)}. Call {CONVERSIONS[value.dtype]} on it, or give both modules and x "
                "the same type."
            ) from error
        error.add_note(f"{part}, given {name} of {shape_of(value)} in {value.dtype}")
        raise


def _check_device(problem: Problem) -> None:
    """Everything must be on the CPU, where gradients are measured."""
    for part in ("x", "encoder", "decoder"):
        held = getattr(problem, part, None)
        tensors = [held] if isinstance(held, Tensor) else []
        if isinstance(held, nn.Module):
            tensors = [*held.parameters(), *held.buffers()]
        elsewhere = sorted({str(one.device) for one in tensors if one.device.type != "cpu"})
        if elsewhere:
            raise CellError(
                f"{part}: must be on the CPU, where gradients are measured, found {' and '.join(elsewhere)}. "
                "Call .cpu() on it."
            )


def _other_types(module: object, wanted: torch.dtype) -> list[str]:
    """Floating types of a module's parameters and buffers other than `wanted`; empty if it is no module."""
    if not isinstance(module, nn.Module) or wanted not in CONVERSIONS:
        return []
    held = {tensor.dtype for tensor in (*module.parameters(), *module.buffers())}
    return sorted(str(one) for one in held if one.is_floating_point and one != wanted)


def _eta(problem: Problem) -> Tensor:
    with torch.no_grad(), applying("encoder", problem.encoder, "x", problem.x):
        eta = problem.encoder(problem.x)
        again = problem.encoder(problem.x)
    images = problem.x.shape[0]
    if not isinstance(eta, Tensor) or eta.dim() != 2 or eta.shape[0] != images:
        remedy = "Flatten all but the first axis."
        if not isinstance(eta, Tensor):
            remedy = (
                "Return one tensor, for gaussian torch.cat([mean, log_scale], 1); half of a log variance is "
                "a log scale."
            )
        raise CellError(
            f"encoder: needs η of shape [I m] = [{images} m], one row a data point, found {shape_of(eta)}. "
            f"{remedy}"
        )
    if eta.dtype not in (torch.float32, torch.float64):
        raise CellError(f"encoder: needs η in float32 or float64, found {eta.dtype}. Convert it.")
    if not bool(torch.isfinite(eta).all()):
        raise CellError(
            "encoder: needs a finite η at every data point, found inf or nan. Look at x, and at its weights."
        )
    if not torch.equal(eta, again):
        raise CellError(
            "encoder: needs the same η each time, found another for the same data. "
            "Remove its own noise: dropout that stays on in evaluation mode, or samples drawn inside."
        )
    if not any(p.requires_grad for p in problem.encoder.parameters()):
        raise CellError(
            "encoder: needs at least one parameter that requires a gradient, found none. "
            "Call requires_grad_()."
        )
    _check_gradient(problem)
    return eta


def _check_gradient(problem: Problem) -> None:
    learned = [p for p in problem.encoder.parameters() if p.requires_grad]
    with torch.enable_grad():
        eta = problem.encoder(problem.x)
        if not eta.requires_grad:
            raise CellError(
                "encoder: needs an η that is differentiable in its parameters, found none that is. "
                "Remove detach and no_grad from its forward."
            )
        try:
            found = torch.autograd.grad(eta.sum(), learned, allow_unused=True)
        except RuntimeError as error:
            raise no_backward("encoder", "an η that is differentiable in its parameters", error) from error
    numbers = [one.coalesce().values() if one.is_sparse else one for one in found if one is not None]
    if not all(bool(torch.isfinite(one).all()) for one in numbers):
        raise CellError(
            "encoder: needs a finite ∂η/∂φ at every data point, found inf or nan. Look at its weights, and "
            "at roots, logarithms and quotients of zero."
        )


def no_backward(part: str, wanted: str, error: Exception) -> CellError:
    """The error for a backward pass that torch refuses: torch's message, and the usual cause."""
    found = str(error).partition("\n")[0].partition(": [")[0].partition(". ")[0].rstrip(".")
    return CellError(
        f"{part}: needs {wanted}, found: {found}. "
        "Remove operations that write into a tensor (x += 1, relu_, inplace=True)."
    )


def _family(problem: Problem, eta: Tensor) -> Family:
    try:
        return problem.family(eta)
    except UsageError as error:
        raise CellError(f"encoder: {error}") from error


def _check_alone(problem: Problem, eta: Tensor) -> None:
    """η of a data point must not depend on the others: it must be the same for a part of the batch."""
    images = len(eta)
    close = torch.finfo(eta.dtype).eps ** 0.5 * float(eta.abs().max())
    parts = [slice(0, images // 2), slice(images // 2, images)] if images > 1 else [slice(0, 1)]
    for part in parts:
        own = _attempt(problem, part)
        if own is None or own.shape != eta[part].shape or float((own - eta[part]).abs().max()) > close:
            raise CellError(
                "encoder: needs η of a data point to depend on that point alone, found another η when fewer "
                "are given together. Use layers that do not mix data points (LayerNorm or GroupNorm for a "
                "BatchNorm without running statistics)."
            )


def _attempt(problem: Problem, part: slice) -> Tensor | None:
    """η of some of the data points; None if the encoder, which accepts all of them, fails on these."""
    try:
        with torch.no_grad():
            eta: Tensor = problem.encoder(problem.x[part])
            return eta
    except Exception:
        return None


def _check_likelihood(problem: Problem, q: Family, eta: Tensor) -> None:
    points = q.mean.expand(-1, SAMPLES, -1).contiguous()
    points = points + torch.arange(SAMPLES, dtype=eta.dtype).view(1, -1, 1) / SAMPLES
    with torch.no_grad(), applying("decoder", getattr(problem, "decoder", None), "z", points):
        value = problem.log_likelihood(points)
        first = problem.log_likelihood(points[:, :1].contiguous())
    wanted = points.shape[:2]
    if not isinstance(value, Tensor) or value.shape != wanted:
        raise CellError(
            f"log_likelihood: needs shape [I N] = [{wanted[0]} {wanted[1]}], one number a data point and "
            f"sample, found {shape_of(value)}. Sum over the axes of one data point, and over no other."
        )
    if value.dtype != eta.dtype:
        raise CellError(
            f"likelihood: needs the encoder's number type, {eta.dtype}, found {value.dtype}. "
            "Give both modules and x the same type."
        )
    if not bool(torch.isfinite(value).any()):
        raise CellError(
            f"likelihood: needs a finite log p(x|z), found {float(value[0, 0])} at the mean of q "
            "and near it, at every data point. Look at the decoder's output there, and at x."
        )
    if isinstance(problem, OwnProblem) and problem.likelihood is of_logits:
        _check_logits(problem, points)
    close = torch.finfo(eta.dtype).eps ** 0.5 * float(value.abs().max())
    if bool(torch.isfinite(value).all()) and float((first - value[:, :1]).abs().max()) > close:
        raise CellError(
            "decoder: needs log p(x|z) of a sample to depend on that sample alone, found another value when "
            "fewer are given together. Remove layers that mix samples, noise of its own, and operations that "
            "write into z."
        )


def _check_logits(problem: OwnProblem, z: Tensor) -> None:
    """The decoder's output must not look like a sigmoid's: all between 0 and 1, and not constant."""
    with torch.no_grad():
        out = problem.decoder(z.flatten(0, 1))
    low, high = out.aminmax()
    if out.numel() >= TELLING and low >= 0 and high <= 1 and low < high:
        raise CellError(
            "decoder: needs logits for the bernoulli likelihood, found numbers between 0 and 1 alone, as a "
            "sigmoid gives. Leave its sigmoid out, or give a likelihood of your own."
        )


def _check_prior(problem: Problem, q: Family) -> None:
    """∇ log p(z) must be that of N(0, I), or of equally likely codes for a discrete q."""
    z = q.mean + torch.arange(SAMPLES, dtype=q.mean.dtype).view(1, -1, 1)
    expected = torch.zeros_like(z) if DISTRIBUTIONS[q.name].discrete else -z
    if not torch.allclose(problem.prior.gradient(z), expected):
        usual = "uniform" if DISTRIBUTIONS[q.name].discrete else "standard_normal"
        raise CellError(
            f"prior: needs to be {usual} for elbo_analytic_kl, whose KL is known in closed form, found "
            "another. Measure elbo instead."
        )
