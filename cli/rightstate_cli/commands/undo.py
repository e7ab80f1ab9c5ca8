"""`rightstate undo`: take the changes of one execution back."""

from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate_cli.executions.executions import RUNNING
from rightstate_cli.hub.waiting import HOW_TO_ANSWER
from rightstate_cli.operations import taking_back, workspace
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, ask, progress, say
from rightstate_cli.terminal.times import span
from rightstate_cli.terminal.undo import print_undo, question, show_undo

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
        typer.Option(help="How long the policies leave the resource alone, e.g. 2h, 7d.", metavar="TIME"),
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

    Each setting gets the value that it had, if it still has the one that the execution gave it. If another
    call has changed one of them since, nothing is restored. An exemption of the resource keeps the policies
    from making the changes again until it expires.

    An undo that breaks a policy in mode `approve` waits for an approval, like any change of that policy. The
    command does not wait for it. It writes no exemption, because such a policy changes nothing without an
    approval.

    - `rightstate undo 0f1e2d3c-5b6a --reason "CHG-5530: the partner's upload needs it"` asks first.
    - `rightstate undo 0f1e2d3c-5b6a --reason CHG-5530 --exempt-for 7d --approver ana@example.com --yes`

    Exit codes: 0 undone, 1 refused, failed or waiting for an approval, 2 nothing was undone, or the result
    is unknown.
    """
    lasting = span(exempt_for)
    kept = workspace.choose(deployed, stack, hub_region, ledger, say)
    taking_back.check_exemption(kept, lasting, exempt_for)
    wanted = taking_back.find(kept, execution)
    show_undo(wanted)
    if wanted.destroyed and not consent:
        raise InvalidInput(
            f"Undoing it would destroy something. {' '.join(wanted.destroyed)} Nothing was changed. To allow "
            "that, give --consent."
        )
    answer = yes or ask(question(wanted, exempt_for))
    if answer is None:
        raise InvalidInput("Nothing was changed: there was no answer. In a script, give --yes.")
    if not answer:
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
    print_undo(wanted, result.execution, result.exemption, format)
    if result.execution.status == RUNNING:
        say(HOW_TO_ANSWER.format("1 execution"))
        say(
            "No exemption is in force for it. Once it is approved and undone, the policies ask for their "
            "change again. To exempt the resource: `rightstate exempt add --account "
            f"{wanted.resource.account} --resource {wanted.exempted}`."
        )
    raise typer.Exit(0 if result.execution.outcome == Outcome.UNDONE else 1)
