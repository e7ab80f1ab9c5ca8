"""Neptune DB instances, through the API that they share with RDS."""

from collections.abc import Iterator, Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.neptune_instance import POLICIES
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

_INSTANCES = "DescribeDBInstances:DBInstances[]"


def _is_ours(engine: str) -> bool:
    return engine == "neptune"


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return rds.instances(clients, _is_ours, token)


def _observe(
    clients: Clients, resource: Resource, instance: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    own = {
        "AutoMinorVersionUpgrade": instance["AutoMinorVersionUpgrade"],
        "DBInstanceStatus": instance["DBInstanceStatus"],
        "Engine": instance["Engine"],
        "PendingModifiedValues": pending(instance),
    }
    return {name: own[name] for name in settings & set(own)}


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
    in_code={
        "AutoMinorVersionUpgrade": InCode(
            "AWS::Neptune::DBInstance/AutoMinorVersionUpgrade",
            "aws_neptune_cluster_instance.auto_minor_version_upgrade",
        )
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
    listing=_LISTING,
    rules=(
        Rule(
            "InstanceCalls",
            "rds",
            ("CreateDBInstance", "ModifyDBInstance"),
            Subject(("responseElements.dBInstanceArn",)),
            where={"responseElements": {"engine": ["neptune"]}},
        ),
    ),
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
