"""Print requirements.lock: everything below the direct dependencies, at the installed versions."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reportgen.locked import DEVELOPMENT

HEADER = """\
# The project's one lock: every package of the environment, runtime and development, at an exact version.
# Written by `make lock`; bootstrap.sh installs it. torch is the release without a build tag: where a CPU
# build is offered (a wheel folder, an index of one's own), pip prefers it.
"""


def main() -> None:
    """Prints both parts, each sorted: what reports are made with, then what only development needs."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    runtime = below(project["project"]["dependencies"])
    both = below([*project["project"]["dependencies"], *project["dependency-groups"]["dev"]])
    sys.stdout.write(HEADER + lines(runtime))
    sys.stdout.write(f"{DEVELOPMENT}\n" + lines({n: v for n, v in both.items() if n not in runtime}))


def lines(locked: dict[str, str]) -> str:
    """One pin per line."""
    return "".join(f"{name}=={locked[name]}\n" for name in sorted(locked))


def below(requirements: Iterable[str]) -> dict[str, str]:
    """These, and all that they require on this machine: name → version."""
    wanted = [Requirement(text) for text in requirements]
    locked: dict[str, str] = {}
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        found = distribution(name)
        first = name not in locked
        locked[name] = found.version.split("+")[0]
        if not first and not requirement.extras:
            continue
        for text in found.requires or ():
            inner = Requirement(text)
            extras = requirement.extras or {""}
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                wanted.append(inner)
    return locked


if __name__ == "__main__":
    main()
