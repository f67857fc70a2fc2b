"""Is the report that is there the one that would be written again?

The same inputs give the same bytes, so a report whose manifest names the same
inputs, and whose files still have the hashes it names, need not be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from reportgen.report.provenance import Provenance
from reportgen.resources import templates

CODE = Path(__file__).resolve().parents[1]
MANIFEST = "manifest.json"


def fingerprint(source: Provenance, inputs: Iterable[str]) -> str:
    """SHA-256 of all that decides a report's bytes: inputs, provenance, code, templates and fonts."""
    digest = hashlib.sha256(repr(source).encode())
    for text in inputs:
        digest.update(hashlib.sha256(text.encode()).digest())
    for root, pattern in ((CODE, "*.py"), (templates(), "*")):
        for path in sorted(root.rglob(pattern)):
            if path.is_file() and "node_modules" not in path.parts:
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_current(folder: Path, mark: str) -> bool:
    """Whether the folder's report was made from inputs with this fingerprint and is still whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return bool(manifest["inputs"] == mark) and all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
            for name, expected in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
