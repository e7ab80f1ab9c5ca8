"""What is read of a database instance, what is written in which call, and when nothing is."""

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
from rightstate.deciding.planner import decide, settings_to_read
from rightstate.errors import CallFailed, NotReady, ResourceGone
from rightstate.models.decision import Decision, Outcome, Status
from rightstate.models.settings import Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Place, Resource
from rightstate.resource_types import rds_instance
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, plan, reasons, remediate, undo

INSTANCE = load("rds-instance")
EXAMPLE = examples.load("rds-instance")
OWNER = "123456789012"
REGION = "us-east-1"
RESOURCE = Resource(account=OWNER, region=REGION, id="orders")
MONITORING = "rds-enhanced-monitoring"
MYSQL = [policy.id for policy in INSTANCE.policies if policy.id.startswith("rds-mysql-")]


@pytest.fixture
def account() -> Iterator[Account]:
    # What another test has asked about is asked again, as in a new container.
    rds_instance._offer.forget()
    with mock_aws(), moto_gaps.fill():
        yield Account()


def create(account: Account, policy: str = "rds-mysql-deletion-protection") -> None:
    session: Any = account
    EXAMPLE.create(session, "orders", policy)
    account.calls.clear()
    account.parameters.clear()


def modify(account: Account, **parameters: Any) -> None:
    account.client("rds").modify_db_instance(DBInstanceIdentifier="orders", **parameters)
    account.calls.clear()
    account.parameters.clear()


def instance(account: Account) -> dict[str, Any]:
    [found] = account.client("rds").describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"]
    described: dict[str, Any] = found
    return described


def database() -> Any:
    """moto's own object, to bring it into a state that moto itself never enters."""
    return rds_backends[OWNER][REGION].databases["orders"]


# --- One call for everything ---


def test_a_mysql_instance_that_breaks_everything_is_mended_by_one_call_for_it_and_one_for_its_group(
    account: Account,
) -> None:
    create(account)
    remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    assert account.calls == [
        "rds:DescribeDBInstances",
        # What AWS offers is asked once for a container and not for each resource.
        "rds:DescribeOrderableDBInstanceOptions",
        "rds:DescribeDBParameters",
        "rds:ModifyDBParameterGroup",
        "rds:ModifyDBInstance",
    ]
    written = dict(account.parameters)
    assert written["ModifyDBInstance"] == {
        "DBInstanceIdentifier": "orders",
        "EnableIAMDatabaseAuthentication": True,
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["error", "general", "slowquery"]},
        "PubliclyAccessible": False,
        "DeletionProtection": True,
        "EnablePerformanceInsights": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "AutoMinorVersionUpgrade": True,
        "BackupRetentionPeriod": 7,
        "MultiAZ": True,
        "CopyTagsToSnapshot": True,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": f"arn:aws:iam::{OWNER}:role/rds-monitoring-role",
        "ApplyImmediately": True,
    }
    assert written["ModifyDBParameterGroup"] == {
        "DBParameterGroupName": "orders-mysql8",
        "Parameters": [
            {
                "ParameterName": "block_encryption_mode",
                "ParameterValue": "aes-256-cbc",
                "ApplyMethod": "immediate",
            },
            {"ParameterName": "ssl_fips_mode", "ParameterValue": "1", "ApplyMethod": "immediate"},
        ],
    }
    account.calls.clear()
    decision = remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE))
    assert (decision.outcome, len(decision.verdicts)) == (Outcome.COMPLIANT, 13)
    assert account.calls == ["rds:DescribeDBInstances", "rds:DescribeDBParameters"]


@pytest.mark.parametrize("policy", [policy.id for policy in INSTANCE.policies])
def test_a_policy_writes_its_own_setting_and_nothing_else(account: Account, policy: str) -> None:
    create(account, policy)
    before = instance(account)
    remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, policy))
    wanted = next(each.wants for each in INSTANCE.policies if each.id == policy)
    after = instance(account)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"LatestRestorableTime", "PerformanceInsightsRetentionPeriod"} <= {*wanted}
    assert plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, policy)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize(
    "policy",
    [f"rds-{engine}-multi-az" for engine in ("mysql", "mariadb", "postgres", "oracle", "sqlserver")]
    + ["rds-aurora-instance-no-public-access"],
)
def test_an_instance_of_any_engine_is_monitored_and_its_interval_is_kept(
    account: Account, policy: str
) -> None:
    create(account, policy)
    decision = remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, MONITORING, interval=15))
    assert instance(account)["MonitoringInterval"] == 15
    assert plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, MONITORING)).outcome is Outcome.COMPLIANT
    [call] = undo(INSTANCE, account, RESOURCE, decision).calls
    # RDS takes a role only with an interval.
    assert call.parameters == {
        "DBInstanceIdentifier": "orders",
        "MonitoringInterval": 0,
        "ApplyImmediately": True,
    }


