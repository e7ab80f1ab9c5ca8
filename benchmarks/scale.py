"""`python -m benchmarks.scale`: what looking at a whole organization takes; writes docs/scale.md.

The states, functions and calls of an execution are counted in executions of the embedded engine. The rest is
arithmetic on AWS's default quotas and list prices, which stand here with where they come from.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from math import ceil
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from tests.layer.storage.conftest import created
from tests.support.calls import Calls
from tests.support.member import broken, enable, start_input

from rightstate import storage
from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.catalogue import load_all
from rightstate.models.backfill import PlaceTypes, Scope, SurveyTask, Work
from rightstate.models.settings import Account, Enabled
from rightstate.models.start import Execution
from rightstate.policy import Mode
from rightstate.states.backfill import PLACES_OF_A_SCOPE
from rightstate.states.scope_survey import TYPES_AT_ONCE, survey_scope
from rightstate.storage.tables import TABLES
from rightstate.surveying import looks
from rightstate.surveying.survey import READERS
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.engine import simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import moto_gaps

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
SECONDS_A_CALL, SECONDS_OF_A_CALL, SECONDS_A_TYPE = 0.05, 0.003, 0.001
SURVEY_GB, SURVEY_CORES, FUNCTION_GB = 1, 0.58, 0.5
"""Lambda gives one core for 1,769 MB (Lambda guide, Configure memory)."""
TYPES_A_PLACE, READ_ALONE, RESULTS = 5, 0.25, 2
"""Assumed types with resources, beside those that every place has; the share of all resources that is read one by
one; and the objects that a map writes."""
CHANGED, RENEWED_DAYS = 0.2, 30
"""Assumed share of looks that see something else than the day before. The others are written anew after so many
days."""
COLD_SECONDS, RESTORE_SECONDS, TRAIL_SECONDS = 1.5, 0.4, 5
SNAP_CACHE, SNAP_RESTORE, FUNCTIONS = 0.0000015046, 0.0001397998, 9


@dataclass(frozen=True)
class Quota:
    """A default rate of AWS, per second, of one account and region."""

    name: str
    large: float
    small: float
    source: str


QUOTAS = {
    "GetExecutionHistory": Quota(
        "Step Functions, GetExecutionHistory",
        20,
        20,
        "Step Functions guide, Quotas related to API throttling",
    ),
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
    "a million PUT or LIST requests of S3": 5,
    "a million GET requests of S3": 0.4,
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
    definition = json.loads((sam_template.root() / "statemachines" / "remediation.asl.json").read_text())
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


def of_the_backfill() -> dict[str, int]:
    """The states that it enters for a scope where all is well, for a service of one where something is to be
    done, and for each resource that is acted on."""
    definition = json.loads((sam_template.root() / "statemachines" / "backfill.asl.json").read_text())
    place = definition["States"]["Each scope"]["ItemProcessor"]
    service = place["States"]["Each service"]["ItemProcessor"]
    resource = service["States"]["Each resource"]["ItemProcessor"]
    return {"scope": _entered(place), "service": _entered(service), "resource": _entered(resource)}


def _services_at_once() -> int:
    definition = json.loads((sam_template.root() / "statemachines" / "backfill.asl.json").read_text())
    scope = definition["States"]["Each scope"]["ItemProcessor"]["States"]
    return int(scope["Each service"]["MaxConcurrency"])


def _entered(machine: Mapping[str, Any]) -> int:
    entered, state = 1, machine["States"][machine["StartAt"]]
    while not state.get("End"):
        entered += 1
        state = machine["States"][state.get("Default") or state["Next"]]
    return entered


@dataclass(frozen=True)
class Surveyed:
    """What surveying a place takes, in calls to the account: where there is nothing, and for one more bucket.

    `everywhere` counts the types of which every place has a resource: its settings, and its default VPC's parts.
    """

    types: int
    everywhere: int
    empty: int
    bucket: int


def surveyed() -> Surveyed:
    """Of the hub's own account, with every policy enabled."""
    types = tuple(each.name for each in load_all())
    found = []
    with _hub() as task:
        [place] = task.scope.places
        for buckets in range(3):
            for number in range(max(0, buckets - 1), buckets):
                boto3.client("s3").create_bucket(Bucket=f"measured-{number}", **_THERE)
            with Calls() as calls, redirect_stdout(StringIO()):  # its metrics
                survey_scope(task)
            found.append(sum(call not in _OF_THE_HUB for call in calls.made))
            if not buckets:
                everywhere = len(looks.deployed().parts_of(task.scope.account, place.region))
    return Surveyed(types=len(types), everywhere=everywhere, empty=found[0], bucket=found[2] - found[1])


