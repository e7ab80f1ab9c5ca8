"""`rightstate remediate` that is interrupted or killed: nothing is lost, and nothing is written twice."""

import json
import os
import signal
import subprocess
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import pytest

from tests.cli.commands.conftest import REGION, Cli, Server

# Each test has an account of its own, so that none finds what another has left.
QUEUES = 40
WRITE = "sqs:SetQueueAttributes"


@pytest.fixture
def account(request: pytest.FixtureRequest, server: Server) -> str:
    """An account with queues that are not encrypted."""
    made = f"{crc32(request.node.name.encode()):012}"
    sqs = server.session(made).client("sqs")
    for number in range(QUEUES):
        sqs.create_queue(QueueName=f"queue-{number:02}", Attributes={"SqsManagedSseEnabled": "false"})
    server.calls.clear()
    return made


def encrypted(server: Server, account: str) -> set[str]:
    sqs = server.session(account).client("sqs")
    found = set()
    for url in sqs.list_queues()["QueueUrls"]:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["SqsManagedSseEnabled"])
        if answer["Attributes"]["SqsManagedSseEnabled"] == "true":
            found.add(url.rpartition("/")[2])
    return found


def options(account: str) -> Sequence[str]:
    return ("remediate", "--yes", "--account", account, "--type", "sqs-queue", "--format", "json")


@pytest.fixture
def begun(server: Server, account: str, ledger: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command, in the middle of its work."""
    command = [Path(sysconfig.get_path("scripts")) / "rightstate", *options(account)]
    environment = {**os.environ, **server.environment, "HOME": str(tmp_path), "AWS_DEFAULT_REGION": REGION}
    environment["RIGHTSTATE_LEDGER"] = str(ledger)
    with subprocess.Popen(  # noqa: S603 - the console script
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        ends = time.monotonic() + 60
        while server.calls.count(WRITE) < QUEUES // 4:
            assert process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.01)
        yield process
        process.kill()


def test_the_first_ctrl_c_lets_end_what_runs_and_starts_no_more(
    server: Server, account: str, begun: "subprocess.Popen[str]"
) -> None:
    begun.send_signal(signal.SIGINT)
    out, err = begun.communicate(timeout=60)
    ended = json.loads(out)
    assert {each["outcome"] for each in ended} == {"remediated"}
    assert {each["resource"] for each in ended} == encrypted(server, account)
    assert len(ended) < QUEUES
    assert "Stopped as you asked" in err
    assert begun.returncode == 2


def changed(cli: Cli) -> Counter[str]:
    """How many entries of the ledger have changes, by resource."""
    ran = cli("history", "--limit", "1000", "--format", "json")
    assert not [each for each in ran.json if each["outcome"] == "running"]
    return Counter(each["resource"] for each in ran.json if each["changes"])


def test_after_a_kill_the_same_command_does_the_rest_and_writes_nothing_twice(
    server: Server, account: str, begun: "subprocess.Popen[str]", cli: Cli
) -> None:
    begun.kill()
    begun.wait(timeout=60)
    # What has reached the server by then is answered.
    time.sleep(1)
    before = encrypted(server, account)
    assert 0 < len(before) < QUEUES
    assert server.calls.count(WRITE) == len(before)
    # What was changed has an entry, and also what only may have been.
    assert before <= changed(cli).keys()
    ran = cli(*options(account))
    assert ran.code == 0
    outcomes = {each["resource"]: each["outcome"] for each in ran.json}
    assert {name for name, outcome in outcomes.items() if outcome == "compliant"} == before
    assert {name for name, outcome in outcomes.items() if outcome == "remediated"} == set(outcomes) - before
    assert len(outcomes) == QUEUES == len(encrypted(server, account))
    assert server.calls.count(WRITE) == QUEUES
    assert changed(cli).keys() == set(outcomes)
    # Twice at most where it was killed after it had noted what it was about to change, and before it did.
    twice = {name for name, count in changed(cli).items() if count > 1}
    assert not twice & before


def test_two_at_once_on_one_ledger_change_each_resource_once_and_keep_all_that_they_did(
    server: Server, account: str, begun: "subprocess.Popen[str]", cli: Cli
) -> None:
    ran = cli(*options(account))
    out, _ = begun.communicate(timeout=60)
    first = {each["resource"]: each["outcome"] for each in json.loads(out)}
    second = {each["resource"]: each["outcome"] for each in ran.json}
    assert (ran.code, begun.returncode, len(first), len(second)) == (0, 0, QUEUES, QUEUES)
    assert server.calls.count(WRITE) == QUEUES == len(encrypted(server, account))
    assert changed(cli) == Counter(dict.fromkeys(first, 1))
