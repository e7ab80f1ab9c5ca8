"""`python -m benchmarks.scale`: what looking at a whole organization takes; writes docs/scale.md.

The states, functions and calls of an execution are counted in executions of the embedded engine. The rest is
arithmetic on AWS's default quotas and list prices, which stand here with where they come from.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from tests.support.calls import Calls
from tests.support.member import broken, enable, start_input

from rightstate_cli import application, moto_gaps
from rightstate_cli.embedded.engine import simulated
from rightstate_cli.executions import Start

ACCOUNTS, REGIONS, RESOURCES = 1000, 20, 1_000_000
BROKEN = 0.01
"""So many of the resources break a policy when a sweep comes to them."""
SECONDS_A_FUNCTION = 0.25
"""Assumed, of a warm function of 512 MB that makes a call or two."""
ENTRY_KB = 2
"""Assumed size of an entry of the ledger, which DynamoDB counts in KiB, as each index does its copy."""
COPIES, KEYS = 4, 1
"""What an entry is written to: the table and the indexes account, day and, as of all in a backfill, batch; and
the index execution, which has the keys alone. Within a KiB these are one write unit."""
ASSUMING = {"Assume role", "Describe", "Apply", "Verify"}
"""The states whose functions assume the member's role; Resolve does for groups alone."""
CONCURRENCY = 5
SCOPES_AT_ONCE = 50


@dataclass(frozen=True)
class Quota:
    """A default rate of AWS, per second, of one account and region."""

    name: str
    large: float
    small: float
    source: str


QUOTAS = {
    "StartExecution": Quota(
        "Step Functions, StartExecution", 300, 150, "Step Functions guide, Quotas related to API throttling"
    ),
    "StateTransition": Quota(
        "Step Functions, state transitions", 5000, 800, "Step Functions guide, Quotas related to throttling"
    ),
    "AssumeRole": Quota("STS, all calls", 600, 600, "IAM guide, IAM and STS quotas"),
    "Lambda": Quota(
        "Lambda, functions at the same time", 1000, 1000, "Lambda guide, quotas; new accounts have fewer"
    ),
    "DynamoDB": Quota(
        "DynamoDB, write units of an on-demand table", 40_000, 40_000, "DynamoDB guide, Service quotas"
    ),
}
"""Large: us-east-1, us-west-2 and eu-west-1; small: all others."""

PRICES = {
    "a million state transitions": 25,
    "a million invocations": 0.2,
    "a million GB-seconds of Lambda": 16.6667,
    "a million write units of DynamoDB": 0.625,
    "a GB of logs": 0.5,
    "a GB of DynamoDB for a month": 0.25,
}
"""US dollars, us-east-1, as the services' price pages had them; they differ by region and change."""
LOG_KB = 0.5
"""Assumed, of the two lines that a function logs, as CloudWatch counts them."""


@dataclass(frozen=True)
class Path:
    """What one execution takes, counted."""

    states: int
    functions: int
    assume_role: int
    calls: int


def measured() -> dict[str, Path]:
    """Of a bucket that breaks a policy, and of one that does not."""
    found = {}
    definition = json.loads((application.root() / "statemachines" / "remediation.asl.json").read_text())
    tasks = {name for name, state in definition["States"].items() if state["Type"] == "Task"}
    with simulated(wait_scale=0.001) as hub, moto_gaps.fill():
        enable(hub, "s3-versioning")
        bucket = broken("s3-versioning", "measured")
        for kind in ("remediated", "compliant"):
            with Calls() as calls:
                [execution] = hub.run([Start(resource_type="s3-bucket", input=start_input(bucket))])
            if execution.outcome != kind:
                raise RuntimeError(f"the bucket was {execution.outcome}, not {kind}")
            entered = [step.state for step in execution.steps]
            found[kind] = Path(
                states=len(entered),
                functions=sum(state in tasks for state in entered),
                # Each function of its own, which in this process they share.
                assume_role=sum(state in ASSUMING for state in entered),
                calls=len(calls.made) - calls.made.count("sts:AssumeRole"),
            )
    return found


def of_the_backfill() -> int:
    """The states that it enters for each resource, in an execution of its own."""
    definition = json.loads((application.root() / "statemachines" / "backfill.asl.json").read_text())
    scope = definition["States"]["Each scope"]["ItemProcessor"]["States"]
    resource = scope["Each resource"]["ItemProcessor"]
    entered, state = 1, resource["States"][resource["StartAt"]]
    while not state.get("End"):
        entered += 1
        state = resource["States"][state.get("Default") or state["Next"]]
    return entered


def page() -> str:
    """docs/scale.md."""
    paths = measured()
    return "\n".join(_lines(paths)) + "\n"


