"""`model: python`: a model of the user's own, returned by a function of theirs."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from reportgen.declaration.code_reference import Arguments, CodeReference, called
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Choice
from reportgen.distributions import DISTRIBUTIONS


class Python(Problem):
    """A model of your own: encoder, decoder and data points, returned by a function."""

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("reconstruction", "elbo")
    coordinates: ClassVar = "the parameters of the model’s encoder"

    model: Literal["python"] = "python"
    """A model of your own."""
    python: Annotated[str, CodeReference("python: my_vae.py:build")]
    """`file.py:function`, relative to the declaration's folder, or `package.module:function`. It returns a
    `reportgen.Model` (or anything with the methods of `reportgen.Problem`)."""
    arguments: Annotated[dict[str, Any], Arguments()] = Field(default_factory=dict)
    """Keyword arguments of the function."""
    family: Annotated[str, Choice(DISTRIBUTIONS.keys)] = "gaussian"
    """The model's family of q(z; η)."""

    @property
    def distribution(self) -> str:
        return self.family

    @property
    def generative(self) -> bool:
        return True

    @property
    def latent_size(self) -> None:
        """Only the model itself knows; a record has the number."""
        return

    @property
    def eta_size(self) -> int:
        """A guess, since only the model itself knows; for estimates of cost."""
        return 20

    @property
    def code(self) -> str:
        return self.python

    @property
    def sentence(self) -> str:
        made, title = called(self.python, self.arguments), DISTRIBUTIONS[self.family].title
        return f"A model of its author’s own, made by {made}; q is of the family: {title}"
