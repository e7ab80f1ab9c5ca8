"""What is read of an Aurora cluster, what its one call writes, and when nothing is written."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.rds.models import rds_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.deciding.planner import decide
from rightstate.errors import NotReady, ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Place, Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, plan, remediate

CLUSTER = load("rds-cluster")
EXAMPLE = examples.load("rds-cluster")
OWNER = "123456789012"
REGION = "us-east-1"
RESOURCE = Resource(account=OWNER, region=REGION, id="checkout")
ALL = [policy.id for policy in CLUSTER.policies]
MYSQL, POSTGRES = "rds-aurora-mysql-serverless-", "rds-aurora-postgres-serverless-"
SERVERLESS = [name for name in ALL if "-serverless-" in name]
WITHOUT_LOGS = [name for name in ALL if not name.endswith("log-exports")]
PROVISIONED = [name for name in ALL if name not in SERVERLESS]
PAUSE = f"{MYSQL}auto-pause"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def create(account: Account, policy: str = PAUSE) -> None:
    session: Any = account
    EXAMPLE.create(session, "checkout", policy)
    account.calls.clear()
    account.parameters.clear()


def modify(account: Account, **parameters: Any) -> None:
    account.client("rds").modify_db_cluster(DBClusterIdentifier="checkout", **parameters)
    account.calls.clear()
    account.parameters.clear()


def cluster(account: Account) -> dict[str, Any]:
    [found] = account.client("rds").describe_db_clusters(DBClusterIdentifier="checkout")["DBClusters"]
    described: dict[str, Any] = found
    return described


def state(**attributes: Any) -> None:
    """Bring moto's own object into a state that moto itself never enters."""
    for name, value in attributes.items():
        setattr(rds_backends[OWNER][REGION].clusters["checkout"], name, value)


def written(account: Account) -> list[dict[str, Any]]:
    return [parameters for name, parameters in account.parameters if name.startswith("Modify")]


# --- One call for everything ---


def test_a_serverless_cluster_that_breaks_everything_is_mended_by_one_call(account: Account) -> None:
    create(account)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert account.calls == [
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        # The scaling configuration is sent whole, so it is read again.
        "rds:DescribeDBClusters",
        "rds:ModifyDBCluster",
    ]
    assert written(account) == [
        {
            "DBClusterIdentifier": "checkout",
            "EnableIAMDatabaseAuthentication": True,
            "CloudwatchLogsExportConfiguration": {
                "EnableLogTypes": ["audit", "error", "general", "slowquery"]
            },
            "DeletionProtection": True,
            "BackupRetentionPeriod": 7,
            "CopyTagsToSnapshot": True,
            "ServerlessV2ScalingConfiguration": {
                "MinCapacity": 0,
                "MaxCapacity": 16.0,
                "SecondsUntilAutoPause": 300,
            },
            "ApplyImmediately": True,
        }
    ]
    account.calls.clear()
    again = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert (again.outcome, len(again.verdicts)) == (Outcome.COMPLIANT, 6)
    assert account.calls == ["rds:DescribeDBClusters"]


@pytest.mark.parametrize("policy", ALL)
def test_a_policy_writes_its_own_settings_and_nothing_else(account: Account, policy: str) -> None:
    create(account, policy)
    before = cluster(account)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    wanted = set(next(each.wants for each in CLUSTER.policies if each.id == policy))
    if wanted == {"MinCapacity", "SecondsUntilAutoPause"}:
        wanted = {"ServerlessV2ScalingConfiguration"}
    after = cluster(account)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"LatestRestorableTime"} == wanted
    assert plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy)).outcome is Outcome.COMPLIANT


def test_what_only_some_policies_need_is_not_asked_for_the_others(account: Account) -> None:
    create(account)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, f"{MYSQL}deletion-protection"))
    assert account.calls == ["rds:DescribeDBClusters", "rds:ModifyDBCluster"]


