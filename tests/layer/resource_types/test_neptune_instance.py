"""What is read of a Neptune instance, what its one call writes, and when nothing is written."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws
from moto.rds.models import rds_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.deciding.planner import decide
from rightstate.errors import NotReady, ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, plan, remediate

INSTANCE = load("neptune-instance")
EXAMPLE = examples.load("neptune-instance")
OWNER = "123456789012"
REGION = "us-east-1"
RESOURCE = Resource(account=OWNER, region=REGION, id="recommendations")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        made = Account()
        session: Any = made
        EXAMPLE.create(session, "recommendations", EXAMPLE.policy)
        made.calls.clear()
        made.parameters.clear()
        yield made


def instance(account: Account) -> dict[str, Any]:
    [found] = account.client("rds").describe_db_instances(DBInstanceIdentifier="recommendations")[
        "DBInstances"
    ]
    described: dict[str, Any] = found
    return described


def state(**attributes: Any) -> None:
    """Bring moto's own object into a state that moto itself never enters."""
    for name, value in attributes.items():
        setattr(rds_backends[OWNER][REGION].databases["recommendations"], name, value)


def test_upgrades_are_switched_on_by_one_call_that_changes_nothing_else_and_then_by_none(
    account: Account,
) -> None:
    before = instance(account)
    account.parameters.clear()
    remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    assert account.parameters == [
        ("DescribeDBInstances", {"DBInstanceIdentifier": "recommendations"}),
        (
            "ModifyDBInstance",
            {
                "DBInstanceIdentifier": "recommendations",
                "AutoMinorVersionUpgrade": True,
                "ApplyImmediately": True,
            },
        ),
    ]
    after = instance(account)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"LatestRestorableTime"} == {"AutoMinorVersionUpgrade"}
    account.calls.clear()
    assert remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE)).outcome is Outcome.COMPLIANT
    assert account.calls == ["rds:DescribeDBInstances"]


def test_an_instance_that_is_being_deleted_is_left_alone(account: Account) -> None:
    state(status="deleting")
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    assert (decision.outcome, decision.reason) == (Outcome.NOT_APPLICABLE, "The instance is being deleted.")


@pytest.mark.parametrize("engine", ["aurora-mysql", "docdb", "mysql"])
def test_an_instance_of_another_engine_is_none_of_its_business(account: Account, engine: str) -> None:
    state(engine=engine)
    decision = remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    assert (decision.outcome, decision.reason) == (
        Outcome.NOT_APPLICABLE,
        f"The instance is of engine {engine}, not of Neptune.",
    )
    assert account.calls == ["rds:DescribeDBInstances"]


@pytest.mark.parametrize(("status", "busy"), [("available", False), ("stopped", False), ("modifying", True)])
def test_a_passing_status_is_waited_for(account: Account, status: str, busy: bool) -> None:
    state(status=status)
    observed = INSTANCE.describe(account.client, RESOURCE, frozenset(INSTANCE.settings))
    assert INSTANCE.busy(observed) == (f"The database is {status}." if busy else None)


@pytest.mark.parametrize(
    "state_of_it", [{"DBInstanceStatus": "stopped"}, {"PendingModifiedValues": ["DBInstanceClass"]}], ids=str
)
def test_nothing_is_written_where_it_would_be_refused_or_apply_what_is_pending(
    state_of_it: dict[str, Any],
) -> None:
    observed = {
        "Engine": "neptune",
        "DBInstanceStatus": "available",
        "PendingModifiedValues": [],
        "AutoMinorVersionUpgrade": False,
    }
    assert decide(INSTANCE, RESOURCE, enabled(INSTANCE), observed).apply
    [verdict] = decide(INSTANCE, RESOURCE, enabled(INSTANCE), observed | state_of_it).verdicts
    assert verdict.status is Status.HELD


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("DBInstanceNotFound", ResourceGone),
        ("InvalidDBInstanceState", NotReady),
        ("InvalidDBClusterStateFault", NotReady),
    ],
)
def test_what_aws_refuses_a_modification_with_is_understood(
    account: Account, code: str, raised: type[Exception]
) -> None:
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    with Stubber(account.client("rds")) as stubber:
        stubber.add_client_error("modify_db_instance", code)
        with pytest.raises(raised), named_errors(gone=INSTANCE.gone, busy=INSTANCE.busy_errors):
            INSTANCE.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


def test_the_instances_of_neptune_are_listed_and_no_others(account: Account) -> None:
    client = account.client("rds")
    client.create_db_instance(
        DBInstanceIdentifier="orders",
        Engine="mysql",
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
    )
    place = Place(account=OWNER, region=REGION)
    assert list(INSTANCE.find(account.client, place)) == ["recommendations"]
    assert list(load("rds-instance").find(account.client, place)) == ["orders"]
