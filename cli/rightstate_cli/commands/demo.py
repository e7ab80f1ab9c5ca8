"""`rightstate demo`: the whole application on simulated accounts."""

from typing import Annotated

import typer

from rightstate_cli.terminal.options import TableFormatOption
from rightstate_cli.terminal.output import Format, say, showing_progress


def demo(
    details: Annotated[
        bool, typer.Option("--details", help="Show what every execution found and did.")
    ] = False,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Watch Rightstate work, without an AWS account.

    It simulates two accounts with resources that break policies, and enables every policy. Then it sends an
    event about each resource through the real rules, which start the real state machines. Nothing leaves this
    process, whatever AWS credentials there are.

    Exit codes: 0 every execution ended well, 1 one did not.
    """
    say("Simulating a hub and two AWS accounts in this process. No AWS account is used ...")
    with showing_progress("Starting") as progressed:
        # Imported here, so that the user reads something before it takes its time.
        from rightstate_cli.operations import demo as simulation  # noqa: PLC0415
        from rightstate_cli.terminal.demo import print_demo  # noqa: PLC0415
        from rightstate_cli.terminal.executions import exit_code, print_executions  # noqa: PLC0415

        found = simulation.run(progressed)
    if details or format is not Format.TABLE:
        print_executions(found.executions, format)
    if format is Format.TABLE:
        print_demo(found)
    raise typer.Exit(exit_code(found.judged))