# --- Which policies are about which clusters ---


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("rds-aurora-copy-tags-to-snapshots", PROVISIONED),
        (f"{MYSQL}copy-tags-to-snapshots", [n for n in ALL if n.startswith(MYSQL)]),
        (f"{POSTGRES}copy-tags-to-snapshots", [n for n in ALL if n.startswith(POSTGRES)]),
    ],
)
def test_provisioned_clusters_and_serverless_ones_have_policies_of_their_own(
    account: Account, policy: str, expected: list[str]
) -> None:
    create(account, policy)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert {verdict.policy for verdict in decision.verdicts} == {*expected, "rds-aurora-iam-authentication"}


@pytest.mark.parametrize(
    ("attributes", "policies", "reason"),
    [
        ({"engine": "neptune"}, ALL, "The cluster is of engine neptune, not of Aurora."),
        ({"engine": "docdb"}, ALL, "The cluster is of engine docdb, not of Aurora."),
        (
            {"engine": "mysql"},
            ALL,
            "The cluster is a Multi-AZ DB cluster of mysql; no policy is about these.",
        ),
        (
            {"engine": "postgres"},
            ALL,
            "The cluster is a Multi-AZ DB cluster of postgres; no policy is about these.",
        ),
        (
            {"engine_mode": "serverless", "serverless_v2_scaling_configuration": None},
            WITHOUT_LOGS,
            "No policy is about the engine mode serverless, which Aurora has retired.",
        ),
        (
            {"serverless_v2_scaling_configuration": None},
            [PAUSE, f"{POSTGRES}auto-pause"],
            "No enabled policy is about provisioned clusters of aurora-mysql.",
        ),
        (
            {},
            ["rds-aurora-deletion-protection"],
            "No enabled policy is about serverless clusters of aurora-mysql.",
        ),
    ],
)
def test_a_cluster_that_no_enabled_policy_is_about_is_told_why(
    account: Account, attributes: dict[str, Any], policies: list[str], reason: str
) -> None:
    create(account)
    state(**attributes)
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, *policies))
    assert (decision.outcome, decision.reason) == (Outcome.NOT_APPLICABLE, reason)
    assert decision.verdicts == ()
    assert account.calls == ["rds:DescribeDBClusters"]


# --- Never weakened, nothing lost ---


@settings(max_examples=25)
@given(
    days=st.integers(1, 35),
    logs=st.sets(st.sampled_from(["audit", "error", "general", "instance", "slowquery"])),
    protected=st.booleans(),
    smallest=st.sampled_from([0, 0.5, 8]),
    seconds=st.integers(300, 86400),
    policies=st.sets(st.sampled_from([name for name in ALL if name.startswith(MYSQL)]), min_size=1),
)
def test_stronger_values_other_log_exports_and_chosen_seconds_stay_and_twice_is_once(
    days: int, logs: set[str], protected: bool, smallest: float, seconds: int, policies: set[str]
) -> None:
    with mock_aws(), moto_gaps.fill():
        account = Account()
        create(account)
        scaling = {"MinCapacity": smallest, "MaxCapacity": 64}
        modify(
            account,
            BackupRetentionPeriod=days,
            DeletionProtection=protected,
            CloudwatchLogsExportConfiguration={"EnableLogTypes": sorted(logs)},
            ServerlessV2ScalingConfiguration=scaling
            | ({"SecondsUntilAutoPause": seconds} if smallest == 0 else {}),
        )
        before = cluster(account)
        remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, *policies))
        after = cluster(account)
        asked = f"{MYSQL}backup-retention" in policies
        assert after["BackupRetentionPeriod"] == (max(days, 7) if asked else days)
        assert after["DeletionProtection"] is (protected or f"{MYSQL}deletion-protection" in policies)
        exported = {"audit", "error", "general", "slowquery"} if f"{MYSQL}log-exports" in policies else set()
        assert set(after.get("EnabledCloudwatchLogsExports", ())) == logs | exported
        now = after["ServerlessV2ScalingConfiguration"]
        if smallest != 0 and PAUSE in policies:
            assert now == {"MinCapacity": 0, "MaxCapacity": 64, "SecondsUntilAutoPause": 300}
        else:
            assert now == before["ServerlessV2ScalingConfiguration"]
        account.parameters.clear()
        assert remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, *policies)).changes == ()
        assert written(account) == []


