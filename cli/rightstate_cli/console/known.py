"""What is known of the workspace, read in the background and kept until it is old.

A page waits for a moment. If reading takes longer it shows what was known before, and says of when. What was
changed in this console itself is shown at once: settings, exemptions, halts and requests are read apart.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Condition, Thread

from rightstate.errors import RightstateError
from rightstate.executions.step import defect
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.report import standing
from rightstate_cli.report.standing import Standing

PATIENCE = 0.5
"""Seconds that a page waits for a reading."""
_FRESH_HERE, _FRESH_THERE = 2.0, 60.0
"""Seconds for which a reading of this machine, or of a hub, is not old. A hub charges for each."""
_FRESH_ERROR = 5.0
"""Seconds for which an error is shown before reading is tried again. The page that waits is loaded anew to
show it, so the error has to outlast that."""
_TIMES_AS_LONG = 10
"""A reading that took long is kept longer."""


class Known:
    """The latest reading. Threads may share it."""

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace
        self._condition = Condition()
        self._reading = False
        self._again = False
        self._latest: Standing | None = None
        self._error: RightstateError | None = None
        self._due = 0.0
        self._changes, self._shown = 0, 0
        """How many changes there were, and how many of them the latest reading shows."""
        self.read = 0

    def standing(self, patience: float = PATIENCE) -> Standing | None:
        """The latest reading, a new one if that takes no longer than `patience` seconds. None if there is
        none yet. Raises what the latest reading raised, until the next one begins."""
        with self._condition:
            if time.monotonic() >= self._due:
                self._begin()
            self._condition.wait_for(lambda: not self._reading, patience)
            if self._error and not self._reading:
                raise self._error
            before, changes = self._latest, self._changes
            if before is None or changes == self._shown:
                return before
        return self._with_changes(before, changes)

    @property
    def latest(self) -> Standing | None:
        """The latest reading, however old."""
        return self._latest

    def change(self) -> None:
        """Something was changed, so what is known is old."""
        with self._condition:
            self._due = 0.0
            self._again = self._reading
            self._changes += 1

    @property
    def reading(self) -> bool:
        """Whether a reading is under way."""
        return self._reading

    def _with_changes(self, before: Standing, changes: int) -> Standing:
        try:
            found = standing.changed(self._workspace(), before, datetime.now(UTC))
        except RightstateError:
            # The reading meets it too, and says it.
            return before
        with self._condition:
            if self._latest is before:
                self._latest, self._shown = found, changes
        return found

    def _begin(self) -> None:
        if not self._reading:
            self._reading, self.read = True, 0
            Thread(target=self._read, name="console reading", daemon=True).start()

    def _read(self) -> None:
        while True:
            found, error, fresh = self._found()
            with self._condition:
                if self._again:
                    # It was changed meanwhile, perhaps behind what was read already.
                    self._again = False
                    continue
                self._latest, self._error = found or self._latest, error
                self._reading, self._due = False, time.monotonic() + fresh
                if found:
                    self._shown = self._changes
                self._condition.notify_all()
                return

    def _found(self) -> tuple[Standing | None, RightstateError | None, float]:
        begun = time.monotonic()
        try:
            workspace = self._workspace()
            found = standing.read(workspace, datetime.now(UTC), self._progressed)
        except RightstateError as error:
            return None, error, _FRESH_ERROR
        except Exception as error:
            return None, defect(error), _FRESH_ERROR
        fresh = _FRESH_THERE if workspace.hub else _FRESH_HERE
        return found, None, max(fresh, _TIMES_AS_LONG * (time.monotonic() - begun))

    def _progressed(self, done: int) -> None:
        self.read = done
