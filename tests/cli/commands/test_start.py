"""`rightstate start`: executions of a deployed hub, started by hand and followed."""

import csv
import io
import json
import signal
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.responses import StepFunctionResponse

from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine

pytestmark = pytest.mark.usefixtures("enabled")


def inputs(engine: Engine) -> list[dict[str, Any]]:
    """What the executions of all machines were started with."""
    states = engine.client("stepfunctions")
    return [
        json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
        for machine in states.list_state_machines()["stateMachines"]
        for each in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    ]


def started_for(engine: Engine, resource: str) -> list[dict[str, Any]]:
    return [each for each in inputs(engine) if each["resource"] == resource]


def test_resources_are_mended_through_the_hub_and_a_second_start_writes_nothing(
    server: Server, cli: Cli
) -> None:
    for name in ("first", "second"):
        server.make("sqs-queue", name)
    ran = cli("start", "--type", "sqs-queue", "first", "second", "--yes")
    assert "sqs-queue first: remediated" in ran.out
    assert "2 executions: 2 remediated. 2 settings of 2 resources changed and verified." in ran.out
    assert "for sqs-queue first ..." in ran.err
    assert "sqs:SetQueueAttributes" in server.writes
    assert ran.code == 0
    server.calls.clear()
    again = cli("start", f"arn:aws:sqs:{REGION}:{OWN}:first", "--yes", "--format", "json")
    assert [each["outcome"] for each in again.json] == ["compliant"]
    assert "sqs:SetQueueAttributes" not in server.writes
    assert again.code == 0


def test_with_mode_report_it_asks_nothing_changes_nothing_and_ends_with_1(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "only-reported")
    ran = cli("start", "-t", "sqs-queue", "only-reported", "--mode", "report", "--format", "json")
    assert [(each["resource"], each["outcome"]) for each in ran.json] == [("only-reported", "reported")]
    assert "[y/N]" not in ran.err
    assert "sqs:SetQueueAttributes" not in server.writes
    assert ran.code == 1


def test_what_the_options_say_is_what_the_execution_is_told(server: Server, engine: Engine, cli: Cli) -> None:
    server.make("kms-key", "told")
    [key] = {each["KeyId"] for each in server.session().client("kms").list_keys()["Keys"]}
    ran = cli(
        "start", "-t", "kms-key", key, "-p", "kms-key-rotation", "--mode", "report", "--reason", "CHG-1"
    )
    assert ran.code == 1
    assert started_for(engine, key) == [
        {
            "account": OWN,
            "region": REGION,
            "resource": key,
            "policies": ["kms-key-rotation"],
            "mode": "report",
            "reason": "CHG-1",
            "requester": server.session().client("sts").get_caller_identity()["UserId"],
        }
    ]


@pytest.mark.parametrize(
    ("args", "place"),
    [
        (["arn:aws:sqs:eu-west-1:444455556666:of-its-arn"], (OTHER, "eu-west-1")),
        (["-t", "sqs-queue", "of-its-arn"], (OWN, REGION)),
        (
            ["-t", "sqs-queue", "of-its-arn", "--account", OTHER, "--region", "eu-west-1"],
            (OTHER, "eu-west-1"),
        ),
        (["arn:aws:s3:::of-its-arn"], (OWN, REGION)),
        (["arn:aws:s3:::of-its-arn", "--account", OTHER, "--region", "eu-west-1"], (OTHER, "eu-west-1")),
        (
            ["-t", "sqs-queue", f"https://sqs.eu-west-1.amazonaws.com/{OTHER}/of-its-arn"],
            (OTHER, "eu-west-1"),
        ),
        ([f"arn:aws:iam::{OTHER}:password-policy", "--region", "eu-west-1"], (OTHER, "us-east-1")),
    ],
)
def test_the_place_is_that_of_the_arn_then_of_the_options_then_of_the_hub(
    cli: Cli, args: list[str], place: tuple[str, str]
) -> None:
    ran = cli("start", *args, "--no-wait", "--yes", "--format", "json")
    assert [(each["account"], each["region"]) for each in ran.json] == [place]
    assert ran.code == 0


