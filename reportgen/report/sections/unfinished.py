"""What broke, what is not finished yet, and what stopped before its precision was met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.declaration.claims.tests import percent_text
from reportgen.figures.drafting.labels import objective_title
from reportgen.figures.model_grid import base_model
from reportgen.findings import Findings, marks, prose
from reportgen.report.text import about
from reportgen.report.text.section import Section
from reportgen.store.records import BrokenRecord

LONGEST = 8
"""The most rows shown; results.csv has all."""


def _place(record: BrokenRecord, findings: Findings) -> str:
    v, parts = findings.vocabulary, [record.kind.capitalize()]
    parts += [about.setting_text(findings, record.setting)] if record.setting else []
    parts += [] if record.checkpoint is None or not v.trained else [v.checkpoint(record.checkpoint)]
    return ", ".join(parts)


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out if everything is finished and met its precision."""
    v = findings.vocabulary
    broken: list[dict[str, Any]] = [
        {
            "what": _place(record, findings),
            "cause": record.cause,
        }
        for record in findings.broken
        if not record.paused
    ]
    paused = [
        {"what": _place(record, findings), "cause": record.cause}
        for record in findings.broken
        if record.paused
    ]
    short: list[dict[str, Any]] = []
    several, objectives = bool(base_model(findings)), len(findings.objectives) > 1
    samples = any(arm.num_samples > 1 for record in findings.measurements for arm in record.arms)
    for record in findings.measurements:
        setting = about.setting_text(findings, record.setting) if several or not record.base else ""
        for arm in record.arms:
            where = [
                *([objective_title(arm.objective)] if objectives else []),
                *([v.checkpoint(record.checkpoint)] if v.trained else []),
                *([f"K = {arm.num_samples}"] if samples and not v.given else []),
                *([setting] if setting else []),
            ]
            if arm.constant:
                where.append(f"constant {prose.number(arm.constant)}")
            where = where or [v.last.removeprefix("at ")]
            what = about.title_of(findings, arm.label, samples=False)
            if arm.status == "broken":
                broken.append(
                    {"what": f"{what}; {'; '.join(where)}", "cause": arm.cause or "no cause was kept"}
                )
            elif arm.status == "budget":
                short.append(
                    {
                        "what": what,
                        "where": "; ".join(where),
                        "reached": marks.told(
                            prose.percent(arm.relative_half_width),
                            findings.of_record("total_variance", record, arm),
                        ),
                        "replicates": prose.count(arm.replicates),
                        "size": arm.relative_half_width,
                    }
                )
    if not broken and not short and not paused:
        return None
    short.sort(key=lambda row: -float(row["size"]))
    return {
        "broken": broken,
        "paused": paused,
        "one_broken": len(broken) == 1,
        "kept": bool(findings.measurements or findings.trainings),
        "one_paused": len(paused) == 1,
        "short": short[:LONGEST],
        "all": prose.in_words(len(short)),
        "one": len(short) == 1,
        "hidden": prose.count(len(short) - LONGEST) if len(short) > LONGEST else "",
        "precision": percent_text(findings.experiment.measure.precision),
        "each": v.each,
        "spent": "calls" if v.given else "draws",
        "budget": prose.count(int(findings.experiment.measure.budget)),
    }


SECTION = Section("unfinished", "Incomplete results", context)
