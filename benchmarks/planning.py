"""Reading for a plan, side by side and one by one, from a server that takes its time to answer."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.server import DomainDispatcherApplication, create_backend_app
from tests.support.server import OWN, Server
from werkzeug.serving import run_simple

from rightstate import sessions
from rightstate_cli import moto_gaps, planning
from rightstate_cli.targets import Wanted, named_accounts, targets

ANSWERS_AFTER = 0.05
ACCOUNTS = (OWN, "444455556666", "777788889999")


def measure(size: int) -> dict[str, Any]:
    """Seconds for a plan of so many queues in three accounts, side by side and one by one."""
    with slow_server(ANSWERS_AFTER) as endpoint:
        server = Server(endpoint)
        with patch.dict(os.environ, server.environment):
            for account in ACCOUNTS:
                sqs = server.session(account).client("sqs")
                for number in range(size // len(ACCOUNTS)):
                    sqs.create_queue(QueueName=f"planned-{number}")
            parallel = _seconds(planning.READERS)
            one_by_one = _seconds(1)
    return {
        "resources": size // len(ACCOUNTS) * len(ACCOUNTS),
        "accounts": len(ACCOUNTS),
        "parallel": parallel,
        "one_by_one": one_by_one,
        "ratio": one_by_one / parallel,
    }


def _seconds(readers: int) -> float:
    sessions._forget()
    chosen = targets(named_accounts(Wanted(accounts=ACCOUNTS, types=("sqs-queue",))))
    begun = time.perf_counter()
    with patch.object(planning, "READERS", readers):
        found = list(planning.plan(chosen, lambda done, found: None))
    seconds = time.perf_counter() - begun
    unread = [each for each in found if not isinstance(each, planning.Item) or not each.decision]
    if unread:
        raise RuntimeError(f"Not read: {unread[0]}")
    return seconds


@contextmanager
def slow_server(seconds: float) -> Iterator[str]:
    """One that takes so long to answer, in a process of its own: the plan has its processor to itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - this file
        [sys.executable, "-m", "benchmarks.planning", str(port), str(seconds)], stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _serve(port: int, seconds: float) -> None:
    app = DomainDispatcherApplication(create_backend_app)

    def slow(environ: Any, start_response: Any) -> Any:
        time.sleep(seconds)
        return app(environ, start_response)

    with moto_gaps.fill():
        run_simple("127.0.0.1", port, slow, threaded=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
