"""The pathwise gradient of the negative bound in every parameter, without autograd.

With autograd, networks this small spend more time on bookkeeping than on
arithmetic, and with many samples per image on memory traffic. Written out by
hand, a step takes little more than its matrix products. The tests compare it
with autograd.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import threshold

from reportgen.errors import CellError
from reportgen.objectives import OBJECTIVES
from reportgen.training.bound import bound_of
from reportgen.training.parameters import Parameters
from reportgen.training.passage import Passage

NEGLIGIBLE = 1e-16
"""Normalised weights below this are set to zero: they change no digit of the gradient, and arithmetic with
subnormal numbers can take a hundred times as long."""
LEAST = -87.0
"""Below this logit log sigmoid is replaced by the logit itself: the sigmoid soon underflows in float32."""


class BoundGradient:
    """Forward and backward pass of one minibatch; writes −∇ mean bound into `parameters.gradient`.

    There are n images, K samples for each, and L stochastic layers of d_1 … d_L
    units. With h_0 = x, h_l = μ_l(h_{l−1}) + σ_l(h_{l−1}) ε_l, and
    w = p(x, h_1 … h_L) / q(h_1 … h_L | x), w_k that of sample k,

    ``elbo``              bound = mean_k log w_k
    ``iwae``              bound = log mean_k w_k
    ``elbo_analytic_kl``  bound = mean_k log p(x|h_1) − KL(q(h_1|x) ‖ p(h_1)), only if L = 1

    The gradient of a bound is Σ_k c_k ∇ log w_k, with c_k = 1/K or the normalised
    weight w_k / Σ_j w_j, differentiated through the samples and in the densities.
    The first network of q is evaluated once per image, all others once per sample.
    All tensors are on the parameters' device.
    Source: Kingma & Welling (2013), equations 6 (SGVB-A) and 7 (SGVB-B); Burda et
    al. (2016), equations 8 and 14.
    Raises CellError if the objective requires a single layer, and there are more.
    """

    def __init__(self, parameters: Parameters, objective: str, images: int, num_samples: int = 1) -> None:
        chosen = OBJECTIVES[objective]
        widths, rows = parameters.widths, images * num_samples
        if chosen.exact_kl and len(widths) > 1:
            raise CellError(
                f"train.objective: {objective} needs one stochastic layer, got {len(widths)}. "
                "Use elbo or iwae."
            )
        self.objective = objective
        self.analytic_kl, self.weighted = chosen.exact_kl, chosen.several
        self.widths, self.shape, self.rows = widths, (images, num_samples), rows
        self.q = [Passage(layers, rows if stage else images) for stage, layers in enumerate(parameters.q)]
        self.p = [Passage(layers, rows) for layers in parameters.p]
        empty = parameters.vector.new_empty
        self.h, self.noise, self.to_h = ([empty(*self.shape, d) for d in widths] for _ in range(3))
        self.u, self.precision = ([empty(*self.shape, d) for d in widths[:-1]] for _ in range(2))
        self.eta: list[tuple[Tensor, Tensor]] = []
        self.to_logits = empty(*self.shape, parameters.p[0][-1].bias.shape[0])
        self.minus_one = -parameters.vector.new_ones(())

    def __call__(self, x: Tensor, epsilon: Tensor, bound: Tensor) -> None:
        """From x [n pixels] in {0, 1} and epsilon [n K Σd], fill bound [n] and the gradient."""
        f = self.evaluate(x, epsilon, bound)
        images, _ = self.shape
        c: float | Tensor = 1.0 / self.rows
        if self.weighted:
            c = threshold(f.softmax(1), NEGLIGIBLE, 0.0).div_(images).unsqueeze(2)
        self._through_p(x, c)
        self._through_q(c)

    def evaluate(self, x: Tensor, epsilon: Tensor, bound: Tensor) -> Tensor:
        """Forward pass only: fills bound [n], and returns log w [n K], or log p(x|h_1) if the KL is exact."""
        white = torch.split(epsilon, list(self.widths), 2)
        self._sample(x, white)
        f = self._log_likelihood(x)
        if self.analytic_kl:
            torch.sub(bound_of(f, self.objective), self._divergence(), out=bound)
            return f
        for stage, noise in enumerate(white):
            f.add_(self._log_ratio(stage, noise))
        bound.copy_(bound_of(f, self.objective))
        return f

    def _sample(self, x: Tensor, white: Sequence[Tensor]) -> None:
        """Fill h_l and its noise σ_l ε_l for all layers, [n K d_l]."""
        self.eta, below = [], x
        for stage, noise in enumerate(white):
            mean, log_scale = _halves(
                self.q[stage].forward(below).view(self.shape[0], -1, 2 * noise.shape[2])
            )
            self.eta.append((mean, log_scale))
            torch.mul(log_scale.exp(), noise, out=self.noise[stage])
            torch.add(mean, self.noise[stage], out=self.h[stage])
            below = self.h[stage].view(self.rows, -1)

    def _log_likelihood(self, x: Tensor) -> Tensor:
        """log p(x|h_1), [n K]; writes the means of the pixels into `to_logits`.

        A pixel with logit l contributes log sigmoid(l) if it is 1, log sigmoid(−l) if it is 0.
        """
        logits = self._logits()
        torch.sigmoid(logits, out=self.to_logits)
        sign = torch.add(self.minus_one, x, alpha=2.0).unsqueeze(1)
        signed = logits.mul_(sign)
        if signed.is_cuda:  # a recorded step cannot branch on its results
            return _log_sigmoid(signed).sum(2)
        found = signed.sigmoid_().log_().sum(2)
        if not math.isfinite(float(found.sum())):  # training is about to diverge: repeat it the slow way
            found = _log_sigmoid(self._logits().mul_(sign)).sum(2)
        return found

    def _logits(self) -> Tensor:
        """Logits of the pixels given h_1, [n K pixels], in memory that the next call overwrites."""
        return self.p[0].forward(self.h[0].view(self.rows, -1)).view_as(self.to_logits)

    def _log_ratio(self, stage: int, noise: Tensor) -> Tensor:
        """log p(h_l|h_{l+1}) / q(h_l|h_{l−1}) for one layer, [n K]; p of the last layer is N(0, I).

        With u = (h_l − μ_p) / σ_p it is the sum over units of (ε² − u²) / 2 + log σ_q − log σ_p.
        """
        u = self.h[stage]
        ratio = torch.addcmul(self.eta[stage][1], noise, noise, value=0.5)
        if stage + 1 < len(self.h):
            above = self.h[stage + 1].view(self.rows, -1)
            mean, log_scale = _halves(self.p[stage + 1].forward(above).view(*self.shape, -1))
            precision = torch.neg(log_scale, out=self.precision[stage]).exp_()
            u = torch.sub(u, mean, out=self.u[stage]).mul_(precision)
            ratio.sub_(log_scale)
        return ratio.addcmul_(u, u, value=-0.5).sum(2)

    def _divergence(self) -> Tensor:
        """KL(q(h_1|x) ‖ p(h_1)), [n]."""
        mean, log_scale = (half.squeeze(1) for half in self.eta[0])
        return (mean * mean + (2.0 * log_scale).exp() - 2.0 * log_scale - 1.0).sum(1).mul_(0.5)

    def _through_p(self, x: Tensor, c: float | Tensor) -> None:
        """Compute the gradient in θ, and write the gradient in every h_l through p into `to_h`."""
        delta = self.to_logits.sub_(x.unsqueeze(1)).mul_(c).view(self.rows, -1)
        self._into(0, self.p[0], delta)
        for stage, (u, precision) in enumerate(zip(self.u, self.precision, strict=True)):
            scaled = u * c
            to_mean = scaled * precision
            self.to_h[stage].add_(to_mean)
            to_log_scale = scaled.mul_(u).neg_().add_(c)
            delta = torch.cat([to_mean.neg_(), to_log_scale], 2).view(self.rows, -1)
            self._into(stage + 1, self.p[stage + 1], delta)
        if not self.analytic_kl:
            _add_multiple(self.to_h[-1], self.h[-1], c)

    def _into(self, stage: int, network: Passage, delta: Tensor) -> None:
        """Backward pass of a network whose input is h of a layer; writes ∂L/∂h into `to_h`."""
        into = self.to_h[stage].view(self.rows, -1)
        torch.mm(network.backward(delta), network.layers[0].weight, out=into)

    def _through_q(self, c: float | Tensor) -> None:
        """Compute the gradient in φ, from the last layer to the first, which sums over an image's samples."""
        for stage in range(len(self.q) - 1, 0, -1):
            network, below = self.q[stage], self.to_h[stage - 1].view(self.rows, -1)
            delta = network.backward(self._to_eta(stage, c).view(self.rows, -1))
            below.addmm_(delta, network.layers[0].weight)
        delta = self._to_eta(0, c).sum(1)
        if self.analytic_kl:
            mean, log_scale = self.eta[0]
            to_mean, to_log_scale = _halves(delta.unsqueeze(1))
            share, scale = 1.0 / self.shape[0], log_scale.exp()
            to_log_scale.add_(scale * scale, alpha=share).sub_(share)
            to_mean.add_(mean, alpha=share)
        self.q[0].backward(delta)

    def _to_eta(self, stage: int, c: float | Tensor) -> Tensor:
        """From ∂L/∂h_l to ∂L/∂(μ, log σ) of q, [n K 2d]."""
        to_mean = self.to_h[stage]
        to_log_scale = to_mean * self.noise[stage]
        if not self.analytic_kl:
            to_log_scale.sub_(c)
        return torch.cat([to_mean, to_log_scale], 2)


def _log_sigmoid(x: Tensor) -> Tensor:
    """log sigmoid(x), finite even where the sigmoid underflows; elsewhere bit for bit its logarithm."""
    return torch.where(x < LEAST, x, x.sigmoid().log_())


def _halves(eta: Tensor) -> tuple[Tensor, Tensor]:
    """η → (mean, log σ)."""
    mean, log_scale = eta.chunk(2, 2)
    return mean, log_scale


def _add_multiple(total: Tensor, term: Tensor, c: float | Tensor) -> None:
    if isinstance(c, Tensor):
        total.addcmul_(term, c)
    else:
        total.add_(term, alpha=c)
