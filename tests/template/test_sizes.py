"""How much of AWS's quotas the templates use. `pytest -rA tests/template/test_sizes.py` prints it.

Measured with the longest parameters that the templates take, in characters or pieces.
"""

import copy
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from rightstate.catalogue import load, names
from rightstate.models.decision import Outcome
from rightstate.resource_type import ResourceType
from rightstate_cli.application import parts, sam_template, transform
from rightstate_cli.member import template as member_template
from tests.support.template import Stack, admission_at

# The longest names of a Region, of a stack that a member's template takes, and of a role that writes.
HUB = Stack("999988887777", "ap-northeast-1", "h" * 32)
MEMBER = Stack(
    "111122223333", "ap-southeast-1", "StackSet-" + "m" * 18 + "-8a6b5c40-c9b5-11f0-8de9-0242ac120002"
)
# CloudFormation takes parameters of up to 4,096 characters.
ACCOUNTS = ",".join(f"{number:012}" for number in range(315))
ROLE = "r" * 59


@dataclasses.dataclass(frozen=True)
class Templates:
    """What is measured: the templates' resources, resolved, and the templates themselves."""

    published: dict[str, Any]
    hub: Mapping[str, Any]
    member_template: dict[str, Any]
    member: Mapping[str, Any]
    types: list[str]


def made() -> Templates:
    template = member_template.template()
    member = {
        "HubAccount": HUB.account,
        "HubRegion": HUB.region,
        "HubStack": HUB.name,
        "ExternalId": "e" * 256,
        "MemberRoleName": ROLE,
        "RoleRegion": MEMBER.region,
        "PermissionsBoundary": f"arn:aws:iam::{MEMBER.account}:policy/boundary",
    }
    return Templates(
        transform.cloudformation(published=True),
        HUB.resources(transform.cloudformation(), OrganizationId="o-" + "a" * 32, MemberRoleName=ROLE),
        template,
        MEMBER.resources(template, **member),
        list(sam_template.machines().values()),
    )


@pytest.fixture(scope="module")
def today() -> Templates:
    return made()


