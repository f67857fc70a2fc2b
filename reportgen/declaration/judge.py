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
    """Number of images, drawn at random from the test part. Default: all of them."""
    num_samples: Annotated[int, Whole(1, 10**6)] = 5000
    """Number of samples in the bound that stands for the log-likelihood."""
    curve: Annotated[tuple[Annotated[int, Whole(1, 10**6)], ...], AsList(), AfterValidator(ascending)] = (
        Field(default_factory=lambda judge: tuple(k for k in _CURVE if k < judge["num_samples"]))
    )
    """Smaller numbers of samples, for bounds made from the same samples. Default: those of 1, 5, 50 and 500
    that are below num_samples."""
    checkpoints: Which = "last"
    """Checkpoints at which models are judged, in every setting: last, every, or a list."""
