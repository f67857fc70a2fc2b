"""`reportgen list`: the table of estimators × problems agrees with what declarations accept."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase

import pytest

from reportgen.cli.answers.matrix import APPLIES, BIASED, CONTROL, NOT, PARTLY, Pair, lines, pairs, problems
from reportgen.declaration import PROBLEMS, load_text
from reportgen.errors import DeclarationError
from reportgen.estimators import ESTIMATORS
from tests.problem_cases import SETTINGS


def declared(pair: Pair) -> None:
    """An experiment of this estimator on this problem, every objective asked for."""
    settings = {"model": pair.problem, **SETTINGS[pair.problem]} if pair.problem == "python" else {}
    problem = ", ".join(f"{name}: {value}" for name, value in settings.items()) or f"model: {pair.problem}"
    objectives = ", ".join(PROBLEMS[pair.problem].objectives)
    k = max(ESTIMATORS[pair.estimator].default_samples, 2)
    partner = f"  - {{name: score_function, num_samples: {k}, label: another}}\n"
    load_text(
        f"experiment: one\nproblem: {{{problem}}}\nobjective: [{objectives}]\nestimators:\n"
        f"  - {{name: {_name(pair.estimator)}, num_samples: {k}, label: it}}\n"
        + ("" if pair.estimator == "score_function" else partner)
    )


def _name(estimator: str) -> str:
    for baseline in ("optimal_constant", "optimal_per_coordinate"):
        if estimator == f"score_function_{baseline}":
            return f"score_function, baseline: {baseline}"
    printed = "score_function, as_printed: true"
    return printed if estimator == "score_function_as_printed" else estimator


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair.estimator}-{pair.problem}")
def test_what_the_table_refuses_a_declaration_refuses_too_for_the_same_reason(pair: Pair) -> None:
    if pair.why:
        with pytest.raises(DeclarationError) as error:
            declared(pair)
        assert f"estimators[0]: {pair.estimator} {pair.why}" in str(error.value)
    else:
        declared(pair)
        served = [o for o in PROBLEMS[pair.problem].objectives if ESTIMATORS[pair.estimator].serves(o)]
        assert sorted((*pair.unbiased, *pair.biased)) == sorted(served) != []


def test_marks() -> None:
    pair = Pair("a", "vae", ("elbo",), (), False, "")
    assert pair.mark == APPLIES
    assert replace(pair, biased=("iwae",)).mark == PARTLY
    assert replace(pair, unbiased=(), biased=("iwae",)).mark == BIASED
    assert replace(pair, unbiased=(), biased=("iwae",), control=True).mark == CONTROL
    assert replace(pair, why="needs more").mark == NOT


def test_the_table_has_a_letter_a_problem_and_a_number_a_reason_and_fits_a_terminal() -> None:
    """Also with 25 estimators, some of them with reasons of their own."""
    models = problems()
    kinds = dict(ESTIMATORS)
    while len(kinds) < 25:
        kinds[f"estimator_{len(kinds)}"] = replace(
            ESTIMATORS["pathwise"], name=f"estimator_{len(kinds)}", families=(f"bernoulli{len(kinds)}",)
        )
    found = pairs(kinds, models)
    drawn = list(lines(found))
    assert drawn[0].split() == list(ascii_uppercase[: len(models)])
    rows = {line.split()[0]: line.split()[1:] for line in drawn[1 : 1 + len(kinds)]}
    reasons = list(dict.fromkeys(pair.why for pair in found if pair.why))
    for estimator in kinds:
        row = [pair for pair in found if pair.estimator == estimator]
        expected = [p.mark + (str(reasons.index(p.why) + 1) if p.why else "") for p in row]
        assert rows[estimator] == expected
    assert max(len(line) for line in drawn[: 1 + len(kinds)]) <= 98
    for number, reason in enumerate(reasons, start=1):
        assert f"{number} {reason}" in drawn
