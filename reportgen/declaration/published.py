"""The section `published`: numbers of a paper that trained models are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from reportgen.declaration.dotted import same_value
from reportgen.declaration.scalars import AsList, Real, Text, Whole, filled
from reportgen.declaration.section import Section


class PublishedValue(Section):
    """One cell of a published table."""

    at: dict[str, Any]
    """The settings it belongs to, such as `train.num_samples: 50`; each must be swept."""
    nll: Annotated[float, Real()]
    """Negative log-likelihood of the test part, in nats per image."""
    active_units: Annotated[tuple[Annotated[int, Whole(0)], ...], AsList()] = ()
    """Active units of each stochastic layer, the one next to the data first."""

    def belongs(self, setting: Mapping[str, Any]) -> bool:
        """Whether it is the published value for a setting; one number may stand for a list of one."""
        return all(
            path in setting and (same_value(setting[path], of) or same_value(setting[path], [of]))
            for path, of in self.at.items()
        )


class Published(Section):
    """A published table, cell by cell."""

    source: Annotated[str, Text(200)]
    """Where it is found: `burda2016, table 1`."""
    within: Annotated[float, Real(above=0.0)] = 1.0
    """Nats within which a likelihood counts as reproduced."""
    epochs: Annotated[int, Whole(1)] | None = None
    """Passes over the data that the published models were trained for."""
    comparable: Annotated[str, Text()] | None = None
    """Why numbers measured here must not be compared with the published ones, if that is so."""
    values: Annotated[tuple[PublishedValue, ...], AfterValidator(filled)]
    """The cells of the table."""
