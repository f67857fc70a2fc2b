"""The worked example's model, as its declaration makes it."""

from __future__ import annotations

from pathlib import Path

from reportgen.usercode import Reference, UserCode, importable, load_object

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def load_example(text: str) -> object:
    """An object of the examples, loaded as a worker loads it."""
    code, reference = UserCode.read([text], EXAMPLES), Reference.parse(text)
    assert reference is not None
    source = code.source(text)
    with importable(source):
        return load_object(reference, source)
