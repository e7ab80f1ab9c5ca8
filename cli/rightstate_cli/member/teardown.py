"""The parts of a member and of a hub, and how each is deleted.

Everything is looked up again each time, so a second run after an interruption does what is left.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from rightstate.errors import CallFailed, InvalidInput, RightstateError
from rightstate.identify import shown
from rightstate_cli.aws import Caller, answers
from rightstate_cli.hub import admission, contacts, stacks
from rightstate_cli.hub.deployment import MARK, Hub
from rightstate_cli.hub.stacks import Stack
from rightstate_cli.member import stack_sets
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.progress import Progress
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.text import counted

PAUSE = 5.0
"""Seconds between two looks at running executions."""

_AT_ONCE = 8
_DELETED = "DELETE_COMPLETE"
_TABLES = ("SettingsTable", "LedgerTable")
"""Logical ids of the tables that outlive the hub's stack."""


_WITHIN = (
    (
        "AWS::S3::Bucket",
        "bucket",
        "goes with the stack: approved plans, and the lists and reports of backfills",
    ),
    (
        "AWS::DynamoDB::Table",
        "table",
        "goes with the stack: halts, requests for approval, and which resources are being changed",
    ),
)
"""Resources with data that go with the hub's stack: CloudFormation type, name, and what they hold."""


class Fate(StrEnum):
    """What happens to a part."""

    GOES = "goes"
    STAYS = "stays"
    GONE = "gone"
    LEFT = "left"
    """It should have gone, and still exists."""


@dataclass
class Part:
    """One thing to delete or keep, its fate, and a note about that.

    `take` deletes it. If that raises a RightstateError, the part is left, with the error as its note.
    """

    what: str
    where: str
    fate: Fate
    note: str = ""
    take: Callable[[], None] | None = field(default=None, repr=False)

    def go(self) -> bool:
        """Delete it; whether it is gone."""
        if self.fate is not Fate.GOES or self.take is None:
            return True
        try:
            self.take()
        except RightstateError as error:
            self.fate, self.note = Fate.LEFT, str(error)
            return False
        self.fate = Fate.GONE
        return True


