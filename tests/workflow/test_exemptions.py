"""Executions that leave a resource alone because somebody has said so, or because code manages it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.rds.models import rds_backends

from rightstate.accounts.exemptions import of_run
from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.models.decision import Outcome
from rightstate.models.settings import Account, Enabled, Handling, Managed
from rightstate.models.start import Execution
from rightstate.models.tasks import DecideTask, Described, Run
from rightstate.policy import Mode
from rightstate.resource_type import Resource
from rightstate.states import decide
from rightstate.storage.tables import SETTINGS
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.simulation import accounts
from tests.support.calls import Calls
from tests.support.member import ACCOUNT, REGION, broken, session, start_input
from tests.workflow.test_endings import entry_of, run

POLICY = "sqs-server-side-encryption"
CREATED = written(datetime.now(UTC))
LATER = written(datetime.now(UTC) + timedelta(days=30))
BEFORE = "2026-01-02T00:00:00Z"
SECRET = "planted-secret"
TAGS_READ = "sqs:ListQueueTags"


def exemption(**given: Any) -> dict[str, Any]:
    return {
        "id": "ex-1a2b3c4d",
        "reason": "Legacy import",
        "approver": "ana@example.com",
        "created": CREATED,
        "until": LATER,
        **given,
    }


@pytest.mark.parametrize(
    "given",
    [
        # Written past the command line.
        {"created": "2020-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"},
        {"created": "9999-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"},
    ],
    ids=["longer than ExemptionDays", "created in the future"],
)
def test_an_exemption_that_the_hub_does_not_allow_keeps_nothing_from_being_changed(
    hub: Engine, given: dict[str, str]
) -> None:
    hub.configure(settings(exemption(**given)))
    execution = run(hub, "sqs-queue", start_input(broken(POLICY)))
    assert execution.outcome == Outcome.REMEDIATED


def settings(*exemptions: dict[str, Any], **more: Any) -> Account:
    return Account.model_validate(
        {
            "account": ACCOUNT,
            "role_arn": accounts.role_arn(ACCOUNT),
            "external_id": "shared",
            "policies": {POLICY: {"mode": "auto"}},
            "exemptions": exemptions,
            **more,
        }
    )


def queue(**tags: str) -> str:
    name = broken(POLICY)
    sqs = session().client("sqs")
    if tags:
        sqs.tag_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], Tags=tags)
    return name


def named(queue: str) -> str:
    return f"{REGION}/sqs-queue/{queue}"


@pytest.mark.parametrize(
    "selector",
    [{}, {"policies": [POLICY]}, {"resource": "{queue}"}, {"resource": "{queue}", "policies": [POLICY]}],
    ids=str,
)
def test_an_exempt_resource_is_looked_at_and_left_alone(
    hub: Engine, calls: Calls, selector: dict[str, Any]
) -> None:
    name = queue()
    if "resource" in selector:
        selector = {**selector, "resource": named(name)}
    hub.configure(settings(exemption(**selector)))
    execution = run(hub, "sqs-queue", start_input(name))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "exempt")
    assert calls.writes == []
    assert TAGS_READ not in calls.made
    entry = entry_of(hub, execution)
    assert entry["reason"] == f"Legacy import (approved by ana@example.com, until {LATER})"
    [verdict] = entry["verdicts"]
    assert (verdict["status"], verdict["rule"]) == ("exempt", "exemption ex-1a2b3c4d")
    assert verdict["findings"] == [{"setting": "Encryption", "before": "none", "after": "SSE-SQS"}]


@pytest.mark.parametrize(
    "given",
    [
        exemption(until=BEFORE),
        exemption(resource=f"{REGION}/sqs-queue/another"),
        exemption(resource="eu-west-1/sqs-queue/{queue}"),
        exemption(policies=["s3-versioning"]),
    ],
    ids=["expired", "of another queue", "of another region", "of another policy"],
)
def test_what_no_exemption_covers_is_put_right(hub: Engine, calls: Calls, given: dict[str, Any]) -> None:
    name = queue()
    if "resource" in given:
        given = {**given, "resource": given["resource"].replace("{queue}", name)}
    hub.configure(settings(given))
    assert run(hub, "sqs-queue", start_input(name)).outcome == "remediated"


def test_beside_an_exempt_policy_the_others_are_applied(hub: Engine, calls: Calls) -> None:
    bucket = broken("s3-versioning")
    hub.configure(
        settings(
            exemption(policies=["S3VersioningEnabled"]),
            policies={"s3-versioning": {"mode": "auto"}, "s3-default-encryption": {"mode": "auto"}},
        )
    )
    assert run(hub, "s3-bucket", start_input(bucket)).outcome == "remediated"
    assert calls.writes == ["s3:PutBucketEncryption"]


def test_an_exempt_resource_that_is_busy_is_not_waited_for(hub: Engine, calls: Calls) -> None:
    policy = "rds-mysql-deletion-protection"
    database = broken(policy)
    rds_backends[ACCOUNT][REGION].databases[database].status = "modifying"
    hub.configure(settings(exemption(), policies={policy: {"mode": "auto"}}))
    execution = run(hub, "rds-instance", start_input(database))
    assert (execution.outcome, calls.made.count("rds:DescribeDBInstances")) == ("exempt", 1)


# --- By tag (threat T24: whoever may tag a resource could exempt it) ---


def test_a_tag_exempts_where_the_account_lets_it(hub: Engine, calls: Calls) -> None:
    hub.configure(settings(exemption(tag="team=payments"), tag_exemptions=True))
    assert run(hub, "sqs-queue", start_input(queue(team="payments"))).outcome == "exempt"
    assert calls.writes == []
    assert TAGS_READ in calls.made


def test_a_tag_exempts_nothing_unless_the_account_lets_it(hub: Engine, calls: Calls) -> None:
    hub.configure(settings(exemption(tag="team=payments")))
    assert run(hub, "sqs-queue", start_input(queue(team="payments"))).outcome == "remediated"
    assert TAGS_READ not in calls.made


def test_a_resource_without_the_tag_is_put_right(hub: Engine, calls: Calls) -> None:
    hub.configure(settings(exemption(tag="team=payments"), tag_exemptions=True))
    assert run(hub, "sqs-queue", start_input(queue(team="orders"))).outcome == "remediated"


def test_where_nothing_depends_on_tags_none_are_read(hub: Engine, calls: Calls) -> None:
    hub.configure(settings(tag_exemptions=True))
    assert run(hub, "sqs-queue", start_input(queue(team="payments"))).outcome == "remediated"
    assert TAGS_READ not in calls.made


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ([exemption(tag="team=payments")], {"tag_exemptions": True}),
        ([], {"managed": {"handling": "report"}}),
        ([], {"managed": {"handling": "delay"}}),
    ],
    ids=["exemption", "report", "delay"],
)
def test_where_tags_decide_and_cannot_be_read_nothing_is_changed(
    hub: Engine, calls: Calls, given: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    hub.configure(settings(*given, **more))
    name = queue()
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": SECRET}}, "ListQueueTags")

    def refuse(*asked: Any) -> Any:
        raise denied

    with patch("rightstate.states.describe.load", lambda kind: replace(load(kind), tags=refuse)):
        execution = run(hub, "sqs-queue", start_input(name))
    assert (execution.status, entry_of(hub, execution)["error"]) == ("FAILED", "Denied")
    assert calls.writes == []
    assert SECRET not in json.dumps(entry_of(hub, execution), default=str)


# --- A store that is not understood ---


@pytest.mark.parametrize(
    "given",
    [
        {"exemptions": [exemption(until="never")]},
        {"exemptions": [exemption(policies=["no-such-policy"])]},
        {"exemptions": [exemption(resource="invoices")]},
        {"exemptions": "none"},
        {"managed": {"handling": "ignore"}},
        {"tag_exemptions": "sometimes"},
    ],
    # Without the time in the exemptions, which is another one in each of the processes that share the tests.
    ids=["until", "policy", "resource", "no list", "handling", "no choice"],
)
def test_settings_that_are_not_understood_let_nothing_be_changed(
    hub: Engine, calls: Calls, given: dict[str, Any]
) -> None:
    name = queue()
    hub.configure(settings())
    item = {**settings().model_dump(mode="json", exclude_none=True), **given}

    hub.table(SETTINGS).put(item)
    calls.made.clear()
    execution = run(hub, "sqs-queue", start_input(name))
    assert (execution.status, entry_of(hub, execution)["error"]) == ("FAILED", "SettingsUnreadable")
    assert calls.made == []


# --- Infrastructure as code ---


def event(**given: str) -> dict[str, str]:
    return {"id": "1", "name": "CreateQueue", "time": "2026-11-25T08:00:00Z", **given}


def test_by_default_nobody_asks_what_manages_a_resource(hub: Engine, calls: Calls) -> None:
    hub.configure(settings())
    by_stack = start_input(queue(terraform="yes"), event=event(source="cloudformation.amazonaws.com"))
    assert run(hub, "sqs-queue", by_stack).outcome == "remediated"
    assert TAGS_READ not in calls.made


@pytest.mark.parametrize(
    ("tags", "given", "why"),
    [
        ({"terraform": "yes"}, {}, "Its tag terraform says"),
        ({"ManagedBy": "terraform"}, {}, "Its tag ManagedBy says"),
        ({}, {"source": "cloudformation.amazonaws.com"}, "CloudFormation made the change."),
        (
            {},
            {"principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/17"},
            "A principal of infrastructure as code",
        ),
    ],
    ids=str,
)
def test_what_code_manages_is_reported_and_left_alone(
    hub: Engine, calls: Calls, tags: dict[str, str], given: dict[str, str], why: str
) -> None:
    managed = {"handling": "report", "principals": [f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/*"]}
    hub.configure(settings(managed=managed))
    execution = run(hub, "sqs-queue", start_input(queue(**tags), event=event(**given)))
    assert (execution.outcome, calls.writes) == ("reported", [])
    assert execution.reason.startswith(why)
    [verdict] = entry_of(hub, execution)["verdicts"]
    assert (verdict["status"], verdict["rule"]) == ("managed", "managed: report")


def test_what_no_code_manages_is_put_right(hub: Engine, calls: Calls) -> None:
    hub.configure(settings(managed={"handling": "report"}))
    by_hand = start_input(queue(team="payments"), event=event(source="203.0.113.7"))
    assert run(hub, "sqs-queue", by_hand).outcome == "remediated"


STARTED = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def decided(minutes: int, mode: Mode = Mode.AUTO, managed: bool = True, **more: Any) -> Any:
    """The decision so many minutes after the start, of a queue that CloudFormation makes, with a delay of 30
    minutes."""

    source = {"source": "cloudformation.amazonaws.com"} if managed else {}
    own = Run.model_validate(
        {
            "resource": Resource(account=ACCOUNT, region=REGION, id="invoices"),
            "role_arn": None,
            "external_id": None,
            "policies": {POLICY: Enabled(mode=mode)},
            "managed": Managed(handling=Handling.DELAY, delay_minutes=30),
            "event": event(**source),
            **more,
        }
    )
    task = DecideTask(
        resource_type="sqs-queue",
        execution=Execution(id="arn:aws:states", name="x", started=written(STARTED), state_machine=""),
        run=own,
        described=Described(
            observed={"Encryption": "none", "QueueUrl": "https://queue"},
            excuses=of_run(own, load("sqs-queue"), {}, written(STARTED)),
        ),
    )
    with patch("rightstate.states.decide.now", lambda: written(STARTED + timedelta(minutes=minutes))):
        return decide.decide(task)


@pytest.mark.parametrize("minutes", [0, 29])
def test_what_code_manages_is_looked_at_again_when_its_time_is_up(minutes: int) -> None:
    decision = decided(minutes)
    assert (decision.wait, decision.wait_until) == (True, "2026-11-25T08:30:00.000Z")
    assert (decision.apply, decision.changes, decision.calls) == (False, (), ())


@pytest.mark.parametrize("minutes", [30, 31, 600])
def test_then_it_is_put_right(minutes: int) -> None:
    decision = decided(minutes)
    assert (decision.wait, decision.apply, decision.outcome) == (False, True, Outcome.REMEDIATED)


def test_what_no_code_manages_waits_for_nothing() -> None:
    decision = decided(0, managed=False)
    assert (decision.wait, decision.apply) == (False, True)


def test_a_policy_in_report_waits_for_nothing() -> None:
    decision = decided(0, mode=Mode.REPORT)
    assert (decision.wait, decision.apply, decision.outcome) == (False, False, Outcome.REPORTED)


def test_an_exempt_resource_waits_for_nothing() -> None:
    excuses = {POLICY: {"kind": "exempt", "reason": "x", "rule": "exemption ex-1a2b3c4d"}}
    decision = decided(0, excuses=excuses)
    assert (decision.wait, decision.outcome) == (False, Outcome.EXEMPT)


# --- Tags may hold anything ---


def test_no_tag_s_value_leaves_the_function_that_reads_it(hub: Engine, calls: Calls) -> None:
    hub.logs.clear()
    for handling in ("report", "delay"):
        hub.configure(
            settings(exemption(tag="team=payments"), tag_exemptions=True, managed={"handling": handling})
        )
        name = queue(team="payments", terraform=SECRET, password=SECRET)
        execution = run(hub, "sqs-queue", start_input(name))
        assert TAGS_READ in calls.made
        assert execution.outcome == "exempt"
        states = hub.client("stepfunctions")
        history = [
            states.get_execution_history(executionArn=each["executionArn"])["events"]
            for machine in states.list_state_machines()["stateMachines"]
            for each in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
            if each["name"] == execution.name
        ]
        assert history
        for sink in (history, hub.ledger(), hub.logs):
            assert SECRET not in json.dumps(sink, default=str)
