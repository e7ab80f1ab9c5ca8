"""`rightstate undo`: take the changes of one execution of a deployed hub back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import typer

from rightstate import undoing
from rightstate.catalogue import find_policy, load
from rightstate.clock import now
from rightstate.errors import InvalidInput, RightstateError
from rightstate.exemptions import resource_name
from rightstate.models import Exemption, Outcome, StartInput
from rightstate.policy import PLAINLY
from rightstate.resource_type import Change, Resource, ResourceType
from rightstate.step import parse
from rightstate.storage.dynamodb import plain
from rightstate.wants import as_change
from rightstate_cli import exempting, hub_ledger
from rightstate_cli import hub as hubs
from rightstate_cli.awaiting import following_until_asked
from rightstate_cli.executions import Execution, Start
from rightstate_cli.following import interrupted
from rightstate_cli.hub import Hub
from rightstate_cli.options import DEFAULT_STACK, FormatOption, HubRegionOption, StackOption, YesOption
from rightstate_cli.output import Format, ask, print_json, print_line, print_table, progress, say, talk
from rightstate_cli.registry import Registry
from rightstate_cli.times import span

_LEAVING = (
    "It is not followed any longer. The execution goes on in the hub. Ctrl-C again aborts this command."
)


@dataclass(frozen=True)
class _Undo:
    """What is to be undone."""

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


def undo(
    execution: Annotated[
        str,
        typer.Argument(
            metavar="EXECUTION",
            help="The execution to undo, by its name, the beginning or the end of it, or its ARN.",
        ),
    ],
    reason: Annotated[
        str,
        typer.Option(help="Why; goes into the exemption and the ledger.", metavar="TEXT", show_default=False),
    ],
    approver: Annotated[
        str | None,
        typer.Option(
            help="Who has approved it. Left out: you, by your ARN.", metavar="WHO", show_default=False
        ),
    ] = None,
    exempt_for: Annotated[
        str,
        typer.Option(help="For so long the policies leave the resource alone, e.g. 2h, 7d.", metavar="TIME"),
    ] = "24h",
    consent: Annotated[
        bool, typer.Option("--consent", help="Destroy what undoing destroys, e.g. backups.")
    ] = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Take the changes of one execution back, in an execution of the same state machine.

    Each setting gets the value that it had, if it still has the one that the execution gave it; if something
    else has changed one of them since, nothing is restored. An exemption of the resource, which ends by
    itself, keeps the policies from making the changes again.

    An undo that breaks a policy in mode `approve` waits for an approval, like any change of that policy. The
    command does not wait for it, and writes no exemption: such a policy changes nothing unasked.

    - `rightstate undo 0f1e2d3c-5b6a --reason "CHG-5530: the partner's upload needs it"` asks first.
    - `rightstate undo 0f1e2d3c-5b6a --reason CHG-5530 --exempt-for 7d --approver ana@example.com --yes`

    Exit codes: 0 undone, 1 refused, failed or waiting for an approval, 2 nothing was undone, or it could not
    be told.
    """
    lasting = span(exempt_for)
    if not lasting:
        raise InvalidInput("--exempt-for needs a time; without one the changes would be made again at once.")
    hub = hubs.find(stack, hub_region)
    most = exempting.most_days(hub)
    if lasting > timedelta(days=most):
        raise InvalidInput(
            f"--exempt-for {exempt_for} is too long: an exemption lasts at most {most} days here. Nothing "
            "was changed. The hub's parameter ExemptionDays says how long."
        )
    registry = Registry(hub)
    wanted = _found(hub, registry, execution)
    hub.machine(wanted.resource_type.name)
    _show(wanted)
    if wanted.destroyed and not consent:
        raise InvalidInput(
            f"Undoing it would destroy something. {' '.join(wanted.destroyed)} Nothing was changed. If that "
            "is what you want, give --consent."
        )
    if not _confirmed(wanted, exempt_for, yes):
        say("Nothing was changed.")
        raise typer.Exit(2)
    given = _input(wanted, reason, consent, hub.caller.user_id)
    exemption = (
        None
        if wanted.asking
        else _exempted(hub, registry, wanted, lasting=lasting, reason=reason, approver=approver)
    )
    with interrupted(_LEAVING) as stop, progress() as bar:
        bar.add_task("Undoing", total=None)
        following, asked = following_until_asked(hub, stop)
        try:
            started = following.start(Start(resource_type=wanted.resource_type.name, input=given))
        except RightstateError:
            if exemption:
                _taken_back(registry, wanted, exemption)
            raise
        say(f"Started {started.rpartition(':')[2]}.")
        ended = next(following.run(), None) or next(iter(asked.executions), None)
    if ended is None:
        if exemption:
            say(f"Exemption {exemption.id} stays until {exemption.until}.")
        say(f"  rightstate history {started.rpartition(':')[2]} --deployed")
        raise typer.Exit(2)
    kept = exemption and _kept(registry, wanted, ended, exemption)
    _print(wanted, ended, kept, format)
    asked.say_how_to_answer()
    if asked.executions:
        say(
            "No exemption is in force for it: once it is approved and undone, the policies ask for their "
            "change again. To have them leave it alone, `rightstate exempt add --account "
            f"{wanted.resource.account} --resource {resource_name(wanted.resource_type, wanted.resource)}`."
        )
    raise typer.Exit(0 if ended.outcome == Outcome.UNDONE else 1)


