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
        ("classic-load-balancer", "storefront", "storefront"),
        (
            "classic-load-balancer",
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/storefront",
            "storefront",
        ),
        ("load-balancer", "app/checkout/50dc6c495c0c9188", "app/checkout/50dc6c495c0c9188"),
        (
            "load-balancer",
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/b-2/50dc6c495c0c9188",
            "net/b-2/50dc6c495c0c9188",
        ),
        ("rds-snapshot", "snapshot:orders", "snapshot:orders"),
        ("rds-snapshot", "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:o-1", "cluster-snapshot:o-1"),
        ("rds-snapshot", "snapshot:arn:aws:rds:eu-west-1:111122223333:snapshot:orders", "snapshot:orders"),
        ("auto-scaling-group", "checkout-web", "checkout-web"),
        ("auto-scaling-group", "Blue (2019) web/api", "Blue (2019) web/api"),
        (
            "auto-scaling-group",
            "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:"
            "c5ed6c2b-9f1a-4b6e-8d0f-3a2b1c0d9e8f:autoScalingGroupName/checkout-web",
            "checkout-web",
        ),
        ("ec2-instance", "i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718"),
        ("ec2-instance", "i-1a2b3c4d", "i-1a2b3c4d"),
        (
            "ec2-instance",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718",
            "i-0a1b2c3d4e5f60718",
        ),
        ("neptune-cluster", "arn:aws:rds:eu-west-1:111122223333:cluster:relations", "relations"),
        ("neptune-instance", "arn:aws:rds:eu-west-1:111122223333:db:relations-1", "relations-1"),
        ("rds-cluster", "arn:aws:rds:eu-west-1:111122223333:cluster:checkout", "checkout"),
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
    " a",
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
        (
            "load-balancer",
            "arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/a/50dc6c495c0c9188",
            "account",
        ),
        ("rds-snapshot", "arn:aws:rds:us-east-1:111122223333:snapshot:orders", "region"),
        ("rds-snapshot", "snapshot:arn:aws:rds:eu-west-1:999999999999:snapshot:orders", "account"),
        (
            "auto-scaling-group",
            "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:x:autoScalingGroupName/web",
            "region",
        ),
        ("iam-password-policy", "arn:aws:iam::999999999999:password-policy", "account"),
    ],
)
def test_a_resource_of_another_account_region_or_partition_is_refused(
    resource_type: str, given: str, part: str
) -> None:
    with pytest.raises(InvalidInput, match=f"belongs to {part}"):
        identify(load(resource_type), PLACE, given)


@pytest.mark.parametrize(
    ("resource_type", "given", "name"),
    [
        ("rds-instance", "Orders", "orders"),
        ("rds-cluster", "arn:aws:rds:eu-west-1:111122223333:cluster:Orders", "orders"),
        ("rds-snapshot", "snapshot:Orders-Before", "snapshot:orders-before"),
        ("neptune-cluster", "Graph", "graph"),
        ("dynamodb-table", "Orders", "Orders"),
        ("sqs-queue", "Orders", "Orders"),
    ],
)
def test_what_aws_takes_in_any_case_has_one_name(resource_type: str, given: str, name: str) -> None:
    """Locks, halts, denials and the ledger go by it."""
    assert identify(load(resource_type), PLACE, given).id == name


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


@pytest.mark.parametrize(
    ("resource_type", "given"),
    [
        ("classic-load-balancer", "app/checkout/50dc6c495c0c9188"),
        ("classic-load-balancer", "-storefront"),
        ("load-balancer", "checkout"),
        ("load-balancer", "app/checkout/50dc6c495c0c9188/f2f7dc8efc522ab2"),
        ("rds-snapshot", "orders"),
        ("rds-snapshot", "db:orders"),
        ("rds-snapshot", "snapshot:arn:aws:rds:eu-west-1:111122223333:db:orders"),
    ],
)
def test_the_name_of_a_resource_of_another_kind_is_refused(resource_type: str, given: str) -> None:
    with pytest.raises(InvalidInput, match=f"of type {resource_type}"):
        identify(load(resource_type), PLACE, given)
