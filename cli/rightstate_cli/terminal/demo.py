"""The demo on one screen of a terminal."""

import shlex

from rightstate_cli.executions.executions import short_ids
from rightstate_cli.operations.demo import Demo
from rightstate_cli.terminal.executions import print_examples, print_timeline
from rightstate_cli.terminal.output import print_line
from rightstate_cli.text import counted, summary

_SHOWN = ("s3-bucket", "rds-instance", "sqs-queue")
"""One resource of each of these types is shown in detail."""


def print_demo(found: Demo) -> None:
    """The sum, three resources in detail, and the next commands."""
    print_line(
        f"{counted(found.events, 'event')} named {counted(found.resources, 'resource')} and started "
        f"{counted(len(found.executions), 'execution')}: "
        f"{summary(execution.outcome for execution in found.executions)}.",
        style="bold",
    )
    changed = f"{counted(found.settings, 'setting')} of {counted(len(found.fixed), 'resource')}"
    print_line(f"{changed} changed and verified.")
    print_line("")
    print_line("Three of the resources:", style="bold")
    by_type = {execution.resource_type: execution for execution in reversed(found.fixed)}
    shown = [by_type[name] for name in _SHOWN if name in by_type] or found.fixed[:3]
    print_examples(shown, most=4)
    # The one with the most errors shows how an execution waits, for a busy database.
    longest = max(found.executions, key=lambda each: sum(1 + len(step.errors) for step in each.steps))
    print_timeline(longest)
    _print_next(found)


def _print_next(found: Demo) -> None:
    ledger = shlex.quote(str(found.ledger))
    print_line("Next:", style="bold")
    print_line("  rightstate demo --details")
    if found.fixed:
        short = short_ids(each.name for each in found.executions)
        print_line(f"  rightstate history {short[found.fixed[0].name]} --ledger {ledger}")
    print_line("  rightstate policies show s3-versioning")
    print_line("  rightstate plan                # your own account; changes nothing")
