"""Runs the layer-by-layer route, and fills its part of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.engine.layered.meter import measure_layers
from reportgen.engine.layered.recorder import Recorder
from reportgen.engine.layered.summary import summarize_layers
from reportgen.engine.layered.weights import weight_arrays
from reportgen.engine.part import Part, arm_record
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.references import Place
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.layered import LayeredModel


def layered_groups(
    recorders: Mapping[str, Recorder], groups: tuple[str, ...]
) -> tuple[dict[str, list[int]], tuple[str, ...]]:
    """Columns of φ's and θ's groups, ``all`` first, and all groups' names; those in θ begin with “θ”."""
    columns: dict[str, list[int]] = {}
    for space, recorder in recorders.items():
        names = [f"θ {name}" if space == "theta" else name for name in recorder.sizes]
        columns[space] = [0, *range(len(groups), len(groups) + len(names))]
        groups = (*groups, *names)
    return columns, groups


def layered_part(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    recorders: Mapping[str, Recorder],
    columns: Mapping[str, list[int]],
    groups: int,
    shape: tuple[int, int] | None,
    report: Callable[[MeasureProgress], None] | None,
) -> Part:
    """Measure these arms, and fill the record's arrays for them.

    `groups` counts the record's groups; `shape` is the height and width of data points that are images.
    """
    found = measure_layers(model, cell, arms, references, recorders, report)
    images = model.x.shape[0]
    records = tuple(
        arm_record(
            arm,
            found.channel(arm),
            latent=model.latent,
            precision=float(cell.measure["precision"]),
            reference=found.reference(arm) is arm,
            seconds=found.channel(arm).seconds / max(found.channel(arm).replicates * images, 1),
        )
        for arm in arms
    )
    arrays = summarize_layers(model, found, groups, columns)
    layer, weights = weight_arrays(model, found, arrays["variance"], shape)
    parameters = sum(p.numel() for p in model.encoder.parameters() if p.requires_grad)
    return Part(
        records,
        arrays | weights,
        found.drawn,
        model.latent,
        0,
        parameters,
        first_layer="" if layer is None else layer.group,
        units=0 if layer is None else layer.units,
    )
