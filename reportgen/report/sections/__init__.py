"""Sections of the report: one file each, one line each in this table, in reading order.

To add one, write a file here with a `SECTION`, a template named after its id
in ``templates/sections``, and its line.
"""

from __future__ import annotations

from reportgen.report.sections import (
    again,
    cost,
    deviations,
    errata,
    estimators,
    exact,
    inside,
    judged,
    layers,
    methods,
    models,
    noise,
    pixels,
    question,
    references,
    samples,
    settings,
    signal,
    training,
    unbiasedness,
    unfinished,
    variance,
    why,
)
from reportgen.report.text.section import Section

SECTIONS: tuple[Section, ...] = (
    models.SECTION,
    inside.SECTION,
    deviations.SECTION,
    question.SECTION,
    estimators.SECTION,
    unbiasedness.SECTION,
    training.SECTION,
    variance.SECTION,
    layers.SECTION,
    pixels.SECTION,
    samples.SECTION,
    why.SECTION,
    settings.SECTION,
    exact.SECTION,
    cost.SECTION,
    noise.SECTION,
    signal.SECTION,
    errata.SECTION,
    judged.SECTION,
    unfinished.SECTION,
    methods.SECTION,
    again.SECTION,
    references.SECTION,
)

__all__ = ["SECTIONS", "Section"]