@pytest.fixture(scope="module")
def with_many() -> Templates:
    """With 45 types: those that there are, over and over, each turn of services of its own."""
    known = [load(name) for name in names()]
    many = [again(known[number % len(known)], number // len(known), own_service=True) for number in range(45)]
    text = parts.filled((sam_template.root() / "template.yaml").read_text(), many)
    template = yaml.load(text, Loader=sam_template._Loader)  # noqa: S506 - a safe one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sam_template, "template", lambda: template)
        patch.setattr(transform, "template", lambda: template)
        patch.setattr(member_template, "names", lambda: [each.name for each in many])
        patch.setattr(member_template, "load", {each.name: each for each in many}.__getitem__)
        return made()


def of_type(resources: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def compact(document: Any) -> int:
    """Characters of a document, without the whitespace that AWS does not count."""
    return len(json.dumps(document, separators=(",", ":")))


def rules(resources: Mapping[str, Any]) -> list[dict[str, Any]]:
    return of_type(resources, "AWS::Events::Rule")


def longest_pattern(resources: Mapping[str, Any]) -> int:
    return max(compact(rule["EventPattern"]) for rule in rules(resources))


def longest_inline_policies(resources: Mapping[str, Any]) -> int:
    return max(
        sum(compact(policy["PolicyDocument"]) for policy in role.get("Policies", ()))
        for role in of_type(resources, "AWS::IAM::Role")
    )


def managed_policies(resources: Mapping[str, Any]) -> list[int]:
    return [compact(each["PolicyDocument"]) for each in of_type(resources, "AWS::IAM::ManagedPolicy")]


def most_attached(resources: Mapping[str, Any]) -> int:
    return max(len(role.get("ManagedPolicyArns", ())) for role in of_type(resources, "AWS::IAM::Role"))


def longest_trust(resources: Mapping[str, Any]) -> int:
    return max(compact(role["AssumeRolePolicyDocument"]) for role in of_type(resources, "AWS::IAM::Role"))


def bus_policy(resources: Mapping[str, Any]) -> int:
    statements = [
        {**each["Statement"], "Sid": each["StatementId"]}
        for found in (resources, admission_at(HUB, ACCOUNTS))
        for each in of_type(found, "AWS::Events::EventBusPolicy")
    ]
    assert len(statements) == 2
    return compact({"Version": "2012-10-17", "Statement": statements})


def as_deployed(published: dict[str, Any]) -> dict[str, Any]:
    """The template that `sam deploy` has CloudFormation work on: definitions are objects of S3, named in it
    (SAM developer guide, DefinitionUri: it becomes DefinitionS3Location)."""
    template = copy.deepcopy(published)
    for machine in of_type(template["Resources"], "AWS::StepFunctions::StateMachine"):
        del machine["DefinitionString"]
        machine["DefinitionS3Location"] = {"Bucket": "b" * 63, "Key": "k" * 64}
    return template


def longest_environment(resources: Mapping[str, Any]) -> int:
    return max(
        compact(function.get("Environment", {}).get("Variables", {}))
        for function in of_type(resources, "AWS::Lambda::Function")
    )


def longest_series(made: Templates) -> int:
    """Of the dashboard's graphs: how many lines one has where there is each type, outcome and function."""
    [dashboard] = of_type(made.hub, "AWS::CloudWatch::Dashboard")
    machines, functions = len(made.types) + 1, len(of_type(made.hub, "AWS::Lambda::Function"))
    return max(
        sum(lines(metric, machines, functions) for metric in widget["properties"]["metrics"])
        for widget in json.loads(dashboard["DashboardBody"])["widgets"]
    )


def lines(metric: list[Any], machines: int, functions: int) -> int:
    if not isinstance(metric[0], dict):
        return 1
    [(schema, words)] = re.findall(r"SEARCH\('\{([^}]+)\} ([^']+)'", metric[0]["expression"])
    alternatives = words.count(" OR ") + 1 if " OR " in words else len(Outcome) if "Outcome" in schema else 1
    return alternatives * (functions if "FunctionName" in schema else machines)


# What is measured, the quota, and where AWS says so.
SIZES: dict[str, tuple[Callable[[Templates], int], int]] = {
    # CloudFormation quotas
    "resources of the hub's stack": (lambda made: len(made.published["Resources"]), 500),
    "parameters of the hub": (lambda made: len(made.published["Parameters"]), 200),
    "outputs of the hub": (lambda made: len(made.published["Outputs"]), 200),
    "hub's template, from S3": (
        lambda made: len(json.dumps(as_deployed(made.published)).encode()),
        1_000_000,
    ),
    "resources of a member's stack": (lambda made: len(made.member), 500),
    # EventBridge quotas
    "rules of the hub's bus": (lambda made: len(rules(made.hub)), 300),
    "rules of a member's bus": (lambda made: len(rules(made.member)), 300),
    "longest event pattern of the hub": (lambda made: longest_pattern(made.hub), 2_048),
    "longest event pattern of a member": (lambda made: longest_pattern(made.member), 2_048),
    "policy of the hub's bus": (lambda made: bus_policy(made.hub), 10_240),
    # IAM and STS quotas: inline policies of a role together, and a trust policy, which can be raised
    "inline policies of a hub's role": (lambda made: longest_inline_policies(made.hub), 10_240),
    "inline policies of a member's role": (lambda made: longest_inline_policies(made.member), 10_240),
    # A policy's size cannot be raised; how many are attached can, to 25.
    "longest managed policy of the hub": (lambda made: max(managed_policies(made.hub)), 6_144),
    "longest managed policy of a member": (lambda made: max(managed_policies(made.member)), 6_144),
    "managed policies of a member's role": (lambda made: most_attached(made.member), 10),
    "trust policy of a hub's role": (lambda made: longest_trust(made.hub), 2_048),
    "trust policy of a member's role": (lambda made: longest_trust(made.member), 2_048),
    # Lambda quotas
    "environment of a function": (lambda made: longest_environment(made.hub), 4_096),
    # CloudWatch quotas: a graph has at most 500 metrics, and a search finds at most 500.
    "lines of a graph": (longest_series, 500),
    # Step Functions quotas, in bytes
    "definition of the backfill": (
        lambda made: max(
            len(each["DefinitionString"]) for each in of_type(made.hub, "AWS::StepFunctions::StateMachine")
        ),
        1_000_000,
    ),
}


@pytest.mark.parametrize("what", SIZES)
@pytest.mark.parametrize("types", ["today", "with_many"])
def test_a_quota_is_kept(what: str, types: str, request: pytest.FixtureRequest) -> None:
    measure, quota = SIZES[what]
    measured: Templates = request.getfixturevalue(types)
    used = measure(measured)
    print(f"{what}, {len(measured.types)} types: {used:,} of {quota:,}")
    assert 0 < used < quota


@pytest.mark.parametrize("services", ["as many again", "the same"])
def test_a_member_of_sixty_resource_types_would_keep_the_quotas_of_its_policies(
    services: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Types as those that there are, over and over, of services of their own or all of the same."""
    known = [load(name) for name in names()]
    many = [
        again(known[number % len(known)], number // len(known), services == "as many again")
        for number in range(60)
    ]
    monkeypatch.setattr(member_template, "names", lambda: [each.name for each in many])
    monkeypatch.setattr(member_template, "load", {each.name: each for each in many}.__getitem__)
    monkeypatch.setattr(sam_template, "rules", lambda: [])
    made = member_template.template()["Resources"]
    sizes, attached = managed_policies(made), most_attached(made)
    print(f"with 60 types: {attached} of 10 policies, the longest {max(sizes):,} of 6,144 characters")
    assert attached <= 10
    # With what stands for the account and the partition, which is longer than what replaces it.
    assert max(sizes) <= 6_144
    kept = {
        action
        for each in of_type(made, "AWS::IAM::ManagedPolicy")
        for statement in each["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert kept == {
        action
        for each in many
        for action in (
            *each.read_actions,
            *each.write_actions,
            *each.undo_actions,
            *each.dependent_actions,
        )
    }


def again(kind: ResourceType, turn: int, own_service: bool) -> ResourceType:
    """A type like that one, whose actions differ from it in one letter."""
    letter = "abcd"[turn]

    def renamed(actions: Iterable[str]) -> tuple[str, ...]:
        parts = (action.partition(":") for action in actions)
        return tuple(
            f"{letter}{service[1:]}:{name}" if own_service else f"{service}:{letter.upper()}{name[1:]}"
            for service, _, name in parts
        )

    return dataclasses.replace(
        kind,
        name=f"{kind.name}-{letter}",
        rules=tuple(
            dataclasses.replace(rule, service=f"{letter}{rule.service[1:]}") if own_service else rule
            for rule in kind.rules
        ),
        read_actions=renamed(kind.read_actions),
        write_actions=renamed(kind.write_actions),
        undo_actions=renamed(kind.undo_actions),
        unscoped_actions=renamed(kind.unscoped_actions),
        dependent_actions=dict(
            zip(renamed(kind.dependent_actions), kind.dependent_actions.values(), strict=True)
        ),
        home_regions={},
    )


@pytest.mark.parametrize("name", names())
def test_a_member_with_one_type_needs_no_more_than_one_with_all(name: str) -> None:
    assert compact(member_template.template([name])) < compact(member_template.template())


# Of each kind: the property that names it, and how long a name may be.
NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
}


def named(kind: str, made: Templates) -> Iterator[str]:
    for resources in (made.hub, made.member):
        yield from (each[NAMES[kind][0]] for each in of_type(resources, kind) if NAMES[kind][0] in each)


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_fits_also_for_the_longest_name_of_a_stack_that_members_take(
    kind: str, today: Templates
) -> None:
    longest = max(named(kind, today), key=len)
    print(f"{kind}: {longest} has {len(longest)} of {NAMES[kind][1]} characters")
    assert len(longest) <= NAMES[kind][1]
