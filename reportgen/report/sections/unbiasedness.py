"""Do the estimators have the same mean?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.figures import reading
from reportgen.figures.captions import article
from reportgen.findings import Findings, prose
from reportgen.findings.marks import told, told_of_all
from reportgen.objectives import OBJECTIVES
from reportgen.report.text import about, words
from reportgen.report.text.section import Section

LEVEL = 0.05
CONTROLS = ("negative control", "negative controls")
BIASED = ("estimator with a bias", "estimators with a bias")


def places(findings: Findings) -> list[dict[str, Any]]:
    """Where tests are made and counted: the checkpoints, or without training all settings."""
    if findings.vocabulary.trained:
        return [{"checkpoint": epoch} for epoch in findings.checkpoints]
    return [{"setting": record.setting} for record in findings.measurements]


def row(findings: Findings, label: str, objective: str) -> Mapping[str, Any]:
    """One estimator compared with the reference at the last checkpoint; rejections count over all places."""
    own = findings.get("bias_p_value", label, objective=objective)
    tests = [findings.get("bias_p_value", label, objective=objective, **place) for place in places(findings)]
    made = [test for test in tests if test.available]
    values = [test.value for test in made]
    projection = findings.get("relative_projection", label, objective=objective)
    cosine = findings.get("cosine_to_reference", label, objective=objective)
    return {
        "title": about.title_of(findings, label),
        "unbiased": about.is_unbiased(findings, label, objective),
        "projection": projection,
        "cosine": cosine if projection.available else projection,  # a gradient lost in noise has no direction
        "p": told(prose.p_number(own.value), own) if own.available else words.DASH,
        "rejected": sum(value < LEVEL for value in values),
        "tested": len(values),
        "counts": told_of_all(f"{sum(value < LEVEL for value in values)} of {len(values)}", made or tests),
        "detectable": findings.get("detectable_bias", label, objective=objective),
    }


def untested(findings: Findings, objectives: list[str]) -> list[str]:
    """Which estimators were not tested at the last checkpoint, and why."""
    reasons: dict[str, list[str]] = {}
    for objective in objectives:
        for label in findings.compared(objective):
            test = findings.get("bias_p_value", label, objective=objective)
            if label != findings.reference(objective) and test.status.startswith("not available"):
                named = reasons.setdefault(test.status.removeprefix("not available: "), [])
                named += [name for name in [about.named(findings, label)] if name not in named]
    return [
        words.sentence(
            f"{prose.listing(names)} {'is' if len(names) == 1 else 'are'} not tested jointly"
            f"{findings.vocabulary.at_last}: {reason}"
        )
        for reason, names in reasons.items()
    ]


def averaged(findings: Findings, objectives: list[str]) -> list[str]:
    """Estimators compared as means of estimates, since the reference needs more samples than they use."""
    named: dict[str, list[str]] = {}
    for objective in objectives:
        reference = findings.reference(objective)
        fewest = reading.kind_of(findings, reference).min_samples
        for label in findings.compared(objective):
            arm = findings.arm(label, objective=objective)
            tested = findings.get("bias_p_value", label, objective=objective).available
            if tested and arm is not None and arm.about.num_samples < fewest:
                own = named.setdefault(about.named(findings, reference), [])
                own += [name for name in [about.named(findings, label)] if name not in own]
    return [
        words.sentence(
            f"{prose.listing(names)} {'uses' if len(names) == 1 else 'use'} fewer samples than {reference} "
            "needs: means of several such estimates are compared with one estimate of the reference, "
            "on the same draws"
        )
        for reference, names in named.items()
    ]


def distinct(findings: Findings) -> list[str]:
    """Objectives with distinct tests: a closed-form term is added to both sides and cancels."""
    sampled: dict[tuple[str, bool], str] = {}
    for name in findings.objectives:
        sampled.setdefault((OBJECTIVES[name].integrand.name, OBJECTIVES[name].several), name)
    return list(sampled.values())


Tested = tuple[str, str, Mapping[str, Any]]
"""An estimator's label, the objective, and its row."""


def verdict(findings: Findings) -> list[str]:
    """What the tests found for estimators declared unbiased, and for the others."""
    objectives = distinct(findings)
    rows = [
        (label, objective, row(findings, label, objective))
        for objective in objectives
        for label in findings.compared(objective)
        if label != findings.reference(objective)
    ]
    tested = [one for one in rows if one[2]["tested"]]
    texts = (
        _of_unbiased(findings, objectives, [one for one in tested if one[2]["unbiased"]]),
        _of_biased(findings, [one for one in tested if not one[2]["unbiased"]]),
    )
    return [
        *(text for text in texts if text),
        *known(findings, rows),
        *averaged(findings, objectives),
        *untested(findings, objectives),
    ]


def known(findings: Findings, rows: Sequence[Tested]) -> list[str]:
    """Which exact means are known, and whether they equal the reference's, whatever the tests found."""
    same: dict[str, bool] = {}
    rejected = False
    for label, objective, r in rows:
        for place in places(findings):
            is_same = findings.exactly_the_same_mean(label, objective=objective, **place)
            if is_same is not None:
                name = about.named(findings, label)
                same[name] = same.get(name, True) and is_same
                rejected |= is_same and r["rejected"] > 0
    if not same:
        return []
    ours, others = ([name for name, is_same in same.items() if is_same is told] for told in (True, False))
    parts = []
    if ours:
        those = f"{'that' if len(ours) == 1 else 'those'} of {prose.listing(ours)}"
        parts.append(
            f"{those} {'equals' if len(ours) == 1 else 'equal'} that of "
            f"{about.references(findings, about.named)}{', so a rejection is due to chance' * rejected}"
        )
    if others:
        those = f"{'that' if len(others) == 1 else 'those'} of {prose.listing(others)}"
        whom = "" if ours else f" from that of {about.references(findings, about.named)}"
        parts.append(f"{those} {'differs' if len(others) == 1 else 'differ'}{whom}")
    return [words.sentence(f"where exact means are known, {'; '.join(parts)}")]


