"""The variational families q(z; η) as declarations and reports know them, without torch.

For each family: its name, its formula, how many numbers an encoder must return
for it, and whether pathwise gradients exist. The classes that compute are in
`reportgen.families`, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reportgen.errors import UsageError


@dataclass(frozen=True)
class Distribution:
    """One family. `latent` counts latent units; an option that is left out takes its default."""

    name: str
    title: str
    formula: str
    r"""LaTeX of q(z; η) and of the parts of \eta, in order."""
    spoken: str
    """The formula in words, as alternative text."""
    count: Callable[..., int]
    """Computes m from the latent units and all options; call `parameters`, which fills in the defaults."""
    source: str
    """Citation keys, comma separated, from the report's bibliography."""
    options: Mapping[str, float] = field(default_factory=dict)
    """Options that a declaration may set, with their defaults."""
    reparameterizable: bool = True
    """Whether z is a differentiable function of η and noise."""
    discrete: bool = False
    """Whether z takes finitely many values."""

    def parameters(self, latent: int, **options: float) -> int:
        """m, the length of η: how many numbers an encoder returns for one data point."""
        return self.count(latent, **{**self.options, **options})

    def width(self, latent: int, **options: float) -> int:
        """d, the length of z: the number of inputs of a decoder. A one-hot unit has one for each class."""
        return latent * int({**self.options, **options}.get("classes", 1))

    def latent(self, parameters: int, **options: float) -> int:
        """How many latent units an η of length m = `parameters` describes.

        Raises UsageError if that is not a whole number.
        """
        latent = 1
        while (m := self.parameters(latent, **options)) < parameters:
            latent += 1
        if m != parameters:
            given = ", ".join(f"{k} {v:g}" for k, v in {**self.options, **options}.items())
            described = f"{self.name} ({given})" if given else self.name
            raise UsageError(
                f"{described} of {latent} latent units needs {m} numbers a data point from the encoder, "
                f"found {parameters}; give its last layer {m} outputs"
            )
        return latent

    def refusal(self, need: str) -> str:
        """Why `need` (an estimator, a derivative) does not work with a discrete family, and what does."""
        return (
            f"{need} needs a reparameterizable family; {self.name} is not; "
            "use score_function, leave_one_out or gumbel_softmax"
        )


DISTRIBUTIONS: dict[str, Distribution] = {
    "gaussian": Distribution(
        name="gaussian",
        title="Mean-field Gaussian",
        formula=(
            r"q(z; \eta) = \mathcal{N}\bigl(z;\, \mu, \operatorname{diag}(\sigma^2)\bigr),"
            r" \qquad \eta = (\mu, \log \sigma)"
        ),
        spoken=(
            "q of z given eta is Gaussian with mean mu and independent variances sigma squared; "
            "eta is mu and the logarithm of sigma"
        ),
        count=lambda latent: 2 * latent,
        source="kingma2013",
    ),
    "fixed_scale_gaussian": Distribution(
        name="fixed_scale_gaussian",
        title="Gaussian of fixed scale",
        formula=r"q(z; \eta) = \mathcal{N}(z;\, \mu, \sigma^2 I), \qquad \eta = \mu",
        spoken=(
            "q of z given eta is Gaussian with mean mu and variance sigma squared in every direction, "
            "sigma given; eta is mu"
        ),
        count=lambda latent, scale: latent,
        source="rainforth2018",
        options={"scale": 1.0},
    ),
    "full_covariance_gaussian": Distribution(
        name="full_covariance_gaussian",
        title="Full-covariance Gaussian",
        formula=(
            r"q(z; \eta) = \mathcal{N}(z;\, \mu, L L^{\top}),"
            r" \qquad \eta = \bigl(\mu, \log L_{ii}, L_{ij}\bigr), \quad i > j"
        ),
        spoken=(
            "q of z given eta is Gaussian with mean mu and covariance L L transposed, L lower triangular; "
            "eta is mu, the logarithms of the diagonal of L, and the entries below it"
        ),
        count=lambda latent: 2 * latent + latent * (latent - 1) // 2,
        source="titsias2014",
    ),
    "low_rank_gaussian": Distribution(
        name="low_rank_gaussian",
        title="Gaussian of low-rank plus diagonal covariance",
        formula=(
            r"q(z; \eta) = \mathcal{N}\bigl(z;\, \mu, \operatorname{diag}(\sigma^2) + U U^{\top}\bigr),"
            r" \qquad \eta = (\mu, \log \sigma, U)"
        ),
        spoken=(
            "q of z given eta is Gaussian with mean mu and covariance the diagonal of sigma squared "
            "plus U U transposed, U of r columns; eta is mu, the logarithm of sigma, and U"
        ),
        count=lambda latent, rank: (2 + rank) * latent,
        source="ong2018, rezende2014",
        options={"rank": 1},
    ),
    "bernoulli": Distribution(
        name="bernoulli",
        title="Bernoulli",
        formula=(
            r"q(z; \eta) = \prod_{i} p_i^{z_i} (1 - p_i)^{1 - z_i},"
            r" \qquad \eta_i = \log \frac{p_i}{1 - p_i}"
        ),
        spoken=(
            "q of z given eta is the product over i of p i where z i is one, one minus p i where it is zero; "
            "eta i is the logit of p i"
        ),
        count=lambda latent: latent,
        source="mnih2014, maddison2017, tucker2017",
        reparameterizable=False,
        discrete=True,
    ),
    "categorical": Distribution(
        name="categorical",
        title="Categorical, one-hot",
        formula=(
            r"q(z; \eta) = \prod_{i} \prod_{c} p_{ic}^{z_{ic}},"
            r" \qquad p_{ic} = \frac{e^{\eta_{ic}}}{\sum_{b} e^{\eta_{ib}}}"
        ),
        spoken=(
            "q of z given eta is a product over i of p i c at the class c where z i c is one; "
            "p i is the softmax of eta i over the classes"
        ),
        count=lambda latent, classes: latent * classes,
        source="jang2017, maddison2017",
        options={"classes": 10},
        reparameterizable=False,
        discrete=True,
    ),
}
