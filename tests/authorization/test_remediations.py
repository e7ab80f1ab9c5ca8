"""A session may do what was recorded, to its resource, and nothing else (threat T3)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import pytest

from rightstate.aws.sessions import Phase, session_policy
from rightstate.catalogue import load, load_all, names
from rightstate.resource_type import Resource
from tests.support.authorization import Policy, Request, allowed
from tests.support.installation import (
    ESCALATIONS,
    ROLES,
    STRANGER,
    Installation,
    everywhere,
    policies,
)
from tests.support.recorded import made
from tests.types import Dependent, expected, known

every_type = pytest.mark.parametrize("name", names())


@dataclass(frozen=True)
class Session:
    """What a function may do in the member, for one resource."""

    at: Installation
    name: str
    resource: Resource
    phase: Phase

    def allows(self, action: str, arn: str, **context: str) -> bool:
        """Of an ARN that may have placeholders for where the resource is."""
        arn = arn.format(**self.resource.model_dump())
        owner = arn.split(":")[4] if arn.startswith("arn:") else ""
        keys = {"aws:ResourceAccount": owner or self.resource.account}
        keys["aws:RequestedRegion"] = self.resource.region
        keys |= {key.replace("_", ":"): value for key, value in context.items()}
        return allowed(Request(self.at.member.role(ROLES[self._role]), action, arn, keys), *self._layers)

    @property
    def _role(self) -> str:
        return "ReadingRole" if self.phase is Phase.READ else "RemediationRole"

    @cached_property
    def _layers(self) -> list[list[Policy]]:
        role = policies(self.at.member_resources(), self._role)
        # The shorter one first: what it does not allow is not looked for in the role's.
        return [[json.loads(session_policy(load(self.name), self.phase, self.resource))], role]


@cache
def session(at: Installation, name: str, identifier: str, phase: Phase) -> Session:
    stack = at.member
    place = {"account": stack.account, "region": stack.region, "partition": stack.partition}
    own = stack.account if load(name).per_account else identifier
    return Session(at, name, Resource(**place, id=own), phase)


def checked_on(name: str, action: str) -> Sequence[str]:
    """Templates of the ARNs that AWS checks the write action on."""
    own = expected(name)
    return own.instead.get(action) or [own.arn, *own.beside.get(action, [])]


@everywhere
@every_type
def test_what_is_read_may_be_read_in_both_phases(at: Installation, name: str) -> None:
    needed = sorted(made(name).read)
    needed += [action for action in load(name).read_actions if action not in needed]
    refused = [
        (phase, action)
        for resource in made(name).applied
        for phase in Phase
        for action in needed
        for arn in expected(name).read_on or ("*", expected(name).arn)
        if not session(at, name, resource.id, phase).allows(action, arn)
    ]
    assert refused == []


@everywhere
@every_type
def test_a_session_for_reading_reads_alone_even_of_the_role_that_writes(at: Installation, name: str) -> None:
    """As it is of a member with one role for both."""
    resource_type = load(name)
    place = {"account": at.member.account, "region": at.member.region, "partition": at.member.partition}
    policy = json.loads(session_policy(resource_type, Phase.READ, Resource(**place, id="orders")))
    layers = [policies(at.member_resources(), "RemediationRole"), [policy]]
    keys = {"aws:ResourceAccount": at.member.account, "aws:RequestedRegion": at.member.region}
    for action in (*resource_type.write_actions, *resource_type.undo_actions):
        for template in checked_on(name, action):
            arn = template.format(**place, id="orders")
            request = Request(at.member.role(ROLES["RemediationRole"]), action, arn, keys)
            assert allowed(request, layers[0]), (action, arn)
            assert not allowed(request, *layers), (action, arn)


@everywhere
@every_type
def test_what_is_written_may_be_written_to_that_resource_when_applying_alone(
    at: Installation, name: str
) -> None:
    for resource, applied in made(name).applied.items():
        writes = applied - set(load(name).read_actions)
        assert writes
        for action in writes:
            for arn in checked_on(name, action):
                assert session(at, name, resource.id, Phase.APPLY).allows(action, arn), (action, arn)
                assert not session(at, name, resource.id, Phase.READ).allows(action, arn), (action, arn)


@everywhere
@every_type
def test_what_undoing_writes_may_be_written_to_that_resource_and_what_only_it_needs_in_no_other_phase(
    at: Installation, name: str
) -> None:
    for resource, undone in made(name).undone.items():
        for action in undone - set(load(name).read_actions):
            for arn in checked_on(name, action):
                assert session(at, name, resource.id, Phase.UNDO).allows(action, arn), (action, arn)
                only = action in load(name).undo_actions
                assert session(at, name, resource.id, Phase.APPLY).allows(action, arn) is not only, action
                assert not session(at, name, resource.id, Phase.READ).allows(action, arn), (action, arn)


def others(name: str) -> Iterator[str]:
    """ARNs that are not the resource's."""
    own = expected(name).arn
    if own == "*":
        return
    yield from (own.replace("{id}", f"{{id}}{end}") for end in ("-2", "0", "/x", ":x"))
    yield from (own.replace("{id}", other) for other in ("x-{id}", "other", "*"))
    yield own.replace("{partition}", "aws-iso")
    # The ARN of a bucket has neither, that of a snapshot has no account.
    for part, other in (("{region}", "xx-west-1"), ("{account}", STRANGER)):
        if part in own:
            yield own.replace(part, other)