@pytest.mark.parametrize("engine", ["neptune", "docdb"])
def test_an_instance_that_is_not_of_rds_is_not_monitored(account: Account, engine: str) -> None:
    create(account)
    database().engine = engine
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, MONITORING))
    assert (decision.outcome, decision.verdicts) == (Outcome.NOT_APPLICABLE, ())


@pytest.mark.parametrize(("version", "applies"), [("10.5.28", False), ("10.6.21", True), ("11.4.5", True)])
def test_iam_authentication_needs_mariadb_10_6(account: Account, version: str, applies: bool) -> None:
    create(account, "rds-mariadb-multi-az")
    database().engine_version = version
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mariadb-iam-authentication"))
    assert decision.apply is applies


def test_a_policy_about_another_engine_is_silent(account: Account) -> None:
    create(account, "rds-postgres-multi-az")
    mysql = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, *MYSQL))
    assert (mysql.outcome, mysql.verdicts) == (Outcome.NOT_APPLICABLE, ())
    assert mysql.reason == "No enabled policy is about instances of postgres in this version."


def test_an_aurora_member_is_told_that_its_cluster_has_the_other_settings(account: Account) -> None:
    create(account, "rds-aurora-instance-no-public-access")
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, *MYSQL))
    assert "the cluster has the other settings" in decision.reason


# --- Never weakened, nothing lost ---

LOGS = ("audit", "error", "general", "iam-db-auth-error", "slowquery")


@settings(max_examples=25)
@given(
    days=st.integers(0, 35),
    logs=st.sets(st.sampled_from(LOGS)),
    protected=st.booleans(),
    policies=st.sets(st.sampled_from(MYSQL), min_size=1),
)
def test_stronger_values_and_other_log_exports_stay_and_twice_is_once(
    days: int, logs: set[str], protected: bool, policies: set[str]
) -> None:
    with mock_aws(), moto_gaps.fill():
        account = Account()
        create(account)
        modify(
            account,
            BackupRetentionPeriod=days,
            DeletionProtection=protected,
            CloudwatchLogsExportConfiguration={"EnableLogTypes": sorted(logs)},
        )
        remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, *policies))
        after = instance(account)
        assert after["BackupRetentionPeriod"] >= days
        assert after["BackupRetentionPeriod"] in (days, 7)
        assert after["DeletionProtection"] >= protected
        assert logs <= set(after["EnabledCloudwatchLogsExports"])
        asked = {"error", "general", "slowquery"} if "rds-mysql-log-exports" in policies else set()
        assert set(after["EnabledCloudwatchLogsExports"]) == logs | asked
        account.calls.clear()
        again = remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, *policies))
        assert not [call for call in account.calls if "Modify" in call]
        assert again.changes == ()


OTHERS = ("max_connections", "slow_query_log", "innodb_print_all_deadlocks")


@settings(max_examples=15)
@given(
    before=st.dictionaries(st.sampled_from(OTHERS), st.sampled_from(["0", "1", "100"])),
    fips=st.sampled_from([None, "0", "1", "2"]),
)
def test_parameters_of_the_group_that_no_policy_names_stay_and_a_stricter_one_does_too(
    before: dict[str, str], fips: str | None
) -> None:
    with mock_aws(), moto_gaps.fill():
        account = Account()
        create(account)
        rds = account.client("rds")
        group = "orders-mysql8"
        own = before | ({"ssl_fips_mode": fips} if fips else {})
        if own:
            rds.modify_db_parameter_group(
                DBParameterGroupName=group,
                Parameters=[
                    {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"}
                    for name, value in own.items()
                ],
            )
        remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE))
        after = {
            each["ParameterName"]: each.get("ParameterValue")
            for each in rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
        }
        assert {name: after[name] for name in before} == before
        assert after["ssl_fips_mode"] == ("2" if fips == "2" else "1")
        assert after["block_encryption_mode"] == "aes-256-cbc"
        assert set(after) == {*before, "ssl_fips_mode", "block_encryption_mode"}


