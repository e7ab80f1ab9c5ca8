"""What is read of an image, what is written, and which are left alone."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, make, plan, remediate, undo

IMAGE = load("ec2-image")
PLACE = Place(account="123456789012", region="us-east-1")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def test_only_the_public_loses_it_and_an_undo_gives_it_back(account: Account) -> None:
    made = examples.load("ec2-image").create(boto3.Session(region_name="us-east-1"), "base", "")
    resource, ec2 = Resource(**PLACE.model_dump(), id=made), boto3.client("ec2", "us-east-1")
    ec2.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"UserId": "999999999999"}]})

    def permissions() -> list[str]:
        answer = ec2.describe_image_attribute(ImageId=made, Attribute="launchPermission")
        return [str(value) for each in answer["LaunchPermissions"] for value in each.values()]

    decision = remediate(IMAGE, account, resource, enabled(IMAGE))
    assert account.calls == ["ec2:DescribeImages", "ec2:ModifyImageAttribute"]
    assert permissions() == ["999999999999"]
    assert plan(IMAGE, account, resource, enabled(IMAGE)).outcome is Outcome.COMPLIANT
    make(IMAGE, account, resource, undo(IMAGE, account, resource, decision))
    assert sorted(permissions()) == ["999999999999", "all"]
    assert list(IMAGE.find(account.client, PLACE)) == [made]


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        ({"State": "pending"}, "in its state"),
        ({"State": "available", "SharedBy": "999999999999"}, "Another account owns"),
    ],
)
def test_what_cannot_be_launched_or_is_not_ours_is_not_applicable(
    observed: dict[str, str], reason: str
) -> None:
    resource = Resource(**PLACE.model_dump(), id="ami-1a2b3c4d")
    decision = decide(IMAGE, resource, enabled(IMAGE), {"Public": True, **observed})
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reason in decision.reason


def test_an_image_that_ec2_does_not_list_is_gone(account: Account) -> None:
    account.client("ec2").describe_images = lambda **given: {"Images": []}
    with pytest.raises(ResourceGone):
        plan(IMAGE, account, Resource(**PLACE.model_dump(), id="ami-1a2b3c4d"), enabled(IMAGE))
