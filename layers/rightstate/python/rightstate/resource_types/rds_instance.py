"""RDS DB instances, those of Aurora clusters included. One ModifyDBInstance takes all changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Once, Shared
from rightstate.policies.rds_instance import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
)
from rightstate.services import rds
from rightstate.services.pending import pending
from rightstate.wants import Value, as_list

# By prefix, because AWS adds editions: oracle-ee-cdb, sqlserver-dev-ee.
_BY_PREFIX = ("oracle-", "sqlserver-", "custom-oracle-", "custom-sqlserver-")
# Setting -> the parameter of ModifyDBInstance that writes it.
_PARAMETERS = {
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "EnabledCloudwatchLogsExports": "CloudwatchLogsExportConfiguration",
    "PubliclyAccessible": "PubliclyAccessible",
    "DeletionProtection": "DeletionProtection",
    "PerformanceInsightsEnabled": "EnablePerformanceInsights",
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "MultiAZ": "MultiAZ",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    "MonitoringInterval": "MonitoringInterval",
    "MonitoringRoleArn": "MonitoringRoleArn",
}
_OF_GROUP = ("block_encryption_mode", "ssl_fips_mode")
_OFFERED = {
    "PerformanceInsightsOffered": ("PerformanceInsightsEnabled", "SupportsPerformanceInsights"),
    "MultiAZOffered": ("MultiAZ", "MultiAZCapable"),
}
_REPLICA_OF = ("ReadReplicaSourceDBInstanceIdentifier", "ReadReplicaSourceDBClusterIdentifier")
_PENDING_REBOOT = ", pending-reboot"


def _is_ours(engine: str) -> bool:
    return engine in ("mysql", "mariadb", "postgres", *rds.AURORA) or engine.startswith(_BY_PREFIX)


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return rds.instances(clients, _is_ours, token)


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """The instances that use the parameter group: its calls name no instance."""
    for each in (each for page, _ in rds.instances(clients, _is_ours) for each in page):
        if any(used["DBParameterGroupName"] == group for used in each.get("DBParameterGroups", ())):
            yield place.region, each["DBInstanceIdentifier"]


def _observe(
    clients: Clients, resource: Resource, instance: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    client = clients("rds")
    own = _of_instance(instance, resource.region)
    observed: dict[str, Value] = {name: own[name] for name in settings & set(own)}
    if "ExportableLogTypes" in settings:
        observed["ExportableLogTypes"] = _exportable_log_types(
            client, instance["Engine"], instance["EngineVersion"]
        )
    for name, (setting, member) in _OFFERED.items():
        # Asked only where it matters: what is on already is offered.
        if name in settings and not own[setting]:
            observed[name] = _offered(client, instance, member)
    if parameters := settings & set(_OF_GROUP):
        observed |= _of_groups(client, instance, sorted(parameters), shared)
    return observed


def _of_instance(instance: Mapping[str, Any], region: str) -> dict[str, Value]:
    """Every setting that DescribeDBInstances shows."""
    subnets = instance.get("DBSubnetGroup", {}).get("Subnets", ())
    zones = {subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets}
    zone = instance.get("AvailabilityZone", "")
    groups = instance.get("DBParameterGroups", ())
    return {
        **{name: instance.get(name, False) for name in _PARAMETERS},
        "MonitoringInterval": instance.get("MonitoringInterval", 0),
        # The role is of use only while there is an interval, and RDS takes none without one.
        "MonitoringRoleArn": (instance.get("MonitoringInterval") and instance.get("MonitoringRoleArn"))
        or None,
        "EnabledCloudwatchLogsExports": sorted(instance.get("EnabledCloudwatchLogsExports", ())),
        "DBInstanceStatus": instance["DBInstanceStatus"],
        "PendingModifiedValues": pending(instance),
        "DBParameterGroups": [group["DBParameterGroupName"] for group in groups],
        "ParameterApplyStatus": sorted({group["ParameterApplyStatus"] for group in groups}),
        "Engine": instance["Engine"],
        "EngineVersion": instance["EngineVersion"],
        "DBInstanceClass": instance["DBInstanceClass"],
        "InCluster": "DBClusterIdentifier" in instance,
        "IsReadReplica": any(instance.get(source) for source in _REPLICA_OF),
        "ManagedByAWSBackup": bool(instance.get("AwsBackupRecoveryPointArn")),
        "SubnetZones": len(zones) if zones else None,
        # us-west-2a is a zone of us-west-2; us-west-2-lax-1a is a Local Zone.
        "AtEdge": any("Arn" in subnet.get("SubnetOutpost", {}) for subnet in subnets)
        or len(zone) > len(region) + 1,
    }


_offer = Once()
"""What AWS offers. That is a fact about AWS and not about a resource, so it is asked once for a container."""


def _exportable_log_types(client: Any, engine: str, engine_version: str) -> list[str] | None:
    """The log types that the version can export, or None where AWS no longer lists it."""

    def read() -> list[str] | None:
        answer = client.describe_db_engine_versions(Engine=engine, EngineVersion=engine_version)
        versions = answer["DBEngineVersions"]
        return sorted(versions[0].get("ExportableLogTypes", [])) if versions else None

    return _offer(("logs", client.meta.region_name, engine, engine_version), read)


def _offered(client: Any, instance: Mapping[str, Any], member: str) -> bool | None:
    """Whether AWS offers that with the instance's engine version and class. None, which is unknown, if it no
    longer sells these."""
    wanted = {name: instance[name] for name in ("Engine", "EngineVersion", "DBInstanceClass")}

    def read() -> Mapping[str, bool]:
        found = client.describe_orderable_db_instance_options(**wanted)["OrderableDBInstanceOptions"]
        return {name: any(option.get(name) for option in found) for _, name in _OFFERED.values() if found}

    return _offer(("options", client.meta.region_name, *wanted.values()), read).get(member)


def _of_groups(
    client: Any, instance: Mapping[str, Any], names: Sequence[str], shared: Shared
) -> dict[str, Value]:
    """The parameters' values and their allowed values. With several groups, the first that differs counts."""
    observed: dict[str, Value] = {}
    for group in instance.get("DBParameterGroups", ()):
        called = group["DBParameterGroupName"]
        if called.startswith("default."):
            continue
        found = shared.once(called, partial(_parameters, client, called, names))
        for name in names:
            parameter = found.get(name, {})
            value = parameter.get("ParameterValue")
            observed[f"{name}.ApplyType"] = parameter.get("ApplyType")
            observed[f"{name}.Source"] = parameter.get("Source")
            static = parameter.get("ApplyType") == "static"
            # The status is the whole group's, and only static parameters wait for the reboot.
            if value is not None and static and group["ParameterApplyStatus"] == "pending-reboot":
                value += _PENDING_REBOOT
            if name not in observed or value != observed[name]:
                observed[name] = value
            modifiable = parameter.get("IsModifiable", False)
            observed[f"{name}.AllowedValues"] = (
                [each.strip() for each in parameter.get("AllowedValues", "").split(",")] if modifiable else []
            )
    return observed


