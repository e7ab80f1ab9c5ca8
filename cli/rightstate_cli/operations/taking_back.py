"""Take back what an execution has changed: an exemption first, then an execution with the undo's input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

from rightstate.accounts.exemptions import resource_name
from rightstate.catalogue import load
from rightstate.clock import now
from rightstate.deciding import undoing
from rightstate.errors import InvalidInput, RightstateError
from rightstate.executions.step import parse
from rightstate.models.decision import Outcome
from rightstate.models.settings import Exemption
from rightstate.models.start import StartInput
from rightstate.resource_type import Change, Resource, ResourceType
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.operations.workspace import Workspace, exemption_days
from rightstate_cli.tables import exemptions


@dataclass(frozen=True)
class Undo:
    """What is to be undone. `asking` are the policies that want an approval of it."""

    execution: str
    resource_type: ResourceType
    resource: Resource
    restored: Sequence[Change]
    asking: Sequence[str]

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(sorted({policy for change in self.restored for policy in change.policies}))

    @property
    def destroyed(self) -> list[str]:
        return [what for change in self.restored if (what := self.resource_type.destroys(change))]

    @property
    def named(self) -> str:
        return f"{self.resource_type.name} {self.resource.id} in {self.resource.account}"

    @property
    def exempted(self) -> str:
        """The resource as exemptions name it."""
        return resource_name(self.resource_type, self.resource)


@dataclass(frozen=True)
class Result:
    """How it ended: None if it was not waited for. `exemption` is the one that is in force, `said` is what
    became of it, in sentences."""

    execution: Execution | None
    exemption: Exemption | None
    said: tuple[str, ...] = ()


def check_exemption(records: Workspace, lasting: timedelta, given: str) -> None:
    """Raise InvalidInput where an exemption may not last that long; `given` is how it was written."""
    if not lasting:
        raise InvalidInput(
            "--exempt-for needs a time. Without one the changes would be made again at once. Nothing was "
            "changed."
        )
    most = exemption_days(records)
    if lasting > timedelta(days=most):
        raise InvalidInput(
            f"--exempt-for {given} is too long: an exemption lasts at most {most} days here. Nothing was "
            "changed. A hub's parameter ExemptionDays sets the limit."
        )


def find(records: Workspace, named: str) -> Undo:
    """What the execution of that name or ARN has changed.

    Raises InvalidInput where there is no such execution, or it cannot be undone; Denied, Unavailable.
    """
    arn, item = records.find(named)
    entry = undoing.entry(arn, item)
    account, region, type_name, identifier = entry.resource.split("/", 3)
    resource_type = load(type_name)
    partition = arn.split(":")[1]
    resource = Resource(account=account, region=region, partition=partition, id=identifier)
    settings = records.registry.get(account)
    asking = undoing.asking(resource_type, settings, entry.changes)
    if asking:
        # This command does not wait for the answer, so it writes no exemption: one has to exist by now.
        undoing.keeping(resource_type, resource, settings, entry.changes, now())
    return Undo(
        execution=arn,
        resource_type=resource_type,
        resource=resource,
        restored=undoing.restoring(resource_type, entry.changes),
        asking=asking,
    )


def start_of(wanted: Undo, reason: str, consent: bool, requester: str) -> Start:
    """The execution that undoes it. Raises InvalidInput."""
    given: dict[str, Any] = {
        "account": wanted.resource.account,
        "region": wanted.resource.region,
        "resource": wanted.resource.id,
        "reason": reason,
        "undo": wanted.execution,
        "consent": consent or None,
        "requester": requester,
    }
    checked = parse(StartInput, given).model_dump(mode="json", exclude_none=True)
    return Start(resource_type=wanted.resource_type.name, input=checked)


def exempt(
    records: Workspace, wanted: Undo, lasting: timedelta, reason: str, approver: str | None
) -> Exemption | None:
    """Write the exemption that keeps it undone, before it is undone, so that no event comes between. None
    where policies ask for an approval, which change nothing unasked.

    Raises InvalidInput, Denied, Unavailable.
    """
    if wanted.asking:
        return None
    by = records.caller.arn
    try:
        exemption = exemptions.made(
            lasting,
            policies=wanted.policies,
            resource=wanted.exempted,
            reason=reason,
            approver=approver or by[:256],
            by=by,
        )
    except ValueError:
        raise InvalidInput(
            "--reason takes 1 to 1024 characters, --approver 1 to 256. Nothing was changed."
        ) from None
    exemptions.add(records.registry, wanted.resource.account, exemption)
    return exemption


def run(
    records: Workspace,
    wanted: Undo,
    start: Start,
    exemption: Exemption | None,
    left: Event,
    started: Callable[[str], None],
) -> Result:
    """Start the execution, tell its ARN to `started`, and wait for its end. An exemption of what was not
    undone is removed again.

    Raises Denied, Unavailable, InvalidInput where it could not be started or followed.
    """
    begun: list[str] = []

    def note(arn: str) -> None:
        begun.append(arn)
        started(arn)

    try:
        ended = records.execute(start, left, note)
    except RightstateError as error:
        if exemption is None or begun:
            raise
        raise type(error)(f"{error} {_removed(records, wanted, exemption)[1]}") from None
    if ended is None:
        stays = f"Exemption {exemption.id} stays until {exemption.until}." if exemption else ""
        return Result(None, exemption, (stays,) if stays else ())
    if exemption is None or ended.outcome == Outcome.UNDONE:
        return Result(ended, exemption)
    if ended.operations:
        # Its calls are made, and only what a fresh read shows is not what it should be.
        stays = f"so exemption {exemption.id} stays until {exemption.until}."
        return Result(ended, exemption, (f"What it wrote could not be verified, {stays}",))
    removed, said = _removed(records, wanted, exemption)
    return Result(ended, None if removed else exemption, (said,))


def _removed(records: Workspace, wanted: Undo, exemption: Exemption) -> tuple[bool, str]:
    """Whether the exemption could be removed, and a sentence about it."""
    try:
        exemptions.remove(records.registry, wanted.resource.account, exemption.id)
    except RightstateError as error:
        return False, (
            f"Exemption {exemption.id} could not be removed. {error} Until {exemption.until} the policies "
            f"leave {wanted.named} alone: remove it with `rightstate exempt remove`."
        )
    return True, f"It is not undone, so exemption {exemption.id} was removed again."