@pytest.mark.parametrize(
    ("policy", "days", "expected"),
    [
        ("rds-aurora-automated-backups", 1, 7),
        ("rds-aurora-automated-backups", 2, 2),
        ("rds-aurora-backup-retention", 6, 7),
        ("rds-aurora-backup-retention", 7, 7),
        ("rds-aurora-backup-retention", 35, 35),
    ],
)
def test_backups_are_kept_for_as_long_as_asked_or_longer(
    account: Account, policy: str, days: int, expected: int
) -> None:
    create(account, policy)
    modify(account, BackupRetentionPeriod=days)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    assert cluster(account)["BackupRetentionPeriod"] == expected


# --- Log exports ---


@pytest.mark.parametrize(
    ("engine", "version", "exported", "expected"),
    [
        ("aurora-mysql", "8.0.mysql_aurora.3.08.2", [], ["audit", "error", "general", "slowquery"]),
        ("aurora-mysql", "8.0.mysql_aurora.3.08.2", ["audit", "instance"], ["error", "general", "slowquery"]),
        ("aurora-postgresql", "16.8", ["instance"], ["postgresql"]),
    ],
)
def test_each_engine_exports_the_logs_that_it_has_and_only_the_missing_ones_are_sent(
    account: Account, engine: str, version: str, exported: list[str], expected: list[str]
) -> None:
    create(account, "rds-aurora-log-exports")
    state(engine=engine, engine_version=version, enabled_cloudwatch_logs_exports=exported)
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, "rds-aurora-log-exports"))
    assert [each["CloudwatchLogsExportConfiguration"] for each in written(account)] == [
        {"EnableLogTypes": expected}
    ]


def test_log_types_of_which_the_engine_has_none_are_not_applicable_rather_than_compliant(
    account: Account,
) -> None:
    create(account, "rds-aurora-log-exports")
    policies = enabled(CLUSTER, "rds-aurora-log-exports", required_log_types=["postgresql"])
    decision = plan(CLUSTER, account, RESOURCE, policies)
    assert (decision.outcome, decision.reason) == (
        Outcome.NOT_APPLICABLE,
        "The engine has none of the log types that are asked for.",
    )


# --- Auto-pause ---


@pytest.mark.parametrize("policy", [PAUSE, f"{POSTGRES}auto-pause"])
def test_pausing_waits_for_approval_unless_the_account_says_otherwise(policy: str) -> None:
    declared = CLUSTER.policy(policy)
    assert declared is not None
    assert declared.risk.suggested_mode is Mode.APPROVE


