"""A call that nobody answers ends before its function's time does, so that the function can say so."""

import socket
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from rightstate.aws import sessions
from rightstate.aws.errors import named_errors
from rightstate.errors import Unavailable
from tests.support.template import of_type

ROOM = 8
"""Seconds: to raise the error, and for what the function did before the call."""
ADDRESSES = 8
"""S3's names have so many; urllib3 connects to one after the other, each for connect_timeout."""


def longest_call(config: Config) -> float:
    """Seconds until botocore gives a call up: each try, and the longest waits between them, which are 1, 2, 4
    ... up to 20 seconds (botocore.retries.standard.ExponentialBackoff)."""
    tries: int = config.retries["total_max_attempts"]  # type: ignore[attr-defined]
    connect, read = config.connect_timeout, config.read_timeout  # type: ignore[attr-defined]
    waits = sum(min(2**number, 20) for number in range(tries - 1))
    return float(tries * max(connect + read, ADDRESSES * connect) + waits)


@pytest.mark.parametrize("name", sorted(of_type("AWS::Lambda::Function")))
def test_a_call_that_nobody_answers_fits_into_each_functions_time(name: str) -> None:
    timeout = of_type("AWS::Lambda::Function")[name]["Timeout"]
    assert longest_call(sessions.CONFIG) + ROOM <= timeout


def test_apply_can_note_what_it_has_written_even_if_two_calls_are_not_answered() -> None:
    """The call itself, and that which notes it in the guard."""
    timeout = of_type("AWS::Lambda::Function")["ApplyFunction"]["Timeout"]
    assert 2 * longest_call(sessions.CONFIG) + ROOM <= timeout


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_server_that_never_answers_is_unavailable_after_as_many_tries_as_are_counted(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sessions, "CONFIG", sessions.CONFIG.merge(Config(connect_timeout=1, read_timeout=0.05))
    )
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
    client = sessions._client(boto3.Session(**keys), "sqs", endpoint_url=endpoint)
    with pytest.raises(ReadTimeoutError):
        client.list_queues()
    with pytest.raises(Unavailable), named_errors():
        client.list_queues()
    silent.settimeout(0)
    taken = 0
    while True:
        try:
            silent.accept()[0].close()
        except BlockingIOError:
            break
        taken += 1
    assert taken == 2 * sessions.CONFIG.retries["total_max_attempts"]  # type: ignore[attr-defined]
