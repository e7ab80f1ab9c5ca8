"""Executions that wait for an approval: `rightstate start` leaves them, `rightstate history` finds them."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.responses import DynamoHandler
from moto.stepfunctions.responses import StepFunctionResponse

from rightstate.clock import written
from rightstate.models.approval import Choice, Requested
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.states import death
from rightstate_cli.application import sam_template
from rightstate_cli.batches import dead_letters
from tests.cli.commands.conftest import OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine
from tests.support.waiting import eventually, guarding_as, request_of, started

POLICY = "sqs-server-side-encryption"
APPROVER = ("AROAEXAMPLEAPPROVER:bruno", "arn:aws:sts::123456789012:assumed-role/approver/bruno")
EVENT = {
    "id": "event-1",
    "name": "SetQueueAttributes",
    "time": "2026-11-23T09:07:49Z",
    "principal": f"arn:aws:sts::{OWN}:assumed-role/Developer/ana",
    "principal_id": "AROAEXAMPLEDEVELOPER:ana",
}


Asked = tuple[str, str, Requested]
"""A queue, the execution that an event about it has started, and its request."""


@pytest.fixture(scope="module", autouse=True)
def _approving(engine: Engine) -> None:
    engine.configure(Account(account=OWN, policies={POLICY: Enabled(mode=Mode.APPROVE)}))


@pytest.fixture(scope="module")
def asking(engine: Engine, _server: Server) -> Iterator[Callable[[str], Asked]]:
    made = []

    def ask(name: str) -> Asked:
        queue = _server.make("sqs-queue", name)
        # So the event calls it.
        url = _server.session().client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        given = {"account": OWN, "region": REGION, "resource": url, "event": EVENT}
        execution = started(engine, "sqs-queue", given)
        made.append((queue, execution, request_of(engine, execution)))
        return made[-1]

    yield ask
    for _, execution, request in made:
        answered(engine, execution, request, "over")


@pytest.fixture(scope="module")
def asked(asking: Callable[[str], Asked]) -> Asked:
    """One that waits throughout."""
    return asking("asked-about")


def answered(engine: Engine, execution: str, request: Requested, reason: str) -> None:
    """Deny it, if that has not been done before, and wait for the end."""
    states = engine.client("stepfunctions")

    def over() -> bool | None:
        return states.describe_execution(executionArn=execution)["status"] != "RUNNING" or None

    if not over():
        guarding_as(engine, *APPROVER).decide(request, Choice.DENY, reason)
        eventually(over, f"the end of {execution}")


@pytest.mark.parametrize(
    "named", ["{queue}", f"arn:aws:sqs:{REGION}:{OWN}:{{queue}}", f"{OWN}/{REGION}/sqs-queue/{{queue}}"]
)
@pytest.mark.parametrize(
    "options", [[], ["--account", OWN], ["--policy", POLICY], ["--outcome", "awaiting-approval"]]
)
def test_what_waits_is_found_by_its_resource_though_its_event_has_named_it_otherwise(
    cli: Cli, asked: Asked, named: str, options: list[str]
) -> None:
    queue, execution, _ = asked
    ran = cli("history", "--deployed", "--resource", named.format(queue=queue), *options, "--format", "json")
    [found] = ran.json
    assert (found["arn"], found["resource"], found["status"]) == (execution, queue, "RUNNING")
    assert found["outcome"] == "awaiting-approval"


@pytest.mark.parametrize(
    "options",
    [
        ["--resource", "another"],
        ["--resource", f"arn:aws:sqs:{REGION}:{OWN}:another"],
        ["--outcome", "denied"],
        ["--policy", "s3-versioning"],
        ["--account", "444455556666"],
    ],
)
def test_what_waits_is_left_out_where_something_else_is_asked_for(
    cli: Cli, asked: Asked, options: list[str]
) -> None:
    found = cli("history", "--deployed", *options, "--format", "json").json
    assert asked[1] not in [each["arn"] for each in found]


def test_what_waits_says_what_for_who_caused_it_and_how_to_answer(cli: Cli, asked: Asked) -> None:
    queue, execution, request = asked
    name = execution.rpartition(":")[2]
    ran = cli("history", name, "--deployed", COLUMNS="200")
    assert f"sqs-queue {queue}: awaiting-approval" in ran.out
    assert f"Waits for approval {request.id} until {request.until}." in ran.out
    for fact in ("none -> SSE-SQS", "id event-1", EVENT["principal"], request.plan):
        assert fact in ran.out
    assert "Request approval" in ran.out and "still in it" in ran.out
    assert f"{request.id} waits for an approval. `rightstate approvals show ID`" in ran.err
    [listed] = [line for line in cli("history", "--deployed").out.splitlines() if queue in line]
    assert "awaiting-approval" in listed
    [found] = cli("history", name, "--deployed", "--format", "json").json
    assert (found["request"], found["until"], found["plan"]) == (request.id, request.until, request.plan)
    assert found["event"]["principal"] == EVENT["principal"]
    assert [each["setting"] for each in found["changes"]] == ["Encryption"]


def test_what_was_denied_says_by_whom_and_why(
    engine: Engine, cli: Cli, asking: Callable[[str], Asked]
) -> None:
    queue, execution, request = asking("denied")
    answered(engine, execution, request, "the producers are not ready")
    name = execution.rpartition(":")[2]
    ran = cli("history", name, "--deployed", COLUMNS="250")
    assert f"sqs-queue {queue}: denied" in ran.out
    reason = f"{APPROVER[0]} denied {request.id}: the producers are not ready."
    # Below what it found, and among what the ledger has.
    assert ran.out.count(reason) == 2
    [found] = cli("history", name, "--deployed", "--format", "json").json
    assert reason in found["reason"]
    assert found["event"]["id"] == EVENT["id"]
    started_again = cli("start", "-t", "sqs-queue", queue, "--yes", COLUMNS="250")
    assert f"has denied the same change ({request.id})" in started_again.out
    assert started_again.code == 1


def test_where_the_requests_cannot_be_read_what_runs_is_listed_all_the_same(
    cli: Cli, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: DynamoHandler) -> Any:
        raise JsonRESTError("AccessDeniedException", "no")

    monkeypatch.setattr(DynamoHandler, "get_item", denied)
    ran = cli("history", "--deployed", "--resource", asked[0], "--format", "json")
    assert [each["outcome"] for each in ran.json] == ["running"]
    assert "waits for an approval cannot be told" in ran.err


def test_a_start_does_not_wait_for_somebodys_approval_and_says_how_to_give_it(
    engine: Engine, server: Server, cli: Cli
) -> None:
    for name in ("to-be-asked", "asked-too"):
        server.make("sqs-queue", name)
    # One at a time: the first that waits does not keep the second from being started.
    ran = cli("start", "-t", "sqs-queue", "to-be-asked", "asked-too", "--at-once", "1", "--yes")
    assert [line for line in ran.out.splitlines() if line.endswith(": awaiting-approval")] == [
        "sqs-queue asked-too: awaiting-approval",
        "sqs-queue to-be-asked: awaiting-approval",
    ]
    assert ran.out.count("Waits for approval ap-") == 2
    assert "2 executions waiting for an approval. `rightstate approvals list`" in " ".join(ran.err.split())
    assert "sqs:SetQueueAttributes" not in server.writes
    assert ran.code == 1
    found = cli("history", "--deployed", "--resource", "asked-too", "--format", "json").json
    for each in found:
        answered(engine, each["arn"], request_of(engine, each["arn"]), "over")


@pytest.fixture
def delivered(engine: Engine, server: Server, tmp_path: Path) -> Callable[[str, bool], list[str]]:
    """The options that replay an event about a new queue: from a file, or from the dead-letter queue."""

    def deliver(name: str, undelivered: bool) -> list[str]:
        server.make("sqs-queue", name)
        text = (sam_template.root() / "events" / "sqs-queue" / "SetQueueAttributes.json").read_text()
        event = json.loads(text.replace("111122223333", OWN).replace("invoices", name))
        event |= {"id": str(uuid.uuid4()), "time": written(datetime.now(UTC))}
        if not undelivered:
            file = tmp_path / "event.json"
            file.write_text(json.dumps(event))
            return [str(file)]
        machine = f"arn:aws:states:{REGION}:{OWN}:stateMachine:rightstate-sqs-queue:live"
        engine.client("sqs").send_message(
            QueueUrl=engine.resources["UndeliveredEvents"],
            MessageBody=json.dumps(event),
            MessageAttributes={
                "TARGET_ARN": {"DataType": "String", "StringValue": machine},
                "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
            },
        )
        return ["--undelivered"]

    return deliver


@pytest.mark.parametrize("undelivered", [False, True], ids=["an event", "an undelivered event"])
def test_a_replay_does_not_wait_for_somebodys_approval_and_says_how_to_give_it(
    engine: Engine,
    cli: Cli,
    delivered: Callable[[str, bool], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    undelivered: bool,
) -> None:
    monkeypatch.setattr(dead_letters, "_LONG_POLL_SECONDS", 0)
    queue = f"replayed-{'undelivered' if undelivered else 'event'}"
    options = delivered(queue, undelivered)
    # Follows for as long as the execution runs: without the mend until the approval expires.
    ran = cli("replay", *options, "--deployed", "--yes", "--format", "json")
    [execution] = ran.json["executions"]
    assert (execution["resource"], execution["outcome"]) == (queue, "awaiting-approval")
    assert "1 execution waiting for an approval. `rightstate approvals list`" in " ".join(ran.err.split())
    assert ran.code == 1
    [found] = cli("history", "--deployed", "--resource", queue, "--format", "json").json
    answered(engine, found["arn"], request_of(engine, found["arn"]), "over")


def test_one_that_was_aborted_by_a_person_has_not_failed(
    engine: Engine, cli: Cli, asking: Callable[[str], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, execution, request = asking("aborted")
    _describe: Any = StepFunctionResponse.describe_execution

    def described(self: StepFunctionResponse) -> Any:
        """moto does not stop what waits for a token."""
        answer = _describe(self)
        if answer.result["executionArn"] == execution:
            answer.result.update(status="ABORTED", stopDate=datetime.now(UTC))
        return answer

    monkeypatch.setattr(StepFunctionResponse, "describe_execution", described)
    name = execution.rpartition(":")[2]
    asked_at = round(datetime.fromisoformat(request.asked_at).timestamp() * 1000)
    detail = {
        "executionArn": execution,
        "stateMachineArn": engine.machines["sqs-queue"],
        "status": "ABORTED",
        "startDate": asked_at,
        "stopDate": asked_at + 1000,
        "input": json.dumps({"account": OWN, "region": REGION, "resource": queue}),
    }
    death.record_death({"detail": detail})
    options = ["--deployed", "--format", "json"]
    for named in ([name], ["--resource", f"{OWN}/{REGION}/sqs-queue/{queue}"]):
        [found] = cli("history", *named, *options).json
        assert (found["outcome"], found["status"]) == ("died", "ABORTED")
    told = "The execution was aborted and has recorded nothing itself."
    assert told in " ".join(cli("history", name, "--deployed", COLUMNS="200").out.split())
    assert json.dumps(cli("history", *options, "--outcome", "failed").json).count(name) == 0
