"""Positions and labels of an axis's ticks: logarithmic ones, without needless digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reportgen.findings import prose


def power_of_ten(exponent: int) -> str:
    """10ⁿ as text; 1 and 10 are written out."""
    return {0: "1", 1: "10"}.get(exponent, f"10{prose.superscript(exponent)}")


def plain(value: float) -> str:
    """A number without needless digits: 0.05, 2, 1500, 15 000, 2.5×10⁻⁷; an int is written out."""
    if value == 0:
        return "0"
    if isinstance(value, float) and not 1e-4 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.5e}".partition("e")
        told, power = _stripped(prose.fixed(float(mantissa), 5)), f"10{prose.superscript(int(exponent))}"
        return f"{told.removesuffix('1')}{power}" if told.strip(prose.MINUS) == "1" else f"{told}×{power}"
    digits = max(0, 5 - math.floor(math.log10(abs(value))))
    return _stripped(prose.fixed(value, digits))


def _stripped(text: str) -> str:
    """Without trailing zeros in its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


Ticks = tuple[list[float], list[str], list[float]]
"""Major values, their labels, minor values."""
SUBDIVIDED = tuple(float(m) for m in range(2, 10))
STEPS: tuple[tuple[float, ...], ...] = (
    (1.0, 2.0, 5.0),
    (1.0, *SUBDIVIDED),
    (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0),
    tuple(np.arange(1, 10, 0.5)),
    tuple(np.arange(1, 10, 0.1)),
)
"""Mantissas of ticks within a decade, coarse to fine."""


def log_ticks(low: float, high: float, room: int = 7) -> Ticks:
    """Ticks of a log axis between two positive limits.

    Over two decades or more only powers of ten are labelled, thinned to a
    regular step so that at most `room` remain; over less, 1, 2 and 5 (or finer
    round steps) are, so that an axis never has fewer than two labels.
    """
    powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    wide = math.log10(high / low) >= 2 and len(powers) >= 2
    values, labels, minor = _powers(powers, room) if wide else _steps(low, high, powers, room)
    inside = [v for v in minor if low <= v <= high and not any(math.isclose(v, w) for w in values)]
    return values, labels, inside


def _powers(powers: range, room: int) -> Ticks:
    """Labels at powers of ten, with minor ticks at 2 … 9 times each, or at powers that are not labelled."""
    step = next(s for s in (1, 2, 3, 4, 5, 10, 20, 50, 100) if len(powers) / s <= room)
    major = [e for e in powers if e % step == 0]
    written = major[0] >= -3 and major[-1] <= 4
    labels = [plain(10.0**e) if written else power_of_ten(e) for e in major]
    minor = _multiples(powers, SUBDIVIDED) if step == 1 else [10.0**e for e in powers if e % step]
    return [10.0**e for e in major], labels, minor


def _steps(low: float, high: float, powers: range, room: int) -> Ticks:
    """Labels at the coarsest steps with at least three within the limits and some in either half."""
    values: list[float] = []
    for steps in STEPS:
        values = [v for v in _multiples(powers, steps) if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
        if len(values) >= 3 and values[0] <= math.sqrt(low * high) <= values[-1]:
            break
    values = apart(values[:: max(1, math.ceil(len(values) / room))], 0.07 * math.log10(high / low))
    labels = [plain(v) for v in values] if -4 < math.log10(low) < 5 else [scientific(v) for v in values]
    return values, labels, _multiples(powers, SUBDIVIDED)


def _multiples(powers: range, steps: Sequence[float]) -> list[float]:
    """Each of `steps` times each power of ten, from one below the first."""
    return [m * 10.0**e for e in range(powers.start - 1, powers.stop) for m in steps]


def apart(values: Sequence[float], least: float) -> list[float]:
    """Ticks at least `least` apart (log10); of two that are closer, the one with the shorter label stays."""
    kept: list[float] = []
    for value in values:
        if kept and math.log10(value / kept[-1]) < least:
            if len(plain(value)) < len(plain(kept[-1])):
                kept[-1] = value
        else:
            kept.append(value)
    return kept


def scientific(value: float) -> str:
    """In scientific notation: 2.5·10⁻⁶."""
    exponent = math.floor(math.log10(value) + 1e-12)
    return f"{plain(value / 10.0**exponent)}·{power_of_ten(exponent)}"
