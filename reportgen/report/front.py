"""The first page: title, abstract, claims. It gives the answer, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.figures.model_grid import base_model, grid
from reportgen.findings import Findings, prose
from reportgen.findings.over_trainings import ratio_over_trainings
from reportgen.plan import MeasurementCell, model_of
from reportgen.report.provenance import Provenance
from reportgen.report.sections import signal
from reportgen.report.sections.judged import effect, effect_name, headline, sources
from reportgen.report.sections.training import between_objectives, story
from reportgen.report.text import about, model_words, tally, words
from reportgen.report.text.bibliography import reference

STANDS_IN = {"training": ("variance",)}
"""Section → sections that take its place if it is left out."""


def abstract(findings: Findings) -> list[str]:
    """Up to three short paragraphs, without what cannot be said for lack of a number."""
    return [
        text
        for text in (
            _models(findings),
            _set_up(findings) + _answer(findings),
            _reasons(findings) + _tally(findings),
        )
        if text
    ]


def _models(findings: Findings) -> str:
    """The outcome of the table of judged models, and the best of them; empty if none is judged."""
    table = grid(findings)
    if table is None:
        return ""
    text = model_words.outcome(findings, [model for _, _, model in table.models])
    published = findings.experiment.published
    if published is not None:
        key, where = next(iter(sources(published.source)), ("", published.source))
        source = f"{reference(key).brief} ({reference(key).year})" if key else ""
        told = ", ".join(part for part in (source, where) if part)
        text = f"{words.capital(told)}: {text[:1].lower()}{text[1:]}"
    best = model_words.best(table)
    return f"{text} {best}".rstrip()


def _set_up(findings: Findings) -> str:
    v = findings.vocabulary
    text = f"{words.capital(words.counted(len(findings.labels), 'estimator'))} of "
    if v.given:
        text += "one gradient "
    else:
        objectives = words.counted(len(findings.objectives), "objective")
        text += f"the gradient of {objectives} with respect to {v.coordinates} "
    several = bool(base_model(findings))
    if v.trained:
        size = "" if several and "problem.latent" in findings.experiment.swept else v.size
        text += f"({', '.join(part for part in (v.dataset, size) if part)}) "
    alone = len(findings.labels) == 1
    if not findings.checkpoints:
        where = " at the base setting" if v.swept else ""
        return f"{text}{'was' if alone else 'were'} to be measured, but nothing has been{where}. "
    alike = "with the same seeds" if v.given else "on the same draws"
    text += "is measured" if alone else f"are measured {alike}"
    if v.trained:
        text += f", at {_checkpoints(findings) if several else _checkpoints_of_one(findings)}"
        text += "" if v.alone else f" and on {v.counted}"
    else:
        settings = len({repr(sorted(record.setting.items())) for record in findings.measurements})
        text += f", in {words.counted(settings, 'setting')}" if settings > 1 else ""
        text += "" if v.alone else f"{' and' if settings > 1 else ''} at {v.counted}"
    theta = len(findings.compared(parameters="theta"))
    if theta:
        are = "is" if theta == 1 else "are"
        text += f"; {prose.in_words(theta)} of the estimators {are} for the gradient in θ instead"
    return f"{text}. "


def _measured(findings: Findings) -> list[MeasurementCell]:
    """The planned cells that have a record."""
    known = {record.key for record in findings.measurements}
    return [cell for cell in findings.plan.measurements if cell.key in known]


def _checkpoints_of_one(findings: Findings) -> str:
    """For the base model: “seven checkpoints of one training run”, or of one or each of three."""
    if not about.stages_of(findings):
        return "the parameters before training"
    cells = _measured(findings)
    base = next((model_of(cell.setting) for cell in cells if cell.base), {})
    runs: dict[str, set[int]] = {}
    for cell in cells:
        if model_of(cell.setting) == base:
            runs.setdefault(cell.training_key, set()).add(cell.checkpoint)
    text = f"{words.counted(len(findings.checkpoints), 'checkpoint')} of "
    if len(runs) < 2:
        return f"{text}one training run"
    each = len({frozenset(checkpoints) for checkpoints in runs.values()}) == 1
    return f"{text}{'each' if each else 'one'} of {prose.in_words(len(runs))} training runs"


def _checkpoints(findings: Findings) -> str:
    """For several judged models: “up to three checkpoints of each of ten trained models”."""
    measured: dict[str, set[int]] = {}
    for cell in _measured(findings):
        measured.setdefault(cell.training_key, set()).add(cell.checkpoint)
    if len(measured) < 2:
        return _checkpoints_of_one(findings)
    counts = {len(checkpoints) for checkpoints in measured.values()}
    return (
        f"{'up to ' if len(counts) > 1 else ''}{words.counted(max(counts), 'checkpoint')} of each of "
        f"{about.trained_models(findings, measured)}"
    )


def _answer(findings: Findings) -> str:
    pair = about.pair(findings)
    if pair is None or not findings.checkpoints:
        found = _alone(findings), between_objectives(findings), signal.told(findings)
        return " ".join(text for text in found if text)
    first, *others = about.variance_objectives(findings)
    text = story(findings, first, *pair)
    ratios = [(group, findings.ratio(*pair, objective=group[0])) for group in others]
    parts = [
        f"{words.with_interval(ratio)} "
        f"{prose.listing([about.of_objective(findings, name) for name in group])}"
        for group, ratio in ratios
        if ratio.available
    ]
    if not findings.vocabulary.trained:
        return f"{text} {between_objectives(findings)}".rstrip()
    over = ratio_over_trainings(findings, *pair, first[0])
    if over is not None:
        text += (
            f" Over {prose.in_words(len(over.each))} trainings with different seeds, its geometric mean is "
            f"{words.with_interval(over.mean)}."
        )
    when = "After" if findings.checkpoints[-1] else "Before"
    return text + (f" {when} training, the same ratio is {prose.listing(parts)}." if parts else "")


def _alone(findings: Findings) -> str:
    """The variance of a user's only function, which is compared with nothing."""
    if not findings.vocabulary.given or len(findings.labels) > 1:
        return ""
    variance = findings.get("total_variance", findings.labels[0])
    if not variance.available:
        return ""
    where = findings.vocabulary.at_last
    return words.sentence(
        f"the total variance of {about.named(findings, findings.labels[0])}{where} is "
        f"{words.with_interval(variance)}"
    )


