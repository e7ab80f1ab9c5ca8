"""`rightstate history --deployed`: what a hub has run."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.responses import StepFunctionResponse

from rightstate.aws.sessions import session_name
from rightstate_cli.executions.executions import Start
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine

QUEUE = "0f1e2d3c_remediated-queue"
AGAIN = "0f1e2d3c_compliant-queue"
THEIRS = "5a5a5a5a_reported-queue"
KEY = "9b9b9b9b_failed-key"

EVENT = {
    "id": "event-1",
    "name": "SetQueueAttributes",
    "time": "2026-11-23T09:07:49Z",
    "principal": f"arn:aws:sts::{OWN}:assumed-role/Developer/ana",
}

pytestmark = pytest.mark.usefixtures("history_of_the_hub")


@pytest.fixture(scope="module")
def history_of_the_hub(engine: Engine, enabled: None, _server: Server) -> None:
    _server.make("sqs-queue", "kept")
    _server.make("sqs-queue", "theirs", OTHER)
    for name, resource_type, account, resource, mode in [
        (QUEUE, "sqs-queue", OWN, "kept", "auto"),
        (AGAIN, "sqs-queue", OWN, "kept", "auto"),
        (THEIRS, "sqs-queue", OTHER, f"arn:aws:sqs:{REGION}:{OTHER}:theirs", "report"),
        (KEY, "kms-key", "999999999999", "11111111-2222-4333-8444-555555555555", "auto"),
    ]:
        given = {"account": account, "region": REGION, "resource": resource, "mode": mode}
        if name == QUEUE:
            given |= {"event": EVENT, "reason": "CHG-5521"}
        list(engine.run([Start(resource_type=resource_type, input=given, name=name)]))


def names(cli: Cli, *options: str) -> list[str]:
    return [each["name"] for each in cli("history", "--deployed", *options, "--format", "json").json]


def test_each_execution_of_any_machine_is_one_row_and_the_latest_is_last(cli: Cli) -> None:
    ran = cli("history", "--deployed")
    rows = [line.split() for line in ran.out.splitlines() if " in " in line]
    assert [(row[0], *row[-5:]) for row in rows] == [
        ("ated-queue", "sqs-queue", "kept", "in", OWN, "remediated"),
        ("iant-queue", "sqs-queue", "kept", "in", OWN, "compliant"),
        ("rted-queue", "sqs-queue", "theirs", "in", OTHER, "reported"),
        ("failed-key", "kms-key", "11111111-2222-4333-8444-555555555555", "in", "999999999999", "failed"),
    ]
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], [QUEUE, AGAIN, THEIRS, KEY]),
        (["--type", "kms-key"], [KEY]),
        (["--outcome", "failed"], [KEY]),
        (["--outcome", "compliant"], [AGAIN]),
        (["--account", OTHER], [THEIRS]),
        (["--since", "1h"], [QUEUE, AGAIN, THEIRS, KEY]),
        (["--since", "0m"], []),
        (["--limit", "2"], [THEIRS, KEY]),
        (["--limit", "1", "--type", "sqs-queue"], [THEIRS]),
        (["--type", "rds-instance"], []),
        (["0f1e2d3c"], [QUEUE, AGAIN]),
        (["0f1e2d3c", "--outcome", "remediated"], [QUEUE]),
        (["compliant-queue"], [AGAIN]),
        ([KEY], [KEY]),
        ([f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-kms-key:{KEY}"], [KEY]),
    ],
)
def test_executions_are_chosen_as_those_of_this_machine_are(
    cli: Cli, options: list[str], found: list[str]
) -> None:
    assert names(cli, *options) == found


def test_a_list_is_read_from_the_ledger_and_asks_step_functions_only_what_runs(
    cli: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def listed(self: StepFunctionResponse) -> Any:
        asked.append(self._get_param("statusFilter"))
        return _list(self)

    _list = StepFunctionResponse.list_executions
    monkeypatch.setattr(StepFunctionResponse, "list_executions", listed)
    ran = cli("history", "--deployed", "--limit", "2")
    assert set(asked) == {"RUNNING"}
    assert "Earlier ones are not shown; --limit shows more." in ran.err
    assert "dynamodb:Query" in server.calls
    assert "stepfunctions:DescribeExecution" not in server.calls


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--resource", "kept"], [QUEUE, AGAIN]),
        (["--resource", f"arn:aws:sqs:{REGION}:{OWN}:kept"], [QUEUE, AGAIN]),
        (["--resource", f"{OWN}/{REGION}/sqs-queue/kept"], [QUEUE, AGAIN]),
        (["--resource", f"{OWN}/{REGION}/sqs-queue/kept", "--outcome", "compliant"], [AGAIN]),
        (["--resource", f"arn:aws:sqs:{REGION}:{OWN}:theirs"], []),
        (["--resource", "theirs", "--account", OTHER], [THEIRS]),
        (["--resource", "*"], []),
        (["--policy", "sqs-server-side-encryption"], [QUEUE, AGAIN, THEIRS]),
        (["--policy", "s3-versioning"], []),
        (["--until", "0m"], [QUEUE, AGAIN, THEIRS, KEY]),
        (["--until", "1h"], []),
        (["--since", "2020-01-01", "--until", "2020-02-01"], []),
        (["--since", f"{datetime.now(UTC):%Y-%m-%d}"], [QUEUE, AGAIN, THEIRS, KEY]),
    ],
)
def test_executions_are_chosen_by_resource_policy_and_time(
    cli: Cli, options: list[str], found: list[str]
) -> None:
    assert names(cli, *options) == found


def test_what_the_ledger_alone_knows_is_there_for_scripts(cli: Cli) -> None:
    [execution] = cli("history", "--deployed", "--outcome", "failed", "--format", "json").json
    assert (execution["rule"], execution["error"]) == ("settings", "UnknownAccount")
    assert execution["resource"] == "11111111-2222-4333-8444-555555555555"


def test_who_caused_it_and_why_is_told_while_step_functions_still_has_its_states(
    engine: Engine, cli: Cli
) -> None:
    approver = f"arn:aws:sts::{OWN}:assumed-role/Approver/bruno"
    approval = {"id": "ap-1", "plan": "p", "by": "AROA:bruno", "arn": approver, "at": "2026-11-23T09:09:00Z"}
    [entry] = [each for each in engine.ledger() if each["execution"].endswith(f":{QUEUE}")]
    engine.client("dynamodb").update_item(
        TableName=engine.resources["LedgerTable"],
        Key={name: {"S": entry[name]} for name in ("resource", "at")},
        UpdateExpression="SET approval = :approval",
        ExpressionAttributeValues={
            ":approval": {
                "M": {name: {"S": text} for name, text in approval.items()} | {"policies": {"L": []}}
            }
        },
    )
    ran = cli("history", QUEUE, "--deployed", COLUMNS="200")
    for fact in (EVENT["principal"], f"{approver} at 2026-11-23T09:09:00Z", "CHG-5521", "id event-1"):
        assert fact in ran.out
    assert "AROA:bruno" not in ran.out
    # Beside the states, and the calls once.
    assert "Notify and record" in ran.out
    assert ran.out.count("SetQueueAttributes") == 2
    assert ran.err == ""
    [found] = cli("history", QUEUE, "--deployed", "--format", "json").json
    assert (found["event"]["id"], found["why"], found["rule"]) == ("event-1", "CHG-5521", "policies")
    assert found["approval"]["arn"] == approver
    assert found["plan"] == entry["plan"]
    assert found["steps"]
    several = cli("history", "0f1e2d3c", "--deployed", "--format", "json").json
    assert [each["rule"] for each in several] == ["policies", "policies"]


def test_of_one_that_the_ledger_lacks_yet_that_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rightstate_cli.tables.ledger_table.Ledger.entries", lambda self, query: iter(()))
    ran = cli("history", QUEUE, "--deployed")
    assert "The ledger has no entry of it." in ran.err
    assert "Notify and record" in ran.out


def test_the_way_that_an_execution_took_is_drawn_from_its_own_definition(cli: Cli) -> None:
    ran = cli("history", QUEUE, "--deployed")
    drawn = ran.out[ran.out.index("Path") :]
    lines = [line.split("── ")[-1].split("  ")[0].strip() for line in drawn.splitlines()]
    assert [line for line in lines[1:] if not line.endswith(", not entered")][:14] == [
        "Resolve",
        "Is there a resource to look at?",
        "-> Assume role",
        "-> Notify and record, not taken",
        "Assume role",
        "Describe",
        "Decide",
        "What is to be done?",
        "-> Wait for whoever manages it, not taken",
        "-> Request approval, not taken",
        "-> Apply",
        "-> Notify and record, not taken",
        "Apply",
        "Verify",
    ]
    assert "Not recorded, not entered" in drawn


def test_of_one_whose_states_are_gone_the_ledger_tells_what_came_of_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 90 days after its end."""

    def described(self: StepFunctionResponse) -> Any:
        raise ExecutionDoesNotExist("Execution Does Not Exist")

    monkeypatch.setattr(StepFunctionResponse, "describe_execution", described)
    ran = cli("history", QUEUE, "--deployed")
    assert "Step Functions no longer has its states" in ran.err
    assert "Encryption" in ran.out
    assert "none -> SSE-SQS" in ran.out
    assert "SetQueueAttributes" in ran.out
    arn = f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-sqs-queue:{QUEUE}"
    [execution] = cli("history", arn, "--deployed", "--format", "json").json
    assert execution["outcome"] == "remediated"
    # The way that the ledger kept, drawn as Step Functions' own is.
    states = [each["state"] for each in execution["steps"]]
    assert (states[0], states[-1]) == ("Resolve", "Notify and record")
    assert "Apply" in states
    assert "Request approval, not entered" in ran.out


