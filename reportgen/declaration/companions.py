"""Which settings a sweep runs, and which of them change together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from reportgen.declaration.experiment import Experiment


def swept_settings(experiment: Experiment) -> Iterator[Mapping[str, Any]]:
    """Every combination of values that the sweep runs; settings that a block leaves out have base values."""
    base = experiment.base
    for block in experiment.sweep:
        for values in itertools.product(*block.values()):
            yield base | dict(zip(block, values, strict=True))


def companions(experiment: Experiment, path: str) -> tuple[str, ...]:
    """Swept settings whose values correspond one to one with those of this setting.

    For example the widths of hidden layers, where the number of stochastic layers is swept.
    """
    settings = list(swept_settings(experiment))
    found = []
    for other in experiment.swept:
        pairs = {(repr(setting[path]), repr(setting[other])) for setting in settings}
        ours, theirs = ({pair[i] for pair in pairs} for i in (0, 1))
        if other != path and len(pairs) == len(ours) == len(theirs) > 1:
            found.append(other)
    return tuple(found)
