"""Experiment → cells: what has to be run, and the keys under which results are stored."""

from reportgen.plan.arms import Arm, arm_of
from reportgen.plan.cells import Cell, JudgementCell, MeasurementCell, Plan, TrainingCell, buckets_for
from reportgen.plan.keys import ENGINE_VERSION
from reportgen.plan.layout import make_plan
from reportgen.plan.models import model_of, trained_once

__all__ = [
    "ENGINE_VERSION",
    "Arm",
    "Cell",
    "JudgementCell",
    "MeasurementCell",
    "Plan",
    "TrainingCell",
    "arm_of",
    "buckets_for",
    "make_plan",
    "model_of",
    "trained_once",
]