@pytest.mark.parametrize(
    ("engine", "version", "pauses"),
    [
        ("aurora-mysql", "5.7.mysql_aurora.2.12.5", False),
        ("aurora-mysql", "8.0.mysql_aurora.3.07.1", False),
        ("aurora-mysql", "8.0.mysql_aurora.3.08.0", True),
        ("aurora-mysql", "8.0.mysql_aurora.3.10.1", True),
        ("aurora-mysql", "8.4.mysql_aurora.4.01.0", True),
        ("aurora-postgresql", "12.22", False),
        ("aurora-postgresql", "13.14", False),
        ("aurora-postgresql", "13.15", True),
        ("aurora-postgresql", "14.11", False),
        ("aurora-postgresql", "14.12", True),
        ("aurora-postgresql", "15.6", False),
        ("aurora-postgresql", "15.7", True),
        ("aurora-postgresql", "16.2", False),
        ("aurora-postgresql", "16.3", True),
        ("aurora-postgresql", "17.4", True),
        ("aurora-postgresql", "18.1", True),
    ],
)
def test_only_versions_that_can_pause_are_made_to(
    account: Account, engine: str, version: str, pauses: bool
) -> None:
    create(account)
    state(engine=engine, engine_version=version)
    policies = enabled(CLUSTER, PAUSE, f"{POSTGRES}auto-pause")
    decision = plan(CLUSTER, account, RESOURCE, policies)
    assert decision.apply is pauses
    assert decision.reason.startswith("" if pauses else "The engine version cannot pause")
    # What the members are is asked only where it decides.
    assert ("rds:DescribeDBInstances" in account.calls) is pauses


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ([], "The cluster has no instance of class db.serverless, and no other pauses."),
        (["db.r6g.large"], "The cluster has no instance of class db.serverless, and no other pauses."),
        (
            ["db.serverless", "db.r6g.large"],
            "An instance of the cluster is provisioned, and with one Aurora does not pause the writer.",
        ),
        (["db.serverless", "db.serverless"], ""),
    ],
)
def test_a_cluster_pauses_only_if_all_its_members_are_serverless(
    account: Account, classes: list[str], reason: str
) -> None:
    create(account)
    client = account.client("rds")
    client.delete_db_instance(DBInstanceIdentifier="checkout-1", SkipFinalSnapshot=True)
    for number, name in enumerate(classes):
        client.create_db_instance(
            DBInstanceIdentifier=f"member-{number}",
            DBClusterIdentifier="checkout",
            Engine="aurora-mysql",
            DBInstanceClass=name,
        )
    # Of another cluster, and so of no concern.
    session: Any = account
    EXAMPLE.create(session, "elsewhere", PAUSE if "db.r6g.large" in classes else PROVISIONED[0])
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, PAUSE))
    assert decision.apply is (reason == "")
    assert decision.reason == reason


def test_a_cluster_that_pauses_keeps_its_seconds_whatever_the_account_prefers(account: Account) -> None:
    create(account)
    modify(
        account,
        ServerlessV2ScalingConfiguration={
            "MinCapacity": 0,
            "MaxCapacity": 4,
            "SecondsUntilAutoPause": 3600,
        },
    )
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, PAUSE, seconds_until_auto_pause=86400))
    assert decision.outcome is Outcome.COMPLIANT
    assert account.calls == ["rds:DescribeDBClusters"]


def test_the_seconds_are_those_of_the_account_where_none_are_set(account: Account) -> None:
    create(account)
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, PAUSE, seconds_until_auto_pause=900))
    assert [(change.setting, change.before, change.after) for change in decision.changes] == [
        ("MinCapacity", "0.5", "0"),
        ("SecondsUntilAutoPause", None, 900),
    ]
    assert cluster(account)["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0,
        "MaxCapacity": 16,
        "SecondsUntilAutoPause": 900,
    }


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        (
            {"MinCapacity": 2, "MaxCapacity": 128},
            {"MinCapacity": 0, "MaxCapacity": 128, "SecondsUntilAutoPause": 300},
        ),
        (
            {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 7200},
            {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 7200},
        ),
    ],
)
def test_a_scaling_that_somebody_changes_after_the_decision_stays_but_for_the_pause(
    account: Account, meanwhile: dict[str, Any], expected: dict[str, Any]
) -> None:
    create(account)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, PAUSE))
    modify(account, ServerlessV2ScalingConfiguration=meanwhile)
    CLUSTER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    assert cluster(account)["ServerlessV2ScalingConfiguration"] == expected


# --- Not applicable ---

BACKED_UP = {
    "aws_backup_recovery_point_arn": "arn:aws:backup:us-east-1:123456789012:recovery-point:continuous"
}


