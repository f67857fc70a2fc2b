"""Judged models arranged as in a table: rows of settings, and a column for each training objective.

Both are in the order in which the sweep lists its values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claims.tests import scalar_text
from reportgen.declaration.companions import companions
from reportgen.declaration.train import TRAINING_SEED
from reportgen.figures.drafting.labels import TRAINED_AS, setting_title, value_title
from reportgen.findings import Findings
from reportgen.findings.models.table import JudgedModel

OBJECTIVE = "train.objective"


@dataclass(frozen=True)
class Row:
    """Models that differ only in their training objective."""

    titles: tuple[str, ...]
    """The value of each of the grid's paths: “2 layers”, “50”."""
    models: tuple[JudgedModel | None, ...]
    """One per column."""

    def title(self, grid: Grid) -> str:
        """The row's settings in one line: “2 layers, k = 50”; empty if nothing but the objective is swept."""
        return ", ".join(_told(path, title) for path, title in zip(grid.paths, self.titles, strict=True))


COUNTED = ("problem.latent",)
"""Settings whose values explain themselves if they are written in words."""


@dataclass(frozen=True)
class Grid:
    """Every judged model, and every published number."""

    paths: tuple[str, ...]
    """The settings that distinguish rows."""
    columns: tuple[str, ...]
    """Titles of the training objectives."""
    rows: tuple[Row, ...]

    @property
    def models(self) -> tuple[tuple[Row, str, JudgedModel], ...]:
        """Row, column and model of every model, row by row."""
        return tuple(
            (row, column, model)
            for row in self.rows
            for column, model in zip(self.columns, row.models, strict=True)
            if model is not None
        )

    def name(self, row: Row, column: str) -> str:
        """A model's name: “IWAE, 2 layers, k = 50”."""
        title = row.title(self)
        return f"{column}, {title}" if title else column


def grid(findings: Findings) -> Grid | None:
    """The table of an experiment; None if no model is judged and nothing is published."""
    if not findings.models:
        return None
    paths = _paths(findings)
    objectives = dict.fromkeys(_objective(findings, model) for model in findings.models)
    columns = sorted(objectives, key=_places(findings, OBJECTIVE, objectives).__getitem__)
    rows: dict[tuple[str, ...], dict[str, JudgedModel]] = {}
    for model in findings.models:
        titles = tuple(_written(findings, path, model.setting) for path in paths)
        rows.setdefault(titles, {})[_objective(findings, model)] = model
    places = [_places(findings, path, [titles[i] for titles in rows]) for i, path in enumerate(paths)]
    ordered = sorted(rows, key=lambda titles: [of[title] for of, title in zip(places, titles, strict=True)])
    made = [Row(titles, tuple(map(rows[titles].get, columns))) for titles in ordered]
    return Grid(tuple(paths), tuple(TRAINED_AS.get(name, name) for name in columns), tuple(made))


def _paths(findings: Findings) -> list[str]:
    """Swept settings that distinguish models: the problem's, then the training's.

    A setting that changes together with another one throughout the sweep is left out, unless models with
    the base value would then be confused.
    """
    told = [path for path in findings.experiment.swept if path not in (OBJECTIVE, TRAINING_SEED)]
    told.sort(key=lambda path: not path.startswith("problem."))
    paths: list[str] = []
    for path in told:
        if not any(path in companions(findings.experiment, known) for known in paths):
            paths.append(path)
    models = [model for model in findings.models if model.cells]
    objectives = [_objective(findings, model) for model in models]
    titles = {path: [_written(findings, path, model.setting) for model in models] for path in told}

    def alike(paths: Sequence[str]) -> int:
        return len(models) - len(set(zip(objectives, *map(titles.__getitem__, paths), strict=True)))

    for path in told:
        more = [one for one in told if one in paths or one == path]
        if alike(more) < alike(paths):
            paths = more
    return paths


def model_name(findings: Findings, setting: Mapping[str, Any], without: Set[str] = frozenset()) -> str:
    """The table's name for the model of a setting: “IWAE, 2 layers, k = 50”; empty if none is judged.

    A step between two values names both: “VAE → IWAE, 2 layers, k = 50”. Settings in `without` are left out;
    a seed is named if the setting has one, as for a single training among several.
    """
    table = grid(findings)
    if table is None:
        return ""
    whole = {OBJECTIVE: findings.experiment.train.objective, **setting}
    parts = [] if OBJECTIVE in without else [_written(findings, OBJECTIVE, whole)]
    parts += [_told(path, _written(findings, path, whole)) for path in table.paths if path not in without]
    if TRAINING_SEED in setting and TRAINING_SEED not in without:
        parts.append(f"seed\u00a0{setting[TRAINING_SEED]}")
    return ", ".join(parts)


def first_alone(findings: Findings) -> str:
    """The sentence that only the first of several trainings is drawn; empty if no model has several."""
    several = any(len(model.cells) > 1 for model in findings.models)
    return "Of several trainings of a model, the first is shown." if several else ""


def base_model(findings: Findings, *, seeded: bool = True) -> str:
    """The name of the base setting's model if several models are judged; else empty.

    If it is one training among several, the name includes its seed, unless `seeded` is false.
    """
    cells = [cell for model in findings.models for cell in model.cells]
    base = next((cell for cell in cells if cell.base), None)
    if base is None or len(cells) < 2:
        return ""
    return model_name(findings, base.setting, frozenset() if seeded else frozenset({TRAINING_SEED}))


def _places(findings: Findings, path: str, found: Iterable[str]) -> Mapping[str, int]:
    """Position of each title in `found`: in the sweep's order, after a base value that no list includes."""

    def written(values: Iterable[Any]) -> list[str]:
        return [str(v) if path == OBJECTIVE else _written(findings, path, {path: v}) for v in values]

    lists = [written(block[path]) for block in findings.experiment.sweep if path in block]
    listed = list(itertools.chain.from_iterable(lists))
    first = written(findings.experiment.values_of(path)[:1]) if lists else []
    if any(len(one) > 1 and first[0] in one for one in lists):  # a list of one value implies no order
        first = []
    return {title: place for place, title in enumerate(dict.fromkeys((*first, *listed, *found)))}


def _told(path: str, title: str) -> str:
    """A setting inside a model's name: “2 layers”, “k = 50”."""
    if path in COUNTED and not title.isdigit():
        return title
    name = setting_title(path)
    return f"{name} {title}" if name.endswith(" as") else f"{name}\u00a0=\u00a0{title}"


def _objective(findings: Findings, model: JudgedModel) -> str:
    return model.objective or str(model.setting.get(OBJECTIVE, findings.experiment.train.objective))


def _written(findings: Findings, path: str, setting: Mapping[str, Any]) -> str:
    """The value of a setting, or both values of a step; “–” if a published number does not specify it."""
    if path not in setting:
        return "–"
    value, among = setting[path], findings.experiment.values_of(path)
    if not isinstance(value, str) or " → " not in value:
        return value_title(path, value, among)
    titles = {scalar_text(one): value_title(path, one, among) for one in among}
    return " → ".join(titles.get(part, part) for part in value.split(" → "))
