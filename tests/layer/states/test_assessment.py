"""What is assessed in bulk is what an execution would decide, with the same excuses (on moto)."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load, names
from rightstate.errors import NotReady
from rightstate.guarding.guards import Guard, Halt
from rightstate.models.decision import Status
from rightstate.models.settings import Account, Exemption, Handling, Managed
from rightstate.models.start import Execution
from rightstate.resource_type import Resource
from rightstate.states.assessment import Assessed, assess, assess_one
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession
from tests.support import cycle
from tests.support.calls import Calls
from tests.support.surveyed import place_of

ACCOUNT = "123456789012"
EXECUTION = Execution(
    id="arn:aws:states:::execution:plan", name="plan", started="2026-11-26T08:00:00Z", state_machine=""
)
CREATED, ENDS = "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


@pytest.fixture
def calls() -> Iterator[Calls]:
    with mock_aws(), moto_gaps.fill(), Calls() as recorded:
        yield recorded


def no_guard(resource: Resource) -> Guard:
    return Guard()


def assessed(name: str, guard_of: Any = no_guard, **settings: Any) -> Mapping[str, Assessed]:
    """What is found in bulk; each resource by itself has to come to the same."""
    resource_type = load(name)
    account = Account(account=ACCOUNT, policies=cycle.enabled(resource_type), **settings)
    given = (account.policies, guard_of)
    pages = assess(account, resource_type, place_of(resource_type), *given, EXECUTION.name)
    found = {each.resource.id: each for page in pages for each in page.assessed}
    for each in found.values():
        alone = assess_one(account, resource_type, each.resource, *given, EXECUTION)
        assert (alone.decision, alone.state) == (each.decision, each.state)
        assert (type(alone.error), str(alone.error)) == (type(each.error), str(each.error))
    return found


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("name", names())
def test_of_every_type_the_same_is_decided_in_bulk_as_by_itself(name: str) -> None:
    example = examples.load(name)
    session = KeepingSession(place_of(load(name)).region)
    made = {example.create(session, example.name, example.policy), *example.also}
    made |= {example.create(session, each, policy) for each, policy in example.others.items()}
    found = assessed(name)
    assert made <= set(found)
    assert all(found[each].decision.apply for each in made)  # type: ignore[union-attr]


def _queues() -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    for name, tags in {"one": {"keep": "yes"}, "two": {"terraform": "1"}, "three": {}}.items():
        off = {"SqsManagedSseEnabled": "false"}
        sqs.create_queue(QueueName=name, tags=tags, Attributes=off)  # type: ignore[arg-type]


def statuses(found: Mapping[str, Assessed]) -> dict[str, Status]:
    return {name: each.decision.verdicts[0].status for name, each in found.items() if each.decision}


def exemption(**about: Any) -> Exemption:
    return Exemption(
        id="ex-00000001",
        reason="kept",
        by="ana",
        approver="bruno",
        created=CREATED,
        until=ENDS,
        policies=(),
        **about,
    )


@pytest.mark.parametrize(
    ("settings", "excused", "tags_are_read"),
    [
        ({}, {}, False),
        (
            {"exemptions": (exemption(tag="keep=yes"),), "tag_exemptions": True},
            {"one": Status.EXEMPT},
            True,
        ),
        ({"exemptions": (exemption(tag="keep=yes"),)}, {}, False),
        (
            {"exemptions": (exemption(resource="us-east-1/sqs-queue/three"),)},
            {"three": Status.EXEMPT},
            False,
        ),
        ({"managed": Managed(handling=Handling.REPORT)}, {"two": Status.MANAGED}, True),
        ({"managed": Managed(handling=Handling.DELAY)}, {}, False),
    ],
    ids=["nothing", "a tag", "a tag that does not count", "a resource", "managed", "managed later"],
)
def test_tags_are_read_only_where_something_depends_on_them(
    calls: Calls, settings: dict[str, Any], excused: dict[str, Status], tags_are_read: bool
) -> None:
    _queues()
    resource_type = load("sqs-queue")
    account = Account(account=ACCOUNT, policies=cycle.enabled(resource_type), **settings)
    calls.made.clear()
    given = (account.policies, no_guard, EXECUTION.name)
    [page] = assess(account, resource_type, place_of(resource_type), *given)
    found = {each.resource.id: each for each in page.assessed}
    assert statuses(found) == {**dict.fromkeys(("one", "two", "three"), Status.BROKEN), **excused}
    assert calls.made.count("sqs:ListQueueTags") == (3 if tags_are_read else 0)
    assert calls.made.count("sqs:GetQueueAttributes") == 3


@pytest.mark.usefixtures("calls")
def test_excuses_are_the_same_in_bulk_as_by_itself() -> None:
    _queues()
    halt = Halt(
        policy="sqs-server-side-encryption", since=CREATED, execution="arn:x", applies=5, look_again=ENDS
    )
    found = assessed(
        "sqs-queue",
        lambda resource: Guard(halts=(halt,)) if resource.id == "three" else Guard(),
        exemptions=(exemption(tag="keep=yes"),),
        tag_exemptions=True,
        managed=Managed(handling=Handling.REPORT),
    )
    assert statuses(found) == {"one": Status.EXEMPT, "two": Status.MANAGED, "three": Status.HALTED}


@pytest.mark.usefixtures("calls")
def test_what_is_busy_is_told_to_be_and_hides_nothing_else() -> None:
    ec2 = boto3.client("ec2", region_name="us-east-1")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)["Instances"]
    from moto.ec2.models import ec2_backends

    busy, ready = (each["InstanceId"] for each in made)
    ec2_backends[ACCOUNT]["us-east-1"].get_instance(busy)._state.name = "pending"
    found = assessed("ec2-instance")
    assert isinstance(found[busy].error, NotReady)
    assert found[ready].decision
