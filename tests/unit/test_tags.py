"""Each type's tags, put on with the service's own call and read back (on moto)."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.support import cycle

from rightstate.catalogue import load, names
from rightstate.identify import at_home
from rightstate.resource_type import Place, Resource, tags_in
from rightstate_cli import examples, moto_gaps

ACCOUNT = "123456789012"
REGION = "us-east-1"
LISTED = [{"Key": "team", "Value": "payments"}, {"Key": "owner", "Value": "ana"}]
GIVEN = {"team": "payments", "owner": "ana"}

Put = Callable[[Any, str, str], None]
"""The session, the identifier and the ARN."""


def _rds(session: Any, name: str, arn: str) -> None:
    session.client("rds").add_tags_to_resource(ResourceName=arn, Tags=LISTED)


def _queue(session: Any, name: str, arn: str) -> None:
    sqs = session.client("sqs")
    sqs.tag_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], Tags=GIVEN)


def _group(session: Any, name: str, arn: str) -> None:
    marks = {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    session.client("autoscaling").create_or_update_tags(Tags=[{**marks, **each} for each in LISTED])


def _stack(session: Any, name: str, arn: str) -> None:
    session.client("cloudformation").update_stack(StackName=name, UsePreviousTemplate=True, Tags=LISTED)


PUT: dict[str, Put] = {
    "auto-scaling-group": _group,
    "classic-load-balancer": lambda session, name, arn: session.client("elb").add_tags(
        LoadBalancerNames=[name], Tags=LISTED
    ),
    "cloudformation-stack": _stack,
    "cloudtrail-trail": lambda session, name, arn: session.client("cloudtrail").add_tags(
        ResourceId=arn, TagsList=LISTED
    ),
    "dynamodb-table": lambda session, name, arn: session.client("dynamodb").tag_resource(
        ResourceArn=arn, Tags=LISTED
    ),
    "ec2-instance": lambda session, name, arn: session.client("ec2").create_tags(
        Resources=[name], Tags=LISTED
    ),
    "kinesis-stream": lambda session, name, arn: session.client("kinesis").add_tags_to_stream(
        StreamName=name, Tags=GIVEN
    ),
    "kms-key": lambda session, name, arn: session.client("kms").tag_resource(
        KeyId=name, Tags=[{"TagKey": key, "TagValue": value} for key, value in GIVEN.items()]
    ),
    "load-balancer": lambda session, name, arn: session.client("elbv2").add_tags(
        ResourceArns=[arn], Tags=LISTED
    ),
    "neptune-cluster": _rds,
    "neptune-instance": _rds,
    "rds-cluster": _rds,
    "rds-instance": _rds,
    "rds-snapshot": _rds,
    "redshift-cluster": lambda session, name, arn: session.client("redshift").create_tags(
        ResourceName=arn, Tags=LISTED
    ),
    "s3-bucket": lambda session, name, arn: session.client("s3").put_bucket_tagging(
        Bucket=name, Tagging={"TagSet": LISTED}
    ),
    "sqs-queue": _queue,
}


def test_every_type_has_tags_but_the_one_that_is_no_resource() -> None:
    assert {name for name in names() if load(name).tags is None} == {"iam-password-policy"}
    assert set(PUT) == set(names()) - {"iam-password-policy"}


@pytest.mark.parametrize("name", PUT)
def test_the_tags_of_a_resource_are_read_and_so_is_that_it_has_none(name: str) -> None:
    resource_type, example = load(name), examples.load(name)
    place = at_home(resource_type, Place(account=ACCOUNT, region=REGION))
    assert resource_type.tags is not None
    with mock_aws(), moto_gaps.fill():
        session = boto3.Session(region_name=place.region)
        resource = Resource(**place.model_dump(), id=example.create(session, example.name, example.policy))
        account = cycle.Account(region=place.region)
        # Some examples come with tags of their own.
        before = resource_type.tags(account.client, resource)
        PUT[name](session, resource.id, resource_type.arn_of(resource))
        assert resource_type.tags(account.client, resource) == {**before, **GIVEN}


def test_a_tag_without_a_value_has_an_empty_one() -> None:
    assert tags_in([{"Key": "alone"}]) == {"alone": ""}


def test_the_tags_of_a_stream_are_read_to_the_last_page() -> None:
    given = {f"key-{number:02}": str(number) for number in range(25)}
    pages = []

    def paged(**asked: Any) -> Any:
        left = sorted(key for key in given if key > asked.get("ExclusiveStartTagKey", ""))
        pages.append(len(left))
        tags = [{"Key": key, "Value": given[key]} for key in left[:10]]
        return {"Tags": tags, "HasMoreTags": len(left) > 10}

    client = type("Client", (), {"list_tags_for_stream": staticmethod(paged)})()
    tags = load("kinesis-stream").tags
    assert tags is not None
    assert tags(lambda service: client, Resource(account=ACCOUNT, region=REGION, id="clicks")) == given
    assert pages == [25, 15, 5]


def test_a_bucket_whose_tags_may_not_be_read_is_not_one_without_tags() -> None:
    def refused(**asked: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetBucketTagging")

    client = type("Client", (), {"get_bucket_tagging": staticmethod(refused)})()
    tags = load("s3-bucket").tags
    assert tags is not None
    with pytest.raises(ClientError, match="AccessDenied"):
        tags(lambda service: client, Resource(account=ACCOUNT, region=REGION, id="invoices"))
