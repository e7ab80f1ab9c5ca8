"""Each type's tags, put on with the service's own call and read back (on moto)."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate.catalogue import load, names
from rightstate.identify import at_home
from rightstate.resource_type import Place, Resource, tags_in
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession
from tests.support import cycle
from tests.support.tags import TAGS
from tests.types import expected

ACCOUNT = "123456789012"
REGION = "us-east-1"


def test_every_type_has_tags_but_the_settings_of_an_account() -> None:
    without = {name for name in names() if load(name).tags is None}
    assert (
        without
        == {name for name in names() if expected(name).tag is None}
        == {name for name in names() if load(name).per_account}
    )


@pytest.mark.parametrize("name", [name for name in names() if expected(name).tag])
def test_the_tags_of_a_resource_are_read_and_so_is_that_it_has_none(name: str) -> None:
    resource_type, example = load(name), examples.load(name)
    put = expected(name).tag
    place = at_home(resource_type, Place(account=ACCOUNT, region=REGION))
    assert resource_type.tags is not None
    assert put is not None
    with mock_aws(), moto_gaps.fill():
        session = KeepingSession(place.region)
        resource = Resource(**place.model_dump(), id=example.create(session, example.name, example.policy))
        account = cycle.Account(region=place.region)
        # Some examples come with tags of their own.
        before = resource_type.tags(account.client, resource)
        put(session, resource.id, resource_type.arn_of(resource))
        assert resource_type.tags(account.client, resource) == {**before, **TAGS}


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