def test_only_the_missing_log_types_are_sent(account: Account) -> None:
    create(account)
    modify(account, CloudwatchLogsExportConfiguration={"EnableLogTypes": ["audit", "error"]})
    remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-log-exports"))
    [(_, written)] = [each for each in account.parameters if each[0] == "ModifyDBInstance"]
    assert written["CloudwatchLogsExportConfiguration"] == {"EnableLogTypes": ["general", "slowquery"]}


def test_log_types_that_the_engine_cannot_export_are_left_out(
    account: Account,
) -> None:
    create(account)
    own = enabled(INSTANCE, "rds-mysql-log-exports", required_log_types=["error", "listener"])
    decision = remediate(INSTANCE, account, RESOURCE, own)
    assert "rds:DescribeDBEngineVersions" in account.calls
    assert [change.after for change in decision.changes] == [["error"]]


@pytest.mark.parametrize(
    ("policy", "days", "expected"),
    [
        ("rds-mysql-automated-backups", 0, 7),
        ("rds-mysql-automated-backups", 1, 1),
        ("rds-mysql-backup-retention", 1, 7),
        ("rds-mysql-backup-retention", 7, 7),
        ("rds-mysql-backup-retention", 30, 30),
    ],
)
def test_backups_are_kept_for_as_long_as_asked_or_longer(
    account: Account, policy: str, days: int, expected: int
) -> None:
    create(account)
    modify(account, BackupRetentionPeriod=days)
    remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, policy))
    assert instance(account)["BackupRetentionPeriod"] == expected


def test_both_backup_policies_meet_at_the_longer_period(account: Account) -> None:
    create(account)
    policies = {
        "rds-mysql-automated-backups": Enabled(mode=Mode.AUTO, parameters={"target_retention_days": 3}),
        "rds-mysql-backup-retention": Enabled(mode=Mode.AUTO, parameters={"min_retention_days": 14}),
    }
    [change] = plan(INSTANCE, account, RESOURCE, policies).changes
    assert (change.before, change.after) == (0, 14)


# --- Not applicable ---

BASE: Observed = {
    "Engine": "mysql",
    "EngineVersion": "8.0.42",
    "DBInstanceClass": "db.m6g.large",
    "DBInstanceStatus": "available",
    "PendingModifiedValues": [],
    "DBParameterGroups": ["own"],
    "ParameterApplyStatus": ["in-sync"],
    "InCluster": False,
    "IsReadReplica": False,
    "ManagedByAWSBackup": False,
    "SubnetZones": 3,
    "AtEdge": False,
    "PerformanceInsightsOffered": True,
    "MultiAZOffered": True,
    "block_encryption_mode.AllowedValues": ["aes-128-ecb", "aes-256-cbc"],
    "ssl_fips_mode.AllowedValues": ["0", "1", "2"],
    "IAMDatabaseAuthenticationEnabled": False,
    "EnabledCloudwatchLogsExports": [],
    "PubliclyAccessible": True,
    "DeletionProtection": False,
    "PerformanceInsightsEnabled": False,
    "AutoMinorVersionUpgrade": False,
    "BackupRetentionPeriod": 0,
    "MultiAZ": False,
    "CopyTagsToSnapshot": False,
}
REPLICA: Observed = {"IsReadReplica": True}


def of(engine: str, version: str = "16.8") -> Observed:
    return {"Engine": engine, "EngineVersion": version}


def decided(policy: str, observed: Observed, **parameters: Any) -> Decision:
    return decide(INSTANCE, RESOURCE, enabled(INSTANCE, policy, **parameters), {**BASE, **observed})


