"""The first page: title, abstract, claims. Who stops here has the answer and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.findings import Findings, prose
from reportgen.report import about, tally, words
from reportgen.report.provenance import Provenance
from reportgen.report.sections.judged import effect, effect_name
from reportgen.report.sections.training import story


def abstract(findings: Findings) -> list[str]:
    """Two short paragraphs; what cannot be said for lack of a number is left out."""
    return [
        text
        for text in (_set_up(findings) + _answer(findings), _reasons(findings) + _tally(findings))
        if text
    ]


def _set_up(findings: Findings) -> str:
    experiment = findings.experiment
    images = about.images(findings)
    return (
        f"{words.capital(words.counted(len(findings.labels), 'estimator'))} of the gradient of "
        f"{words.counted(len(findings.objectives), 'objective')} in the weights of a variational "
        "autoencoder’s encoder "
        f"({experiment.problem.data}, {prose.count(experiment.problem.latent)} latent "
        f"{'unit' if experiment.problem.latent == 1 else 'units'}) "
        f"{'is measured' if len(findings.labels) == 1 else 'are measured on the same draws'}, "
        f"at {words.counted(len(findings.checkpoints), 'checkpoint')} of one training run and "
        f"{prose.count(images)} {'image' if images == 1 else 'images'}. "
    )


def _answer(findings: Findings) -> str:
    pair = about.contrast(findings)
    if pair is None or not findings.checkpoints:
        return ""
    first, *others = about.variance_objectives(findings)
    text = story(findings, first, *pair)
    ratios = [(group, findings.ratio(*pair, objective=group[0])) for group in others]
    parts = [
        f"{prose.with_interval(ratio)} {about.under_all(group)}" for group, ratio in ratios if ratio.available
    ]
    return text + (f" After training the same ratio is {prose.listing(parts)}." if parts else "")


def _reasons(findings: Findings) -> str:
    pair = about.contrast(findings)
    baseline = about.label_of(findings, "score_function_optimal_constant")
    if pair is None or baseline is None or baseline in pair:
        return ""
    share, rest = findings.gap_closed(baseline, *pair), findings.ratio(baseline, pair[1])
    if not share.available or words.side(findings.ratio(*pair)) != "above":
        return ""
    text = (
        f"A constant baseline, which uses no derivative of the likelihood, closes {words.share(share)} of "
        "that gap on "
        f"the log scale"
    )
    left = words.side(rest)
    if left == "above":
        text += f"; a factor of {prose.with_interval(rest)} is left to the derivative"
    elif left == "below":
        text += f", and has then less variance than {about.named(findings, pair[1])}"
    elif left == "around":
        text += ", and what is left is not told from nothing"
    return text + ". "


def _tally(findings: Findings) -> str:
    broken = len(findings.broken)
    loss = f"{words.capital(words.counted(broken, 'cell'))} broke." if broken else ""
    if not findings.claims:
        return loss
    text = f"Of {words.counted(len(findings.claims), 'declared claim')}, {tally.verdicts(findings.claims)}"
    contrary = sum(not claim.as_expected for claim in findings.claims)
    if contrary:
        text += (
            f"; {prose.in_words(contrary)} {'is' if contrary == 1 else 'are'} not as the declaration expects"
        )
    else:
        text += tally.all_expected(findings.claims)
    return f"{text}. {loss}".strip()


def asked_by(findings: Findings) -> str:
    """Citation keys of the question's authors: the sources that claims name first."""
    return "burda2016" if any("burda2016" in (claim.source or "") for claim in findings.claims) else ""


def context(findings: Findings, provenance: Provenance, sections: frozenset[str]) -> Mapping[str, Any]:
    """What the first page is filled with; `sections` are those in the report."""
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
                "statement": words.headline(claim.statement),
                "verdict": claim.verdict,
                "expect": claim.expect,
                "name": effect_name(claim.effect),
                "effect": effect(claim.effect, claim.estimate) or words.DASH,
                "where": claim.where if claim.where in sections else "judged",
            }
            for claim in findings.claims
        ],
    }
