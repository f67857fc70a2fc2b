"""Declarations: YAML in, a checked and frozen `Experiment` out."""

from __future__ import annotations

from reportgen.declaration.claims.grammar import parse
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Claim, Experiment, Measure
from reportgen.declaration.first_experiment import first_experiment
from reportgen.declaration.gallery import find, gallery_names, long_names
from reportgen.declaration.loading import apply_overrides, load, load_text
from reportgen.declaration.problems import PROBLEMS, Problem
from reportgen.declaration.train import Train
from reportgen.declaration.writing import json_schema, resolved, to_yaml

__all__ = [
    "PROBLEMS",
    "Claim",
    "EstimatorSpec",
    "Experiment",
    "Measure",
    "Problem",
    "Train",
    "apply_overrides",
    "find",
    "first_experiment",
    "gallery_names",
    "json_schema",
    "load",
    "load_text",
    "long_names",
    "parse",
    "resolved",
    "to_yaml",
]