def go(parts: Iterable[Part]) -> bool:
    """Delete the parts, several at a time; whether all are gone."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return all(list(pool.map(Part.go, parts)))


# --- Executions ---


def running(hub: Hub, accounts: Collection[str] | None = None) -> list[str]:
    """ARN of each execution that is running, of those accounts or of all. Raises Denied, Unavailable."""
    states = hub.client("stepfunctions")

    def of_machine(machine: str) -> list[str]:
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        try:
            return [each["executionArn"] for page in pages for each in page["executions"]]
        except ClientError as error:
            # The deletion of the hub was interrupted.
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            return []

    def is_meant(arn: str) -> bool:
        if accounts is None:
            return True
        given = json.loads(states.describe_execution(executionArn=arn).get("input", "{}"))
        return isinstance(given, dict) and given.get("account") in accounts

    machines = list(hub.machines().values())
    if accounts is None and (backfill := hub.outputs.get("BackfillMachine")):
        machines.append(backfill)
    with answers("No stack was deleted."), ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [arn for arns in pool.map(of_machine, machines) for arn in arns]
        return [arn for arn, meant in zip(found, pool.map(is_meant, found), strict=True) if meant]


def wait_for_executions(
    hub: Hub, minutes: int, accounts: Collection[str] | None, progress: Progress
) -> list[str]:
    """Wait until those executions have ended, at most `minutes`. Returns those that still run."""
    patience = time.monotonic() + 60 * minutes
    total = 0
    while left := running(hub, accounts):
        if not total:
            progress.say(f"Waiting for {counted(len(left), 'running execution')}, at most {minutes} min ...")
        total = max(total, len(left))
        progress.count("Running executions", total - len(left), total)
        if time.monotonic() >= patience:
            break
        time.sleep(PAUSE)
    return left


# --- Members ---


def enrolment(hub: Hub, account: str) -> list[Part]:
    """The account's contacts, settings and ledger entries in the hub.

    The contacts go before the settings, which name them. Without settings, nothing starts any more.
    """
    found = []
    registry = Registry(hub.settings)
    settings = registry.find(account)
    if settings:
        for address in settings.contacts:
            found.append(
                Part(
                    f"subscription of {address}",
                    "the topic of notifications",
                    Fate.GOES,
                    take=lambda address=address: contacts.unsubscribe(hub, account, [address]),  # type: ignore[misc]
                )
            )
        note = f"{counted(len(settings.policies), 'policy')} named"
        found.append(
            Part("settings", "the settings table", Fate.GOES, note, lambda: registry.remove(account))
        )
    found.append(kept_ledger(hub))
    return found


def kept_ledger(hub: Hub) -> Part:
    """The entries of the ledger, which stay."""
    return Part("ledger entries", hub.outputs["LedgerTable"], Fate.STAYS, "they are the audit trail")


def admitted(hub: Hub, account: str) -> list[Part]:
    """The account's place in the list of accounts whose events the hub's bus accepts."""
    if account not in admission.listed(hub):
        return []
    return [
        Part(
            "place in the list of accounts whose events are accepted",
            f"the stack {admission.name(hub)}",
            Fate.GOES,
            take=lambda: admission.dismiss(hub, account),
        )
    ]


def member_parts(hub: Hub, caller: Caller, regions: Iterable[str]) -> tuple[list[Part], list[Part]]:
    """The member's stacks in those regions, and separately the one with its roles.

    Raises Denied, Unavailable, InvalidInput.
    """
    others: list[Part] = []
    with_role: list[Part] = []
    regions = sorted(regions)
    for region, stack in member_stacks.find(hub, caller, regions).items():
        if stack is None:
            continue
        named = f"stack {stack['StackName']}"
        if not member_stacks.is_ours(hub, stack):
            others.append(Part(named, region, Fate.STAYS, "it belongs to another hub"))
            continue
        has_role = stacks.parameters(stack).get("RoleRegion") == region
        cloudformation = caller.client("cloudformation", region)
        part = Part(
            f"{named}, with the role" if has_role else named,
            region,
            Fate.GOES,
            take=lambda cloudformation=cloudformation, stack=stack: stacks.delete(cloudformation, stack),  # type: ignore[misc]
        )
        (with_role if has_role else others).append(part)
    others += [
        Part(
            f"stack {name}",
            region,
            Fate.STAYS,
            "it is the organization's: move the account out of its unit, or `rightstate decommission "
            "organization`",
        )
        for region, name in _of_stack_set(hub, caller, regions)
    ]
    return others, with_role


def _of_stack_set(hub: Hub, caller: Caller, regions: Iterable[str]) -> list[tuple[str, str]]:
    """Region and name of each stack that the organization's StackSet created."""
    clients = {region: caller.client("cloudformation", region) for region in regions}

    def names(cloudformation: Any) -> list[str]:
        pages = cloudformation.get_paginator("list_stacks").paginate()
        found = [each for page in pages for each in page["StackSummaries"]]
        return [
            each["StackName"]
            for each in found
            if each["StackName"].startswith(f"StackSet-{stack_sets.name(hub.stack)}-")
            and each["StackStatus"] != _DELETED
        ]

    with answers("Nothing was changed."), ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(clients, pool.map(names, clients.values()), strict=True)
        return [(region, name) for region, each in found for name in each]


# --- The hub ---


