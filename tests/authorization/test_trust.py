"""Who may assume the roles of a hub and of a member (threats T1 and T2)."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.authorization import Request, allowed
from tests.support.installation import (
    ADMINISTRATOR,
    AT,
    EXTERNAL_ID,
    ORGANIZATION,
    ROLE,
    ROLES,
    STRANGER,
    Installation,
    everywhere,
    policies,
    roles,
    trust,
)
from tests.support.template import listed

# --- The trust of the member's roles (T1, T2) ---


def assuming(at: Installation, caller: str, *, role: str = ROLE, **context: str) -> Request:
    keys = {key.replace("_", ":"): value for key, value in context.items()}
    return Request(caller, "sts:AssumeRole", at.member.role(role), keys)


# Of the hub's roles, those that may assume a role of the member -> which.
MAY = {
    **dict.fromkeys(
        ("ResolveRole", "AssumeRoleRole", "DescribeRole", "VerifyRole", "SurveyRole"), "ReadingRole"
    ),
    "ApplyRole": "RemediationRole",
}
EXTERNAL_IDS = {"right": EXTERNAL_ID, "wrong": "7f1d2e30-c9b5-11f0-8de9-0242ac120002", "none": None}


def arn_of(at: Installation, role: str) -> str:
    """Of a role of the hub, whose name AWS makes up where the template gives none."""
    name = at.hub_resources()[role]["Properties"].get("RoleName", f"rightstate-{role}-1A2B3C4D")
    return at.hub.role(name)


def assumes(at: Installation, role: str, target: str, external_id: str | None, **parameters: str) -> bool:
    """Whether a role of the hub gets that role of the member: its own policies and the trust allow it."""
    context = {} if external_id is None else {"sts_ExternalId": external_id}
    request = assuming(at, arn_of(at, role), role=ROLES[target], **context)
    layers = [policies(at.hub_resources(**parameters), role), [trust(at.member_resources(), target)]]
    return allowed(request, *layers)


@everywhere
@pytest.mark.parametrize("one_role_members", ["false", "true"])
def test_each_role_of_the_hub_gets_the_role_of_a_member_that_it_needs_with_the_external_id_and_no_other(
    at: Installation, one_role_members: str
) -> None:
    """Every role of the hub, both of the member, every external id: these and no other combinations."""
    got = {
        (role, target, how)
        for role in roles(at.hub_resources())
        for target in ROLES
        for how, external_id in EXTERNAL_IDS.items()
        if assumes(at, role, target, external_id, OneRoleMembers=one_role_members)
    }
    assert got == {(role, target, "right") for role, target in MAY.items()}


@everywhere
def test_the_policies_of_the_hubs_roles_alone_name_no_other_role(at: Installation) -> None:
    """Whatever a member trusts."""
    named = {
        (role, name)
        for role in roles(at.hub_resources())
        for name in (*ROLES.values(), "Administrator", f"{ROLE}-2", f"x-{ROLE}", f"{ROLE}-read-2")
        if allowed(
            assuming(at, arn_of(at, role), role=name, sts_ExternalId=EXTERNAL_ID),
            policies(at.hub_resources(), role),
        )
    }
    assert named == {(role, ROLES[target]) for role, target in MAY.items()}


@everywhere
def test_the_trusts_alone_let_in_no_other_role_of_the_hub_even_an_administrator(at: Installation) -> None:
    got = {
        (role, target)
        for role in roles(at.hub_resources())
        for target in ROLES
        if allowed(
            assuming(at, arn_of(at, role), role=ROLES[target], sts_ExternalId=EXTERNAL_ID),
            [ADMINISTRATOR],
            [trust(at.member_resources(), target)],
        )
    }
    assert got == set(MAY.items())


ONE_ROLE = {"ResolveRole", "AssumeRoleRole", "DescribeRole", "VerifyRole", "SurveyRole", "ApplyRole"}


@everywhere
@pytest.mark.parametrize(("parameter", "expected"), [("false", {"ApplyRole"}), ("true", ONE_ROLE)])
def test_the_role_of_a_member_with_one_role_is_read_with_only_while_the_hub_is_told_so(
    at: Installation, parameter: str, expected: set[str]
) -> None:
    """Such a member trusts all six; here only what the hub's own policies allow is asked."""
    able = {
        role
        for role in roles(at.hub_resources())
        if allowed(
            assuming(at, arn_of(at, role), sts_ExternalId=EXTERNAL_ID),
            policies(at.hub_resources(OneRoleMembers=parameter), role),
        )
    }
    assert able == expected