def test_an_arn_that_may_be_of_two_types_starts_one_execution_for_each(cli: Cli) -> None:
    ran = cli("start", f"arn:aws:rds:{REGION}:{OWN}:db:either", "--no-wait", "--yes", "--format", "json")
    assert {each["resource_type"] for each in ran.json} == {"neptune-instance", "rds-instance"}
    assert "1 resource may be changed" in ran.err


def test_with_no_wait_it_prints_the_names_and_history_shows_how_they_go(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "not-waited-for")
    ran = cli("start", "-t", "sqs-queue", "not-waited-for", "--no-wait", "--yes")
    [name] = [line.split()[0] for line in ran.out.splitlines() if "not-waited-for" in line]
    assert ran.code == 0
    shown = cli("history", name, "--deployed", "--format", "json").json
    assert [each["name"] for each in shown] == [name]


def test_of_two_that_fail_and_succeed_both_are_told_and_it_ends_with_1(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "of-one-account")
    absent = f"arn:aws:sqs:eu-west-1:{OTHER}:absent"
    ran = cli("start", f"arn:aws:sqs:{REGION}:{OWN}:of-one-account", absent, "--yes")
    assert f"sqs-queue of-one-account in {OWN}: remediated" in ran.out
    assert "2 executions: 1 gone, 1 remediated." in ran.out
    assert ran.code == 0


def test_an_account_that_is_not_registered_is_refused_before_anything_is_started(
    refused: Callable[..., str], engine: Engine
) -> None:
    before = len(inputs(engine))
    arns = [f"arn:aws:sqs:{REGION}:{account}:q" for account in (OWN, "999999999999")]
    said = refused("start", *arns, "--yes", "--mode", "report")
    assert "Account 999999999999 is not registered with the hub rightstate. Nothing was started." in said
    assert "`rightstate accounts add 999999999999 --deployed` registers it." in said
    assert len(inputs(engine)) == before


def test_the_place_of_the_users_own_bucket_is_looked_up(server: Server, cli: Cli) -> None:
    s3 = server.session().client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="own-elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    ran = cli("start", "arn:aws:s3:::own-elsewhere", "--no-wait", "--yes", "--format", "csv")
    [row] = csv.DictReader(io.StringIO(ran.out))
    assert (row["account"], row["region"]) == (OWN, "eu-west-1")
    planned = cli("plan", "-r", "arn:aws:s3:::own-elsewhere", "--format", "json").json
    assert [(each["account"], each["region"]) for each in planned["items"]] == [(OWN, "eu-west-1")]
    explained = cli("explain", "arn:aws:s3:::own-elsewhere", "--deployed", "--format", "json")
    assert f"{OWN}/eu-west-1/s3-bucket/own-elsewhere" in explained.out


