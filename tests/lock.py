"""Print requirements.lock: everything below the direct dependencies, at the installed versions."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = """\
# The project's one lock: every package of the environment, runtime and development, at an exact version.
# Written by `make lock`; bootstrap.sh installs it. torch is the release without a build tag: where a CPU
# build is offered (a wheel folder, an index of one's own), pip prefers it.
"""


def main() -> None:
    """Walk the requirements that hold on this machine; print them sorted."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        Requirement(r) for r in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])
    ]
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
            below = Requirement(text)
            extras = requirement.extras or {""}
            if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
                wanted.append(below)
    sys.stdout.write(HEADER)
    for name in sorted(locked):
        sys.stdout.write(f"{name}=={locked[name]}\n")


if __name__ == "__main__":
    main()
