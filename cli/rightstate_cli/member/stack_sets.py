"""The StackSet that installs the members of an organization: a stack in each account and region.

Its permissions are service-managed: it reaches the accounts of organizational units, also those that join
later. It does not reach the management account (CloudFormation user guide, service-managed StackSets).
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import CallFailed, InvalidInput
from rightstate.identify import shown
from rightstate_cli.aws import Caller, answers, sign_in
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.progress import SILENT, Progress

PAUSE = 5.0
"""Seconds between two looks at an operation."""

_DESCRIPTION = "Rightstate, the members of an organization."
_SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
_GOING = {"RUNNING", "QUEUED", "STOPPING"}
_REFUSALS = {"ValidationError", "InvalidOperationException", "LimitExceededException"}
_OCCUPIED = {"OperationInProgressException", "StaleRequestException"}


@dataclass(frozen=True)
class Organization:
    """An organization, and the credentials that may install in its accounts."""

    caller: Caller
    id: str
    management: str

    @property
    def call_as(self) -> str:
        """CallAs of every call about StackSets: they belong to the management account."""
        return "SELF" if self.caller.account == self.management else "DELEGATED_ADMIN"


@dataclass(frozen=True)
class Instance:
    """The stack of one account and region, as the StackSet sees it."""

    account: str
    region: str
    unit: str
    status: str
    detail: str
    drift: str
    reason: str

    @property
    def well(self) -> bool:
        """Whether it is as the StackSet wants it. AWS changes nothing in a suspended account."""
        return self.suspended or (self.status, self.detail) == ("CURRENT", "SUCCEEDED")

    @property
    def suspended(self) -> bool:
        return self.detail == "SKIPPED_SUSPENDED_ACCOUNT"


@dataclass(frozen=True)
class Targets:
    """Organizational units, and the regions in which each one's accounts have a stack."""

    units: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The StackSet as DescribeStackSet shows it."""

    status: str
    body: str
    parameters: Mapping[str, str]
    automatic: bool
    drift: str
    targets: Targets


class StackSet:
    """The StackSet of a hub's members."""

    def __init__(self, hub: Hub, organization: Organization, progress: Progress = SILENT) -> None:
        self.hub = hub
        self.progress = progress
        self.organization = organization
        self.name = name(hub.stack)
        self._cloudformation = organization.caller.client("cloudformation", hub.region)
        self._call_as = {"CallAs": organization.call_as}
        self._named = {"StackSetName": self.name, **self._call_as}

    def find(self) -> Found | None:
        """The StackSet, None if there is none.

        Raises InvalidInput if one of that name belongs to another hub; Denied, Unavailable.
        """
        with self._asking("look at"):
            try:
                found = self._cloudformation.describe_stack_set(**self._named)["StackSet"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "StackSetNotFoundException":
                    raise
                return None
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
        hub = (parameters.get("HubAccount"), parameters.get("HubRegion"))
        if found.get("Description") != _DESCRIPTION or hub != (self.hub.account, self.hub.region):
            raise InvalidInput(
                f"The StackSet {self.name} in {self.hub.region} is not that of the hub "
                f"{shown(self.hub.stack)} in account {self.hub.account}. Nothing was changed. Deploy the hub "
                "under another name."
            )
        return Found(
            status=found["Status"],
            body=found["TemplateBody"],
            parameters=parameters,
            automatic=found.get("AutoDeployment", {}).get("Enabled", False),
            drift=found.get("StackSetDriftDetectionDetails", {}).get("DriftStatus", "NOT_CHECKED"),
            targets=Targets(
                tuple(sorted(found.get("OrganizationalUnitIds", []))), tuple(sorted(found.get("Regions", [])))
            ),
        )

    def get(self) -> Found:
        """The StackSet. Raises InvalidInput if there is none, and what `find` raises."""
        found = self.find()
        if found is None:
            raise InvalidInput(
                f"There is no StackSet {self.name} in {self.hub.region}. Nothing was changed. `rightstate "
                "organization deploy` creates it."
            )
        return found

    def instances(self) -> list[Instance]:
        """Every stack, by account and region. Raises Denied, Unavailable, InvalidInput."""
        with self._asking("list the stacks of"):
            pages = self._cloudformation.get_paginator("list_stack_instances").paginate(**self._named)
            found = [each for page in pages for each in page["Summaries"]]
        return sorted(
            (
                Instance(
                    account=each["Account"],
                    region=each["Region"],
                    unit=each.get("OrganizationalUnitId", ""),
                    status=each["Status"],
                    detail=each.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
                    drift=each.get("DriftStatus", "NOT_CHECKED"),
                    reason=each.get("StatusReason", ""),
                )
                for each in found
            ),
            key=lambda each: (each.account, each.region),
        )

    def create(self, body: str, parameters: Mapping[str, str]) -> None:
        """Create it, without stacks. Raises CallFailed, Denied, Unavailable, InvalidInput."""
        with self._asking("create"):
            self._cloudformation.create_stack_set(
                PermissionModel="SERVICE_MANAGED",
                **self._named,
                **_wanted(self.hub, body, parameters),
            )

    def update(self, body: str, parameters: Mapping[str, str], preferences: Mapping[str, Any]) -> str:
        """Update it and all its stacks; returns how that ended. Raises what `create` raises."""
        wanted = {**_wanted(self.hub, body, parameters), "OperationPreferences": preferences}
        return self._operate("update", self._cloudformation.update_stack_set, wanted)

    def add(self, targets: Targets, preferences: Mapping[str, Any]) -> str:
        """Create the stacks of those accounts; returns how that ended. Raises what `create` raises."""
        wanted = {**_targeted(targets), "OperationPreferences": preferences}
        return self._operate("add stacks to", self._cloudformation.create_stack_instances, wanted)

    def empty(self, targets: Targets, preferences: Mapping[str, Any]) -> str:
        """Delete the stacks of those accounts; returns how that ended. Raises what `create` raises."""
        wanted = {**_targeted(targets), "OperationPreferences": preferences, "RetainStacks": False}
        return self._operate("delete the stacks of", self._cloudformation.delete_stack_instances, wanted)

    def delete(self) -> None:
        """Delete it, after its stacks are gone. Raises what `create` raises."""
        with self._asking("delete"):
            self._cloudformation.delete_stack_set(**self._named)

    def settle(self) -> None:
        """Follow operations that are running, also those of others, to their end."""
        for operation, action in self._under_way():
            self.progress.say(f"{self.name}: the operation {operation} ({action}) is running. Following it.")
            self._follow(operation, action)

    def _operate(self, what: str, call: Any, wanted: Mapping[str, Any]) -> str:
        while True:
            with self._asking(what):
                try:
                    operation = call(**self._named, **wanted)["OperationId"]
                except ClientError as error:
                    if error.response["Error"]["Code"] not in _OCCUPIED:
                        raise
                    operation = None
            if operation:
                return self._follow(operation, what)
            # Another operation has started first, by a person or because an account joined.
            self.settle()
            time.sleep(PAUSE)

    def _under_way(self) -> list[tuple[str, str]]:
        """Id and action, the oldest first."""
        with self._asking("list the operations of"):
            pages = self._cloudformation.get_paginator("list_stack_set_operations").paginate(**self._named)
            found = [each for page in pages for each in page["Summaries"] if each["Status"] in _GOING]
        return [(each["OperationId"], each["Action"]) for each in reversed(found)]

    def _follow(self, operation: str, what: str) -> str:
        """Wait for the operation's end, and say how it ended."""
        one = {**self._named, "OperationId": operation}
        while True:
            with self._asking("follow the operation of"):
                status = self._cloudformation.describe_stack_set_operation(**one)["StackSetOperation"]
                if status["Status"] not in _GOING:
                    break
                results = self._results(one)
            ended = [each for each in results if each not in ("PENDING", "RUNNING")]
            self.progress.count(f"{self.name}: {what}", len(ended), len(results) or None)
            time.sleep(PAUSE)
        ended_as: str = status["Status"]
        return ended_as

    def _results(self, one: Mapping[str, str]) -> list[str]:
        pages = self._cloudformation.get_paginator("list_stack_set_operation_results").paginate(**one)
        return [each["Status"] for page in pages for each in page["Summaries"]]

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn CloudFormation's refusals into sentences with the next step."""
        caller = self.organization.caller
        with answers("The StackSet and its stacks are as they were."):
            try:
                yield
            except ClientError as error:
                answer = error.response["Error"]
                message = answer.get("Message", "")
                if "organizations access" in message:
                    raise InvalidInput(
                        "CloudFormation may not act in the accounts of the organization yet. Nothing was "
                        "changed. Allow it, with credentials of the management account "
                        f"{self.organization.management}: `aws cloudformation activate-organizations-access "
                        f"--region {self.hub.region}`."
                    ) from None
                if self.organization.call_as != "SELF" and "delegated admin" in message.lower():
                    raise InvalidInput(
                        f"Account {caller.account} is neither the management account of "
                        f"{self.organization.id} nor a delegated administrator. Nothing was changed. Give "
                        "--profile with credentials "
                        f"of account {self.organization.management}, or register this one there: `aws "
                        f"organizations register-delegated-administrator --account-id {caller.account} "
                        f"--service-principal {_SERVICE}`."
                    ) from None
                if answer.get("Code") in _REFUSALS:
                    raise CallFailed(
                        f"CloudFormation refused to {what} the StackSet {self.name}: {message}. It and its "
                        "stacks are as they were."
                    ) from None
                raise


def organization(hub: Hub, profile: str | None) -> Organization:
    """The organization of the profile's account; without a profile, of the hub's.

    Raises InvalidInput if the account is in none, or in one with consolidated billing only; Denied,
    Unavailable.
    """
    caller = sign_in(hub.region, profile) if profile else hub.caller
    alone = {
        "AWSOrganizationsNotInUseException": f"Account {caller.account} is in no organization. Add "
        "single accounts with `rightstate accounts add`."
    }
    with answers("Nothing was changed.", gone=alone):
        found = caller.client("organizations").describe_organization()["Organization"]
    if found.get("FeatureSet") != "ALL":
        raise InvalidInput(
            f"The organization {found['Id']} has not enabled all features, which StackSets need. Nothing was "
            "changed. Enable them: `aws organizations enable-all-features`."
        )
    return Organization(caller, found["Id"], found["MasterAccountId"])


def check_admitted(hub: Hub, organization: Organization) -> None:
    """Raise InvalidInput unless the hub's event bus accepts the events of that organization."""
    admitted = hub.outputs.get("OrganizationId")
    if admitted != organization.id:
        instead = f"only those of {admitted}" if admitted else "those of no organization"
        raise InvalidInput(
            f"The hub {shown(hub.stack)} does not accept the events of {organization.id}; it accepts "
            f"{instead}. Nothing was changed. Deploy it with that organization first: `sam deploy "
            f"--stack-name {hub.stack} --region {hub.region} --parameter-overrides "
            f"OrganizationId={organization.id}`."
        )


def is_there(caller: Caller, stack: str) -> bool:
    """Whether a StackSet of that hub's members exists. Raises Denied, Unavailable."""
    cloudformation = caller.client("cloudformation")
    with answers("Nothing was changed."):
        for call_as in ("SELF", "DELEGATED_ADMIN"):
            try:
                cloudformation.describe_stack_set(StackSetName=name(stack), CallAs=call_as)
            except ClientError as error:
                # Only a delegated administrator may ask the second.
                if error.response["Error"]["Code"] not in {"StackSetNotFoundException", *_REFUSALS}:
                    raise
            else:
                return True
    return False


def name(stack: str) -> str:
    """The name of the StackSet of that hub's members."""
    return f"{stack}-members"


def root(organization: Organization) -> str:
    """The id of the root. A StackSet there reaches all accounts but the management account. Raises Denied,
    Unavailable."""
    with answers("Nothing was changed."):
        roots = organization.caller.client("organizations").list_roots()["Roots"]
    found: str = roots[0]["Id"]
    return found


def accounts(organization: Organization) -> dict[str, str]:
    """Id -> name of each account that is active. Raises Denied, Unavailable."""
    with answers("Nothing was changed."):
        pages = organization.caller.client("organizations").get_paginator("list_accounts").paginate()
        return {
            each["Id"]: each.get("Name", "")
            for page in pages
            for each in page["Accounts"]
            # `State` replaces `Status`, which AWS retires.
            if (each.get("State") or each.get("Status")) == "ACTIVE"
        }


def missing(instances: Iterable[Instance], there: Targets, wanted: Targets) -> list[Targets]:
    """The parts of `wanted` without stacks, as few targets as possible."""
    instances = list(instances)
    occupied = {each.unit for each in instances}
    known = {(each.unit, each.region) for each in instances}
    # Units without accounts: accounts that join get their stacks automatically.
    known |= {(unit, region) for unit in there.units if unit not in occupied for region in there.regions}
    units_by_regions: dict[tuple[str, ...], list[str]] = {}
    for unit in wanted.units:
        lacking = tuple(region for region in wanted.regions if (unit, region) not in known)
        if lacking:
            units_by_regions.setdefault(lacking, []).append(unit)
    return [Targets(tuple(units), regions) for regions, units in units_by_regions.items()]


def preferences(max_concurrent: int, failure_tolerance: int) -> dict[str, Any]:
    """OperationPreferences with those percentages of the accounts in a region."""
    return {
        "RegionConcurrencyType": "PARALLEL",
        "MaxConcurrentPercentage": max_concurrent,
        "FailureTolerancePercentage": failure_tolerance,
        # With strict tolerance, no more accounts would change at once than may fail.
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    }


def _wanted(hub: Hub, body: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Description": _DESCRIPTION,
        **member_stacks.in_request(hub, body),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": [member_stacks.CAPABILITY],
        "Tags": [{"Key": key, "Value": value} for key, value in member_stacks.TAGS.items()],
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        # Operations that conflict with a running one wait for it instead of failing.
        "ManagedExecution": {"Active": True},
    }


def _targeted(targets: Targets) -> dict[str, Any]:
    return {
        "DeploymentTargets": {"OrganizationalUnitIds": list(targets.units)},
        "Regions": list(targets.regions),
    }


def covered(instances: Iterable[Instance], there: Targets) -> Targets:
    """All units and regions that have stacks."""
    found = list(instances)
    return Targets(
        tuple(sorted({*there.units, *(each.unit for each in found if each.unit)})),
        tuple(sorted({*there.regions, *(each.region for each in found)})),
    )