@pytest.mark.parametrize("policy", [name for name in ALL if name.endswith(("-retention", "-backups"))])
def test_the_retention_is_left_to_aws_backup(account: Account, policy: str) -> None:
    create(account, policy)
    state(**BACKED_UP)
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert decision.reason.startswith("AWS Backup owns the retention")
    assert written(account) == []


def test_aws_backup_is_no_obstacle_for_other_settings(account: Account) -> None:
    create(account)
    state(**BACKED_UP)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    other = [verdict.policy for verdict in decision.verdicts if verdict.status is not Status.BROKEN]
    assert other == [f"{MYSQL}backup-retention"]


@pytest.mark.parametrize("policy", ALL)
def test_a_cluster_that_is_being_deleted_is_left_alone(account: Account, policy: str) -> None:
    create(account, policy)
    state(status="deleting")
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    assert (decision.outcome, decision.reason) == (Outcome.NOT_APPLICABLE, "The cluster is being deleted.")


@pytest.mark.parametrize(
    ("version", "offered"),
    [
        ("9.6.8", False),
        ("9.6.9", True),
        ("10.3", False),
        ("10.4", True),
        ("16.8", True),
    ],
)
def test_iam_authentication_needs_a_version_that_has_it(
    account: Account, version: str, offered: bool
) -> None:
    create(account, f"{POSTGRES}auto-pause")
    state(engine_version=version)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, "rds-aurora-iam-authentication"))
    assert decision.apply is offered
    assert decision.reason.startswith("" if offered else "IAM database authentication needs")


def join_global_database(account: Account, primary: bool) -> None:
    """The cluster as the primary of a global database, or beside one."""
    client = account.client("rds")
    client.create_global_cluster(GlobalClusterIdentifier="worldwide", Engine="aurora-mysql")
    members = rds_backends[OWNER][REGION].global_clusters["worldwide"].members
    state(global_cluster_identifier="worldwide", is_writer=primary)
    members.append(rds_backends[OWNER][REGION].clusters["checkout"])
    account.calls.clear()


@pytest.mark.parametrize("policy", [name for name in ALL if not name.endswith("auto-pause")])
def test_a_secondary_of_a_global_database_is_not_applicable(account: Account, policy: str) -> None:
    create(account, policy)
    join_global_database(account, primary=False)
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy))
    assert (decision.outcome, decision.reason) == (
        Outcome.NOT_APPLICABLE,
        "The cluster is a read-only secondary of an Aurora global database.",
    )
    assert written(account) == []


def test_the_primary_of_a_global_database_is_remediated_but_never_made_to_pause(account: Account) -> None:
    create(account)
    join_global_database(account, primary=True)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    found = {verdict.policy: verdict for verdict in decision.verdicts}
    assert found.pop(PAUSE).reason.startswith("The cluster belongs to an Aurora global database")
    assert {verdict.status for verdict in found.values()} == {Status.BROKEN}


def test_who_writes_to_a_global_database_is_asked_only_of_its_members(account: Account) -> None:
    create(account)
    plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert "rds:DescribeGlobalClusters" not in account.calls
    join_global_database(account, primary=True)
    plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    asked = [given for name, given in account.parameters if name == "DescribeGlobalClusters"]
    assert asked == [{"GlobalClusterIdentifier": "worldwide"}]


# --- Busy and held ---


@pytest.mark.parametrize(
    ("status", "busy"),
    [
        ("available", False),
        ("storage-initialization", False),
        ("storage-optimization", False),
        ("stopped", False),
        ("cloning-failed", False),
        ("deleting", False),
        ("backing-up", True),
        ("configuring-iam-database-auth", True),
        ("creating", True),
        ("failing-over", True),
        ("modifying", True),
        ("promoting", True),
        ("starting", True),
        ("upgrading", True),
    ],
)
def test_a_passing_status_is_waited_for(status: str, busy: bool) -> None:
    assert CLUSTER.busy({"Status": status}) == (f"The database is {status}." if busy else None)


