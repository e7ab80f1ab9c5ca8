"""Long work in the background: its progress, what it said, its result or error.

It belongs to the console and not to a request, so a page that is reloaded finds it again.
"""

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from threading import Event, Lock, Thread
from typing import Any

from rightstate.errors import RightstateError
from rightstate.executions.step import defect

KEPT = 50
"""How much finished work is kept. The result of a large plan takes megabytes."""
_SAID = 200
_RECENT = 8


class State(StrEnum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Work:
    """One piece of work. `kind` says which page shows its result, `about` is what that page was asked for.

    `total` is None while it is unknown. `stop` asks it to end early.
    """

    id: str
    kind: str
    title: str
    command: str
    about: Any = None
    state: State = State.RUNNING
    done: int = 0
    total: int | None = None
    now: str = ""
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    said: list[str] = field(default_factory=list)
    result: Any = None
    error: RightstateError | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    stop: Event = field(default_factory=Event)

    def progressed(self, done: int, total: int | None = None, now: str = "") -> None:
        """Note how far it is."""
        self.done, self.total = done, total
        if now:
            self.now = now
            self.recent.append(now)

    def say(self, sentence: str) -> None:
        """Note a sentence for the user."""
        if len(self.said) < _SAID:
            self.said.append(sentence)

    def at_this_moment(self) -> "Work":
        """As it is now, for a page: it may end or go on while the page is made."""
        # `state` is read before what is written before it.
        return replace(self, recent=self.recent.copy(), said=self.said.copy())

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    @property
    def seconds(self) -> float:
        return ((self.ended or datetime.now(UTC)) - self.started).total_seconds()


class Works:
    """What was begun, the newest last. Of finished work the newest is kept; `gone` counts what is not."""

    def __init__(self, ended: Callable[[], None] = lambda: None) -> None:
        self.gone = 0
        self._all: dict[str, Work] = {}
        self._lock = Lock()
        self._ended = ended

    def begin(
        self, kind: str, title: str, command: str, run: Callable[[Work], Any], about: Any = None
    ) -> Work:
        """Run it in a thread. What it returns is its result; what it raises is its error."""
        work = Work(secrets.token_hex(4), kind, title, command, about)
        with self._lock:
            self._all[work.id] = work
            finished = [each for each in self._all.values() if not each.running]
            for each in finished[: max(0, len(finished) - KEPT)]:
                del self._all[each.id]
                self.gone += 1
        Thread(target=self._run, args=(work, run), name=f"console {kind}", daemon=True).start()
        return work

    def _run(self, work: Work, run: Callable[[Work], Any]) -> None:
        try:
            work.result = run(work)
        except RightstateError as error:
            work.error = error
        except BaseException as error:  # also KeyboardInterrupt, with which an aborted run ends
            work.error = defect(error) if isinstance(error, Exception) else RightstateError(str(error))
        work.ended = datetime.now(UTC)
        self._ended()
        work.state = State.FAILED if work.error else State.DONE

    def find(self, id: str) -> Work | None:
        """The work of that id, None if it is no longer kept."""
        return self._all.get(id)

    @property
    def all(self) -> Sequence[Work]:
        """The newest first."""
        return list(reversed(self._all.values()))

    @property
    def running(self) -> Sequence[Work]:
        return [each for each in self.all if each.running]

    def stop(self) -> None:
        """Ask all that runs to end early."""
        for each in self.running:
            each.stop.set()
