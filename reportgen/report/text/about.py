"""What an experiment is about: names in the text, the model, and the places measured."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from reportgen.declaration.train import stages
from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
from reportgen.figures import reading
from reportgen.figures.drafting.labels import named_setting, setting_title, value_title
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.model_grid import base_model, model_name
from reportgen.findings import Findings, prose
from reportgen.findings.choice import evenly
from reportgen.objectives import OBJECTIVES
from reportgen.plan import model_of
from reportgen.report.text.words import counted

SHORT = {"train.num_samples": "k", "train.objective": "trained as", "problem.latent": "latent"}
"""Names of settings in a list of several, if the last part of their path is not enough."""
ACROSS = 9
"""The most columns of numbers for which a page has room."""


def title_of(findings: Findings, label: str, *, samples: bool = True) -> str:
    """An estimator's short title, as in figures: “Pathwise”, “Leave-one-out, K = 2”."""
    return reading.title_of(findings, label, samples=samples)


def named(findings: Findings, label: str) -> str:
    """An estimator inside a sentence: “the score function”, “pathwise”, “the optimal constant baseline”."""
    return reading.named(findings, label)


def fitted(names: Iterable[str]) -> str:
    """What is fitted for these estimators before measuring: “baselines”; empty if nothing is."""
    kinds = (ESTIMATORS.get(name) for name in names)
    return prose.listing(list(dict.fromkeys(kind.fitted for kind in kinds if kind and kind.fitted)))


def objective_title(findings: Findings, name: str) -> str:
    """An objective's title: “ELBO, analytic KL”, “IWAE bound, K = 5”."""
    return findings.vocabulary.objective(name)


def of_model(findings: Findings, *, seeded: bool = True) -> str:
    """The model of the numbers, if several models are judged: “ (model: VAE, k = 1)”; else empty."""
    name = base_model(findings, seeded=seeded)
    return f" (model: {name})" if name else ""


def under(findings: Findings, name: str) -> str:
    """An objective inside a sentence, with the model measured if there are several: “for the ELBO”."""
    return of_objective(findings, name) + of_model(findings)


def of_objective(findings: Findings, name: str) -> str:
    """Only the objective, where models are side by side or the model is known."""
    if name == "iwae":
        samples = findings.vocabulary.samples
        return f"for the IWAE bound of {prose.in_words(samples)} sample{'s' * (samples != 1)}"
    return {
        "reconstruction": "for the reconstruction term",
        "elbo": "for the ELBO",
        "elbo_analytic_kl": "for the ELBO with analytic KL",
        "expectation": "for the expectation",
        "own": "for this gradient",
    }.get(name, f"for {objective_title(findings, name)}")


def under_every(findings: Findings, name: str) -> str:
    """The same where K varies, which is then not named for a bound of several samples."""
    if name not in OBJECTIVES or not OBJECTIVES[name].several:
        return under(findings, name)
    return f"for the {OBJECTIVES[name].title}{of_model(findings)}"


def references(findings: Findings, name: Callable[[Findings, str], str]) -> str:
    """The reference, or if objectives have different ones, each with its objectives."""
    under: dict[str, list[str]] = {}
    for objective in findings.objectives:
        under.setdefault(findings.reference(objective), []).append(of_objective(findings, objective))
    if len(under) == 1:
        return name(findings, findings.reference())
    return prose.listing([f"{name(findings, label)} {prose.listing(own)}" for label, own in under.items()])


def label_of(findings: Findings, estimator: str) -> str | None:
    """The first label of a built-in estimator; None if it was not declared."""
    return next((label for label in findings.labels if findings.estimator_of[label] == estimator), None)


def is_unbiased(findings: Findings, label: str, objective: str | None = None) -> bool:
    """Whether the estimator is unbiased by construction; for a user's own, by its declaration."""
    return reading.unbiased(findings, label, objective)


def is_control(findings: Findings, label: str) -> bool:
    """Whether it is a negative control."""
    return reading.kind_of(findings, label).control


def from_post(findings: Findings) -> bool:
    """Whether the experiment starts from the source post: it has a network, and a claim cites the post."""
    return findings.vocabulary.network and cites(findings, "borea")


def cites(findings: Findings, key: str) -> bool:
    """Whether a claim cites a source."""
    return any(key in (claim.source or "") for claim in findings.claims)