REFUSED_IDS = {
    "none": None,
    "empty": "",
    "another installation's": "7f1d2e30-c9b5-11f0-8de9-0242ac120002",
    "in upper case": EXTERNAL_ID.upper(),
    "with an end": f"{EXTERNAL_ID}0",
    "without its end": EXTERNAL_ID[:-1],
    "a wildcard": "*",
}


# The member's roles -> a function of the hub that assumes it, and as which one it would get in.
FUNCTION = {"RemediationRole": "apply", "ReadingRole": "describe"}
both_roles = pytest.mark.parametrize("role", ROLES)


@everywhere
@both_roles
@pytest.mark.parametrize("external_id", REFUSED_IDS.values(), ids=list(REFUSED_IDS))
def test_not_even_the_hub_assumes_a_role_with_another_external_id(
    at: Installation, external_id: str | None, role: str
) -> None:
    context = {} if external_id is None else {"sts_ExternalId": external_id}
    request = assuming(at, at.function_role(FUNCTION[role]), role=ROLES[role], **context)
    assert not allowed(request, [ADMINISTRATOR], [trust(at.member_resources(), role)])


CALLERS = {
    "the account itself": "arn:{partition}:iam::{hub}:root",
    "another role": "arn:{partition}:iam::{hub}:role/Administrator",
    "a longer name": "arn:{partition}:iam::{hub}:role/rightstate-{region}-{function}-2",
    "a name that begins otherwise": "arn:{partition}:iam::{hub}:role/not-rightstate-{region}-{function}",
    "the same name at a path": "arn:{partition}:iam::{hub}:role/rightstate/rightstate-{region}-{function}",
    "another region's hub": "arn:{partition}:iam::{hub}:role/rightstate-xx-west-1-{function}",
    "another stack": "arn:{partition}:iam::{hub}:role/rightstate-two-{region}-{function}",
    "decide": "arn:{partition}:iam::{hub}:role/rightstate-{region}-decide",
    "record": "arn:{partition}:iam::{hub}:role/rightstate-{region}-record",
    "a user of that name": "arn:{partition}:iam::{hub}:user/rightstate-{region}-{function}",
    "the same role in another account": "arn:{partition}:iam::{stranger}:role/rightstate-{region}-{function}",
    "the same role in the member": "arn:{partition}:iam::{member}:role/rightstate-{region}-{function}",
    "the same role in another partition": "arn:aws-iso:iam::{hub}:role/rightstate-{region}-{function}",
    "the member itself": "arn:{partition}:iam::{member}:root",
    "a service": "lambda.amazonaws.com",
}


@everywhere
@both_roles
@pytest.mark.parametrize("caller", CALLERS.values(), ids=list(CALLERS))
def test_nobody_else_assumes_a_role_whatever_they_may(at: Installation, caller: str, role: str) -> None:
    principal = caller.format(
        function=FUNCTION[role],
        partition=at.hub.partition,
        hub=at.hub.account,
        region=at.hub.region,
        member=at.member.account,
        stranger=STRANGER,
    )
    request = assuming(at, principal, role=ROLES[role], sts_ExternalId=EXTERNAL_ID)
    assert not allowed(request, [ADMINISTRATOR], [trust(at.member_resources(), role)])


@both_roles
def test_a_role_can_be_assumed_and_nothing_else(role: str) -> None:
    for action in ("sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRoleWithWebIdentity"):
        request = Request(AT.function_role(FUNCTION[role]), action, context={"sts:ExternalId": EXTERNAL_ID})
        assert not allowed(request, [trust(AT.member_resources(), role)])


