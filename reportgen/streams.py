"""The only place where random generators are made.

Every stream is a Philox counter keyed by the experiment's seed and the names
of what it is for, so that no number depends on the order or the process in
which cells are run, nor on torch's own generator.
"""

from __future__ import annotations

import hashlib

from numpy.random import Generator, Philox, SeedSequence


def stream(seed: int, *names: str | int) -> Generator:
    """A generator of its own for this seed and these names.

    Equal arguments give equal numbers; different ones give independent
    streams (Salmon et al., 2011, for Philox; the key is hashed with SHA-256).
    """
    key = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    digest = hashlib.sha256(key.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    return Generator(Philox(SeedSequence(words)))