def test_the_session_name_of_a_call_in_cloudtrail_leads_to_its_execution(cli: Cli, engine: Engine) -> None:
    """T29. EventBridge's names of executions are longer than a session name may be."""
    name = f"{uuid.uuid4()}_{uuid.uuid4()}"
    given = {"account": OWN, "region": REGION, "resource": "kept"}
    list(engine.run([Start(resource_type="sqs-queue", input=given, name=name)]))
    assert len(session_name(name)) == 64 < len(name)
    [execution] = cli("history", session_name(name), "--deployed", "--format", "json").json
    assert execution["name"] == name


def test_one_is_shown_state_by_state_with_what_it_changed(cli: Cli) -> None:
    ran = cli("history", QUEUE, "--deployed")
    assert f"Execution {QUEUE}: sqs-queue kept in {OWN}, remediated" in ran.out
    assert "1 setting of 1 resource changed and verified." in ran.out
    assert "Calls made: SetQueueAttributes." in ran.out
    assert "Notify and record" in ran.out


def test_a_running_one_is_shown_as_running_and_not_as_a_result(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = f"{AGAIN}-more"

    def listed(self: StepFunctionResponse) -> Any:
        answer = _list(self)
        if self._get_param("stateMachineArn").endswith("-sqs-queue"):
            answer.result["executions"] = [{"executionArn": f"arn:{AGAIN}", "startDate": datetime.now(UTC)}]
        return answer

    def described(self: StepFunctionResponse) -> Any:
        queue = f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-sqs-queue"
        self.body = json.dumps({"executionArn": f"{queue}:{AGAIN}"})
        answer = _describe(self)
        for key in ("stopDate", "output", "outputDetails"):
            answer.result.pop(key, None)
        started = datetime.now(UTC) - timedelta(minutes=2)
        now = {"executionArn": f"{queue}:{running}", "name": running, "status": "RUNNING"}
        answer.result.update(**now, startDate=started)
        return answer

    _list: Any = StepFunctionResponse.list_executions
    _describe: Any = StepFunctionResponse.describe_execution
    monkeypatch.setattr(StepFunctionResponse, "list_executions", listed)
    monkeypatch.setattr(StepFunctionResponse, "describe_execution", described)
    [row] = [each for each in cli("history", "--deployed").out.splitlines() if "running" in each]
    assert "120." in row
    assert "running" not in cli("history", "--deployed", "--outcome", "compliant").out


@pytest.mark.parametrize(
    "name",
    [
        "no-such",
        "*",
        "../x",
        "x:y",
        "n" * 10_240,
        f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-kms-key:no-such",
        f"arn:aws:states:{REGION}:{OWN}:execution:somebody-elses:{KEY}",
        "arn:aws:iam::123456789012:role/admin",
    ],
)
def test_one_that_is_not_there_is_told_with_where_it_was_looked_for(
    refused: Callable[..., str], name: str
) -> None:
    told = refused("history", name, "--deployed")
    assert f"in account {OWN}, {REGION}, among the latest 10000 of each state machine" in told
    assert "keeps them for 90 days" in told
    assert len(told) < 500


@pytest.mark.parametrize(
    ("since", "until"), [("2026-11-02", "2026-11-01"), ("2026-11-02", "2026-11-02"), ("1h", "2h")]
)
@pytest.mark.parametrize("where", [[], ["--deployed"]])
def test_a_period_that_ends_before_it_begins_is_refused(
    refused: Callable[..., str], where: list[str], since: str, until: str
) -> None:
    told = refused("history", *where, "--since", since, "--until", until)
    assert "The period ends before it begins" in told


@pytest.mark.parametrize("since", ["soon", "24", "h", "-1h", "1y", "99999d"])
def test_a_length_of_time_that_is_none(refused: Callable[..., str], since: str) -> None:
    assert "is not a length of time; they look like 30m, 24h" in refused("history", "--since", since)
