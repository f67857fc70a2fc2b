"""The pathwise gradient of the negative bound in every parameter, written out.

Networks this small spend more time in automatic differentiation's book-keeping
than in arithmetic, and with many samples an image in passing through memory;
written out, a step is little more than its matrix products. The tests hold it
against autograd.
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
"""Normalised weights below this count as zero: no digit of the gradient, and numbers near the smallest
that a float can be take a processor a hundred times as long."""
LEAST = -87.0
"""Logit below which log sigmoid is the logit itself: the sigmoid is soon no float32 above zero."""


class BoundGradient:
    """One minibatch: forward, backward; leaves −∇ mean bound in `parameters.gradient`.

    n images, K samples each, L stochastic layers of d_1 … d_L units. With h_0 = x,
    h_l = μ_l(h_{l−1}) + σ_l(h_{l−1}) ε_l, and w = p(x, h_1 … h_L) / q(h_1 … h_L | x),

    ``elbo``              bound = mean_k log w_k
    ``iwae``              bound = log mean_k w_k
    ``elbo_analytic_kl``  bound = mean_k log p(x|h_k) − KL(q(h|x) ‖ p(h)), where L = 1

    The gradient of a bound is Σ_k c_k ∇ log w_k, with c_k = 1/K or the normalised
    weight w_k / Σ_j w_j, through the samples as well as in the densities.
    The first network of q sees every image once, all others every sample.
    All tensors live where the parameters do.
    Source: Kingma & Welling (2013), equations 6 (SGVB-A) and 7 (SGVB-B); Burda et
    al. (2016), equations 8 and 14.
    Raises CellError where the objective is none of one layer's.
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
        """x [n pixels] in {0, 1}, epsilon [n K Σd]; fills bound [n], and the gradient."""
        f = self.evaluate(x, epsilon, bound)
        images, _ = self.shape
        c: float | Tensor = 1.0 / self.rows
        if self.weighted:
            c = threshold(f.softmax(1), NEGLIGIBLE, 0.0).div_(images).unsqueeze(2)
        self._through_p(x, c)
        self._through_q(c)

    def evaluate(self, x: Tensor, epsilon: Tensor, bound: Tensor) -> Tensor:
        """Forward alone: fills bound [n]; returns log w, [n K], or log p(x|h) where KL is exact."""
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
        """h_l and its noise σ_l ε_l of all layers, [n K d_l]."""
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
        """log p(x|h_1), [n K]; leaves the pixels' means in `to_logits`.

        Of a pixel with logit l it is log sigmoid(±l), + where it is white.
        """
        logits = self._logits()
        torch.sigmoid(logits, out=self.to_logits)
        sign = torch.add(self.minus_one, x, alpha=2.0).unsqueeze(1)
        signed = logits.mul_(sign)
        if signed.is_cuda:  # a step that is recorded cannot look at what it found
            return _log_sigmoid(signed).sum(2)
        found = signed.sigmoid_().log_().sum(2)
        if not math.isfinite(float(found.sum())):  # a training about to diverge: the slow way, from the start
            found = _log_sigmoid(self._logits().mul_(sign)).sum(2)
        return found

    def _logits(self) -> Tensor:
        """Of the pixels at h_1, [n K pixels], in memory that the next call overwrites."""
        return self.p[0].forward(self.h[0].view(self.rows, -1)).view_as(self.to_logits)

    def _log_ratio(self, stage: int, noise: Tensor) -> Tensor:
        """log p(h_l|h_{l+1}) / q(h_l|h_{l−1}) of one layer, [n K]; the last one's p is N(0, I).

        With u = (h_l − μ_p) / σ_p it is the sum of (ε² − u²) / 2 + log σ_q − log σ_p over the units.
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
        """KL(q(h|x) ‖ p(h)), [n]."""
        mean, log_scale = (half.squeeze(1) for half in self.eta[0])
        return (mean * mean + (2.0 * log_scale).exp() - 2.0 * log_scale - 1.0).sum(1).mul_(0.5)

    def _through_p(self, x: Tensor, c: float | Tensor) -> None:
        """The gradient in θ; leaves that in every h_l by way of p in `to_h`."""
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
        """Backward through a network whose input is a layer's h: ∂/∂h goes to `to_h`."""
        into = self.to_h[stage].view(self.rows, -1)
        torch.mm(network.backward(delta), network.layers[0].weight, out=into)

    def _through_q(self, c: float | Tensor) -> None:
        """The gradient in φ, from the last layer to the first, where an image's samples meet."""
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
    """Also where the sigmoid is 0; elsewhere the same to the bit as its logarithm."""
    return torch.where(x < LEAST, x, x.sigmoid().log_())


def _halves(eta: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log σ."""
    mean, log_scale = eta.chunk(2, 2)
    return mean, log_scale


def _add_multiple(total: Tensor, term: Tensor, c: float | Tensor) -> None:
    if isinstance(c, Tensor):
        total.addcmul_(term, c)
    else:
        total.add_(term, alpha=c)