def test_an_execution_that_step_functions_does_not_show_yet_is_waited_for(
    server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make("sqs-queue", "seen-late")
    asked = []

    def describe(self: StepFunctionResponse) -> Any:
        asked.append(self._get_param("executionArn"))
        if len(asked) == 1:
            raise ExecutionDoesNotExist("not yet")
        return _describe(self)

    _describe = StepFunctionResponse.describe_execution
    monkeypatch.setattr(StepFunctionResponse, "describe_execution", describe)
    ran = cli("start", "-t", "sqs-queue", "seen-late", "--yes")
    assert "sqs-queue seen-late: remediated" in ran.out
    assert len(asked) > 1


def test_a_start_that_is_refused_says_what_runs_already_and_what_was_not_started(
    server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make("sqs-queue", "before-the-refusal")

    def start(self: StepFunctionResponse) -> Any:
        if "refused" in self._get_param("input"):
            raise JsonRESTError("AccessDeniedException", "no")
        return _start(self)

    _start = StepFunctionResponse.start_execution
    monkeypatch.setattr(StepFunctionResponse, "start_execution", start)
    ran = cli("start", "-t", "sqs-queue", "before-the-refusal", "refused", "after", "--yes", "--no-wait")
    assert "1 execution started" in ran.out and "before-the-refusal" in ran.out
    assert "Not started: 2 executions." in ran.err
    assert "StartExecution was answered with AccessDeniedException. 1 execution had been started" in ran.err
    assert ran.code == 2


def test_ctrl_c_leaves_what_runs_to_the_hub_and_says_how_to_look_at_it(
    server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make("sqs-queue", "left-running")

    def interrupt(seconds: float) -> None:
        signal.raise_signal(signal.SIGINT)

    impatient = SimpleNamespace(sleep=interrupt, monotonic=time.monotonic)
    monkeypatch.setattr("rightstate_cli.hub.follow.time", impatient)
    ran = cli("start", "-t", "sqs-queue", "left-running", "never-started", "--at-once", "1", "--yes")
    [command] = [line.split() for line in ran.err.splitlines() if line.startswith("  rightstate history ")]
    assert "Not started: 1 execution." in ran.err
    assert ran.code == 2
    assert cli(*command[1:], "--format", "json").json[0]["resource"] == "left-running"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("n\n", "Nothing was started."),
        ("", "Nothing was started: nobody confirmed it. In a script, give --yes."),
    ],
)
def test_without_a_yes_nothing_is_started(engine: Engine, cli: Cli, answer: str, said: str) -> None:
    before = len(inputs(engine))
    ran = cli("start", f"arn:aws:sqs:{REGION}:{OTHER}:one", f"arn:aws:sqs:{REGION}:{OWN}:two", stdin=answer)
    assert f"Account {OTHER}, {REGION}: 1 resource may be changed" in ran.err
    assert "Start executions for 2 resources? [y/N]" in ran.err
    assert said in ran.err.splitlines()[-1]
    assert (ran.code, ran.out) == (2, "")
    assert len(inputs(engine)) == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["invoices"], "'invoices' could be of several types. Give its ARN, or one --type."),
        (["-t", "sqs-queue", "no such"], "'no such' cannot be the name of a resource of type sqs-queue."),
        (["-t", "sqs-queue", "q", "--account", "12"], "'12' is not an account id, which has 12 digits."),
        (["-t", "sqs-queue", "q", "--region", "here"], "'here' is not a region"),
        (["arn:aws:sqs:here:123456789012:q"], "'here' is not a region"),
        (["arn:aws:sqs:us-east-1:12:q"], "'12' is not an account"),
        (
            [f"arn:aws:sqs:us-east-1:{OWN}:q", "--account", OTHER],
            f"belongs to account '{OWN}', not to {OTHER}",
        ),
        (["arn:aws-cn:sqs:us-east-1:123456789012:q"], "belongs to partition 'aws-cn'"),
        (["arn:aws:mq:us-east-1:123456789012:broker:x"], "is not the ARN of a resource of any of"),
        (["-t", "sqs-queue", "q", "-t", "kms-key"], "could be of several types"),
        ([f"arn:aws:sqs:us-east-1:{OWN}:q", "-t", "sqs-queue", "-p", "kms-key-rotation"], "of which q is."),
        (
            [f"arn:aws:sqs:us-east-1:{OWN}:q", "--reason", "r" * 1025],
            "reason: String should have at most 1024",
        ),
        ([f"arn:aws:sqs:us-east-1:{OWN}:q", "--stack", "absent"], "There is no stack 'absent' in account"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_started(
    refused: Callable[..., str], engine: Engine, args: list[str], said: str
) -> None:
    before = len(inputs(engine))
    assert said in refused("start", *args, "--yes")
    assert len(inputs(engine)) == before