def _lines(paths: dict[str, Path]) -> Iterator[str]:
    one, other = paths["compliant"], paths["remediated"]
    mended = RESOURCES * BROKEN
    looked = RESOURCES - mended
    own = of_the_backfill()

    def total(compliant: float, remediated: float) -> float:
        return looked * compliant + mended * remediated

    transitions = total(one.states + own, other.states + own)
    functions = total(one.functions, other.functions)
    seconds = functions * SECONDS_A_FUNCTION
    units = RESOURCES * (COPIES * ENTRY_KB + KEYS)
    needs = {
        "StartExecution": 2 * RESOURCES,
        "StateTransition": transitions,
        "AssumeRole": total(one.assume_role, other.assume_role),
        "Lambda": seconds,
        "DynamoDB": units,
    }
    at_once = SCOPES_AT_ONCE * CONCURRENCY
    an_execution = one.functions * SECONDS_A_FUNCTION
    costs = {
        "Step Functions, state transitions": transitions / 1e6 * PRICES["a million state transitions"],
        "Lambda, invocations": functions / 1e6 * PRICES["a million invocations"],
        "Lambda, 512 MB": seconds / 2 / 1e6 * PRICES["a million GB-seconds of Lambda"],
        "DynamoDB, writes of the ledger and its indexes": units
        / 1e6
        * PRICES["a million write units of DynamoDB"],
        "CloudWatch, logs": functions * LOG_KB / 1e6 * PRICES["a GB of logs"],
    }
    kept = RESOURCES * (COPIES * ENTRY_KB + KEYS) / 1e6 * PRICES["a GB of DynamoDB for a month"]
    yield "# At scale"
    yield ""
    yield (
        f"What it takes to look at everything once: {ACCOUNTS:,} accounts, {REGIONS} regions, {RESOURCES:,} resources, "
        f"of which {BROKEN:.0%} break a policy. Written by `python -m benchmarks.scale`, which counts the states, "
        "functions and calls in real executions and has every assumption in one place."
    )
    yield ""
    yield "## One resource"
    yield ""
    yield from _table(
        ("", "compliant", "remediated"),
        [
            ("states of its remediation", one.states, other.states),
            ("states of the backfill around it", own, own),
            ("functions invoked", one.functions, other.functions),
            ("AssumeRole", one.assume_role, other.assume_role),
            ("other calls to its account, for one policy of a bucket", one.calls, other.calls),
        ],
    )
    yield ""
    yield "## What limits first"
    yield ""
    yield (
        "How long a full sweep takes if nothing else limits it, by AWS's default quotas. Large regions are us-east-1, "
        "us-west-2 and eu-west-1. The quotas can be raised."
    )
    yield ""
    yield from _table(
        ("quota of the hub", "needed", "large regions", "others", "source"),
        [
            (
                quota.name,
                f"{needs[name]:,.0f}{' s' if name == 'Lambda' else ''}",
                f"{quota.large:,.0f}: {_hours(needs[name] / quota.large)}",
                f"{quota.small:,.0f}: {_hours(needs[name] / quota.small)}",
                quota.source,
            )
            for name, quota in QUOTAS.items()
        ],
    )
    slowest = max(QUOTAS, key=lambda name: needs[name] / QUOTAS[name].small)
    yield ""
    yield (
        f"So **{QUOTAS[slowest].name}** limits first: each resource takes two, one of the Distributed Map's and one of "
        "its remediation (that the map's count too is assumed). "
        f"The backfill has {SCOPES_AT_ONCE} services of accounts and regions at a time and {CONCURRENCY} resources of each; "
        f"{at_once} executions of about {an_execution:.2f} s would be {2 * at_once / an_execution:,.0f} starts a second and "
        f"{_hours(RESOURCES * an_execution / at_once)} in all. That is more than the quota: what Step Functions refuses is "
        "tried again, with jitter, so it is the quota that sets the pace until it is raised."
    )
    yield ""
    yield (
        "The services' own rates are per account and region, and so is the limit: at most "
        f"{CONCURRENCY} resources of one service at a time there, each with a read or two. Writes are rarer still. RDS "
        "answers DescribeDBInstances with a hundred instances when they are listed, and one by one when they are "
        "looked at, as only that is fresh enough to decide on."
    )
    yield ""
    yield "## What it costs"
    yield ""
    yield from _table(
        ("", "a sweep", "daily, a month of 30 days"),
        [
            *((name, f"${cost:,.2f}", f"${cost * 30:,.2f}") for name, cost in costs.items()),
            ("in all", f"${sum(costs.values()):,.2f}", f"${sum(costs.values()) * 30:,.2f}"),
        ],
    )
    yield ""
    yield (
        f"The entries of one sweep take ${kept:,.2f} a month to keep. A weekly sweep costs a seventh: "
        f"${sum(costs.values()) * 30 / 7:,.0f} a month. Events find changes within seconds anyway; a sweep finds what an "
        "event has missed."
    )
    yield ""
    yield (
        "Free tiers and X-Ray traces are left out, as are the calls themselves, which AWS does not charge for. "
        f"Prices are of us-east-1: {', '.join(f'{name} ${price:g}' for name, price in PRICES.items())}. "
        f"Assumed: {SECONDS_A_FUNCTION} s for a function, {ENTRY_KB} KiB for an entry, {LOG_KB} KB of logs for an "
        "invocation."
    )
    yield ""
    a_second = at_once / an_execution * ENTRY_KB
    yield (
        "All entries of a day are one key of the ledger's index, which takes 1,000 write units a second (DynamoDB "
        f"guide, Designing partition keys): {at_once} executions at a time write {a_second:,.0f}. Where there are so "
        "many more that it refuses some, they are written a little later: recording is tried again."
    )
    yield ""
    yield "## Other quotas"
    yield ""
    yield from _table(
        ("quota", "limit", "here"),
        [
            ("executions running at a time", "1,000,000", f"{at_once} and as many of the map"),
            (
                "Distributed Map runs at a time",
                "1,000",
                f"{SCOPES_AT_ONCE + 1}",
            ),
            ("items of a Distributed Map in one file", "10 GB", "about 0.4 KB an item"),
            ("state data", "256 KiB", "no list of resources is in it; they are in the work bucket"),
            ("history of an execution", "25,000 events", f"about {other.states * 4} for a remediation"),
            (
                "trust policies of the members",
                "2,048 characters",
                "the same for every number of accounts: a member trusts the hub, the hub nobody",
            ),
            (
                "accounts that the bus admits by list",
                "4,096 characters of a parameter",
                f"{4096 // 13} accounts; an organization is one entry",
            ),
        ],
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{ceil(seconds / 60)} min"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    for row in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(map(str, row))} |"


if __name__ == "__main__":
    (application.root() / "docs" / "scale.md").write_text(page())
