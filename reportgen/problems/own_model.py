"""A model of the user's own: makes a `Problem` from an encoder, a decoder and data."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import CellError, UsageError
from reportgen.families import FAMILIES, Family
from reportgen.problems.bernoulli import bernoulli_log_likelihood
from reportgen.problems.decoder_model import DecoderModel
from reportgen.problems.prior import Prior, StandardNormal, UniformCode

Likelihood = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Model:
    """A latent-variable model at I data points, for `reportgen.measure` and `problem: {python: …}`.

    `encoder`: x [I …] → η [I m], the parameters of q(z; η); for the family
    ``gaussian`` with d latent units η = (μ, log σ), so m = 2 d. It is measured
    in evaluation mode, and its output for one data point must not depend on the
    others. φ is its parameters that require a gradient; a complex parameter
    counts as two coordinates, its real and imaginary part.
    `decoder`: z [N d] → [N …], one row per sample. θ is its parameters that
    require a gradient; `generative` estimates the gradient in them.
    `x`: the data points, [I …], in float32 or float64; the parameters of both
    modules must have the same type.
    `likelihood`: ``bernoulli`` (the decoder returns logits, and x lies in
    [0, 1]), ``gaussian`` (it returns means; the standard deviation is
    `scale`), or a function (x [I 1 …], decoder's output [I N …]) →
    log p(x|z) [I N] in nats, written with torch operations.
    `family`: a name in `reportgen list`; `options` are options of that family,
    such as ``{"rank": 2}``.
    `prior`: ``standard_normal``, ``uniform`` (over the codes of a discrete
    family), or an object with ``log_density`` and ``gradient``; by default the
    first for a continuous family and the second for a discrete one.

    The modules are copied; the originals are not changed.
    """

    encoder: nn.Module
    decoder: nn.Module
    x: Tensor
    likelihood: Literal["bernoulli", "gaussian"] | Likelihood = "bernoulli"
    family: str = "gaussian"
    options: Mapping[str, float] = field(default_factory=dict)
    prior: Literal["standard_normal", "uniform"] | Prior | None = None
    scale: float = 1.0
    """Standard deviation of the Gaussian likelihood."""


@dataclass(frozen=True)
class OwnProblem:
    """A `Problem` made from a `Model`."""

    encoder: nn.Module
    decoder: nn.Module
    x: Tensor
    likelihood: Likelihood
    of_eta: Callable[[Tensor], Family]
    prior: Prior
    learned: tuple[str, ...] = ()
    """Names of the decoder's parameters that make up θ."""
    generative: None = None

    @property
    def layered(self) -> DecoderModel:
        """The model for gradients in θ, with a copy of the decoder in which θ requires a gradient."""
        decoder = copy.deepcopy(self.decoder)
        for name, parameter in decoder.named_parameters():
            parameter.requires_grad_(name in self.learned)
        return DecoderModel.of(replace(self, decoder=decoder), decoder)

    def at_point(self, point: int) -> OwnProblem:
        """The problem at one data point; see `Pointwise`."""
        return replace(self, x=self.x[point : point + 1])

    def family(self, eta: Tensor) -> Family:
        """q(z|x), η [I m]."""
        return self.of_eta(eta)

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z), [I N d] → [I N]."""
        images, samples = z.shape[:2]
        out = self.decoder(z.reshape(images * samples, -1))
        if not isinstance(out, Tensor) or out.dim() == 0 or out.shape[0] != images * samples:
            raise CellError(
                f"decoder: needs one row of output for each sample, {images * samples} for so many rows of "
                f"z, found {shape_of(out)}. Keep the first axis through all layers."
            )
        value = self.likelihood(self.x.unsqueeze(1), out.reshape(images, samples, *out.shape[1:]))
        if not isinstance(value, Tensor) or value.shape != (images, samples):
            raise CellError(
                f"likelihood: needs log p(x|z) of shape [I N] = [{images} {samples}], one number a data "
                f"point and sample, found {shape_of(value)}. "
                "Sum over the axes of one data point, and over no other."
            )
        if torch.is_grad_enabled() and z.requires_grad and not value.requires_grad:
            raise CellError(
                "decoder: needs log p(x|z) to be differentiable in z for this estimator, found no gradient. "
                "Remove detach and no_grad, or use score_function and leave_one_out alone."
            )
        return value


def problem_of(model: Model) -> OwnProblem:
    """The problem that the engine measures; whether its parts fit is checked by `own_checks.check`.

    Raises UsageError if an argument is invalid.
    """
    for name in ("encoder", "decoder"):
        if not isinstance(getattr(model, name), nn.Module):
            raise UsageError(
                f"{name}: must be a torch.nn.Module, got {type(getattr(model, name)).__name__}. "
                "Wrap a function in a module."
            )
    if not isinstance(model.x, Tensor) or model.x.dtype not in (torch.float32, torch.float64):
        raise UsageError(f"x: must be a tensor of float32 or float64, got {_kind_of(model.x)}. Convert it.")
    if model.x.dim() < 2 or model.x.shape[0] < 1:
        raise UsageError(f"x: must hold data points along its first axis, [I …], got {shape_of(model.x)}.")
    if model.family not in FAMILIES:
        raise UsageError(f"family: must be one of {', '.join(FAMILIES)}, got {model.family!r}.")
    options = _options(model)
    return OwnProblem(
        encoder=_copied(model.encoder, "encoder").eval(),
        decoder=_copied(model.decoder, "decoder").eval().requires_grad_(False),
        x=model.x.detach(),
        likelihood=_likelihood(model),
        of_eta=lambda eta: FAMILIES[model.family].from_eta(eta, **options),
        prior=_prior(model),
        learned=tuple(name for name, p in model.decoder.named_parameters() if p.requires_grad),
    )


def _options(model: Model) -> dict[str, float]:
    """The options of the family, checked to be positive, and whole numbers if they count something."""
    known, options = DISTRIBUTIONS[model.family].options, {}
    for name, value in model.options.items():
        if name not in known:
            raise UsageError(
                f"options: must be those of {model.family} ({', '.join(known) or 'none'}), got {name!r}."
            )
        whole = isinstance(known[name], int)
        if not (0 < value < math.inf) or (whole and value != int(value)):
            wanted = "a whole number of at least 1" if whole else "a positive number"
            raise UsageError(f"options: {name} must be {wanted}, got {value!r}.")
        options[name] = int(value) if whole else float(value)
    return options


def shape_of(value: object) -> str:
    """``shape [5 3]`` for a tensor, otherwise the name of the type."""
    if isinstance(value, Tensor):
        return f"shape [{' '.join(str(n) for n in value.shape)}]"
    return f"a {type(value).__name__}"


def _kind_of(value: object) -> str:
    return str(value.dtype).removeprefix("torch.") if isinstance(value, Tensor) else type(value).__name__


def _copied(module: nn.Module, name: str) -> nn.Module:
    """A deep copy; tensors that hooks compute before each call (such as pruned weights) become constants."""
    computed = {
        id(value): value.detach().clone()
        for part in module.modules()
        if part._forward_pre_hooks
        for value in vars(part).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        return copy.deepcopy(module, computed)
    except Exception as error:
        raise UsageError(
            f"{name}: must be a module that copy.deepcopy can copy, got {type(error).__name__}: {error}. "
            "Keep no computed tensors in its attributes."
        ) from error


def _likelihood(model: Model) -> Likelihood:
    if callable(model.likelihood):
        return model.likelihood
    if model.likelihood == "bernoulli":
        outside = model.x[~((model.x >= 0) & (model.x <= 1))]
        if outside.numel():
            remedy = "Scale it, or use gaussian." if bool(outside.isfinite().all()) else "Replace it."
            raise UsageError(
                f"x: must lie in [0, 1] for the bernoulli likelihood, got {float(outside[0]):g}. {remedy}"
            )
        return of_logits
    if model.likelihood == "gaussian":
        scale = float(model.scale)
        if not (scale > 0 and math.isfinite(scale)):
            raise UsageError(f"scale: must be a positive number, got {model.scale}.")
        return lambda x, mean: _gaussian(x, mean, scale)
    raise UsageError(f"likelihood: must be bernoulli, gaussian or a function, got {model.likelihood!r}.")


def of_logits(x: Tensor, logits: Tensor) -> Tensor:
    """The Bernoulli likelihood, x [I 1 …] and logits [I N …] → [I N]."""
    _same_size(x, logits, "logits")
    return bernoulli_log_likelihood(x.flatten(1), logits.reshape(*logits.shape[:2], -1))


def _gaussian(x: Tensor, mean: Tensor, scale: float) -> Tensor:
    _same_size(x, mean, "means")
    away = (x.reshape(len(x), 1, -1) - mean.reshape(*mean.shape[:2], -1)) / scale
    constant = math.log(scale) + 0.5 * math.log(2.0 * math.pi)
    return -0.5 * (away * away).sum(-1) - away.shape[-1] * constant


def _same_size(x: Tensor, out: Tensor, what: str) -> None:
    wanted, found = x[0, 0].numel(), out[0, 0].numel()
    if wanted != found:
        raise CellError(
            f"decoder: needs {wanted} {what} a sample, as many numbers as a data point has, found {found}. "
            "Change its last layer, or give a likelihood of your own."
        )


def _prior(model: Model) -> Prior:
    known = DISTRIBUTIONS[model.family]
    wanted = model.prior if model.prior is not None else "uniform" if known.discrete else "standard_normal"
    if wanted == "standard_normal":
        return StandardNormal()
    if wanted == "uniform":
        if not known.discrete:
            raise UsageError(f"prior: uniform is for discrete families, {model.family} is none.")
        classes = model.options.get("classes", known.options.get("classes"))
        return UniformCode(None if classes is None else int(classes))
    if callable(getattr(wanted, "log_density", None)) and callable(getattr(wanted, "gradient", None)):
        assert not isinstance(wanted, str)
        return wanted
    raise UsageError(
        f"prior: must be standard_normal, uniform, or have log_density and gradient, got {wanted!r}."
    )
