"""Freed memory stays with the process.

A measurement makes and frees arrays of a megabyte thousands of times a second.
glibc hands such memory back to the system when it is freed, and the system
hands it out again page by page, each cleared first: on a virtual machine that
can take as long as the arithmetic in between.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of mallopt(3)."""
LARGEST_KEPT = 32 * 2**20
"""Bytes: larger arrays go back at once; glibc knows no higher limit."""
KEPT = 2**30
"""Bytes of free memory above which it goes back."""


def keep_freed_memory() -> bool:
    """From now on, in this process; whether its allocator can be told so. Others are left as they are."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(M_TRIM_THRESHOLD, KEPT))
