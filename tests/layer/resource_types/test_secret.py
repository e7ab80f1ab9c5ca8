"""Who may read a secret, and how often it is rotated."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

SECRET = load("secret")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="shop/database")
ROTATION = enabled(SECRET, "secret-rotation-enabled")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        session = boto3.Session(region_name="us-east-1")
        examples.load("secret").create(session, RESOURCE.id, "")
        yield Account()


def policy(account: Account) -> str | None:
    answer = account.client("secretsmanager").get_resource_policy(SecretId=RESOURCE.id)
    found: str | None = answer.get("ResourcePolicy")
    return found


def test_public_statements_go_and_an_undo_has_the_text_byte_by_byte(account: Account) -> None:
    before = policy(account)
    policies = enabled(SECRET, "secret-not-public")
    decision = remediate(SECRET, account, RESOURCE, policies)
    assert [each["Sid"] for each in json.loads(str(policy(account)))["Statement"]] == ["PartnerMayRead"]
    assert plan(SECRET, account, RESOURCE, policies).outcome is Outcome.COMPLIANT
    make(SECRET, account, RESOURCE, undo(SECRET, account, RESOURCE, decision))
    assert policy(account) == before


def test_secrets_manager_checks_the_new_policy_too_and_not_the_one_that_an_undo_writes(
    account: Account,
) -> None:
    account.parameters.clear()
    decision = remediate(SECRET, account, RESOURCE, enabled(SECRET, "secret-not-public"))
    make(SECRET, account, RESOURCE, undo(SECRET, account, RESOURCE, decision))
    written = [sent["BlockPublicPolicy"] for name, sent in account.parameters if name == "PutResourcePolicy"]
    assert written == [True, False]


def test_a_policy_without_other_statements_is_deleted(account: Account) -> None:
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
    account.client("secretsmanager").put_resource_policy(
        SecretId=RESOURCE.id, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    )
    remediate(SECRET, account, RESOURCE, enabled(SECRET, "secret-not-public"))
    assert policy(account) is None


def test_rotation_is_switched_on_without_rotating_at_once_and_cancelled_to_undo_it(account: Account) -> None:
    decision = remediate(SECRET, account, RESOURCE, ROTATION)
    [call] = decision.calls
    assert call.parameters == {
        "SecretId": RESOURCE.id,
        "RotationRules": {"AutomaticallyAfterDays": 90},
        "RotateImmediately": False,
    }
    assert plan(SECRET, account, RESOURCE, ROTATION).outcome is Outcome.COMPLIANT
    back = undo(SECRET, account, RESOURCE, decision)
    assert [call.operation for call in back.calls] == ["CancelRotateSecret"]


def described(account: Account, policies: Any, **answer: Any) -> Any:
    """What is decided if DescribeSecret answers so."""
    client = account.client("secretsmanager")
    with Stubber(client) as stubber:
        stubber.add_response(
            "describe_secret", {"Name": RESOURCE.id, "RotationLambdaARN": FUNCTION, **answer}
        )
        if "secret-not-public" in policies and "PrimaryRegion" not in answer:
            stubber.add_response("get_resource_policy", {})
        return plan(SECRET, account, RESOURCE, policies)


@pytest.mark.parametrize(
    ("rules", "complies"),
    [
        ({"AutomaticallyAfterDays": 90}, True),
        ({"AutomaticallyAfterDays": 91}, False),
        ({"ScheduleExpression": "rate(30 days)"}, True),
        ({"ScheduleExpression": "rate(1 day)"}, True),
        ({"ScheduleExpression": "rate(120 days)"}, False),
        ({"ScheduleExpression": "rate(12 hours)"}, True),
        ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, True),
        ({}, False),
    ],
    ids=str,
)
def test_a_schedule_is_read_in_whatever_form_it_has(
    account: Account, rules: dict[str, Any], complies: bool
) -> None:
    decision = described(account, ROTATION, RotationEnabled=True, RotationRules=rules)
    assert (decision.outcome is Outcome.COMPLIANT) is complies


def test_an_undo_has_the_schedule_again_in_its_own_form(account: Account) -> None:
    rules = {"ScheduleExpression": "rate(120 days)", "AutomaticallyAfterDays": 120}
    decision = described(account, ROTATION, RotationEnabled=True, RotationRules=rules)
    remediate(SECRET, account, RESOURCE, ROTATION)
    [call] = undo(SECRET, account, RESOURCE, decision).calls
    assert call.parameters["RotationRules"] == {"ScheduleExpression": "rate(120 days)"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"PrimaryRegion": "eu-west-1"}, "replica"),
        ({"OwningService": "rds"}, "AWS service manages"),
        ({"RotationLambdaARN": ""}, "no rotation function"),
        ({"DeletedDate": "2026-11-01T00:00:00Z"}, "being deleted"),
    ],
    ids=str,
)
def test_what_cannot_be_rotated_by_its_owner_is_not_applicable(
    account: Account, answer: dict[str, Any], said: str
) -> None:
    decision = described(account, ROTATION, **answer)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert said in decision.reason


def test_the_policy_of_a_replica_is_that_of_the_primary_and_is_not_asked_for(account: Account) -> None:
    policies = enabled(SECRET, "secret-not-public")
    assert described(account, policies, PrimaryRegion="eu-west-1").outcome is Outcome.NOT_APPLICABLE


def test_a_rotation_that_has_not_ended_is_held(account: Account) -> None:
    decision = described(account, ROTATION, VersionIdsToStages={"1" * 32: ["AWSPENDING"]})
    assert (decision.calls, decision.verdicts[0].status) == ((), Status.HELD)
