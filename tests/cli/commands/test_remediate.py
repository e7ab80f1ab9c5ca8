"""`rightstate remediate`: mended from this machine, with nothing deployed."""

from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.sqs.responses import SQSResponse

from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server

TYPES = ("sqs-queue", "kms-key", "dynamodb-table", "s3-bucket")


def encryption(server: Server, queue: str, account: str = OWN) -> str:
    sqs = server.session(account).client("sqs")
    answer = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], AttributeNames=["SqsManagedSseEnabled"]
    )
    server.calls.clear()
    found: str = answer["Attributes"]["SqsManagedSseEnabled"]
    return found


def test_resources_of_several_types_are_mended_and_a_second_run_writes_nothing(
    server: Server, cli: Cli
) -> None:
    made = {server.make(each, f"mended-{each}") for each in TYPES}
    chosen = [option for each in TYPES for option in ("--type", each)]
    named = ("--account", OWN, "--region", REGION)
    ran = cli("remediate", "--yes", "--mode", "auto", *named, *chosen, AWS_DEFAULT_REGION="")
    assert ran.code == 0
    assert {f"{each}: remediated" for each in made} <= {
        line.partition(" ")[2] for line in ran.out.splitlines()
    }
    assert server.writes
    server.calls.clear()
    again = cli("remediate", "--yes", *chosen, "--format", "json")
    assert made <= {each["resource"] for each in again.json}
    assert {(each["outcome"], each["status"]) for each in again.json} == {("compliant", "NOT_STARTED")}
    assert not server.writes
    assert again.code == 0


def test_with_mode_report_it_says_what_is_broken_changes_nothing_and_ends_with_1(
    server: Server, cli: Cli
) -> None:
    server.make("sqs-queue", "reported")
    ran = cli("remediate", "-t", "sqs-queue", "-r", "reported", "--mode", "report", "--format", "json")
    assert [(each["resource"], each["outcome"]) for each in ran.json] == [("reported", "reported")]
    assert ran.json[0]["policies"][0]["findings"]
    assert not server.writes
    assert ran.code == 1


def test_the_plan_is_shown_before_it_asks_and_a_yes_applies_it(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "confirmed")
    arn = f"arn:aws:sqs:{REGION}:{OWN}:confirmed"
    ran = cli("remediate", "--resource", arn, "--format", "json", stdin="y\n")
    assert "sqs:SetQueueAttributes(" in ran.err
    assert f"Change 1 setting of 1 resource in account {OWN}, {REGION}? [y/N]" in ran.err
    assert [each["outcome"] for each in ran.json] == ["remediated"]
    assert encryption(server, "confirmed") == "true"
    assert ran.code == 0


def test_the_plan_that_was_confirmed_is_executed_without_another_look_and_every_resource_is_counted(
    server: Server, cli: Cli
) -> None:
    account = "777788889999"
    for name in ("broken-1", "broken-2"):
        server.make("sqs-queue", name, account)
    server.session(account).client("sqs").create_queue(QueueName="right")
    server.calls.clear()
    chosen = ("--type", "sqs-queue", "--account", account)
    ran = cli("remediate", *chosen, stdin="y\n")
    assert "3 resources: 1 compliant, 2 remediated. 2 settings of 2 resources changed" in ran.out
    assert server.calls.count("sqs:ListQueues") == 1
    # Of all three in the plan, of those to change in Describe and in Verify.
    assert server.calls.count("sqs:GetQueueAttributes") == 3 + 2 * 2
    assert ran.code == 0


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [
        ("n\n", "Nothing was changed.", 1),
        ("\n", "Nothing was changed.", 1),
        ("", "Nothing was changed: nobody confirmed it. In a script, give --yes.", 2),
    ],
)
def test_without_a_yes_nothing_is_changed(
    server: Server, cli: Cli, answer: str, said: str, code: int
) -> None:
    server.make("sqs-queue", "unconfirmed")
    ran = cli("remediate", "-t", "sqs-queue", "-r", "unconfirmed", stdin=answer)
    assert said in ran.err.splitlines()[-1]
    assert not server.writes
    assert encryption(server, "unconfirmed") == "false"
    assert (ran.code, ran.out) == (code, "")


def test_where_there_is_nothing_to_change_it_does_not_ask(server: Server, cli: Cli) -> None:
    server.session().client("sqs").create_queue(QueueName="right")
    ran = cli("remediate", "-t", "sqs-queue", "-r", "right", "--format", "json")
    assert "There is nothing to change." in ran.err
    assert (ran.code, ran.json) == (0, [])


def test_another_accounts_resources_are_mended_through_its_role(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "theirs-to-mend", OTHER)
    ran = cli(
        *("remediate", "--yes", "--account", OTHER, "--role", "mender", "--external-id", "x-1"),
        *("-t", "sqs-queue", "-r", "theirs-to-mend"),
    )
    assert "sqs-queue theirs-to-mend: remediated" in ran.out
    assert encryption(server, "theirs-to-mend", OTHER) == "true"
    assert ran.code == 0


@pytest.fixture
def of_three_one_unreadable(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("unreadable", "readable"):
        server.make("sqs-queue", name, "888899990000")
    server.session("888899990000").client("sqs").create_queue(QueueName="right")

    def read(self: SQSResponse) -> Any:
        if self._get_queue_name() == "unreadable":
            raise JsonRESTError("AccessDeniedException", "no")
        return _get(self)

    _get = SQSResponse.get_queue_attributes
    monkeypatch.setattr(SQSResponse, "get_queue_attributes", read)


@pytest.mark.usefixtures("of_three_one_unreadable")
def test_what_cannot_be_read_has_an_execution_that_says_why_and_hides_nothing(cli: Cli) -> None:
    ran = cli("remediate", "--yes", "-t", "sqs-queue", "--account", "888899990000", "--format", "json")
    assert [(each["resource"], each["outcome"]) for each in ran.json] == [
        ("readable", "remediated"),
        ("right", "compliant"),
        ("unreadable", "failed"),
    ]
    assert "AccessDenied" in ran.json[2]["reason"]
    assert ran.code == 1
    kept = cli("history", "--format", "json").json
    # What was in its right state had no execution.
    assert {each["resource"] for each in kept} == {"readable", "unreadable"}


@pytest.fixture
def of_two_one_denied(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.make("sqs-queue", "not-to-be-written")
    server.make("sqs-queue", "to-be-written")

    def write(self: SQSResponse) -> Any:
        if self._get_queue_name() == "not-to-be-written":
            raise JsonRESTError("AccessDeniedException", "no")
        return _set(self)

    _set = SQSResponse.set_queue_attributes
    monkeypatch.setattr(SQSResponse, "set_queue_attributes", write)


@pytest.mark.usefixtures("of_two_one_denied")
def test_one_that_fails_stops_no_other_and_the_run_ends_with_1(server: Server, cli: Cli) -> None:
    ran = cli("remediate", "--yes", "-t", "sqs-queue", "-r", "not-to-be-written", "-r", "to-be-written")
    assert "sqs-queue not-to-be-written: failed" in ran.out
    assert "SetQueueAttributes failed. AWS refused" in ran.out
    assert "sqs-queue to-be-written: remediated" in ran.out
    assert encryption(server, "to-be-written") == "true"
    assert ran.code == 1
    failed = cli("history", "--outcome", "failed", "--format", "json").json
    assert [each["resource"] for each in failed] == ["not-to-be-written"]
