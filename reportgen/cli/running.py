"""How every command runs an experiment: the cells that are missing, with their progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.cli.limits import Limits

if TYPE_CHECKING:
    from reportgen.execution import Outcome
    from reportgen.workflow import Job


def run_missing(
    job: Job, limits: Limits, *, jobs: int | None, executor: str, fresh: bool, allow_code: bool, quiet: bool
) -> Outcome:
    """Run the cells that the store lacks, or all if `fresh`; show their progress unless `quiet`."""
    from reportgen.cli.live.progress import progress
    from reportgen.workflow import execute, expected_seconds

    experiment = job.experiment
    target = experiment.measure.precision
    with progress(experiment.experiment, expected_seconds(job), target, quiet=quiet) as listener:
        return execute(
            job,
            jobs=jobs,
            executor=executor,
            fresh=fresh,
            report=listener,
            allow_code=allow_code,
            budget=limits.left(),
            device=limits.device,
        )
