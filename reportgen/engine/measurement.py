"""Measures one cell: each arm by the route that suits it, all in one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from reportgen.engine.given import measure_given
from reportgen.engine.layered.meter import recorders_of
from reportgen.engine.layered.record import layered_groups, layered_part
from reportgen.engine.layered.recorder import Recorder
from reportgen.engine.layered.surrogates import SURROGATES
from reportgen.engine.part import Part, joined
from reportgen.engine.progress import MeasureProgress, Stages
from reportgen.engine.references import reference_arms
from reportgen.engine.vectors.record import vectors_part
from reportgen.engine.vectors.space import Space, spaces_of
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.given import GivenGradients
from reportgen.problems.layered import LayeredModel
from reportgen.problems.problem import Problem
from reportgen.store.records import MeasurementRecord

Progress = Callable[[MeasureProgress], None]


def measure(
    problem: Problem | LayeredModel | GivenGradients,
    cell: MeasurementCell,
    *,
    dataset: str,
    images: tuple[int, ...],
    shape: tuple[int, int] | None = None,
    report: Progress | None = None,
    environment: dict[str, Any] | None = None,
    estimators: Mapping[str, Estimator] = ESTIMATORS,
) -> MeasurementRecord:
    """Measure every arm of a cell at the problem's data points.

    Gradients that are vectors in η (or in a small θ) are measured there; those
    whose Jacobian depends on the sample, layer by layer; those that functions
    return, as returned. The parameter groups are named first, since the arrays
    of both routes have columns for all of them; then the routes are run one
    after the other, and their arms put in the cell's order.

    Numbers depend only on the cell: noise is a Philox stream keyed by the cell's
    seed, setting and checkpoint, consumed in order. `shape` is the height and
    width of the data points if they are images. `estimators` maps names to
    estimators, including a user's own.
    """
    if isinstance(problem, GivenGradients):
        return measure_given(problem, cell, dataset=dataset, report=report, environment=environment)
    started = perf_counter()
    references = reference_arms(cell.arms, cell.references, estimators)
    spaces: dict[str, Space] = {}
    groups: tuple[str, ...] = ("all",)
    through = tuple(arm for arm in cell.arms if _needs_layers(problem, estimators[arm.estimator]))
    direct = tuple(arm for arm in cell.arms if arm not in through)
    shares = int(bool(direct)) + int(bool(through))
    of_direct = _share(report, 0, shares)
    stages = None if of_direct is None else Stages(of_direct)
    if not isinstance(problem, LayeredModel):
        wanted = {str(estimators[arm.estimator].parameters) for arm in direct}
        spaces, groups = spaces_of(problem, wanted, None if stages is None else stages.jacobian)
    model: LayeredModel | None = None
    recorders: dict[str, Recorder] = {}
    columns: dict[str, list[int]] = {}
    if through:
        model = _by_layers(problem, through)
        recorders = recorders_of(model, cell, through)
        columns, groups = layered_groups(recorders, groups)
    parts: list[tuple[tuple[Arm, ...], Part]] = []
    if direct:
        assert not isinstance(problem, LayeredModel)
        news = None if stages is None else stages.draws
        part = vectors_part(problem, cell, direct, references, spaces, len(groups), shape, news, estimators)
        parts.append((direct, part))
        if stages is not None:
            stages.finish()
    if through:
        assert model is not None
        tell = _share(report, shares - 1, shares)
        part = layered_part(model, cell, through, references, recorders, columns, len(groups), shape, tell)
        parts.append((through, part))
    whole = joined(cell.arms, parts)
    first = parts[0][1]
    return MeasurementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset=dataset,
        groups=groups,
        arms=whole.arms,
        images=images,
        latent=first.latent,
        eta=first.eta,
        parameters=first.parameters,
        draws_per_image=whole.drawn,
        seconds=perf_counter() - started,
        environment=environment or {},
        arrays=whole.arrays,
        first_layer=whole.first_layer,
        units=whole.units,
    )


def _needs_layers(problem: Problem | LayeredModel, estimator: Estimator) -> bool:
    """Whether the estimator has to be measured layer by layer."""
    if isinstance(problem, LayeredModel):
        return True
    return estimator.parameters == "theta" and getattr(problem, "generative", None) is None


def _by_layers(problem: Problem | LayeredModel, arms: tuple[Arm, ...]) -> LayeredModel:
    """The model in layered form. Raises CellError if it, or the estimator of an arm, has no such form."""
    for arm in arms:
        if arm.estimator not in SURROGATES:
            raise CellError(
                f"{arm.label}: needs ∇_θ log p of every sample written out, which the model does not give. "
                "Use generative, or give the problem a `generative` of its own."
            )
    model = problem if isinstance(problem, LayeredModel) else getattr(problem, "layered", None)
    if model is None:
        raise CellError(
            f"{arms[0].label}: needs to know which module has the parameters θ, and a problem made of "
            "log_likelihood alone does not say. Return a reportgen.Model, or give the problem `layered`."
        )
    return model


def _share(report: Progress | None, before: int, parts: int) -> Progress | None:
    """Reports the progress of one part of the work as progress of the whole."""
    if report is None or parts == 1:
        return report

    def tell(news: MeasureProgress) -> None:
        report(MeasureProgress((before + news.done) / parts, news.precision, news.replicates))

    return tell
