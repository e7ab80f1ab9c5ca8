"""Serve the console on the loopback interface until it is stopped."""

import socket
import time
import webbrowser
from dataclasses import dataclass, field
from threading import Thread

import uvicorn

from rightstate.errors import InvalidInput
from rightstate_cli.console.access import HOST, Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named

_SECONDS_TO_END = 3
_SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Served:
    """A console whose port is taken, and that is ready to run."""

    access: Access
    console: Console
    listening: socket.socket
    _servers: list[uvicorn.Server] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Whose workspace it is."""
        return self.console.workspace.title

    def run(self, open_browser: bool) -> None:
        """Serve until Ctrl-C or `stop`. Work that runs is asked to end, and waited for."""
        config = uvicorn.Config(
            application(self.access, self.console),
            # A log would have the ticket of the start address.
            access_log=False,
            log_level="error",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_END,
            ws="none",
            # Behind nobody: no header says who asks.
            proxy_headers=False,
        )
        if open_browser:
            Thread(target=webbrowser.open, args=(self.access.address,), daemon=True).start()
        self.console.known.standing(patience=0)
        server = uvicorn.Server(config)
        self._servers.append(server)
        try:
            server.run(sockets=[self.listening])
        finally:
            self.listening.close()
            self.console.works.stop()
            while self.console.works.running:
                time.sleep(_SECONDS_BETWEEN_LOOKS)

    def stop(self) -> None:
        """End `run`, from another thread."""
        for each in self._servers:
            each.should_exit = True


def prepare(named: Named, port: int, read_only: bool) -> Served:
    """Take the port and find the workspace. Raises InvalidInput, Denied, Unavailable."""
    console = Console(named, read_only)
    console.workspace  # noqa: B018 - an error in the terminal is better than one in the browser
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"Port {port} cannot be used: {error.strerror}. Perhaps another console runs there. Give another "
            "port with --port, or --port 0 for any that is free."
        ) from None
    return Served(Access(listening.getsockname()[1], read_only), console, listening)
