"""A Gaussian VAE with Bernoulli pixels, as the engine measures it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from reportgen.problems.bernoulli import bernoulli_log_likelihood, log_likelihood_of_layer
from reportgen.problems.networks import Decoder


@dataclass(frozen=True)
class VAEProblem:
    """A trained (or fresh) VAE at I binarized images.

    `encoder`: [I pixels] → η [I 2d]; `decoder`: z [N d] → logits [N pixels],
    any module; `x` in {0, 1}, [I pixels]. θ is held fixed, so the decoder's
    parameters should not require gradients.
    Source: Kingma & Welling (2013), appendix C; Burda et al. (2016), section 5.
    """

    encoder: nn.Module
    decoder: nn.Module
    x: Tensor

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) = Σ_pixels x l − log(1 + eˡ) with logits l = decoder(z), [I N d] → [I N]."""
        images, samples, latent = z.shape
        rows = z.reshape(images * samples, latent)
        if isinstance(self.decoder, Decoder) and not self.decoder.logits.weight.requires_grad:
            features = self.decoder.features(rows).reshape(images, samples, -1)
            return log_likelihood_of_layer(self.x, features, self.decoder.logits)
        return bernoulli_log_likelihood(self.x, self.decoder(rows).reshape(images, samples, -1))