@everywhere
@every_type
def test_nothing_is_written_to_another_resource_account_region_or_partition(
    at: Installation, name: str
) -> None:
    written = [
        (action, arn)
        for resource in made(name).applied
        for action in (*load(name).write_actions, *load(name).undo_actions)
        if action not in expected(name).instead
        for arn in others(name)
        if session(at, name, resource.id, Phase.UNDO).allows(action, arn)
    ]
    # What follows the name of a stack is an id that AWS has made up; no stack's name has a slash.
    assert [each for each in written if name != "cloudformation-stack"] == []
    assert {arn.partition("{id}")[2] for _, arn in written} <= {"/x/8a6b5c40"}


BESIDE = [
    pytest.param(name, action, id=f"{name}-{action}")
    for name in known()
    for action in (*expected(name).beside, *expected(name).instead)
]


@everywhere
@pytest.mark.parametrize(("name", "action"), BESIDE)
def test_what_a_write_touches_beside_its_resource_is_in_the_same_region(
    at: Installation, name: str, action: str
) -> None:
    own = expected(name)
    assert action in (*load(name).write_actions, *load(name).undo_actions)
    applying = session(at, name, "orders", Phase.UNDO)
    for arn in own.instead.get(action) or own.beside[action]:
        if arn == "*":
            assert not applying.allows(action, "*", aws_RequestedRegion="xx-west-1")
            continue
        # IAM has no regions.
        if ":iam::" not in arn:
            assert not applying.allows(action, arn.replace("{region}", "xx-west-1"))
        assert not applying.allows(action, arn.replace("{partition}", "aws-iso"))
        # A key may be another account's.
        if ":kms:" not in arn:
            assert not applying.allows(action, arn.replace("{account}", STRANGER))


@everywhere
def test_a_bucket_of_another_account_is_not_written_though_its_arn_does_not_say_so(at: Installation) -> None:
    applying, bucket = session(at, "s3-bucket", "payments-archive", Phase.APPLY), expected("s3-bucket").arn
    for action in load("s3-bucket").write_actions:
        assert applying.allows(action, bucket)
        assert not applying.allows(action, bucket, **{"aws_ResourceAccount": STRANGER})


@everywhere
@every_type
def test_a_session_has_no_action_of_another_type_and_none_that_no_type_has(
    at: Installation, name: str
) -> None:
    own = load(name)
    declared = {*own.read_actions, *own.write_actions, *own.dependent_actions, *own.undo_actions}
    foreign = {
        action
        for each in load_all()
        for action in (*each.read_actions, *each.write_actions, *each.dependent_actions, *each.undo_actions)
    } - declared
    assert len(foreign) > 40
    able = [
        (phase, action)
        for phase in Phase
        for action in foreign | set(ESCALATIONS)
        for arn in {"*", expected(name).arn, ESCALATIONS.get(action, "*")}
        # An escalation that the type declares is allowed on its own resource, and on nothing else.
        if not (action in declared and arn == expected(name).arn)
        if session(at, name, "orders", phase).allows(action, arn)
    ]
    assert able == []


DEPENDENT = [
    pytest.param(name, each, id=f"{name}-{each.action}")
    for name in known()
    for each in expected(name).dependent
]


def test_every_dependent_action_has_a_condition_that_is_tested() -> None:
    declared = {(each.name, action) for each in load_all() for action in each.dependent_actions}
    assert declared == {(name, each.action) for name in known() for each in expected(name).dependent}


@everywhere
@pytest.mark.parametrize(("name", "dependent"), DEPENDENT)
def test_what_aws_does_for_us_may_be_done_through_its_service_when_applying_alone(
    at: Installation, name: str, dependent: Dependent
) -> None:
    def allows(phase: Phase, value: str | None) -> bool:
        context = {} if value is None else {dependent.key: value.format(region=at.member.region)}
        return session(at, name, "orders", phase).allows(dependent.action, dependent.checked_on, **context)

    assert [value for value in dependent.allowed if not allows(Phase.APPLY, value)] == []
    assert [value for value in dependent.refused if allows(Phase.APPLY, value)] == []
    assert [value for value in (*dependent.allowed, *dependent.refused) if allows(Phase.READ, value)] == []