_THERE: Any = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
_OF_THE_HUB = {
    *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
    *("s3:GetObject", "s3:ListObjectsV2", "s3:PutObject"),
}


@contextmanager
def _hub() -> Iterator[SurveyTask]:
    """A hub with its tables and bucket, where everything is enabled for its own account."""
    account, region = "123456789012", "eu-west-1"
    arn = f"arn:aws:states:{region}:{account}:execution:rightstate-backfill"
    environment = {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        **{spec.variable: spec.name for spec in TABLES},
        "LEDGER_DAYS": "400",
        "EXEMPTION_DAYS": "90",
        "WORK_BUCKET": "work",
        "POWERTOOLS_METRICS_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "Rightstate",
        "POWERTOOLS_SERVICE_NAME": "rightstate",
    }
    policies = {
        policy.id: Enabled(mode=Mode.AUTO, parameters=policy.examples)
        for each in load_all()
        for policy in each.policies
    }
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        boto3.client("s3").create_bucket(Bucket="work", **_THERE)
        for spec in TABLES:
            created(spec)
        storage.settings().put(settings.as_item(Account(account=account, policies=policies)))
        name = "measured"
        yield SurveyTask(
            execution=Execution(
                id=f"{arn}:{name}", name=name, started="2030-01-01T00:00:00.000Z", state_machine=arn
            ),
            scope=Scope(
                account=account,
                places=(PlaceTypes(region=region, types=tuple(each.name for each in load_all())),),
            ),
            work=Work(
                batch=name,
                scopes=None,
                policies=None,
                mode=None,
                reason="sweep",
                sweep=True,
                concurrency=CONCURRENCY,
                not_before="1970-01-01T00:00:00Z",
                until="9999-12-31T23:59:59Z",
            ),
        )


@dataclass(frozen=True)
class Sweep:
    """What one sweep of everything takes."""

    transitions: float
    starts: float
    assume_role: float
    survey_seconds: float
    function_seconds: float
    invocations: float
    histories: float
    write_units: float
    puts: float
    gets: float

    @property
    def costs(self) -> dict[str, float]:
        """In dollars."""
        gigabyte_seconds = self.survey_seconds * SURVEY_GB + self.function_seconds * FUNCTION_GB
        return {
            "Step Functions, state transitions": self.transitions
            / 1e6
            * PRICES["a million state transitions"],
            "Lambda, survey": self.survey_seconds
            * SURVEY_GB
            / 1e6
            * PRICES["a million GB-seconds of Lambda"],
            "Lambda, remediations": (gigabyte_seconds - self.survey_seconds * SURVEY_GB)
            / 1e6
            * PRICES["a million GB-seconds of Lambda"],
            "Lambda, invocations": self.invocations / 1e6 * PRICES["a million invocations"],
            "DynamoDB, writes of entries and counts": self.write_units
            / 1e6
            * PRICES["a million write units of DynamoDB"],
            "S3, looks and lists of items": self.puts / 1e6 * PRICES["a million PUT or LIST requests of S3"]
            + self.gets / 1e6 * PRICES["a million GET requests of S3"],
            "CloudWatch, logs": self.invocations * LOG_KB / 1e6 * PRICES["a GB of logs"],
        }


def sweep(path: Path, seen: Surveyed, states: Mapping[str, int]) -> Sweep:
    """Of all resources, of which so many are broken."""
    places, scopes = ACCOUNTS * REGIONS, ACCOUNTS * ceil(REGIONS / PLACES_OF_A_SCOPE)
    looked = places * (seen.everywhere + TYPES_A_PLACE)
    broken = RESOURCES * BROKEN
    # Most broken ones are alone in their place and service.
    services = broken
    # Four types side by side wait for AWS; what Python does is done by one core.
    calls = seen.types + seen.empty
    a_place = (
        calls * SECONDS_A_CALL / TYPES_AT_ONCE
        + (seen.types * SECONDS_A_TYPE + calls * SECONDS_OF_A_CALL) / SURVEY_CORES
    )
    single = RESOURCES * READ_ALONE * seen.bucket
    reading = single * (SECONDS_A_CALL / READERS + SECONDS_OF_A_CALL / SURVEY_CORES)
    return Sweep(
        transitions=scopes * states["scope"]
        + services * states["service"]
        + broken * (states["resource"] + path.states),
        starts=scopes + 2 * broken,
        assume_role=places * seen.types + broken * path.assume_role,
        survey_seconds=places * a_place + reading,
        function_seconds=broken * path.functions * SECONDS_A_FUNCTION,
        invocations=scopes + broken * path.functions,
        histories=broken,
        write_units=broken * (COPIES * ENTRY_KB + KEYS) + places * seen.types,
        # A look of each type that there is, the list of a place's items and of its looks; a service's items
        # and what its map writes. A look is not written if it saw the same.
        puts=looked * (CHANGED + (1 - CHANGED) / RENEWED_DAYS) + places * 2 + services * (1 + RESULTS),
        gets=looked + places + services,
    )