def pair(findings: Findings) -> tuple[str, str] | None:
    """The two main estimators: REINFORCE, or else the first unbiased one, and the reference."""
    return reading.pair(findings)


def model(findings: Findings) -> str:
    """The model, its data and its training in a few sentences."""
    problem, record = findings.experiment.problem, findings.record()
    text = str(problem.sentence)
    if record is not None and findings.vocabulary.trained:
        text += f"; φ has {prose.count(record.parameters)} coordinates"
    if not findings.vocabulary.trained:
        if findings.vocabulary.swept:
            text = f"{text}, unless stated otherwise; {swept(findings)}"
            text = ". ".join([text, *other_functions(findings)])
        return f"{text}."
    if (name := base_model(findings)) and models_trained(findings, judged(findings)) > 1:
        text += (
            f". It is {name}, one of {trained_models(findings, judged(findings))}, and the one meant "
            "wherever gradients are measured and no model is named"
        )
    course = [f"for {long} on {what}" for long, what in stages_of(findings)]
    if course:
        moves = DISTRIBUTIONS[problem.distribution].reparameterizable
        lost = unfinished(findings, base_trainings(findings))
        text += (
            f". It was {'to be ' if lost else ''}trained {', then '.join(course)}{',' * (',' in course[-1])} "
            f"with {'pathwise gradients' if moves else 'leave-one-out gradients in φ'}"
            f"{f'; {lost}' if lost else ''}"
        )
    else:
        text += ". It was not trained"
    if not findings.checkpoints:
        return f"{text}."
    text += (
        ". All estimators use the same parameters, saved at "
        f"{counted(len(findings.checkpoints), 'checkpoint')}, so differences between estimators are not "
        "differences between training runs."
    )
    return text + ("" if name else other_models(findings))


def other_models(findings: Findings) -> str:
    """Other models trained, for settings that are words and so have no axis in a section."""
    swept, values_of = findings.experiment.swept, findings.experiment.values_of
    words = [placed(path, value) for path in swept for value in values_of(path)[1:] if isinstance(value, str)]
    if not words:
        return ""
    return (
        f" Trained in the same way with {prose.listing(words, 'or')}, it is a different model, whose results "
        "are given with the claims and in results.csv."
    )


def base_trainings(findings: Findings) -> set[str]:
    """Keys of the base setting's trainings."""
    return {cell.key for cell in findings.plan.trainings if cell.base}


def unfinished(findings: Findings, trainings: Collection[str]) -> str:
    """“its training broke”, “of six trainings, two broke and one is not finished”; empty if all finished."""
    lost = [record for record in findings.broken if record.key in trainings]
    if len(trainings) == 1:
        return " ".join(f"its training {'is not finished' if one.paused else 'broke'}" for one in lost)
    paused = sum(record.paused for record in lost)
    parts = [
        (len(lost) - paused, "broke"),
        (paused, f"{'is' if paused == 1 else 'are'} not finished"),
    ]
    told = [f"{prose.in_words(n)} {what}" for n, what in parts if n]
    return f"of {counted(len(trainings), 'training')}, {prose.listing(told)}" if told else ""


def judged(findings: Findings) -> set[str]:
    """Keys of the trainings of all judged models."""
    return {cell.training_key for cell in findings.plan.judgements}


def trained_models(findings: Findings, trainings: Collection[str]) -> str:
    """“ten trained models”; if trainings differ only in their seed, “nine trainings of three models”."""
    models = models_trained(findings, trainings)
    if models == len(trainings):
        return counted(models, "trained model")
    return f"{counted(len(trainings), 'training')} of {counted(models, 'model')}"


def models_trained(findings: Findings, trainings: Collection[str]) -> int:
    """Number of models, where trainings that differ only in their seed count as one."""
    settings = (cell.setting for cell in findings.plan.trainings if cell.key in trainings)
    return len({repr(sorted(model_of(setting).items())) for setting in settings})


def stages_of(findings: Findings) -> list[tuple[str, str]]:
    """How long and on what the base setting was trained, beginning with trainings that it continues.

    “200 epochs”, “the ELBO”; for a bound of several samples, with their number.
    """
    train, noun = findings.experiment.train.model_dump(), findings.experiment.problem.round
    return [
        (counted(int(stage["epochs"]), *noun), _trained_on(findings, stage))
        for stage in stages(train)
        if stage["epochs"]
    ]


