"""The executions that run on a ledger, in whichever process, and those that a process has left behind.

An execution writes its entry when it ends. One whose process was killed has none; what is noted of it here
when it starts is enough to write one later. A process that runs executions holds the lock of a file. The
operating system gives it back when the process ends, however that ends (flock(2)).
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from rightstate.errors import RightstateError
from rightstate.storage.table import Item, Table
from rightstate.storage.tables import GUARDS, LEDGER
from rightstate_cli.embedded.storage import SQLiteStorage
from rightstate_cli.embedded.watch import Watch
from rightstate_cli.executions.executions import RUNNING, Execution, glance

_ID = "running"
"""The partition of the guards table that has them; the others are resources, requests and limits."""
_until_the_process_ends: list[TextIO] = []


class Running:
    """What runs on the ledger of that storage. The files that are locked are in a folder beside it."""

    def __init__(self, storage: SQLiteStorage) -> None:
        self._guards = storage(GUARDS)
        self._ledger = storage(LEDGER)
        self._folder = storage.path.with_name(f"{storage.path.name}-running")

    def executions(self) -> list[Execution]:
        """Those that have started and not ended."""
        return [_glance(item) for item in self._guards.query(_ID)]

    @contextmanager
    def here(self) -> Iterator["Here"]:
        """While it lasts, the executions that the watch hears of run in this process."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        process = uuid4().hex
        file = self._folder / process
        held = file.open("x")
        fcntl.flock(held, fcntl.LOCK_EX)
        watch = Here(self._guards, self._ledger, process)
        try:
            yield watch
        finally:
            if watch.left:
                # A thread that was given up may still write.
                _until_the_process_ends.append(held)
            else:
                file.unlink()
                held.close()

    @contextmanager
    def left_behind(self) -> Iterator[list[Item]]:
        """The executions whose process is gone. Nobody else is given them while the context lasts, and
        when it is left without an error they are forgotten."""
        items = list(self._guards.query(_ID))
        gone: list[Item] = []
        locked: list[tuple[Path, TextIO]] = []
        try:
            for process in {item["process"] for item in items}:
                file = self._folder / process
                held = file.open("a")
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held.close()
                    continue
                locked.append((file, held))
                gone += (item for item in items if item["process"] == process)
            yield gone
            for item in gone:
                self._guards.delete({"id": _ID, "what": item["what"]})
            for file, _ in locked:
                file.unlink(missing_ok=True)
        finally:
            for _, held in locked:
                held.close()


class Here(Watch):
    """Notes what starts and ends in one process. `left` says that one has ended without an entry."""

    def __init__(self, guards: Table, ledger: Table, process: str) -> None:
        self._guards = guards
        self._ledger = ledger
        self._process = process
        self.left = False

    def started(self, execution: Mapping[str, Any]) -> None:
        """An execution, as DescribeExecution answers it, is about to begin."""
        self._guards.put(
            {
                "id": _ID,
                "what": execution["executionArn"],
                "process": self._process,
                "machine": execution["stateMachineArn"],
                "started": execution["startDate"],
                "input": execution["input"],
            }
        )

    def ended(self, execution: Mapping[str, Any]) -> None:
        """It has ended. One that has no entry is left, to be given one when its process cannot write any
        more."""
        arn = execution["executionArn"]
        try:
            if next(self._ledger.query(arn, "execution"), None):
                self._guards.delete({"id": _ID, "what": arn})
                return
        except RightstateError:
            # Who waits for its end has to be told of it all the same.
            pass
        self.left = True


def _glance(item: Item) -> Execution:
    described = {
        "executionArn": item["what"],
        "name": item["what"].rpartition(":")[2],
        "status": RUNNING,
        "startDate": datetime.fromisoformat(item["started"]),
        "input": item["input"],
    }
    return glance(described, type_of(item["machine"]))


def type_of(machine: str) -> str:
    """The resource type of a state machine's ARN; its name is that of the stack and of the type."""
    return machine.rpartition(":")[2].partition("-")[2]
