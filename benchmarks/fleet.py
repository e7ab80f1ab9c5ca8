"""`python -m benchmarks.fleet`: a fleet planned by the command line and put right by the deployed backfill.

Buckets and databases over three accounts and two regions, on a moto server; the application deployed into
ministack. The apply is killed and its batch stopped on the way, then resumed. Every item has to be accounted
for, and none may be written twice. It takes minutes: `make fleet`, not `make bench`.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random
from typing import Annotated, Any
from unittest.mock import patch

import typer
from moto.core.exceptions import AccessDeniedError
from moto.core.responses import BaseResponse
from tests.acceptance import emulator
from tests.acceptance.conftest import HUBS_OWN
from tests.acceptance.hub import Hub, awaited, build
from tests.support.server import Server, started
from tests.support.throttling import throttled

from rightstate_cli.terminal.output import print_table

ACCOUNTS = ("555566667777", "666677778888", "777788889999")
REGIONS = ("us-east-1", "eu-west-1")
POLICIES = ("s3-versioning", "rds-mysql-deletion-protection")
WRITES = ("s3:PutBucketVersioning", "rds:ModifyDBInstance")


_READING = (
    *("plan", "--deployed", "--role", "rightstate-remediation"),
    *(word for region in REGIONS for word in ("--region", region)),
)


@dataclass
class Ran:
    """A command that has ended, its seconds, and the most memory that it had, in MB."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


