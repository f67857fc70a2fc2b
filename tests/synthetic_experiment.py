"""The flagship's declaration and plan, for tests of the press on simulated records."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from reportgen.declaration import Experiment, find, load
from reportgen.plan import Plan, make_plan

DIGEST = hashlib.sha256(b"a data set for tests").hexdigest()


@lru_cache(maxsize=1)
def synthetic_experiment() -> Experiment:
    """The flagship, as the gallery declares it."""
    return load(find("burda2016"))


@lru_cache(maxsize=1)
def synthetic_plan() -> Plan:
    """Its cells."""
    return make_plan(synthetic_experiment(), DIGEST)
