"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.findings import Estimate, prose

N = prose.THIN


def text(written: str) -> str:
    """A plain space between digits stands for the narrow one, so that cases can be read."""
    return written.replace("~", N)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"), (614.1, "614"), (0.01234, "0.0123"), (1234.0, "1230"), (12345.0, "12~300"),
        (99999.0, "100~000"), (3.01e5, "301~000"), (999999.0, "1.00×10⁶"),
        (9.996, "10.0"), (-2.5, "−2.50"), (1e-7, "1.00×10⁻⁷"),
        (math.nan, "not available"), (math.inf, "∞"), (-math.inf, "−∞"),
    ],
)  # fmt: skip
def test_number(value: float, expected: str) -> None:
    assert prose.number(value) == text(expected)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (12345.67, 1, "12~345.7"),
        (-0.04, 1, "0.0"),
        (-0.06, 1, "−0.1"),
        (15678.0, -2, "15~700"),
        (9999.0, 0, "9999"),
    ],
)
def test_fixed(value: float, decimals: int, expected: str) -> None:
    assert prose.fixed(value, decimals) == text(expected)


@pytest.mark.parametrize(
    ("value", "low", "high", "with_interval", "plus_minus"),
    [
        (614.1, 595.2, 633.6, "614 (595 to 634)", "614 ± 19"),
        (3.01e5, 2.91e5, 3.11e5, "301~000 (291~000 to 311~000)", "301~000 ± 10~000"),
        (-0.99968, -1.0083, -0.9911, "−0.9997 (−1.0083 to −0.9911)", "−0.9997 ± 0.0086"),
        (4.77, -3.19, 12.7, "4.8 (−3.2 to 12.7)", "4.8 ± 7.9"),
        (22470.0, 21630.0, 23342.0, "22~470 (21~630 to 23~340)", "22~470 ± 860"),
        (9.2e-6, 9.0e-6, 9.5e-6, "9.20×10⁻⁶ (9.00×10⁻⁶ to 9.50×10⁻⁶)", "(9.20 ± 0.25)×10⁻⁶"),
        (-2.1e-6, -2.1e-6, 1.67e-5, "−0.21×10⁻⁵ (−0.21×10⁻⁵ to 1.67×10⁻⁵)", "(−2.1 ± 9.4)×10⁻⁶"),
        (3.012e7, 2.9e7, 3.1e7, "3.01×10⁷ (2.90×10⁷ to 3.10×10⁷)", "(3.01 ± 0.10)×10⁷"),
        (2.0, 2.0, 2.0, "2.00", "2.00"),
        (0.99369518, 0.99369518, 0.9936951801, "0.994", "0.994"),
        (5.0, math.nan, math.nan, "5.00", "5.00"),
        (math.nan, math.nan, math.nan, "not available", "not available"),
        (2.0, 0.0, math.inf, "2.00 (0 to ∞)", "2.00"),
        (2e7, 1e7, math.inf, "2.00×10⁷ (1.00×10⁷ to ∞)", "2.00×10⁷"),
        (math.inf, math.inf, math.inf, "∞", "∞"),
    ],
)
def test_uncertainty_decides_the_digits(
    value: float, low: float, high: float, with_interval: str, plus_minus: str
) -> None:
    estimate = Estimate(value, low, high)
    assert prose.with_interval(estimate) == text(with_interval)
    assert prose.plus_minus(estimate) == text(plus_minus)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (8.08, "8.1 times"), (614.0, "610 times"), (1130.0, "1100 times"),
        (12345.0, text("12~000 times")),
        (3.01e5, text("300~000 times")), (999600.0, "1.0 million times"), (2.5e9, "2.5 billion times"),
        (0.5, "0.50 times"), (0.996, "1.0 times"), (math.inf, "∞"), (math.nan, "not available"),
    ],
)  # fmt: skip
def test_times(value: float, expected: str) -> None:
    assert prose.times(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.947, "95%"), (0.0123, "1.2%"), (0.02, "2.0%"), (0.5, "50%"), (1.0, "100%"), (0.99985, "99.98%"),
        (0.996, "99.6%"), (1 - 1e-12, "almost 100%"), (0.0, "0%"), (-0.02, "−2.0%"), (12.0, "1200%"),
        (math.nan, "not available"), (6.688e14, "6.7×10¹⁶%"),
    ],
)  # fmt: skip
def test_percent(value: float, expected: str) -> None:
    assert prose.percent(value) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, "p < 0.001"),
        (0.00099, "p < 0.001"),
        (0.034, "p = 0.034"),
        (1.0, "p > 0.99"),
        (math.nan, "not available"),
    ],
)
def test_p_value(p: float, expected: str) -> None:
    assert prose.p_value(p) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.2e-6, "3.2~µs"), (0.015, "15~ms"), (12.0, "12~s"), (59.7, "1~min"), (250.0, "4~min 10~s"),
     (3599.0, "1~h"), (7500.0, "2~h 5~min")],
)  # fmt: skip
def test_seconds(value: float, expected: str) -> None:
    assert prose.seconds(value) == text(expected)


