"""`rightstate demo`: the whole application on simulated accounts."""

import shlex
from typing import Annotated

import typer

from rightstate_cli.executions.executions import SHORT
from rightstate_cli.operations import demo as simulation
from rightstate_cli.operations.demo import Demo
from rightstate_cli.terminal.executions import (
    exit_code,
    print_examples,
    print_executions,
    print_timeline,
)
from rightstate_cli.terminal.options import TableFormatOption
from rightstate_cli.terminal.output import Format, print_line, say, showing_progress
from rightstate_cli.text import counted, summary

_SHOWN = ("s3-bucket", "rds-instance", "sqs-queue")
"""One resource of each of these types is shown in detail."""


def demo(
    details: Annotated[
        bool, typer.Option("--details", help="Show what every execution found and did.")
    ] = False,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Watch Rightstate work, without an AWS account.

    It simulates two accounts with resources that break policies, and enables every policy. Then it sends the
    events of events/ through the real rules, which start the real state machines. Nothing leaves this
    process, whatever AWS credentials there are.

    Exit codes: 0 every execution ended well, 1 one did not.
    """
    say("Simulating a hub and two AWS accounts in this process. No AWS account is used ...")
    with showing_progress("Starting") as progressed:
        found = simulation.run(progressed)
    if format is not Format.TABLE:
        print_executions(found.executions, format)
        raise typer.Exit(exit_code(found.executions))
    if details:
        print_executions(found.executions, format)
    _print_story(found)
    raise typer.Exit(exit_code(found.executions))


def _print_story(found: Demo) -> None:
    print_line(
        f"{counted(found.events, 'event')} named {counted(found.resources, 'resource')} and started "
        f"{counted(len(found.executions), 'execution')}: "
        f"{summary(execution.outcome for execution in found.executions)}.",
        style="bold",
    )
    print_line(
        f"{counted(found.settings, 'setting')} of {counted(len(found.fixed), 'resource')} changed and "
        "verified. The other executions found their resource fixed already, or with nothing to fix."
    )
    print_line("")
    print_line("Three of the resources:", style="bold")
    by_type = {execution.resource_type: execution for execution in reversed(found.fixed)}
    shown = [by_type[name] for name in _SHOWN if name in by_type] or found.fixed[:3]
    print_examples(shown, most=4)
    if shown:
        print_timeline(shown[-1])
    _print_next(found)


def _print_next(found: Demo) -> None:
    ledger = shlex.quote(str(found.ledger))
    print_line("Next:", style="bold")
    print_line("  rightstate demo --details")
    if found.fixed:
        print_line(f"  rightstate history {found.fixed[0].name[-SHORT:]} --ledger {ledger}")
    print_line("  rightstate policies show s3-versioning")
    print_line("  rightstate plan                # your own account; changes nothing")
