"""Engines in several processes, as one process of Python keeps no more than one core busy.

The first is in this process. Further ones are started while there is more to do than it can. Each has its
share of what may run at a time. One that dies takes nothing else with it.
"""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Protocol

from rightstate_cli.executions.executions import Execution, Start

_WORTH_A_PROCESS = 4
"""Executions at a time. They wait for AWS most of the time, so that fewer keep no core busy."""
_SECONDS_BETWEEN_LOOKS = 0.2
"""At what the user wants."""
_processes = get_context("spawn")


class Engine(Protocol):
    """What runs executions, as `embedded.engine` does."""

    def run(self, starts: Iterator[Start], at_once: Callable[[], int], keep: bool) -> Iterator[Execution]: ...


Making = Callable[[Any], AbstractContextManager[Engine]]
"""Makes an engine, given an event: once that is set, its executions wait for nothing any more. It is pickled
for another process."""


@dataclass(frozen=True)
class _Done:
    """An engine has nothing to do any more, or has failed."""

    error: BaseException | None = None


class Engines:
    """Runs executions, `at_once` at a time over all processes.

    Once `stop` is set, no execution waits any more. What is yet to be started has to end by itself then.
    `in_work` are the resources of the executions that have not ended.
    """

    def __init__(self, make: Making, at_once: int, stop: Event, cores: int | None = None) -> None:
        self._make = make
        self._at_once = at_once
        self._stop = stop
        self._most = max(1, min(cores or _cores(), at_once // _WORTH_A_PROCESS))
        self._taking = Lock()
        self._ended: SimpleQueue[Execution | _Done] = SimpleQueue()
        self._left_here, self._left_there = Event(), _processes.Event()
        self._others = 0
        self._closed = False
        self.in_work: set[str] = set()

    def run(self, starts: Generator[Start, None, None]) -> Iterator[Execution]:
        """Start the executions, and give each back as soon as it has ended. For none no engine is made.

        What is left of `starts` when this is left is not started.
        """
        self._starts = starts
        self._first = next(starts, None)
        if self._first is None:
            return
        engines, finished, count = 1, 0, 0
        with ExitStack() as stack:
            stack.callback(self._close)
            engine = stack.enter_context(self._make(self._left_here))
            _thread(self._run_here, engine)
            while finished < engines:
                if self._stop.is_set():
                    self._left_here.set()
                    self._left_there.set()
                try:
                    each = self._ended.get(timeout=_SECONDS_BETWEEN_LOOKS)
                except Empty:
                    continue
                if isinstance(each, _Done):
                    finished += 1
                    if each.error:
                        raise each.error
                    continue
                count += 1
                self.in_work.discard(each.resource)
                # For a few executions it would not be worth its start. None is started once one has run dry.
                if engines < self._most and count >= engines * self._at_once and not finished:
                    engines += 1
                    self._others += 1
                    stack.callback(self._start_another())
                yield each

    def _close(self) -> None:
        self._closed = True
        # Else another thread is about to take one, and closes it then.
        if self._taking.acquire(blocking=False):
            self._starts.close()
            self._taking.release()

    def _take(self) -> Start | None:
        with self._taking:
            start, self._first = self._first, None
            start = start or next(self._starts, None)
            if self._closed:
                self._starts.close()
                return None
        if start:
            self.in_work.add(start.input["resource"])
        return start

    @property
    def _share(self) -> int:
        """Executions at a time of another process; this one has the rest."""
        return self._at_once // self._most

    def _run_here(self, engine: Engine) -> None:
        try:
            starts = iter(self._take, None)
            for each in engine.run(starts, lambda: self._at_once - self._others * self._share, keep=False):
                self._ended.put(each)
        except BaseException as error:
            self._ended.put(_Done(error))
        else:
            self._ended.put(_Done())

    def _start_another(self) -> Callable[[], None]:
        """Start a process that runs executions; what ends it, if it has not ended."""
        ours, theirs = _processes.Pipe()
        process = _processes.Process(
            target=_serve, args=(self._make, self._share, theirs, self._left_there), daemon=True
        )
        process.start()
        theirs.close()
        _thread(self._run_there, process, ours)
        return process.terminate

    def _run_there(self, process: Any, connection: Connection) -> None:
        """Hand executions to another process, and take them back."""
        running: dict[str, Start] = {}
        # It closes its end when it has ended.
        with suppress(EOFError, OSError):
            while True:
                told = connection.recv()
                if isinstance(told, Execution):
                    running.pop(told.resource, None)
                    self._ended.put(told)
                    continue
                try:
                    start = self._take()
                except BaseException as error:
                    self._ended.put(_Done(error))
                    return
                if start:
                    running[start.input["resource"]] = start
                connection.send(start)
        process.join()
        for start in running.values():
            self._ended.put(_lost(start, process.exitcode))
        self._ended.put(_Done())


def _serve(make: Making, at_once: int, connection: Connection, left: Any) -> None:
    """What another process does: run what it is given until it is given nothing any more."""
    # A terminal sends it to every process. The one that the user started says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def starts() -> Iterator[Start]:
        # The user's process may have been killed. What runs here comes to its end all the same.
        with suppress(EOFError, OSError):
            connection.send(None)
            while (start := connection.recv()) is not None:
                yield start
                connection.send(None)

    with make(left) as engine:
        for each in engine.run(starts(), lambda: at_once, keep=False):
            with suppress(OSError):
                connection.send(each)


def _lost(start: Start, code: int | None) -> Execution:
    about = {key: start.input[key] for key in ("account", "region", "resource")}
    return Execution(
        name="",
        resource_type=start.resource_type,
        status="ABORTED",
        outcome="failed",
        reason=f"The process that ran its execution died (exit code {code}). Whether the resource was "
        "changed is not known. Run the same command again: it changes only what is not right yet.",
        started_at=datetime.now(UTC),
        seconds=0,
        **about,
    )


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _thread(target: Callable[..., None], *given: Any) -> None:
    Thread(target=target, args=given, daemon=True).start()