def page() -> str:
    """docs/scale.md."""
    return "\n".join(_lines(measured(), surveyed())) + "\n"


def _lines(paths: dict[str, Path], seen: Surveyed) -> Iterator[str]:
    path, states = paths["remediated"], of_the_backfill()
    swept = sweep(path, seen, states)
    places, broken = ACCOUNTS * REGIONS, RESOURCES * BROKEN
    a_place = swept.survey_seconds / places
    needs = {
        "GetExecutionHistory": swept.histories,
        "StartExecution": swept.starts,
        "StateTransition": swept.transitions,
        "AssumeRole": swept.assume_role,
        "Lambda": swept.survey_seconds + swept.function_seconds,
        "DynamoDB": swept.write_units,
    }
    yield "# At scale"
    yield ""
    yield (
        f"A daily sweep of {RESOURCES:,} resources costs ${sum(swept.costs.values()) * 30:,.0f} a month. A sweep takes "
        f"{_hours(swept.survey_seconds / SCOPES_AT_ONCE)}."
    )
    yield ""
    yield (
        f"The resources are in {ACCOUNTS:,} accounts and {REGIONS} regions. {BROKEN:.0%} of them break a policy. All "
        f"{seen.types} types are enabled everywhere. `python -m benchmarks.scale` writes this page. It counts the states, "
        "functions and calls of real executions and surveys, and has every assumption in one place."
    )
    yield ""
    yield "## A place and a resource"
    yield ""
    yield (
        f"A place is an account in a region. One function surveys {PLACES_OF_A_SCOPE} places of an account, which are a "
        "scope. An execution is started only for a resource that needs a change or an approval, is busy, or cannot be read."
    )
    yield ""
    yield from _table(
        ("counted", "number"),
        [
            (
                f"states of the backfill for {PLACES_OF_A_SCOPE} places where nothing is broken",
                states["scope"],
            ),
            ("types of which every place has a resource, such as its default VPC", seen.everywhere),
            ("calls to the account for a place without resources", seen.empty),
            ("AssumeRole for a place, one for each type", seen.types),
            ("more calls for each bucket, for all policies", seen.bucket),
            ("states of the backfill for a service with something to do", states["service"]),
            ("states of the backfill for a resource with an execution", states["resource"]),
            ("states of its remediation", path.states),
            ("functions of its remediation", path.functions),
            ("AssumeRole of its remediation", path.assume_role),
            ("other calls to its account, for one policy of a bucket", path.calls),
        ],
    )
    yield ""
    yield "## What limits first"
    yield ""
    yield (
        "The table shows how long a full sweep takes if only that default quota of AWS limits it. Large regions are "
        "us-east-1, us-west-2 and eu-west-1. You can request higher quotas."
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
    looking = swept.survey_seconds / SCOPES_AT_ONCE
    yield ""
    yield (
        f"The quota **{QUOTAS[slowest].name}** limits first. The backfill surveys {SCOPES_AT_ONCE} scopes at a time. A "
        f"place takes {a_place:.1f} s on average, all places **{_hours(looking)}**. Remediations run meanwhile. Throttled "
        "calls are retried, with jitter. The calls to an account share the rates of its services, so a place has at most "
        f"{READERS} reads at a time, and {CONCURRENCY} remediations of a service."
    )
    yield ""
    yield "## What it costs"
    yield ""
    costs = swept.costs
    total = sum(costs.values())
    yield from _table(
        ("part", "a sweep", "daily, a month of 30 days"),
        [
            *((name, f"${cost:,.2f}", f"${cost * 30:,.2f}") for name, cost in costs.items()),
            ("total", f"${total:,.2f}", f"${total * 30:,.2f}"),
        ],
    )
    yield ""
    acting = broken * (states["service"] + states["resource"] + path.states)
    yield (
        f"The {broken:,.0f} remediations cause {acting / swept.transitions:.0%} of the state transitions. The "
        f"{places:,} places cause the others, whatever the number of resources in them. A weekly sweep costs "
        f"${total * 30 / 7:,.0f} a month. Events find changes within seconds; a sweep finds what events missed."
    )
    yield ""
    prices = ", ".join(f"{name} ${price:g}" for name, price in PRICES.items())
    yield (
        "Free tiers and X-Ray traces are left out. AWS does not charge for the calls to the accounts. "
        f"Prices are of us-east-1: {prices}."
    )
    yield ""
    yield "Assumed, not measured on AWS:"
    yield ""
    yield f"- A call to an account takes {SECONDS_A_CALL} s, of which Python takes {SECONDS_OF_A_CALL} s."
    yield f"- A type in a place takes {SECONDS_A_TYPE} s of processor time beside its calls: a session, and a client that sessions share. It took 0.0005 s here, and 0.003 to 0.027 s where the process had no client of that service and region yet."
    yield f"- A function of a remediation takes {SECONDS_A_FUNCTION} s."
    yield f"- A place has resources of {TYPES_A_PLACE} types beside the {seen.everywhere} of which every place has some. {READ_ALONE:.0%} of all resources are read one by one, as buckets are."
    yield f"- {CHANGED:.0%} of the looks see something else than the day before. The others are written anew after {RENEWED_DAYS} days."
    yield f"- An entry has {ENTRY_KB} KiB, and an invocation logs {LOG_KB} KB. The results of a map are {RESULTS} objects: its manifest and what succeeded."
    yield ""
    yield from _latency(path)
    yield from _other_quotas(path)


def _other_quotas(path: Path) -> Iterator[str]:
    yield "## Other quotas"
    yield ""
    yield from _table(
        ("quota", "limit", "here"),
        [
            (
                "executions running at a time",
                "1,000,000",
                "one for each resource with an execution, and one for each item of the map",
            ),
            (
                "Distributed Map runs at a time",
                "1,000",
                f"{SCOPES_AT_ONCE} scopes with up to {_services_at_once()} services each",
            ),
            ("items of a Distributed Map in one file", "10 GB", "about 0.4 KB an item"),
            ("state data", "256 KiB", "no list of resources is in it; they are in the work bucket"),
            ("history of an execution", "25,000 events", f"about {path.states * 4} for a remediation"),
            ("time of a function", "15 min", "a survey hands over 5 minutes before that"),
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


def _latency(path: Path) -> Iterator[str]:
    """How long an event takes to its verified change."""
    yield "## From an event to the verified change"
    yield ""
    yield (
        f"{path.functions} functions run one after the other. A cold function starts a new Python and imports the "
        f"library: {COLD_SECONDS} s assumed, on 512 MB. The values of AWS's parts are typical, not guaranteed."
    )
    yield ""
    warm = path.functions * SECONDS_A_FUNCTION
    yield from _table(
        ("part", "warm", "cold"),
        [
            (
                "CloudTrail hands the call to EventBridge (assumed)",
                f"{TRAIL_SECONDS} s",
                f"{TRAIL_SECONDS} s",
            ),
            ("EventBridge, and the start of the execution (assumed)", "0.5 s", "0.5 s"),
            (f"{path.functions} functions", f"{warm:.1f} s", f"{warm + path.functions * COLD_SECONDS:.1f} s"),
            (f"{path.states} state transitions, 0.02 s each (assumed)", *[f"{path.states * 0.02:.1f} s"] * 2),
        ],
    )
    yield ""
    hot = path.functions * COLD_SECONDS
    yield (
        f"Lambda SnapStart restores a function from a snapshot after its imports. It would save about "
        f"{hot - path.functions * RESTORE_SECONDS:.0f} s of the cold {hot:.0f} s ({RESTORE_SECONDS} s a restore, assumed). "
        f"{FUNCTIONS} functions of 512 MB would cost ${SNAP_CACHE * 30 * 86400 * FUNCTIONS * FUNCTION_GB:,.0f} a month for "
        f"one version of each. CloudTrail's {TRAIL_SECONDS} s stay, so it does not pay, and there is no parameter for it. "
        f"For Python, AWS charges ${SNAP_CACHE:.10f} for a GB-second of cached snapshot of each published version, and ${SNAP_RESTORE} for "
        "a GB restored (Lambda pricing, SnapStart, us-east-1, as known, not confirmed here)."
    )
    yield ""


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{ceil(seconds / 60)} min"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    for row in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(map(str, row))} |"


if __name__ == "__main__":
    # moto warns of each resource of the templates that it does not simulate.
    logging.getLogger("moto").setLevel(logging.ERROR)
    (sam_template.root() / "docs" / "scale.md").write_text(page())
