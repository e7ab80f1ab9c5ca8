"""One user's console: whose workspace it shows, what is known of it, and what was begun."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from rightstate.errors import InvalidInput
from rightstate_cli.console.known import Known
from rightstate_cli.console.work import Work, Works
from rightstate_cli.operations import workspace as workspaces
from rightstate_cli.operations.permissions import Permissions
from rightstate_cli.operations.workspace import Workspace

_SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Named:
    """The workspace that the command's options name."""

    deployed: bool = False
    stack: str | None = None
    hub_region: str | None = None
    ledger: Path | None = None

    @property
    def options(self) -> list[str]:
        """The options with which another command uses the same."""
        given = {"--stack": self.stack, "--hub-region": self.hub_region, "--ledger": self.ledger}
        named = [word for name, value in given.items() if value for word in (name, str(value))]
        return [*(["--deployed"] if self.deployed else []), *named]


class Console:
    """One user's console: the workspace, what is known of it, and what was begun."""

    def __init__(self, named: Named, read_only: bool = False) -> None:
        self.named = named
        self.read_only = read_only
        self.known = Known(lambda: self.workspace)
        self.works = Works(self.known.change)
        self.acting = Lock()
        """Held by what runs the embedded engine, of which a process has one."""
        self._chosen: Workspace | None = None
        self._permissions: Permissions | None = None
        self._lock = Lock()

    @contextmanager
    def alone(self, work: Work) -> Iterator[None]:
        """Run nothing else on this machine meanwhile. Waits for the run that is under way.

        Raises InvalidInput, and so begins nothing, if `work` is stopped before its turn.
        """
        ours = self.acting.acquire(blocking=False)
        if not ours:
            work.say("Another run is under way on this machine. This one begins when it has ended.")
        while not ours and not work.stop.is_set():
            ours = self.acting.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
        try:
            if work.stop.is_set():
                raise InvalidInput("You stopped it before it began. Nothing was changed.")
            yield
        finally:
            if ours:
                self.acting.release()

    @property
    def workspace(self) -> Workspace:
        """Raises InvalidInput, Denied, Unavailable."""
        with self._lock:
            if self._chosen is None:
                named = self.named
                self._chosen = workspaces.choose(named.deployed, named.stack, named.hub_region, named.ledger)
            return self._chosen

    @property
    def permissions(self) -> Permissions:
        """What the user may not do. Raises what `workspace` raises."""
        workspace = self.workspace
        with self._lock:
            if self._permissions is None or self._permissions.workspace is not workspace:
                self._permissions = Permissions(workspace)
            return self._permissions

    @property
    def found(self) -> Workspace | None:
        """The workspace, if it is known."""
        return self._chosen

    def forget(self) -> None:
        """Sign in anew with the next request, e.g. because the credentials have expired."""
        with self._lock:
            self._chosen = None
