"""The kind of machine that a number was made on: equal bytes are promised only on the same kind."""

from __future__ import annotations

import platform
import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reportgen.errors import UsageError

PACKAGES = ("numpy", "torch", "scipy", "safetensors")


@lru_cache(maxsize=2)
def environment(device: str = "cpu") -> dict[str, Any]:
    """Versions, processor, device and threads of this (worker) process. Imports torch."""
    import torch

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "blas": _blas(torch.__config__.show()),
        "threads": torch.get_num_threads(),
        "device": _device(device),
        **{name: _version(name) for name in PACKAGES},
    }


def require_device(device: str) -> None:
    """Raises UsageError if torch cannot work on this device. Imports torch unless it is the CPU."""
    if device == "cpu":
        return
    found = re.fullmatch("cuda(?::([0-9]+))?", device)
    if found is None:
        raise UsageError(f"--device: needs cpu or cuda, got {device}. Use one of these.")
    import torch

    if not torch.cuda.is_available():
        build = "torch sees no GPU" if torch.version.cuda else "this torch is a build for the CPU"
        raise UsageError(f"--device: needs a GPU that torch can use for {device}, but {build}. Leave it out.")
    if int(found[1] or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"--device: needs a GPU of this machine, got {device}; it has {torch.cuda.device_count()}."
        )


def _device(device: str) -> str:
    import torch

    return "cpu" if device == "cpu" else f"{device}, {torch.cuda.get_device_name(device)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _blas(configuration: str) -> str:
    """The library of torch's matrix products, from its build's description."""
    lines = [line.strip(" -") for line in configuration.splitlines()]
    return next(
        (line.split(" for ")[0] for line in lines if "Math Kernel Library" in line or "BLAS" in line), "?"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
