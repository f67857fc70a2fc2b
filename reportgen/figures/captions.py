"""Sentences shared by several captions and alternative texts, made from the numbers drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reportgen.figures.drafting.lines import Line, extent
from reportgen.figures.model_grid import base_model
from reportgen.figures.reading import default_samples, is_bound, kind_of, title_of, unbiased, usable
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.vocabulary import Vocabulary

NAMES = ("Gumbel", "DisARM")
"""First words of titles that begin with a proper name."""
MANY = 30
"""Number of points on a line from which marks are so small that short intervals may exceed them."""


@dataclass(frozen=True)
class Place:
    """Where a figure's numbers were measured."""

    objective: str
    checkpoint: int
    """The last checkpoint measured."""
    words: Vocabulary
    model: str = ""
    """Name of the judged model, if there are several."""

    @property
    def over(self) -> str:
        """For figures over training or settings; empty if no objective is known."""
        if self.words.given:
            return ""
        model = f"; model: {self.model}" if self.model else ""
        mean = f"; mean over {self.words.place}" if self.words.place else ""
        return f"Objective: {lowered(self.words.objective(self.objective))}{model}{mean}."

    @property
    def mean(self) -> str:
        """For figures that name their objectives in the drawing; empty if there is nothing to say."""
        model = f"model: {self.model}" if self.model else ""
        mean = f"mean over {self.words.place}" if self.words.place else ""
        found = prose.capital("; ".join(part for part in (model, mean) if part))
        return f"{found}." if found else ""

    @property
    def varying(self) -> str:
        """For figures over K; a bound of several samples is named without its K."""
        return self._without_samples(self.at)

    @property
    def varying_over(self) -> str:
        """For figures over K and training, of every model."""
        return self._without_samples(self.of_models.over)

    @property
    def of_models(self) -> Place:
        """The place for figures that show every model rather than a single one."""
        return replace(self, model="")

    def _without_samples(self, text: str) -> str:
        found = self.words.objective(self.objective)
        return text.replace(lowered(found), lowered(found.partition(", K\u00a0=")[0]))

    @property
    def at(self) -> str:
        """For figures at one checkpoint."""
        if self.words.trained:
            return f"{self.over[:-1]}, parameters of {self.words.checkpoint(self.checkpoint)}."
        if not self.over:
            return f"{prose.capital(self.words.last)}." if self.words.last else ""
        return f"{self.over[:-1]}, {self.words.last}." if self.words.last else self.over


def place(findings: Findings, objective: str | None = None) -> Place:
    """The place of the base setting at its last checkpoint."""
    record = findings.record()
    last = record.checkpoint if record else 0  # nothing is measured if models are only judged
    return Place(objective or findings.objectives[0], last, findings.vocabulary, base_model(findings))


@dataclass(frozen=True)
class Extremes:
    """The highest and the lowest of the unbiased estimators at the last checkpoint, and their ratio."""

    high: str
    low: str
    last_at: str
    """“epoch 200”."""
    last: Estimate
    first_at: str
    first: Estimate


def extremes(findings: Findings, objective: str | None = None) -> Extremes | None:
    """The estimators with highest and lowest variance, and their paired ratio; None with fewer than two."""
    values = {}
    for label in findings.compared(objective):
        estimate = findings.get("total_variance", label, objective=objective)
        if unbiased(findings, label, objective) and usable(estimate):
            values[label] = estimate.value
    if len(values) < 2:
        return None
    high, low = ends(values)
    first, last = findings.checkpoints[0], findings.checkpoints[-1]
    at = findings.vocabulary.checkpoint
    return Extremes(
        title_of(findings, high),
        title_of(findings, low),
        at(last),
        findings.ratio(high, low, objective=objective),
        at(first),
        findings.ratio(high, low, objective=objective, checkpoint=first),
    )


def ends(values: Mapping[str, float]) -> tuple[str, str]:
    """Labels of the highest and the lowest value; two different ones even if all values are equal."""
    return max(values, key=lambda k: values[k]), min(reversed(list(values)), key=lambda k: values[k])


def extremes_sentence(found: Extremes | None) -> str:
    """The one thing to see in a figure of variances over training."""
    if found is None or not found.last.available:
        return ""
    text = (
        f"At {found.last_at}, the highest of the unbiased estimators ({lowered(found.high)}) has"
        f" {marks.told(prose.with_interval(found.last), found.last)} times the variance of the lowest"
        f" ({lowered(found.low)})"
    )
    if found.first_at != found.last_at and found.first.available:
        ratio = marks.told(prose.number(found.first.value), found.first)
        text += f"; at {found.first_at}, their ratio is {ratio}"
    return text + "."


def among(compared: int, drawn: int) -> str:
    """Qualifies “the highest”, if the figure also draws biased estimators; else empty."""
    return " of the unbiased estimators" if compared < drawn else ""


def inverse(factor: Estimate) -> Estimate:
    """The reciprocal of a positive factor, with its interval."""
    low, high = (1 / end if end else math.inf for end in (factor.high, factor.low))
    return replace(factor, value=1 / factor.value, low=low, high=high)


def alike(ratio: Estimate) -> str:
    """Predicate of two variances whose ratio is not worth stating as a factor; else empty."""
    if ratio.has_interval and ratio.low <= 1.0 <= ratio.high:
        return "cannot be told apart"
    return "are the same to three digits" if prose.value_of(ratio) == prose.number(1.0) else ""


