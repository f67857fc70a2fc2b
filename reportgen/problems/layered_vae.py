"""A VAE with any number of stochastic layers: as the engine measures it, and as it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.problems.images import BinaryImages, measured_images
from reportgen.problems.layered import LayeredVAE, Stages
from reportgen.problems.materials import Materials
from reportgen.problems.networks import Decoder, Encoder, centre, initialise, load_networks
from reportgen.problems.problem import Described
from reportgen.problems.trainable import Trainable

NAMES = ("encoder", "decoder")


def blank(settings: Mapping[str, Any], pixels: int) -> tuple[Stages, Stages]:
    """Encoder and decoder of the declared sizes, all parameters zero; the decoder mirrors the encoder."""
    widths = [pixels, *_widths(settings)]
    upward: list[nn.Module] = []
    downward: list[nn.Module] = []
    for stage, ((below, above), declared) in enumerate(
        zip(pairwise(widths), settings["hidden"], strict=True)
    ):
        hidden = [int(width) for width in declared]
        upward.append(Encoder(below, hidden, above))
        downward.append((Encoder if stage else Decoder)(above, hidden[::-1], below))
    return Stages(upward), Stages(downward)


def at(networks: tuple[Stages, Stages], x: Tensor, settings: Mapping[str, Any]) -> LayeredVAE:
    """The model at binary images x [I pixels]."""
    return LayeredVAE(*networks, x, _widths(settings))


def build(materials: Materials) -> Described:
    """A checkpoint's networks at binarized images of the test part."""
    dataset = materials.dataset()
    networks = blank(materials.settings, dataset.pixels)
    load_networks(materials.parameters, dict(zip(NAMES, networks, strict=True)))
    rows, pixels = measured_images(dataset, materials.images, materials.seed)
    return Described(
        at(networks, torch.from_numpy(pixels), materials.settings), dataset.name, rows, dataset.shape
    )


def trainable(materials: Materials) -> Trainable:
    """Freshly initialised networks, and the images to train and test them on."""
    dataset = materials.dataset()
    networks = blank(materials.settings, dataset.pixels)
    initialise(*networks, materials.seed)
    pixels = networks[1].stages[0]
    assert isinstance(pixels, Decoder)
    centre(pixels, dataset.train.mean(0, dtype="float64"))
    return Trainable(
        dataset.name,
        dict(zip(NAMES, networks, strict=True)),
        lambda x: at(networks, x, materials.settings),
        BinaryImages(dataset, dataset.train),
        BinaryImages(dataset, dataset.test),
    )


def _widths(settings: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(width) for width in settings["latent"])
