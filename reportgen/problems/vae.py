"""A Gaussian VAE with Bernoulli pixels: as the engine measures it, and as it is trained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from reportgen.families import Family, MeanFieldGaussian
from reportgen.problems.bernoulli import bernoulli_log_likelihood, log_likelihood_of_layer
from reportgen.problems.covariance import gaussian_of
from reportgen.problems.decoder_model import DecoderModel
from reportgen.problems.images import BinaryImages, measured_images
from reportgen.problems.layered import LayeredModel, LayeredVAE, Stages
from reportgen.problems.materials import Materials
from reportgen.problems.networks import Decoder, initialised, restored
from reportgen.problems.prior import Prior, StandardNormal
from reportgen.problems.problem import Described, Generative
from reportgen.problems.trainable import Trainable


@dataclass(frozen=True)
class VAEProblem:
    """A VAE, trained or not, at I binarized images.

    `encoder`: [I pixels] → η [I m]; `decoder`: z [N d] → logits [N pixels],
    any module; `x` in {0, 1}, [I pixels]. When gradients are measured θ is held
    fixed, and the decoder's parameters should not require a gradient.
    Source: Kingma & Welling (2013), appendix C; Burda et al. (2016), section 5.
    """

    encoder: nn.Module
    decoder: nn.Module
    x: Tensor
    of_eta: Callable[[Tensor], Family] = MeanFieldGaussian.from_eta
    prior: Prior = field(default_factory=StandardNormal)
    generative: Generative | None = None

    @property
    def layered(self) -> LayeredModel:
        """The model with a copy of the decoder as θ; if q is not mean-field, it has no gradient in φ."""
        decoder = copy.deepcopy(self.decoder).requires_grad_(True)
        q = self.family(self.encoder(self.x[:1]))
        if q.name != MeanFieldGaussian.name:
            return DecoderModel.of(replace(self, decoder=decoder), decoder)
        return LayeredVAE(Stages([self.encoder]), Stages([decoder]), self.x, (q.latent,))

    def at_point(self, point: int) -> VAEProblem:
        """The problem at one image; see `Pointwise`."""
        return replace(self, x=self.x[point : point + 1])

    def family(self, eta: Tensor) -> Family:
        """q(z|x), η [I m]."""
        return self.of_eta(eta)

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) = Σ_pixels x l − log(1 + eˡ) with logits l = decoder(z), [I N d] → [I N]."""
        images, samples, latent = z.shape
        rows = z.reshape(images * samples, latent)
        if isinstance(self.decoder, Decoder) and not self.decoder.logits.weight.requires_grad:
            features = self.decoder.features(rows).reshape(images, samples, -1)
            return log_likelihood_of_layer(self.x, features, self.decoder.logits)
        return bernoulli_log_likelihood(self.x, self.decoder(rows).reshape(images, samples, -1))


def build(materials: Materials) -> Described:
    """A checkpoint's networks at binarized images of the test part."""
    encoder, decoder = restored(materials.settings, materials.parameters)
    dataset = materials.dataset()
    rows, pixels = measured_images(dataset, materials.images, materials.seed)
    problem = VAEProblem(encoder, decoder, torch.from_numpy(pixels), gaussian_of(materials.settings))
    return Described(problem, dataset.name, rows, dataset.shape)


def trainable(materials: Materials) -> Trainable:
    """Freshly initialised networks, and the images to train and test them on."""
    dataset = materials.dataset()
    encoder, decoder = initialised(materials.settings, dataset.train.mean(0, dtype="float64"), materials.seed)
    of_eta = gaussian_of(materials.settings)
    return Trainable(
        dataset.name,
        {"encoder": encoder, "decoder": decoder},
        lambda x: VAEProblem(encoder, decoder, x, of_eta),
        BinaryImages(dataset, dataset.train),
        BinaryImages(dataset, dataset.test),
    )
