"""DynamoDB tables; each replica of a global table is one in its own region."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.identify import identify
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.dynamodb_table import POLICIES
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
    tags_in,
)
from rightstate.wants import Value

_DEFAULT_PERIOD = 35  # API reference, PointInTimeRecoverySpecification
_RECOVERY = {"PointInTimeRecoveryStatus", "RecoveryPeriodInDays"}
_PROTECTION = "DeletionProtectionEnabled"

# A table that is not there yet, or not any more, may be answered with TableNotFoundException.
_UNREADABLE = ("CREATING", "DELETING", "ARCHIVING", "ARCHIVED")
_HELD = {
    "CREATING": "The table is being created; its settings can be neither read nor set yet.",
    # Not waited for: only somebody who gives the key back ends this.
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "DynamoDB cannot use the table's KMS key, so a change would fail. "
    "Enable the key, or give DynamoDB its right to it back; after seven days the table is archived.",
}


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """The table that the group is named after, whose protection an update can switch off, and its replicas:
    a new one begins without recovery."""
    table = identify(RESOURCE_TYPE, place, group).id
    yield place.region, table
    for replica in clients("dynamodb").describe_table(TableName=table)["Table"].get("Replicas", ()):
        yield replica["RegionName"], table


def _observe(
    clients: Clients, resource: Resource, name: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    dynamodb = clients("dynamodb")
    table = dynamodb.describe_table(TableName=resource.id)["Table"]
    observed: dict[str, Value] = {"TableStatus": table["TableStatus"]}
    if _PROTECTION in settings:
        observed[_PROTECTION] = table.get(_PROTECTION, False)
    if (asked := settings & _RECOVERY) and table["TableStatus"] not in _UNREADABLE:
        answer = dynamodb.describe_continuous_backups(TableName=resource.id)
        found = _recovery(answer["ContinuousBackupsDescription"])
        observed |= {name: found[name] for name in asked}
    return observed


_LISTING = Listing(
    pages=paged(
        "dynamodb",
        "list_tables",
        "TableNames",
        given="ExclusiveStartTableName",
        answered="LastEvaluatedTableName",
        Limit=PAGE,
    ),
    id_of=str,
    one=lambda clients, resource: resource.id,
    observe=_observe,
)


def _recovery(description: Mapping[str, Any]) -> Mapping[str, Value]:
    # ContinuousBackupsStatus is not looked at: it is ENABLED on every table.
    recovery = description.get("PointInTimeRecoveryDescription", {})
    status = recovery.get("PointInTimeRecoveryStatus")
    return {
        "PointInTimeRecoveryStatus": status,
        "RecoveryPeriodInDays": recovery.get(
            "RecoveryPeriodInDays", _DEFAULT_PERIOD if status == "ENABLED" else None
        ),
    }


def _tags(clients: Clients, resource: Resource) -> Tags:
    arn = RESOURCE_TYPE.arn_of(resource)
    pages = clients("dynamodb").get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return tags_in(tag for page in pages for tag in page["Tags"])


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    calls = [
        Call(
            service="dynamodb",
            operation="UpdateTable",
            parameters={"TableName": resource.id, _PROTECTION: change.after},
            settings=(_PROTECTION,),
        )
        for change in changes
        if change.setting == _PROTECTION
    ]
    after = {change.setting: change.after for change in changes if change.setting in _RECOVERY}
    if not after:
        return calls
    # Without a period DynamoDB takes its default, so one that the table has is named again.
    period = after.get("RecoveryPeriodInDays", observed["RecoveryPeriodInDays"])
    return [
        *calls,
        Call(
            service="dynamodb",
            operation="UpdateContinuousBackups",
            parameters={
                "TableName": resource.id,
                "PointInTimeRecoverySpecification": {
                    "PointInTimeRecoveryEnabled": True,
                    "RecoveryPeriodInDays": period,
                },
            },
            settings=tuple(after),
        ),
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes if change.setting in _RECOVERY}
    if after.get("PointInTimeRecoveryStatus", "ENABLED") == "ENABLED":
        return _calls(resource, changes, observed)
    return [
        *_calls(resource, [change for change in changes if change.setting == _PROTECTION], observed),
        Call(
            service="dynamodb",
            operation="UpdateContinuousBackups",
            parameters={
                "TableName": resource.id,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
            },
            settings=tuple(after),
        ),
    ]


def _destroys(change: Change) -> str:
    if change.setting == "PointInTimeRecoveryStatus" and change.after != "ENABLED":
        return "DynamoDB drops the recovery window: the table cannot be recovered to any time until now."
    return ""


def _busy(observed: Observed) -> str | None:
    status = observed["TableStatus"]
    return f"The table's status is {status}." if status in ("CREATING", "UPDATING") else None


def _held(observed: Observed) -> Mapping[str, str]:
    reason = _HELD.get(str(observed["TableStatus"]))
    return dict.fromkeys({*_RECOVERY, _PROTECTION}, reason) if reason else {}


def _in_status(*statuses: str) -> dict[str, Any]:
    return {"holds": lambda observed: observed["TableStatus"] in statuses, "reads": ("TableStatus",)}


_CASES = {
    "deleting": Case(reason="The table is being deleted.", **_in_status("DELETING")),
    "archived": Case(
        reason="DynamoDB archives the table, because its KMS key could not be used for seven days: there "
        "is nothing left to recover but the archive.",
        **_in_status("ARCHIVING", "ARCHIVED"),
    ),
}

RESOURCE_TYPE = ResourceType(
    name="dynamodb-table",
    title="DynamoDB table",
    service="dynamodb",
    policies=POLICIES,
    settings={
        "TableStatus": Setting(read="DescribeTable:Table.TableStatus"),
        "PointInTimeRecoveryStatus": Setting(
            read="DescribeContinuousBackups:ContinuousBackupsDescription.PointInTimeRecoveryDescription"
            ".PointInTimeRecoveryStatus",
            write="UpdateContinuousBackups:PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        ),
        "RecoveryPeriodInDays": Setting(
            read="DescribeContinuousBackups:ContinuousBackupsDescription.PointInTimeRecoveryDescription"
            ".RecoveryPeriodInDays",
            write="UpdateContinuousBackups:PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        ),
        _PROTECTION: Setting(read=f"DescribeTable:Table.{_PROTECTION}", write=f"UpdateTable:{_PROTECTION}"),
    },
    in_code={
        "PointInTimeRecoveryStatus": InCode(
            "AWS::DynamoDB::Table/PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            "aws_dynamodb_table.point_in_time_recovery.enabled",
            values={"ENABLED": True},
        ),
        "RecoveryPeriodInDays": InCode(
            "AWS::DynamoDB::Table/PointInTimeRecoverySpecification.RecoveryPeriodInDays",
            "aws_dynamodb_table.point_in_time_recovery.recovery_period_in_days",
        ),
        _PROTECTION: InCode(
            f"AWS::DynamoDB::Table/{_PROTECTION}", "aws_dynamodb_table.deletion_protection_enabled"
        ),
    },
    cases=_CASES,
    facts=("TableStatus",),
    busy=_busy,
    held=_held,
    arn="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    # API reference, CreateTable: 3 to 255 of these characters.
    id_pattern=r"[A-Za-z0-9_.-]{3,255}",
    config_type="AWS::DynamoDB::Table",
    listing=_LISTING,
    rules=(
        Rule(
            "TableCalls",
            "dynamodb",
            ("CreateTable", "UpdateContinuousBackups"),
            # A name or an ARN.
            Subject(("requestParameters.tableName",)),
        ),
        Rule(
            "RestoredTables",
            "dynamodb",
            ("RestoreTableFromBackup", "RestoreTableToPointInTime"),
            Subject(("requestParameters.targetTableName",)),
            name="dynamodb-table-restored",
        ),
        Rule(
            "ImportedTables",
            "dynamodb",
            ("ImportTable",),
            Subject(("requestParameters.tableCreationParameters.tableName",)),
            name="dynamodb-table-imported",
        ),
        Rule(
            "TableReplicas",
            "dynamodb",
            ("UpdateTable",),
            Subject(("requestParameters.tableName",), kind="group"),
            name="dynamodb-table-replicas",
            where={
                "requestParameters": {
                    # Not the many calls of auto scaling; an update does one thing at a time.
                    "provisionedThroughput": {"readCapacityUnits": [{"exists": False}]},
                    "globalSecondaryIndexUpdates": {"update": {"indexName": [{"exists": False}]}},
                }
            },
        ),
    ),
    tags=_tags,
    calls=_calls,
    members=_members,
    read_actions=(
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ),
    write_actions=("dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable"),
    restore=_restore,
    destroys=_destroys,
    write_resources=("arn:{partition}:dynamodb:{region}:{account}:table/{id}",),
    gone=("ResourceNotFoundException", "TableNotFoundException"),
    # "Backups have not yet been enabled for this table" (API reference), shortly after it was made. A table
    # that is being changed takes no other change meanwhile.
    busy_errors=("ContinuousBackupsUnavailableException", "ResourceInUseException"),
)
