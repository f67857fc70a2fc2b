"""Where the noise of a training step comes from: the samples drawn or the images in the minibatch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from reportgen.figures.captions import lowered, place, sentences
from reportgen.figures.drafting.labels import wrapped
from reportgen.figures.drafting.lines import Line
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import INK, SMALL, TEXT, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import epochs, line, named, unbiased
from reportgen.findings import Findings, marks, prose

MINIBATCH = 0.16
TITLES = 102
"""Most letters of titles in the width of the figure."""


@dataclass(frozen=True)
class NoiseSplit:
    """The Monte Carlo share of the variance of a minibatch gradient at each checkpoint."""

    objective: str
    epochs: tuple[int, ...]
    lines: tuple[Line, ...]
    round: str = "epoch"
    """The unit of the checkpoints: “epoch” or “step”."""


def data(findings: Findings) -> NoiseSplit | None:
    """Shares of the unbiased estimators under the first objective; None without any over training."""
    planned = epochs(findings)
    if not planned:
        return None
    lines = (
        line(findings, label, tuple(findings.get("monte_carlo_share", label, checkpoint=e) for e in planned))
        for label in findings.compared()
        if unbiased(findings, label)
    )
    drawn = tuple(one for one in lines if any(math.isfinite(v) for v in one.values))
    return NoiseSplit(findings.objectives[0], planned, drawn, findings.vocabulary.round) if drawn else None


def draw(data: NoiseSplit) -> Figure:
    """One panel per estimator, one stacked bar per checkpoint: its colour for samples, grey for images."""
    columns = len(data.lines) if len(data.lines) < 4 else 3 if len(data.lines) in (5, 6, 9) else 4
    rows = math.ceil(len(data.lines) / columns)
    figure = new_figure(14 + 26.0 * rows)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    places = np.arange(len(data.epochs))
    every = max(1, math.ceil(len(data.epochs) / 7))
    names = [prose.count(e) if i % every == 0 else "" for i, e in enumerate(data.epochs)]
    for index, ax in enumerate(axes.flat):
        if index >= len(data.lines):
            ax.set_visible(False)
            continue
        one = data.lines[index]
        share = np.asarray(one.values)
        low, high = (np.asarray(bound) for bound in one.bounds)
        known = np.isfinite(share)
        bounded = known & np.isfinite(low) & np.isfinite(high)
        drawn = columns_of(ax, places[known], np.zeros(known.sum()), share[known], color=one.look.colour)
        if drawn is not None:
            tops = list(zip(places[known], share[known], strict=True))
            mark(drawn, "points", points=np.flatnonzero(known).tolist(), panel=index, at=tops)
        columns_of(ax, places[known], share[known], np.ones(known.sum()), color=INK, alpha=MINIBATCH)
        bars = np.stack([np.clip(low, 0, 1), np.clip(high, 0, 1), np.full_like(low, np.nan)], axis=1)[bounded]
        ax.plot(np.repeat(places[bounded], 3), bars.ravel(), color=INK, linewidth=0.9)
        for x in places[~known]:
            ax.text(x, 0.04, "–", ha="center", va="bottom", fontsize=SMALL)
        if index % columns:
            ax.tick_params(axis="y", left=False)
        ax.set_title(wrapped(one.title, TITLES // columns), fontsize=SMALL)
        ax.tick_params(
            axis="x", length=0, labelsize=SMALL - 0.8, labelbottom=index + columns >= len(data.lines)
        )
        ax.spines["left"].set_visible(False)
    axes[0, 0].set(xlim=(-0.6, len(data.epochs) - 0.4), ylim=(0, 1))
    axes[0, 0].set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axes[0, 0].set_xticks(places, names)
    figure.supxlabel(data.round, fontsize=TEXT, color=INK)
    figure.supylabel("share of the variance" if rows > 1 else "share", fontsize=TEXT, color=INK)
    alone = len(data.lines) == 1
    samples = Patch(color=data.lines[0].look.colour) if alone else Patch(color=INK, alpha=0.75)
    figure.legend(
        [samples, Patch(color=INK, alpha=MINIBATCH)],
        [f"Monte Carlo noise{'' if alone else ' (in each panel’s colour)'}", "minibatch noise"],
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=SMALL,
        handlelength=1.0,
        handleheight=0.8,
    )
    return figure


def columns_of(ax: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, **ink: Any) -> PathPatch | None:
    """Columns from `low` to `high` around each x, as a single path; None if there are none."""
    for_one = np.array([[-0.37, 0.0], [-0.37, 1.0], [0.37, 1.0], [0.37, 0.0], [-0.37, 0.0]])
    corners = for_one[None] * [1.0, 0.0] + np.stack([x, np.zeros_like(low)], axis=1)[:, None]
    corners[..., 1] = low[:, None] + for_one[None, :, 1] * (high - low)[:, None]
    if not len(x):
        return None
    patch = PathPatch(Path.make_compound_path(*(Path(one, closed=True) for one in corners)), **ink)
    ax.add_patch(patch)
    return patch


def table(data: NoiseSplit) -> Table:
    """One row per estimator and checkpoint."""
    columns = (
        Column("Estimator", heads=True),
        Column(data.round.capitalize()),
        Column("Monte Carlo share of the variance", form="percent"),
    )
    rows = (
        Row((one.title, epoch, share), Mark("", column, index))
        for index, one in enumerate(data.lines)
        for column, (epoch, share) in enumerate(zip(data.epochs, one.estimates, strict=True))
    )
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: NoiseSplit) -> str:
    """What is drawn, and which estimators have the least and the most Monte Carlo noise."""
    where = place(findings, data.objective)
    known = [one for one in data.lines if math.isfinite(one.values[-1])]
    seen = ""
    if known:
        least = min(known, key=lambda one: one.values[-1])
        seen = (
            f"At {findings.vocabulary.checkpoint(data.epochs[-1])}, Monte Carlo noise is"
            f" {share_of(least)} of the total for {named(findings, least.label)}"
        )
        most = max(known, key=lambda one: one.values[-1])
        also = f" and {share_of(most)} for {named(findings, most.label)}"
        seen += f"{also}." if most is not least else "."
    missing = any(not math.isfinite(v) for one in data.lines for v in one.values)
    return sentences(
        "Sources of the variance of a minibatch gradient: the samples drawn (Monte Carlo noise, colour)"
        f" and the {findings.vocabulary.units} that happen to be in the batch (grey); the shares hold for any"
        " batch size.",
        seen,
        f"Lines are 95% intervals over {findings.vocabulary.units}.",
        "A dash marks a share that is not available." if missing else "",
        "Biased estimators are left out."
        if not all(unbiased(findings, k) for k in findings.compared())
        else "",
        where.over,
    )


def share_of(one: Line) -> str:
    """An estimator’s share at the last checkpoint."""
    share = one.estimates[-1]
    return marks.told(prose.percent(share.value), share)


def alt(data: NoiseSplit) -> str:
    """The columns in words, with the shares at the first and the last checkpoint."""
    rows = "; ".join(
        f"{lowered(one.title)} from {prose.percent(one.values[0])} to {prose.percent(one.values[-1])}"
        for one in data.lines
    )
    return (
        f"Stacked columns, one panel per estimator: Monte Carlo share of the noise from {data.round}"
        f" {prose.count(data.epochs[0])} to {prose.count(data.epochs[-1])}. {rows}."
    )
