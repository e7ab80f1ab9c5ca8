"""What a deployed remediation does where there is nothing to do, and where it cannot do it."""

import pytest
from moto.core.exceptions import AccessDeniedError
from moto.sts.responses import TokenResponse

from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, event_about
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance

POLICY = "sqs-server-side-encryption"


def test_a_compliant_resource_is_left_alone(hub: Hub, member: Server) -> None:
    member.session(ACCOUNT).client("sqs").create_queue(
        QueueName="encrypted", Attributes={"SqsManagedSseEnabled": "true"}
    )
    hub.enable(POLICY)
    member.calls.clear()
    [event] = hub.send(event_about("sqs-queue", POLICY, "encrypted"))
    execution = hub.follow(event, "sqs-queue")
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "compliant")
    assert member.calls and not member.writes
    assert hub.entry(execution)["outcome"] == "compliant"


def test_an_event_that_comes_twice_changes_the_resource_once(hub: Hub, member: Server) -> None:
    queue = member.make("sqs-queue", "twice", ACCOUNT)
    hub.enable(POLICY)
    event = event_about("sqs-queue", POLICY, queue)
    outcomes = [hub.follow(sent, "sqs-queue").outcome for _ in range(2) for sent in hub.send(event)]
    assert outcomes == ["remediated", "compliant"]
    assert member.writes == ["sqs:SetQueueAttributes"]


def test_a_failed_call_starts_nothing(hub: Hub, member: Server) -> None:
    queue = member.make("sqs-queue", "unchanged", ACCOUNT)
    hub.enable(POLICY)
    event = event_about("sqs-queue", POLICY, queue)
    failed = {**event, "detail": {**event["detail"], "errorCode": "AccessDenied"}}
    refused, accepted = hub.send(failed, event)
    # When the later one has ended, the earlier one would have been started.
    assert hub.follow(accepted, "sqs-queue").outcome == "remediated"
    assert hub.started_by(refused, "sqs-queue") == []


def test_a_call_of_the_remediation_itself_starts_nothing(hub: Hub, member: Server) -> None:
    queue = member.make("sqs-queue", "no-loop", ACCOUNT)
    hub.enable(POLICY)
    event = event_about("sqs-queue", POLICY, queue)
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/rightstate-remediation"}
    identity = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
    ours = {**event, "detail": {**event["detail"], "userIdentity": identity}}
    passed_over, accepted = hub.send(ours, event)
    assert hub.follow(accepted, "sqs-queue").outcome == "remediated"
    assert hub.started_by(passed_over, "sqs-queue") == []


def test_an_account_without_settings_is_not_touched(hub: Hub, member: Server) -> None:
    queue = member.make("sqs-queue", "foreign", ACCOUNT)
    hub.forget(ACCOUNT)
    [event] = hub.send(event_about("sqs-queue", POLICY, queue))
    execution = hub.follow(event, "sqs-queue")
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "rejected"), execution.reason
    assert not member.calls


def test_a_role_that_cannot_be_assumed_fails_the_execution_and_the_ledger_says_why(
    hub: Hub, member: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: TokenResponse) -> None:
        raise AccessDeniedError(user_arn="planted-text", action="sts:AssumeRole")

    queue = member.make("sqs-queue", "unreachable", ACCOUNT)
    hub.enable(POLICY)
    monkeypatch.setattr(TokenResponse, "assume_role", refuse)
    [event] = hub.send(event_about("sqs-queue", POLICY, queue))
    execution = hub.follow(event, "sqs-queue")
    assert [step.state for step in execution.steps][-3:] == [
        "Assume role",
        "Notify and record",
        "Remediation failed",
    ]
    entry = hub.entry(execution)
    assert (execution.status, entry["outcome"], entry["error"]) == ("FAILED", "failed", "RoleNotAssumed")
    assert "Check that the role exists" in entry["reason"] and "planted-text" not in entry["reason"]
    assert not member.writes


def test_a_role_of_another_account_changes_neither(hub: Hub, member: Server) -> None:
    queue = member.make("sqs-queue", "mistaken", ACCOUNT)
    hub.enable(POLICY, role="arn:aws:iam::444455556666:role/rightstate-remediation")
    [event] = hub.send(event_about("sqs-queue", POLICY, queue))
    execution = hub.follow(event, "sqs-queue")
    assert (execution.status, hub.entry(execution)["error"]) == ("FAILED", "WrongAccount")
    assert not member.writes


def test_a_manual_start_puts_another_accounts_resource_right(hub: Hub, member: Server) -> None:
    other = "444455556666"
    queue = member.make("sqs-queue", "of-another-account", other)
    hub.enable(POLICY, account=other)
    given = {"account": other, "region": REGION, "resource": queue, "reason": "backfill"}
    execution = hub.ended(hub.start("sqs-queue", given))
    assert (execution.outcome, hub.entry(execution)["why"]) == ("remediated", "backfill")
    attributes = member.session(other).client("sqs").get_queue_attributes
    url = member.session(other).client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    assert attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["SqsManagedSseEnabled"] == "true"


def test_an_event_about_a_group_starts_an_execution_for_each_of_its_resources(
    hub: Hub, member: Server
) -> None:
    other = "777788889999"
    buckets = [member.make("s3-bucket", f"grouped-{number}", other) for number in range(2)]
    # Beside its buckets the example makes one for their logs.
    buckets.insert(0, f"access-logs-{other}-{REGION}")
    hub.enable("s3-versioning", account=other)
    given = {"account": other, "region": REGION, "group": "account", "reason": "backfill"}
    parent = hub.ended(hub.start("s3-bucket", given))
    assert parent.outcome == "fanned-out"
    arn = hub.machine("s3-bucket").replace(":stateMachine:", ":execution:")
    children = [hub.ended(f"{arn}:{name}") for name in parent.fanned_out_to]
    assert sorted((child.resource, child.outcome) for child in children) == [
        (bucket, "remediated") for bucket in buckets
    ]
