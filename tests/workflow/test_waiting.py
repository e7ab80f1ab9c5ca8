"""Resources that are busy: waited for by the definition, and given up in the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any
from unittest.mock import patch

import pytest

from rightstate.aws import sessions
from rightstate.catalogue import load, load_all
from rightstate.resource_type import ResourceType
from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.entries import entry_of
from tests.support.member import broken, enable, start_input
from tests.types import expected, known

Answer = dict[str, Any]

BUSY = {name: how for name in known() if (how := expected(name).busy)}
# Where AWS changes nothing at once, somebody has to wait after a write.
CHANGED_LATER = [name for name, how in BUSY.items() if not how.changes_at_once]


@pytest.fixture(scope="module")
def hub() -> Iterator[Engine]:
    with simulated(wait_scale=0.0001) as engine, moto_gaps.fill():
        yield engine


class Busy:
    """Lets AWS answer that the resource is busy, `times` often, before or after the first write."""

    def __init__(self, resource_type: str, times: int, after_write: bool) -> None:
        self.how = BUSY[resource_type]
        self.left, self.after_write, self.written = times, after_write, False

    def called(self, model: Any, **given: Any) -> None:
        if not model.name.startswith(("Describe", "Get", "List", "Assume")):
            self.written = True

    def answered(self, model: Any, parsed: Answer, **given: Any) -> None:
        if model.name != self.how.operation or self.left <= 0 or self.written is not self.after_write:
            return
        self.left -= 1
        *above, last = self.how.path
        node: Any = parsed
        for key in above:
            if node == [] and self.how.entry:
                node.append({**self.how.entry})
            node = node[key]
        node[last] = self.how.value


@contextmanager
def busy(resource_type: str, times: int, after_write: bool = False) -> Iterator[None]:
    make: Callable[..., Any] = sessions._client
    state = Busy(resource_type, times, after_write)

    def observing(own: Any, service: str, **options: Any) -> Any:
        client = make(own, service, **options)
        # Not the hub's clients, which are of another session.
        if own is sessions._roles():
            client.meta.events.register("before-call", state.called)
            client.meta.events.register("after-call", state.answered)
        return client

    # Clients that are kept were made without the hook.
    with patch.object(sessions, "_client", observing):
        sessions._forget()
        yield
    sessions._forget()


def run(hub: Engine, resource_type: str) -> Execution:
    policy = BUSY[resource_type].policy or examples.load(resource_type).policy
    enable(hub, policy)
    [execution] = hub.run([Start(resource_type=resource_type, input=start_input(broken(policy)))])
    return execution


def met(execution: Execution, state: str) -> list[str]:
    return [error for step in execution.steps if step.state == state for error in step.errors]


def test_every_type_that_can_be_busy_says_how() -> None:
    [never] = [field.default for field in fields(ResourceType) if field.name == "busy"]
    assert {each.name for each in load_all() if each.busy is not never} == set(BUSY)


@pytest.mark.parametrize("resource_type", BUSY)
def test_a_busy_resource_is_waited_for_and_then_remediated(hub: Engine, resource_type: str) -> None:
    with busy(resource_type, 3):
        execution = run(hub, resource_type)
    assert execution.outcome == "remediated"
    assert met(execution, "Describe") == ["NotReady"] * 3


@pytest.mark.parametrize("resource_type", CHANGED_LATER)
def test_a_resource_that_is_busy_with_the_change_is_verified_when_it_has_settled(
    hub: Engine, resource_type: str
) -> None:
    with busy(resource_type, 3, after_write=True):
        execution = run(hub, resource_type)
    assert execution.outcome == "remediated"
    assert met(execution, "Verify") == ["NotReady"] * 3


@pytest.mark.parametrize("resource_type", CHANGED_LATER)
def test_one_that_never_settles_fails_after_a_bounded_wait_and_says_what_was_changed(
    hub: Engine, resource_type: str
) -> None:
    with busy(resource_type, 10_000, after_write=True):
        execution = run(hub, resource_type)
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    assert len(met(execution, "Verify")) == 91
    assert execution.decision is not None
    entry = entry_of(hub, execution)
    assert entry["calls"] == list(execution.operations)
    assert "Made, but not verified: " in entry["reason"]
    for change in execution.decision.changes:
        assert change.setting in entry["reason"]


def test_one_that_is_never_ready_fails_after_a_bounded_wait_and_nothing_is_changed(hub: Engine) -> None:
    with busy("rds-instance", 10_000):
        execution = run(hub, "rds-instance")
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    assert len(met(execution, "Describe")) == 91
    assert "Nothing was changed" in execution.reason
    assert execution.operations == ()


def test_a_busy_resource_is_described_at_once_where_nothing_may_be_changed(hub: Engine) -> None:
    policy = examples.load("rds-instance").policy
    enable(hub, policy)
    database = broken(policy)
    with busy("rds-instance", 10_000):
        given = start_input(database, mode="report")
        [execution] = hub.run([Start(resource_type=load("rds-instance").name, input=given)])
    assert execution.outcome == "reported"
