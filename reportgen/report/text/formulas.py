r"""Formulas of the report: their LaTeX, their words, and their drawings.

The drawings are made beforehand by ``make formulas`` (which needs Node) and
kept in ``templates/formulas/formulas.json``, so that making a report needs
neither Node nor TeX. A formula of the text without a drawing stops the report;
that of a new estimator appears as its LaTeX source until it is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import RenderError
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from reportgen.resources import templates


@dataclass(frozen=True)
class Formula:
    """A formula as requested."""

    latex: str
    spoken: str
    """The formula in words, as alternative text."""
    display: bool = False
    """Whether it is on its own line rather than within one."""

    @property
    def key(self) -> str:
        """Key of its drawing."""
        return f"{'display' if self.display else 'inline'} {self.latex}"


@dataclass(frozen=True)
class DrawnFormula:
    """A drawn formula; lengths in ex, the height of an x in the surrounding text."""

    svg: str
    width: float
    height: float
    depth: float
    """How far it extends below the baseline."""
    spoken: str


TEXT: dict[str, Formula] = {
    "phi": Formula(r"\varphi", "phi"),
    "theta": Formula(r"\theta", "theta"),
    "z": Formula(r"z", "z"),
    "f": Formula(r"f", "f"),
    "B": Formula(r"B", "B"),
    "K": Formula(r"K", "K"),
    "n_small": Formula(r"n", "n"),
    "t_squared": Formula(r"T^2", "T squared"),
    "mean_difference": Formula(r"\bar d", "d bar"),
    "difference_covariance": Formula(r"C", "C"),
    "V_A": Formula(r"V_A", "V A"),
    "V_B": Formula(r"V_B", "V B"),
    "V_C": Formula(r"V_C", "V C"),
    "J": Formula(r"J", "J"),
    "k_small": Formula(r"k", "k"),
    "layer_input": Formula(r"a_k", "a k"),
    "layer_derivative": Formula(r"\delta_k", "delta k"),
    "layer_gradient": Formula(
        r"G = \sum_k \delta_k a_k^{\top}", "G equals the sum over k of delta k times a k transposed"
    ),
    "layer_norm": Formula(
        r"\lVert G \rVert^2 = \sum_{k, l} (\delta_k \cdot \delta_l)(a_k \cdot a_l)",
        "the squared norm of G equals the sum over k and l of delta k dot delta l, times a k dot a l",
    ),
    "log_p": Formula(r"\log p_{\theta}(x \mid z)", "log p theta of x given z"),
    "q": Formula(r"q", "q"),
    "x": Formula(r"x", "x"),
    "q_of_z": Formula(r"q_{\varphi}(z \mid x)", "q phi of z given x"),
    "grad_log_q": Formula(r"\nabla \log q", "the gradient of log q"),
    "grad_q": Formula(r"\nabla q", "the gradient of q"),
    "grad_z": Formula(
        r"\nabla_{z} \log p_{\theta}(x \mid z)", "the gradient in z of log p theta of x given z"
    ),
    "nll_expectation": Formula(
        r"-\mathbb{E}_{q}[\log p_{\theta}(x \mid z)]",
        "minus the expectation, under q, of log p theta of x given z",
    ),
    "minus_log_p": Formula(r"-\log p_{\theta}(x \mid z)", "minus log p theta of x given z"),
    "q_reversed": Formula(r"q_{\varphi}(x \mid z)", "q phi of x given z"),
    "eta_def": Formula(r"\eta = (\mu, \log \sigma) \in \mathbb{R}^{2d}", "eta, the pair of mu and log sigma"),
    "target": Formula(
        r"\nabla_{\varphi}\, \mathbb{E}_{q_{\varphi}(z \mid x)}\bigl[f(z)\bigr]",
        "the gradient in phi of the expectation, under q phi of z given x, of f of z",
        display=True,
    ),
    "chain": Formula(
        r"\hat g_{\varphi} = J^{\top} \hat g_{\eta}, \qquad J = \frac{\partial \eta}{\partial \varphi}",
        "g hat phi equals J transposed times g hat eta, where J is the Jacobian of eta in phi",
        display=True,
    ),
    "cross_fitted": Formula(
        r"t = \frac{1}{2} \biggl( \frac{u_1^{\top} \bar d_2}{\sqrt{u_1^{\top} C_2\, u_1 / n_2}}"
        r" + \frac{u_2^{\top} \bar d_1}{\sqrt{u_2^{\top} C_1\, u_2 / n_1}} \biggr),"
        r" \qquad u_1 = C_1^{-1} \bar d_1, \quad u_2 = C_2^{-1} \bar d_2",
        "t is half the sum of two fractions: the first is u one transposed times d bar two, over a square "
        "root, that of u one transposed times C two times u one, divided by n two; the second is the same "
        "with one and two exchanged; u one is the inverse of C one times d bar one, and u two the inverse of "
        "C two times d bar two",
        display=True,
    ),
    "pushforward": Formula(
        r"\operatorname{tr} \operatorname{Cov}(\hat g_{\varphi}) = \operatorname{tr}(J^{\top} C J), \qquad"
        r" C = \operatorname{Cov}(\hat g_{\eta})",
        "the trace of the covariance of g hat phi equals the trace of J transposed times C times J, where C "
        "is the covariance of g hat eta",
        display=True,
    ),
    "total_variance": Formula(
        r"V = \frac{1}{I} \sum_{i=1}^{I} \operatorname{tr} \operatorname{Cov}(\hat g_i)",
        "V is the mean over I images of the trace of the covariance of g hat i",
        display=True,
    ),
    "total_variance_alone": Formula(
        r"V = \operatorname{tr} \operatorname{Cov}(\hat g)",
        "V is the trace of the covariance of g hat",
        display=True,
    ),
    "target_alone": Formula(
        r"\nabla_{\varphi}\, \mathbb{E}_{q_{\varphi}(z)}\bigl[f(z)\bigr]",
        "the gradient in phi of the expectation, under q phi of z, of f of z",
        display=True,
    ),
    "eta": Formula(r"\eta", "eta"),
    "eta_any": Formula(r"\eta \in \mathbb{R}^{m}", "eta, a vector of m numbers"),
    "gap_closed": Formula(
        r"\frac{\log V_{B} - \log V_{A}}{\log V_{B} - \log V_{C}}",
        "a fraction: log V B minus log V A, divided by the difference log V B minus log V C",
        display=True,
    ),
    "signal_to_noise": Formula(
        r"\frac{\bigl\lVert \mathbb{E}\, \hat g_i \bigr\rVert}"
        r"{\sqrt{\operatorname{tr} \operatorname{Cov}(\hat g_i)}}",
        "the norm of the mean of g hat i, over the square root of the trace of its covariance",
        display=True,
    ),
    "signal_to_noise_alone": Formula(
        r"\frac{\bigl\lVert \mathbb{E}\, \hat g \bigr\rVert}"
        r"{\sqrt{\operatorname{tr} \operatorname{Cov}(\hat g)}}",
        "the norm of the mean of g hat, over the square root of the trace of its covariance",
        display=True,
    ),
    "total_law": Formula(
        r"\operatorname{Var}(\bar g) = \frac{1}{B} \Bigl( \underbrace{\mathbb{E}_i \operatorname{tr}"
        r" \operatorname{Cov}(\hat g_i)}_{\text{Monte Carlo}}"
        r" + \underbrace{\mathbb{E}_i \lVert \mathbb{E} \hat g_i"
        r" - \mathbb{E}_{j} \mathbb{E} \hat g_j \rVert^2}_{\text{minibatch}} \Bigr)",
        "the variance of the mean gradient of B images is one over B times the sum of two terms: the "
        "expected trace "
        "of the covariance within an image, which is Monte Carlo noise, and the expected squared distance "
        "of an "
        "image's mean gradient from the mean over images, which is minibatch noise",
        display=True,
    ),
    "printed_weight": Formula(
        r"\nabla_{\varphi}\, q_{\varphi} = q_{\varphi}\, \nabla_{\varphi} \log q_{\varphi}",
        "the gradient of q phi equals q phi times the gradient of log q phi",
    ),
    "log_w": Formula(
        r"\log p_{\theta}(x, z) - \log q_{\varphi}(z \mid x)",
        "log p theta of x and z minus log q phi of z given x",
    ),
}
"""Formulas of the text, by the names that templates use: ``{{ math("phi") }}``."""


def sources() -> list[Formula]:
    """Every formula that a report on built-in estimators and objectives may use, in a fixed order."""
    found = list(TEXT.values())
    found += [Formula(e.formula, e.spoken, display=True) for e in ESTIMATORS.values()]
    found += [
        Formula(e.bound_formula, e.bound_spoken, display=True) for e in ESTIMATORS.values() if e.bound_formula
    ]
    found += [Formula(o.formula, o.spoken, display=True) for o in OBJECTIVES.values() if o.formula]
    found += [Formula(d.formula, d.spoken, display=True) for d in DISTRIBUTIONS.values()]
    return list({formula.key: formula for formula in found}.values())


@cache
def _drawings() -> Mapping[str, Any]:
    path = templates() / "formulas" / "formulas.json"
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RenderError(
            f"templates/formulas/formulas.json: needs the drawn formulas, found {error}. Run `make formulas`."
        ) from error
    return dict(loaded)


def is_drawn(formula: Formula) -> bool:
    """Whether it has a drawing."""
    return formula.key in _drawings()


def drawn(formula: Formula) -> DrawnFormula:
    """The drawing of a formula. Raises RenderError if there is none."""
    found = _drawings().get(formula.key)
    if found is None:
        raise RenderError(
            f"templates/formulas/formulas.json: needs a drawing of {formula.latex!r}, found none. "
            "Run `make formulas` (needs Node) and keep the file it writes."
        )
    return DrawnFormula(
        svg=str(found["svg"]),
        width=float(found["width"]),
        height=float(found["height"]),
        depth=float(found["depth"]),
        spoken=formula.spoken,
    )


def named(name: str) -> Formula:
    """A formula of the text. Raises RenderError for a name that is not in the table."""
    try:
        return TEXT[name]
    except KeyError:
        raise RenderError(
            f"templates: a formula needs a name of reportgen.report.text.formulas.TEXT, found {name!r}. "
            "Add it there."
        ) from None
