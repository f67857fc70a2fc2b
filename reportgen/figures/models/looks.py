"""How models are drawn: lines in one panel differ in colour, marker and dash together."""

from __future__ import annotations

from reportgen.figures.drafting.style import LOOKS, SPARE, Look

ORDER = (
    LOOKS["pathwise"],
    LOOKS["score_function_optimal_constant"],
    LOOKS["leave_one_out"],
    LOOKS["score_function"],
    SPARE[0],
    LOOKS["score_function_optimal_per_coordinate"],
    *SPARE[1:],
)


def look(index: int) -> Look:
    """The look of the row with this number, which is the same in every column."""
    return ORDER[index % len(ORDER)]
