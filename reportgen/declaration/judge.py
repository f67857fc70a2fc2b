"""The section `judge`: how good a trained model is."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from reportgen.declaration.epochs import Which
from reportgen.declaration.scalars import AsList, Whole, ascending
from reportgen.declaration.section import Section

_CURVE = (1, 5, 50, 500)


class Judge(Section):
    """Likelihood of test images and active units, after Burda et al. (2016), section 5."""

    images: Annotated[int, Whole(20, 10**6)] | None = None
    """Images of the test part, drawn at random; all of them if left out."""
    num_samples: Annotated[int, Whole(1, 10**6)] = 5000
    """Samples of the bound that stands for the log-likelihood."""
    curve: Annotated[tuple[Annotated[int, Whole(1, 10**6)], ...], AsList(), AfterValidator(ascending)] = (
        Field(default_factory=lambda judge: tuple(k for k in _CURVE if k < judge["num_samples"]))
    )
    """Fewer samples, with bounds from the same ones. Default: 1, 5, 50, 500 as far as they go."""
    checkpoints: Which = "last"
    """Checkpoints judged, in every setting: last, every, or a list."""
