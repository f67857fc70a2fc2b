"""The first layer's arrays for estimates that are vectors in η; only those of one weight need new draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest

import torch
from torch import Tensor

from reportgen.engine.arrays import Array
from reportgen.engine.first_layer import (
    FirstLayer,
    Weight,
    put_weight,
    samples_for,
    typical_image,
    typical_weight,
)
from reportgen.engine.moments import Moments
from reportgen.engine.vectors.blocks import LinearBlock
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.meter import Measured
from reportgen.engine.vectors.points import PointsAt
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.engine.vectors.source import Source, Wanted
from reportgen.estimators import Coefficients
from reportgen.problems.pointwise import Pointwise


def first_layer(
    pushforward: Pushforward, x: Tensor, shape: tuple[int, int] | None
) -> tuple[FirstLayer, LinearBlock] | None:
    """The linear layer whose inputs are the images, of this height and width; None if there is none."""
    if shape is None:
        return None
    pixels = x.flatten(1).double()
    for block in pushforward.blocks:
        if isinstance(block, LinearBlock) and torch.equal(block.inputs, pixels):
            return FirstLayer(block.name, pixels, block.sensitivities.shape[2], shape), block
    return None


def weight_arrays(
    found: Measured, layer: FirstLayer, block: LinearBlock, variance: Array
) -> dict[str, Array]:
    """All arrays of the layer for the arms; empty if there is no sound reference.

    `variance` [A I G] is the record's. The estimates of one weight are made from separate draws.
    """
    arms, source = found.arms, found.source
    chosen, first = found.in_phi()
    if first not in chosen:
        return {}
    known = {a: channel.moments.pooled(slice(None)) for a, channel in chosen.items()}
    maps = {a: layer.maps(block.coordinate_variance(covariance)) for a, (_, _, covariance) in known.items()}
    image = typical_image(variance[first, :, 0])
    alive = (block.sensitivities[image] != 0).any(0)
    weight = typical_weight(image, maps[first], layer.pixels[image], alive)
    result = layer.arrays(maps, first, len(arms))
    if weight is None or not isinstance(source.frame.problem, Pointwise):
        return result
    along = block.sensitivities[image, :, weight.unit] * layer.pixels[image, weight.pixel]
    estimates = _at_one_image(source, weight, chosen)
    for a, (_, mean, covariance) in known.items():
        shift = found.shifts[arms[a].objective, "phi"][image]
        exact = float(along @ covariance[image] @ along)
        drawn = (estimates[a].double() + shift) @ along
        put_weight(result, a, float((mean[image] + shift) @ along), exact, drawn)
    return {**result, "weight": weight.array(layer.shape)}


def _at_one_image(source: Source, weight: Weight, chosen: Mapping[int, Channel]) -> dict[int, Tensor]:
    """Fresh estimates of every channel at the weight's image only, [R m]."""
    frame, image = source.frame, weight.image
    assert isinstance(frame.problem, Pointwise)
    problem = frame.problem.at_point(image)
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
    centre = None if frame.centre is None else PointsAt(problem, q, q.mean, True)
    alone = Frame(problem, q, frame.gram[image : image + 1], centre)
    longest = max(channel.key.num_samples for channel in chosen.values())
    wanted = Wanted.by(chosen.values(), pilot=True)
    values = replace(source, frame=alone).stream("weight", wanted).draw(samples_for(longest))
    found = {}
    for a, channel in chosen.items():
        one = replace(channel, moments=Moments.empty(1, 1, channel.moments.mean.shape[2]))
        one.fit(values, alone)
        one.coefficients = _of_image(image, channel.coefficients, one.coefficients)
        found[a] = one.estimate(values, alone)[0]
    return found


def _of_image(image: int, coefficients: Coefficients, alone: Coefficients) -> dict[str, Tensor]:
    """The coefficients of one image; `alone` are coefficients fitted to draws of that image only.

    The axis of images cannot be recognised by its length: a coefficient may have one number for each of the
    K samples, or for each parameter of q, and there may be as many of those as images. It is the axis that is
    shorter, or missing, in `alone`.
    """
    found = {}
    for name, part in coefficients.items():
        lengths = enumerate(zip_longest(part.shape, alone[name].shape))
        axis = next((axis for axis, (of_all, of_one) in lengths if of_all != of_one), None)
        found[name] = part if axis is None else part.narrow(axis, image, 1)
    return found
