"""ministack, as a process of its own on the loopback interface."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from botocore.config import Config

from tests.support.server import REGION

ACCOUNT = "111122223333"
"""The hub's account, which is also one that it remediates."""
WAIT_SCALE = "0.01"
"""So much of a retry's wait passes."""
CREDENTIALS = {
    # ministack takes an access key of twelve digits for the account.
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": REGION,
}
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, read_timeout=60)
_PROJECT = Path(__file__).parents[2]


@contextmanager
def running(port: int, **environment: str) -> Iterator[str]:
    """Its endpoint, while it runs. The functions that are deployed into it inherit the environment."""
    with tempfile.TemporaryDirectory(prefix="rightstate-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "log")
        with log.open("w") as written:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.ministack_gaps"],
                cwd=_PROJECT,
                env={
                    **plain(os.environ),
                    **CREDENTIALS,
                    "HOME": folder,
                    "TMPDIR": folder,
                    "MINISTACK_ACCOUNT_ID": ACCOUNT,
                    "GATEWAY_PORT": str(port),
                    # Without these two it would listen on every interface.
                    "BIND_HOST": "127.0.0.1",
                    "IOT_MTLS_ENABLED": "0",
                    "SFN_WAIT_SCALE": WAIT_SCALE,
                    **environment,
                },
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        try:
            _await(port, process, log)
            yield endpoint(port)
        finally:
            # Not asked to end, which takes it seconds; its functions end with it.
            process.kill()
            process.wait()


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"ministack did not start:\n{log.read_text()}")


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Without anything that is meant for another AWS."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "SAM_"))}
