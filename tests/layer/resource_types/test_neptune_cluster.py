"""What is read of a Neptune cluster, what its one call writes, and when nothing is written."""

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
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, plan, remediate

CLUSTER = load("neptune-cluster")
EXAMPLE = examples.load("neptune-cluster")
OWNER = "123456789012"
REGION = "us-east-1"
RESOURCE = Resource(account=OWNER, region=REGION, id="relations")
AUTHENTICATION, RETENTION = "neptune-iam-authentication", "neptune-backup-retention"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        made = Account()
        session: Any = made
        EXAMPLE.create(session, "relations", RETENTION)
        made.calls.clear()
        made.parameters.clear()
        yield made


def cluster(account: Account) -> dict[str, Any]:
    [found] = account.client("rds").describe_db_clusters(DBClusterIdentifier="relations")["DBClusters"]
    described: dict[str, Any] = found
    return described


def state(**attributes: Any) -> None:
    """Bring moto's own object into a state that moto itself never enters."""
    for name, value in attributes.items():
        setattr(rds_backends[OWNER][REGION].clusters["relations"], name, value)


def test_all_policies_are_served_by_one_call_and_then_by_none(account: Account) -> None:
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert account.parameters == [
        ("DescribeDBClusters", {"DBClusterIdentifier": "relations"}),
        (
            "ModifyDBCluster",
            {
                "DBClusterIdentifier": "relations",
                "EnableIAMDatabaseAuthentication": True,
                "BackupRetentionPeriod": 7,
                "DeletionProtection": True,
                "CopyTagsToSnapshot": True,
                "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["audit"]},
                "ApplyImmediately": True,
            },
        ),
    ]
    account.calls.clear()
    again = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert (again.outcome, len(again.verdicts)) == (Outcome.COMPLIANT, 5)
    assert account.calls == ["rds:DescribeDBClusters"]


@pytest.mark.parametrize(
    ("policy", "setting"),
    [
        (AUTHENTICATION, "IAMDatabaseAuthenticationEnabled"),
        (RETENTION, "BackupRetentionPeriod"),
        ("neptune-deletion-protection", "DeletionProtection"),
        ("neptune-copy-tags-to-snapshots", "CopyTagsToSnapshot"),
        ("neptune-log-exports", "EnabledCloudwatchLogsExports"),
    ],
)
def test_a_policy_writes_its_own_setting_and_nothing_else(
    account: Account, policy: str, setting: str
) -> None:
    before = cluster(account)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    after = cluster(account)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"LatestRestorableTime"} == {setting}


def test_authentication_waits_for_approval_unless_the_account_says_otherwise() -> None:
    policy = CLUSTER.policy(AUTHENTICATION)
    assert policy is not None
    assert policy.risk.suggested_mode is Mode.APPROVE


@pytest.mark.parametrize(("days", "expected"), [(1, 7), (6, 7), (7, 7), (35, 35)])
def test_backups_are_kept_for_a_week_or_longer(account: Account, days: int, expected: int) -> None:
    state(backup_retention_period=days)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, RETENTION))
    assert cluster(account)["BackupRetentionPeriod"] == expected


def test_aws_backup_owns_the_retention_and_nothing_else(account: Account) -> None:
    state(aws_backup_recovery_point_arn="arn:aws:backup:us-east-1:123456789012:recovery-point:continuous")
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert {verdict.policy: verdict.status for verdict in decision.verdicts} == {
        **{policy.id: Status.BROKEN for policy in CLUSTER.policies},
        RETENTION: Status.NOT_APPLICABLE,
    }


def test_a_cluster_that_is_being_deleted_is_left_alone(account: Account) -> None:
    state(status="deleting")
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert (decision.outcome, decision.reason) == (Outcome.NOT_APPLICABLE, "The cluster is being deleted.")


@pytest.mark.parametrize("engine", ["aurora-mysql", "docdb", "postgres"])
def test_a_cluster_of_another_engine_is_none_of_its_business(account: Account, engine: str) -> None:
    state(engine=engine)
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert (decision.outcome, decision.reason) == (
        Outcome.NOT_APPLICABLE,
        f"The cluster is of engine {engine}, not of Neptune.",
    )
    assert account.calls == ["rds:DescribeDBClusters"]


@pytest.mark.parametrize(("status", "busy"), [("available", False), ("stopped", False), ("modifying", True)])
def test_a_passing_status_is_waited_for(status: str, busy: bool) -> None:
    assert CLUSTER.busy({"Status": status}) == (f"The database is {status}." if busy else None)


@pytest.mark.parametrize(
    "state_of_it", [{"Status": "stopped"}, {"PendingModifiedValues": ["EngineVersion"]}], ids=str
)
def test_nothing_is_written_where_it_would_be_refused_or_apply_what_is_pending(
    state_of_it: dict[str, Any],
) -> None:
    observed = {
        "Engine": "neptune",
        "Status": "available",
        "PendingModifiedValues": [],
        "IAMDatabaseAuthenticationEnabled": False,
        "BackupRetentionPeriod": 1,
    }
    assert decide(CLUSTER, RESOURCE, enabled(CLUSTER), observed).apply
    decision = decide(CLUSTER, RESOURCE, enabled(CLUSTER), observed | state_of_it)
    assert {verdict.status for verdict in decision.verdicts} == {Status.HELD}
    assert decision.calls == ()


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("DBClusterNotFoundFault", ResourceGone),
        ("InvalidDBClusterStateFault", NotReady),
        ("InvalidDBInstanceState", NotReady),
    ],
)
def test_what_aws_refuses_a_modification_with_is_understood(
    account: Account, code: str, raised: type[Exception]
) -> None:
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    with Stubber(account.client("rds")) as stubber:
        stubber.add_client_error("modify_db_cluster", code)
        with pytest.raises(raised), named_errors(gone=CLUSTER.gone, busy=CLUSTER.busy_errors):
            CLUSTER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


def test_the_clusters_of_neptune_are_listed_and_no_others(account: Account) -> None:
    account.client("rds").create_db_cluster(
        DBClusterIdentifier="checkout",
        Engine="aurora-mysql",
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
    )
    assert list(CLUSTER.find(account.client, Place(account=OWNER, region=REGION))) == ["relations"]
