"""The networks that are judged: those of a Gaussian VAE with one or more stochastic layers.

This is the only file of the package that depends on how such models are built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.datasets import Dataset
from reportgen.errors import CellError
from reportgen.families import Family, FullCovarianceGaussian, LowRankGaussian, MeanFieldGaussian
from reportgen.judging.chain import Chain
from reportgen.problems import BUILDERS, Materials
from reportgen.problems.layered import LayeredVAE
from reportgen.problems.networks import Decoder, Encoder
from reportgen.problems.vae import VAEProblem

GAUSSIANS = {MeanFieldGaussian.name, FullCovarianceGaussian.name, LowRankGaussian.name}


@dataclass(frozen=True)
class Networks:
    """A Gaussian VAE for evaluation, with stochastic layers h_1, …, h_L, of which h_1 is next to x."""

    encode: Callable[[Tensor], Family]
    """Images [n pixels] → q(h_1|x)."""
    upward: tuple[Chain, ...]
    """h_l [n d_l] → (mean, log σ) of q(h_{l+1}|h_l), for l = 1 … L − 1."""
    downward: tuple[Chain, ...]
    """h_{l+1} → (mean, log σ) of p(h_l|h_{l+1}), for l = 1 … L − 1."""
    pixels: Chain
    """h_1 → logits of the Bernoulli pixels."""
    widths: tuple[int, ...]
    """d_l, the units of each stochastic layer."""
    noise: tuple[int, ...]
    """Number of standard normals from which a sample of each layer is made."""

    @property
    def dtype(self) -> torch.dtype:
        """Data type of all parameters."""
        return self.pixels.head.dtype


def networks(
    settings: Mapping[str, Any],
    parameters: Mapping[str, Tensor],
    dataset: Dataset,
    seed: int,
    device: torch.device,
) -> Networks:
    """The networks of a checkpoint; `settings` is the resolved `problem` section.

    Raises CellError for a model that is not a Gaussian VAE with Bernoulli pixels.
    """
    model = str(settings["model"])
    materials = Materials(settings, seed, images=1, dataset=lambda: dataset, parameters=parameters)
    found = of_problem(BUILDERS[model](materials).problem, device)
    if found is None:
        raise CellError(
            f"judge: needs a VAE with Gaussian layers and Bernoulli pixels, got problem.model {model}. "
            "Leave the section out, or use model: vae."
        )
    return found


def of_problem(problem: object, device: torch.device) -> Networks | None:
    """The networks of a problem, moved to a device; None if it is another kind of model."""
    if isinstance(problem, LayeredVAE):
        widths = problem.widths
        upward, downward = list(problem.encoder.stages), list(problem.decoder.stages)
        of_eta: Callable[[Tensor], Family] = MeanFieldGaussian.from_eta
        first_noise = widths[0]
    elif isinstance(problem, VAEProblem):
        with torch.no_grad():
            q = problem.family(problem.encoder(problem.x[:1]))
        if q.name not in GAUSSIANS:
            return None
        upward, downward, widths, first_noise = [problem.encoder], [problem.decoder], (q.latent,), q.noise
        of_eta = problem.of_eta
    else:
        return None
    if not isinstance(downward[0], Decoder) or not all(
        isinstance(stage, Encoder) for stage in (*upward[1:], *downward[1:])
    ):
        return None
    encoder = upward[0].to(device)
    return Networks(
        lambda x: of_eta(encoder(x)),
        tuple(_chain(stage, device) for stage in upward[1:]),
        tuple(_chain(stage, device) for stage in downward[1:]),
        _chain(downward[0], device),
        widths,
        (first_noise, *widths[1:]),
    )


def _chain(network: nn.Module, device: torch.device) -> Chain:
    assert isinstance(network, Encoder | Decoder)
    network.to(device)
    heads = [network.logits] if isinstance(network, Decoder) else [network.mean, network.log_scale]
    return Chain([layer for layer in network.hidden if isinstance(layer, nn.Linear)], heads)
