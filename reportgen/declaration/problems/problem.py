"""What every `problem` section says of itself, whatever its model."""

from __future__ import annotations

from typing import ClassVar

from reportgen.declaration.section import Section


class Problem(Section):
    """Settings of one model, and the facts that do not depend on them.

    A subclass has a field `model` with its name in the table, and the
    settings that its builder in `reportgen.problems` reads.
    """

    model: str

    objectives: ClassVar[tuple[str, ...]]
    """Objectives that can be differentiated here."""
    usual: ClassVar[tuple[str, ...]]
    """Those meant where a declaration names none."""
    trained: ClassVar[bool] = False
    """Whether parameters are fitted first, and measured at checkpoints."""
    generative: ClassVar[bool] = False
    """Whether the gradient in θ can be measured too."""
    layered: ClassVar[bool] = False
    """Whether gradients are measured layer by layer, which not every estimator can be."""
    unit: ClassVar[tuple[str, str]] = ("data point", "data points")
    """What one of the I data points is called, singular and plural."""
    coordinates: ClassVar[str] = "the parameters of q"
    """What φ is, inside a sentence."""

    @property
    def distribution(self) -> str:
        """The variational family, a name in `reportgen.distributions`."""
        return "gaussian"

    @property
    def latent_size(self) -> int | None:
        """d, the length of z; None where only the model itself knows."""
        raise NotImplementedError

    @property
    def dataset(self) -> str | None:
        """Data set it is made of, a name in `reportgen.datasets`; None where it needs none."""
        return None

    @property
    def code(self) -> str | None:
        """A user's own Python that makes it, `file.py:name`; None where there is none."""
        return None

    @property
    def sentence(self) -> str:
        """The model in one sentence of the report, without the full stop."""
        raise NotImplementedError
