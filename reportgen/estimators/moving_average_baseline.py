"""REINFORCE with an exponential moving average of past f as the baseline."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor

DECAY = 0.9
"""Weight of the previous average at each step."""
NEGLIGIBLE = 1e-12
"""Past steps whose weight is below this are dropped."""
MEMORY = math.ceil(math.log(NEGLIGIBLE) / math.log(DECAY))


def fit(draws: Draws) -> Coefficients:
    """The average's initial value: the mean of f over pilot samples, for each data point, [I 1]."""
    return {"start": draws.f.flatten(1).mean(1, keepdim=True)}


def past_average(f: Tensor, start: Tensor) -> Tensor:
    """b_r = 0.9 b_{r−1} + 0.1 f_{r−1} for every step r of f [I R], with b_0 = start [I 1], → [I R]."""
    images, steps = f.shape
    past = f.new_zeros(images, MEMORY + steps - 1)
    past[:, MEMORY:] = (f - start)[:, :-1]
    ages = f.new_ones(MEMORY).cumsum(0).flip(0) - 1.0
    return start + past.unfold(1, MEMORY, 1) @ ((1.0 - DECAY) * DECAY**ages)


def moving_average_baseline(draws: Draws, coefficients: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (f(z_k) − b_r) ∇_η log q(z_k; η), b_r from the past.

    In practice the average runs along training. Here the replicates of a batch
    stand for successive steps at one data point with η fixed: b_r is the
    exponential moving average of f over the replicates before r, started in each
    batch from the pilot mean. Unbiased, since b_r does not depend on replicate r.
    Replicates share baselines, so they are not independent; but each has the
    same mean given those before it, so their errors are martingale differences,
    uncorrelated, and mean and variance are estimated correctly. The variance is
    the average over the steps of a batch, including the first ones, whose
    baseline, the pilot mean, is less noisy.

    Requires values of f. Shapes: [I R K], [I R K m] → [I R m].
    Source: Williams (1992), section 4 (reinforcement comparison); Mnih & Gregor (2014), section 2.3.
    """
    baseline = past_average(draws.f.mean(2), coefficients["start"])
    return ((draws.f - baseline.unsqueeze(-1)).unsqueeze(-1) * draws.score).mean(2)


MOVING_AVERAGE_BASELINE = Estimator(
    name="moving_average_baseline",
    title="Score function, moving-average baseline",
    short="the score function with a moving-average baseline",
    formula=(
        r"\hat g_r = \frac{1}{K} \sum_{k=1}^{K} \bigl(f(z_{rk}) - b_r\bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_{rk} \mid x), \qquad"
        r" b_r = 0.9\, b_{r-1} + 0.1\, \frac{1}{K} \sum_{k=1}^{K} f(z_{r-1,k})"
    ),
    spoken=(
        "g hat at step r equals the mean over K samples of a difference, f of z r k minus b r, times the "
        "gradient in phi of log q of z r k given x; b r is nine tenths of the b before it plus one tenth of "
        "the mean f of "
        "the step before"
    ),
    requires="Values of f, and those of earlier steps; b begins as the mean of f over separate samples.",
    source="williams1992, mnih2014",
    evaluate=moving_average_baseline,
    fit=fit,
    sequential=True,
)
