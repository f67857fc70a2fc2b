"""The likelihood of every judged model, with published numbers beside ours: the table at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from matplotlib.figure import Figure

from reportgen.declaration.train import TRAINING_SEED
from reportgen.figures.captions import sentences
from reportgen.figures.drafting import marking
from reportgen.figures.drafting.axes import faint_grid, margin_note, row_labels
from reportgen.figures.drafting.points import handle
from reportgen.figures.drafting.style import INK, PAPER, Look, new_figure
from reportgen.figures.drafting.table import Column, Row, Table
from reportgen.figures.drafting.table import Mark as Point
from reportgen.figures.model_grid import grid
from reportgen.figures.models.looks import look
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.models.rows import EVERY
from reportgen.findings.models.statistics import likelihood_of
from reportgen.findings.models.table import JudgedModel

PUBLISHED = Look("#848a91", "D", "-")


@dataclass(frozen=True)
class Mark:
    """One model: ours, and the published number if there is one."""

    column: int
    ours: Estimate
    published: float | None
    verdict: str
    """Empty if nothing is published, or the numbers must not be compared."""
    each: tuple[float, ...] = ()
    """The likelihood of every training, if there are several."""
    seeds: tuple[str, ...] = ()
    """Seeds of these trainings."""


@dataclass(frozen=True)
class LikelihoodByModel:
    """Rows of the table, with one mark per training objective."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Mark, ...]], ...]
    within: float | None
    """Nats within which a published number counts as reproduced; None if they must not be compared."""

    @property
    def marks(self) -> tuple[tuple[str, Mark], ...]:
        """All marks, with the titles of their rows."""
        return tuple((title, mark) for title, row in self.rows for mark in row)


def data(findings: Findings) -> LikelihoodByModel | None:
    """The marks of every model judged or published; None if no likelihood is available."""
    table = grid(findings)
    if table is None:
        return None
    published = findings.experiment.published
    comparable = published is not None and published.comparable is None
    rows = []
    for row in table.rows:
        marks = tuple(
            _mark(column, model, comparable) for column, model in enumerate(row.models) if model is not None
        )
        if marks:
            rows.append((row.title(table), marks))
    if not any(mark.ours.available for _, row in rows for mark in row):
        return None
    within = published.within if published is not None and comparable else None
    return LikelihoodByModel(table.columns, tuple(rows), within)


def _mark(column: int, model: JudgedModel, comparable: bool) -> Mark:
    """The mark of a model, without a published number that must not be compared: it would set the scale."""
    published = model.published.nll if comparable and model.published is not None else None
    several = model.records if len(model.records) > 1 else ()
    each = tuple(likelihood_of([record]).value for record in several)
    seeds = tuple(str(record.setting[TRAINING_SEED]) for record in several)
    return Mark(column, model.likelihood, published, model.verdict if comparable else "", each, seeds)


def draw(data: LikelihoodByModel) -> Figure:
    """One row per setting with a line per objective: ours filled with an interval, the published hollow."""
    lines = max(len(row) for _, row in data.rows)
    figure = new_figure(24 + 4.9 * lines * len(data.rows))
    ax = figure.add_subplot()
    spread = 0.68 / max(lines, 1)
    order = count()
    for r, (_, row) in enumerate(data.rows):
        for mark in row:
            point = [next(order)]
            y = r + spread * (mark.column - (len(data.columns) - 1) / 2)
            shape = look(mark.column)
            if mark.published is not None:
                if data.within is not None:
                    ends = [mark.published - data.within, mark.published + data.within]
                    ax.plot(ends, [y, y], color=PUBLISHED.colour, linewidth=5.5, alpha=0.22, zorder=1.5)
                (hollow,) = ax.plot(
                    [mark.published], [y], marker="D", markersize=4.4, color=PAPER,
                    markeredgecolor=PUBLISHED.colour, markeredgewidth=1.0, linestyle="none", zorder=2.8,
                )  # fmt: skip
                marking.mark(hollow, "marks", points=point)
            if mark.ours.available:
                ax.plot(
                    mark.each, [y] * len(mark.each), marker="|", markersize=5.5, markeredgewidth=0.7,
                    color=shape.colour, linestyle="none", alpha=0.7, zorder=2.7,
                )  # fmt: skip
                if mark.ours.has_interval:
                    ax.plot(
                        [mark.ours.low, mark.ours.high], [y, y], color=shape.colour, linewidth=1.3, zorder=2.6
                    )
                (filled,) = ax.plot(
                    [mark.ours.value], [y], marker=shape.marker, markersize=4.8, color=shape.colour,
                    markeredgecolor=PAPER, markeredgewidth=0.5, linestyle="none", zorder=3,
                )  # fmt: skip
                marking.mark(filled, "marks", points=point)
            if mark.verdict:
                margin_note(ax, y, mark.verdict, muted=True)
    row_labels(ax, [title for title, _ in data.rows])
    ax.set_ylim(len(data.rows) - 0.45, -0.55)
    for r in range(1, len(data.rows)):
        ax.axhline(r - 0.5, color=INK, alpha=0.12, linewidth=0.5)
    faint_grid(ax, "x")
    ax.set_xlabel("negative log-likelihood, nats per image (lower is better)")
    _legend(figure, data)
    return figure


