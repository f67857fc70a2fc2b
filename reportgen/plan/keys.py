"""Keys of cells: equal keys mean equal numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reportgen.declaration.experiment import Experiment
from reportgen.declaration.train import dynamics

ENGINE_VERSION = 15
"""Part of every key; raise it whenever a change of code changes the numbers of any cell."""


def key_of(kind: str, **parts: Any) -> str:
    """32 hexadecimal digits: a hash of the engine's version, `kind` and `parts`."""
    content = {"engine": ENGINE_VERSION, "kind": kind, **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def reached(train: Mapping[str, Any], checkpoint: int, seed: int) -> dict[str, Any]:
    """What the parameters at a checkpoint depend on; at checkpoint 0 not on how the model is trained.

    `seed` is the experiment's; the training's seed is included only if it differs.
    """
    done = dynamics(train)
    before = {"after": done["after"]} if "after" in done else None
    parts = {"train": done if checkpoint > 0 else before}
    return parts if train["seed"] == seed else {**parts, "training_seed": train["seed"]}


def code_parts(experiment: Experiment, digests: Mapping[str, str]) -> dict[str, Any]:
    """The parts of a key that stand for the user's own code; empty if there is none."""
    used = sorted(set(experiment.code.values()))
    facts = [[spec.name, spec.own.unbiased, spec.own.serves] for spec in experiment.estimators if spec.own]
    return {"code": [[name, digests.get(name, "")] for name in used], "own": facts} if used else {}
