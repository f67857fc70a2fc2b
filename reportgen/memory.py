"""The memory of this process: how much it may use, and keeping what it frees for reuse."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""
LARGEST_KEPT = 32 * 2**20
"""Larger blocks, in bytes, are returned to the system as soon as they are freed; glibc's highest limit."""
KEPT = 2**30
"""Free memory, in bytes, beyond which it is returned to the system."""
MEANS = 4 * 2**30
"""Bytes that the means of gradients, kept for every coordinate, may take in one cell."""


def memory_limit() -> int | None:
    """Bytes that this process may use: the machine's memory or its cgroup limit if lower; None if unknown."""
    limits = []
    with suppress(ValueError, OSError, AttributeError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(ValueError, OSError):  # no such file, or the word "max": no limit
            limits.append(int(Path(path).read_text()))
    return min(limits, default=None)


def keep_freed_memory() -> bool:
    """Have the allocator keep freed memory from now on; False if it is not glibc's, and nothing changes.

    A measurement allocates and frees arrays of a megabyte thousands of times a
    second. By default glibc returns such memory to the system, which clears
    every page before handing it out again: on a virtual machine that can take
    a tenth of the time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(M_TRIM_THRESHOLD, KEPT))