def _kept(registry: Registry, wanted: _Undo, ended: Execution, exemption: Exemption) -> Exemption | None:
    """The exemption, unless it was removed because nothing was undone."""
    if ended.outcome == Outcome.UNDONE:
        return exemption
    if ended.operations:
        # Its calls are made, and only what a fresh read shows is not what it should be.
        say(
            f"What it wrote could not be verified, so exemption {exemption.id} stays until {exemption.until}."
        )
        return exemption
    return None if _taken_back(registry, wanted, exemption) else exemption


def _found(hub: Hub, registry: Registry, named: str) -> _Undo:
    """Raises InvalidInput where there is no such execution, or it cannot be undone."""
    arn, item = hub_ledger.find(hub, named)
    entry = undoing.entry(arn, plain(item))
    account, region, type_name, identifier = entry.resource.split("/", 3)
    resource_type = load(type_name)
    resource = Resource(account=account, region=region, partition=hub.partition, id=identifier)
    settings = registry.get(account)
    asking = undoing.asking(resource_type, settings, entry.changes)
    if asking:
        # What the command does not exempt, because it leaves before the answer, has to be exempt by now.
        undoing.keeping(resource_type, resource, settings, entry.changes, now())
    return _Undo(
        execution=arn,
        resource_type=resource_type,
        resource=resource,
        restored=undoing.restoring(resource_type, entry.changes),
        asking=asking,
    )


def _show(wanted: _Undo) -> None:
    """What will be restored, as the ledger has it; on stderr, because it is no result yet."""
    print_table(
        f"{wanted.named}: to be restored",
        ("Setting", "What it set -> what was before", "Changed for"),
        [
            (each.setting, as_change(each.before, each.after), ", ".join(each.policies))
            for each in wanted.restored
        ],
        to=talk,
    )
    for policy in wanted.policies:
        reversible = find_policy(policy)[1].reversible
        if not reversible.startswith(PLAINLY):
            say(f"Undo of {policy}: {reversible}")
    for what in wanted.destroyed:
        say(f"Destroyed by it: {what}")


def _confirmed(wanted: _Undo, exempt_for: str, yes: bool) -> bool:
    if yes:
        return True
    breaking = f"{wanted.named} to a state that breaks {', '.join(wanted.policies)}"
    answer = ask(
        f"Ask for the approval to restore {breaking}?"
        if wanted.asking
        else f"Restore {breaking}, and exempt it for {exempt_for}?"
    )
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    return answer


def _input(wanted: _Undo, reason: str, consent: bool, requester: str) -> dict[str, Any]:
    given = {
        "account": wanted.resource.account,
        "region": wanted.resource.region,
        "resource": wanted.resource.id,
        "reason": reason,
        "undo": wanted.execution,
        "consent": consent or None,
        "requester": requester,
    }
    return parse(StartInput, given).model_dump(mode="json", exclude_none=True)


def _exempted(
    hub: Hub, registry: Registry, wanted: _Undo, lasting: timedelta, reason: str, approver: str | None
) -> Exemption:
    """The exemption that is written before the undo is started, so that no event comes between."""
    try:
        exemption = exempting.made(
            lasting,
            policies=wanted.policies,
            resource=resource_name(wanted.resource_type, wanted.resource),
            reason=reason,
            approver=approver or hub.caller.arn[:256],
            by=hub.caller.arn,
        )
    except ValueError:
        raise InvalidInput(
            "--reason takes 1 to 1024 characters, --approver 1 to 256. Nothing was changed."
        ) from None
    exempting.add(registry, wanted.resource.account, exemption)
    say(f"Exemption {exemption.id} of {wanted.named} until {exemption.until} is written.")
    return exemption


def _taken_back(registry: Registry, wanted: _Undo, exemption: Exemption) -> bool:
    """Whether the exemption could be removed; says so either way."""
    try:
        exempting.remove(registry, wanted.resource.account, exemption.id)
    except RightstateError as error:
        say(
            f"Exemption {exemption.id} could not be removed. {error} Until {exemption.until} the policies "
            f"leave {wanted.named} alone: remove it with `rightstate exempt remove`."
        )
        return False
    say(f"It is not undone, so exemption {exemption.id} was removed again.")
    return True


def _print(wanted: _Undo, ended: Execution, exemption: Exemption | None, format: Format) -> None:
    if format is Format.JSON:
        changes = ended.decision.changes if ended.decision else ()
        print_json(
            {
                "execution": ended.name,
                "undo": wanted.execution,
                "outcome": ended.outcome,
                "reason": ended.reason,
                "account": wanted.resource.account,
                "region": wanted.resource.region,
                "resource_type": wanted.resource_type.name,
                "resource": wanted.resource.id,
                "changes": [each.model_dump(mode="json", exclude={"want", "beside"}) for each in changes],
                "exemption": exemption and exemption.model_dump(mode="json", exclude_none=True),
            }
        )
        return
    print_line(f"{wanted.named}: {ended.outcome}", style="bold")
    print_line(ended.reason)
    if exemption and ended.outcome == Outcome.UNDONE:
        print_line(f"Verified by a fresh read. Exempt until {exemption.until} ({exemption.id}).")
