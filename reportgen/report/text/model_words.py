"""Trained models → words: numbers of the table, verdicts, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reportgen.figures.drafting.labels import TRAINED_AS
from reportgen.figures.model_grid import Grid
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.marks import told
from reportgen.findings.models.statistics import likelihood_of
from reportgen.findings.models.table import JudgedModel
from reportgen.findings.models.verdict import (
    NOT_JUDGED,
    NOT_REPRODUCED,
    NOT_RUN,
    ORDERED,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
    orderings_of_all,
)
from reportgen.plan import model_of
from reportgen.report.text import words

SHAPES = {
    REPRODUCED: "●",
    ORDERED: "◐",
    NOT_REPRODUCED: "◆",
    UNDECIDED: "○",
    NOT_RUN: "△",
    NOT_JUDGED: "□",
}
"""Each verdict's own shape."""
NAMED = 2
"""The most models with equal likelihoods that are named: a VAE and an IWAE of one sample are one training."""


def verdict(model: JudgedModel) -> Markup:
    """A model's verdict as a shape and a word; empty if nothing is published."""
    return marked(model.verdict) if model.verdict else Markup("")


def marked(word: str) -> Markup:
    """A verdict as a shape and a word."""
    return Markup(
        '<span class="verdict {2}"><span class="shape" aria-hidden="true">{0}</span> {1}</span>'
    ).format(SHAPES[word], word, word.replace(" ", "-"))


def likelihood(model: JudgedModel) -> str:
    """“87.06 ± 0.45”; a dash if it is not known."""
    return plus_minus(model.likelihood)


def plus_minus(estimate: Estimate) -> str:
    """An estimate and its half-width with two decimals, as in published tables."""
    if not estimate.available:
        return told(words.DASH, estimate)
    if not estimate.has_interval:
        return told(prose.fixed(estimate.value, 2), estimate)
    half = prose.fixed(prose.half_width(estimate), 2)
    return told(words.unbroken(f"{prose.fixed(estimate.value, 2)} ± {half}"), estimate)


def difference(model: JudgedModel) -> str:
    """Ours minus the published one, signed; empty if either is missing or they must not be compared."""
    if model.published is None or not model.difference.available or model.verdict == NOT_JUDGED:
        return ""
    return told(signed(model.difference.value), model.difference)


def signed(value: float) -> str:
    """With its sign and two decimals: +0.30, −1.25."""
    text = prose.fixed(value, 2)
    return text if text.startswith(prose.MINUS) else f"+{text}"


def units(counts: Sequence[int]) -> str:
    """Units by layer: “16 + 5”."""
    return " + ".join(map(prose.count, counts))


def active(model: JudgedModel) -> str:
    """“99 (97 to 100) + 4”, by layer; with an interval only if some unit may be active or not."""
    counts = [told(prose.whole(unit) if unit.available else words.DASH, unit) for unit in model.active]
    return " + ".join(counts) or words.DASH


def stage(train: Mapping[str, Any]) -> str:
    """A training that another continues: “a VAE with k = 1 of 64 epochs”."""
    name = TRAINED_AS.get(train["objective"], str(train["objective"]))
    article = "an" if name[0] in "AEIO" else "a"
    return (
        f"{article} {name} with k = {train['num_samples']} of {words.counted(int(train['epochs']), 'epoch')}"
    )


def first_stage(findings: Findings, model: JudgedModel) -> str:
    """A clause on its likelihood before it was continued, if that was judged too; else empty."""
    before = [r for r in findings.judgements if model_of(r.setting) == model.setting and r.checkpoint == 0]
    if not before or not model.records or before[0] is model.records[0]:
        return ""
    return f"before that, its negative log-likelihood was {plus_minus(likelihood_of(before))}"


def shared(found: Grid) -> str:
    """Names models of the table that are a single one; empty if there are none."""
    names: dict[str, list[str]] = {}
    for row, column, model in found.models:
        if model.training is not None:
            names.setdefault(model.training.key, []).append(found.name(row, column))
    twins = [prose.listing(same) for same in names.values() if len(same) > 1]
    if not twins:
        return ""
    several = any(len(model.cells) > 1 for _, _, model in found.models)
    one = "one model, trained once from each seed" if several else "one training"
    return words.sentence(f"the bound of one sample is the ELBO, so these are each {one}: {'; '.join(twins)}")


def trainings(models: Sequence[JudgedModel]) -> str:
    """“3” or “3 to 5”: judged trainings of the models that have several; empty if none has."""
    counts = sorted({len(model.records) for model in models if len(model.records) > 1})
    return " to ".join(map(prose.count, dict.fromkeys((counts[0], counts[-1])))) if counts else ""


def spread(found: Grid) -> str:
    """Least and greatest deviation of likelihoods between trainings; empty if no model has several."""
    known = [(model.spread, found.name(row, column)) for row, column, model in found.models]
    known = sorted((pair for pair in known if pair[0].available), key=lambda pair: pair[0].value)
    ends = [f"{_deviation(of)} nats for {name}" for of, name in (known[:1] + known[1:][-1:])]
    if not ends:
        return ""
    return words.sentence(
        "between trainings, the negative log-likelihood over the same images has a standard deviation of "
        f"{' to '.join(ends)}"
    )


def _deviation(found: Estimate) -> str:
    """Two digits of each number: with few trainings the ends lie decades apart, and the lower is not 0."""
    value, low, high = (prose.number(number, 2) for number in (found.value, found.low, found.high))
    return told(f"{value} ({low} to {high})", found)


