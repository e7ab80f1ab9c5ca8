"""`python -m benchmarks.surveys`: a plan by survey, and one that describes each resource, on one slow server.

Both plans are made of the same resources, and have to be the same. Calls are counted at botocore.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from unittest.mock import patch

import typer
from tests.support.calls import Calls
from tests.support.server import Server

from benchmarks.server import running
from rightstate.catalogue import load, names
from rightstate.resource_type import ResourceType
from rightstate_cli.planning import survey as planning
from rightstate_cli.planning.accounts import Wanted, named_accounts, targets
from rightstate_cli.planning.target import Target
from rightstate_cli.simulation import examples
from rightstate_cli.terminal.output import print_table


@dataclass(frozen=True)
class Made:
    """A plan, the calls and the seconds that it took, and the processor time of this process."""

    items: Sequence[str]
    calls: int
    seconds: float
    processor: float


def main(
    resources: Annotated[int, typer.Option(help="Resources of each type.")] = 100,
    milliseconds: Annotated[int, typer.Option(help="How long the server takes to answer.")] = 20,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this type; repeat it.")] = None,
) -> None:
    """Compare both plans, type by type."""
    rows = []
    with running() as slow:
        slow.answer_after(milliseconds)
        server = Server(slow.endpoint)
        with patch.dict(os.environ, server.environment):
            for name in types or names():
                server.reset()
                _make(server, name, resources)
                _plan(name, load(name))  # which loads the service's model, for both
                survey = _plan(name, load(name))
                one_by_one = _plan(name, replace(load(name), listing=None))
                if survey.items != one_by_one.items:
                    raise SystemExit(f"{name}: the plans differ.")
                rows.append(
                    (
                        name,
                        str(len(survey.items)),
                        f"{one_by_one.calls:,}",
                        f"{survey.calls:,}",
                        f"{one_by_one.seconds:.2f} s",
                        f"{survey.seconds:.2f} s",
                        f"{one_by_one.processor:.2f} s",
                        f"{survey.processor:.2f} s",
                    )
                )
    heading = (
        "Type",
        "resources",
        "calls before",
        "calls",
        "took before",
        "takes",
        "processor before",
        "now",
    )
    print_table(f"Plans at {milliseconds} ms an answer", heading, rows)


def _make(server: Server, name: str, resources: int) -> None:
    resource_type, example = load(name), examples.load(name)
    session = server.session()
    if resource_type.per_account:
        example.create(session, example.name, example.policy)
        return
    for number in range(resources):
        called = f"planned-{number}"
        if name == "load-balancer":
            called = f"app/p-{number}/50dc6c495c0c9188"
        elif name == "rds-snapshot":
            called = f"snapshot:{called}"
        example.create(session, called, example.policy)


def _plan(name: str, resource_type: ResourceType) -> Made:
    chosen = [_with(each, resource_type) for each in targets(named_accounts(Wanted(types=(name,))))]
    with Calls() as calls:
        began, used = time.perf_counter(), time.process_time()
        found = list(planning.plan(chosen, lambda done, found: None))
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    unread = [each for each in found if not isinstance(each, planning.Item) or not each.decision]
    if unread:
        raise SystemExit(f"Not read: {unread[0]}")
    return Made(sorted(each.model_dump_json() for each in found), len(calls.made), seconds, processor)


def _with(target: Target, resource_type: ResourceType) -> Target:
    return replace(target, types=(resource_type,))


if __name__ == "__main__":
    typer.run(main)
