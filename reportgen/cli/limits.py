"""How long a call may work, and on what."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from time import time

from reportgen.errors import UsageError

SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s)")


@dataclass(frozen=True)
class Limits:
    """Limits of one call, for all its experiments together."""

    deadline: float
    """In the seconds of `time.time`; infinite if time is not limited."""
    device: str

    @classmethod
    def read(cls, budget: str | None, device: str) -> Limits:
        """From the options; time counts from now. Raises UsageError for a time that cannot be read."""
        return cls(math.inf if budget is None else time() + seconds(budget), device)

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(self.deadline - time(), 0.0)


def seconds(text: str) -> float:
    """Seconds in ``2h``, ``1h30m``, ``45 min``, ``90s``. Raises UsageError for anything else, and for 0."""
    parts = _PART.findall(text)
    whole = "".join("".join(part) for part in parts)
    total = sum(float(number) * SECONDS[unit[0]] for number, unit in parts)
    if not parts or whole != re.sub(r"\s", "", text) or total <= 0.0:
        raise UsageError(f"--budget: needs a time, got {text!r}. Write 2h, 1h30m or 45m, for example.")
    return total
