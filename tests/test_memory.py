"""A worker keeps the memory that it frees, instead of getting it from the system again, page by page."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from reportgen.memory import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()

def work():
    held = [np.ones(4 * 2**20, dtype=np.uint8) for _ in range(4)]
    return sum(int(part[0]) for part in held)

work(), work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages fetched while 20 times 16 MiB are made and freed, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator is left as it is")
def test_freed_memory_is_used_again() -> None:
    plain, kept = faults("plain"), faults("kept")
    assert plain > 200, "nothing to save: the allocator keeps memory anyway"
    assert kept < plain / 10
