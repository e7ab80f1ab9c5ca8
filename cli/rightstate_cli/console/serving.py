"""Serve the console on the loopback interface until it is stopped."""

import socket
import time
import webbrowser
from dataclasses import dataclass
from signal import SIGTERM, signal
from threading import Thread, current_thread, main_thread
from types import FrameType

import uvicorn

from rightstate.errors import InvalidInput
from rightstate_cli.console.access import HOST, Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from rightstate_cli.console.start_file import StartFile

_SECONDS_TO_END = 3
_SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Served:
    """A console whose port is taken, and that is ready to run."""

    access: Access
    console: Console
    listening: socket.socket
    server: uvicorn.Server

    @property
    def title(self) -> str:
        """Whose workspace it is."""
        return self.console.workspace.title

    def run(self, open_browser: bool) -> None:
        """Serve until Ctrl-C or `stop`. Work that runs is asked to end, and waited for."""
        file = StartFile(self.access.address) if open_browser else None
        if file:
            self.access.when_used = file.remove
            # Some browsers end this call when they are closed.
            Thread(target=webbrowser.open, args=(file.uri,), daemon=True).start()
        self.console.known.standing(patience=0)
        if current_thread() is main_thread():
            # uvicorn ends in order, and then raises the signal once more.
            signal(SIGTERM, _interrupt)
        try:
            self.server.run(sockets=[self.listening])
        finally:
            self.listening.close()
            if file:
                file.remove()
            self.console.works.stop()
            while self.console.works.running:
                time.sleep(_SECONDS_BETWEEN_LOOKS)

    def stop(self) -> None:
        """End `run`, from another thread."""
        self.server.should_exit = True


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def prepare(named: Named, port: int, read_only: bool) -> Served:
    """Take the port and find the workspace. Raises InvalidInput, Denied, Unavailable."""
    console = Console(named, read_only)
    console.workspace  # noqa: B018 - an error in the terminal is better than one in the browser
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        # The browser may be faster than the server.
        listening.listen()
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"Port {port} cannot be used: {error.strerror}. Perhaps another console runs there. Give another "
            "port with --port, or --port 0 for any that is free."
        ) from None
    access = Access(listening.getsockname()[1], read_only)
    config = uvicorn.Config(
        application(access, console),
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
    return Served(access, console, listening, uvicorn.Server(config))
