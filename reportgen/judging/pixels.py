"""The Bernoulli log-likelihood of one binary image under many samples.

A pixel with logit l contributes log(1 + eˡ) to −log p(x|z) if it is black, and
log(1 + e⁻ˡ) if it is white. The image is the same for thousands of samples, so
its signs are multiplied into the decoder's last layer once. So is the change to
base 2, because torch's exp takes four times as long as its exp2. With
l′ = (1 − 2x) l / log 2,

    −log p(x|z) = Σ log(1 + 2^l′) = Σ_groups log Π (1 + 2^l′).

Nothing cancels here, and each pixel takes one exponential and one
multiplication; `GROUP` pixels share a logarithm. The bias is an additional column
of the weights, for an input that is always 1.

In float32 a sum of up to 300 nats over 784 pixels is within 10⁻⁴ nats of that in
float64, with most of the error in the logits; a mean over samples is much closer,
since rounding errors average out (`make bench` measures the bounds). If a product
overflows, because `GROUP` pixels have more than 88 nats together or a logit
exceeds 88, this is detected and repeated in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad, softplus

from reportgen.judging.chain import Room

GROUP = 16
"""Pixels that share a logarithm."""
IN_CACHE = 640
"""Samples whose logits a CPU computes at once: 2 MB for 784 pixels."""
NEVER = -1e4
"""Logit of a padding pixel, whose factor is 1."""


class PixelLikelihood:
    """The decoder's last layer, for one image after another, but only one at a time."""

    def __init__(self, layer: Tensor) -> None:
        """`layer` is weights and bias, [pixels hidden + 1]."""
        self.pixels = len(layer)
        self.layer = pad(layer, (0, 0, 0, -self.pixels % GROUP))
        self.layer[self.pixels :, -1] = NEVER
        self.signed = torch.empty_like(self.layer)
        self.room = Room(layer)

    def at(self, x: Tensor) -> Callable[[Tensor], Tensor]:
        """log p(x|z) of the image x [pixels] in {0, 1}: features [hidden + 1 n], the last row 1, → [n].

        The function is valid until the next image.
        """
        signs = pad((1.0 - 2.0 * x) / math.log(2.0), (0, len(self.layer) - self.pixels), value=1.0)
        torch.mul(self.layer, signs.unsqueeze(1), out=self.signed)
        return self._log_likelihood

    def _log_likelihood(self, features: Tensor) -> Tensor:
        samples = features.shape[1]
        slices = -(-samples // IN_CACHE) if features.device.type == "cpu" else 1
        total = torch.cat([self._misfit(own) for own in features.tensor_split(slices, dim=1)])
        if not math.isfinite(float(total.sum())):
            beyond = ~torch.isfinite(total)
            total[beyond] = self._slowly(features[:, beyond]).to(total.dtype)
        return total.neg_()

    def _misfit(self, features: Tensor) -> Tensor:
        """−log p(x|z); not finite where the product of a group overflows."""
        factors = self.room.shaped(len(self.signed), features.shape[1])
        torch.mm(self.signed, features, out=factors).exp2_()
        product, *others = factors.view(GROUP, -1, features.shape[1])
        product.add_(1.0)
        for factor in others:
            product.addcmul_(product, factor)
        total: Tensor = product.log_().sum(0)
        return total

    def _slowly(self, features: Tensor) -> Tensor:
        """−log p(x|z) pixel by pixel, in float64."""
        logits = self.signed[: self.pixels].double() @ features.double()
        return softplus(logits.mul_(math.log(2.0))).sum(0)
