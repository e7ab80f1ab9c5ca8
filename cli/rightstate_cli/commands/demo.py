"""`rightstate demo`: the whole application on simulated accounts."""

import shlex

import typer

from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.embedded import local
from rightstate_cli.executions.executions import SHORT, Execution
from rightstate_cli.terminal.executions import exit_code, print_executions, print_timeline
from rightstate_cli.terminal.options import FormatOption
from rightstate_cli.terminal.output import Format, print_line, progress, say


def demo(format: FormatOption = Format.TABLE) -> None:
    """Watch it work, without an account: events of two simulated accounts, remediated.

    Builds the accounts with resources in a wrong state, enables every policy, sends the events of
    events/ through the real rules, and runs the real state machines. Nothing leaves this process, whatever
    AWS credentials there are. Takes about half a minute.

    Exit codes: 0 every execution ended well, 1 one did not.
    """
    # They take a second to import, which no other command needs.
    from rightstate_cli.embedded import engine  # noqa: PLC0415
    from rightstate_cli.simulation import accounts  # noqa: PLC0415

    executions: list[Execution] = []
    say("Deploying template.yaml into a simulated hub, and filling two simulated accounts ...")
    kept = local.beside("demo.sqlite")
    with (
        local.demo_tables(kept) as tables,
        engine.simulated(storage=tables) as hub,
        accounts.built(hub.region) as made,
        progress() as bar,
    ):
        for account in accounts.settings(Mode.AUTO):
            hub.configure(account)
        sent = list(accounts.events_of_both(events.shipped(), made))
        starts = [match.start for event in sent for match in hub.matches(event)]
        running = bar.add_task("Executions", total=len(starts))
        for execution in hub.run(iter(starts), at_once=4):
            executions.append(execution)
            bar.update(running, advance=1, description=f"{execution.resource}: {execution.outcome}")
    if format is Format.JSON:
        print_executions(executions, format)
        raise typer.Exit(exit_code(executions))
    print_executions([each for each in executions if each.decision], format)
    longest = max(executions, key=lambda each: len(each.steps) + sum(len(step.errors) for step in each.steps))
    print_timeline(longest)
    print_line(
        f"{len(sent)} events of two accounts started {len(executions)} executions. Look at one with "
        f"`rightstate history {longest.name[-SHORT:]} --ledger {shlex.quote(str(kept))}`, at a "
        "policy with `rightstate policies show ID`, and "
        "at your own account with `rightstate plan`."
    )
    raise typer.Exit(exit_code(executions))
