"""The first layer's arrays for gradients measured layer by layer."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from reportgen.engine.arrays import Array
from reportgen.engine.first_layer import (
    FirstLayer,
    put_weight,
    samples_for,
    typical_image,
    typical_weight,
)
from reportgen.engine.layered.channels import LayeredChannel
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.meter import Measured
from reportgen.problems.layered import LayeredModel
from reportgen.problems.pointwise import Pointwise


def weight_arrays(
    model: LayeredModel,
    found: Measured,
    variance: Array,
    shape: tuple[int, int] | None,
) -> tuple[FirstLayer | None, dict[str, Array]]:
    """The layer whose inputs are the images, and its arrays; (None, {}) without one, or a sound reference.

    The moments do not contain the variance of one weight at one image, so it comes from fresh draws, for
    which the model must be `Pointwise`.
    """
    arms = found.arms
    chosen, own = found.in_phi()
    if own not in chosen or shape is None or not isinstance(model, Pointwise):
        return None, {}
    image = typical_image(variance[own, :, 0])
    alone = model.at_point(image)
    longest = max(channel.key.num_samples for channel in chosen.values())
    draw = found.draw_at(alone)
    noise = {
        kind: draw(samples_for(longest), kind) for kind in sorted({c.key.antithetic for c in chosen.values()})
    }
    gradients = {
        a: channel.at_point(image).gradients(alone, channel.used(noise)) for a, channel in chosen.items()
    }
    layer = _first_layer(gradients[own], model.x.flatten(1).double(), image, shape)
    if layer is None:
        return None, {}
    maps = {a: layer.maps(_variances(channel, layer.group)) for a, channel in chosen.items()}
    result = layer.arrays(maps, own, len(arms))
    alive = (gradients[own][layer.group].sensitivities != 0).any(2).any(1)[0]
    weight = typical_weight(image, maps[own], layer.pixels[image], alive)
    if weight is None:
        return layer, result
    for a, channel in chosen.items():
        place = _start(channel, layer.group) + weight.unit * layer.pixels.shape[1] + weight.pixel
        mean = float(channel.moments.means(0)[image, place])
        put_weight(result, a, mean, None, _of_weight(gradients[a][layer.group], weight.unit, weight.pixel))
    return layer, {**result, "weight": weight.array(shape)}


def _first_layer(
    gradients: Mapping[str, LayerGradient], pixels: Tensor, image: int, shape: tuple[int, int]
) -> FirstLayer | None:
    """The layer whose inputs are the image itself in every sample; None if there is none."""
    for name, gradient in gradients.items():
        inputs = gradient.inputs.flatten(0, 2).double()
        if inputs.shape[1] == pixels.shape[1] and bool((inputs == pixels[image]).all()):
            return FirstLayer(name, pixels, gradient.sensitivities.shape[-1], shape)
    return None


def _of_weight(gradient: LayerGradient, unit: int, pixel: int) -> Tensor:
    """The gradient of one weight in every replicate of one image, [R]."""
    return (gradient.sensitivities[0, :, :, unit] * gradient.inputs[0, :, :, pixel]).sum(1).double()


def _start(channel: LayeredChannel, group: str) -> int:
    """Index of a group's first coordinate."""
    sizes = channel.moments.sizes
    return sum(size for _, size in list(sizes.items())[: list(sizes).index(group)])


def _variances(channel: LayeredChannel, group: str) -> Tensor:
    """Variances of the group's coordinates, mean over data points, [P_group]."""
    start = _start(channel, group)
    stop = start + channel.moments.sizes[group]
    return channel.moments.coordinate_variances(slice(0, 1), slice(start, stop))[0]
