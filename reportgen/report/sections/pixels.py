"""Where in the image the noise of the first layer lies, and the estimates of one of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.figures import pixel_maps
from reportgen.findings import Findings
from reportgen.report.text import about, words
from reportgen.report.text.section import Section


def context(findings: Findings) -> Mapping[str, Any] | None:
    """What the maps show, in words; left out if no layer sees images."""
    layer, pair = findings.first_layer(), about.pair(findings)
    if layer is None or pixel_maps.data(findings) is None:
        return None
    sentences = []
    if pair is not None:
        first, reference = (about.named(findings, label) for label in pair)
        ratio = findings.of_first_layer("pixel_variance_ratio", pair[0])
        if ratio.available:
            sentences.append(
                words.sentence(
                    f"{about.under(findings, findings.objectives[0])}, over all weights of this layer, "
                    f"{first} has {words.with_interval(ratio)} times the variance of {reference}"
                    f"{findings.vocabulary.at_last}"
                )
            )
    return {
        "sentences": sentences,
        "several": len(findings.compared()) > 1,
        "unit": findings.vocabulary.unit,
        "units": findings.vocabulary.units,
    }


SECTION = Section("pixels", "Noise by pixel", context)