@pytest.mark.parametrize(
    ("policy", "observed", "reason"),
    [
        ("rds-mysql-multi-az", {"InCluster": True}, "member of a Multi-AZ DB cluster"),
        ("rds-postgres-deletion-protection", {**of("postgres"), "InCluster": True}, "Multi-AZ DB cluster"),
        ("rds-mysql-no-public-access", {"DBInstanceStatus": "deleting"}, "is being deleted"),
        ("rds-oracle-deletion-protection", of("custom-oracle-ee"), "RDS Custom"),
        ("rds-sqlserver-copy-tags-to-snapshots", of("custom-sqlserver-se"), "RDS Custom"),
        ("rds-postgres-iam-authentication", of("postgres", "9.6.24"), "PostgreSQL 10 or later"),
        ("rds-mysql-iam-authentication", of("mysql", "5.6.51"), "MySQL 5.7 or later"),
        ("rds-mysql-performance-insights", {"DBInstanceClass": "db.t3.small"}, "micro and small"),
        (
            "rds-mariadb-performance-insights",
            {**of("mariadb", "11.4.5"), "DBInstanceClass": "db.t4g.micro"},
            "micro and small",
        ),
        (
            "rds-aurora-instance-performance-insights",
            {**of("aurora-mysql"), "DBInstanceClass": "db.t3.medium"},
            "Aurora MySQL",
        ),
        (
            "rds-oracle-performance-insights",
            {**of("oracle-ee", "19.0.0.0"), "PerformanceInsightsOffered": False},
            "not offered for this engine version and class",
        ),
        ("rds-mysql-backup-retention", REPLICA, "exempt_read_replicas"),
        ("rds-mysql-multi-az", REPLICA, "exempt_read_replicas"),
        ("rds-mysql-automated-backups", {"ManagedByAWSBackup": True}, "AWS Backup"),
        ("rds-mysql-multi-az", {"SubnetZones": 1}, "one Availability Zone only"),
        ("rds-mysql-multi-az", {"AtEdge": True}, "Local Zone or on an Outpost"),
        ("rds-sqlserver-multi-az", of("sqlserver-ex"), "Express and Developer"),
        ("rds-sqlserver-multi-az", of("sqlserver-dev-ee"), "Express and Developer"),
        (
            "rds-sqlserver-multi-az",
            {**of("sqlserver-web"), "MultiAZOffered": False},
            "Multi-AZ is not offered",
        ),
        ("rds-sqlserver-multi-az", of("sqlserver-se"), "needs automated backups"),
        ("rds-mysql-fips-mode", {"DBParameterGroups": ["default.mysql8.0"]}, "default parameter group"),
        ("rds-mysql-block-encryption-mode", {"block_encryption_mode.AllowedValues": []}, "family has no"),
        ("rds-mysql-fips-mode", {"ssl_fips_mode.AllowedValues": ["0"]}, "may be set to 1"),
    ],
)
def test_a_policy_that_cannot_apply_says_why(policy: str, observed: Observed, reason: str) -> None:
    decision = decided(policy, observed)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert decision.calls == ()
    [said] = reasons(decision)
    assert reason in said


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        ("rds-sqlserver-backup-retention", {**of("sqlserver-se"), **REPLICA}),
        ("rds-sqlserver-multi-az", {**of("sqlserver-se"), **REPLICA, "BackupRetentionPeriod": 7}),
        ("rds-postgres-automated-backups", {**of("postgres", "14.0"), **REPLICA}),
    ],
)
def test_replicas_that_cannot_have_it_are_left_alone_though_replicas_are_asked_for(
    policy: str, observed: Observed
) -> None:
    assert decided(policy, observed, exempt_read_replicas=False).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        ("rds-mysql-backup-retention", REPLICA),
        ("rds-mysql-multi-az", REPLICA),
        ("rds-postgres-automated-backups", {**of("postgres", "14.1"), **REPLICA}),
    ],
)
def test_other_replicas_are_remediated_where_replicas_are_asked_for(policy: str, observed: Observed) -> None:
    assert decided(policy, observed, exempt_read_replicas=False).outcome is Outcome.REMEDIATED


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        ("rds-postgres-performance-insights", {**of("postgres"), "DBInstanceClass": "db.t3.micro"}),
        ("rds-mysql-performance-insights", {"DBInstanceClass": "db.t3.medium"}),
        (
            "rds-aurora-instance-performance-insights",
            {**of("aurora-postgresql"), "DBInstanceClass": "db.t3.medium"},
        ),
        ("rds-mysql-performance-insights", {"PerformanceInsightsOffered": None}),
        ("rds-oracle-deletion-protection", of("oracle-se2-cdb", "19.0.0.0")),
        ("rds-sqlserver-deletion-protection", of("sqlserver-dev-ee", "16.0")),
        ("rds-mysql-multi-az", {"SubnetZones": None}),
        ("rds-mysql-iam-authentication", of("mysql", "5.7.44")),
        ("rds-mysql-fips-mode", of("mysql", "8.4.5")),
    ],
)
def test_what_resembles_such_a_case_is_remediated(policy: str, observed: Observed) -> None:
    assert decided(policy, observed).outcome is Outcome.REMEDIATED


