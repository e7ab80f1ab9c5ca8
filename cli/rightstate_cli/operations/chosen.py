"""Resources that somebody has picked, by account/region/type/id: plan them, then do what the plan shows.

On this machine the embedded engine remediates them. With a hub its own state machines do.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Protocol

from rightstate.catalogue import find_policy, load, names
from rightstate.errors import InvalidInput
from rightstate.identify import identify, shown
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate_cli.embedded.local import Local
from rightstate_cli.embedded.run_settings import Asked
from rightstate_cli.executions.executions import Execution
from rightstate_cli.executions.recorded import KEY
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations import start
from rightstate_cli.operations.plan import Reading, read_all
from rightstate_cli.operations.remediate import Remediation
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning import plan_file
from rightstate_cli.planning.accounts import Wanted, of_resources, registered_accounts
from rightstate_cli.planning.plan_file import Plan
from rightstate_cli.planning.target import parameter, target

Say = Callable[[str], None]
Progressed = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Ended:
    """What became of them. `running` are the ARNs of executions that go on, `left` is what was not done and
    why, in sentences."""

    executions: Sequence[Execution]
    running: Sequence[str] = ()
    left: Sequence[str] = ()


class Planned(Protocol):
    """A plan that can be carried out."""

    @property
    def plan(self) -> Plan:
        """What would change."""

    def run(self, reason: str, stop: Event, progressed: Progressed, say: Say) -> Ended:
        """Remediate what the plan changes. `reason` goes into the ledger. Once `stop` is set, no more are
        started."""


@dataclass(frozen=True)
class PlannedHere:
    """On this machine: a run for each account and region."""

    plan: Plan
    runs: Sequence[tuple[Remediation, Reading]]
    at_once: int = 8

    def run(self, reason: str, stop: Event, progressed: Progressed, say: Say) -> Ended:
        """As `rightstate remediate` for each account and region. A resource that is right needs nothing."""
        ended: list[Execution] = []
        left: list[str] = []
        total = sum(len(reading.items) for _, reading in self.runs)
        for remediation, reading in self.runs:
            before = len(ended)

            def counted(done: int, _: int | None, now: str, before: int = before) -> None:
                progressed(before + done, total, now)

            result = remediation.run(reading, self.at_once, stop, counted, say, reason=reason)
            ended += result.executions
            left += (f"Could not list all of {each.resource_type}: {each.reason}" for each in result.unlisted)
        if stop.is_set():
            left.append("Stopped as you asked: what was not started was left as it was.")
        return Ended(ended, (), left)


@dataclass(frozen=True)
class PlannedThere:
    """With a hub: an execution for each resource, which reads it afresh."""

    plan: Plan
    hub: Hub
    at_once: int = 8

    def run(self, reason: str, stop: Event, progressed: Progressed, say: Say) -> Ended:
        """As `rightstate start` for each account, region and type."""
        starts = []
        items = [item for item in self.plan.items if item.changes or item.status == "unreadable"]
        for (account, region, kind), group in groupby(items, key=lambda item: item.key[:3]):
            named = [item.resource for item in group]
            starts += start.prepare(self.hub, named, account, region, [kind], (), None, reason)[1]
        result = start.run(self.hub, starts, self.at_once, stop, say, progressed)
        left = [result.how_to_answer] if result.how_to_answer else []
        if result.not_started:
            why = str(result.failed) if result.failed else "You stopped it."
            left.append(f"{result.not_started} were not started. {why}")
        return Ended(result.executions, result.running, left)


@dataclass(frozen=True)
class Role:
    """The role to assume from this machine, by name or ARN, and the external id that it asks for. Without a
    name it is that of the settings, else `rightstate-remediation` in another account."""

    name: str | None = None
    external_id: str | None = None


def plan(
    workspace: Workspace,
    keys: Sequence[str],
    ledger: Path | None,
    say: Say,
    progressed: Progressed,
    role: Role = Role(),
    parameters: Sequence[str] = (),
) -> Planned:
    """Read them and decide. `parameters` are POLICY.PARAMETER=VALUE. A hub has its own roles and values: it
    leaves `role` and `parameters` out of account.

    Raises InvalidInput, UnknownAccount, SettingsUnreadable, Denied, Unavailable.
    """
    check(keys)
    found = [_parsed(key, workspace) for key in dict.fromkeys(keys)]

    def read(done: int, of: int) -> None:
        progressed(done, max(of, len(found)), "")

    if workspace.hub:
        return _there(workspace.hub, found, say, read)
    return _here(Local(ledger), found, role, parameters, say, read)


def _here(
    local: Local,
    found: Sequence[tuple[ResourceType, Resource]],
    role: Role,
    parameters: Sequence[str],
    say: Say,
    read: Callable[[int, int], None],
) -> PlannedHere:
    check_parameters(parameters, {resource_type.name for resource_type, _ in found})
    runs: list[tuple[Remediation, Reading]] = []
    for (account, region), group in groupby(sorted(found, key=_place), key=_place):
        resources = tuple(group)
        types = sorted({resource_type.name for resource_type, _ in resources})
        values = of_types(parameters, types)
        base = target(account, region, role.name, role.external_id, types, (), (), values, Mode.AUTO)
        asked = Asked(base.account, named=False, role_given=bool(role.name))
        aimed = local.within(replace(base, resources=resources), asked)
        remediation = Remediation(local, asked, aimed, whole=False)
        before = sum(len(reading.items) for _, reading in runs)

        def counted(done: int, of: int, before: int = before) -> None:
            read(before + done, len(found))

        reading = read_all([aimed], say, counted)
        runs.append((remediation, reading))
    made = plan_file.document(
        [remediation.target for remediation, _ in runs],
        (item for _, reading in runs for item in reading.items),
        (each for _, reading in runs for each in reading.unlisted),
        {},
    )
    return PlannedHere(made, runs)


def _there(
    hub: Hub,
    found: Sequence[tuple[ResourceType, Resource]],
    say: Say,
    read: Callable[[int, int], None],
) -> PlannedThere:
    accounts = registered_accounts(
        Wanted(
            accounts=sorted({resource.account for _, resource in found}),
            types=sorted({resource_type.name for resource_type, _ in found}),
        ),
        hub,
    )
    enabled = {name: frozenset(account.policies) for name, account in accounts.accounts.items()}
    chosen = of_resources(
        accounts,
        ((of, each, enabled[each.account] & {policy.id for policy in of.policies}) for of, each in found),
    )
    reading = read_all(chosen, say, read)
    return PlannedThere(plan_file.document(chosen, reading.items, reading.unlisted, accounts.modes), hub)


def options_of(keys: Iterable[str], partition: str) -> list[list[str]]:
    """The options that name the resources for `plan` and `remediate`: a list for each account and region, and
    for each type whose resources have no ARN of their own."""
    found: list[list[str]] = []
    for (account, region), group in groupby(sorted(keys), key=lambda key: tuple(key.split("/")[:2])):
        place = ["--account", account, "--region", region]
        named: list[str] = []
        unnamed: dict[str, list[str]] = {}
        for key in group:
            _, _, kind, identifier = key.split("/", 3)
            arn = load(kind).arn_of(
                Resource(account=account, region=region, partition=partition, id=identifier)
            )
            if "*" in arn:
                unnamed.setdefault(kind, []).extend(("--resource", identifier))
            else:
                named += ("--resource", arn)
        if named:
            found.append([*place, *named])
        found += ([*place, "--type", kind, *options] for kind, options in unnamed.items())
    return found


def check_parameters(parameters: Iterable[str], types: Collection[str]) -> None:
    """Raise InvalidInput where one is no POLICY.PARAMETER=VALUE, or of a policy of other types."""
    for each in parameters:
        policy, _, _ = parameter(each)
        if find_policy(policy)[0].name not in types:
            raise InvalidInput(f"{policy} is about none of the chosen resources. Nothing was begun.")


def of_types(parameters: Iterable[str], types: Collection[str]) -> list[str]:
    """Those of the policies of these types."""
    return [each for each in parameters if find_policy(parameter(each)[0])[0].name in types]


def check(keys: Sequence[str]) -> None:
    """Raise InvalidInput where one is no resource's key, or there is none."""
    if not keys:
        raise InvalidInput("No resource is chosen. Nothing was read.")
    for key in keys:
        if not KEY.match(key) or key.split("/", 3)[2] not in names():
            raise InvalidInput(f"{shown(key)} is not account/region/type/id. Nothing was read.")


def _parsed(key: str, workspace: Workspace) -> tuple[ResourceType, Resource]:
    account, region, kind, identifier = key.split("/", 3)
    partition = workspace.hub.partition if workspace.hub else workspace.caller.partition
    place = Place(account=account, region=region, partition=partition)
    return load(kind), identify(load(kind), place, identifier)


def _place(each: tuple[ResourceType, Resource]) -> tuple[str, str]:
    return each[1].account, each[1].region