def test_numbers_beside_one_another_are_all_written_as_powers_of_ten_or_none() -> None:
    large, small = Estimate(7.2644e6, 7.2431e6, 7.2857e6), Estimate(586_300.0, 583_900.0, 588_700.0)
    assert prose.with_intervals([small, small]) == [text("586~300 (583~900 to 588~700)")] * 2
    assert prose.with_intervals([large, small, Estimate(0.0), Estimate(54321.0)]) == [
        "7.264×10⁶ (7.243×10⁶ to 7.286×10⁶)", "5.863×10⁵ (5.839×10⁵ to 5.887×10⁵)", "0", "5.43×10⁴",
    ]  # fmt: skip


def test_counts_are_whole() -> None:
    assert prose.whole(Estimate(40.0, 30.0, 46.0)) == "40 (30 to 46)"
    assert prose.whole(Estimate(50.0, 50.0, 50.0)) == prose.whole(Estimate(50.0)) == "50"
    assert prose.whole(Estimate(-2.0, -3.0, 1.0)) == "−2 (−3 to 1)"


def test_shares_without_an_interval_that_can_be_seen_are_told_alone() -> None:
    assert prose.share(Estimate(0.69, 0.66, 0.71)) == "69.0% (66.0 to 71.0)"
    assert prose.share(Estimate(0.99999995, 0.99999994, 0.99999996)) == "99.999995%"
    assert prose.share(Estimate(0.5)) == "50%"
    assert [prose.share_value(Estimate(*e)) for e in ((0.69, 0.66, 0.71), (0.5,))] == ["69.0%", "50%"]


def test_parts_of_a_whole_are_both_in_words_or_both_in_digits() -> None:
    assert [prose.of(2, 6), prose.of(12, 14), prose.of(3, 1500)] == ["two of six", "12 of 14", "3 of 1500"]
    assert [prose.of(0, 6), prose.of(0, 14)] == ["none of six", "none of 14"]


def test_a_symbol_that_begins_a_sentence_stays_itself() -> None:
    for text in ("k = 3", "k 3", "k −1: so", "d"):
        assert prose.capital(text) == text
    assert [prose.capital(text) for text in ("a 3", "latent 2", "k-fold", "")] == [
        "A 3",
        "Latent 2",
        "K-fold",
        "",
    ]


def test_words() -> None:
    assert prose.in_words(7) == "seven"
    assert prose.in_words(64) == "64"
    assert prose.count(1234567) == text("1~234~567")
    assert prose.listing([]) == ""
    assert prose.listing(["a"]) == "a"
    assert prose.listing(["a", "b", "c"]) == "a, b and c"
    assert prose.listing(["a", "b"], "or") == "a or b"
    assert prose.scientific(614.0) == "6.1×10²"
    assert prose.scientific(0.0) == "0"


def read(written: str) -> float:
    """A formatted number, read back."""
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    plain = written.replace(N, "").translate(digits)
    mantissa, _, power = plain.partition("×10")
    return float(mantissa) * 10.0 ** int(power or 0)


@given(st.floats(-1e30, 1e30, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_numbers_keep_three_digits(value: float) -> None:
    assert read(prose.number(value)) == pytest.approx(value, rel=0.0051)


@given(st.floats(1e-20, 1e20), st.floats(1e-5, 10.0))
def test_values_are_right_to_a_tenth_of_their_uncertainty(value: float, relative: float) -> None:
    half = value * relative
    estimate = Estimate(value, value - half, value + half)
    assert abs(read(prose.value_of(estimate)) - value) <= 0.051 * half + 1e-5 * value
