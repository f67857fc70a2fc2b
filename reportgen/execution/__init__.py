"""Running the missing cells of a plan in any executor. Torch is imported in the workers only."""

from __future__ import annotations

from reportgen.execution.event import Event, Listener
from reportgen.execution.lanes import EXECUTORS
from reportgen.execution.run import Outcome, run

__all__ = ["EXECUTORS", "Event", "Listener", "Outcome", "run"]