def intervals_sentence(lines: Sequence[Line]) -> str:
    """What the intervals are, and how wide the widest is."""
    widths = [
        ((one.high - one.low) / 2 / abs(one.value), one)
        for line in lines
        for one in line.estimates
        if math.isfinite(one.low + one.high + one.value) and one.value
    ]
    if not widths:
        return "No intervals are available."
    widths.sort(key=lambda pair: pair[0])
    widest = marks.told(f"±{prose.percent(widths[-1][0])}", widths[-1][1])
    text = f"Bars are 95% intervals, the widest {widest} of its value"
    few = max(len(line.estimates) for line in lines) < MANY
    text += "; most are smaller than the marks." if few and widths[len(widths) // 2][0] < 0.1 else "."
    cut = any(
        value > 0 and low < value / 10
        for line in lines
        for value, low in zip(line.values, line.bounds[0], strict=True)
    )
    return text + (" A bar that leaves the axis extends below a tenth of its value." if cut else "")


def zero_sentence(titles: Iterable[str]) -> str:
    """Names the estimators whose variance is zero, which a logarithmic axis cannot show."""
    zero = sorted(set(map(lowered, titles)))
    return f"A logarithmic axis cannot show zero variance: {prose.listing(zero)}." if zero else ""


def biased_sentence(
    findings: Findings, drawn: Sequence[str], left_out: str = "", *, samples: bool = True
) -> str:
    """What limits comparison: biased estimators drawn or left out, and several samples per estimate."""
    biased = [k for k in drawn if not unbiased(findings, k)]
    controls = [k for k in biased if kind_of(findings, k).control]
    said = []
    for labels, end in (
        (controls, " and drawn as a control"),
        ([k for k in biased if k not in controls], ""),
    ):
        names = [f"“{title_of(findings, k)}”" for k in labels]
        is_or_are = "is" if len(names) == 1 else "are"
        said.append(f"{prose.listing(names)} {is_or_are} biased{end}." if names else "")
    return sentences(*said, left_out, samples_sentence(findings, drawn) if samples else "")


def left_out_sentence(drawn: Sequence[Line], apart: Sequence[Line]) -> str:
    """Biased estimators that are not drawn, as they are wholly or partly off the scale, with their ranges."""
    values: dict[str, list[Estimate]] = {}
    for line in apart:
        finite = (one for one in line.estimates if math.isfinite(one.value))
        values.setdefault(line.title, []).extend(finite)
    scale = extent(drawn)
    far: list[str] = []
    running: list[str] = []
    for title, found in values.items():
        among = any(min(scale) <= one.value <= max(scale) for one in found)
        least, most = (choose(found, key=lambda one: one.value) for choose in (min, max))
        ends = " to ".join(marks.told(prose.number(one.value), one) for one in (least, most))
        (running if among else far).append(f"“{title}” ({ends})")
    return sentences(
        f"Not drawn, as biased and far off this scale: {prose.listing(far)}." if far else "",
        f"Not drawn, as biased and partly off this scale: {prose.listing(running)}." if running else "",
    )


COUNTED = 6
"""The most estimators with several samples that a sentence names together with their number of samples."""


def samples_sentence(findings: Findings, drawn: Sequence[str]) -> str:
    """Which of the estimators drawn use more than one sample per estimate; empty if none does."""
    if is_bound(findings):
        return ""
    several = {
        label: default_samples(findings, label) * kind_of(findings, label).samples_each
        for label in drawn
        if findings.arm(label) is not None
    }
    spent = set(several.values())
    if len(several) > 1 and len(spent) == 1 and max(spent) > 1:
        return f"Every estimate uses {prose.in_words(max(spent))} samples."
    plain = all(kind_of(findings, label).samples_each == 1 for label in several)
    if plain and sum(count > 1 for count in several.values()) > COUNTED:
        return "An estimate uses the K samples given with its name, or one where none is given."
    parts = []
    for count in dict.fromkeys(count for count in several.values() if count > 1):
        names = [
            lowered(title_of(findings, label, samples=False))
            for label, own in several.items()
            if own == count
        ]
        verb = "uses" if len(names) == 1 else "use"
        parts.append(f"{prose.listing(names)} {verb} {prose.in_words(count)} samples per estimate")
    if not parts:
        return ""
    return f"{prose.capital(prose.listing(parts))}."


def labels_of(lines: Sequence[Line]) -> list[str]:
    """The labels of lines."""
    return [line.label for line in lines]


def ranking(lines: Sequence[Line], index: int = -1) -> str:
    """Estimators with their values at one position, highest first, for alternative texts.

    “at” precedes each value, since a name may itself end in a number: “leave-one-out, K = 2”.
    """
    found = [(line.values[index], line.title) for line in lines if math.isfinite(line.values[index])]
    return "; ".join(
        f"{lowered(title)} at {prose.number(value)}" for value, title in sorted(found, reverse=True)
    )


def article(noun: str) -> str:
    """“an image”, “a data point”."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def lowered(title: str) -> str:
    """A title inside a sentence: with a lower-case first letter, unless it is an abbreviation or a name."""
    return title if title[1:2].isupper() or title.startswith(NAMES) else title[:1].lower() + title[1:]


def sentences(*parts: str) -> str:
    """Joins sentences, skipping empty ones."""
    return " ".join(part for part in parts if part)
