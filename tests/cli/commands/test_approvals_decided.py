"""`rightstate approvals` with an execution that waits, which goes on with a word that is given once (T25)."""

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from rightstate.models.approval import Requested
from rightstate.models.decision import Outcome
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from tests.cli.commands.conftest import OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, request_of, started

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"
WRITE = "sqs:SetQueueAttributes"


@pytest.fixture
def asked(engine: Engine, server: Server) -> Iterator[Requested]:
    """What a person is asked about a new queue; denied by nobody's answer when the test is over."""
    engine.configure(Account(account=OWN, policies={POLICY: Enabled(mode=Mode.APPROVE)}, approvers=("*",)))
    queue = server.make(TYPE, f"asked-{uuid.uuid4().hex[:8]}")
    given = {"account": OWN, "region": REGION, "resource": queue, "requester": "AROAEXAMPLE:ana"}
    execution = started(engine, TYPE, given)
    requested = request_of(engine, execution)
    server.calls.clear()
    yield requested
    states = engine.client("stepfunctions")
    if states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        states.send_task_success(taskToken=requested.token, output=json.dumps({}))
        ended(engine, execution)


@pytest.mark.parametrize("command", [("list",), ("list", "--all"), ("show", "{id}")], ids=" ".join)
@pytest.mark.parametrize("format", ["json", "table"])
def test_the_plan_is_shown_and_the_token_is_not(
    cli: Cli, asked: Requested, command: tuple[str, ...], format: str
) -> None:
    ran = cli("approvals", *(part.format(id=asked.id) for part in command), "--format", format)
    assert asked.id in ran.out
    assert asked.token not in ran.out + ran.err
    if format == "json":
        [found] = [each for each in (ran.json if command[0] == "list" else [ran.json]) if each["waits"]]
        assert (found["plan"], found["requester"]) == (asked.plan, "AROAEXAMPLE:ana")
    elif command[0] == "show":
        assert f"sha256:{asked.plan}" in ran.out
        assert "none -> SSE-SQS" in ran.out


@pytest.mark.parametrize(
    ("choice", "outcome", "changed"),
    [("approve", Outcome.REMEDIATED, True), ("deny", Outcome.DENIED, False)],
)
def test_a_word_is_given_once_and_the_execution_goes_on_with_it(
    engine: Engine,
    server: Server,
    cli: Cli,
    asked: Requested,
    refused: Callable[..., str],
    choice: str,
    outcome: Outcome,
    changed: bool,
) -> None:
    ran = cli("approvals", choice, asked.id, "--reason", "CHG-5521", "--yes", "--format", "json")
    assert (ran.code, ran.json["choice"], ran.json["execution"]) == (0, choice, asked.execution)
    entry = ended(engine, asked.execution)
    assert entry["outcome"] == outcome
    assert (WRITE in server.calls) is changed
    told = refused("approvals", "approve", asked.id, "--reason", "again", "--yes")
    assert f"{asked.id} does not wait any more" in told


@pytest.mark.parametrize(("answer", "said"), [("n\n", "Nothing was decided."), ("", "there was no answer")])
def test_without_a_yes_nothing_is_decided(
    engine: Engine, cli: Cli, asked: Requested, answer: str, said: str
) -> None:
    ran = cli("approvals", "approve", asked.id, "--reason", "x", stdin=answer)
    assert (ran.code, said in ran.err) == (2, True)
    states = engine.client("stepfunctions")
    assert states.describe_execution(executionArn=asked.execution)["status"] == "RUNNING"


def test_who_caused_it_is_refused_before_anything_is_written(
    engine: Engine, server: Server, asked: Requested, refused: Callable[..., str]
) -> None:
    me = server.session().client("sts").get_caller_identity()["UserId"]
    engine.client("dynamodb").update_item(
        TableName=engine.resources["GuardsTable"],
        Key={"id": {"S": "approval"}, "what": {"S": asked.id}},
        AttributeUpdates={"requester": {"Value": {"S": me}}},
    )
    server.calls.clear()
    assert "caused the change" in refused("approvals", "approve", asked.id, "--reason", "x", "--yes")
    assert "dynamodb:PutItem" not in server.calls


def test_a_request_that_there_is_not_is_refused(engine: Engine, refused: Callable[..., str]) -> None:
    assert "There is no request 'ap-0000000000'" in refused("approvals", "show", "ap-0000000000")