def _legend(figure: Figure, data: LikelihoodByModel) -> None:
    handles = [handle(look(column)) for column in range(len(data.columns))]
    names = [f"{name}, here" for name in data.columns]
    if any(mark.published is not None for _, mark in data.marks):
        hollow = handle(PUBLISHED, line=False)
        hollow.set(markerfacecolor=PAPER, markeredgecolor=PUBLISHED.colour, markeredgewidth=1.0)
        handles.append(hollow)
        names.append("published")
    figure.legend(
        handles, names, loc="outside upper left", ncols=len(names), frameon=False,
        handlelength=1.8, columnspacing=1.6, borderpad=0.0,
    )  # fmt: skip


def table(data: LikelihoodByModel) -> Table:
    """One row per model, and per training if it has several; published numbers if they may be compared."""
    seeds = any(one.seeds for _, one in data.marks)
    columns = [
        Column("Model", heads=True),
        Column("Trained as"),
        *([Column("Seed")] * seeds),
        Column("Negative log-likelihood", "nats per image", "nats"),
    ]
    published = any(one.published is not None for _, one in data.marks)
    if published:
        columns += [Column("Published", "nats per image", "nats"), Column("Verdict")]
    rows = []
    for index, (title, one) in enumerate(data.marks):
        names = (title or "the model", data.columns[one.column])
        theirs = (one.published, one.verdict) if published else ()
        mean = [EVERY if one.seeds else ""] * seeds
        rows.append(Row((*names, *mean, one.ours, *theirs), Point("", index)))
        rows += [
            Row((*names, seed, value, *([None] * len(theirs))))
            for seed, value in zip(one.seeds, one.each, strict=True)
        ]
    return Table(tuple(columns), tuple(rows))


def caption(findings: Findings, data: LikelihoodByModel) -> str:
    """What is drawn, the best model, and the largest distance from a published number."""
    known = [(title, mark) for title, mark in data.marks if mark.ours.available]
    least = min(mark.ours.value for _, mark in known)
    best = [(title, mark) for title, mark in known if mark.ours.value == least]
    lowest = [_name(data, title, mark) for title, mark in best]
    seen = f"The lowest {'is' if len(lowest) == 1 else 'are'} {prose.listing(lowest)}"
    nats = marks.told_of_all(prose.fixed(least, 2), [mark.ours for _, mark in best])
    seen = f"{seen}, with {nats} nats."
    many = len(data.marks) > 1
    band, published = "", sum(mark.published is not None for _, mark in data.marks)
    if data.within is not None and published:
        bands = "Grey bands reach" if published > 1 else "The grey band reaches"
        which = "a" if published > 1 else "the"
        band = f"{bands} {prose.number(data.within, 2)} nats to either side of {which} published number."
    missing = sum(not mark.ours.available for _, mark in data.marks)
    return sentences(
        f"Test negative log-likelihood of {'every' if many else 'the'} trained model"
        f"{', and the published number' + ('s' if published > 1 else '') if published else ''}.",
        _bars([len(mark.each) for _, mark in data.marks if mark.ours.available]),
        band,
        seen if len(lowest) < len(known) else "",
        f"{prose.in_words(missing).capitalize()} {'has' if missing == 1 else 'have'} no number yet."
        if missing
        else "",
    )


def _bars(trainings: Sequence[int]) -> str:
    """What bars and ticks mean, given each model's number of drawn trainings, which is 0 for a single one."""
    if not any(trainings):
        return "Bars are 95% intervals over the choice of images, with the networks held fixed."
    return (
        "Ticks are single trainings, marks their means; bars are 95% intervals over trainings and the choice"
        f" of images{'' if all(trainings) else ', for a model with one training over the images alone'}."
    )


def _name(data: LikelihoodByModel, title: str, mark: Mark) -> str:
    column = data.columns[mark.column]
    return f"{column}, {title}" if title else column


def alt(data: LikelihoodByModel) -> str:
    """The numbers in words."""
    told = []
    for title, mark in data.marks:
        ours = prose.fixed(mark.ours.value, 2) if mark.ours.available else "not run"
        theirs = "" if mark.published is None else f", published {prose.fixed(mark.published, 2)}"
        told.append(f"{_name(data, title, mark)}: {ours}{theirs}")
    return f"Dot plot of negative log-likelihood in nats per image. {'; '.join(told)}."
