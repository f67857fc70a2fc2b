"""Work done in forks of this process, which are gone when it is, however it ends.

Python's own pool will not do: where one of its workers is ended while it hands over a result, or its owner
is killed, somebody waits for ever.
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
"""Each reaches all processes of a terminal or a batch job; the first of them answers, and ends its forks."""


@contextmanager
def in_forks(works: Sequence[Work]) -> Iterator[list[Work]]:
    """Begins them, in order. For each what waits for its result, or raises its error.

    What is left undone, by a fork that is ended from outside or because none can be begun, is done here
    when it is asked for.
    """
    futures: list[Future[Any]] = [Future() for _ in works]
    forks: list[tuple[BaseProcess, Connection]] = []
    hearing = threading.Thread(target=_hear, args=(forks, futures), daemon=True)
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # until a fork has seen to them
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
        ):  # it was begun: the mask above is this thread's alone, another may be told
            hearing.join()
        for process, _ in forks:
            process.join()


def _begin(works: Sequence[Work], forks: list[tuple[BaseProcess, Connection]]) -> None:
    """As many as the system allows. Each writes to a pipe of its own, which no other leaves half written."""
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
    """In a fork: whatever is next, until nothing is left or nobody hears."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
    for near in copied:  # open here, it would be heard by somebody when nobody is left
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
    """Until every fork has ended; what none of them did is then known."""
    pipes = [near for _, near in forks]
    while pipes:
        for pipe in wait(pipes):
            assert isinstance(pipe, Connection)
            try:
                place, result, error = pipe.recv()
            except Exception:  # it is gone, or sends what cannot be read
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
