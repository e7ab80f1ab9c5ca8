"""The AWS calls that one resource costs, counted at botocore."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from rightstate.catalogue import load
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.embedded.storage import SQLiteTable
from rightstate_cli.executions.executions import Start
from tests.support.calls import Calls
from tests.support.member import broken, enable, start_input

# Its role is assumed once to prove it, which serves to read too, and once more with rights to write.
ASSUMED = ["sts:AssumeRole", "sts:AssumeRole"]


def cost(hub: Engine, calls: Calls, resource_type: str, resource: str, *policies: str) -> list[str]:
    """The calls of one execution, in order, with those policies or all that need no value."""
    complete = [policy.id for policy in load(resource_type).policies if not policy.examples]
    enable(hub, *(policies or complete))
    calls.made.clear()
    [execution] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    assert execution.status == "SUCCEEDED"
    return list(calls.made)


def test_a_mysql_instance_that_breaks_all_twelve_costs_one_describe_one_modify_and_one_look_again(
    hub: Engine, calls: Calls
) -> None:
    database = broken("rds-mysql-deletion-protection")
    made = cost(hub, calls, "rds-instance", database)
    assert sorted(call for call in made if call.startswith("sts:")) == ASSUMED
    # What AWS offers for an engine version and class is asked once for a container, not for a resource.
    offers = "rds:DescribeOrderableDBInstanceOptions"
    assert [call for call in made if not call.startswith("sts:") and call != offers] == [
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
        "rds:ModifyDBParameterGroup",
        "rds:ModifyDBInstance",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
    ]
    another = broken("rds-mysql-deletion-protection")
    assert offers not in cost(hub, calls, "rds-instance", another)


def test_a_compliant_mysql_instance_costs_two_reads(hub: Engine, calls: Calls) -> None:
    database = broken("rds-mysql-deletion-protection")
    cost(hub, calls, "rds-instance", database)
    assert cost(hub, calls, "rds-instance", database) == [
        "sts:AssumeRole",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
    ]


def test_a_bucket_costs_one_read_a_setting_the_needed_writes_and_a_read_of_what_was_written(
    hub: Engine, calls: Calls
) -> None:
    bucket = broken("s3-block-public-access")
    policies = [policy.id for policy in load("s3-bucket").policies if policy.aliases]
    made = [call for call in cost(hub, calls, "s3-bucket", bucket, *policies) if not call.startswith("sts:")]
    reads = [
        "s3:GetPublicAccessBlock",
        "s3control:GetPublicAccessBlock",
        "s3:GetBucketAcl",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketVersioning",
        "s3:GetBucketEncryption",
        "s3:GetBucketAccelerateConfiguration",
    ]
    writes = [
        "s3:PutPublicAccessBlock",
        # Replaced whole, so read again just before.
        "s3:GetBucketAcl",
        "s3:PutBucketAcl",
        "s3:PutBucketVersioning",
        "s3:GetBucketEncryption",
        "s3:PutBucketEncryption",
        "s3:PutBucketAccelerateConfiguration",
    ]
    again = [
        "s3:GetPublicAccessBlock",
        "s3:GetBucketAcl",
        "s3:GetBucketVersioning",
        "s3:GetBucketEncryption",
        "s3:GetBucketAccelerateConfiguration",
    ]
    assert made == [*reads, *writes, *again]


@pytest.mark.parametrize(
    ("resource_type", "policy", "expected"),
    [
        (
            "sqs-queue",
            "sqs-server-side-encryption",
            [
                "sqs:GetQueueUrl",
                "sqs:GetQueueAttributes",
                "sqs:SetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:GetQueueAttributes",
            ],
        ),
        (
            "iam-password-policy",
            "iam-password-policy-min-length",
            [
                "iam:GetAccountPasswordPolicy",
                # Replaced whole, so read again just before.
                "iam:GetAccountPasswordPolicy",
                "iam:UpdateAccountPasswordPolicy",
                "iam:GetAccountPasswordPolicy",
            ],
        ),
    ],
)
def test_a_type_costs_what_it_must(
    hub: Engine, calls: Calls, resource_type: str, policy: str, expected: list[str]
) -> None:
    made = cost(hub, calls, resource_type, broken(policy))
    assert [call for call in made if not call.startswith("sts:")] == expected


def test_an_execution_reads_the_settings_once_to_look_and_once_more_before_it_writes(hub: Engine) -> None:
    policy = "sqs-server-side-encryption"
    enable(hub, policy)
    queues = [broken(policy) for _ in range(5)]

    def reads() -> int:
        starts = [Start(resource_type="sqs-queue", input=start_input(queue)) for queue in queues]
        with table_operations() as made:
            list(hub.run(starts, at_once=1))
        return made["settings get"]

    assert reads() == 2 * 5
    assert reads() == 5


def test_a_change_costs_ten_reads_and_writes_of_the_tables_and_a_look_three(hub: Engine) -> None:
    """Each is a call to DynamoDB in a deployed hub."""
    policy = "sqs-server-side-encryption"
    enable(hub, policy)
    start = Start(resource_type="sqs-queue", input=start_input(broken(policy)))
    with table_operations() as to_change:
        assert [each.outcome for each in hub.run([start])] == ["remediated"]
    with table_operations() as to_look:
        assert [each.outcome for each in hub.run([start])] == ["compliant"]
    assert to_change == {"settings get": 2, "guards query": 3, "guards update": 4, "ledger put": 1}
    assert to_look == {"settings get": 1, "guards query": 1, "ledger put": 1}


@contextmanager
def table_operations() -> Iterator[Counter[str]]:
    """How often the functions read and write which table meanwhile."""
    made: Counter[str] = Counter()

    def counting(name: str) -> Any:
        operation = getattr(SQLiteTable, name)

        def counted(self: SQLiteTable, *given: Any, **named: Any) -> Any:
            made[f"{self._spec.name} {name}"] += 1
            return operation(self, *given, **named)

        return patch.object(SQLiteTable, name, counted)

    with ExitStack() as stack:
        for name in ("get", "put", "update", "delete", "query", "scan"):
            stack.enter_context(counting(name))
        yield made