@dataclass(frozen=True)
class Remains:
    """What is left of a hub: its stack, and the tables that outlive it."""

    hub: Hub
    stack: Stack | None
    resources: Mapping[str, list[str]]
    """CloudFormation type -> physical ids, while there is a stack."""
    tables: Mapping[str, list[str]]
    """Logical id -> names of the tables. Without a stack, those of earlier hubs may be among them."""

    @property
    def whole(self) -> bool:
        """Whether the hub still has machines and a settings table."""
        return bool(self.stack and self.hub.outputs.get("SettingsTable"))

    def disable_rules(self) -> None:
        """Disable the rules, so that events start nothing. Raises Denied, Unavailable, InvalidInput."""
        events = self.hub.client("events")
        with answers("Some of the hub's rules may be disabled now; `aws events enable-rule` enables one."):
            for rule in self.resources.get("AWS::Events::Rule", ()):
                # EventBridge takes the rule's name; CloudFormation may give its ARN.
                try:
                    events.disable_rule(Name=rule.rpartition("/")[2])
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ResourceNotFoundException":
                        raise

    def _delete(self, stack: Stack, within: Iterable[Part]) -> None:
        # CloudFormation cannot delete a bucket with objects. The objects in this one expire anyway.
        for bucket in self.resources.get("AWS::S3::Bucket", ()):
            _empty(self.hub.client("s3"), bucket)
        stacks.delete(self.hub.client("cloudformation"), stack)
        for part in within:
            part.fate = Fate.GONE

    def parts(self, delete_settings: bool, delete_ledger: bool) -> tuple[list[Part], list[Part]]:
        """The stack, and its tables."""
        found = []
        if admitting := admission.find(self.hub):
            note = "the accounts whose events the hub accepts"
            found.append(
                Part(
                    f"stack {admitting['StackName']}",
                    self.hub.region,
                    Fate.GOES,
                    note,
                    lambda: admission.set_accounts(self.hub, []),
                )
            )
        if self.stack:
            stack = self.stack
            count = sum(map(len, self.resources.values()))
            within = [
                Part(f"{what} {physical}", self.hub.region, Fate.GOES, note)
                for kind, what, note in _WITHIN
                for physical in self.resources.get(kind, ())
            ]
            found.append(
                Part(
                    f"stack {self.hub.stack}",
                    self.hub.region,
                    Fate.GOES,
                    f"{counted(count, 'resource')}: machines, functions, rules, logs, topic, queue, alarms",
                    lambda: self._delete(stack, within),
                )
            )
            found += within
        tables = []
        for kind, wanted, option in (
            ("SettingsTable", delete_settings, "--delete-settings"),
            ("LedgerTable", delete_ledger, "--delete-ledger"),
        ):
            names = self.tables.get(kind, [])
            what = "settings" if kind == "SettingsTable" else "ledger"
            for name in names:
                if not wanted:
                    tables.append(
                        Part(f"table {name}", self.hub.region, Fate.STAYS, f"the {what}; {option} deletes it")
                    )
                elif len(names) > 1:
                    note = (
                        f"one of {len(names)} that may be the {what} of a hub of this name; delete those "
                        "that you do not need by hand"
                    )
                    tables.append(Part(f"table {name}", self.hub.region, Fate.STAYS, note))
                else:
                    note = f"the {what}; AWS keeps a backup of it for 35 days"
                    tables.append(
                        Part(
                            f"table {name}",
                            self.hub.region,
                            Fate.GOES,
                            note,
                            lambda name=name: _delete_table(self.hub.client("dynamodb"), name),  # type: ignore[misc]
                        )
                    )
        return found, tables


def remains(caller: Caller, stack: str) -> Remains:
    """What is left of that hub. Raises InvalidInput if the stack is not a hub; Denied, Unavailable."""
    cloudformation = caller.client("cloudformation")
    found = stacks.find(cloudformation, stack)
    if found is None:
        return Remains(Hub(caller, stack, {}), None, {}, _tables_named(caller, stack))
    if not found.get("Description", "").startswith(MARK):
        raise InvalidInput(
            f"The stack {shown(stack)} in account {caller.account}, {caller.region} is not a hub of "
            "Rightstate. Nothing was changed. Name the hub's with --stack."
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    resources: dict[str, list[str]] = {}
    tables: dict[str, list[str]] = {}
    with answers("Nothing was changed."):
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for each in (each for page in pages for each in page["StackResourceSummaries"]):
            physical = each.get("PhysicalResourceId")
            if not physical:
                continue
            if each["LogicalResourceId"] in _TABLES:
                tables[each["LogicalResourceId"]] = [physical]
            elif each.get("ResourceStatus") != _DELETED:
                resources.setdefault(each["ResourceType"], []).append(physical)
    return Remains(Hub(caller, stack, outputs), found, resources, tables)


def _tables_named(caller: Caller, stack: str) -> dict[str, list[str]]:
    """The tables with names that CloudFormation derives from the stack's: STACK-LOGICALID-RANDOM."""
    with answers("Nothing was changed."):
        pages = caller.client("dynamodb").get_paginator("list_tables").paginate()
        names = [name for page in pages for name in page["TableNames"]]
    return {
        kind: [name for name in names if name.rpartition("-")[0] == f"{stack}-{kind}"] for kind in _TABLES
    }


def _empty(s3: Any, bucket: str) -> None:
    with answers(f"The bucket {bucket} and the stack are still there."):
        try:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                # A page has at most 1,000 keys, as has a DeleteObjects.
                if keys := [{"Key": each["Key"]} for each in page.get("Contents", ())]:
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        except s3.exceptions.NoSuchBucket:
            return


def _delete_table(dynamodb: Any, name: str) -> None:
    patient = {"WaiterConfig": {"Delay": max(1, int(PAUSE)), "MaxAttempts": 120}}
    with answers(f"The table {name} is still there."):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        try:
            dynamodb.get_waiter("table_exists").wait(TableName=name, **patient)
            dynamodb.delete_table(TableName=name)
            dynamodb.get_waiter("table_not_exists").wait(TableName=name, **patient)
        except WaiterError as error:
            raise CallFailed(f"The table {name} is still there: {error}.") from None
