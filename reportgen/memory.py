"""The memory of this process: how much it may have, and that what it frees stays with it."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of mallopt(3)."""
LARGEST_KEPT = 32 * 2**20
"""Bytes: larger arrays go back at once; glibc knows no higher limit."""
KEPT = 2**30
"""Bytes of free memory above which it goes back."""
MEANS = 4 * 2**30
"""Bytes that one cell may take for the means of gradients of which every coordinate is kept."""


def memory_limit() -> int | None:
    """Bytes it may use: the machine's, or its control group's where that is less; None where nobody says."""
    limits = []
    with suppress(ValueError, OSError, AttributeError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(ValueError, OSError):  # absent, or the word max: no limit
            limits.append(int(Path(path).read_text()))
    return min(limits, default=None)


def keep_freed_memory() -> bool:
    """From now on; whether its allocator can be told so. Others are left as they are.

    A measurement makes and frees arrays of a megabyte thousands of times a
    second. glibc hands such memory back to the system, and the system hands it
    out again page by page, each cleared first: on a virtual machine that can
    take a tenth of the time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(M_TRIM_THRESHOLD, KEPT))
