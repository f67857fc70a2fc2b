"""Numbers as people read them. Every text of the report formats its numbers here.

A number is given to the precision that its interval warrants: the value keeps
the digits that its half-width has when rounded to two significant digits. An
interval too short to show in six digits is omitted.

Digits are grouped by narrow no-break spaces; minus signs are true ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from reportgen.findings.statistics.estimate import Estimate

THIN = "\u202f"
"""Narrow no-break space: between groups of three digits."""
MINUS = "\u2212"
NOT_AVAILABLE = "not available"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LARGE = ((12, "trillion"), (9, "billion"), (6, "million"))
_SYMBOL = re.compile(rf"[b-z](?= [=\d{MINUS}]|$)")
_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def number(value: float, digits: int = 3) -> str:
    """To `digits` significant digits: 614, 0.0123, 301 000, 3.0×10⁶, not available."""
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0.0:
        return "0"
    exponent, decimals = _exponent(value, digits), digits - 1
    if -4 < exponent < 6:
        return fixed(value, decimals - exponent)
    return f"{fixed(value / 10.0**exponent, decimals)}×10{superscript(exponent)}"


def fixed(value: float, decimals: int) -> str:
    """With `decimals` decimals (if negative, rounded to tens, hundreds …), digits grouped: −12 345.7."""
    if not math.isfinite(value):
        return _not_finite(value)
    rounded = round(value, decimals)
    text = f"{abs(rounded):.{max(decimals, 0)}f}"
    whole, point, fraction = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", THIN)
    negative = rounded < 0 and text.strip("0.") != ""
    return f"{MINUS if negative else ''}{whole}{point}{fraction}"


def scientific(value: float, digits: int = 2) -> str:
    """In scientific notation, whatever the size: 3.0×10⁵."""
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0.0:
        return "0"
    exponent = _exponent(value, digits)
    return f"{fixed(value / 10.0**exponent, digits - 1)}×10{superscript(exponent)}"


def superscript(exponent: int) -> str:
    """5 → ⁵, −3 → ⁻³."""
    return str(exponent).translate(_SUPERSCRIPT)


def count(value: int) -> str:
    """1234567 → 1 234 567; four digits are not grouped."""
    return fixed(float(value), 0)


def whole(estimate: Estimate) -> str:
    """A count: 40 (30 to 46); without the interval if that is a point or missing.

    A mean of counts has a decimal: 40.3 (29.8 to 50.9).
    """
    if not estimate.available:
        return NOT_AVAILABLE
    text = fixed(estimate.value, _decimals_of_count(estimate))
    wide = estimate.has_interval and estimate.low < estimate.high
    return f"{text} ({whole_interval(estimate)})" if wide else text


def whole_interval(estimate: Estimate) -> str:
    """The interval of a count: 30 to 46."""
    decimals = _decimals_of_count(estimate)
    return f"{fixed(estimate.low, decimals)} to {fixed(estimate.high, decimals)}"


def _decimals_of_count(estimate: Estimate) -> int:
    ends = (estimate.low, estimate.high) if estimate.has_interval else ()
    return 0 if all(end.is_integer() for end in (estimate.value, *ends)) else 1


def with_interval(estimate: Estimate, *, power: bool = False) -> str:
    """614 (595 to 634), with the digits that the interval warrants; three digits without an interval.

    With `power` 6.14×10² (5.95×10² to 6.34×10²), to match other numbers in a row.
    """
    if not estimate.available:
        return NOT_AVAILABLE
    if not estimate.has_interval or is_point(estimate):
        return scientific(estimate.value, 3) if power else number(estimate.value)
    value, ends = value_of(estimate, power=power), interval(estimate, power=power)
    if "×" in value and "×" in ends and math.isfinite(half_width(estimate)):  # of one power of ten
        largest = max(abs(estimate.value), abs(estimate.low), abs(estimate.high))
        value = _together([estimate.value], half_width(estimate), largest, power)[0]
    return f"{value} ({ends})"


def with_intervals(estimates: Sequence[Estimate]) -> list[str]:
    """Texts of several estimates read side by side: all with powers of ten if one needs them."""
    texts = [with_interval(estimate) for estimate in estimates]
    if any("×10" in text for text in texts):
        texts = [with_interval(estimate, power=True) for estimate in estimates]
    return texts


def value_of(estimate: Estimate, *, power: bool = False) -> str:
    """The value alone, to the digits that its interval warrants."""
    if not estimate.available:
        return NOT_AVAILABLE
    half = half_width(estimate)
    if not math.isfinite(half) or is_point(estimate):
        return number(estimate.value)
    return _together([estimate.value], half, max(abs(estimate.value), half), power)[0]


def interval(estimate: Estimate, *, power: bool = False) -> str:
    """The interval: 595 to 634, both ends to the same digit."""
    if not estimate.has_interval:
        return NOT_AVAILABLE
    half = half_width(estimate)
    if not math.isfinite(half) or is_point(estimate):
        return f"{number(estimate.low)} to {number(estimate.high)}"
    largest = max(abs(estimate.low), abs(estimate.high))
    low, high = _together([estimate.low, estimate.high], half, largest, power)
    return f"{low} to {high}"


def plus_minus(estimate: Estimate) -> str:
    """614 ± 19: the half-width to two significant digits, the value to the same decimal."""
    if not estimate.available:
        return NOT_AVAILABLE
    half = half_width(estimate)
    if not math.isfinite(half) or is_point(estimate):
        return number(estimate.value)
    largest = max(abs(estimate.value), half)
    value, error = _together([estimate.value, half], half, largest)
    if "×" in value:
        mantissa, power = value.split("×")
        return f"({mantissa} ± {error.split('×')[0]})×{power}"
    return f"{value} ± {error}"


def half_width(estimate: Estimate) -> float:
    """Half the interval's length; NaN without one."""
    return (estimate.high - estimate.low) / 2.0


