"""The only place where random generators are made.

Every stream is a Philox generator keyed by the experiment's seed and by names
that state its purpose, so that no number depends on the order or the process
in which cells run, nor on torch's own generator.
"""

from __future__ import annotations

import hashlib

from numpy.random import Generator, Philox, SeedSequence


def stream(seed: int, *names: str | int) -> Generator:
    """A new generator for this seed and these names.

    Equal arguments give equal numbers, different ones independent streams.
    The key is a SHA-256 hash of them. Source: Salmon et al. (2011) for Philox.
    """
    key = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    digest = hashlib.sha256(key.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    return Generator(Philox(SeedSequence(words)))
