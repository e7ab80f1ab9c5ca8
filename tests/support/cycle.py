"""Describe, decide and apply without a state machine around them, with every call recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from rightstate.deciding import undoing
from rightstate.deciding.planner import decide, settings_to_read
from rightstate.models.decision import Decision, Undo
from rightstate.models.settings import Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Resource, ResourceType
from rightstate.wants import Value


@dataclass
class Account:
    """boto3 clients of an account that write down each call, as `service:Operation`."""

    region: str = "us-east-1"
    calls: list[str] = field(default_factory=list)
    parameters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            client = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]
            client.meta.events.register("provide-client-params", self._record)
            self._clients[service] = client
        return self._clients[service]

    def _record(self, params: dict[str, Any], model: Any, **kwargs: Any) -> None:
        self.calls.append(f"{model.service_model.service_name}:{model.name}")
        self.parameters.append((model.name, params))


def enabled(
    resource_type: ResourceType, *policies: str, mode: Mode = Mode.AUTO, **parameters: Value
) -> dict[str, Enabled]:
    """Those policies of the type, or all, in that mode; each with the parameters that it has."""
    return {
        policy.id: Enabled(
            mode=mode,
            parameters={
                **policy.examples,
                **{k: v for k, v in parameters.items() if k in policy.parameters},
            },
        )
        for policy in resource_type.policies
        if not policies or policy.id in policies
    }


def observe(
    resource_type: ResourceType, account: Account, resource: Resource, policies: dict[str, Enabled]
) -> Observed:
    return resource_type.describe(account.client, resource, settings_to_read(resource_type, policies))


def plan(
    resource_type: ResourceType, account: Account, resource: Resource, policies: dict[str, Enabled]
) -> Decision:
    return decide(resource_type, resource, policies, observe(resource_type, account, resource, policies))


def remediate(
    resource_type: ResourceType, account: Account, resource: Resource, policies: dict[str, Enabled]
) -> Decision:
    """Plan and apply; returns what was decided."""
    decision = plan(resource_type, account, resource, policies)
    make(resource_type, account, resource, decision)
    return decision


def make(resource_type: ResourceType, account: Account, resource: Resource, decision: Decision) -> None:
    """Make the decision's calls."""
    for call in decision.calls:
        concerned = [change for change in decision.changes if change.setting in call.settings]
        resource_type.apply(account.client, resource, call, concerned)


def undo(
    resource_type: ResourceType,
    account: Account,
    resource: Resource,
    decision: Decision,
    consent: bool = True,
) -> Decision:
    """What is decided about taking a decision's changes back."""
    taken = Undo(execution="arn:aws:states:::execution:x:y", changes=decision.changes, consent=consent)
    observed = resource_type.describe(
        account.client, resource, undoing.settings_to_read(resource_type, taken)
    )
    return undoing.decide(resource_type, resource, taken, observed)


def reasons(decision: Decision) -> Sequence[str]:
    return [verdict.reason for verdict in decision.verdicts if verdict.reason]
