"""The records of finished cells: what the laboratory writes and the press reads.

All numbers of a measurement are about *arms*. An arm is one estimator of one
objective with its K (`num_samples`) and, if declared, a constant added to log p.
Axes: A arms, I images, S buckets of replicates, G parameter groups (the first
is ``all``), Q quantiles, T steps of t, m parameters η of q for one image.

A ``*_without`` array holds the same statistic with bucket s of image i (or
bucket s of every image) left out. That is all that a jackknife needs: the press
computes intervals, paired between arms, without any replicate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
HISTOGRAM_DECADES = (-20.0, 12.0)
HISTOGRAM_BINS = 320
"""Per-coordinate variances are binned by log10, ten bins per decade."""
T_STEPS = (0.0, *(1.05**k for k in range(141)))
"""Values of t; for each, the coordinates whose |t| is at least as large are counted."""
WEIGHT_BINS = 80
WEIGHT_REACH = 8.0
"""Estimates of one weight are binned up to so many standard deviations on either side of their mean."""


@dataclass(frozen=True)
class ArmRecord:
    """One arm as it was measured."""

    objective: str
    estimator: str
    """Its name in the table of estimators; of a user's own estimator, the reference of its code."""
    label: str
    """Its label in the declaration, given or by default."""
    num_samples: int
    constant: float
    """Added to log p(x|z); 0 unless the declaration asks for it."""
    status: str
    """``met`` (the declared precision), ``budget`` (which was spent before), ``control`` (a negative
    control, whose variance needs no precision), or ``broken``."""
    cause: str | None
    replicates: int
    """Independent replicates of each image's estimate."""
    relative_half_width: float
    """That of the 95 % interval of the total variance over all groups, when it stopped."""
    forward: float
    """Decoder forward passes per replicate (K, plus any shared ones); 0 for a function of the user's own,
    whose passes are not known."""
    backward: float
    """Decoder backward passes (with respect to z) per replicate."""
    seconds_per_replicate: float
    """Measured on the machine that ran the cell, one thread."""
    reference: bool
    """Whether the objective's other arms (of the same parameters) are compared with this one."""
    antithetic: bool = False
    """Whether the samples of an estimate come in mirrored pairs."""
    temperature: float | None = None
    """Temperature of the relaxation of discrete units; None if there is none."""
    parameters: str = "phi"
    """Whose gradient is estimated: ``phi`` or ``theta``."""
    differences: int = 0
    """Differences to the reference per image from which the means are compared; 0 if there are none."""


