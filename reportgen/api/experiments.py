"""Declared experiments from Python: load one, run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import workflow
from reportgen.api.results import Results
from reportgen.api.watching import watching_cells
from reportgen.declaration import Experiment, find, gallery_names, load_text, long_names
from reportgen.declaration import load as load_file
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.execution import Event, Listener


def load(experiment: str | Path, overrides: Mapping[str, Any] | str | Sequence[str] = ()) -> Experiment:
    """Loads and checks a declared experiment: a YAML file, a gallery name, or YAML text of several lines.

    `overrides` change settings as `--set` does: ``{"measure.precision": 0.05}``,
    or ``"measure.precision=5%"`` or a list of such texts. Raises DeclarationError
    with one line for each fault.
    """
    if not isinstance(experiment, str | Path):
        raise UsageError(
            "experiment: must be a file, a name of the gallery or YAML text, "
            f"got {type(experiment).__name__}. Write the declaration as text of several lines."
        )
    options = _options(overrides)
    if isinstance(experiment, str) and "\n" in experiment:
        return load_text(experiment, overrides=options)
    return load_file(find(experiment), options)


def run(
    experiment: Experiment | str | Path,
    output: str | Path = "output",
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    fresh: bool = False,
    allow_code: bool = False,
    progress: bool | Callable[[Event], None] = False,
) -> Results:
    """Runs the cells of an experiment that the store under `output` lacks, and returns its results.

    With one job, cells run in this process; with several, in as many processes,
    and a script must then start under ``if __name__ == "__main__"``. Given an
    `executor`, a `concurrent.futures.Executor` such as a Dask client's
    ``get_executor()``, they run there, `jobs` of them at once; its workers must
    have reportgen, and see the folder `output` at the same path. `fresh` measures
    again what is stored. Code that the declaration names is run only with
    `allow_code`. With ``progress=True`` a bar on standard error, or in the
    notebook, shows the progress; a function is called with every event instead.
    A cell that breaks is kept with its cause, and the others go on: see
    `Results.broken`. An interrupted run keeps what is finished, and the same call
    continues from there.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise UsageError(f"jobs: must be a whole number of at least 1, got {jobs!r}. Leave it out for one.")
    if executor is not None and not isinstance(executor, Executor):
        raise UsageError(
            f"executor: must be a concurrent.futures.Executor, got {type(executor).__name__}. "
            "Of a Dask client it is client.get_executor()."
        )
    if not isinstance(experiment, Experiment):
        experiment = load(experiment)
    job = workflow.planned(_name(experiment), experiment, Path(output))
    workflow.require_allowed(job, allow_code, fresh=fresh, remedy="pass allow_code=True")
    if not callable(progress) and not isinstance(progress, bool | None):
        raise UsageError(
            f"progress: must be True, False or a function of an event, got {type(progress).__name__}. "
            "Write progress=True for a bar."
        )
    if executor is None:
        workflow.require_room(job, fresh=fresh)
    with _threads_kept(), _listener(progress, job) as listener:
        outcome = workflow.execute(
            job,
            jobs=jobs,
            executor=executor or ("serial" if jobs == 1 else "processes"),
            fresh=fresh,
            report=listener,
            allow_code=allow_code,
        )
    return Results(job, outcome, workflow.records(job, outcome.lost))


@contextmanager
def _listener(
    progress: bool | Callable[[Event], None] | None, job: workflow.Job
) -> Iterator[Listener | None]:
    if progress is True:
        with watching_cells(workflow.expected_seconds(job)) as listener:
            yield listener
    else:
        yield progress or None


def _options(overrides: Mapping[str, Any] | str | Sequence[str]) -> list[str]:
    """The overrides as `--set` takes them. Raises UsageError for values that a declaration cannot hold."""
    if isinstance(overrides, Mapping):
        return [f"{path}={_written(str(path), value)}" for path, value in overrides.items()]
    options = [overrides] if isinstance(overrides, str) else overrides
    if not isinstance(options, Sequence) or not all(isinstance(option, str) for option in options):
        raise UsageError(
            "overrides: must be a dictionary, or texts such as 'measure.precision=5%', got "
            f'{type(overrides).__name__}. Write {{"measure.precision": 0.05}}, say.'
        )
    return list(options)


def _written(path: str, value: object) -> str:
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"overrides: {path} must be a number, a text, a list or a dictionary of these, got "
            f"{type(value).__name__}. Convert it."
        ) from error


def _plain(value: Any) -> object:
    """Numbers and arrays of numpy and torch as Python's, paths as text."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError


def _name(experiment: Experiment) -> str:
    """The experiment as it is named on the command line."""
    path = experiment.source_path
    if path is None:
        return experiment.experiment
    known = path.stem in (*gallery_names(), *long_names()) and find(path.stem) == path
    return path.stem if known else str(path)


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Gives torch its number of threads back, if it was imported before: cells are measured on one."""
    import sys

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    try:
        yield
    finally:
        if torch and before:
            torch.set_num_threads(before)
