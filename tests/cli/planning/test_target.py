"""What a command acts on, from how a user names it."""

import pytest
from moto import mock_aws

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.policy import Mode
from rightstate_cli.planning.target import enabled_policies, target, without_lacking

RDS = "arn:aws:rds:us-east-1:123456789012"


def named(*resources: str, types: tuple[str, ...] = (), policies: tuple[str, ...] = ()) -> list[str]:
    """Type and identifier of what is looked at."""
    with mock_aws():
        found = target(None, "us-east-1", None, None, types, policies, resources, (), Mode.REPORT)
    return [f"{resource_type.name} {resource.id}" for resource_type, resource in found.resources]


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:s3:::payments-archive", ["s3-bucket payments-archive"]),
        (f"{RDS}:db:orders", ["neptune-instance orders", "rds-instance orders"]),
        (f"{RDS}:cluster:checkout", ["neptune-cluster checkout", "rds-cluster checkout"]),
    ],
)
def test_an_arn_is_looked_at_as_each_type_that_it_may_be_of(arn: str, expected: list[str]) -> None:
    assert named(arn) == expected


def test_a_type_or_policy_says_which_of_them_is_meant() -> None:
    assert named(f"{RDS}:db:orders", types=("rds-instance",)) == ["rds-instance orders"]
    assert named(f"{RDS}:cluster:checkout", policies=("neptune-backup-retention",)) == [
        "neptune-cluster checkout"
    ]


def test_a_bare_name_needs_the_one_type_that_it_belongs_to() -> None:
    assert named("orders", types=("rds-instance",)) == ["rds-instance orders"]
    with pytest.raises(InvalidInput, match="several types"):
        named("orders")


def test_a_policy_that_lacks_a_value_is_left_out_of_a_run_of_all() -> None:
    everything = enabled_policies((), (), (), Mode.AUTO)
    run = without_lacking(everything)
    assert {"s3-access-logging"} <= everything.keys() - run.keys()
    for name, each in run.items():
        find_policy(name)[1].bound_wants(each.parameters)


def test_a_run_of_only_policies_that_lack_a_value_says_how_to_give_it() -> None:
    with pytest.raises(InvalidInput, match=r"s3-access-logging cannot run.*--set"):
        without_lacking(enabled_policies((), ("s3-access-logging",), (), Mode.AUTO))
