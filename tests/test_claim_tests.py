"""The grammar of claims: what it reads, what it writes, what it says about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.declaration.claims.grammar import GrammarError, parse
from reportgen.declaration.claims.statistics import MODEL_STATISTICS, SLOPES, STATISTICS
from reportgen.declaration.claims.tests import (
    ClaimTest,
    Contrast,
    Crossing,
    EqualMeans,
    Equivalence,
    Ordering,
    Scope,
    Slope,
    Statistic,
    Threshold,
    Trend,
    arms_of,
    percent_text,
)
from reportgen.declaration.scalars import percent

READ = {
    "equal_means(score_function, pathwise)": ClaimTest(EqualMeans("score_function", "pathwise", 0.1)),
    "equal_means( as printed in  the post ,pathwise, margin = 5 %)": ClaimTest(
        EqualMeans("as printed in the post", "pathwise", 0.05)
    ),
    "variance_ratio(a, b) > 1 at every checkpoint": ClaimTest(
        Threshold(Statistic("variance_ratio", ("a", "b")), ">", 1.0), None, (Scope("every"),)
    ),
    "gap_closed(a, b, c) >= 50% under elbo at some checkpoint": ClaimTest(
        Threshold(Statistic("gap_closed", ("a", "b", "c")), ">=", 0.5), "elbo", (Scope("some"),)
    ),
    "slope(total_variance(a), num_samples) = -1 within 0.05": ClaimTest(
        Equivalence(Slope(Statistic("total_variance", ("a",))), -1.0, 0.05, False)
    ),
    "slope(mean_norm(a), problem.latent) > 1": ClaimTest(
        Threshold(Slope(Statistic("mean_norm", ("a",)), "problem.latent"), ">", 1.0)
    ),
    "signal_to_noise(a)=2 within 5%": ClaimTest(
        Equivalence(Statistic("signal_to_noise", ("a",)), 2.0, 0.05, True)
    ),
    "evaluations(a) < evaluations(b) after checkpoint 5": ClaimTest(
        Contrast(Statistic("evaluations", ("a",)), "<", Statistic("evaluations", ("b",))),
        None,
        (Scope("after", number=5),),
    ),
    "ordering(total_variance, a, b, c) at every problem.latent and at checkpoint 200": ClaimTest(
        Ordering("total_variance", ("a", "b", "c")),
        None,
        (Scope("every", "problem.latent"), Scope("at", number=200)),
    ),
    "variance_ratio(a, b) > 1 in hidden.0 under elbo at some problem.k": ClaimTest(
        Threshold(Statistic("variance_ratio", ("a", "b")), ">", 1.0),
        "elbo",
        (Scope("some", "problem.k"),),
        "hidden.0",
    ),
    'mean_norm(a) > 1 in "θ.W (1) = b" under elbo': ClaimTest(
        Threshold(Statistic("mean_norm", ("a",)), ">", 1.0), "elbo", (), "θ.W (1) = b"
    ),
    "mean_norm(a) > 1 in all at problem.function cosine and at every problem.k": ClaimTest(
        Threshold(Statistic("mean_norm", ("a",)), ">", 1.0),
        None,
        (Scope("at", "problem.function", value="cosine"), Scope("every", "problem.k")),
    ),
    "mean_norm(a) > 1 at problem.k 5 and at train.learning_rate 1e-3 and at problem.tied true": ClaimTest(
        Threshold(Statistic("mean_norm", ("a",)), ">", 1.0),
        None,
        (
            Scope("at", "problem.k", value=5),
            Scope("at", "train.learning_rate", value=1e-3),
            Scope("at", "problem.tied", value=True),
        ),
    ),
    "mean_norm(a) > 1 at problem.rank null": ClaimTest(
        Threshold(Statistic("mean_norm", ("a",)), ">", 1.0), None, (Scope("at", "problem.rank"),)
    ),
    "slope(signal_to_noise(a), num_samples) = 0.5 within 10% in mean": ClaimTest(
        Equivalence(Slope(Statistic("signal_to_noise", ("a",))), 0.5, 0.1, True), group="mean"
    ),
    "crossover( a b ,c, problem.k) = 1.0638 within 3% in mean at problem.function cosine": ClaimTest(
        Equivalence(Crossing("a b", "c", "problem.k"), 1.0638, 0.03, True),
        None,
        (Scope("at", "problem.function", value="cosine"),),
        "mean",
    ),
    "crossover(a, b, problem.k) < 2": ClaimTest(Threshold(Crossing("a", "b", "problem.k"), "<", 2.0)),
    "negative_log_likelihood < 90 at train.num_samples 50 and at problem.latent [100, 50]": ClaimTest(
        Threshold(Statistic("negative_log_likelihood", ()), "<", 90.0),
        None,
        (Scope("at", "train.num_samples", value=50), Scope("at", "problem.latent", value=(100, 50))),
    ),
    "active_units = 25 within 3 in layer1 at checkpoint 64": ClaimTest(
        Equivalence(Statistic("active_units", ()), 25.0, 3.0, False),
        None,
        (Scope("at", number=64),),
        "layer1",
    ),
    "decreasing( negative_log_likelihood , train.num_samples ) at train.objective iwae": ClaimTest(
        Trend("negative_log_likelihood", "train.num_samples", rising=False),
        None,
        (Scope("at", "train.objective", value="iwae"),),
    ),
    "increasing(active_units, train.num_samples) in layer2": ClaimTest(
        Trend("active_units", "train.num_samples", rising=True), group="layer2"
    ),
    "total_variance(a)\n  <= 1e-3": ClaimTest(Threshold(Statistic("total_variance", ("a",)), "<=", 1e-3)),
}


@pytest.mark.parametrize("text", READ)
def test_reads(text: str) -> None:
    assert parse(text) == READ[text]


REFUSED = {
    "variance_ration(a, b) > 1": (1, "Did you mean variance_ratio?"),
    "variance_ratio(a) > 1": (1, "takes 2 estimators, variance_ratio(A, B); got 1"),
    "variance_ratio(a, b) than 1": (
        22,
        "expected <, >, <=, >= or = … within … after variance_ratio(a, b), got 'than'",
    ),
    "variance_ratio(a, b) == 1": (22, "got '=='"),
    "variance_ratio(a, b) ≥ 1": (22, "after variance_ratio(a, b), got '≥'. Write >="),
    "variance_ratio(a, b) > −1": (24, "got '−1'. Write -"),
    "“variance_ratio(a, b) > 1”": (1, "got '“variance_ratio(a,'. Write the test without these quotes"),
    "variance_ratio(a, b) = 1": (25, "expected 'within 5%' or 'within 0.05', got the end"),
    "variance_ratio(a, b) = 1 within 0": (33, "more than 0"),
    "variance_ratio(a, b) = 0 within 5%": (33, "Give the margin as a number"),
    "variance_ratio(a, b >  1": (21, "expected ')'"),
    "variance_ratio(, b) > 1": (16, "label or name of an estimator"),
    "variance_ratio(a, b) >": (23, "a number or a statistic, got the end"),
    "variance_ratio(a, b) > 1 at all checkpoints": (
        29,
        "expected 'every', 'some', 'checkpoint N' or a setting and its value, 'problem.latent 5', after 'at'",
    ),
    "variance_ratio(a, b) > 1 everywhere": (26, "a scope ('at every checkpoint'"),
    "variance_ratio(a, b) > 1 at checkpoint five": (40, "the epoch, a whole number"),
    "variance_ratio(a, b) > 1 at checkpoint 5.5": (40, "the epoch, a whole number"),
    "variance_ratio(a, b) > 1 at every checkpoint at some x": (46, "'and' with another scope"),
    "variance_ratio(a, b) > 1 at every checkpoint and at checkpoint 5": (50, "checkpoint is scoped twice"),
    "variance_ratio(a, b) > 1e999": (24, "too large"),
    "equal_means(a)": (14, "a second estimator"),
    "equal_means(a, b, c)": (19, "expected margin=10%"),
    "equal_means(a, b, margin=200%)": (26, "between 0 and 1 (0% and 100%), got 2"),
    "equal_means(a, b, margin=20)": (26, "got 20. Write 20% if you mean per cent"),
    "equal_means(a, b) > 1": (19, "a scope"),
    "ordering(total_variance, a)": (27, "at least two estimators"),
    "ordering(variance_ratio, a, b)": (10, "statistic of one estimator"),
    "ordering(objective_ratio, a, b)": (10, "objective_ratio is of two objectives"),
    "slope(evaluations(a), num_samples) < 0": (
        7,
        "slopes are of total_variance, work_normalized_variance, mean_norm, signal_to_noise or "
        "directional_signal_to_noise, got evaluations",
    ),
    "slope(slope(total_variance(a), num_samples), num_samples) < 0": (
        7,
        "slope cannot stand inside another form. Use total_variance, mean_norm, ",
    ),
    "ordering(negative_log_likelihood, a, b)": (10, "cannot stand inside another form. Use total_variance"),
    "slope(total_variance(a), epochs) < 0": (26, "a slope runs along num_samples or a swept setting such as"),
    "slope(total_variance(a), num_samples) < total_variance(a)": (41, "a slope is compared with a number"),
    "crossover(a, b, p.k) < total_variance(a)": (24, "a crossover is compared with a number"),
    "total_variance(a) < crossover(a, b, p.k)": (21, "got a crossover"),
    "crossover(a) = 1 within 3%": (12, "a second estimator: crossover(A, B, problem.k)"),
    "crossover(a, b) = 1 within 3%": (15, "expected the swept setting along which the two cross"),
    "crossover(a, b, 3) = 1 within 3%": (17, "expected a swept setting: crossover(A, B, problem.k)"),
    "crossover(a, b, p.k) = 1": (25, "expected 'within 5%' or 'within 0.05', got the end"),
    "mean_norm(a) > 1 in under elbo": (21, "the name of a parameter group after 'in', got 'under'"),
    "mean_norm(a) > 1 in =b": (21, "after 'in', in double quotes where it has signs of the grammar, got"),
    "mean_norm(a) > 1 in W 1": (23, "the group 'W'; a name with spaces goes in double quotes, in \"my g"),
    "mean_norm(a) > 1 in": (20, "the name of a parameter group after 'in', got the end"),
    "mean_norm(a) > 1 under elbo in mean": (29, "expected 'in <group>' and then 'under <objective>'"),
    "mean_norm(a) > 1 at problem.k": (30, "expected a value of problem.k after its name, got the end"),
    "mean_norm(a) > 1 at problem.k and at checkpoint 5": (
        31,
        "a value of problem.k after its name, got 'and'",
    ),
    "mean_norm(a) > 1 at problem.k .inf": (31, "expected a finite number, got '.inf'"),
    f"mean_norm(a) > 1 at problem.k {'9' * 31}": (31, "expected an integer of at most 30 digits"),
    "mean_norm(a) > 1 at problem.k 5 6": (33, "'and' with another scope"),
    "mean_norm(a) > 1 at problem.k 5 and at every problem.k": (37, "problem.k is scoped twice"),
    "total_variance(a) < slope(total_variance(a), num_samples)": (21, "got a slope"),
    "negative_log_likelihood(a) < 90": (24, "expected <, >, <=, >= or = … within … after negative_log_"),
    "negative_log_likelihood < active_units": (
        27,
        "negative_log_likelihood is compared with a number: expected a number, got 'active_units'",
    ),
    "decreasing(total_variance, train.num_samples)": (
        12,
        "of trained models, negative_log_likelihood or active_units, got 'total_variance'",
    ),
    "increasing(active_units)": (24, "expected the swept setting along which it runs: increasing("),
    "increasing(active_units, k)": (26, "expected a swept setting: increasing("),
    "increasing(active_units, train.k": (33, "expected ')' in increasing(…), got the end"),
    "increasing(active_units, train.k) > 0": (35, "a scope ('at every checkpoint'"),
    "active_units > 3 at problem.latent [100, 50": (
        44,
        "expected ',' or ']' in a list of values, got the end",
    ),
    "active_units > 3 at problem.latent []": (37, "expected a value of problem.latent after its name"),
    "active_units > 3 at problem.latent [[1]]": (37, "expected a value of problem.latent after its name"),
    "negative_log_likelihod < 90": (1, "Did you mean negative_log_likelihood?"),
    "": (1, "expected a comparison: equal_means, ordering, slope"),
    "1 < total_variance(a)": (1, "expected a comparison"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refuses_with_the_column_and_what_is_allowed(text: str) -> None:
    column, words = REFUSED[text]
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"column {column}: ")
    assert words in str(caught.value)


labels = (
    st.text("abcxyz éφ-_.0123456789'+", min_size=1, max_size=12)
    .map(lambda s: " ".join(s.split()))
    .filter(bool)
)
finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=1e-12, max_value=1e12)
shares = st.floats(min_value=1e-9, max_value=1, exclude_max=True)
orders = st.sampled_from(["<", ">", "<=", ">="])


@st.composite
def statistics(draw: st.DrawFn) -> Statistic:
    name = draw(st.sampled_from(list(STATISTICS)))
    kind = STATISTICS[name]
    arms, objectives = (
        tuple(draw(st.lists(labels, min_size=n, max_size=n))) for n in (kind.estimators, kind.objectives)
    )
    return Statistic(name, arms, objectives)


slopes = st.builds(
    lambda name, label, over: Slope(Statistic(name, (label,)), over),
    st.sampled_from(SLOPES),
    labels,
    st.sampled_from(["num_samples", "problem.arguments.width"]),
)
crossings = st.builds(Crossing, labels, labels, st.sampled_from(["problem.k", "train.learning_rate"]))
of_models = st.sampled_from(list(MODEL_STATISTICS))
quantities = statistics() | slopes | crossings | of_models.map(lambda name: Statistic(name, ()))
comparisons = st.one_of(
    st.builds(EqualMeans, labels, labels, shares),
    st.builds(Threshold, quantities, orders, finite),
    st.builds(Equivalence, quantities, finite.filter(bool), positive, st.booleans()),
    st.builds(Contrast, statistics(), orders, statistics()),
    st.builds(Ordering, st.just("mean_norm"), st.lists(labels, min_size=2, max_size=5).map(tuple)),
    st.builds(Trend, of_models, st.sampled_from(["train.num_samples", "problem.latent"]), st.booleans()),
)
checkpoint_scopes = st.one_of(
    st.builds(Scope, st.sampled_from(["every", "some"])),
    st.builds(Scope, st.sampled_from(["at", "after"]), st.just("checkpoint"), st.integers(0, 10**9)),
)
setting_scopes = st.builds(
    Scope, st.sampled_from(["every", "some"]), st.sampled_from(["problem.latent", "train.batch_size"])
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    finite,
    st.sampled_from(["cosine", "a.b:c", "é-1"]),
    st.lists(st.integers(-9, 10**6) | st.booleans() | st.just("cosine"), min_size=1, max_size=3).map(tuple),
)
value_scopes = st.builds(
    Scope, st.just("at"), st.sampled_from(["problem.latent", "problem.function"]), value=values
)
groups = st.sampled_from(["all", "mean", "hidden.0", "0.weight", "_"])
scopes = st.lists(
    checkpoint_scopes | setting_scopes | value_scopes, max_size=3, unique_by=lambda scope: scope.over
).map(tuple)


@settings(max_examples=300, deadline=None)
@given(st.builds(ClaimTest, comparisons, st.none() | st.just("elbo"), scopes, groups))
def test_round_trips_through_its_text(test: ClaimTest) -> None:
    assert parse(str(test)) == test


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("variance_ratio(a, b) > 1% at every equal_means=within<>5."), max_size=40))
def test_any_text_is_read_or_refused_within_its_length(text: str) -> None:
    try:
        test = parse(text)
    except GrammarError as error:
        assert 1 <= error.column <= len(text) + 1
    else:
        assert parse(str(test)) == test


@given(shares)
def test_percentages_keep_every_bit(value: float) -> None:
    assert percent(percent_text(value)) == value


def test_percentages_are_written_as_a_person_would() -> None:
    assert [percent_text(v) for v in (0.1, 0.07, 0.005, 0.125)] == ["10%", "7%", "0.5%", "12.5%"]


def test_an_equivalence_knows_its_ends() -> None:
    relative = parse("mean_norm(a) = -2 within 5%").comparison
    absolute = parse("mean_norm(a) = -2 within 0.5").comparison
    assert isinstance(relative, Equivalence)
    assert isinstance(absolute, Equivalence)
    assert (relative.low, relative.high) == (-2.1, -1.9)
    assert (absolute.low, absolute.high) == (-2.5, -1.5)


def test_lists_the_estimators_of_a_comparison() -> None:
    assert arms_of(parse("slope(total_variance(a b), num_samples) < 0").comparison) == ("a b",)
    assert arms_of(parse("mean_norm(a) < mean_norm(b)").comparison) == ("a", "b")
    assert arms_of(parse("ordering(mean_norm, a, b, c)").comparison) == ("a", "b", "c")
    assert arms_of(parse("equal_means(a, b)").comparison) == ("a", "b")
    assert arms_of(parse("crossover(a, b, p.k) > 1").comparison) == ("a", "b")


def test_a_value_holds_for_its_equals_and_a_truth_value_for_no_number() -> None:
    five, true = Scope("at", "p.k", value=5), Scope("at", "p.k", value=True)
    assert five.holds(5.0) and not five.holds("5") and not five.holds([5])
    assert true.holds(True) and not true.holds(1)
    assert not Scope("at", "p.k", value=1).holds(True)
    assert Scope("at", "p.k", value=(100, 50)).holds([100, 50])
    assert not Scope("at", "p.k", value=(1,)).holds([True])
