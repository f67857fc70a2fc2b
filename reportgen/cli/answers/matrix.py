"""Estimators × problems: which apply, which are biased, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from reportgen.applicability import refusal
from reportgen.declaration import PROBLEMS, Problem
from reportgen.estimators import ESTIMATORS, Estimator

APPLIES, PARTLY, BIASED, CONTROL, NOT = "+", "±", "b", "c", "–"
LEGEND = (
    f"{APPLIES} applies, unbiased   {PARTLY} biased for a bound of two samples or more   {BIASED} biased",
    f"{CONTROL} negative control    {NOT} does not apply, for the reason numbered",
)


@dataclass(frozen=True)
class Pair:
    """One estimator on one problem, with the settings that the problem has by default."""

    estimator: str
    problem: str
    unbiased: tuple[str, ...]
    """Objectives whose gradient it estimates without bias, however many samples it has."""
    biased: tuple[str, ...]
    """Objectives whose gradient it estimates with a bias; of a bound, from two samples on."""
    control: bool
    why: str
    """Why it does not apply; empty where it does."""

    @property
    def mark(self) -> str:
        """One character for the table."""
        if self.why:
            return NOT
        if self.control:
            return CONTROL
        return PARTLY if self.unbiased and self.biased else BIASED if self.biased else APPLIES

    def plain(self) -> dict[str, object]:
        """For programs."""
        return {
            "estimator": self.estimator,
            "problem": self.problem,
            "applies": not self.why,
            "unbiased": list(self.unbiased),
            "biased": list(self.biased),
            "negative_control": self.control,
            "why_not": self.why,
        }


def problems() -> dict[str, Problem]:
    """Each problem with its default settings, except that whose estimators are functions of the user's."""
    return {name: kind.model_construct() for name, kind in PROBLEMS.items() if not kind.given}


def title_of(problem: type[Problem]) -> str:
    """The first sentence of its description."""
    return (problem.__doc__ or "").splitlines()[0].rstrip(".")


def pairs(
    estimators: Mapping[str, Estimator] = ESTIMATORS, models: Mapping[str, Problem] | None = None
) -> list[Pair]:
    """All pairs, those of one estimator together."""
    known = problems() if models is None else models
    return [_pair(kind, name, model) for kind in estimators.values() for name, model in known.items()]


def _pair(kind: Estimator, name: str, model: Problem) -> Pair:
    why = refusal(
        kind, model.distribution, model.objectives, model.generative, model.layered, model.differentiable
    )
    served = [] if why else [objective for objective in model.objectives if kind.serves(objective)]
    unbiased = tuple(objective for objective in served if kind.is_unbiased(objective, None))
    biased = tuple(objective for objective in served if objective not in unbiased)
    return Pair(kind.name, name, unbiased, biased, kind.control, _reason(why or "", kind.name))


def _reason(text: str, estimator: str) -> str:
    """The refusal's first clause, without the estimator's name, the family found and the remedy."""
    clause = text.partition(";")[0].partition(". ")[0].partition(", not ")[0].rstrip(".")
    return clause.removeprefix(f"{estimator} ")


def lines(found: Sequence[Pair]) -> Iterable[str]:
    """A table with one letter per problem, what the marks mean, and the reasons as footnotes."""
    names = list(dict.fromkeys(pair.problem for pair in found))
    letters = dict(zip(names, ascii_uppercase, strict=False))
    reasons = list(dict.fromkeys(pair.why for pair in found if pair.why))
    width = max(len(pair.estimator) for pair in found)
    cell = 2 + len(str(len(reasons)))
    yield (" " * width + "  " + " ".join(letters[name].ljust(cell) for name in names)).rstrip()
    for estimator in dict.fromkeys(pair.estimator for pair in found):
        row = [pair for pair in found if pair.estimator == estimator]
        marks = (p.mark + (str(reasons.index(p.why) + 1) if p.why else "") for p in row)
        yield (estimator.ljust(width) + "  " + " ".join(mark.ljust(cell) for mark in marks)).rstrip()
    yield ""
    yield from LEGEND
    models = problems()
    for name in names:
        model = models[name]
        yield f"{letters[name]} {name}: {model.distribution}; {', '.join(model.objectives)}"
    yield from (f"{number} {reason}" for number, reason in enumerate(reasons, start=1))
