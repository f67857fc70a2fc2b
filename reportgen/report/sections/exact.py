"""Comparison with exact answers: measured variances where the truth is known, and bias beside variance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from reportgen.figures import reading
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.marks import told_of_all
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.report.text import about, words
from reportgen.report.text.section import Section
from reportgen.store.records import ArmRecord, MeasurementRecord


@dataclass(frozen=True)
class Held:
    """A measured variance over the exact one, and where it was measured."""

    label: str
    place: str
    ratio: Estimate

    @property
    def inside(self) -> bool:
        """Whether its interval contains 1."""
        return self.ratio.low <= 1.0 <= self.ratio.high

    @property
    def away(self) -> float:
        """Distance from 1 on the log scale, in half-widths of the interval."""
        low, high = self.ratio.low, self.ratio.high
        if not 0.0 < low < high < math.inf:
            return 0.0 if self.inside else math.inf
        return abs(math.log(self.ratio.value)) / (math.log(high / low) / 2.0)


def held(findings: Findings) -> list[Held]:
    """The ratio for every arm of every cell that has an exact answer, in each block of parameters."""
    found = []
    for record in findings.measurements:
        for arm in record.arms:
            for group in reading.blocks_swept(findings) if arm.parameters == "phi" else ("all",):
                ratio = findings.of_record("variance_to_exact", record, arm, group)
                if ratio.has_interval:
                    place = _place(findings, record, arm, group)
                    found.append(Held(arm.label, place, ratio))
    return found


def _place(findings: Findings, record: MeasurementRecord, arm: ArmRecord, group: str) -> str:
    parts = [about.placed(name, value) for name, value in record.setting.items()]
    parts += [findings.vocabulary.checkpoint(record.checkpoint)] if findings.vocabulary.trained else []
    usual = reading.default_samples(findings, arm.label)
    parts += [f"K = {arm.num_samples}"] if arm.num_samples != usual else []
    parts += [findings.vocabulary.block(group)] if group != "all" else []
    parts += [about.objective_title(findings, arm.objective)] if len(findings.objectives) > 1 else []
    return ", ".join(parts)


def tally(findings: Findings, found: list[Held]) -> str:
    """How many intervals contain the exact value, how many would on average, and the one furthest off."""
    inside, total = sum(one.inside for one in found), len(found)
    worst = max(found, key=lambda one: one.away)
    text = (
        f"of {words.counted(total, 'measured variance')} with an exact value, "
        f"{told_of_all(prose.in_words(inside), [one.ratio for one in found])} "
        f"{'has' if inside == 1 else 'have'} it inside the 95% interval; {prose.number(LEVEL * total, 3)} "
        "are expected on average"
    )
    if not worst.inside:
        where = f" ({worst.place})" if worst.place else ""
        text += (
            f". The farthest off is that of {about.named(findings, worst.label)}{where}, "
            f"{words.with_interval(worst.ratio)} times the exact value"
        )
    return words.sentence(text)


def _summed(own: list[Held]) -> dict[str, str]:
    """Number of ratios, number whose intervals contain 1, and their median."""
    return {
        "count": prose.count(len(own)),
        "inside": prose.count(sum(one.inside for one in own)),
        "median": prose.number(median(one.ratio.value for one in own), 4),
    }


def biases(findings: Findings) -> list[Mapping[str, Any]]:
    """Squared bias, variance and their sum by objective; empty unless an estimator is biased on purpose."""
    groups: list[Mapping[str, Any]] = []
    for objective in findings.objectives:
        labels = findings.compared(objective)
        biased = [
            label
            for label in labels
            if not about.is_unbiased(findings, label, objective) and not about.is_control(findings, label)
        ]
        if not any(findings.get("bias_squared", label, objective=objective).available for label in biased):
            continue
        rows = [
            {
                "title": about.title_of(findings, label),
                "bias": findings.get("bias_squared", label, objective=objective),
                "variance": findings.get("total_variance", label, objective=objective),
                "error": findings.get("mean_squared_error", label, objective=objective),
            }
            for label in labels
            if not about.is_control(findings, label)
        ]
        groups.append({"title": about.objective_title(findings, objective), "rows": rows})
    return groups


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out if nothing is known exactly."""
    found, groups = held(findings), biases(findings)
    if not found and not groups:
        return None
    rows = []
    for label in dict.fromkeys(one.label for one in found):
        own = [one for one in found if one.label == label]
        worst = max(own, key=lambda one: one.away)
        rows.append(
            {
                "title": about.title_of(findings, label),
                **{
                    name: told_of_all(text, [one.ratio for one in own]) for name, text in _summed(own).items()
                },
                "worst": worst.ratio,
                "place": worst.place,
            }
        )
    return {
        "discrete": findings.vocabulary.discrete,
        "tally": tally(findings, found) if found else "",
        "rows": rows,
        "groups": groups,
        "long": words.is_long(groups),
        "at_last": findings.vocabulary.at_last,
    }


SECTION = Section("exact", "Comparison with exact answers", context)
