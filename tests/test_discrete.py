"""Estimators of discrete units: against autograd with the same noise, and against a sum over all codes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.special import ndtr

from reportgen.declaration import load_text
from reportgen.engine.moments import Moments
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.points import Batch
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.errors import DeclarationError
from reportgen.estimators import ESTIMATORS, Coefficients, Draws, Estimator
from reportgen.figures.drafting.labels import short_title
from reportgen.objectives import OBJECTIVES, Objective
from reportgen.plan import Arm, make_plan
from reportgen.problems.model import LatentModel
from tests.discrete_cases import (
    BITS,
    IMAGES,
    bits_model,
    drawn,
    estimates,
    estimates_of,
    exact_gradient,
    f_of,
    log_q,
    normals,
)

REPLICATES, K = 5, 3
TAU = 0.5
MANY = 200_000
Z_BOUND = 4.5


def uniforms(noise: Tensor) -> Tensor:
    return ndtr(noise)


def relaxed(eta: Tensor, u: Tensor) -> Tensor:
    """The binary Concrete sample, textbook form."""
    return torch.sigmoid((eta + (1.0 - u).log() - u.log()) / TAU)


def hard(eta: Tensor, u: Tensor) -> Tensor:
    return (u < torch.sigmoid(eta)).double().detach()


Surrogate = Callable[[Objective, Tensor, Tensor, Tensor], Tensor]
"""Of η [I 1 d] with a graph, and uniforms u, v [I N d]: what its gradient is the estimate of, [I N]."""


def gumbel_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    return f_of(objective, relaxed(eta, u), eta)


def straight_through_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    p = torch.sigmoid(eta)
    return f_of(objective, hard(eta, u) + p - p.detach(), eta)


def straight_through_gumbel_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    soft = relaxed(eta, u)
    return f_of(objective, hard(eta, u) + soft - soft.detach(), eta)


def rebar_twin(objective: Objective, eta: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """u given z is uniform on [0, p) or on [p, 1); its place there is v."""
    p, z, fixed = torch.sigmoid(eta), hard(eta, u), eta.detach()
    given = relaxed(eta, torch.where(z == 1.0, v * p, p + v * (1.0 - p)))
    at_given = f_of(objective, given, fixed)
    residual = (f_of(objective, z, fixed) - at_given).detach()
    return residual * log_q(z, eta) + f_of(objective, relaxed(eta, u), fixed) - at_given


def disarm_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    """As the paper writes it; both samples of the pair are of one uniform."""
    p, fixed = torch.sigmoid(eta), eta.detach()
    b, mirrored = (1.0 - u < p).double(), (u < p).double()
    difference = f_of(objective, b, fixed) - f_of(objective, mirrored, fixed)
    weight = (-1.0) ** mirrored * (b != mirrored) * torch.sigmoid(eta.abs())
    return ((0.5 * difference.unsqueeze(-1) * weight).detach() * eta).sum(-1)


def local_expectation_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    """Σ_j of the expectation over bit j, the others at the sample."""
    z, fixed, total = hard(eta, u), eta.detach(), torch.zeros(()).double()
    for j in range(BITS):
        for bit, chance in ((1.0, torch.sigmoid(eta[..., j])), (0.0, torch.sigmoid(-eta[..., j]))):
            point = z.detach().clone()
            point[..., j] = bit
            total = total + chance * f_of(objective, point, fixed)
    return total


def score_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    z = hard(eta, u)
    return f_of(objective, z, eta.detach()) * log_q(z, eta)


def taylor_twin(objective: Objective, eta: Tensor, u: Tensor, _: Tensor) -> Tensor:
    """MuProp: the expansion is about the mean p, where f goes on between the codes."""
    z, p, fixed = hard(eta, u), torch.sigmoid(eta), eta.detach()
    centre = p.detach().requires_grad_(True)
    at_centre = f_of(objective, centre, fixed)
    (slope,) = torch.autograd.grad(at_centre.sum(), centre)
    residual = f_of(objective, z, fixed) - at_centre.detach() - ((z - centre.detach()) * slope).sum(-1)
    return residual * log_q(z, eta) + (p * slope).sum(-1)


TWINS: dict[str, Surrogate] = {
    "gumbel_softmax": gumbel_twin,
    "straight_through": straight_through_twin,
    "straight_through_gumbel": straight_through_gumbel_twin,
    "local_expectation": local_expectation_twin,
    "disarm": disarm_twin,
    "rebar": rebar_twin,
    "score_function": score_twin,
    "taylor_control_variate": taylor_twin,
}


def slow(twin: Surrogate, objective: Objective, noise: Tensor, auxiliary: Tensor) -> Tensor:
    """One backward a replicate, through the encoder's output, [I R m]."""
    model = bits_model()
    found = []
    for r in range(REPLICATES):
        eta = model.encoder(model.x).detach().requires_grad_(True)
        part = slice(r * K, (r + 1) * K)
        value = twin(objective, eta.unsqueeze(1), uniforms(noise[:, part]), uniforms(auxiliary[:, part]))
        found.append(torch.autograd.grad(value.mean(1).sum(), eta)[0])
    return torch.stack(found, 1)


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
@pytest.mark.parametrize("name", list(TWINS))
def test_estimate_is_what_autograd_gives_with_the_same_noise(name: str, objective: str) -> None:
    noise = normals(IMAGES, REPLICATES * K, BITS, what="noise")
    auxiliary = normals(IMAGES, REPLICATES * K, BITS, what="auxiliary")
    chosen = OBJECTIVES[objective]
    fast = estimates(bits_model(), chosen, ESTIMATORS[name], noise, auxiliary, K)
    torch.testing.assert_close(fast, slow(TWINS[name], chosen, noise, auxiliary), rtol=1e-9, atol=1e-11)


