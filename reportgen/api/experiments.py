"""Declared experiments from Python: load one, run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import workflow
from reportgen.api.results import Results
from reportgen.declaration import Experiment, find, gallery_names, load_text, long_names
from reportgen.declaration import load as load_file
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.execution import Event


def load(experiment: str | Path, overrides: Mapping[str, Any] | str | Sequence[str] = ()) -> Experiment:
    """A declared experiment, checked: a YAML file, a name of the gallery, or YAML text of several lines.

    `overrides` change settings, as `--set` does: ``{"measure.precision":
    0.05}`` or ``"measure.precision=5%"``, one or a list. Raises DeclarationError with a
    line for each fault.
    """
    if not isinstance(experiment, str | Path):
        raise UsageError(
            "experiment: must be a file, a name of the gallery or YAML text, "
            f"got {type(experiment).__name__}. Write the declaration as text of several lines."
        )
    if isinstance(overrides, Mapping):
        options = [f"{path}={json.dumps(value)}" for path, value in overrides.items()]
    else:
        options = [overrides] if isinstance(overrides, str) else list(overrides)
    if isinstance(experiment, str) and "\n" in experiment:
        return load_text(experiment, overrides=options)
    return load_file(find(experiment), options)


def run(
    experiment: Experiment | str | Path,
    output: str | Path = "output",
    *,
    jobs: int = 1,
    fresh: bool = False,
    allow_code: bool = False,
    progress: Callable[[Event], None] | None = None,
) -> Results:
    """Measures what the store under `output` lacks of an experiment, and returns its results.

    With one job cells run in this process; more are processes of their own,
    and a script must then start under ``if __name__ == "__main__"``. `fresh`
    measures again what is stored. Code that the declaration names is run only
    with `allow_code`. `progress` is called with every event; without it
    nothing is printed. A cell that breaks is kept with its cause, and the
    others go on: see `Results.broken`.
    """
    if not isinstance(experiment, Experiment):
        experiment = load(experiment)
    job = workflow.planned(_name(experiment), experiment, Path(output))
    with _threads_kept():
        outcome = workflow.execute(
            job,
            jobs=jobs,
            executor="serial" if jobs == 1 else "processes",
            fresh=fresh,
            report=progress,
            allow_code=allow_code,
        )
    return Results(job, outcome, workflow.records(job))


def _name(experiment: Experiment) -> str:
    """As the command line would name it."""
    path = experiment.source_path
    if path is None:
        return experiment.experiment
    known = path.stem in (*gallery_names(), *long_names()) and find(path.stem) == path
    return path.stem if known else str(path)


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Cells are measured on one thread; afterwards torch has as many as before, if it was there before."""
    import sys

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    try:
        yield
    finally:
        if torch and before:
            torch.set_num_threads(before)
