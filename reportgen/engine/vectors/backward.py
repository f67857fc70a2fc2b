"""Rows of an encoder's Jacobian by backward passes, for parameters of any module."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def jacobian(encoder: nn.Module, row: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """∂η/∂φ at one image [1 …], [m P_parameter] of each of these parameters; one backward pass serves all."""
    with torch.enable_grad():
        eta = encoder(row)
    basis = torch.eye(eta.shape[1], dtype=eta.dtype).unsqueeze(1)
    grads = batched_grad(eta, list(parameters), basis)
    return [real(g).reshape(len(basis), -1) for g in grads]


def batched_grad(eta: Tensor, inputs: list[Tensor], basis: Tensor) -> list[Tensor]:
    """Derivatives of ⟨b, η⟩ in each of the inputs, for all b of the basis [B I m]: [B …] each."""
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
    return [  # detached: zeros that torch 2.6 puts in place of nothing require a gradient
        part.new_zeros(len(basis), *part.shape) if delta is None else delta.detach()
        for part, delta in zip(inputs, found, strict=True)
    ]


def coordinates(parameter: Tensor) -> int:
    """Real numbers in it: a complex one has two each."""
    return parameter.numel() * (2 if parameter.is_complex() else 1)


def real(gradient: Tensor) -> Tensor:
    """With every number of a sparse gradient, and real and imaginary part of a complex one side by side."""
    whole = gradient.to_dense() if gradient.is_sparse else gradient
    return torch.view_as_real(whole.resolve_conj()) if whole.is_complex() else whole