def main(
    buckets: Annotated[int, typer.Option(help="Buckets, over all accounts and regions.")] = 2000,
    databases: Annotated[int, typer.Option(help="Databases, over all accounts and regions.")] = 500,
    faults: Annotated[bool, typer.Option(help="Throttle a tenth of the calls, deny a hundredth.")] = False,
    growth: Annotated[
        bool, typer.Option(help="Instead: plan and apply 100, 500 and 2,000 resources.")
    ] = False,
    sweep: Annotated[
        bool, typer.Option(help="Instead: sweep a fleet of which a hundredth is broken.")
    ] = False,
) -> None:
    """Plan, apply, kill, resume, and account for every item."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    if growth:
        _growth((100, 500, 2000))
    elif sweep:
        _swept(buckets, databases, faults)
    else:
        _killed_and_resumed(buckets, databases, faults)


def _growth(sizes: tuple[int, ...]) -> None:
    """How time, calls and memory grow with the number of resources, four fifths of them buckets."""
    rows = []
    for size in sizes:
        with _deployed() as (server, _, environment), tempfile.TemporaryDirectory() as folder:
            _make(server, size * 4 // 5, size // 5)
            plan = str(Path(folder, "plan.json"))
            server.calls.clear()
            planned = _run(environment, *_READING, "-o", plan)
            read = len(server.calls)
            server.calls.clear()
            applied = _run(environment, "apply", plan, "--yes", "--concurrency", "20")
            if applied.code:
                raise SystemExit(f"It could not be applied: {applied.err}")
            rows.append(
                (
                    f"{size:,}",
                    f"{planned.seconds:.1f} s",
                    f"{read / size:.1f}",
                    f"{planned.megabytes:.0f} MB",
                    f"{applied.seconds:.0f} s",
                    f"{size / applied.seconds:.1f}",
                    f"{len(server.calls) / size:.1f}",
                    f"{applied.megabytes:.0f} MB",
                )
            )
    heading = ("Resources", "Planned", "calls each", "memory")
    print_table("Growth", (*heading, "Applied", "a second", "calls each", "memory"), rows)


def _killed_and_resumed(buckets: int, databases: int, faults: bool) -> None:
    with _deployed() as (server, hub, environment), tempfile.TemporaryDirectory() as folder:
        _make(server, buckets, databases)
        plan = str(Path(folder, "plan.json"))
        rows = []

        def run(name: str, *arguments: str) -> Ran:
            server.calls.clear()
            ran = _run(environment, *arguments)
            rows.append(
                (
                    name,
                    f"{ran.seconds:.1f} s",
                    f"{ran.megabytes:.0f} MB",
                    f"{len(server.calls):,}",
                    str(ran.code),
                )
            )
            return ran

        run("plan", *_READING, "-o", plan)
        planned = json.loads(Path(plan).read_text())["items"]
        broken = [item for item in planned if item["status"] == "broken"]
        with ExitStack() as stack:
            refused = stack.enter_context(_faults()) if faults else []
            server.calls.clear()
            began = time.perf_counter()
            _killed(environment, hub, plan, len(broken))
            shown = _run(environment, "batch", "list", "--format", "json")
            [batch] = {each["batch"] for each in json.loads(shown.out)}
            _run(environment, "batch", "stop", batch)
            resumed = _run(environment, "batch", "resume", batch)
            if resumed.code == 2:
                raise SystemExit(f"It could not be resumed: {resumed.err}")
            seconds = time.perf_counter() - began
        # A call that was refused has reached the server, and written nothing.
        writes = Counter(call for call in server.calls if call in WRITES)
        writes.subtract(Counter(call for call in refused if call in WRITES))
        result = _run(environment, "batch", "show", batch, "--format", "json")
        outcomes = Counter(item["outcome"] for item in json.loads(result.out)["items"])
        after = run("plan again", *_READING, "--format", "json")
        left = Counter(item["status"] for item in json.loads(after.out)["items"])
        print_table("Commands", ("", "took", "memory", "calls to the accounts", "exit code"), rows)
        print_table(
            "Apply, killed on the way and resumed",
            ("", ""),
            [
                ("items approved", f"{len(broken):,}"),
                ("outcomes", str(dict(outcomes))),
                ("writes", str(dict(writes))),
                ("took", f"{seconds:.0f} s, {len(broken) / seconds:.1f} a second"),
                ("calls refused", f"{len(refused):,}"),
                ("afterwards", str(dict(left))),
            ],
        )
        accounted = sum(outcomes.values()) == len(broken) == buckets + databases
        # What failed after its write, as it could not be read again, has been written once too.
        once = outcomes["remediated"] <= sum(writes.values()) <= outcomes["remediated"] + outcomes["failed"]
        if not (accounted and once):
            raise SystemExit("Not every item is accounted for once.")


def _swept(buckets: int, databases: int, faults: bool) -> None:
    """Sweep a fleet of which a hundredth is broken; with faults, stop the run on the way and go on."""
    with _deployed() as (server, hub, _):
        _make(server, buckets, databases)
        broken = _repair_most(server, buckets, databases)
        server.calls.clear()
        began = time.perf_counter()
        given = {"batch": "swept", "sweep": True, "regions": list(REGIONS), "concurrency": 20}
        with _faults() if faults else nullcontext([]) as refused:
            runs = [hub.start("backfill", given)]
            if faults:
                awaited(lambda: len(_entries(hub)) > broken / 3)
                # As in the console. `rightstate batch stop` gives an error by which the record says
                # `stopped`. Without it the run itself is recorded as `died`.
                hub.client("stepfunctions").stop_execution(executionArn=runs[0])
                hub.ended(runs[0])
                runs.append(hub.start("backfill", given))
            hub.ended(runs[-1])
            calls = list(server.calls)
        seconds = time.perf_counter() - began
        entries = _entries(hub)
        runs_recorded = [item for item in _items(hub) if _is_of_a_run(item)]
        writes = Counter(call for call in calls if call in WRITES)
        writes.subtract(Counter(call for call in refused if call in WRITES))
        outcomes = Counter(entry["outcome"]["S"] for entry in entries)
        counts = [item for item in _items(hub) if item["resource"]["S"].startswith("looks/")]
        latest = {item["at"]["S"].rpartition("#")[2] + item["of"]["S"]: item for item in counts}
        looked = sum(int(item["resources"]["N"]) for item in latest.values())
        print_table(
            "A sweep" + (", with faults and stopped on the way" if faults else ""),
            ("", ""),
            [
                ("resources", f"{buckets + databases:,}, of which {broken:,} are broken"),
                ("in the looks", f"{looked:,}"),
                ("remediations started", f"{len(entries):,}"),
                ("outcomes", str(dict(outcomes))),
                ("the stopped run itself", ", ".join(each["outcome"]["S"] for each in runs_recorded)),
                ("writes", str(dict(writes))),
                ("state transitions, without the maps' own", f"{_transitions(hub):,}"),
                ("calls to the server, of the hub's bucket too", f"{len(calls):,}"),
                ("calls refused", f"{len(refused):,}"),
                ("took", f"{seconds:.0f} s"),
            ],
        )
        for entry in entries:
            if entry["outcome"]["S"] in ("failed", "died"):
                print(f"{entry['resource']['S']}: {entry['reason']['S']}", file=sys.stderr)
        started = {entry["resource"]["S"] for entry in entries}
        once = sum(writes.values()) <= broken
        if looked != buckets + databases or not once or (not faults and len(started) > broken):
            raise SystemExit("Not every resource is accounted for once.")


def _repair_most(server: Server, buckets: int, databases: int) -> int:
    """Leave one in a hundred broken; how many that are."""
    places = [(account, region) for account in ACCOUNTS for region in REGIONS]
    clients = [
        [server.session(account).client(service, region_name=region) for account, region in places]
        for service in ("s3", "rds")
    ]
    for number in range(buckets):
        if number % 100:
            clients[0][number % len(places)].put_bucket_versioning(
                Bucket=f"fleet-{number}", VersioningConfiguration={"Status": "Enabled"}
            )
    for number in range(databases):
        if number % 100:
            clients[1][number % len(places)].modify_db_instance(
                DBInstanceIdentifier=f"fleet-{number}", DeletionProtection=True, ApplyImmediately=True
            )
    return ceil(buckets / 100) + ceil(databases / 100)


def _items(hub: Hub) -> list[dict[str, Any]]:
    pages = hub.client("dynamodb").get_paginator("scan").paginate(TableName=hub.outputs["LedgerTable"])
    return [item for page in pages for item in page["Items"]]


def _entries(hub: Hub) -> list[dict[str, Any]]:
    """Those of remediations."""
    return [item for item in _items(hub) if "execution" in item and not _is_of_a_run(item)]


def _is_of_a_run(item: dict[str, Any]) -> bool:
    """Whether it is the entry of a backfill that did not end by itself."""
    return "execution" in item and item["resource_type"]["S"] == "backfill"


def _transitions(hub: Hub) -> int:
    """The states that the executions of the hub's machines have entered; not those of their maps, which
    ministack does not list."""
    states = hub.client("stepfunctions")
    entered = 0
    for machine in states.list_state_machines()["stateMachines"]:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine["stateMachineArn"])
        for execution in (each for page in pages for each in page["executions"]):
            history = states.get_paginator("get_execution_history").paginate(
                executionArn=execution["executionArn"]
            )
            entered += sum(
                "stateEnteredEventDetails" in event for page in history for event in page["events"]
            )
    return entered


@contextmanager
def _deployed() -> Iterator[tuple[Server, Hub, dict[str, str]]]:
    with ExitStack() as stack:
        server = stack.enter_context(started())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = emulator.free_port()
        here = emulator.endpoint(port)
        own = {f"AWS_ENDPOINT_URL_{service}": here for service in HUBS_OWN}
        endpoint = stack.enter_context(
            emulator.running(port, **{"AWS_ENDPOINT_URL": server.endpoint, **own, "SFN_WAIT_SCALE": "0.02"})
        )
        hub = Hub(endpoint)
        hub.deploy(build(folder / "build"))
        for account in ACCOUNTS:
            hub.enable(*POLICIES, account=account)
        environment = {
            **emulator.plain(os.environ),
            **emulator.CREDENTIALS,
            "AWS_ENDPOINT_URL": server.endpoint,
            **{f"AWS_ENDPOINT_URL_{each}": endpoint for each in (*HUBS_OWN, "CLOUDFORMATION", "LAMBDA")},
            "RIGHTSTATE_LEDGER": str(folder / "ledger.sqlite"),
            "COLUMNS": "160",
        }
        yield server, hub, environment


def _make(server: Server, buckets: int, databases: int) -> None:
    places = [(account, region) for account in ACCOUNTS for region in REGIONS]
    sessions = {account: server.session(account) for account in ACCOUNTS}
    clients = {
        place: (
            sessions[place[0]].client("s3", region_name=place[1]),
            sessions[place[0]].client("rds", region_name=place[1]),
        )
        for place in places
    }
    for number in range(buckets):
        place = places[number % len(places)]
        where = (
            {} if place[1] == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place[1]}}
        )
        clients[place][0].create_bucket(Bucket=f"fleet-{number}", **where)
    for number in range(databases):
        clients[places[number % len(places)]][1].create_db_instance(
            DBInstanceIdentifier=f"fleet-{number}",
            Engine="mysql",
            EngineVersion="8.0.36",
            DBInstanceClass="db.t3.medium",
            AllocatedStorage=20,
            MasterUsername="admin",
            MasterUserPassword="not-a-secret",
        )


def _killed(environment: dict[str, str], hub: Hub, plan: str, items: int) -> None:
    """Begin to apply, and kill the command when a third is in the ledger."""
    process = _start(environment, "apply", plan, "--yes", "--concurrency", "20")
    table = hub.outputs["LedgerTable"]
    while process.poll() is None:
        pages = hub.client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
        if sum(page["Count"] for page in pages) > items / 3:
            process.kill()
        time.sleep(1)
    process.communicate()


@contextmanager
def _faults() -> Iterator[list[str]]:
    """Throttle a tenth of the calls to the accounts, one by one, and deny a hundredth."""
    random = Random(1)  # noqa: S311
    denied: list[str] = []

    def denying(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        set_up(self, request, *args, **kwargs)
        if self.service_name in ("s3", "rds") and _of_member(self) and random.randrange(100) == 0:
            denied.append(f"{self.service_name}:{self._get_action() or request.method}")
            raise AccessDeniedError("somebody", "something")

    with throttled({"s3", "rds"}, 1, 10, _of_member) as refused:
        set_up = BaseResponse.setup_class
        with patch.object(BaseResponse, "setup_class", denying):
            yield refused
    refused += denied


def _of_member(response: BaseResponse) -> bool:
    """Whether a call is about what is remediated. The hub's work bucket is on the same server."""
    # The calls about the hub's bucket may be made with credentials of any account, or none.
    return response.current_account in ACCOUNTS and "workbucket" not in response.uri


def _run(environment: dict[str, str], *arguments: str) -> Ran:
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = _start(environment, *arguments, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        err.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return Ran(code, out.read(), err.read(), time.perf_counter() - began, usage.ru_maxrss / 1024)


def _start(environment: dict[str, str], *arguments: str, **streams: Any) -> "subprocess.Popen[str]":
    streams = streams or {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [str(Path(sys.executable).parent / "rightstate"), *arguments]
    return subprocess.Popen(command, env=environment, text=True, **streams)  # noqa: S603 - our own command


if __name__ == "__main__":
    typer.run(main)
