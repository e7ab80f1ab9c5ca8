"""Which names are taken for a resource, and which are refused before any call is made."""

import pytest

from rightstate.catalogue import load, names
from rightstate.errors import InvalidInput
from rightstate.identify import identify
from rightstate.resource_type import Place

PLACE = Place(account="111122223333", region="eu-west-1")


@pytest.mark.parametrize(
    ("resource_type", "given", "expected"),
    [
        ("s3-bucket", "payments-archive", "payments-archive"),
        ("s3-bucket", "arn:aws:s3:::payments-archive", "payments-archive"),
        ("s3-bucket", "logs.example.com", "logs.example.com"),
        ("s3-bucket", "Old_Bucket", "Old_Bucket"),
        ("sqs-queue", "invoices", "invoices"),
        ("sqs-queue", "invoices.fifo", "invoices.fifo"),
        ("sqs-queue", "arn:aws:sqs:eu-west-1:111122223333:invoices", "invoices"),
        ("sqs-queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/invoices", "invoices"),
        ("sqs-queue", "https://eu-west-1.queue.amazonaws.com/111122223333/invoices", "invoices"),
        ("sqs-queue", "https://queue.amazonaws.com/111122223333/invoices", "invoices"),
        ("sqs-queue", "http://127.0.0.1:5000/111122223333/invoices", "invoices"),
        ("iam-password-policy", "111122223333", "111122223333"),
        ("iam-password-policy", "arn:aws:iam::111122223333:password-policy", "111122223333"),
        ("rds-instance", "orders", "orders"),
        ("rds-instance", "arn:aws:rds:eu-west-1:111122223333:db:orders", "orders"),
    ],
)
def test_a_name_an_arn_or_a_queue_url_names_the_resource(
    resource_type: str, given: str, expected: str
) -> None:
    place = (
        PLACE if resource_type != "iam-password-policy" else Place(account="111122223333", region="us-east-1")
    )
    assert identify(load(resource_type), place, given).id == expected


HOSTILE = [
    "../other",
    "..%2fother",
    "a/../b",
    "na\nme",
    "name\n",
    "name\x00",
    "*",
    "?",
    "a*",
    "${aws:username}",
    "x" * 10_240,
    "",
    " ",
    "a b",
    "<script>",
    "\u202eeman",
    "\x1b[31mred",
    "arn:aws:iam::999999999999:role/admin",
    "https://evil.example/111122223333/",
]


@pytest.mark.parametrize("resource_type", names())
@pytest.mark.parametrize("given", HOSTILE, ids=lambda given: repr(given[:20]))
def test_a_hostile_name_is_refused_and_repeated_only_short_and_escaped(
    resource_type: str, given: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        identify(load(resource_type), PLACE, given)
    message = str(refused.value)
    assert len(message) < 400
    assert message.isprintable()


@pytest.mark.parametrize(
    ("resource_type", "given", "part"),
    [
        ("sqs-queue", "arn:aws:sqs:eu-west-1:999999999999:invoices", "account"),
        ("sqs-queue", "https://sqs.eu-west-1.amazonaws.com/999999999999/invoices", "account"),
        ("sqs-queue", "arn:aws:sqs:us-east-1:111122223333:invoices", "region"),
        ("sqs-queue", "https://sqs.us-east-1.amazonaws.com/111122223333/invoices", "region"),
        ("sqs-queue", "arn:aws-cn:sqs:eu-west-1:111122223333:invoices", "partition"),
        ("rds-instance", "arn:aws:rds:eu-west-1:999999999999:db:orders", "account"),
        ("iam-password-policy", "arn:aws:iam::999999999999:password-policy", "account"),
    ],
)
def test_a_resource_of_another_account_region_or_partition_is_refused(
    resource_type: str, given: str, part: str
) -> None:
    with pytest.raises(InvalidInput, match=f"belongs to {part}"):
        identify(load(resource_type), PLACE, given)


def test_another_account_has_another_password_policy() -> None:
    with pytest.raises(InvalidInput):
        identify(load("iam-password-policy"), PLACE, "999999999999")


@pytest.mark.parametrize(
    ("partition", "region", "home"),
    [
        ("aws", "eu-west-1", "us-east-1"),
        ("aws-cn", "cn-northwest-1", "cn-north-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_a_global_service_is_looked_after_in_its_home_region(partition: str, region: str, home: str) -> None:
    place = Place(account="111122223333", region=region, partition=partition)
    assert identify(load("iam-password-policy"), place, "111122223333").region == home