def _reasons(findings: Findings) -> str:
    pair = about.pair(findings)
    baseline = about.label_of(findings, "score_function_optimal_constant")
    if pair is None or baseline is None or baseline in pair:
        return ""
    counts = {spec.label: spec.num_samples for spec in findings.experiment.estimators}
    if len({counts[label] for label in (baseline, *pair)}) > 1:  # different K do not divide a gap
        return ""
    trained = findings.vocabulary.trained
    share, rest = findings.gap_closed(baseline, *pair), findings.ratio(baseline, pair[1])
    if not share.available or words.side(findings.ratio(*pair)) != "above":
        return ""
    text = (
        f"A constant baseline, which uses no derivative of {'the likelihood' if trained else 'f'}, closes "
        f"{words.share(share)} of {'that gap' if trained else 'the gap'}"
        f"{'' if trained else findings.vocabulary.at_last} on the log scale"
    )
    left = words.side(rest)
    if left == "above":
        text += f", leaving a factor of {words.with_interval(rest)} to {about.named(findings, pair[1])}"
    elif left == "below":
        text += f", and then has less variance than {about.named(findings, pair[1])}"
    elif left == "around":
        text += f", and then cannot be distinguished in variance from {about.named(findings, pair[1])}"
    return text + ". "


def _tally(findings: Findings) -> str:
    paused = sum(record.paused for record in findings.broken)
    broken = len(findings.broken) - paused
    loss = f"{words.capital(words.counted(broken, 'cell'))} broke." if broken else ""
    if paused:
        loss += (
            f" {words.capital(words.counted(paused, 'cell'))} {'is' if paused == 1 else 'are'} not finished."
        )
    loss = loss.strip()
    if not findings.claims:
        return loss
    text = tally.came_out(findings.claims, "declared claim")
    as_declared = all(claim.as_expected for claim in findings.claims)
    text += tally.all_expected(findings.claims) if as_declared else tally.against(findings.claims)
    return f"{text}. {loss}".strip()


def asked_by(findings: Findings) -> str:
    """Citation key of the question's authors: of the first source quoted by a claim, else of the first cited,
    else of the published table.

    For networks, the source post repeats a question that others asked; its question about anything else is
    its own.
    """
    cited = [(claim.quote, key) for claim in findings.claims for key, _ in sources(claim.source)[:1] if key]
    if about.from_post(findings):
        cited = [(quote, key) for quote, key in cited if key != "borea"]
    published = findings.experiment.published
    table = next((key for key, _ in sources(published.source)), "") if published else ""
    return next((key for quote, key in cited if quote), next((key for _, key in cited), table))


def context(findings: Findings, provenance: Provenance, sections: frozenset[str]) -> Mapping[str, Any]:
    """The context of the first page; `sections` are the ids of those in the report."""
    return {
        "title": findings.experiment.title,
        "asked_by": asked_by(findings),
        "from_post": about.from_post(findings),
        "date": provenance.date,
        "run_id": provenance.run_id,
        "abstract": abstract(findings),
        "claims": [
            {
                "id": claim.id,
                "statement": headline(claim),
                "verdict": claim.verdict,
                "expect": claim.expect,
                "name": effect_name(claim.effect),
                "effect": effect(claim.effect, claim.estimate) or words.DASH,
                "where": next(
                    (w for w in (claim.where, *STANDS_IN.get(claim.where, ())) if w in sections), "judged"
                ),
            }
            for claim in findings.claims
        ],
    }
