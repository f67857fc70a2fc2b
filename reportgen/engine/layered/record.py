"""The layer-by-layer route as a part of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reportgen.engine.channels import Reference
from reportgen.engine.layered.meter import Key, LayeredChannel, Measured, measure_layers
from reportgen.engine.layered.recorder import Recorder
from reportgen.engine.layered.summary import summarize_layers
from reportgen.engine.layered.weights import weight_arrays
from reportgen.engine.part import Part
from reportgen.engine.progress import MeasureProgress
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.layered import LayeredModel
from reportgen.store.records import ArmRecord


def layered_groups(
    recorders: Mapping[str, Recorder], groups: tuple[str, ...]
) -> tuple[dict[str, list[int]], tuple[str, ...]]:
    """Columns of φ's and θ's groups, ``all`` first, and all groups' names; those of θ begin with “θ”."""
    columns: dict[str, list[int]] = {}
    for space, recorder in recorders.items():
        names = [f"θ {name}" if space == "theta" else name for name in recorder.sizes]
        columns[space] = [0, *range(len(groups), len(groups) + len(names))]
        groups = (*groups, *names)
    return columns, groups


def measure_layered(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Reference, Arm],
    recorders: Mapping[str, Recorder],
    columns: Mapping[str, list[int]],
    groups: int,
    buckets: int,
    shape: tuple[int, int] | None,
    report: Callable[[MeasureProgress], None] | None,
) -> Part:
    """Measure these arms, and fill the record's arrays for them."""
    found = measure_layers(model, cell, arms, references, recorders, buckets, report)
    records = tuple(_arm_record(arm, found, model, float(cell.measure["precision"])) for arm in arms)
    arrays = summarize_layers(model, arms, found, groups, columns, buckets)
    layer, further = weight_arrays(model, arms, found, arrays["variance"], shape)
    parameters = sum(p.numel() for p in model.encoder.parameters() if p.requires_grad)
    part = Part(records, {**arrays, **further}, found.drawn, model.latent, 0, parameters)
    return part if layer is None else replace(part, first_layer=layer.group, units=layer.units)


def _arm_record(arm: Arm, found: Measured, model: LayeredModel, precision: float) -> ArmRecord:
    channel: LayeredChannel = found.channels[Key.of(arm)]
    replicates = channel.moments.total
    status = "met" if channel.half_width <= precision else "budget"
    return ArmRecord(
        objective=arm.objective,
        estimator=arm.estimator,
        label=arm.label,
        num_samples=arm.num_samples,
        constant=arm.constant,
        antithetic=arm.antithetic,
        parameters=channel.space,
        status="broken" if channel.cause else status,
        cause=channel.cause,
        replicates=replicates,
        relative_half_width=channel.half_width,
        forward=float(channel.estimator.forward_passes(arm.num_samples, model.latent)),
        backward=float(channel.estimator.backward_passes(arm.num_samples)),
        seconds_per_replicate=channel.seconds / max(replicates * model.x.shape[0], 1),
        reference=found.references.get((arm.objective, channel.space)) is arm,
        differences=0 if channel.paired is None else channel.paired.moments.total,
    )
