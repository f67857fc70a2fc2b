"""What the commands print: plain rows for programs, lines for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reportgen.cli.live.progress import duration, many
from reportgen.declaration.claims.tests import scalar_text
from reportgen.workflow import Job

if TYPE_CHECKING:
    from reportgen.execution import Outcome
    from reportgen.findings import Findings
    from reportgen.store import BrokenRecord, MeasurementRecord

Row = Mapping[str, Any]


def listing() -> dict[str, list[Row]]:
    """Everything a declaration can name, by kind."""
    from reportgen.cli.answers.matrix import title_of
    from reportgen.declaration import PROBLEMS, find, gallery_names, load, long_names
    from reportgen.estimators import ESTIMATORS
    from reportgen.objectives import OBJECTIVES

    return {
        "gallery": [{"name": name, "title": load(find(name)).title} for name in gallery_names()],
        "for an hour or a night": [{"name": name, "title": load(find(name)).title} for name in long_names()],
        "problems": [{"name": name, "title": title_of(kind)} for name, kind in PROBLEMS.items()],
        "estimators": [{"name": e.name, "title": e.title} for e in ESTIMATORS.values()],
        "objectives": [{"name": o.name, "title": o.title} for o in OBJECTIVES.values()],
        "data sets": _datasets(),
        "sections": _sections(),
    }


def cost_row(job: Job) -> dict[str, Any]:
    """What running an experiment would do."""
    from reportgen.declaration import resolved, to_yaml
    from reportgen.execution.cost import most_draws
    from reportgen.plan import MeasurementCell
    from reportgen.workflow import expected_seconds

    plain = resolved(job.experiment)
    seconds = expected_seconds(job)
    missing = job.missing
    to_measure = [cell for cell in missing if isinstance(cell, MeasurementCell)]
    return {
        "experiment": job.experiment.experiment,
        "title": job.experiment.title,
        "data": job.experiment.problem.dataset,
        "trainings": len(job.plan.trainings),
        "judgements": len(job.plan.judgements),
        "measurements": len(job.plan.measurements),
        "arms": sum(len(cell.arms) for cell in job.plan.measurements),
        "claims": len(job.experiment.claims),
        "cached": len(job.cells) - len(missing),
        "to_run": len(missing),
        "draws_at_most": most_draws(to_measure),
        "seconds_on_one_core": round(sum(seconds[cell.key] for cell in missing), 1),
        "warnings": list(warnings(job)),
        "resolved": plain,
        "settings": to_yaml({name: value for name, value in plain.items() if name != "claims"}),
    }


def warnings(job: Job) -> Iterable[str]:
    """What is allowed, but may not be what was meant, each with its place."""
    from reportgen.declaration.train import TRAINING_SEED
    from reportgen.plan import trained_once

    found = trained_once(job.plan)
    if not found.models:
        return
    first, others = found.models[0], len(found.models) - 1
    name = ", ".join(f"{path} {scalar_text(value)}" for path, value in first.items()) or "the model"
    more = f" and {many(others, 'other model')}" if others else ""
    text = (
        f"{name}{more} {'have' if others else 'has'} one training, where others have up to {found.most}: "
        f"intervals are over images alone. Sweep {TRAINING_SEED} there too to have them over trainings."
    )
    yield str(job.experiment.error(("sweep",), text))


def cost_lines(row: Row) -> Iterable[str]:
    """A row of `cost_row` for people, with every setting of the declaration."""
    yield f"{row['experiment']}: valid. {row['title']}"
    judged = f"{many(row['judgements'], 'judged model')}, " if row["judgements"] else ""
    yield (
        f"  {many(row['trainings'], 'training')}, {judged}{many(row['measurements'], 'measured cell')} with "
        f"{many(row['arms'], 'arm')}, {many(row['claims'], 'claim')}; "
        f"{many(row['cached'], 'cell')} {'is' if row['cached'] == 1 else 'are'} stored, "
        f"{row['to_run']} would run"
    )
    if row["to_run"] and "gradients" in row["resolved"]["problem"]:
        yield f"  at most {row['draws_at_most']:,} calls of each function; how long one takes is not known"
    elif row["to_run"]:
        yield (
            f"  at most {row['draws_at_most']:,} draws; {_about(row['seconds_on_one_core'])} "
            f"of one core, if variances are typical{_besides(row['resolved'])}"
        )
    yield from (f"  warning: {told}" for told in row["warnings"])
    yield "  every setting, defaults included:"
    yield from (f"    {line}" for line in row["settings"].splitlines())


def _besides(settings: Row) -> str:
    """What an estimate of the cost cannot include."""
    own = [part for part in (settings["problem"], *settings["estimators"]) if "python" in part]
    return ", plus the time of your own code" if own else ""


def _about(seconds: float) -> str:
    return "less than 1 s" if seconds < 1 else f"about {duration(seconds)}"


def conclusion(job: Job, findings: Findings, outcome: Outcome | None) -> Iterable[str]:
    """The claims with their verdicts, what broke, and where the files are."""
    if outcome is not None:
        yield f"{job.experiment.experiment}: {counted(outcome)}"
    elif left := sum(cell.paused for cell in findings.broken):
        yield f"{job.experiment.experiment}: {many(left, 'cell')} not finished yet; run again to continue"
    rows = [
        {
            "verdict": claim.outcome,
            "id": claim.id,
            "statement": claim.statement,
        }
        for claim in findings.claims
    ]
    yield from (f"  {line}" for line in aligned(rows))
    yield from (f"  undecided: {told}" for told in _undecided(findings))
    yield from (
        f"  broken: {claim.id}: {claim.cause.removeprefix('broken: ')}"
        for claim in findings.claims
        if claim.verdict == "broken" and claim.cause and not findings.broken
    )
    yield from (f"  {told}" for told in broken_lines(findings.broken, findings.measurements))
    yield f"report: {job.folder / 'report.html'}, {job.folder / 'report.pdf'}"


def _undecided(findings: Findings) -> Iterable[str]:
    """Undecided claims that have a cause, and the cause; unfinished cells are counted elsewhere."""
    for claim in findings.claims:
        if claim.verdict == "undecided" and claim.cause and not claim.cause.startswith("not finished"):
            yield f"{claim.id}: {claim.cause}"


def broken_lines(cells: Iterable[BrokenRecord], records: Iterable[MeasurementRecord]) -> Iterable[str]:
    """What broke, and why: cells, then single estimators in cells that are kept."""
    yield from (f"broken cell: {place_of(cell)}{cell.cause}" for cell in cells if not cell.paused)
    yield from (f"broken estimator: {told}" for told in broken_estimators(records))


def place_of(cell: BrokenRecord) -> str:
    """``measurement, latent 10, checkpoint 20: ``; empty if nothing is swept and there is no checkpoint."""
    parts = [f"{path.rpartition('.')[2]} {scalar_text(value)}" for path, value in cell.setting.items()]
    parts += [] if cell.checkpoint is None else [f"checkpoint {cell.checkpoint}"]
    return f"{cell.kind}, {', '.join(parts)}: " if parts else ""


def broken_estimators(records: Iterable[MeasurementRecord]) -> list[str]:
    """Label and cause of every estimator that broke in a cell whose other estimators are kept, each once."""
    from reportgen.findings import broken_arms

    return list(dict.fromkeys(f"{arm.label}: {arm.cause}" for arm in broken_arms(records)))


def answer(job: Job, findings: Findings, outcome: Outcome | None) -> dict[str, Any]:
    """A report in short, for programs."""
    from reportgen.findings import claims_data
    from reportgen.findings.models.published import published_data

    return {
        "experiment": job.experiment.experiment,
        "folder": str(job.folder),
        "exit_code": findings.exit_code,
        "claims": claims_data(findings),
        "published": published_data(job.experiment, findings.models),
        "broken_estimators": broken_estimators(findings.measurements),
        **({} if outcome is None else counts(outcome)),
    }


def counts(outcome: Outcome) -> dict[str, Any]:
    """What a run did, for programs."""
    return {
        "measured": outcome.measured,
        "cached": outcome.cached,
        "broken": [record.cause for record in outcome.broken],
        "paused": [record.cause for record in outcome.paused],
        "seconds": round(outcome.seconds, 3),
    }


def counted(outcome: Outcome) -> str:
    """What a run did, for people."""
    parts = (
        [f"{many(outcome.measured, 'cell')} run in {duration(outcome.seconds)}"] if outcome.measured else []
    )
    parts += [f"{outcome.damaged} run again, since damaged in the store"] if outcome.damaged else []
    parts += [f"{outcome.cached} found in the store"] if outcome.cached else []
    parts += [f"{len(outcome.broken)} broken"] if outcome.broken else []
    left = len(outcome.paused)
    parts += [f"{many(left, 'cell')} unfinished when time ran out; run again to continue"] if left else []
    return ", ".join(parts)


def aligned(rows: Sequence[Row]) -> Iterable[str]:
    """Rows with the same keys as lines with aligned columns, without a heading."""
    columns = list(rows[0]) if rows else []
    widths = [max(len(str(row[column])) for row in rows) for column in columns]
    for row in rows:
        cells = (str(row[column]).ljust(width) for column, width in zip(columns, widths, strict=True))
        yield "  ".join(cells).rstrip()


def folded(lines: Iterable[str], width: int = 100) -> Iterable[str]:
    """Lines wrapped at a width; what is wrapped stands under the last column of its line."""
    for line in lines:
        indent = " " * (line.rstrip().rfind("  ") + 2 if "  " in line.strip() else 4)
        yield from textwrap.wrap(line, width, subsequent_indent=indent) if line.strip() else [""]


def _datasets() -> list[Row]:
    from reportgen.datasets import DATASETS

    return [{"name": name, "title": source.about} for name, source in DATASETS.items()]


def _sections() -> list[Row]:
    from reportgen.report.sections import SECTIONS

    return [{"name": section.id, "title": section.title} for section in SECTIONS]
