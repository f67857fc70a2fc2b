"""`model: gradients`: estimates of any gradient, returned by functions of the user's own."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from reportgen.declaration.code_reference import Arguments, CodeReference, called
from reportgen.declaration.problems.problem import Problem


class Gradients(Problem):
    """Functions of your own that each return one estimate of the same gradient."""

    objectives: ClassVar = ("own",)
    usual: ClassVar = ("own",)
    coordinates: ClassVar = "the parameters"
    evaluation: ClassVar = ("call", "calls")
    given: ClassVar = True

    model: Literal["gradients"] = "gradients"
    """Gradients of your own."""
    gradients: Annotated[str, CodeReference("gradients: my_gradients.py:build")]
    """`file.py:function`, relative to the declaration's folder, or `package.module:function`. It returns a
    mapping of names to functions without arguments; each returns one estimate, as for
    `reportgen.measure_gradients`."""
    arguments: Annotated[dict[str, Any], Arguments()] = Field(default_factory=dict)
    """Keyword arguments of the function."""

    @property
    def latent_size(self) -> None:
        """There is no z."""
        return

    @property
    def eta_size(self) -> int:
        """A guess, for estimates of cost: what is measured are whole gradients."""
        return 20

    @property
    def code(self) -> str:
        return self.gradients

    @property
    def sentence(self) -> str:
        made = called(self.gradients, self.arguments)
        return f"A gradient of its author’s own: functions made by {made}, each of which returns an estimate"
