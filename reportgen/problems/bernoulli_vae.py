"""A VAE whose latent units are bits: as the engine measures it, and as it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from reportgen.families import Bernoulli
from reportgen.problems.images import BinaryImages, measured_images
from reportgen.problems.materials import Materials
from reportgen.problems.networks import Decoder, centre, initialise, load_networks
from reportgen.problems.prior import UniformCode
from reportgen.problems.problem import Described
from reportgen.problems.trainable import Trainable
from reportgen.problems.vae import VAEProblem


def blank(settings: Mapping[str, Any], pixels: int) -> dict[str, Decoder]:
    """Encoder and decoder of the declared sizes, all parameters zero; both return logits."""
    hidden, latent = [int(width) for width in settings["hidden"]], int(settings["latent"])
    return {"encoder": Decoder(pixels, hidden, latent), "decoder": Decoder(latent, hidden[::-1], pixels)}


def at(networks: Mapping[str, Decoder], x: Tensor) -> VAEProblem:
    """The model at binary images x [I pixels]."""
    return VAEProblem(networks["encoder"], networks["decoder"], x, Bernoulli.from_eta, UniformCode())


def build(materials: Materials) -> Described:
    """A checkpoint's networks at binarized images of the test part; in float64, which exact values need."""
    dataset = materials.dataset()
    networks = blank(materials.settings, dataset.pixels)
    load_networks(materials.parameters, networks)
    for network in networks.values():
        network.double()
    networks["decoder"].requires_grad_(False)
    rows, pixels = measured_images(dataset, materials.images, materials.seed)
    return Described(at(networks, torch.from_numpy(pixels).double()), dataset.name, rows, dataset.shape)


def trainable(materials: Materials) -> Trainable:
    """Freshly initialised networks, and the images to train and test them on."""
    dataset = materials.dataset()
    networks = blank(materials.settings, dataset.pixels)
    initialise(networks["encoder"], networks["decoder"], materials.seed)
    centre(networks["decoder"], dataset.train.mean(0, dtype="float64"))
    return Trainable(
        dataset.name,
        networks,
        lambda x: at(networks, x),
        BinaryImages(dataset, dataset.train),
        BinaryImages(dataset, dataset.test),
    )
