"""An encoder's Jacobian row by row, by backward passes, for parameters of any module."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def jacobian(encoder: nn.Module, row: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """∂η/∂φ at one image [1 …]: [m P_parameter] for each parameter, all from the same m backward passes."""
    with torch.enable_grad():
        eta = encoder(row)
    basis = torch.eye(eta.shape[1], dtype=eta.dtype).unsqueeze(1)
    grads = batched_grad(eta, list(parameters), basis)
    return [real(g).reshape(len(basis), -1) for g in grads]


def batched_grad(eta: Tensor, inputs: list[Tensor], basis: Tensor) -> list[Tensor]:
    """Derivatives of ⟨b, η⟩ in each of the inputs, for every b in `basis` [B I m], as [B …]."""
    if not inputs:
        return []

    def pullback(b: Tensor, batched: bool) -> tuple[Tensor | None, ...]:
        how = {"allow_unused": True} if batched else {"materialize_grads": True}
        return torch.autograd.grad(eta, inputs, b, is_grads_batched=batched, retain_graph=True, **how)

    try:
        found = pullback(basis, batched=True)
    except RuntimeError:  # a backward that torch cannot vectorize
        alone = zip(*(pullback(b, batched=False) for b in basis), strict=True)
        found = tuple(map(torch.stack, alone))
    return [  # detached, because the zeros that torch 2.6 substitutes for a missing gradient require one
        part.new_zeros(len(basis), *part.shape) if delta is None else delta.detach()
        for part, delta in zip(inputs, found, strict=True)
    ]


def coordinates(parameter: Tensor) -> int:
    """The number of real numbers in a parameter; a complex entry counts twice."""
    return parameter.numel() * (2 if parameter.is_complex() else 1)


def real(gradient: Tensor) -> Tensor:
    """The gradient as a dense real tensor; complex entries become pairs of real and imaginary part."""
    whole = gradient.to_dense() if gradient.is_sparse else gradient
    return torch.view_as_real(whole.resolve_conj()) if whole.is_complex() else whole