@cache
def many() -> tuple[Frame, Batch]:
    """Many draws of the model, shared by all estimators."""
    noise, auxiliary = (normals(IMAGES, MANY, BITS, what=what) for what in ("many", "many more"))
    return drawn(bits_model(), noise, auxiliary)


def worst(estimator: Estimator, objective: str, num_samples: int = 1) -> float:
    """Largest |z| of the mean's coordinates against the sum over all codes."""
    model, chosen = bits_model(), OBJECTIVES[objective]
    found = estimates_of(many(), chosen, estimator, num_samples)
    error = found.std(1) / found.shape[1] ** 0.5
    return float(((found.mean(1) - exact_gradient(model, chosen)) / error).abs().max())


UNBIASED = [
    *("score_function", "taylor_control_variate", "leave_one_out"),
    *(name for name, kind in ESTIMATORS.items() if "bernoulli" in kind.families and kind.unbiased),
]


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
@pytest.mark.parametrize("name", UNBIASED)
def test_unbiased_estimators_have_the_mean_that_enumeration_gives(name: str, objective: str) -> None:
    estimator = ESTIMATORS[name]
    assert estimator.is_unbiased(objective, None)
    assert worst(estimator, objective, estimator.default_samples) < Z_BOUND


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_rebar_is_unbiased_at_every_temperature(temperature: float) -> None:
    assert worst(replace(ESTIMATORS["rebar"], temperature=temperature), "reconstruction") < Z_BOUND


SCALES = torch.tensor([0.3, 1.7], dtype=torch.float64).reshape(IMAGES, 1, 1)


def scaled(scale: Tensor) -> Estimator:
    """REBAR with this scale of its control variate, one an image."""
    return replace(ESTIMATORS["rebar_optimal_scale"], fit=lambda _: {"scale": scale})