def _parameters(client: Any, group: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    answer = client.describe_db_parameters(
        DBParameterGroupName=group, Filters=[{"Name": "parameter-name", "Values": list(names)}]
    )
    return {each["ParameterName"]: each for each in answer["Parameters"]}


_LISTING = Listing(
    pages=_pages,
    id_of=lambda instance: str(instance["DBInstanceIdentifier"]),
    one=rds.instance,
    observe=_observe,
    tags=rds.listed_tags,
)


def _tags(clients: Clients, resource: Resource) -> Tags:
    return rds.tags(clients, RESOURCE_TYPE.arn_of(resource))


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    of_group = [change for change in changes if change.setting in _OF_GROUP]
    of_instance = [change for change in changes if change.setting in _PARAMETERS]
    groups = observed.get("DBParameterGroups")
    calls = [
        Call(
            service="rds",
            operation="ModifyDBParameterGroup",
            parameters={
                "DBParameterGroupName": group,
                "Parameters": [
                    {
                        "ParameterName": change.setting,
                        "ParameterValue": change.after,
                        "ApplyMethod": "immediate",
                    }
                    for change in of_group
                ],
            },
            settings=tuple(change.setting for change in of_group),
        )
        for group in as_list(groups)
        if of_group and not group.startswith("default.")
    ]
    if of_instance:
        parameters = {
            _PARAMETERS[change.setting]: rds.written(change)
            for change in of_instance
            if (change.setting, change.after) != ("MonitoringRoleArn", None)
        }
        if parameters.get("EnablePerformanceInsights"):
            # What is free of charge, and all that the standard mode of Database Insights keeps.
            parameters["PerformanceInsightsRetentionPeriod"] = 7
        named = {"DBInstanceIdentifier": resource.id}
        calls.append(rds.modification("ModifyDBInstance", named, of_instance, parameters))
    return calls


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    calls = _calls(resource, changes, observed)
    reset = [
        change.setting
        for change in changes
        if change.setting in _OF_GROUP
        and (change.after is None or change.beside.get(f"{change.setting}.Source") in _OF_ENGINE)
    ]
    return [back for call in calls for back in _reset(call, reset)]


# API reference, Parameter, Source. With its old value written, such a parameter would stay set by a user.
_OF_ENGINE = ("engine-default", "system")


def _reset(call: Call, settings: Sequence[str]) -> Iterator[Call]:
    """The same call, except that those settings of a parameter group are reset."""
    if call.operation != "ModifyDBParameterGroup":
        yield call
        return
    group = {"DBParameterGroupName": call.parameters["DBParameterGroupName"]}
    for operation, resets in (("ResetDBParameterGroup", True), ("ModifyDBParameterGroup", False)):
        chosen = [p for p in call.parameters["Parameters"] if (p["ParameterName"] in settings) is resets]
        keys = (
            ("ParameterName", "ApplyMethod") if resets else ("ParameterName", "ParameterValue", "ApplyMethod")
        )
        if chosen:
            yield Call(
                service="rds",
                operation=operation,
                parameters={**group, "Parameters": [{key: each[key] for key in keys} for each in chosen]},
                settings=tuple(each["ParameterName"] for each in chosen),
            )


def _busy(observed: Observed) -> str | None:
    status = observed.get("DBInstanceStatus")
    if status == "available" and "applying" in as_list(observed.get("ParameterApplyStatus")):
        return "The database's parameter group is being applied."
    return rds.busy(status)


def _held(observed: Observed) -> Mapping[str, str]:
    reasons = rds.held(observed.get("DBInstanceStatus"), observed.get("PendingModifiedValues"), _PARAMETERS)
    static = [name for name in _OF_GROUP if observed.get(f"{name}.ApplyType") == "static"]
    return reasons | dict.fromkeys(
        static,
        "In this version the parameter is static: it takes effect only when the instance is rebooted, which "
        "Rightstate does not do. Set it in the parameter group if it is not, and reboot.",
    )


def _engine_is(*names: str) -> Callable[[Observed], bool]:
    return lambda observed: observed.get("Engine") in names


def _edition_of(prefix: str) -> Callable[[Observed], bool]:
    return lambda observed: str(observed.get("Engine")).removeprefix("custom-").startswith(prefix)


def _older(*minimum: int) -> Callable[[Observed], bool]:
    return lambda observed: rds.version(observed.get("EngineVersion")) < minimum


def _class_is(*classes: str) -> Callable[[Observed], bool]:
    return lambda observed: str(observed.get("DBInstanceClass")).startswith(classes)


def _refuses(parameter: str, value: str) -> Callable[[Observed], bool]:
    """Whether the family lacks the parameter, or the parameter cannot be modified or take the value."""

    def refuses(observed: Observed) -> bool:
        allowed = observed.get(f"{parameter}.AllowedValues")
        return isinstance(allowed, list) and allowed != [""] and value not in allowed

    return refuses


def _in_default_group(observed: Observed) -> bool:
    return any(group.startswith("default.") for group in as_list(observed.get("DBParameterGroups")))


_ENGINE = ("Engine",)
_SMALL = tuple(f"db.{family}.{size}" for family in ("t2", "t3", "t4g") for size in ("micro", "small"))
_CASES = {
    "postgres": Case("RDS for PostgreSQL instances", _engine_is("postgres"), _ENGINE),
    "mysql": Case("RDS for MySQL instances", _engine_is("mysql"), _ENGINE),
    "mariadb": Case("RDS for MariaDB instances", _engine_is("mariadb"), _ENGINE),
    "oracle": Case("RDS for Oracle instances", _edition_of("oracle-"), _ENGINE),
    "sqlserver": Case("RDS for SQL Server instances", _edition_of("sqlserver-"), _ENGINE),
    "any-engine": Case(
        "Instances of all engines of RDS, Aurora included",
        lambda observed: _is_ours(str(observed.get("Engine"))),
        _ENGINE,
    ),
    "aurora-instance": Case("Instances of Aurora clusters", _engine_is(*rds.AURORA, "aurora"), _ENGINE),
    "mysql-8": Case(
        "RDS for MySQL instances of version 8.0 or later",
        lambda observed: observed.get("Engine") == "mysql" and not _older(8)(observed),
        ("Engine", "EngineVersion"),
    ),
    "deleting": rds.deleting("instance", "DBInstanceStatus"),
    "custom": Case(
        "RDS Custom: the operating system and the database are the customer's to configure.",
        lambda observed: str(observed.get("Engine")).startswith("custom-"),
        _ENGINE,
    ),
    "cluster-member": Case(
        "The instance is a member of a Multi-AZ DB cluster, where the setting is the cluster's.",
        lambda observed: observed.get("InCluster") is True and observed.get("Engine") not in rds.AURORA,
        ("InCluster", "Engine"),
    ),
    "old-postgres": Case(
        "IAM database authentication needs PostgreSQL 10 or later.", _older(10), ("EngineVersion",)
    ),
    "old-mysql": Case(
        "IAM database authentication needs MySQL 5.7 or later.", _older(5, 7), ("EngineVersion",)
    ),
    # RDS User Guide, "Supported Regions and DB engines for IAM database authentication".
    "old-mariadb": Case(
        "IAM database authentication needs MariaDB 10.6 or later.", _older(10, 6), ("EngineVersion",)
    ),
    # RDS User Guide, "Amazon RDS DB engine, Region, and instance class support for Performance Insights".
    "small-class": Case(
        "Performance Insights is not offered for micro and small instances of this engine.",
        _class_is(*_SMALL),
        ("DBInstanceClass",),
    ),
    "small-aurora-class": Case(
        "Performance Insights is not offered for Aurora MySQL on this small instance class.",
        lambda observed: (
            observed.get("Engine") != "aurora-postgresql"
            and _class_is("db.t2.", "db.t3.", "db.t4g.micro", "db.t4g.small")(observed)
        ),
        ("Engine", "DBInstanceClass"),
    ),
    "no-performance-insights": Case(
        "Performance Insights is not offered for this engine version and class in this region.",
        lambda observed: observed.get("PerformanceInsightsOffered") is False,
        ("PerformanceInsightsOffered",),
    ),
    "read-replica": Case(
        "The instance is a read replica, which is exempt (parameter exempt_read_replicas).",
        lambda observed: observed.get("IsReadReplica") is True,
        ("IsReadReplica",),
        switch="exempt_read_replicas",
    ),
    "old-postgres-replica": Case(
        "A read replica of PostgreSQL older than 14.1 cannot have backups.",
        lambda observed: observed.get("IsReadReplica") is True and _older(14, 1)(observed),
        ("IsReadReplica", "EngineVersion"),
    ),
    "sqlserver-replica": Case(
        "A read replica of SQL Server can have neither backups nor Multi-AZ.",
        lambda observed: observed.get("IsReadReplica") is True,
        ("IsReadReplica",),
    ),
    "aws-backup": rds.AWS_BACKUP,
    "one-zone": Case(
        "The DB subnet group has subnets in one Availability Zone only; a standby needs a second one.",
        lambda observed: observed.get("SubnetZones") == 1,
        ("SubnetZones",),
    ),
    "edge-location": Case(
        "The instance is in a Local Zone or on an Outpost.",
        lambda observed: observed.get("AtEdge") is True,
        ("AtEdge",),
    ),
    "sqlserver-edition": Case(
        "Express and Developer editions of SQL Server have no Multi-AZ.",
        lambda observed: observed.get("Engine") in ("sqlserver-ex", "sqlserver-dev-ee"),
        _ENGINE,
    ),
    "no-multi-az": Case(
        "Multi-AZ is not offered for this engine version and class in this region.",
        lambda observed: observed.get("MultiAZOffered") is False,
        ("MultiAZOffered",),
    ),
    "sqlserver-without-backups": Case(
        "Multi-AZ of SQL Server needs automated backups, which are off. Enable a policy about backups too: "
        "both are then set in one call.",
        lambda observed: observed.get("BackupRetentionPeriod") == 0,
        ("BackupRetentionPeriod",),
        unless_written="BackupRetentionPeriod",
    ),
    "default-parameter-group": Case(
        "The instance uses a default parameter group, which nobody can modify. Make one of your own, give it "
        "to the instance and reboot that.",
        _in_default_group,
        ("DBParameterGroups",),
    ),
    "no-block-encryption-mode": Case(
        "The parameter group's family has no block_encryption_mode that may be set to aes-256-cbc.",
        _refuses("block_encryption_mode", "aes-256-cbc"),
    ),
    "no-fips-mode": Case(
        "The parameter group's family has no ssl_fips_mode that may be set to 1.",
        _refuses("ssl_fips_mode", "1"),
    ),
}


def _out_of_scope(observed: Observed) -> str:
    engine = observed.get("Engine")
    if engine in rds.AURORA:
        return (
            "Of an instance of an Aurora cluster only public access, Performance Insights and minor version "
            "upgrades are its own; the cluster has the other settings."
        )
    return f"No enabled policy is about instances of {engine} in this version."


_INSTANCES = "DescribeDBInstances:DBInstances[]"

# In an Aurora cluster Terraform has its instances as another resource, with fewer arguments.
_DB, _OF_EITHER = "aws_db_instance", "aws_db_instance|aws_rds_cluster_instance"
_IN_CODE = {
    "IAMDatabaseAuthenticationEnabled": (
        "EnableIAMDatabaseAuthentication",
        f"{_DB}.iam_database_authentication_enabled",
    ),
    "EnabledCloudwatchLogsExports": ("EnableCloudwatchLogsExports", f"{_DB}.enabled_cloudwatch_logs_exports"),
    "PubliclyAccessible": ("PubliclyAccessible", f"{_OF_EITHER}.publicly_accessible"),
    "DeletionProtection": ("DeletionProtection", f"{_DB}.deletion_protection"),
    "PerformanceInsightsEnabled": ("EnablePerformanceInsights", f"{_OF_EITHER}.performance_insights_enabled"),
    "AutoMinorVersionUpgrade": ("AutoMinorVersionUpgrade", f"{_OF_EITHER}.auto_minor_version_upgrade"),
    "BackupRetentionPeriod": ("BackupRetentionPeriod", f"{_DB}.backup_retention_period"),
    "MultiAZ": ("MultiAZ", f"{_DB}.multi_az"),
    "CopyTagsToSnapshot": ("CopyTagsToSnapshot", f"{_OF_EITHER}.copy_tags_to_snapshot"),
    "MonitoringInterval": ("MonitoringInterval", f"{_OF_EITHER}.monitoring_interval"),
    "MonitoringRoleArn": ("MonitoringRoleArn", f"{_OF_EITHER}.monitoring_role_arn"),
}

RESOURCE_TYPE = ResourceType(
    name="rds-instance",
    title="RDS DB instance",
    service="rds",
    policies=POLICIES,
    settings={
        **{
            setting: Setting(read=f"{_INSTANCES}.{setting}", write=f"ModifyDBInstance:{parameter}")
            for setting, parameter in _PARAMETERS.items()
        },
        **{
            parameter: Setting(
                read="DescribeDBParameters:Parameters[].ParameterValue",
                write="ModifyDBParameterGroup:Parameters[].ParameterValue",
            )
            for parameter in _OF_GROUP
        },
        **{
            f"{parameter}.{member}": Setting(read=f"DescribeDBParameters:Parameters[].{member}")
            for parameter in _OF_GROUP
            for member in ("AllowedValues", "ApplyType", "Source")
        },
        **{
            name: Setting(read=f"{_INSTANCES}.{name}")
            for name in (
                "DBInstanceStatus",
                "PendingModifiedValues",
                "Engine",
                "EngineVersion",
                "DBInstanceClass",
            )
        },
        "DBParameterGroups": Setting(read=f"{_INSTANCES}.DBParameterGroups[].DBParameterGroupName"),
        "ParameterApplyStatus": Setting(read=f"{_INSTANCES}.DBParameterGroups[].ParameterApplyStatus"),
        "InCluster": Setting(read=f"{_INSTANCES}.DBClusterIdentifier"),
        "IsReadReplica": Setting(read=f"{_INSTANCES}.ReadReplicaSourceDBInstanceIdentifier"),
        "ManagedByAWSBackup": Setting(read=f"{_INSTANCES}.AwsBackupRecoveryPointArn"),
        "SubnetZones": Setting(read=f"{_INSTANCES}.DBSubnetGroup.Subnets[].SubnetAvailabilityZone.Name"),
        "AtEdge": Setting(read=f"{_INSTANCES}.DBSubnetGroup.Subnets[].SubnetOutpost.Arn"),
        "ExportableLogTypes": Setting(read="DescribeDBEngineVersions:DBEngineVersions[].ExportableLogTypes"),
        **{
            name: Setting(read=f"DescribeOrderableDBInstanceOptions:OrderableDBInstanceOptions[].{member}")
            for name, (_, member) in _OFFERED.items()
        },
    },
    in_code={
        **{
            name: InCode(f"AWS::RDS::DBInstance/{path}", argument)
            for name, (path, argument) in _IN_CODE.items()
        },
        **{
            parameter: InCode(
                f"AWS::RDS::DBParameterGroup/Parameters.{parameter}",
                f"aws_db_parameter_group.parameter.{parameter}",
            )
            for parameter in _OF_GROUP
        },
    },
    cases=_CASES,
    facts=(
        "DBInstanceStatus",
        "DBParameterGroups",
        "Engine",
        "ParameterApplyStatus",
        "PendingModifiedValues",
    ),
    arn="arn:{partition}:rds:{region}:{account}:db:{id}",
    id_pattern=rds.ID_PATTERN,
    lower_case=True,
    listing=_LISTING,
    rules=(
        Rule(
            "InstanceCalls",
            "rds",
            (
                "CreateDBInstance",
                "CreateDBInstanceReadReplica",
                "ModifyDBInstance",
                "RestoreDBInstanceFromDBSnapshot",
                "RestoreDBInstanceFromS3",
                "RestoreDBInstanceToPointInTime",
                "StartDBInstance",
            ),
            Subject(("responseElements.dBInstanceArn",)),
            where={
                "responseElements": {
                    # Neptune, DocumentDB and custom-* come through the same API.
                    "engine": [
                        "mysql",
                        "mariadb",
                        "postgres",
                        {"prefix": "oracle-"},
                        {"prefix": "sqlserver-"},
                        {"prefix": "aurora-"},
                        {"exists": False},
                    ]
                }
            },
        ),
        Rule(
            "ParameterGroupCalls",
            "rds",
            ("ModifyDBParameterGroup", "ResetDBParameterGroup"),
            Subject(("requestParameters.dBParameterGroupName",), kind="group"),
            name="rds-parameter-group",
        ),
        Rule(
            "ParameterGroupCopies",
            "rds",
            ("CopyDBParameterGroup",),
            Subject(("responseElements.dBParameterGroupName",), kind="group"),
            name="rds-parameter-group-copy",
        ),
    ),
    tags=_tags,
    calls=_calls,
    busy=_busy,
    held=_held,
    members=_members,
    out_of_scope=_out_of_scope,
    read_actions=(
        "rds:DescribeDBEngineVersions",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
        "rds:DescribeOrderableDBInstanceOptions",
        "rds:ListTagsForResource",
    ),
    write_actions=("rds:ModifyDBInstance", "rds:ModifyDBParameterGroup"),
    undo_actions=("rds:ResetDBParameterGroup",),
    restore=_restore,
    beside={name: (f"{name}.Source",) for name in _OF_GROUP},
    destroys=rds.destroyed,
    write_resources=rds.INSTANCE_RESOURCES,
    # For the caller RDS grants itself the key of Performance Insights, and makes the role for log exports.
    # The * is for China, where the names of services may end with .cn.
    dependent_actions={
        "iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "rds.amazonaws.com"},
        # The role for Enhanced Monitoring is the account's choice, so no name of it is known here.
        "iam:PassRole": {"iam:PassedToService": "monitoring.rds.amazonaws.com"},
        "kms:CreateGrant": {"kms:ViaService": "rds.{region}.amazonaws.com*"},
        "kms:DescribeKey": {"kms:ViaService": "rds.{region}.amazonaws.com*"},
    },
    gone=("DBInstanceNotFound",),
    busy_errors=("InvalidDBInstanceState", "InvalidDBParameterGroupState"),
)
