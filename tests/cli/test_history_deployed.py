"""`rightstate history --deployed`: what a hub has run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.stepfunctions.responses import StepFunctionResponse

from rightstate_cli import hub_history
from rightstate_cli.engine import Engine
from rightstate_cli.executions import Start
from tests.cli.conftest import OTHER, OWN, REGION, Cli, Server

QUEUE = "0f1e2d3c_remediated-queue"
AGAIN = "0f1e2d3c_compliant-queue"
THEIRS = "5a5a5a5a_reported-queue"
KEY = "9b9b9b9b_failed-key"

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
        list(engine.run([Start(resource_type=resource_type, input=given, name=name)]))


def names(inside: Cli, *options: str) -> list[str]:
    return [each["name"] for each in inside("history", "--deployed", *options, "--format", "json").json]


def test_each_execution_of_any_machine_is_one_row_and_the_latest_is_last(cli: Cli) -> None:
    ran = cli("history", "--deployed")
    rows = [line.split() for line in ran.out.splitlines() if " in " in line]
    assert [(row[0], *row[-5:]) for row in rows] == [
        ("ed-queue", "sqs-queue", "kept", "in", OWN, "remediated"),
        ("nt-queue", "sqs-queue", "kept", "in", OWN, "compliant"),
        ("ed-queue", "sqs-queue", "theirs", "in", OTHER, "reported"),
        ("iled-key", "kms-key", "11111111-2222-4333-8444-555555555555", "in", "999999999999", "failed"),
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
    inside: Cli, options: list[str], found: list[str]
) -> None:
    assert names(inside, *options) == found


def test_a_list_reads_no_histories_and_pushes_the_limit_down(
    inside: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = []

    def listed(self: StepFunctionResponse) -> Any:
        pages.append(self._get_int_param("maxResults"))
        return _list(self)

    _list = StepFunctionResponse.list_executions
    monkeypatch.setattr(StepFunctionResponse, "list_executions", listed)
    ran = inside("history", "--deployed", "--limit", "2")
    assert set(pages) == {2}
    assert "Earlier ones are not shown; --limit shows more." in ran.err
    assert "stepfunctions:DescribeExecution" in server.calls
    assert "stepfunctions:GetExecutionHistory" not in server.calls


def test_one_is_shown_state_by_state_with_what_it_changed(inside: Cli) -> None:
    ran = inside("history", QUEUE, "--deployed")
    assert f"Execution {QUEUE}: sqs-queue kept in {OWN}, remediated" in ran.out
    assert "1 setting of 1 resource changed and verified." in ran.out
    assert "Calls made: SetQueueAttributes." in ran.out
    assert "Notify and record" in ran.out


def test_a_running_one_is_shown_as_running_and_not_as_a_result(
    inside: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def described(self: StepFunctionResponse) -> Any:
        answer = _describe(self)
        if answer.result["name"] == AGAIN:
            for key in ("stopDate", "output", "outputDetails"):
                del answer.result[key]
            answer.result.update(status="RUNNING", startDate=datetime.now(UTC) - timedelta(minutes=2))
        return answer

    _describe: Any = StepFunctionResponse.describe_execution
    monkeypatch.setattr(StepFunctionResponse, "describe_execution", described)
    [running] = [each for each in inside("history", "--deployed").out.splitlines() if "running" in each]
    assert "120." in running
    ran = inside("history", AGAIN, "--deployed")
    assert f"Execution {AGAIN}: sqs-queue kept in {OWN}, running" in ran.out
    assert "compliant" not in ran.out.replace(AGAIN, "")


def test_of_very_many_that_are_not_wanted_only_the_latest_are_looked_at(
    inside: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_history, "_READERS", 1)
    monkeypatch.setattr(hub_history, "_LOOKED_AT", 2)
    ran = inside("history", "--deployed", "--outcome", "remediated", "--limit", "1")
    assert "There are none." in ran.err
    assert "Only the latest 2 were looked at; --type and --since narrow that." in ran.err


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


@pytest.mark.parametrize("since", ["soon", "24", "h", "-1h", "1y", "99999d"])
def test_a_length_of_time_that_is_none(refused: Callable[..., str], since: str) -> None:
    assert "is not a length of time; they look like 30m, 24h" in refused("history", "--since", since)