def observed(**settings_: Any) -> Observed:
    return {
        "Engine": "aurora-mysql",
        "EngineMode": "provisioned",
        "MaxCapacity": None,
        "Status": "available",
        "PendingModifiedValues": [],
        "DeletionProtection": False,
        "EnabledCloudwatchLogsExports": [],
        "ExportableLogTypes": ["audit", "error", "general", "slowquery"],
        **settings_,
    }


PROTECT, LOGS = "rds-aurora-deletion-protection", "rds-aurora-log-exports"


@pytest.mark.parametrize(
    ("settings_", "held"),
    [
        ({"Status": "stopped"}, {PROTECT, LOGS}),
        ({"Status": "inaccessible-encryption-credentials"}, {PROTECT, LOGS}),
        ({"PendingModifiedValues": ["EngineVersion"]}, {PROTECT, LOGS}),
        ({"PendingModifiedValues": ["MasterUserPassword", "PendingCloudwatchLogsExports"]}, {PROTECT, LOGS}),
        ({"PendingModifiedValues": ["PendingCloudwatchLogsExports"]}, {LOGS}),
        ({}, set()),
    ],
)
def test_nothing_is_written_where_it_would_be_refused_or_apply_what_is_pending(
    settings_: dict[str, Any], held: set[str]
) -> None:
    policies = enabled(CLUSTER, PROTECT, LOGS)
    decision = decide(CLUSTER, RESOURCE, policies, observed(**settings_))
    assert {verdict.policy for verdict in decision.verdicts if verdict.status is Status.HELD} == held
    assert {policy for change in decision.changes for policy in change.policies} == {PROTECT, LOGS} - held


def test_of_what_is_pending_only_the_names_are_kept(account: Account) -> None:
    create(account)
    answer = cluster(account) | {
        "PendingModifiedValues": {"MasterUserPassword": "planted-secret", "EngineVersion": "3.10"}
    }
    with Stubber(account.client("rds")) as stubber:
        stubber.add_response(
            "describe_db_clusters", {"DBClusters": [answer]}, {"DBClusterIdentifier": "checkout"}
        )
        shown = frozenset(CLUSTER.settings) - {"MemberClasses"}
        found = CLUSTER.describe(account.client, RESOURCE, shown)
    assert found["PendingModifiedValues"] == ["EngineVersion", "MasterUserPassword"]
    assert "planted-secret" not in str(found)


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("DBClusterNotFoundFault", ResourceGone),
        ("InvalidDBClusterStateFault", NotReady),
        ("InvalidDBInstanceState", NotReady),
        ("InvalidGlobalClusterStateFault", NotReady),
    ],
)
def test_what_aws_refuses_a_modification_with_is_understood(
    account: Account, code: str, raised: type[Exception]
) -> None:
    create(account)
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, f"{MYSQL}deletion-protection"))
    with Stubber(account.client("rds")) as stubber:
        stubber.add_client_error("modify_db_cluster", code)
        with pytest.raises(raised), named_errors(gone=CLUSTER.gone, busy=CLUSTER.busy_errors):
            CLUSTER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


# --- Listing ---


def test_the_clusters_of_aurora_are_listed_and_no_others(account: Account) -> None:
    create(account)
    session: Any = account
    EXAMPLE.create(session, "search", f"{POSTGRES}auto-pause")
    client = account.client("rds")
    client.create_db_cluster(DBClusterIdentifier="relations", Engine="neptune")
    client.create_db_cluster(
        DBClusterIdentifier="multi-az",
        Engine="mysql",
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
        DBClusterInstanceClass="db.m6gd.large",
        AllocatedStorage=100,
        Iops=1000,
        StorageType="io1",
    )
    place = Place(account=OWNER, region=REGION)
    assert sorted(CLUSTER.find(account.client, place)) == ["checkout", "search"]
