"""What every `problem` section says about itself, whatever its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from reportgen.declaration.section import Section
from reportgen.distributions import DISTRIBUTIONS


class Problem(Section):
    """Settings of one model, and the facts that do not depend on them.

    A subclass has a field `model` with its name in the table, and the
    settings that its builder in `reportgen.problems` reads.
    """

    model: str

    objectives: ClassVar[tuple[str, ...]]
    """Objectives that can be differentiated here."""
    usual: ClassVar[tuple[str, ...]]
    """Objectives of a declaration that names none."""
    trained: ClassVar[bool] = False
    """Whether parameters are fitted first, and measured at checkpoints."""
    judged: ClassVar[bool] = False
    """Whether a trained model's likelihood and active units can be estimated: it is one of binary images."""
    layered: ClassVar[bool] = False
    """Whether gradients are measured layer by layer, which not every estimator can be."""
    unit: ClassVar[tuple[str, str]] = ("data point", "data points")
    """What one of the I data points is called, singular and plural."""
    coordinates: ClassVar[str] = "the parameters of q"
    """What φ is, inside a sentence."""
    evaluation: ClassVar[tuple[str, str]] = ("evaluation of f", "evaluations of f")
    """What one unit of work is called, singular and plural."""
    prepared: ClassVar[str] = ""
    """What was done once to the data points that are measured: “binarized”; empty for nothing."""
    given: ClassVar[bool] = False
    """Whether the user's own Python gives the estimators too, as functions that a declaration names: nothing
    else is known of the gradient."""

    network: ClassVar[bool] = False
    """Whether an encoder makes the parameters of q from a data point."""
    round: ClassVar[tuple[str, str]] = ("epoch", "epochs")
    """What `train.epochs` counts, singular and plural: steps, if each sees all of the data."""

    @property
    def distribution(self) -> str:
        """The variational family, a name in `reportgen.distributions`."""
        return "gaussian"

    @property
    def beginning(self) -> str:
        """Where training begins, as a clause of the report; empty if nothing is trained."""
        return ""

    @property
    def generative(self) -> bool:
        """Whether the gradient in θ can be measured too."""
        return False

    @property
    def latent_size(self) -> int | None:
        """d, the length of z; None if only the model itself knows."""
        raise NotImplementedError

    @property
    def family_options(self) -> dict[str, int]:
        """Options of the family, by name."""
        return {}

    @property
    def groups(self) -> tuple[str, ...] | None:
        """Parameter groups of φ as results.csv names them, in order; None if only the model knows."""
        return None

    @property
    def eta_size(self) -> int:
        """m, the numbers that describe q at one data point."""
        assert self.latent_size is not None
        return DISTRIBUTIONS[self.distribution].parameters(self.latent_size, **self.family_options)

    def weights(self, columns: int, rows: int) -> int:
        """Multiplications that take one sample through the model, roughly; for estimates of cost.

        `columns` are the numbers of one row of the data set (pixels), `rows` its training part.
        """
        return 0

    def decoding(self, columns: int) -> int:
        """Those of the multiplications that the decoder makes: as many as it has weights."""
        return 0

    def encoding(self, columns: int) -> int:
        """Multiplications that take one row to η, once for all samples; for estimates of cost."""
        return 0

    def units(self, columns: int) -> int:
        """Units of its networks that one sample passes, pixels among them; for estimates of memory."""
        return 0

    @property
    def written_out(self) -> bool:
        """Whether the gradient of training is written out, and so is fast; for estimates of cost."""
        return False

    @property
    def differentiable(self) -> bool:
        """Whether the integrand has a gradient in z; for discrete z, at values between the codes."""
        return True

    @property
    def dataset(self) -> str | None:
        """The data set it is made from, a name in `reportgen.datasets`; None if it needs none."""
        return None

    @property
    def code(self) -> str | None:
        """The user's own Python that makes it, `file.py:name`; None if there is none."""
        return None

    @property
    def data_title(self) -> str:
        """What its data are called inside a sentence; empty if it needs none."""
        from reportgen.datasets import DATASETS

        source = DATASETS.get(self.dataset or "")
        return source.called if source else self.dataset or ""

    @property
    def size(self) -> str:
        """How large z is: “10 latent units”; empty if only the model itself knows."""
        d = self.latent_size
        return "" if d is None else f"{d} latent unit{'s' * (d != 1)}"

    @property
    def images(self) -> bool:
        """Whether its data points are images: as many of the data set's test part as are asked for."""
        return self.dataset is not None

    @classmethod
    def needed(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The resolved settings that a cell's numbers depend on."""
        return dict(settings)

    @property
    def sentence(self) -> str:
        """The model in one sentence of the report, without the full stop."""
        raise NotImplementedError

    @property
    def functions(self) -> Mapping[str, str]:
        """Value of `function` → what f is, in words that follow its name."""
        return {}