def orderings(models: Sequence[JudgedModel]) -> str:
    """How many orderings of the published table hold here, are reversed, or undecided; empty without any."""
    found = orderings_of_all(
        [model.records for model in models],
        [None if model.published is None else model.published.nll for model in models],
    )
    if not found.looked_at:
        return ""
    held, turned, left = (_some(n) for n in (found.held, found.reversed, found.undecided))
    return words.sentence(
        f"of the {words.counted(found.looked_at, 'pair')} of models that the published numbers order by more"
        f" than that, {held} {_has(found.held)} the same order here, {turned} {_has(found.reversed)} the"
        f" opposite order, and {left} {_is(max(found.undecided, 1))} undecided"
    )


def _some(count: int) -> str:
    return prose.in_words(count) if count else "none"


def updates(models: Sequence[JudgedModel]) -> str:
    """“4 800 updates”, or from the fewest to the most; empty if not known."""
    known = sorted({m.budget.updates for m in models if m.record and m.budget and m.budget.updates})
    if not known:
        return ""
    ends = (
        prose.count(known[0]) if len(known) == 1 else f"{prose.count(known[0])} to {prose.count(known[-1])}"
    )
    return f"{ends} updates"


def budget(models: Sequence[JudgedModel]) -> str:
    """“64 of the 3280 epochs of the published models”; empty if no model had fewer."""
    known = [m.budget for m in models if m.record and m.budget and m.budget.published]
    if not any(one.shortened for one in known):
        return ""
    ours, theirs = sorted({one.epochs for one in known}), known[0].published or 0
    told = prose.count(ours[0]) if len(ours) == 1 else f"{prose.count(ours[0])} to {prose.count(ours[-1])}"
    if ours[-1] > theirs:
        return f"{told} epochs, where the published models had {prose.count(theirs)}"
    return f"{told} of the {prose.count(theirs)} epochs of the published models"


def outcome(findings: Findings, models: Sequence[JudgedModel]) -> str:
    """How many published numbers have which verdict, at what budget."""
    judged = [model for model in models if model.record is not None]
    published = [model for model in models if model.published is not None]
    waiting = sum(model.waiting for model in models)
    lost = sum(not model.records and not model.waiting for model in models)
    if not published:
        count = len({model.training.key for model in judged if model.training})  # two may be one: `shared`
        text = f"{words.counted(count, 'trained model')} {_is(count)} judged"
        return words.sentence(text + _lacking(waiting, lost))
    counts = {word: sum(model.verdict == word for model in published) for word in VERDICTS}
    numbers = len({id(model.published) for model in published})  # one may be compared with several models
    theirs = words.counted(numbers, "published number")
    if len(published) == 1 or (numbers == 1 and counts[NOT_JUDGED]):
        text = f"the published number {_of_one(published[0].verdict)}"
    elif counts[NOT_JUDGED]:
        text = f"none of the {theirs} is judged, since ours are not comparable with them"
    else:
        parts = [_counted(n, word) for word, n in counts.items() if n]
        if numbers < len(published):
            theirs = f"{words.counted(len(published), 'comparison')} with {theirs}"
        text = f"of {theirs}, {prose.listing(parts)}"
    short = budget(models)
    text = f"after {short}, {text}" if short else text
    return words.sentence(text + _lacking(waiting, lost if counts[NOT_JUDGED] else 0))


def _lacking(waiting: int, lost: int) -> str:
    """Clauses on models that have no numbers yet, and on those that are missing."""
    text = f"; {words.counted(waiting, 'model')} {_is(waiting)} not trained and judged yet" if waiting else ""
    return text + (f"; {words.counted(lost, 'model')} {_is(lost)} missing" if lost else "")


def best(found: Grid) -> str:
    """The model or models with the highest likelihood, with the published number; empty without any."""
    known = [(row, column, m) for row, column, m in found.models if m.likelihood.available]
    if not known:
        return ""
    model = min((model for _, _, model in known), key=lambda model: model.likelihood.value)
    equal = [entry for entry in known if entry[2].likelihood.value == model.likelihood.value]
    names, value = [found.name(row, column) for row, column, _ in equal], likelihood(model)
    trained = {model.training.key for *_, model in equal if model.training}  # two may be one: `shared`
    whose = prose.listing(names) if len(names) <= NAMED else words.counted(len(trained), "model")
    whose = "the model" if len(found.models) == 1 else whose
    which = f"the lowest negative log-likelihood, {value}"
    if len(equal) == len(known):
        which = f"a negative log-likelihood of {value}"
    text = f"{whose} {'has' if len(equal) == 1 else 'have'} {which} nats per image"
    published = {m.published.nll for *_, m in equal if m.published is not None and m.verdict != NOT_JUDGED}
    if len(published) == 1:
        text += f" (published: {prose.fixed(published.pop(), 2)})"
    return words.sentence(text)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _has(count: int) -> str:
    """The verb for `count`; “none” and “one” take the singular."""
    return "has" if count < 2 else "have"


def _of_one(word: str) -> str:
    """Predicate for the verdict on the only published number."""
    if word == NOT_JUDGED:
        return "is not judged, since ours is not comparable with it"
    return "has the right ordering" if word == ORDERED else f"is {word}"


def _counted(count: int, word: str) -> str:
    if word == ORDERED:
        return f"{prose.in_words(count)} {'has' if count == 1 else 'have'} the right ordering"
    return f"{prose.in_words(count)} {_is(count)} {word}"