def is_point(estimate: Estimate) -> bool:
    """Whether the interval is a point (even at infinity), or too short to show in the sixth digit."""
    return estimate.low == estimate.high or half_width(estimate) <= 1e-6 * abs(estimate.value)


def times(value: float) -> str:
    """A ratio in words: 8.1 times, 1100 times, 300 000 times."""
    return _not_finite(value) if not math.isfinite(value) else f"{spoken(value)} times"


def spoken(value: float) -> str:
    """A number as one would read it aloud, to two digits: 8.1, 600, 300 000, 2.5 million."""
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0.0:
        return "0"
    exponent = _exponent(value, 2)
    for power, name in _LARGE:
        if exponent >= power and exponent < 15:
            scaled = value / 10.0**power
            return f"{fixed(scaled, 1 - (exponent - power))} {name}"
    if exponent < -3 or exponent >= 15:
        return scientific(value)
    return fixed(value, 1 - exponent)


def percent(value: float, digits: int = 2) -> str:
    """A fraction as per cent: 0.947 → 95%, 0.0123 → 1.2%; just below 100%, with enough digits to differ."""
    if not math.isfinite(value):
        return _not_finite(value)
    scaled = 100.0 * value
    if 99.0 < scaled < 100.0:
        decimals = min(max(-math.floor(math.log10(100.0 - scaled)), 0), 6)
        text = fixed(scaled, decimals)
        return f"{text if not text.startswith('100') else 'almost 100'}%"
    if abs(scaled) >= 1e6:
        return f"{scientific(scaled, digits)}%"
    if abs(scaled) >= 10.0 ** (digits - 1):
        return f"{fixed(scaled, 0)}%"
    return f"{number(scaled, digits)}%"


def share(part: Estimate) -> str:
    """A fraction in per cent with its interval: 69% (66 to 71); only the value if no interval would show."""
    if not part.has_interval or is_point(part):
        return percent(part.value)
    return f"{share_value(part)} ({interval(_hundredfold(part))})"


def share_value(part: Estimate) -> str:
    """The fraction alone in per cent, to the digits that its interval warrants."""
    if not part.has_interval or is_point(part):
        return percent(part.value)
    return f"{value_of(_hundredfold(part))}%"


def share_interval(part: Estimate) -> str:
    """The interval of a fraction in per cent: 66 to 71%."""
    return f"{interval(_hundredfold(part))}%"


def _hundredfold(part: Estimate) -> Estimate:
    return Estimate(100 * part.value, 100 * part.low, 100 * part.high)


def p_value(p: float) -> str:
    """p = 0.034, p < 0.001, p > 0.99."""
    if math.isnan(p):
        return NOT_AVAILABLE
    if p < 0.001:
        return "p < 0.001"
    return "p > 0.99" if p > 0.99 else f"p = {number(p, 2)}"


def p_number(p: float) -> str:
    """The same for a column headed p: 0.034, < 0.001."""
    return p_value(p).removeprefix("p = ").removeprefix("p ")


def seconds(value: float) -> str:
    """Time with its unit: 3.2 µs, 15 ms, 12 s, 4 min 10 s, 2 h 5 min."""
    if not math.isfinite(value):
        return _not_finite(value)
    for scale, unit in ((1e-6, "µs"), (1e-3, "ms")):
        if value < 999.5 * scale:
            return f"{number(value / scale, 2)}{THIN}{unit}"
    if value < 59.5:
        return f"{number(value, 2)}{THIN}s"
    if value < 3570.0:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes}{THIN}min" + (f" {rest}{THIN}s" if rest else "")
    hours, rest = divmod(round(value / 60.0), 60)
    return f"{hours}{THIN}h" + (f" {rest}{THIN}min" if rest else "")


def in_words(value: int) -> str:
    """Whole numbers to twelve as words, larger ones as digits."""
    return _WORDS[value] if 0 <= value < len(_WORDS) else count(value)


def of(part: int, total: int) -> str:
    """“two of six”, “none of six”, “12 of 14”: both in words, or neither."""
    written = in_words if max(part, total) < len(_WORDS) else count
    return f"{written(part) if part else 'none'} of {written(total)}"


def capital(text: str) -> str:
    """With a capital first letter, unless that is a symbol: “k = 3” is not “K = 3”."""
    return text if _SYMBOL.match(text) else text[:1].upper() + text[1:]


def listing(items: Sequence[str], conjunction: str = "and") -> str:
    """a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def _exponent(value: float, digits: int) -> int:
    """Power of ten of the first digit after rounding to `digits` significant digits."""
    return int(f"{abs(value):.{digits - 1}e}".split("e")[1])


def _together(values: Sequence[float], half: float, largest: float, power: bool = False) -> list[str]:
    """All to the second digit of `half`, with a common power of ten if `largest` or `power` calls for one.

    At most six digits are shown, even of what is known more precisely.
    """
    last = _exponent(half, 2) - 1
    first = _exponent(largest, 6) if largest > 0 else last
    last = max(last, first - 5)
    if not power and (-4 < first < 5 or (last >= 0 and first < 6)):
        return [fixed(value, -last) for value in values]
    return [f"{fixed(value / 10.0**first, first - last)}×10{superscript(first)}" for value in values]


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return NOT_AVAILABLE
    return "∞" if value > 0 else f"{MINUS}∞"
