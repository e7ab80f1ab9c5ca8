"""A simulated member account, its settings, and resources of it that break policies."""

import uuid
from typing import Any

from rightstate.catalogue import find_policy
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.simulation import accounts, examples

ACCOUNT = accounts.FIRST
REGION = "us-east-1"


def session(account: str = ACCOUNT) -> Any:
    return accounts.session(account, REGION)


def enable(
    hub: Engine,
    *policies: str,
    mode: Mode = Mode.AUTO,
    account: str = ACCOUNT,
    approvers: tuple[str, ...] = ("*",),
) -> None:
    """Settings in which those policies are enabled, and no other."""
    hub.configure(
        Account(
            account=account,
            **accounts.roles(account),
            external_id="shared",
            policies={
                policy: Enabled(mode=mode, parameters=find_policy(policy)[1].examples) for policy in policies
            },
            approvers=approvers,
        )
    )


def start_input(resource: str, **more: Any) -> dict[str, Any]:
    return {"account": ACCOUNT, "region": REGION, "resource": resource, **more}


def broken(policy: str, name: str | None = None) -> str:
    """Make a resource that breaks the policy, and every other of its type that it can; returns its id."""
    example = examples.load(find_policy(policy)[0].name)
    return example.create(session(), name or f"test-{uuid.uuid4().hex[:12]}", policy)


def event_about(policy: str, resource: str) -> dict[str, Any]:
    """The shipped event that says that such a resource has changed, about this one."""
    resource_type = find_policy(policy)[0].name
    example = examples.load(resource_type)
    [event] = [
        event for event in events.shipped()[resource_type] if event["detail"]["eventName"] == example.event
    ]
    words = {example.name: resource, **example.words(policy)}
    return {**examples.event_about(event, words), "id": str(uuid.uuid4())}