# --- No trust without a condition (T2) ---

NARROWING = {"aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalAccount"}


def open_to_many(node: Any) -> Iterator[Mapping[str, Any]]:
    """Each statement that allows a whole account, or everybody, without a condition on who it is."""
    if isinstance(node, dict):
        principal = node.get("Principal", {})
        # A permission of a function names its service without saying that it is one.
        named = [principal] if isinstance(principal, str) else listed(principal.get("AWS", []))
        wide = [each for each in named if each == "*" or each.endswith(":root") or each.isdecimal()]
        conditions = node["Condition"].values() if wide and "Condition" in node else ()
        if (
            node.get("Effect") == "Allow"
            and wide
            and not NARROWING & {key for keys in conditions for key in keys}
        ):
            yield node
        for child in node.values():
            yield from open_to_many(child)
    elif isinstance(node, list):
        for child in node:
            yield from open_to_many(child)


@everywhere
def test_no_statement_of_either_template_lets_everybody_in(at: Installation) -> None:
    assert list(open_to_many(dict(at.hub_resources()))) == []
    assert list(open_to_many(dict(at.member_resources()))) == []


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::111122223333:root"]}, {"AWS": "111122223333"}]
)
def test_a_statement_that_lets_everybody_in_would_be_found(principal: Any) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    guarded = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    assert list(open_to_many({"Statement": [statement]})) == [statement]
    assert not list(open_to_many({"Statement": [{**statement, "Condition": guarded}]}))


# --- The trust of all other roles ---

SERVICES = tuple(f"{each}.amazonaws.com" for each in ("lambda", "states", "events", "scheduler", "ec2"))


def trusted_service(role: str, resources: Mapping[str, Any]) -> str:
    """The one that has to assume the role."""
    if role in ("MachineRole", "BackfillRole"):
        return "states.amazonaws.com"
    if role.endswith(("SweepRole", "DailyRole", "OftenRole", "HourlyRole")):
        return "scheduler.amazonaws.com"
    functions = [each for each in resources.values() if each["Type"] == "AWS::Lambda::Function"]
    of_function = role.removesuffix("Role") in {f"{each}" for each in FUNCTIONS}
    assert len(functions) == len(FUNCTIONS)
    return "lambda.amazonaws.com" if of_function else "events.amazonaws.com"


FUNCTIONS = (
    *("Resolve", "AssumeRole", "Describe", "Decide", "Apply", "Verify", "Record"),
    *("RequestApproval", "CheckApproval", "Remind", "LookAgain", "CheckSelf", "RecordDeath"),
    *("FindScopes", "Survey", "Summarize"),
)


@everywhere
def test_each_role_of_the_hub_is_assumed_by_the_service_that_works_with_it_alone(at: Installation) -> None:
    resources = at.hub_resources()
    own = {"aws:SourceAccount": at.hub.account}
    others = [
        at.hub.role("Administrator"),
        f"arn:{at.hub.partition}:iam::{at.hub.account}:root",
        f"arn:{at.hub.partition}:iam::{STRANGER}:root",
    ]
    for role in roles(resources):
        by = {
            caller: allowed(Request(caller, "sts:AssumeRole", context=own), [trust(resources, role)])
            for caller in (*SERVICES, *others)
        }
        expected = trusted_service(role, resources)
        assert by == {caller: caller == expected for caller in by}, role


@everywhere
def test_the_machines_and_the_forwarding_are_for_their_own_account(at: Installation) -> None:
    for resources, role, service, stack in (
        (at.hub_resources(), "MachineRole", "states.amazonaws.com", at.hub),
        (at.member_resources(), "ForwardingRole", "events.amazonaws.com", at.member),
    ):
        document = trust(resources, role)
        for account, expected in ((stack.account, True), (STRANGER, False), (None, False)):
            context = {"aws:SourceAccount": account} if account else {}
            assert allowed(Request(service, "sts:AssumeRole", context=context), [document]) is expected
