"""Histograms of how much latent units' posterior means vary over images, with the activity threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from reportgen.figures.captions import sentences
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import INK, LOOKS, MUTED, SMALL, TEXT, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.drafting.ticks import power_of_ten
from reportgen.figures.model_grid import first_alone, grid
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.models.activity import THRESHOLD, groups, units_of
from reportgen.findings.models.statistics import active_of

LAYERS = (LOOKS["pathwise"], LOOKS["score_function"], LOOKS["leave_one_out"], LOOKS["taylor_control_variate"])
STEP = 0.25
"""Width of a bin, in decades."""
LOWEST = 1e-8
"""Smaller variances are drawn as this one: such a unit does not move."""
NAMED = 2
"""The most models with equally many active units that a caption names."""


@dataclass(frozen=True)
class Units:
    """One model: variances of the units of each stochastic layer, beginning next to the data."""

    title: str
    column: str
    layers: tuple[tuple[float, ...], ...]
    training: str
    """Key of its training, which is the same for a VAE and an IWAE of one sample."""
    counts: tuple[Estimate, ...]
    """Active units of each layer, as in results.csv."""

    @property
    def active(self) -> tuple[int, ...]:
        """Number of active units of each layer."""
        return tuple(sum(v > THRESHOLD for v in layer) for layer in self.layers)


@dataclass(frozen=True)
class UnitActivity:
    """Rows and columns as in the table of models; for one that was not judged, the reason in words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Units | str, ...]], ...]

    @property
    def models(self) -> tuple[Units, ...]:
        """All models drawn, row by row."""
        return tuple(one for _, row in self.rows for one in row if isinstance(one, Units))


def data(findings: Findings) -> UnitActivity | None:
    """Units of every judged model; None if there is none."""
    table = grid(findings)
    if table is None:
        return None
    rows = []
    for row in table.rows:
        found: list[Units | str] = []
        for column, model in zip(table.columns, row.models, strict=True):
            record = None if model is None else model.record
            if record is None or model is None or model.training is None:
                found.append("not declared" if model is None or model.cell is None else "not run")
                continue
            variance = record.arrays["unit_variance"]
            layers = tuple(
                tuple(float(v) for v in variance[units_of(record, name)]) for name in groups(record)[:-1]
            )
            counts = tuple(active_of([record], name) for name in groups(record)[:-1])
            found.append(Units(row.title(table), column, layers, model.training.key, counts))
        if any(isinstance(one, Units) for one in found):
            rows.append((row.title(table), tuple(found)))
    return UnitActivity(table.columns, tuple(rows)) if rows else None


def draw(data: UnitActivity) -> Figure:
    """One histogram per model, on one scale; the dashed line is the threshold."""
    figure = new_figure(14 + 13.5 * len(data.rows))
    shape = (len(data.rows), len(data.columns))
    axes = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    edges = _edges(data)
    tallest = max(
        int(np.histogram(_logs(layer), edges)[0].max()) for one in data.models for layer in one.layers
    )
    panel = count()
    for r, (title, row) in enumerate(data.rows):
        for c, one in enumerate(row):
            ax = axes[r, c]
            if isinstance(one, str):
                ax.text(0.5, 0.4, one, transform=ax.transAxes, ha="center", fontsize=SMALL, alpha=MUTED)
            else:
                _histogram(ax, one, edges, next(panel))
            ax.axvline(math.log10(THRESHOLD), color=INK, linewidth=0.7, linestyle=(0, (3, 2)), alpha=MUTED)
            ax.set_ylim(0, tallest * 1.5)
            ax.yaxis.set_major_locator(MaxNLocator(2, integer=True))
            if r == 0:
                ax.set_title(data.columns[c])
            if c == 0:
                ax.set_ylabel(title.replace(", ", ",\n"), rotation=0, ha="right", va="center")
    _decades(axes[-1, 0], edges)
    for ax in axes[-1]:
        ax.set_xlabel("variance of the posterior mean")
    figure.supylabel("units in a bin", fontsize=TEXT)
    return figure


def _histogram(ax: Axes, one: Units, edges: np.ndarray, panel: int) -> None:
    for layer, values in enumerate(one.layers):
        look = LAYERS[layer % len(LAYERS)]
        counts, _ = np.histogram(_logs(values), edges)
        filled = ax.stairs(
            counts, edges, color=look.colour, fill=layer == 0, alpha=0.55 if layer == 0 else None
        )
        outline = ax.stairs(counts, edges, color=look.colour, linewidth=1.1)
        series, bins = f"layer {layer + 1}", np.flatnonzero(counts).tolist()
        mark(filled, "ink", series)
        mark(outline, "points", series, bins, panel, [(edges[b] + STEP / 2, counts[b]) for b in bins])
    told = " + ".join(f"{a} of {len(layer)}" for a, layer in zip(one.active, one.layers, strict=True))
    ax.text(0.99, 0.97, told, transform=ax.transAxes, ha="right", va="top", fontsize=SMALL)


def _logs(values: tuple[float, ...]) -> list[float]:
    return [math.log10(max(v, LOWEST)) for v in values]


