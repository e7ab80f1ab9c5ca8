"""`python -m benchmarks.many`: thousands of executions in one embedded engine, none of which may fail.

Every policy has a resource broken, again and again, but those of which an account has only one.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Annotated
from unittest.mock import patch

import typer
from tests.support.member import ACCOUNT, broken, enable, start_input

from benchmarks import machine
from benchmarks.markdown import table
from rightstate.catalogue import load_all
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.engine import simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import moto_gaps

_FINE = {"remediated", "compliant", "not-applicable", "exempt"}
"""What an execution may come to here. Some policies do not apply to every example."""


def _starts(count: int) -> Iterator[Start]:
    """An execution for each resource, which is made just before it."""
    policies = cycle([(each.name, policy.id) for each in load_all() for policy in each.policies])
    seen: set[str] = set()
    while len(seen) < count:
        name, policy = next(policies)
        resource = broken(policy)
        # What an account has only one of would be broken again while it is put right.
        if resource != ACCOUNT and (key := f"{name}/{resource}") not in seen:
            seen.add(key)
            yield Start(resource_type=name, input=start_input(resource, reason="benchmark"))


def main(
    executions: Annotated[int, typer.Argument(help="Executions in each run.")] = 5000,
    runs: Annotated[int, typer.Option(help="Runs, each with an engine of its own.")] = 1,
    at_once: Annotated[int, typer.Option(help="Executions at a time.")] = 8,
    write: Annotated[bool, typer.Option("--write", help="Write docs/benchmarks/many.md.")] = False,
) -> None:
    """Exit code 1 if any execution fails or is missing."""
    rows, bad = [], 0
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        outcomes: Counter[str] = Counter()
        # One account would have had its changes of the hour after 500.
        no_limits = {"CHANGES_PER_HOUR": "0", "REQUESTS_PER_HOUR": "0"}
        with simulated(wait_scale=0.001) as hub, moto_gaps.fill(), patch.dict(os.environ, no_limits):
            enable(hub, *(policy.id for each in load_all() for policy in each.policies))
            for each in hub.run(_starts(executions), at_once=at_once, keep=False):
                outcomes[each.outcome] += 1
                if outcomes.total() % 500 == 0:
                    print(f"{outcomes.total():,} have ended", file=sys.stderr, flush=True)
                if each.outcome not in _FINE:
                    print(each.resource_type, each.resource, each.outcome, each.reason, file=sys.stderr)
        failed = sum(count for outcome, count in outcomes.items() if outcome not in _FINE)
        bad += failed + executions - sum(outcomes.values())
        rows.append(
            (
                f"{executions:,}",
                str(at_once),
                f"{time.perf_counter() - began:.0f}",
                f"{time.process_time() - used:.0f}",
                f"{machine.peak_megabytes():.0f} MB",
                ", ".join(f"{outcome} {count:,}" for outcome, count in sorted(outcomes.items())),
                str(failed),
            )
        )
        print(rows[-1], file=sys.stderr, flush=True)
    heading = ("executions", "at a time", "seconds", "of the processor", "memory", "outcomes", "failed")
    lines = [machine.describe().told, "", *table(heading, rows)]
    print("\n".join(lines))
    if write:
        page = sam_template.root() / "docs" / "benchmarks" / "many.md"
        page.write_text("\n".join([*_HEAD, *lines]) + "\n")
    sys.exit(1 if bad else 0)


_HEAD = (
    "# Many executions in one run",
    "",
    "Executions of every type, in one process of the embedded engine, on a simulated account, without "
    "the limits of an hour and without what an account has only one of. The seconds include those of the simulated AWS, and of making each "
    "resource. Written by `python -m benchmarks.many 5000 --write`.",
    "",
)


if __name__ == "__main__":
    typer.run(main)
