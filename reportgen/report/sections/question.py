"""The question, the objectives and the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportgen.datasets import DATASETS
from reportgen.distributions import DISTRIBUTIONS
from reportgen.figures import reading
from reportgen.findings import Findings, prose
from reportgen.objectives import OBJECTIVES
from reportgen.report.sections.judged import sources
from reportgen.report.text import about
from reportgen.report.text.formulas import Formula
from reportgen.report.text.section import Section

NOTES = {
    "reconstruction": "f is the log-likelihood alone.",
    "elbo": "Every term is sampled, and the pathwise gradient is that of the log weight (SGVB-A of Kingma "
    "and Welling).",
    "iwae": "A joint bound of K samples in place of the mean of f, the log weight of one sample; it never "
    "becomes looser as K grows, and each K is an objective of its own.",
    "expectation": "f is an arbitrary function, without a model.",
    "elbo_analytic_kl": (
        "The KL term and its gradient are in closed form and add no variance (SGVB-B). Estimators of its "
        "sampled part are those of the reconstruction term, so their total variances and biases agree; the "
        "signal differs."
    ),
}


MOST_QUOTES = 3
"""The most quotes that open the question; every claim's own is given with the claim."""


def quotes(findings: Findings) -> list[Mapping[str, str]]:
    """The first few distinct sentences that claims quote, with the keys of their sources."""
    found: dict[str, str] = {}
    for claim in findings.claims:
        keys = [key for key, _ in sources(claim.source) if key]
        if claim.quote and keys:
            found.setdefault(claim.quote, keys[0])
    return [{"text": fragment(text), "key": key} for text, key in list(found.items())[:MOST_QUOTES]]


def fragment(text: str) -> str:
    """Quoted words, with an ellipsis where they are part of a sentence."""
    before = "" if text[:1].isupper() else "… "
    return f"{before}{text}{'' if text[-1:] in '.?!' else ' …'}"


def data(findings: Findings) -> Mapping[str, str] | None:
    """What is known about the data set: origin, split, and a caution about its numbers."""
    source = DATASETS.get(findings.experiment.problem.dataset or "")
    if source is None:
        return None
    train, test = map(prose.count, source.counts)
    return {
        "title": source.title,
        "cite": source.citation,
        "train": train,
        "test": test,
        "split": source.split,
        "caution": source.caution,
    }


ELBO_DISCRETE = "Every term is sampled."
"""Note on the ELBO if there is no pathwise gradient."""
ANALYTIC_ALONE = "The KL term and its gradient are in closed form and add no variance (SGVB-B)."


def context(findings: Findings) -> Mapping[str, Any]:
    """Objectives with their formulas, and the model."""
    v = findings.vocabulary
    said, theta = quotes(findings), findings.compared(parameters="theta")
    phi = [label for label in findings.labels if label not in theta]
    scores = any(reading.kind_of(findings, label).weighs_score for label in phi)
    cited = about.cites(findings, "burda2016")
    burda = scores and not v.given and not v.discrete and (cited or (v.network and not said))
    objectives = []
    for name in findings.objectives:
        found = OBJECTIVES[name]
        formula = Formula(found.formula, found.spoken, display=True)
        note = NOTES.get(name, "")
        if name == "elbo" and v.discrete:
            note = ELBO_DISCRETE
        if name == "elbo" and scores and cited:
            note = f"What Burda et al. compare: {note[:1].lower()}{note[1:]}"
        if name == "elbo_analytic_kl" and "reconstruction" not in findings.objectives:
            note = ANALYTIC_ALONE
        if name == "reconstruction" and about.from_post(findings):
            note = f"The term that the source post asks about; {note}"
        objectives.append({"name": name, "title": found.title, "formula": formula, "note": note})
    q = DISTRIBUTIONS[findings.experiment.problem.distribution]
    return {
        "given": v.given,
        "objectives": objectives,
        "network": v.network,
        "discrete": v.discrete,
        "scores": scores,
        "alone": len(phi) == 1,
        "theta": bool(theta),
        "coordinates": v.coordinates,
        "quotes": said,
        "models": bool(findings.models),
        "burda": burda,
        "conditional": not v.alone or findings.objectives != ("expectation",),
        "family": {
            "title": q.title,
            "formula": Formula(q.formula, q.spoken, display=True),
            "cites": [key.strip() for key in q.source.split(",") if key.strip()],
        }
        if q.name != "gaussian"
        else None,
        "model": about.model(findings),
        "data": data(findings),
        "from_post": about.from_post(findings),
    }


SECTION = Section("question", "The question", context)