def test_multi_az_of_sql_server_is_set_together_with_the_backups_that_it_needs() -> None:
    both = enabled(INSTANCE, "rds-sqlserver-multi-az", "rds-sqlserver-automated-backups")
    [call] = decide(INSTANCE, RESOURCE, both, {**BASE, **of("sqlserver-se")}).calls
    assert (call.parameters["MultiAZ"], call.parameters["BackupRetentionPeriod"]) == (True, 7)


def test_backups_that_are_only_reported_do_not_serve_multi_az_of_sql_server() -> None:
    mixed = {
        **enabled(INSTANCE, "rds-sqlserver-multi-az"),
        **enabled(INSTANCE, "rds-sqlserver-automated-backups", mode=Mode.REPORT),
    }
    assert decide(INSTANCE, RESOURCE, mixed, {**BASE, **of("sqlserver-se")}).calls == ()


@pytest.mark.parametrize("version", ["5.7.44", "5.6.51"])
def test_parameters_of_mysql_8_are_no_matter_of_older_ones(version: str) -> None:
    assert decided("rds-mysql-fips-mode", of("mysql", version)).verdicts == ()


@pytest.mark.parametrize("value", ["1", "ON", "2", "STRICT"])
def test_every_strict_enough_fips_mode_is_left_alone(value: str) -> None:
    assert decided("rds-mysql-fips-mode", {"ssl_fips_mode": value}).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("value", ["aes-128-ecb", "aes-256-ecb", "aes-128-cbc", None])
def test_every_weaker_block_encryption_mode_is_raised(value: str | None) -> None:
    [change] = decided("rds-mysql-block-encryption-mode", {"block_encryption_mode": value}).changes
    assert (change.before, change.after) == (value, "aes-256-cbc")


# --- Busy, pending, stuck ---


@pytest.mark.parametrize("status", ["creating", "modifying", "backing-up", "rebooting", "starting"])
def test_a_database_at_work_is_waited_for(status: str) -> None:
    assert INSTANCE.busy({**BASE, "DBInstanceStatus": status}) == f"The database is {status}."


@pytest.mark.parametrize("status", ["available", "storage-initialization", "storage-optimization"])
def test_a_database_that_rds_keeps_available_is_changed_at_once(status: str) -> None:
    assert INSTANCE.busy({**BASE, "DBInstanceStatus": status}) is None
    decision = decided("rds-mysql-multi-az", {"DBInstanceStatus": status})
    assert [change.setting for change in decision.changes] == ["MultiAZ"]


def test_a_parameter_group_that_is_being_applied_is_waited_for() -> None:
    assert INSTANCE.busy({**BASE, "ParameterApplyStatus": ["applying"]})


@pytest.mark.parametrize("status", ["stopped", "failed", "storage-full", "incompatible-network"])
def test_a_database_that_no_waiting_helps_is_held_with_the_reason(status: str) -> None:
    decision = decided("rds-mysql-multi-az", {"DBInstanceStatus": status})
    assert INSTANCE.busy({**BASE, "DBInstanceStatus": status}) is None
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert status in decision.reason


