"""Runs the route through η, and fills its part of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.engine.part import Part, arm_record
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.references import Place
from reportgen.engine.vectors.cost import timed
from reportgen.engine.vectors.meter import measure_vectors
from reportgen.engine.vectors.space import Space
from reportgen.engine.vectors.summary import summarize
from reportgen.engine.vectors.weights import first_layer, weight_arrays
from reportgen.estimators import Estimator
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.problem import Problem


def vectors_part(
    problem: Problem,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    spaces: Mapping[str, Space],
    groups: int,
    shape: tuple[int, int] | None,
    report: Callable[[MeasureProgress], None] | None,
    estimators: Mapping[str, Estimator],
) -> Part:
    """Measure these arms, and fill the record's arrays for them.

    `groups` counts the record's groups; `shape` is the height and width of data points that are images.
    """
    found = measure_vectors(problem, cell, arms, references, spaces, report, estimators)
    cost, q, phi = timed(found.source, found.wanted.gradient), found.frame.q, spaces["phi"].pushforward
    records = tuple(
        arm_record(
            arm,
            found.channel(arm),
            latent=q.latent,
            precision=float(cell.measure["precision"]),
            reference=found.reference(arm) is arm,
            seconds=cost.of(found.channel(arm)),
        )
        for arm in arms
    )
    arrays = summarize(found, groups)
    seen = first_layer(phi, problem.x, shape)
    weights = {} if seen is None else weight_arrays(found, *seen, arrays["variance"])
    layer = seen[0] if seen is not None and weights else None
    return Part(
        records,
        arrays | weights,
        found.drawn,
        q.latent,
        phi.grams.shape[-1],
        phi.parameters,
        first_layer="" if layer is None else layer.group,
        units=0 if layer is None else layer.units,
    )
