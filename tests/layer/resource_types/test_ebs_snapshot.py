"""What is read of a snapshot, what is written, and which are left alone."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate.surveying.survey import survey
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, decide, enabled, make, plan, remediate, undo

SNAPSHOT = load("ebs-snapshot")
PLACE = Place(account="123456789012", region="us-east-1")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def snapshot() -> Resource:
    made = examples.load("ebs-snapshot").create(boto3.Session(region_name="us-east-1"), "", "")
    return Resource(**PLACE.model_dump(), id=made)


def permissions(account: Account, resource: Resource) -> list[dict[str, str]]:
    answer = account.client("ec2").describe_snapshot_attribute(
        SnapshotId=resource.id, Attribute="createVolumePermission"
    )
    found: list[dict[str, str]] = answer["CreateVolumePermissions"]
    return found


def test_only_the_public_loses_it_and_an_undo_gives_it_back(account: Account) -> None:
    resource = snapshot()
    boto3.client("ec2", "us-east-1").modify_snapshot_attribute(
        SnapshotId=resource.id,
        Attribute="createVolumePermission",
        OperationType="add",
        UserIds=["999999999999"],
    )
    decision = remediate(SNAPSHOT, account, resource, enabled(SNAPSHOT))
    assert decision.outcome is Outcome.REMEDIATED
    assert permissions(account, resource) == [{"UserId": "999999999999"}]
    assert plan(SNAPSHOT, account, resource, enabled(SNAPSHOT)).outcome is Outcome.COMPLIANT
    make(SNAPSHOT, account, resource, undo(SNAPSHOT, account, resource, decision))
    assert {"Group": "all"} in permissions(account, resource)


def test_a_survey_finds_the_public_ones_of_the_account_with_two_calls(account: Account) -> None:
    public, private = snapshot(), snapshot()
    remediate(SNAPSHOT, account, private, enabled(SNAPSHOT))
    account.calls.clear()
    [page] = survey(SNAPSHOT, account.client, PLACE, frozenset({"Public"}))
    found = {seen.resource.id: seen.observed for seen in page.seen}
    assert found == {public.id: {"Public": True}, private.id: {"Public": False}}
    assert account.calls == ["ec2:DescribeSnapshots"] * 2


@pytest.mark.parametrize(
    ("observed", "reason"),
    [({"Encrypted": True}, "encrypted"), ({"SharedBy": "999999999999"}, "Another account owns")],
)
def test_what_cannot_be_public_or_is_not_ours_is_not_applicable(
    observed: dict[str, str | bool], reason: str
) -> None:
    resource = Resource(**PLACE.model_dump(), id="snap-1a2b3c4d")
    decision = decide(SNAPSHOT, resource, enabled(SNAPSHOT), observed)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reason in decision.reason


def test_nothing_is_read_of_the_permissions_of_another_accounts_snapshot(account: Account) -> None:
    theirs = boto3.client("ec2", "us-east-1").describe_snapshots(Filters=[])["Snapshots"][0]
    resource = Resource(**PLACE.model_dump(), id=theirs["SnapshotId"])
    assert plan(SNAPSHOT, account, resource, enabled(SNAPSHOT)).outcome is Outcome.NOT_APPLICABLE
    assert account.calls == ["ec2:DescribeSnapshots"]


def test_a_snapshot_that_ec2_does_not_list_is_gone(account: Account) -> None:
    account.client("ec2").describe_snapshots = lambda **given: {"Snapshots": []}
    with pytest.raises(ResourceGone):
        plan(SNAPSHOT, account, Resource(**PLACE.model_dump(), id="snap-1a2b3c4d"), enabled(SNAPSHOT))
