"""Running what is missing of a plan, keeping every worker busy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from time import perf_counter, time

from reportgen.cores import usable_cores
from reportgen.datasets import held
from reportgen.declaration import Experiment
from reportgen.errors import PausedError, UnwritableError, UsageError
from reportgen.execution.cost import seconds_of
from reportgen.execution.event import Listener, Reporter
from reportgen.execution.lanes import EXECUTORS, BorrowedLane, Lane, single_threaded_children
from reportgen.execution.task import Task, broken
from reportgen.execution.worker import work
from reportgen.plan import Plan
from reportgen.store import BrokenRecord, Store
from reportgen.store.files import process_tag
from reportgen.usercode import UserCode

TRIES = 2
"""How often a worker may be killed while it runs this cell alone. Being in flight together with others
does not count: the cell may not even have been begun."""

DONE = {"training": "trained", "judging": "judged", "measuring": "measured"}

Work = Callable[[Task], BrokenRecord | None]


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    measured: int
    """Cells trained, judged or measured now."""
    cached: int
    """Cells found finished."""
    broken: tuple[BrokenRecord, ...]
    seconds: float
    damaged: int = 0
    """Cells that were stored but damaged, and so were made again."""
    paused: tuple[BrokenRecord, ...] = ()
    """Cells that were not finished in time."""

    @property
    def lost(self) -> tuple[BrokenRecord, ...]:
        """Cells that were not finished now; after a fresh run, the store may still have them from before."""
        return self.broken + self.paused


def run(
    experiment: Experiment,
    plan: Plan,
    store: Store,
    *,
    jobs: int | None = None,
    executor: str | Executor = "processes",
    fresh: bool = False,
    report: Listener | None = None,
    code: UserCode | None = None,
    budget: float = math.inf,
    device: str = "cpu",
    work: Work = work,
) -> Outcome:
    """Train, judge and measure the cells of `plan` that `store` lacks; all of them if `fresh`.

    A fresh run replaces stored cells one by one, each when its new record is
    whole: what it did not reach, or what broke in it, is stored as before, and
    the next run uses that. `executor` is a name in `EXECUTORS` or any
    `concurrent.futures.Executor` whose workers see the store's folder; `jobs`
    defaults to the number of cores that this process may use; `code` is the
    user's own code with which the plan was made, if it may be run. A cell that
    raises is recorded as broken and the others go on; one whose worker is killed
    is begun again, by itself. On KeyboardInterrupt, or if the store cannot be
    written, the workers stop, what is finished stays, and the exception is
    raised. After `budget` seconds no cell is begun, and trainings stop at their
    next epoch; the next run continues them. `device` is torch's, for training and
    judging. `report` is called from several threads, but by one at a time.
    """
    started = perf_counter()
    tell = Reporter(report)
    _check(executor, jobs)
    deadline = time() + budget
    cells = plan.cells
    store.clean()
    found = [] if fresh else [cell for cell in cells if store.has(cell.key)]
    damaged = [cell for cell in found if not store.sound(cell.key)]
    for cell in damaged:
        store.remove(cell.key)
    kept = {cell.key for cell in found} - {cell.key for cell in damaged}
    missing = [cell for cell in cells if cell.key not in kept]
    cached = [Task(cell, store.root) for cell in cells if cell.key in kept]
    for task in cached:
        tell(task.event("cached"))
    lost: list[BrokenRecord] = []
    paused: list[BrokenRecord] = []
    if missing:
        store.require_writable(cell.key for cell in missing)
        data = experiment.problem.dataset
        cost = seconds_of(plan, held(data) if data else None)
        anew = process_tag() if fresh else ""
        # Workers of the caller's executor may have another current folder.
        root = store.root.absolute() if isinstance(executor, Executor) else store.root
        tasks = [Task(cell, root, code, device, deadline, anew) for cell in missing]
        board = Board(tasks, cost)
        with single_threaded_children():
            lane = _open(executor, jobs, tell)
            try:
                foreman = Foreman(board, lane, store, tell, work, deadline)
                foreman.run()
                lost, paused = foreman.broken, foreman.paused
            except BaseException:
                lane.close(at_once=True)
                raise
            lane.close(at_once=False)
    seconds = perf_counter() - started
    done = len(missing) - len(lost) - len(paused)
    return Outcome(done, len(cached), tuple(lost), seconds, len(damaged), tuple(paused))


def _killed(task: Task) -> str:
    """Why a cell whose worker was killed twice is given up."""
    if task.code is not None and task.code.digests:
        return (
            "its worker process ended, twice (out of memory, or your code crashed it or ended it?). "
            "Use fewer --jobs, or look at your code."
        )
    return "its worker process was ended from outside, twice (out of memory?). Use fewer --jobs."


def _check(executor: str | Executor, jobs: int | None) -> None:
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs: needs at least 1, got {jobs}.")
    if not isinstance(executor, Executor) and executor not in EXECUTORS:
        raise UsageError(
            f"--executor: no executor is called {executor!r}. Use one of: {', '.join(EXECUTORS)}."
        )


def _open(executor: str | Executor, jobs: int | None, tell: Listener) -> Lane:
    count = jobs or usable_cores()
    if isinstance(executor, Executor):
        return BorrowedLane(executor, count)
    return EXECUTORS[executor](count, tell)


class Board:
    """Tasks still to be begun, most urgent first.

    The urgency of a task is its cost plus that of the longest chain that waits
    for it, so that the last cells to end are short ones.
    """

    def __init__(self, tasks: Sequence[Task], cost: Mapping[str, float]) -> None:
        keys = {task.key for task in tasks}
        self.waiting: dict[str, list[Task]] = {}
        self.ready: list[Task] = []
        for task in tasks:
            if task.after in keys:
                self.waiting.setdefault(task.after, []).append(task)
            else:
                self.ready.append(task)
        self.urgency: dict[str, float] = {}
        for each in reversed(tasks):  # tasks come after those that they wait for
            behind = [self.urgency[later.key] for later in self.waiting.get(each.key, ())]
            self.urgency[each.key] = cost[each.key] + max(behind, default=0.0)

    def take(self) -> Task:
        """The most urgent task that can begin."""
        self.ready.sort(key=lambda task: self.urgency[task.key])
        return self.ready.pop()

    def finished(self, key: str) -> None:
        """Makes tasks that waited for this one ready."""
        self.ready += self.waiting.pop(key, [])

    def lost(self, key: str) -> list[Task]:
        """Removes and returns tasks that waited for this one, and cannot begin."""
        return self.waiting.pop(key, [])

    def close(self) -> list[Task]:
        """Removes and returns all tasks that were not begun."""
        rest = self.ready + [task for tasks in self.waiting.values() for task in tasks]
        self.ready, self.waiting = [], {}
        return rest


class Foreman:
    """Hands tasks to a lane, as many as it takes, and deals with how they end."""

    def __init__(
        self, board: Board, lane: Lane, store: Store, tell: Reporter, work: Work, deadline: float
    ) -> None:
        self.board, self.lane, self.store, self.tell, self.work = board, lane, store, tell, work
        self.deadline = deadline
        self.flying: dict[Future[BrokenRecord | None], Task] = {}
        self.suspects: list[Task] = []
        """Tasks in flight when a worker was killed: begun again one at a time, to find the culprit."""
        self.kills: dict[str, int] = {}
        """Cell → how many workers were killed while it was the only one in flight."""
        self.broken: list[BrokenRecord] = []
        self.paused: list[BrokenRecord] = []
        """Not finished in time."""

    def run(self) -> None:
        """Runs tasks until none is left, or none that may still be begun."""
        while True:
            if time() < self.deadline:
                self._hand_out()
            if not self.flying:
                for left in [*self.suspects, *self.board.close()]:
                    self._pause(left, "not begun: the time was up")
                return
            done, _ = wait(self.flying, return_when=FIRST_COMPLETED)
            killed = [task for future in done if (task := self._settle(future)) is not None]
            if killed:
                self._mend(killed)

    def _hand_out(self) -> None:
        while len(self.flying) < self.lane.jobs and (self.suspects or self.board.ready):
            if self.suspects and self.flying:
                return
            alone = bool(self.suspects)
            task = self.suspects.pop() if alone else self.board.take()
            self.tell(task.event("started"))
            try:
                future = self.lane.executor.submit(self.work, task)
            except BrokenExecutor:
                future = Future()
                future.set_exception(BrokenExecutor())
            self.flying[future] = task
            if alone:
                return

    def _settle(self, future: Future[BrokenRecord | None]) -> Task | None:
        """Deals with a task that ended; returns the task if its worker was killed."""
        task = self.flying.pop(future)
        try:
            record = future.result()
        except BrokenExecutor:
            return task
        except UnwritableError:
            raise
        except PausedError as error:
            self._pause(task, str(error))
            return None
        except Exception as error:
            record = task.broken(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        if record is None:
            self.tell(task.event("finished"))
            self.board.finished(task.key)
        else:
            self._give_up(task, record)
        return None

    def _mend(self, killed: list[Task]) -> None:
        """Replaces the executor, which broke when a worker was killed, and tries the tasks again."""
        self.lane.renew()
        ended = [future for future in self.flying if future.done()]
        killed += [task for future in ended if (task := self._settle(future)) is not None]
        if len(killed) == 1:
            key = killed[0].key
            self.kills[key] = self.kills.get(key, 0) + 1
        for task in killed:
            if self.kills.get(task.key, 0) < TRIES:
                self.suspects.append(task)
            else:
                self._give_up(task, task.broken(_killed(task)))

    def _pause(self, task: Task, cause: str) -> None:
        self.paused.append(broken(task.cell, cause, paused=True))
        self.tell(task.event("paused", cause=cause))
        for waiting in self.board.lost(task.key):
            self._pause(waiting, "not begun: the training it needs is not finished")

    def _give_up(self, task: Task, record: BrokenRecord) -> None:
        self.store.save(record)
        self.broken.append(record)
        self.tell(task.event("broken", cause=record.cause))
        for waiting in self.board.lost(task.key):
            cause = f"not {DONE[waiting.kind]}, because its training broke: {record.cause}"
            if task.kind == "judging":
                cause = record.cause  # of its twin
            self._give_up(waiting, waiting.broken(cause))
