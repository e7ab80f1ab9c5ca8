"""`rightstate undo`: take the changes of one execution back."""

from datetime import timedelta
from typing import Annotated

import typer

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate.models.settings import Exemption
from rightstate.policy import Reversibility
from rightstate.wants import as_change
from rightstate_cli.executions.executions import RUNNING, Execution
from rightstate_cli.hub.waiting import HOW_TO_ANSWER
from rightstate_cli.operations import taking_back, workspace
from rightstate_cli.operations.taking_back import Undo
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
)
from rightstate_cli.terminal.output import (
    Format,
    ask,
    print_json,
    print_line,
    print_table,
    progress,
    say,
    talk,
)
from rightstate_cli.terminal.times import span

_LEAVING = (
    "It is not followed any longer. The execution goes on in the hub. Ctrl-C again aborts this command."
)
_STOPPING = "It no longer waits for the resource, and ends. Ctrl-C again aborts it."


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
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
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
    kept = workspace.choose(deployed, stack, hub_region, ledger, say)
    most = workspace.exemption_days(kept)
    if lasting > timedelta(days=most):
        raise InvalidInput(
            f"--exempt-for {exempt_for} is too long: an exemption lasts at most {most} days here. Nothing "
            "was changed. A hub's parameter ExemptionDays says how long."
        )
    wanted = taking_back.find(kept, execution)
    _show(wanted)
    if wanted.destroyed and not consent:
        raise InvalidInput(
            f"Undoing it would destroy something. {' '.join(wanted.destroyed)} Nothing was changed. If that "
            "is what you want, give --consent."
        )
    if not _confirmed(wanted, exempt_for, yes):
        say("Nothing was changed.")
        raise typer.Exit(2)
    start = taking_back.start_of(wanted, reason, consent, kept.caller.user_id)
    exemption = taking_back.exempt(kept, wanted, lasting, reason, approver)
    if exemption:
        say(f"Exemption {exemption.id} of {wanted.named} until {exemption.until} is written.")
    started: list[str] = []

    def note(arn: str) -> None:
        started.append(arn.rpartition(":")[2])
        say(f"Started {started[0]}.")

    with interrupted(_LEAVING if kept.hub else _STOPPING) as stop, progress() as bar:
        bar.add_task("Undoing", total=None)
        result = taking_back.run(kept, wanted, start, exemption, stop, note)
    for sentence in result.said:
        say(sentence)
    if result.execution is None:
        say(f"  rightstate history {started[0]}{kept.options}")
        raise typer.Exit(2)
    _print(wanted, result.execution, result.exemption, format)
    if result.execution.status == RUNNING:
        say(HOW_TO_ANSWER.format("1 execution"))
        say(
            "No exemption is in force for it: once it is approved and undone, the policies ask for their "
            "change again. To have them leave it alone, `rightstate exempt add --account "
            f"{wanted.resource.account} --resource {wanted.exempted}`."
        )
    raise typer.Exit(0 if result.execution.outcome == Outcome.UNDONE else 1)


def _show(wanted: Undo) -> None:
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
        about = find_policy(policy)[1]
        if about.reversibility is not Reversibility.FULLY:
            say(f"Undo of {policy}: {about.reversible}")
    for what in wanted.destroyed:
        say(f"Destroyed by it: {what}")


def _confirmed(wanted: Undo, exempt_for: str, yes: bool) -> bool:
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


def _print(wanted: Undo, ended: Execution, exemption: Exemption | None, format: Format) -> None:
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
