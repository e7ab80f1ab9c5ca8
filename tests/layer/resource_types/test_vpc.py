"""Which flow logs of a VPC count, how one is made, and what is left alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import CallFailed, ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, make, plan, remediate, undo

VPC = load("vpc")
PLACE = Place(account="123456789012", region="us-east-1")
BUCKET = "arn:aws:s3:::flow-logs-123456789012-us-east-1"
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"
ROLE = "arn:aws:iam::123456789012:role/flow-logs"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


@pytest.fixture
def resource(account: Account) -> Resource:
    made = examples.load("vpc").create(boto3.Session(region_name="us-east-1"), "", "")
    return Resource(**PLACE.model_dump(), id=made)


def answering(account: Account, resource: Resource, *logs: dict[str, Any]) -> None:
    """Have those flow logs, each an active one of the VPC unless it says otherwise."""
    usual = {
        "ResourceId": resource.id,
        "FlowLogStatus": "ACTIVE",
        "TrafficType": "ALL",
        "LogDestination": "arn:aws:s3:::theirs",
    }
    account.client("ec2").describe_flow_logs = lambda **given: {
        "FlowLogs": [
            {**usual, "FlowLogId": f"fl-{n}", "CreationTime": datetime(2026, 1, 10 - n, tzinfo=UTC), **each}
            for n, each in enumerate(logs)
        ]
    }


def test_one_call_makes_a_flow_log_of_rejected_traffic_and_an_undo_deletes_it(
    account: Account, resource: Resource
) -> None:
    decision = remediate(VPC, account, resource, enabled(VPC))
    [call] = decision.calls
    assert call.parameters == {
        "ResourceIds": [resource.id],
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogDestinationType": "s3",
        "LogDestination": BUCKET,
    }
    assert plan(VPC, account, resource, enabled(VPC)).outcome is Outcome.COMPLIANT
    make(VPC, account, resource, undo(VPC, account, resource, decision))
    assert account.client("ec2").describe_flow_logs()["FlowLogs"] == []


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        ({"TrafficType": "REJECT"}, True),
        ({"LogGroupName": "theirs", "LogDestination": "", "DeliverLogsPermissionArn": ROLE}, True),
        ({"DeliverLogsStatus": "SUCCESS"}, True),
        ({"TrafficType": "ACCEPT"}, False),
        ({"DeliverLogsStatus": "FAILED"}, False),
        ({"FlowLogStatus": "INACTIVE"}, False),
        ({"ResourceId": "vpc-1a2b3c4d"}, False),
    ],
)
def test_a_flow_log_counts_if_it_delivers_the_rejected_traffic_of_the_whole_vpc(
    account: Account, resource: Resource, log: dict[str, str], counts: bool
) -> None:
    answering(account, resource, log)
    decision = plan(VPC, account, resource, enabled(VPC))
    assert (decision.outcome is Outcome.COMPLIANT) is counts
    assert decision.apply is not counts


def test_of_several_flow_logs_the_first_one_counts(account: Account, resource: Resource) -> None:
    answering(account, resource, {"LogDestination": "arn:aws:s3:::later"}, {})
    observed = VPC.describe(account.client, resource, frozenset({"LogDestination", "FlowLogId"}))
    assert observed == {"LogDestination": "arn:aws:s3:::theirs", "FlowLogId": "fl-1"}


def test_a_flow_log_that_fails_to_deliver_to_the_destination_is_reported_and_stays(
    account: Account, resource: Resource
) -> None:
    answering(account, resource, {"DeliverLogsStatus": "FAILED", "LogDestination": BUCKET})
    decision = plan(VPC, account, resource, enabled(VPC))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert "fails to deliver" in decision.reason


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (BUCKET + "/vpc", {"LogDestinationType": "s3"}),
        (GROUP, {"LogDestinationType": "cloud-watch-logs", "DeliverLogsPermissionArn": ROLE}),
        (
            "arn:aws:firehose:us-east-1:123456789012:deliverystream/flow-logs",
            {"LogDestinationType": "kinesis-data-firehose"},
        ),
    ],
)
def test_the_destination_says_of_what_type_it_is(
    account: Account, resource: Resource, destination: str, expected: dict[str, str]
) -> None:
    given = enabled(VPC, log_destination=destination, deliver_logs_role_arn=ROLE, traffic_type="ALL")
    [call] = plan(VPC, account, resource, given).calls
    rest = {"ResourceIds": [resource.id], "ResourceType": "VPC", "TrafficType": "ALL"}
    assert call.parameters == {**rest, "LogDestination": destination, **expected}


def test_a_log_group_needs_a_role(account: Account, resource: Resource) -> None:
    decision = plan(VPC, account, resource, enabled(VPC, log_destination=GROUP))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert "needs deliver_logs_role_arn" in decision.reason


def test_a_flow_log_that_aws_makes_not_though_it_answers_with_success_fails(
    account: Account, resource: Resource
) -> None:
    decision = plan(VPC, account, resource, enabled(VPC, log_destination="arn:aws:s3:::missing"))
    with pytest.raises(CallFailed, match="No flow log was made: 400"):
        make(VPC, account, resource, decision)


def test_a_vpc_that_another_account_shares_is_left_to_it(resource: Resource) -> None:
    decision = decide(VPC, resource, enabled(VPC), {"SharedBy": "999999999999"})
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())


def test_a_deleted_flow_log_has_every_vpc_of_the_region_looked_at(
    account: Account, resource: Resource
) -> None:
    assert VPC.members
    assert ("us-east-1", resource.id) in list(VPC.members(account.client, PLACE, "account"))


def test_a_vpc_that_does_not_exist_is_gone(account: Account, resource: Resource) -> None:
    account.client("ec2").describe_vpcs = lambda **given: {"Vpcs": []}
    with pytest.raises(ResourceGone):
        plan(VPC, account, resource, enabled(VPC))
