"""Where cells run: in this process, in processes of their own, or in the caller's Executor."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from typing import Any, ParamSpec, Protocol, TypeVar

from reportgen.errors import UsageError
from reportgen.execution.event import Event, Listener
from reportgen.execution.worker import listen
from reportgen.memory import keep_freed_memory

SINGLE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Sums differ with the number of threads, so every worker has one."""

LEFT_TO_THE_PARENT = (signal.SIGINT, signal.SIGHUP)
"""Signals that reach every process of a terminal."""

P = ParamSpec("P")
T = TypeVar("T")


class Lane(Protocol):
    """An executor that can be replaced and stopped at once."""

    jobs: int
    """Most cells in flight."""

    @property
    def executor(self) -> Executor: ...

    def renew(self) -> None:
        """Replaces a broken executor by a new one."""

    def close(self, at_once: bool) -> None:
        """Ends the executor; if `at_once`, without waiting for what is running."""


class SerialExecutor(Executor):
    """Runs each call when it is submitted, in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Returns a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class SerialLane:
    """One cell after another in this process."""

    def __init__(self, jobs: int, listener: Listener) -> None:
        self.jobs = 1
        self.executor: Executor = SerialExecutor()
        listen(listener)

    def renew(self) -> None:
        """Nothing to do: what breaks here takes this process with it."""

    def close(self, at_once: bool) -> None:
        """Stops listening."""
        listen(None)


class Workers(ProcessPoolExecutor):
    """Processes that ignore Ctrl-C and SIGHUP from the start: Python would print tracebacks as it loads."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submits with these signals blocked, which the new process inherits; they are handled afterwards."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, LEFT_TO_THE_PARENT)
        try:
            with _allowed():
                return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class ProcessLane:
    """Spawned processes that end with this one, however it ends.

    Each worker waits at the far end of a pipe; when the near end is closed, or
    this process is gone, the worker exits at once. Cells are written whole or
    not at all, so no file is left half written.
    """

    def __init__(self, jobs: int, listener: Listener) -> None:
        self.jobs = jobs
        self.listener = listener
        self._start()

    def _start(self) -> None:
        _start_tracker()
        context = multiprocessing.get_context("spawn")
        far, self._near = context.Pipe(duplex=False)
        with _allowed():
            self._news: Queue[Event | None] = context.Queue()
            self.executor: Executor = Workers(
                self.jobs, mp_context=context, initializer=_begin, initargs=(far, self._news)
            )
        self._far = far
        self._reader = threading.Thread(target=_pass_on, args=(self._news, self.listener), daemon=True)
        self._reader.start()

    def renew(self) -> None:
        """Starts new processes and a new queue: a killed process may have held the old queue's lock."""
        self.close(at_once=True)
        self._start()

    def close(self, at_once: bool) -> None:
        """Ends the processes."""
        if at_once:
            self._near.close()
        self.executor.shutdown(wait=True, cancel_futures=True)
        self._near.close()
        self._far.close()
        self._end_news()

    def _end_news(self) -> None:
        """Lets the queue's threads end before this process does, unless a killed worker holds its lock."""
        self._news.put(None)
        self._reader.join(timeout=1.0)
        if self._reader.is_alive():
            self._news.cancel_join_thread()
        else:
            self._news.close()
            self._news.join_thread()


class BorrowedLane:
    """An executor of the caller's; it is neither replaced nor shut down here."""

    def __init__(self, executor: Executor, jobs: int) -> None:
        self.jobs = jobs
        self.executor = executor

    def renew(self) -> None:
        """Nothing to do: repairing it is up to the caller."""

    def close(self, at_once: bool) -> None:
        """Leaves it open."""


EXECUTORS: dict[str, Callable[[int, Listener], Lane]] = {
    "serial": SerialLane,
    "processes": ProcessLane,
}
"""Name on the command line → lane."""


@contextmanager
def _allowed() -> Iterator[None]:
    """Raises UsageError if the system lets no process start (no /dev/shm, current folder removed)."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):  # too many open files, which has another remedy
            raise
        try:
            os.getcwd()
        except FileNotFoundError:
            raise UsageError("the current folder was removed. Run from another.") from None
        raise UsageError(
            f"--executor processes: no process can be started ({error.strerror}). Use --executor serial."
        ) from error


@contextmanager
def single_threaded_children() -> Iterator[None]:
    """Processes that are started inside have one thread in every BLAS."""
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(dict.fromkeys(SINGLE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start_tracker() -> None:
    """Starts Python's resource tracker so that it ignores a closing terminal: it ends with this process.

    If it ended before, Python would start another, which lacks what this one knew and prints tracebacks.
    """
    try:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    except ValueError:  # only a main thread may set handlers
        return
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


def _begin(far: Connection, news: Queue[Event | None]) -> None:
    """Set up a worker: leave Ctrl-C and SIGHUP to the parent, end with it, keep memory, send events."""
    for number in LEFT_TO_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LEFT_TO_THE_PARENT)
    threading.Thread(target=_end_with_parent, args=(far,), daemon=True).start()
    keep_freed_memory()
    news.cancel_join_thread()
    listen(news.put)


def _end_with_parent(far: Connection) -> None:
    with suppress(EOFError, OSError):
        far.recv()
    os._exit(1)


def _pass_on(news: Queue[Event | None], listener: Listener) -> None:
    while True:
        try:
            event = news.get()
        except (EOFError, OSError, ValueError):
            return
        if event is None:
            return
        listener(event)