def _edges(data: UnitActivity) -> np.ndarray:
    logs = [v for one in data.models for layer in one.layers for v in _logs(layer)]
    low, high = min(*logs, -3.0), max(*logs, 0.0)
    return np.arange(math.floor(low / STEP) * STEP, high + STEP, STEP)


def _decades(ax: Axes, edges: np.ndarray) -> None:
    exponents = range(math.ceil(edges[0]), math.floor(edges[-1]) + 1)
    kept = [e for e in exponents if len(exponents) <= 7 or e % 2 == 0]
    ax.xaxis.set_major_locator(FixedLocator([float(e) for e in kept]))
    ax.xaxis.set_major_formatter(FixedFormatter([power_of_ten(e) for e in kept]))


def table(data: UnitActivity) -> Table:
    """One row per model, stochastic layer and occupied bin."""
    columns = (
        Column("Trained as"),
        Column("Model"),
        Column("Stochastic layer", heads=True),
        Column("Variance of the posterior mean, from", form="number"),
        Column("to", form="number"),
        Column("Units"),
    )
    edges = _edges(data)
    rows = (
        Row((one.column, one.title or one.column, f"layer {layer + 1}", float(10.0 ** edges[b]),
             float(10.0 ** edges[b + 1]), int(units)), Mark(f"layer {layer + 1}", b, panel))
        for panel, one in enumerate(data.models)
        for layer, values in enumerate(one.layers)
        for b, units in enumerate(np.histogram(_logs(values), edges)[0])
        if units
    )  # fmt: skip
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: UnitActivity) -> str:
    """What is drawn, and which models have the most and the fewest active units."""
    alike = [[one for one in data.models if len(one.layers) == n] for n in _depths(data)]
    most = max(len(one.layers) for one in data.models)
    return sentences(
        "Latent units by the variance over images of their posterior mean, Cov(E[u\u00a0|\u00a0x]),"
        " logarithmic; the dashed line is the threshold of activity, 0.01. The upper right corner gives the"
        " number above it out of the total.",
        "Filled: the stochastic layer next to the data; outlined: "
        f"{'the one' if most == 2 else 'those'} above it."
        if most > 1
        else "",
        first_alone(findings),
        *(_extremes(found, named=len(alike) > 1) for found in alike),
    )


def _depths(data: UnitActivity) -> list[int]:
    """Numbers of stochastic layers among the models, which are compared only at equal numbers."""
    return sorted({len(one.layers) for one in data.models})


def _extremes(models: Sequence[Units], *, named: bool) -> str:
    """Which of the models have the most and fewest active units; `named` adds their number of layers."""
    layers = len(models[0].layers)
    which = f"with {prose.in_words(layers)} stochastic layer{'s' * (layers > 1)}" if named else ""
    if _trained(models) == 1:
        names = prose.listing(list(map(_name, models)))
        text = f"{_counts(models)} {_are(models)} active in {names}."
        return prose.capital(f"{which}{', ' * named}{text}")
    counts = sorted({sum(one.active) for one in models})
    if len(counts) == 1:
        every = f"every one of the {prose.in_words(_trained(models))} models"
        return prose.capital(f"{which}{', ' * named}{_counts(models)} {_are(models)} active in {every}.")
    least, most = ([one for one in models if sum(one.active) == counts[i]] for i in (0, -1))
    text = f"the most are active in {_names(most, models)}, the fewest in {_names(least, models)}."
    return prose.capital(f"{which}{' ' * named}{text}")


def _names(found: Sequence[Units], among: Sequence[Units]) -> str:
    """“VAE, k = 1 and IWAE, k = 1 (20)”; for many equal ones, how many there are."""
    few = prose.listing([_name(one) for one in found])
    many = f"{prose.in_words(_trained(found))} of {prose.in_words(_trained(among))} models"
    return f"{few if len(found) <= NAMED else many} ({_counts(found)})"


def _trained(models: Sequence[Units]) -> int:
    """Number of distinct models."""
    return len({one.training for one in models})


def _counts(models: Sequence[Units]) -> str:
    """“20 + 0 or 19 + 1”, each marked with the rows of all models with that many."""
    alike = [
        [one for one in models if one.active == active] for active in dict.fromkeys(o.active for o in models)
    ]
    return prose.listing(
        [
            " + ".join(
                marks.told_of_all(str(count), [one.counts[layer] for one in same])
                for layer, count in enumerate(same[0].active)
            )
            for same in alike
        ],
        "or",
    )


def _name(one: Units) -> str:
    return f"{one.column}, {one.title}" if one.title else one.column


def _count(one: Units) -> str:
    return " + ".join(map(str, one.active))


def _are(models: Sequence[Units]) -> str:
    return "is" if {one.active for one in models} == {(1,)} else "are"


def alt(data: UnitActivity) -> str:
    """The histograms in words, with the active units of each model."""
    told = "; ".join(f"{_name(one)}: {_count(one)}" for one in data.models)
    return f"Histograms of the variance of each latent unit’s posterior mean. Active units: {told}."