def _trained_on(findings: Findings, train: Mapping[str, Any]) -> str:
    found = OBJECTIVES[train["objective"]]
    if found.several:
        return f"the {found.title}, K\u00a0=\u00a0{train['num_samples']}"
    return of_objective(findings, train["objective"]).removeprefix("for ")


def swept(findings: Findings) -> str:
    """The settings swept: “k takes 13 values from −3 to 3 with quadratic, and 15 from …”."""
    told, before, whole = [], "", findings.series()
    for run in whole:
        same = [one.values for one in whole if one.path == run.path]
        if len(same) > reading.RUNS:
            if run.path != before:
                most = max(same, key=len)
                name, times = setting_title(run.path, long=True), counted(len(most), "value")
                told.append(f"{name} takes {times} {span(most)} in {prose.in_words(len(same))} runs")
            before = run.path
            continue
        named = ", ".join(named_setting(path, value) for path, value in run.named.items())
        text = f"{prose.in_words(len(run.values))} {span(run.values)}"
        if run.path != before:
            text = f"{setting_title(run.path, long=True)} takes {counted(len(run.values), 'value')} "
            text += span(run.values)
        before = run.path
        told.append(f"{text} with {named}" if named else text)
    return prose.listing(told) if told else "settings are swept"


def across(findings: Findings) -> tuple[tuple[int, ...], str]:
    """Checkpoints that are columns of a table, and what its caption says if some are left out."""
    every = findings.checkpoints
    shown = evenly(every, ACROSS)
    number = prose.capital(prose.of(len(shown), len(every)))
    left_out = f" {number} {findings.vocabulary.round}s are shown; all are in results.csv."
    return shown, left_out * (len(shown) < len(every))


def other_functions(findings: Findings) -> list[str]:
    """The other functions f, if the declaration sweeps it: “Cosine is f(z) = cos(k z)”."""
    told = findings.experiment.problem.functions
    _, *others = findings.experiment.values_of("problem.function") if told else ("",)
    return [prose.capital(f"{name} {told[name]}") for name in others]


def span(values: Sequence[float]) -> str:
    """“from −3 to 3”."""
    return f"from {plain(min(values))} to {plain(max(values))}"


def run_id(findings: Findings) -> str:
    """Twelve hex digits that identify this run: a digest of all its cells' keys."""
    keys = sorted(cell.key for cell in findings.plan.cells)
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12]


def setting_text(findings: Findings, setting: Mapping[str, Any]) -> str:
    """“latent 20”; for a judged model, its name."""
    told = ", ".join(placed(path, value) for path, value in setting.items())
    return model_name(findings, setting) or told


def placed(path: str, value: Any) -> str:
    """A setting where something was measured: “k = 1.5”, “function cosine”."""
    name = setting_name(path)
    return f"{name}{' = ' if len(name) == 1 else ' '}{written(value, path)}"


def setting_name(path: str) -> str:
    """“scale factor” for problem.scale_factor, “k” for train.num_samples."""
    return SHORT.get(path, path.rpartition(".")[2].replace("_", " "))


def written(value: Any, path: str = "") -> str:
    """A setting's value as text, “low rank” for low_rank; for a step, both values: “VAE → IWAE”."""
    if isinstance(value, str):
        if path.startswith("problem.") and not path.startswith("problem.arguments"):
            value = value.replace("_", " ")
        return " → ".join(value_title(path, part) for part in value.split(" → "))
    return value_title(path, value)


def variance_objectives(findings: Findings) -> list[tuple[str, ...]]:
    """Objectives, grouped if all their variances are equal numbers.

    A closed-form term adds to the gradient but not to its variance, so the text
    says once what holds for both.
    """
    groups: dict[tuple[float, ...], list[str]] = {}
    for objective in findings.objectives:
        values = tuple(
            findings.get("total_variance", label, objective=objective, checkpoint=epoch).value
            for label in findings.compared()
            for epoch in findings.checkpoints
        )
        known = next((key for key in groups if _same(key, values)), values)
        groups.setdefault(known, []).append(objective)
    return [tuple(group) for group in groups.values()]


def _same(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(first, second, strict=True)
    )


def under_all(findings: Findings, names: Sequence[str], *, seeded: bool = True) -> str:
    """Several objectives inside a sentence: “for the reconstruction term and for the ELBO”.

    Unless `seeded`, it is about all trainings of the model rather than the one meant elsewhere.
    """
    return prose.listing([of_objective(findings, name) for name in names]) + of_model(findings, seeded=seeded)
