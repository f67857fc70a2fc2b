"""How to reproduce the report: command, seed, versions, hashes, the whole declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings import Findings, prose
from reportgen.report.text import words
from reportgen.report.text.section import Section


def _judgements(findings: Findings) -> str:
    """“twelve judgements of them (two models are judged in more than one setting)”; empty without any.

    A training may have several settings: as the bound of one sample is the ELBO, both objectives share it.
    """
    plan = findings.plan
    if not plan.judgements:
        return ""
    kept = {record.key for record in findings.judgements}
    whose = "it" if len(findings.trainings) == 1 else "them"
    told = f"{words.counted(len(kept), 'judgement')} of {whose}"
    settings: dict[str, set[str]] = {}
    for cell in plan.judgements:
        if cell.key in kept:
            settings.setdefault(cell.training_key, set()).add(repr(sorted(cell.setting.items())))
    shared = sum(len(own) > 1 for own in settings.values())
    noun = "training" if TRAINING_SEED in findings.experiment.swept else "model"
    if not shared:
        return told
    return (
        f"{told} ({words.counted(shared, noun)} {'is' if shared == 1 else 'are'} judged in more than one "
        "setting)"
    )


def context(findings: Findings) -> Mapping[str, Any]:
    """Numbers of cells and their times; provenance itself is shared by all sections."""
    moved = any(int(cell.train["epochs"]) or cell.parent for cell in findings.plan.trainings)
    return {
        "trained": bool(findings.plan.trainings),
        "trainings": words.counted(
            len(findings.trainings),
            "training"
            if TRAINING_SEED in findings.experiment.swept
            else f"{'' if moved else 'un'}trained model",
        ),
        "measurements": words.counted(len(findings.measurements), "measured cell"),
        "measuring": prose.seconds(sum(r.seconds for r in findings.measurements)),
        "fitting": prose.seconds(sum(r.seconds for r in findings.trainings)),
        "judgements": _judgements(findings),
        "judging": prose.seconds(sum(r.seconds for r in findings.judgements)),
        "rows": prose.count(findings.row_count),
        "published": findings.experiment.published is not None,
    }


SECTION = Section("again", "Reproducing this report", context)
