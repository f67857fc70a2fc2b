"""What the pictures of formulas say, compared with what the code computes and with one another."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
import torch
from matplotlib.text import Text
from torch import Tensor

from reportgen.declaration.claims.statistics import MODEL_STATISTICS
from reportgen.declaration.claims.statistics import STATISTICS as CLAIMED
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.points import Batch, PointsAt
from reportgen.engine.vectors.pushforward import Pushforward
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.figures import reading, unbiasedness
from reportgen.findings.statistics.named import STATISTICS
from reportgen.objectives import OBJECTIVES
from reportgen.problems.model import free_gaussian
from reportgen.problems.problem import Problem
from reportgen.report.sections import estimators as section
from reportgen.report.sections import question
from reportgen.report.text import formulas
from reportgen.report.text.formulas import Formula
from reportgen.resources import templates
from tests.discrete_cases import bits_model
from tests.press_cases import toy
from tests.tiny_vae import tiny_vae

K = 3
IN_PHI = re.compile(
    r"\\nabla_\{\\varphi\}(\\,)? (f|\\log w)\b|\\frac\{\\partial (f|\\log w_k)\}\{\\partial \\varphi\}"
)
"""A derivative of f, or of log w, in the parameters of q: the whole one, or at a sample held fixed."""


@dataclass(frozen=True)
class NoPartialDerivative(IntegrandDraws):
    """A wrong integrand: as if f depended on η through z alone."""

    @property
    def explicit(self) -> Tensor | None:
        return None

    def explicit_at(self, z: Tensor) -> Tensor | None:
        return None


def estimates(
    estimator: Estimator,
    problem: Problem,
    objective: str,
    kind: type[IntegrandDraws] = IntegrandDraws,
    replicates: int = 4,
    num_samples: int = K,
) -> Tensor:
    """Of K samples each where no other number is asked for, [I R m], with noise from a fixed seed."""
    with torch.no_grad():
        q = problem.family(problem.encoder(problem.x))
    generator = torch.Generator().manual_seed(0)

    def normals(width: int) -> Tensor:
        shape = (len(problem.x), replicates * num_samples, width)
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    gram = Pushforward.of(problem.encoder, problem.x).grams[0]
    frame = Frame(problem, q, gram, PointsAt(problem, q, q.mean, True))
    batch = Batch(problem, q, normals(q.noise), True, normals(2 * q.noise))
    chosen = OBJECTIVES[objective]
    draws = kind(
        IntegrandValues(batch, chosen.integrand),
        frame,
        num_samples,
        0.0,
        chosen.several,
        estimator.auxiliary,
        estimator.temperature,
    )
    evaluate = estimator.of(objective)
    assert evaluate is not None
    return evaluate(draws, estimator.fit(draws) if estimator.fit else {})


SERVED = [
    (name, objective)
    for name, estimator in ESTIMATORS.items()
    for objective in ("elbo", "iwae")
    if estimator.serves(objective) and estimator.parameters == "phi"
]


@pytest.mark.parametrize(("name", "objective"), SERVED)
def test_a_formula_differentiates_f_in_phi_where_the_code_does(name: str, objective: str) -> None:
    """− log q is a part of f here: what is made of ∂f/∂φ at a sample must be seen, and be so named."""
    estimator = ESTIMATORS[name]
    problem = bits_model() if "bernoulli" in estimator.families else tiny_vae()
    own, without = (
        estimates(estimator, problem, objective, kind) for kind in (IntegrandDraws, NoPartialDerivative)
    )
    latex, spoken = estimator.formula_of(objective)
    assert bool(IN_PHI.search(latex)) == bool((own - without).abs().max() > 1e-6)
    assert (r"\frac{\partial f}" in latex or r"\frac{\partial \log w_k}" in latex) == (
        "partial derivative of" in spoken
    )


SYMBOLS = (
    r"\tilde \zeta_k",
    r"\zeta_k",
    r"\omega_k",
    r"\bar z",
    r"\tilde f",
    r"\hat L",
    r"\hat L_{-k}",
    r"b^{\ast}",
    r"b_j^{\ast}",
    r"b_r",
    r"u_1",
    r"u_2",
)
"""Symbols that no sentence of a report introduces."""


@pytest.mark.parametrize("formula", formulas.sources(), ids=lambda formula: formula.spoken[:40])
def test_a_formula_says_what_its_symbols_are(formula: Formula) -> None:
    for symbol in SYMBOLS:
        rest = formula.latex.replace(r"\tilde \zeta_k", "") if symbol == r"\zeta_k" else formula.latex
        if symbol in rest:
            assert re.search(re.escape(symbol) + r"(\(z\))? (=|\\sim) ", rest), symbol


DIFFERENCE = re.compile(r"\\[bB]igl[(\[](f\(z_[^)]*\)|\\hat L|\\log p_\{\\theta\}\(x, z\)) - ")
"""In brackets, multiplied by something or under an expectation."""


def test_where_a_difference_or_a_fraction_ends_is_heard() -> None:
    """“f minus b times s” is another formula than “a difference, f minus b, times s”."""
    brackets = [formula for formula in formulas.sources() if DIFFERENCE.search(formula.latex)]
    assert len(brackets) > 6
    for formula in brackets:
        assert re.search("a difference[,:] ", formula.spoken), formula.spoken
    for name in ("gap_closed", "cross_fitted"):
        assert "fraction" in formulas.TEXT[name].spoken
    assert not [f.spoken for f in formulas.sources() if "expectation under" in f.spoken]


def test_the_laws_of_measure_valued_points_are_seen() -> None:
    for name, symbols in (("measure_valued", "WMU"), ("measure_valued_independent", "WM")):
        estimator = ESTIMATORS[name]
        assert all(re.search(rf"\b{symbol}(, W')? \\sim ", estimator.formula) for symbol in symbols)
        assert "with index j it is a function of coordinate j" in estimator.requires


def test_what_a_relaxation_is_made_of_is_told_beside_its_formula() -> None:
    relaxed = [e for e in ESTIMATORS.values() if r"\sigma\Bigl(" in e.formula]
    assert len(relaxed) == 4
    for estimator in relaxed:
        assert "σ is the sigmoid" in estimator.requires and "logistic noise" in estimator.requires
        assert ("Gumbel noise" in estimator.requires) == ("categorical" in estimator.families)


def test_the_weights_of_a_bound_are_defined_where_the_bound_is() -> None:
    assert any(r"w(z_k)" in e.bound_formula or r"w(z_k)" in e.formula for e in ESTIMATORS.values())
    assert "in place of the mean of f, the log weight of one sample" in question.NOTES["iwae"]
    assert r"w_k = w(z_k) = \frac{p_{\theta}(x, z_k)}{q_{\varphi}(z_k \mid x)}" in OBJECTIVES["iwae"].formula


def test_the_test_of_equal_means_borrows_no_letters() -> None:
    """z is a sample, w a weight, B the size of a minibatch, and V_A, V_B, V_C are of estimators."""
    latex = re.sub(r"\\[a-z]+", "", formulas.TEXT["cross_fitted"].latex)
    assert not set("zwABKJ") & set(latex)


def test_a_control_variate_is_expanded_in_z() -> None:
    """Of the ELBO f has another gradient too, in φ."""
    latex = ESTIMATORS["taylor_control_variate"].formula
    assert r"\nabla f" not in latex and latex.count(r"\nabla_{z} f(\bar z)") == 2


def test_sticking_the_landing_is_biased_for_bounds_of_several_samples_alone() -> None:
    """Of one sample it is, draw by draw, the doubly reparameterized gradient."""
    stuck, doubly = ESTIMATORS["sticking_the_landing"], ESTIMATORS["doubly_reparameterized"]
    problem = free_gaussian([0.3], [0.8], lambda z: torch.sin(z).sum(-1))
    same = [estimates(one, problem, "iwae", num_samples=1) for one in (stuck, doubly)]
    torch.testing.assert_close(*same)
    several = [estimates(one, problem, "iwae") for one in (stuck, doubly)]
    assert float((several[0] - several[1]).abs().max()) > 1e-3
    assert (
        stuck.is_unbiased("iwae", 1)
        and not stuck.is_unbiased("iwae", 2)
        and not stuck.is_unbiased("iwae", None)
    )
    text = "experiment: toy\nproblem: {model: conjugate}\nobjective: %s\nestimators: %s\n"
    for count, word in ((1, "yes"), (2, "no")):
        declared = [f"{{name: {name}, num_samples: {count}}}" for name in ("pathwise", stuck.name)]
        findings = toy(text % ("iwae", f"[{', '.join(declared)}]"), lambda cell, arm: 1.0)
        assert reading.unbiased(findings, stuck.name) == (count == 1)
        assert section.context(findings)["rows"][1]["unbiased"] == word
    both = toy(text % ("[elbo, iwae]", "[pathwise, sticking_the_landing]"), lambda cell, arm: 1.0)
    assert section.warning(stuck, both).startswith("Biased for the IWAE bound of more than one sample: ")
    bits = "problem: {model: bits}\nestimators: [score_function, gumbel_softmax]\n"
    findings = toy(f"experiment: toy\n{bits}", lambda cell, arm: 1.0, eta=1)
    assert section.warning(ESTIMATORS["gumbel_softmax"], findings).startswith("Biased: ")


def test_a_closed_form_term_moves_no_bias() -> None:
    """It is added to the mean of an estimate and to the gradient: only what they are set against differs."""
    note = question.NOTES["elbo_analytic_kl"]
    assert "total variances and biases agree" in note


def test_what_needs_independent_samples_says_so() -> None:
    """Other samples are a baseline that leaves the mean alone where they tell nothing of this one."""
    for estimator in ESTIMATORS.values():
        assert ("independent samples" in estimator.requires) == estimator.independent


def test_a_bound_is_not_called_tighter_where_q_is_the_posterior() -> None:
    """There it is log p(x) for every K."""
    assert "never becomes looser as K grows" in question.NOTES["iwae"]


def test_the_two_sides_of_a_difference_are_what_is_independent() -> None:
    """Parts of the mean and of the scale share noise, and are not: of z², 2 (W² − W′²) c and M² − z²."""
    problem = free_gaussian([0.0], [1.0], lambda z: (z**2).sum(-1))
    estimator = ESTIMATORS["measure_valued_independent"]
    found = estimates(estimator, problem, "expectation", replicates=4000)[0]
    assert float(torch.corrcoef(found.T)[0, 1]) > 0.3
    assert estimator.spoken.endswith("W independent of W prime and M of z")


def test_methods_define_every_statistic() -> None:
    text = (templates() / "sections" / "methods.html").read_text(encoding="utf-8")
    defined = set(re.findall(r"\w+", " ".join(re.findall(r"<dt>(.*?)</dt>", text))))
    named = {*STATISTICS, *CLAIMED, *MODEL_STATISTICS}
    missing = {name for name in named - defined if not name.startswith("coordinate_variance_")}
    assert not missing, "define them in templates/sections/methods.html, <dt>name</dt>"


def test_the_p_value_of_one_data_point_is_not_called_corrected() -> None:
    one = "problem: {model: function}\nestimators: [pathwise, score_function]\n"
    found = unbiasedness.data(toy(f"experiment: toy\n{one}", lambda cell, arm: 1.0))
    assert found is not None and found.alone
    heads = [column.name for column in unbiasedness.table(found).columns]
    texts = {text.get_text() for text in unbiasedness.draw(found).findobj(Text)}
    assert "p-value" in heads and "p" in texts and not any("corrected" in text for text in (*heads, *texts))
    several = unbiasedness.table(replace(found, alone=False))
    assert "p-value, corrected" in [column.name for column in several.columns]