def scaled_twin(objective: Objective, eta: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """REINFORCE, and the scale times what REBAR adds to it."""
    plain, whole = (twin(objective, eta, u, v) for twin in (score_twin, rebar_twin))
    return plain + SCALES.squeeze(-1) * (whole - plain)


@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
def test_the_scale_multiplies_what_rebar_adds_to_reinforce(objective: str) -> None:
    noise, auxiliary = (normals(IMAGES, REPLICATES * K, BITS, what=what) for what in ("noise", "auxiliary"))
    chosen = OBJECTIVES[objective]
    fast = estimates(bits_model(), chosen, scaled(SCALES), noise, auxiliary, K)
    torch.testing.assert_close(fast, slow(scaled_twin, chosen, noise, auxiliary), rtol=1e-9, atol=1e-11)
    one = estimates(bits_model(), chosen, scaled(torch.ones_like(SCALES)), noise, auxiliary, K)
    assert torch.equal(one, estimates(bits_model(), chosen, ESTIMATORS["rebar"], noise, auxiliary, K))


def behind_a_hidden_layer(model: LatentModel) -> LatentModel:
    """The model with an encoder whose Gram matrix weighs the bits unlike: of one linear layer it does not."""
    first, last = (nn.Linear(*sizes, dtype=torch.float64) for sizes in ((4, 2), (2, BITS)))
    first.weight.data.copy_(normals(2, 4, what="first weight"))
    first.bias.data.copy_(normals(2, what="first bias"))
    last.weight.data.copy_(torch.tensor([[0.0, 0.2], [4.0, 0.0], [0.0, 0.0]], dtype=torch.float64))
    last.bias.data.copy_(normals(BITS, what="bias"))
    return replace(model, encoder=nn.Sequential(OrderedDict(first=first, tanh=nn.Tanh(), last=last)))


def scale_of(model: LatentModel, objective: Objective, count: int, what: str, num_samples: int = 1) -> Tensor:
    """The scale that is fitted on so many draws, K per estimate, [I 1 1]."""
    own, kept = ESTIMATORS["rebar_optimal_scale"], []
    fit = own.fit
    assert fit is not None

    def keeping(draws: Draws) -> Coefficients:
        kept.append(fit(draws)["scale"])
        return {"scale": kept[-1]}

    noise, auxiliary = (normals(IMAGES, count, BITS, what=f"{what}{more}") for more in ("", " more"))
    estimates(model, objective, replace(own, fit=keeping), noise, auxiliary, num_samples)
    return kept[0]


@pytest.mark.long
@pytest.mark.parametrize("objective", ["reconstruction", "elbo"])
def test_the_optimal_scale_is_where_the_variance_over_all_parameters_is_least(objective: str) -> None:
    """The variance is a parabola in the scale: its foot, from other draws than the fit's.

    Of three scales two are estimated: the estimate is linear in the scale, as the test above has it.
    """
    model, chosen = behind_a_hidden_layer(bits_model()), OBJECTIVES[objective]
    gram = Pushforward.of(model.encoder, model.x).grams[0].double()
    made = drawn(model, *(normals(IMAGES, MANY, BITS, what=what) for what in ("many", "many more")))
    tried = []
    for scale in (0.0, 1.0):
        one = estimates_of(made, chosen, scaled(torch.full_like(SCALES, scale)))
        tried.append(one - one.mean(1, keepdim=True))
    tried.append(2.0 * tried[1] - tried[0])

    def foot(metric: Tensor) -> Tensor:
        low, middle, high = (((one @ metric) * one).sum((1, 2)) for one in tried)
        return 1.0 + (low - high) / (2.0 * (low - 2.0 * middle + high))

    found = scale_of(model, chosen, MANY, "a pilot").flatten()
    torch.testing.assert_close(found, foot(gram), rtol=0.02, atol=0.0)
    assert bool(((found - 1.0).abs() > 0.05).all()), "where REBAR's own scale is another"
    in_eta = foot(torch.eye(BITS, dtype=torch.float64))
    assert bool(((found / in_eta - 1.0).abs() > 0.05).any()), "where the least variance over η is at another"
    assert abs(float(found[0] / found[1]) - 1.0) > 0.05, "where images differ"


def test_the_scale_is_that_of_single_samples_whatever_k() -> None:
    single, several = (
        scale_of(bits_model(), OBJECTIVES["elbo"], 600, "a pilot", num_samples) for num_samples in (1, K)
    )
    torch.testing.assert_close(single, several, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("away", [0.0, 7.0])
def test_of_a_constant_rebar_takes_all_and_its_scale_is_one(away: float) -> None:
    """Of f = 0 any scale would do; of another constant the control variate is −REINFORCE."""
    constant = replace(bits_model(), likelihood=lambda z: 0.0 * z.sum(-1) + away)
    chosen = OBJECTIVES["reconstruction"]
    found = scale_of(constant, chosen, 4000, "a pilot")
    torch.testing.assert_close(found, torch.ones_like(found), rtol=2e-3, atol=0.0)
    noise, auxiliary = (normals(IMAGES, REPLICATES, BITS, what=what) for what in ("noise", "auxiliary"))
    estimate = estimates(constant, chosen, scaled(torch.ones_like(SCALES)), noise, auxiliary)
    assert torch.equal(estimate, torch.zeros_like(estimate))


@pytest.mark.parametrize("name", ["gumbel_softmax", "straight_through", "straight_through_gumbel"])
def test_biased_estimators_say_so_and_are_seen_to_be(name: str) -> None:
    estimator = ESTIMATORS[name]
    assert not estimator.is_unbiased("reconstruction", 1) and not estimator.control
    assert worst(estimator, "reconstruction") > 10.0


def unconditional(draws: Draws, _: Coefficients) -> Tensor:
    """ζ, from which z is made, in place of ζ̃, drawn given z."""
    value, gradient = draws.evaluate_gradient(draws.relaxed())
    correction = draws.relaxed_pullback(gradient) - draws.relaxed_pullback(gradient)
    return ((draws.f - value).unsqueeze(-1) * draws.score + correction).mean(2)


def conditional_noise_held_fixed(draws: Draws, _: Coefficients) -> Tensor:
    """The derivative of ζ̃ as if its uniform did not move with p."""
    relaxed, given = draws.relaxed(), draws.relaxed_given()
    gradient = draws.evaluate_gradient(relaxed)[1]
    f_given, gradient_given = draws.evaluate_gradient(given)
    held = gradient_given * given * (1.0 - given) / TAU
    residual = (draws.f - f_given).unsqueeze(-1) * draws.score
    return (residual + draws.relaxed_pullback(gradient) - held).mean(2)


def no_correction(draws: Draws, _: Coefficients) -> Tensor:
    f_given = draws.evaluate(draws.relaxed_given())
    return ((draws.f - f_given).unsqueeze(-1) * draws.score).mean(2)


def undetached(draws: Draws, _: Coefficients) -> Tensor:
    """f(ζ) ∇ log q at the relaxed sample: a sample left attached to the relaxation."""
    relaxed = draws.relaxed()
    value, gradient = draws.evaluate_gradient(relaxed)
    score = relaxed - draws.q.mean.unsqueeze(1)
    return (value.unsqueeze(-1) * score + draws.relaxed_pullback(gradient)).mean(2)


@pytest.mark.parametrize(
    "wrong",
    [unconditional, conditional_noise_held_fixed, no_correction, undetached],
    ids=lambda w: w.__name__,
)
def test_wrong_rebar_is_rejected(wrong: Callable[[Draws, Coefficients], Tensor]) -> None:
    assert worst(replace(ESTIMATORS["rebar"], evaluate=wrong), "reconstruction") > 10.0


def test_a_lower_temperature_has_less_bias_and_more_variance() -> None:
    chosen = OBJECTIVES["reconstruction"]
    exact = exact_gradient(bits_model(), chosen)
    bias, variance = [], []
    for temperature in (0.1, 0.5, 2.0):
        estimator = replace(ESTIMATORS["gumbel_softmax"], temperature=temperature)
        found = estimates_of(many(), chosen, estimator)
        bias.append(float((found.mean(1) - exact).norm()))
        variance.append(float(found.var(1).sum()))
    assert bias[0] < bias[1] < bias[2]
    assert variance[0] > variance[1] > variance[2]


HEAD = "experiment: e\nproblem: {model: bits, dimension: 4%s}\nestimators: [score_function, %s]\n"


def complaint(estimator: str, problem: str = "") -> str:
    with pytest.raises(DeclarationError) as caught:
        load_text(HEAD % (problem, estimator), "e.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("estimator", "problem", "sentence"),
    [
        (
            "pathwise",
            "",
            "pathwise needs a reparameterizable family; bernoulli is not; "
            "use score_function, leave_one_out or gumbel_softmax.",
        ),
        (
            "pathwise",
            ", function: parity",
            "pathwise needs a reparameterizable family; bernoulli is not; "
            "use score_function or leave_one_out.",
        ),
        (
            "rebar",
            ", function: threshold",
            "rebar needs ∂f/∂z, which a black-box integrand does not give; use leave_one_out.",
        ),
        (
            "gumbel_softmax",
            ", function: threshold",
            "gumbel_softmax needs ∂f/∂z, which a black-box integrand does not give; use score_function.",
        ),
        (
            "taylor_control_variate",
            ", function: parity",
            "taylor_control_variate needs ∂f/∂z, which a black-box integrand does not give; "
            "use score_function or leave_one_out.",
        ),
        (
            "{name: score_function, temperature: 0.1}",
            "",
            "score_function is no relaxation, so it has no temperature. Remove it.",
        ),
        ("{name: rebar, temperature: 0}", "", "must be more than 0, got 0."),
    ],
)
def test_what_does_not_apply_is_refused_with_the_remedy(estimator: str, problem: str, sentence: str) -> None:
    assert sentence in complaint(estimator, problem)


def test_a_black_box_among_swept_functions_is_one_too() -> None:
    text = HEAD % ("", "gumbel_softmax") + "sweep: {problem.function: [quadratic, parity]}\n"
    with pytest.raises(DeclarationError, match="needs ∂f/∂z, which a black-box integrand does not give"):
        load_text(text, "e.yaml")


def test_without_an_unbiased_one_the_remedy_is_one_that_applies() -> None:
    text = "experiment: e\nproblem: {model: bits}\nestimators: [gumbel_softmax, straight_through]\n"
    with pytest.raises(DeclarationError, match=r"got none\. Add score_function\."):
        load_text(text, "e.yaml")


def test_relaxations_are_for_discrete_families_only() -> None:
    text = "experiment: e\nproblem: {model: function}\nestimators: [pathwise, gumbel_softmax]\n"
    with pytest.raises(
        DeclarationError, match="needs a family that is bernoulli or categorical, not gaussian"
    ):
        load_text(text, "e.yaml")


@pytest.mark.parametrize("name", ["rebar", "rebar_optimal_scale"])
def test_what_is_made_for_bits_is_refused_for_classes(name: str) -> None:
    text = f"experiment: e\nproblem: {{model: categorical}}\nestimators: [score_function, {name}]\n"
    with pytest.raises(DeclarationError, match="needs a family that is bernoulli, not categorical"):
        load_text(text, "e.yaml")


def test_a_temperature_reaches_the_arm_and_its_channel() -> None:
    text = (
        "experiment: e\nproblem: {model: bits}\n"
        "estimators: [score_function, gumbel_softmax, {name: gumbel_softmax, temperature: 0.1}]\n"
    )
    experiment = load_text(text, "e.yaml")
    assert experiment.labels == ("score_function", "gumbel_softmax", "gumbel_softmax at 0.1")
    (cell,) = make_plan(experiment).measurements
    assert [arm.temperature for arm in cell.arms] == [None, 0.5, 0.1]
    assert [Key.of(arm).temperature for arm in cell.arms] == [None, 0.5, 0.1]
    own = Arm("expectation", "rebar", "rebar")
    channel = Channel(Key.of(own), ESTIMATORS["rebar"], Moments.empty(1, 1, 1))
    assert own.temperature is None and channel.temperature == 0.5
    other = load_text(text.replace("0.1", "0.2"), "e.yaml")
    assert make_plan(other).measurements[0].key != cell.key


def test_a_temperature_is_no_part_of_the_content_of_an_arm_without_one() -> None:
    assert Arm("elbo", "pathwise", "a").content == ["elbo", "pathwise", 1, 0.0, False]


def test_a_temperature_is_named_in_figures() -> None:
    assert short_title("gumbel_softmax at 0.1", "gumbel_softmax").endswith(", τ\u00a0=\u00a00.1")
    assert short_title("gumbel_softmax at 1e-07", "gumbel_softmax").endswith(", τ\u00a0=\u00a010⁻⁷")
    assert short_title("gumbel_softmax at noon", "gumbel_softmax") == "Gumbel_softmax at noon"
    assert short_title("φ alone", "pathwise") == "φ alone", "a symbol, and Φ another"
    assert short_title("élan", "pathwise") == "Élan"
    assert short_title("gumbel_softmax", "gumbel_softmax") == "Gumbel-softmax"