@dataclass(frozen=True)
class MeasurementRecord:
    """One measured cell. `arrays` holds, by name:

    variance                    [A I G]    tr Cov of the estimate of image i's gradient, group g
    variance_without            [A I S G]
    squared_norm                [A I G]    ‖E ĝ_i‖², Monte Carlo bias removed (can be < 0)
    squared_norm_without        [A I S G]
    projection                  [A I]      mean of ĝ_i · u with u = the reference's mean gradient over
                                           the images, from the other half of the buckets (even, odd);
                                           mean_I / mean_I(reference) is 1 without bias
    projection_without          [A I S]    bucket s of image i left out of ĝ and of u; all that this changes
                                           in the mean over images is put into image i
    directional_ratio           [A I]      mean of ‖Δ∥‖ / ‖Δ⊥‖, estimates split along and across the gradient;
                                           NaN where its direction is lost in the noise
    directional_ratio_without   [A I S]
    batch_squared_norm          [A]        ‖mean_i E ĝ_i‖², Monte Carlo bias removed
    batch_squared_norm_without  [A S]      bucket s of every image left out
    batch_squared_norm_raw      [A]        ‖mean_i ĝ̄_i‖², not corrected
    image_dot                   [A I]      ĝ̄_i · mean_i ĝ̄_i (raw), for jackknife over images
    image_squared_norm_raw      [A I]      ‖ĝ̄_i‖², not corrected
    bias_statistic              [A I]      t of the test of equal means with the reference, η-coordinates
    bias_dimension              [A I]      rank of the differences (0: the two are identical draw by draw)
    bias_p_value                [A I]      not corrected over images; NaN for the reference itself,
                                           without differences to it, and with fewer than 4 per coordinate
    detectable_bias             [A I]      smallest bias along image i's own gradient, relative to it,
                                           seen with 80 % power at level 0.05 / I
    coordinate_quantiles        [A G Q]    of per-coordinate variance (mean over images), dead ones left out
    coordinate_quantiles_without[A S G Q]  bucket s of every image left out
    coordinate_histogram        [A bins]   counts over log10 variance, group ``all``
    coordinate_dead             [G]        coordinates whose Jacobian is zero for every image
    coordinate_count            [G]        coordinates in the group
    coordinate_lower            [A 2 T]    number of live coordinates where the reference has lower variance,
                                           and of those where it has not, with |t| at least that of T_STEPS;
                                           t is of the log ratio, by the jackknife over buckets (S − 1
                                           degrees of freedom)

    and, where estimators have exact answers (NaN for those that have none):

    exact_variance              [A I G]    tr Cov of the estimate, by quadrature or enumeration
    exact_squared_norm          [A I G]    ‖E ĝ_i‖², likewise
    exact_bias_squared          [A I G]    ‖E ĝ_i − ∇_i‖², likewise
    bias_squared                [A I G]    ‖mean ĝ_i − ∇_i‖², ∇ the exact gradient, Monte Carlo bias removed
    bias_squared_without        [A I S G]

    and, for a model of the user's own with a Gaussian q:

    halved_scale                [2]        what half of every log σ would add to the ELBO, nats, mean over
                                           data points, and its Monte Carlo error

    and, if a linear layer sees the images themselves, the record's `first_layer`
    (H × W pixels; U units; NaN for arms that are not the first of their label, or in θ):

    pixels                      [I H W]    the images as the layer sees them
    units                       [U]        units whose weights have most variance under the first objective's
                                           reference, the highest first, counted from 0
    unit_pixels                 [A U H W]  variance of these units' weights, mean over images
    weight                      [4]        image (its place), unit, row and column of one weight, from 0:
                                           of the images, and of the weights with a gradient at it,
                                           the one whose variance under that reference is the median
    weight_mean                 [A]        mean of that weight's gradient at that image
    weight_variance             [A]        its variance; where gradients are read off layer by layer,
                                           that of the fresh draws
    weight_drawn                [A 2]      mean and variance of fresh estimates of it
    weight_counts               [A bins]   how many of these lie where: bins of (estimate − weight_mean) /
                                           √weight_variance, the first and the last open

    and, for functions of the user's own:

    serial_dependence           [A]        z of the test that estimates depend on those made before them

    Groups named “θ …” hold numbers of arms that estimate the gradient in θ, the
    others numbers of arms in φ; ``all`` is all of θ or all of φ.
    """

    key: str
    training_key: str
    setting: dict[str, Any]
    """Swept settings of this cell, e.g. {"problem.latent": 10}; {} without a sweep."""
    base: bool
    """Whether this is the declaration's unswept setting."""
    checkpoint: int
    """Epoch of the parameters that were measured."""
    dataset: str
    groups: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    images: tuple[int, ...]
    """Row numbers in the data set's test part."""
    latent: int
    eta: int
    parameters: int
    """P, the number of coordinates of φ."""
    draws_per_image: int
    seconds: float
    environment: dict[str, Any]
    arrays: dict[str, Array] = field(repr=False)
    first_layer: str = ""
    """The parameter group of φ whose inputs are the images themselves; empty if there is none."""
    units: int = 0
    """Outputs of that layer."""


@dataclass(frozen=True)
class TrainingRecord:
    """One training run: where its checkpoints are and how the loss went."""

    key: str
    setting: dict[str, Any]
    dataset: str
    checkpoints: tuple[int, ...]
    train_bound: tuple[float, ...]
    """Mean minibatch objective of each epoch 1…, in nats per data point."""
    test_bound: dict[str, float]
    """Objective on the test part at each checkpoint (epoch as text), in nats per data point."""
    parameters: dict[str, int]
    """Number of parameters of encoder and decoder."""
    seconds: float
    environment: dict[str, Any]


@dataclass(frozen=True)
class JudgementRecord:
    """One judged model. I images, C numbers of samples, U latent units of all layers. `arrays` holds:

    bounds                 [I C]   k-sample bound of each image, nats, for each k of `curve`: the mean over
                                   the num_samples // k disjoint groups of its samples
    unit_variance          [U]     Cov_x(E_q[u|x]) of every latent unit over the images, layer after layer;
                                   for units above the first layer the bias of Monte Carlo noise is
                                   subtracted, so it can be below 0
    unit_variance_without  [S U]   the same with bucket s of the images left out (S = 20)
    samples                [n p]   decoder means at draws from the prior (n = 64), grey levels in [0, 1]
    originals              [n p]   binarized test images (n = 20)
    reconstructions        [n p]   decoder means at one draw from q for each of these
    """

    key: str
    training_key: str
    setting: dict[str, Any]
    base: bool
    checkpoint: int
    dataset: str
    shape: tuple[int, int]
    """Height and width of an image."""
    layers: tuple[int, ...]
    """Units of each stochastic layer, the one next to x first."""
    num_samples: int
    """Number of samples in the bound that stands for log p(x)."""
    curve: tuple[int, ...]
    """Numbers of samples k, ascending; `num_samples` is the last."""
    images: tuple[int, ...]
    """Row numbers in the data set's test part."""
    seconds: float
    environment: dict[str, Any]
    arrays: dict[str, Array] = field(repr=False)


@dataclass(frozen=True)
class BrokenRecord:
    """A cell that could not be finished, and why."""

    key: str
    kind: str
    setting: dict[str, Any]
    checkpoint: int | None
    cause: str
    paused: bool = False
    """Whether it only ran out of time: the next run finishes it. Such a record is never stored."""
