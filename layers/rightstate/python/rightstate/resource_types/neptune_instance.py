"""Neptune DB instances, through the API that they share with RDS."""

from collections.abc import Iterator, Sequence

from rightstate import rds
from rightstate.policies.neptune_instance import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
)

_INSTANCES = "DescribeDBInstances:DBInstances[]"


def _is_ours(engine: str) -> bool:
    return engine == "neptune"


def _find(clients: Clients, place: Place) -> Iterator[str]:
    return (each["DBInstanceIdentifier"] for each in rds.instances(clients, _is_ours))


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    [instance] = clients("rds").describe_db_instances(DBInstanceIdentifier=resource.id)["DBInstances"]
    own = {
        "AutoMinorVersionUpgrade": instance["AutoMinorVersionUpgrade"],
        "DBInstanceStatus": instance["DBInstanceStatus"],
        "Engine": instance["Engine"],
        "PendingModifiedValues": rds.pending(instance),
    }
    return {name: own[name] for name in settings & set(own)}


def _tags(clients: Clients, resource: Resource) -> Tags:
    return rds.tags(clients, RESOURCE_TYPE.arn_of(resource))


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    named = {"DBInstanceIdentifier": resource.id}
    return [rds.modification("ModifyDBInstance", named, changes, {c.setting: c.after for c in changes})]


RESOURCE_TYPE = ResourceType(
    name="neptune-instance",
    title="Neptune DB instance",
    service="rds",
    policies=POLICIES,
    settings={
        "AutoMinorVersionUpgrade": Setting(
            read=f"{_INSTANCES}.AutoMinorVersionUpgrade", write="ModifyDBInstance:AutoMinorVersionUpgrade"
        ),
        **{
            name: Setting(read=f"{_INSTANCES}.{name}")
            for name in ("DBInstanceStatus", "Engine", "PendingModifiedValues")
        },
    },
    cases={
        "neptune": Case(
            "Neptune DB instances", lambda observed: _is_ours(str(observed.get("Engine"))), ("Engine",)
        ),
        "deleting": rds.deleting("instance", "DBInstanceStatus"),
    },
    facts=("DBInstanceStatus", "Engine", "PendingModifiedValues"),
    arn="arn:{partition}:rds:{region}:{account}:db:{id}",
    id_pattern=rds.ID_PATTERN,
    lower_case=True,
    find=_find,
    describe=_describe,
    tags=_tags,
    calls=_calls,
    busy=lambda observed: rds.busy(observed.get("DBInstanceStatus")),
    held=lambda observed: rds.held(
        observed.get("DBInstanceStatus"), observed.get("PendingModifiedValues"), ("AutoMinorVersionUpgrade",)
    ),
    out_of_scope=lambda observed: f"The instance is of engine {observed.get('Engine')}, not of Neptune.",
    read_actions=(
        "rds:DescribeDBInstances",
        "rds:ListTagsForResource",
    ),
    write_actions=("rds:ModifyDBInstance",),
    write_resources=rds.INSTANCE_RESOURCES,
    gone=("DBInstanceNotFound",),
    # An instance cannot be modified while its cluster is.
    busy_errors=("InvalidDBClusterStateFault", "InvalidDBInstanceState"),
)