def _of_unbiased(findings: Findings, objectives: list[str], rows: Sequence[Tested]) -> str:
    """How many tests of unbiased estimators rejected, and how many would by chance."""
    tests, found = sum(r["tested"] for _, _, r in rows), sum(r["rejected"] for _, _, r in rows)
    if not tests:
        return ""
    v = findings.vocabulary
    of_place = " and checkpoint" if v.trained else " and setting" if v.swept else ""
    over_units = "" if v.alone else f", corrected over the {v.units}"
    text = (
        f"of {words.counted(tests, 'joint test')} of unbiased estimators against "
        f"{about.references(findings, about.named)}, one for each estimator{of_place} "
        f"{about.under_all(findings, objectives)}, {prose.in_words(found) if found else 'none'} gave "
        f"p\u00a0<\u00a00.05{over_units}"
    )
    if not found:
        return words.sentence(text)
    names = [
        f"{about.named(findings, label)} ({prose.in_words(r['rejected'])}"
        f"{f' {about.of_objective(findings, objective)}' * (len(objectives) > 1)})"
        for label, objective, r in rows
        if r["rejected"]
    ]
    if len(names) <= 3:
        text += f": {prose.listing(names)}"
    by_chance = prose.number(LEVEL * tests, 1)
    about_as_many = prose.in_words(int(by_chance)) if by_chance.isdigit() else by_chance
    return words.sentence(
        f"{text}. About {about_as_many} would by chance: unlike the verdicts on claims, these tests are not "
        "corrected for one another"
    )


def _of_biased(findings: Findings, rows: Sequence[Tested]) -> str:
    """In how many tests each biased estimator was rejected, over all its objectives; controls separately."""
    biased: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for label, objective, r in rows:
        biased.setdefault(label, []).append((objective, r))
    told: dict[tuple[str, str], dict[tuple[int, int], list[str]]] = {}
    for label, own in biased.items():
        tests, found = (sum(r[what] for _, r in own) for what in ("tested", "rejected"))
        name = about.named(findings, label)
        if any(about.is_unbiased(findings, label, other) for other in findings.objectives):
            name += f" {prose.listing([about.of_objective(findings, objective) for objective, _ in own])}"
        kind = CONTROLS if about.is_control(findings, label) else BIASED
        told.setdefault(kind, {}).setdefault((found, tests), []).append(name)
    texts = (text for kind, results in told.items() for text in _rejections(kind, results))
    return " ".join(words.sentence(text) for text in texts)


def _rejections(kind: tuple[str, str], results: Mapping[tuple[int, int], list[str]]) -> list[str]:
    """Clauses on how often which estimators were rejected, given names by (rejections, tests)."""
    how = {counts: _rejected(*counts) for counts in results}
    if len(results) == 1:
        ((counts, names),) = results.items()
        if len(names) == 1:
            return [f"the {kind[0]}, {names[0]}, was {how[counts]}"]
        return [f"the {kind[1]}, {prose.listing(names)}, were each {how[counts]}"]
    parts = [
        f"{prose.listing(names)} {'was' if len(names) == 1 else 'were each'} {how[counts]}"
        for counts, names in results.items()
    ]
    return [f"of the {kind[1]}, {'; '.join(parts)}"]


def _rejected(found: int, tests: int) -> str:
    """“rejected in 12 of 14 tests”, “not rejected in its one test”."""
    if tests == 1:
        return f"{'rejected' if found else 'not rejected'} in its one test"
    if found == tests:
        return f"rejected in {'both' if tests == 2 else f'all {prose.in_words(tests)}'} tests"
    how = prose.of(found, tests)
    return f"rejected in {how} tests"


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Sentences and one table per distinct objective; left out with nothing to compare."""
    if not findings.checkpoints:
        return None
    groups, lost = [], False
    for objective in distinct(findings):
        reference = findings.reference(objective)
        rows = [
            row(findings, label, objective) for label in findings.compared(objective) if label != reference
        ]
        if rows:
            title = "" if findings.vocabulary.given else about.objective_title(findings, objective)
            groups.append({"title": title, "rows": rows})
            lost |= any(one[name].lost for one in rows for name in ("projection", "cosine", "detectable"))
    if not groups:
        return None
    return {
        "reference": about.references(findings, about.named),
        "directions": findings.experiment.problem.layered or findings.vocabulary.given,
        "units": findings.vocabulary.units,
        "unit": findings.vocabulary.unit,
        "unit_article": article(findings.vocabulary.unit),
        "counted": findings.vocabulary.counted,
        "alone": findings.vocabulary.alone,
        "paragraphs": verdict(findings),
        "groups": groups,
        "long": words.is_long(groups),
        "same": "elbo_analytic_kl" in findings.objectives and "elbo_analytic_kl" not in distinct(findings),
        "lost": lost,
        "where": about.of_model(findings) + findings.vocabulary.at_checkpoint(findings.checkpoints[-1]),
        "places": "checkpoints" if findings.vocabulary.trained else "settings",
    }


SECTION = Section("unbiasedness", "Unbiasedness", context)
