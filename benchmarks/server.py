"""A moto server in a process of its own, which answers after a given time and counts its calls.

What is measured beside it has another process, so that the server's work is not taken for its own.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from rightstate_cli.simulation import moto_gaps

_ADMINISTRATION = "/benchmark/"


@dataclass(frozen=True)
class Worked:
    """What the server did since it was asked last: calls answered, and seconds of the processor."""

    calls: int
    processor: float


@dataclass(frozen=True)
class SlowServer:
    """The server's address, and how it is told what to do."""

    endpoint: str

    def answer_after(self, milliseconds: int) -> Worked:
        """Answer after that time from now on."""
        with urlopen(f"{self.endpoint}{_ADMINISTRATION}{milliseconds}") as answer:  # noqa: S310 - ours
            calls, processor = answer.read().split()
        return Worked(int(calls), float(processor))

    def reset(self) -> None:
        """Have nothing in any account any more."""
        urlopen(Request(f"{self.endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - ours


@contextmanager
def running(module: str = "benchmarks.server", *arguments: str) -> Iterator[SlowServer]:
    """A server that answers at once, while it lasts. The module, given a port and the arguments, serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", module, "--serve", str(port), *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        while True:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.1)
        yield SlowServer(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def serve(port: int) -> None:
    """Serve until the process is ended."""
    app = DomainDispatcherApplication(create_backend_app)
    known = {"milliseconds": 0, "calls": 0, "processor": 0.0}

    def counted(environ: Any, start_response: Any) -> Any:
        path = str(environ["PATH_INFO"])
        if path.startswith(_ADMINISTRATION):
            used = time.process_time()
            told = f"{known['calls']} {used - known['processor']}"
            known.update(milliseconds=int(path.removeprefix(_ADMINISTRATION)), calls=0, processor=used)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [told.encode()]
        known["calls"] += 1
        time.sleep(known["milliseconds"] / 1000)
        return app(environ, start_response)

    with moto_gaps.fill():
        run_simple("127.0.0.1", port, counted, threaded=True)


if __name__ == "__main__":
    serve(int(sys.argv[2]))
