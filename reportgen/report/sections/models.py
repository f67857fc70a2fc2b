"""The table of trained models, in the form of the published one and with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.figures.drafting.labels import setting_title
from reportgen.figures.model_grid import COUNTED, Grid, Row, grid
from reportgen.findings import Findings, prose
from reportgen.findings.models.table import JudgedModel
from reportgen.findings.models.verdict import NOT_JUDGED, NOT_RUN
from reportgen.report.sections.judged import sources
from reportgen.report.text import model_words, words
from reportgen.report.text.section import Section


def entry(model: JudgedModel | None, published: bool) -> list[list[Any]] | None:
    """Three lines of a model's cell in the table: likelihood, active units, epochs; None without a model.

    Each has our number; if numbers are `published`, theirs precedes it and their comparison follows it.
    """
    if model is None:
        return None
    theirs, budget = model.published, model.budget
    lines: list[list[Any]] = [
        [prose.fixed(theirs.nll, 2) if theirs else words.DASH, model_words.likelihood(model)],
        [
            model_words.units(theirs.active_units) if theirs and theirs.active_units else words.DASH,
            model_words.active(model),
        ],
        [
            prose.count(budget.published) if budget and budget.published and theirs else words.DASH,
            prose.count(budget.epochs) if budget and model.record else words.DASH,
        ],
    ]
    if not published:
        return [line[1:] for line in lines]
    said = [model_words.difference(model), "", model_words.verdict(model)]
    return [[*line, text] for line, text in zip(lines, said, strict=True)]


def table(findings: Findings, found: Grid) -> Mapping[str, Any]:
    """Rows of three lines, with a group of columns for each training objective."""
    published = findings.experiment.published is not None
    rows = []
    for row, before in zip(found.rows, (None, *found.rows[:-1]), strict=True):
        entries = [entry(model, published) for model in row.models]
        rows.append({"titles": _titles(row, before), "entries": entries})
    return {
        "heads": [_head(path, [row.titles[i] for row in found.rows]) for i, path in enumerate(found.paths)],
        "columns": found.columns,
        "rows": rows,
        "published": published,
        "span": 3 if published else 1,
    }


def _titles(row: Row, before: Row | None) -> list[str]:
    """The titles at the left of a row, empty where they repeat those above."""
    told = list(row.titles)
    for i in range(len(told)):
        if before is None or before.titles[: i + 1] != row.titles[: i + 1]:
            break
        told[i] = ""
    return told


def _head(path: str, titles: Sequence[str]) -> str:
    """Heading of a column of settings: “Layers” if latent units are not given as one number."""
    numbers = all(title.isdigit() for title in titles if title != words.DASH)
    return "Layers" if path in COUNTED and not numbers else setting_title(path)


def not_run(found: Grid) -> list[Mapping[str, str]]:
    """Models with missing numbers, and their state."""
    return [
        {
            "model": found.name(row, column),
            "state": _state(model),
            "cause": model.cause,
        }
        for row, column, model in found.models
        if not model.cells or len(model.records) < len(model.cells)
    ]


def _state(model: JudgedModel) -> str:
    state = "paused; the next run continues" if model.waiting else "broken" if model.broken else "not run"
    if len(model.cells) < 2:
        return state
    judged = f"{prose.count(len(model.records))} of {prose.count(len(model.cells))} trainings judged"
    return judged if model.records and not model.waiting else f"{state}; {judged}"


def chains(findings: Findings, found: Grid) -> list[str]:
    """Which training continued which, one sentence per model that continues another’s training."""
    told = []
    for row, column, model in found.models:
        if model.training is None or not model.training.parent:
            continue
        stages = []
        before = model.training.train["after"]
        while before is not None:
            stages.append(model_words.stage(before))
            before = before["after"]
        epochs = words.counted(int(model.training.train["epochs"]), "epoch")
        clause = f"{found.name(row, column)} continues, for {epochs}, the parameters of {stages[0]}"
        if len(stages) > 1:
            clause += f", which continued those of {', those of '.join(stages[1:])}"
        first = model_words.first_stage(findings, model)
        told.append(words.sentence(clause + (f"; {first}" if first else "")))
    return told


def lead(findings: Findings, found: Grid) -> str:
    """The outcome of the table, in a sentence."""
    return model_words.outcome(findings, [model for _, _, model in found.models])


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out if no model is judged."""
    found = grid(findings)
    if found is None:
        return None
    published, judge = findings.experiment.published, findings.experiment.judge
    assert judge is not None  # else there is no table
    models: Sequence[JudgedModel] = [model for _, _, model in found.models]
    source = next(iter(sources(published.source)), None) if published else None
    judged = [model.record for model in models if model.record is not None]
    images = len(judged[0].images) if judged else judge.images
    return {
        "title": "Comparison with the published table" if published else "The trained models",
        "lead": lead(findings, found),
        "table": table(findings, found),
        "source": source,
        "short": model_words.budget(models),
        "within": prose.number(published.within, 2) if published else "",
        "comparable": words.sentence(published.comparable or "")
        if published and published.comparable
        else "",
        "images": prose.count(images) if images else "all",
        "samples": prose.count(judge.num_samples),
        "dataset": findings.vocabulary.dataset,
        "missing": not_run(found),
        "partly": any(0 < len(model.records) < len(model.cells) for model in models),
        "chains": chains(findings, found),
        "trainings": model_words.trainings(models),
        "alone": any(len(model.records) == 1 for model in models),
        "spread": model_words.spread(found),
        "shared": model_words.shared(found),
        "orderings": model_words.orderings(models),
        "layered": any(len(model.active) > 1 for model in models),
        "verdicts": any(model.verdict not in ("", NOT_RUN, NOT_JUDGED) for model in models),
        "updates": model_words.updates(models),
    }


SECTION = Section("models", "The trained models", context)
