"""Runs work in forks of this process, which end with it, however it ends.

Python's own pool does not suffice: if one of its workers is killed while it hands over a result, or its
owner is killed, some process waits forever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

Work = Callable[[], Any]

FORKS = 2
ENDINGS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
"""Signals that reach all processes of a terminal or batch job; the parent handles them and ends its forks."""


@contextmanager
def in_forks(works: Sequence[Work]) -> Iterator[list[Work]]:
    """Starts the works in order; yields for each a function that waits for its result or raises its error.

    Work left undone, because a fork was killed or none could be started, is done in this process when its
    result is asked for.
    """
    futures: list[Future[Any]] = [Future() for _ in works]
    forks: list[tuple[BaseProcess, Connection]] = []
    hearing = threading.Thread(target=_hear, args=(forks, futures), daemon=True)
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # until each fork has set its handlers
        try:
            _begin(works, forks)
            hearing.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield [partial(_result, work, future) for work, future in zip(works, futures, strict=True)]
    except BaseException:
        for process, _ in forks:
            process.kill()
        raise
    finally:
        if (
            hearing.ident is not None
        ):  # it was started; the mask above is only this thread's, so a signal may have come before
            hearing.join()
        for process, _ in forks:
            process.join()


def _begin(works: Sequence[Work], forks: list[tuple[BaseProcess, Connection]]) -> None:
    """Starts as many forks as the system allows, each with its own pipe, which no other can garble."""
    context = multiprocessing.get_context("fork")
    with suppress(OSError):
        numbers, told = os.pipe()
        with open(numbers, "rb", buffering=0), open(told, "wb", buffering=0) as all_of_them:
            all_of_them.write(bytes(range(len(works))))
            all_of_them.close()
            for _ in range(FORKS):
                near, far = context.Pipe(duplex=False)
                earlier = [pipe for _, pipe in forks]
                process = context.Process(target=_serve, args=(works, numbers, far, [*earlier, near]))
                with far:
                    process.start()
                forks.append((process, near))


def _serve(works: Sequence[Work], numbers: int, far: Connection, copied: Sequence[Connection]) -> None:
    """Runs in a fork: does the next work until none is left or nobody listens."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
    for near in copied:  # kept open here, a pipe would seem to have a reader when the parent is gone
        near.close()
    with suppress(OSError):
        while next_one := os.read(numbers, 1):
            (place,) = next_one
            try:
                result, error = works[place](), None
            except Exception as raised:
                result, error = None, raised
            far.send((place, result, error))


def _hear(forks: Sequence[tuple[BaseProcess, Connection]], futures: Sequence[Future[Any]]) -> None:
    """Collects results until every fork has ended, then marks what none of them did."""
    pipes = [near for _, near in forks]
    while pipes:
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            try:
                place, result, error = pipe.recv()
            except Exception:  # the fork is gone, or sends what cannot be read
                pipe.close()
                pipes.remove(pipe)
                continue
            if error is None:
                futures[place].set_result(result)
            else:
                futures[place].set_exception(error)
    for future in futures:
        if not future.done():
            future.set_exception(BrokenExecutor())


def _result(work: Work, future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenExecutor:
        return work()
