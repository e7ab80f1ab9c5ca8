"""Events about several instances, and instances that are not ready yet."""

import uuid
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from rightstate_cli.application import events
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.simulation import examples
from tests.support.member import broken, enable, session, start_input

POLICY = "ec2-termination-protection"
SHIPPED = {event["detail"]["eventName"]: event for event in events.shipped()["ec2-instance"]}


def sent(hub: Engine, name: str, **words: str) -> list[Execution]:
    event = examples.event_about(SHIPPED[name], {key.replace("_", "-"): word for key, word in words.items()})
    [match] = hub.matches({**event, "id": str(uuid.uuid4())})
    return list(hub.run([match.start]))


def endings(executions: list[Execution]) -> list[tuple[str, str]]:
    return sorted((str(each.outcome), str(each.resource)) for each in executions)


def test_each_instance_of_a_launch_is_remediated(hub: Engine) -> None:
    enable(hub, POLICY)
    launched = session().client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)
    reservation = launched["ReservationId"]
    executions = sent(hub, "RunInstances", r_0f9e8d7c6b5a40312=reservation)
    assert endings(executions) == sorted(
        [
            ("fanned-out", reservation),
            *(("remediated", each["InstanceId"]) for each in launched["Instances"]),
        ]
    )


def test_a_launch_of_which_nothing_is_left_ends_gone(hub: Engine) -> None:
    enable(hub, POLICY)
    [execution] = sent(hub, "RunInstances")
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "gone")


def test_a_launch_that_is_not_seen_yet_is_looked_up_again(hub: Engine) -> None:
    from rightstate.resource_types import ec2_instance

    enable(hub, POLICY)
    launched = session().client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    read = ec2_instance._instances
    unseen = iter([True, True])

    def late(answer: Any) -> Iterator[Any]:
        return iter(()) if next(unseen, False) else iter(read(answer))

    with patch.object(ec2_instance, "_instances", late):
        executions = sent(hub, "RunInstances", r_0f9e8d7c6b5a40312=launched["ReservationId"])
    assert [each.outcome for each in executions] == ["fanned-out", "remediated"]


def test_each_instance_that_a_call_names_is_remediated(hub: Engine) -> None:
    enable(hub, "ec2-detailed-monitoring")
    instances = [broken(POLICY) for _ in range(2)]
    event = SHIPPED["UnmonitorInstances"]
    items = [{"instanceId": each} for each in instances]
    detail = {**event["detail"], "requestParameters": {"instancesSet": {"items": items}}}
    [match] = hub.matches({**event, "id": str(uuid.uuid4()), "detail": detail})
    executions = list(hub.run([match.start]))
    assert [each.outcome for each in executions] == ["fanned-out", "remediated", "remediated"]
    assert {each.resource for each in executions[1:]} == set(instances)


def test_an_instance_that_was_detached_from_its_group_is_remediated(hub: Engine) -> None:
    enable(hub, POLICY)
    instance = broken(POLICY)
    executions = sent(hub, "DetachInstances", i_0a1b2c3d4e5f60718=instance)
    assert [each.outcome for each in executions] == ["fanned-out", "remediated"]


@pytest.mark.parametrize(("setting", "passing"), [("State", "pending"), ("Monitoring", "disabling")])
def test_an_instance_in_transition_is_waited_for(hub: Engine, setting: str, passing: str) -> None:
    from rightstate.resource_types import ec2_instance

    enable(hub, "ec2-detailed-monitoring")
    instance = broken(POLICY)
    read = ec2_instance._described
    passes = iter([{setting: passing}, {setting: passing}])
    with patch.object(ec2_instance, "_described", lambda given: {**read(given), **next(passes, {})}):
        [execution] = hub.run([Start(resource_type="ec2-instance", input=start_input(instance))])
    assert execution.outcome == "remediated"
    assert [step.errors for step in execution.steps if step.state == "Describe"] == [("NotReady", "NotReady")]