def test_pending_values_are_never_applied_along_with_ours(account: Account) -> None:
    create(account)
    database().pending_modified_values = {
        "DBInstanceClass": "db.m6g.8xlarge",
        "MasterUserPassword": "planted",
    }
    decision = remediate(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-multi-az"))
    assert not [call for call in account.calls if "Modify" in call]
    assert [verdict.status for verdict in decision.verdicts] == [Status.HELD]
    assert "DBInstanceClass, MasterUserPassword" in decision.reason
    assert "planted" not in decision.model_dump_json()


@pytest.mark.parametrize("pending", [{"BackupRetentionPeriod": 0}, {"MultiAZ": False}])
def test_a_pending_zero_or_false_is_pending_too(account: Account, pending: dict[str, Any]) -> None:
    create(account)
    database().pending_modified_values = pending
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-deletion-protection"))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())


def test_a_pending_log_export_holds_only_log_exports() -> None:
    observed: Observed = {"PendingModifiedValues": ["PendingCloudwatchLogsExports"]}
    both = enabled(INSTANCE, "rds-mysql-log-exports", "rds-mysql-multi-az")
    decision = decide(INSTANCE, RESOURCE, both, {**BASE, **observed})
    assert [change.setting for change in decision.changes] == ["MultiAZ"]
    assert "RDS takes one at a time" in reasons(decision)[0]


def test_pending_values_of_the_instance_do_not_hold_its_parameter_group() -> None:
    observed: Observed = {"PendingModifiedValues": ["DBInstanceClass"]}
    [call] = decided("rds-mysql-fips-mode", observed).calls
    assert call.operation == "ModifyDBParameterGroup"


PENDING_REBOOT = {"DBParameterGroupName": "orders-mysql8", "ParameterApplyStatus": "pending-reboot"}


@pytest.mark.parametrize("value", ["0", "1"])
def test_a_static_parameter_is_reported_whatever_its_value_until_the_reboot(
    account: Account, value: str
) -> None:
    create(account)
    with _answering(account, ParameterValue=value, ApplyType="static"):
        decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-fips-mode"))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert "only when the instance is rebooted" in decision.reason


@pytest.mark.parametrize(("value", "outcome"), [("0", Outcome.REMEDIATED), ("1", Outcome.COMPLIANT)])
def test_a_dynamic_parameter_does_not_wait_for_a_reboot_that_is_due_to_others(
    account: Account, value: str, outcome: Outcome
) -> None:
    create(account)
    with _answering(account, ParameterValue=value, ApplyType="dynamic"):
        decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-fips-mode"))
    assert decision.outcome is outcome


def _answering(account: Account, **parameter: str) -> Stubber:
    """The instance, but with its parameter group pending a reboot; then ssl_fips_mode, like this."""
    described = {**instance(account), "DBParameterGroups": [PENDING_REBOOT]}
    rds = account.client("rds")
    parameters = [
        {"ParameterName": "ssl_fips_mode", "IsModifiable": True, "AllowedValues": "0, 1, 2", **parameter}
    ]
    stubber = Stubber(rds)
    stubber.add_response("describe_db_instances", {"DBInstances": [described]})
    stubber.add_response("describe_db_parameters", {"Parameters": parameters})
    return stubber


# --- What AWS refuses and moto takes ---


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidDBInstanceState", NotReady),
        ("DBInstanceNotFound", ResourceGone),
        ("InvalidParameterCombination", CallFailed),
    ],
)
def test_a_refusal_of_rds_is_named(account: Account, code: str, error: type[Exception]) -> None:
    create(account)
    decision = plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-multi-az"))
    with Stubber(account.client("rds")) as stubber:
        stubber.add_client_error("modify_db_instance", code)
        with pytest.raises(error), named_errors(gone=INSTANCE.gone, busy=INSTANCE.busy_errors):
            INSTANCE.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


# --- What is read ---


def test_only_what_the_enabled_policies_need_is_read(account: Account) -> None:
    create(account)
    plan(INSTANCE, account, RESOURCE, enabled(INSTANCE, "rds-mysql-deletion-protection"))
    assert account.calls == ["rds:DescribeDBInstances"]
    wanted = settings_to_read(INSTANCE, enabled(INSTANCE, "rds-mysql-deletion-protection"))
    assert wanted == {"DeletionProtection", "InCluster", *INSTANCE.facts}


def test_instances_of_other_services_are_not_listed(account: Account) -> None:
    rds = account.client("rds")
    create(account)
    rds.create_db_instance(
        DBInstanceIdentifier="graph",
        Engine="neptune",
        EngineVersion="1.3.2.1",
        DBInstanceClass="db.r6g.large",
        AllocatedStorage=1,
    )
    assert list(INSTANCE.find(account.client, Place(account=OWNER, region=REGION))) == ["orders"]


def test_a_parameter_group_leads_to_the_instances_that_use_it(account: Account) -> None:
    create(account)
    assert INSTANCE.members is not None
    place = Place(account=OWNER, region=REGION)
    assert list(INSTANCE.members(account.client, place, "orders-mysql8")) == [(REGION, "orders")]
    assert list(INSTANCE.members(account.client, place, "of-nobody")) == []
