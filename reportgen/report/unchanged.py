"""Is the existing document the one that would be written again?

The same inputs give the same bytes, so a document whose manifest names the same
inputs, and whose files still have the hashes it names, need not be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from reportgen.findings.finished import MANIFEST
from reportgen.resources import templates

CODE = Path(__file__).resolve().parents[1]


def fingerprint(source: object, inputs: Iterable[str]) -> str:
    """SHA-256 of all that determines a document's bytes: inputs, provenance, code, templates and fonts.

    `source` is represented by its repr.
    """
    digest = hashlib.sha256(repr(source).encode())
    for text in inputs:
        digest.update(hashlib.sha256(text.encode()).digest())
    for root, pattern in ((CODE, "*.py"), (templates(), "*")):
        for path in sorted(root.rglob(pattern)):
            if path.is_file() and "node_modules" not in path.parts:
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_current(folder: Path, mark: str, name: str = MANIFEST) -> bool:
    """Whether the files in a manifest were made from inputs with this fingerprint and are unchanged."""
    try:
        manifest = json.loads((folder / name).read_bytes())
        return bool(manifest["inputs"] == mark) and all(
            hashlib.sha256((folder / file).read_bytes()).hexdigest() == expected
            for file, expected in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
