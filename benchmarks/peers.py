"""`python -m benchmarks.peers`: buckets and databases put right by three ways, side by side on one server.

The floor is what has to be done at least: the calls themselves on eight threads, read again afterwards.
Cloud Custodian runs policies like ours, as far as it has them, and reads nothing again. Rightstate runs as a
user runs it. Each is a process of its own. What they leave is read by plain calls that none of them makes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer

from benchmarks import custodian as peer
from benchmarks import machine, peers_page, server
from benchmarks.floor import DIRECTLY, PARAMETERS
from benchmarks.peers_page import (
    BROKEN,
    COMPLIANT,
    EACH_A_GROUP,
    LISTING,
    ONE_PERCENT,
    SAME,
    Measured,
    Result,
)
from rightstate.catalogue import load
from rightstate_cli.application import sam_template
from rightstate_cli.simulation import examples

_REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "own", "AWS_DEFAULT_REGION": _REGION}
_SHARED_GROUP = "peers-mysql8"
_OF_BUCKETS = {
    *("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"),
    *("Versioning", "SSEAlgorithm", "Grants", "Acceleration"),
}
"""The settings that the floor puts right. Its compliant buckets break policies about others."""


def make(slow: server.SlowServer, resource_type: str, count: int, state: str) -> list[str]:
    """Resources that break everything; all, one in a hundred, or none is left so."""
    slow.reset()
    session = _Session("own", "own", region_name=_REGION)
    example = examples.load(resource_type)
    left = {BROKEN: count, ONE_PERCENT: max(1, count // 100)}.get(state, 0)
    client = session.client(DIRECTLY[resource_type][0])
    put_right = _put_right(resource_type, client, state != EACH_A_GROUP)
    with ThreadPoolExecutor(4) as pool:
        named = (f"peer-{number}" for number in range(count))
        names = list(pool.map(lambda name: example.create(session, name, example.policy), named))
        list(pool.map(put_right, names[left:]))
    return names


class _Session(boto3.Session):
    """One client for each service, as making one takes longer than its call."""

    def client(self, service: str, *given: Any, **options: Any) -> Any:  # type: ignore[override]
        if service not in self.__dict__:
            endpoint = os.environ["AWS_ENDPOINT_URL"]
            self.__dict__[service] = super().client(service, *given, endpoint_url=endpoint, **options)  # type: ignore[call-overload]
        return self.__dict__[service]


def _put_right(resource_type: str, client: Any, shared_group: bool) -> Callable[[str], None]:
    """What puts one resource right. Databases share a parameter group then, as those of an account do, or
    keep one each."""
    _, read, fix = DIRECTLY[resource_type]
    if resource_type != "rds-instance" or not shared_group:
        return lambda name: fix(client, name, read(client, name))
    group = {"DBParameterGroupName": _SHARED_GROUP}
    client.create_db_parameter_group(**group, DBParameterGroupFamily="mysql8.0", Description="shared")
    parameters = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "immediate"}
        for key, value in PARAMETERS.items()
    ]
    client.modify_db_parameter_group(**group, Parameters=parameters)

    def put_right(name: str) -> None:
        client.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **group)
        fix(client, name, read(client, name))

    return put_right


def _left(resource_type: str, names: Sequence[str]) -> dict[str, int]:
    """Control -> how many resources break it."""
    service, read, _ = DIRECTLY[resource_type]
    client = _Session("own", "own", region_name=_REGION).client(service)
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(4) as pool:
        for broken in pool.map(lambda name: read(client, name), names):
            for control in broken:
                counts[control] = counts.get(control, 0) + 1
    return dict(sorted(counts.items()))


def _command(who: str, resource_type: str, rightstate: str, custodian: Path, folder: Path) -> list[str]:
    if who in ("floor", LISTING):
        return [
            sys.executable,
            "-m",
            "benchmarks.floor",
            resource_type,
            *(["list"] if who == LISTING else []),
        ]
    if who == "custodian":
        policies = folder / "policies.json"
        policies.write_text(json.dumps({"policies": peer.POLICIES[resource_type]}))
        run = ["run", "--cache-period", "0", "-s", str(folder / "out"), "--region", _REGION, str(policies)]
        return [str(custodian), *run]
    left_out = peer.LACKING[resource_type] if who == SAME else ()
    chosen = [
        f"--policy={each.id}"
        for each in load(resource_type).policies
        if each.id not in left_out and (resource_type != "s3-bucket" or each.wants.keys() <= _OF_BUCKETS)
    ]
    return [*rightstate.split(), "remediate", "--yes", *chosen, "--format", "json"]


def _run(command: Sequence[str], folder: Path, limit: float) -> dict[str, Any]:
    """The seconds, those of the processor, and the exit code: -1 where it was ended because it took too
    long."""
    environment = {**os.environ, **KEYS, "HOME": str(folder)}
    environment["RIGHTSTATE_LEDGER"] = str(folder / "ledger.sqlite")
    busy = machine.busy_seconds()
    began = time.perf_counter()
    with (folder / "out.json").open("wb") as out, (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=said)  # noqa: S603 - ours
        ends = began + limit
        while True:
            done, status, used = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            if time.perf_counter() > ends:
                process.kill()
                _, _, used = os.wait4(process.pid, 0)
                status = -1
                break
            time.sleep(0.01)
    code = status if status < 0 else os.waitstatus_to_exitcode(status)
    process.returncode = code
    return {
        "seconds": time.perf_counter() - began,
        "processor": used.ru_utime + used.ru_stime,
        "busy": machine.busy_seconds() - busy,
        "exit": code,
    }


def _executions(out: Path, began: float) -> dict[str, Any]:
    """How many executions `rightstate remediate` had, and seconds until the first was started."""
    try:
        ended = json.loads(out.read_text())
    except ValueError:
        return {}
    started = [datetime.fromisoformat(each["started_at"]) for each in ended if each["name"]]
    first = min(started).timestamp() - began if started else None
    return {"executions": len(started), "first": first}


def _measure(
    slow: server.SlowServer,
    about: tuple[str, int, str, int],
    who: str,
    rightstate: str,
    custodian: Path,
    limit: float,
) -> Result:
    resource_type, count, state, delay = about
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        names = make(slow, resource_type, count, state)
        command = _command(who, resource_type, rightstate, custodian, folder)
        slow.answer_after(delay)
        began = time.time()
        ran = _run(command, folder, limit)
        worked = slow.answer_after(0)
        elsewhere = ran.pop("busy") - ran["processor"] - worked.processor
        return Result(
            type=resource_type,
            resources=count,
            state=state,
            milliseconds=delay,
            who=who,
            calls=worked.calls,
            server=worked.processor,
            elsewhere=max(0.0, elsewhere),
            left=_left(resource_type, names),
            **ran,
            **(_executions(folder / "out.json", began) if who in ("rightstate", SAME) else {}),
        )


def _ways(resource_type: str, count: int, state: str, delay: int) -> Iterator[str]:
    """Who is measured of a case. What only explains a target is measured where the target is."""
    yield from ("floor", "custodian", "rightstate")
    if resource_type == "rds-instance" and state == BROKEN:
        yield SAME
    if resource_type == "rds-instance" and state == ONE_PERCENT:
        yield LISTING


def _version(custodian: Path) -> str:
    return subprocess.run([custodian, "version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - ours


def _cases(
    types: Iterable[str], counts: Iterable[int], states: Sequence[str], delays: Iterable[int]
) -> Iterator[tuple[str, int, str, int]]:
    for case in product(types, counts, states, delays):
        if case[0] == "rds-instance" or case[2] != EACH_A_GROUP:
            yield case


def main(
    counts: Annotated[list[int] | None, typer.Argument(help="Resources of each type; 50 and 500.")] = None,
    milliseconds: Annotated[list[int] | None, typer.Option("--ms", help="Of an answer; 0 and 20.")] = None,
    states: Annotated[list[str] | None, typer.Option("--state", help="Only this one.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this one.")] = None,
    who: Annotated[list[str] | None, typer.Option("--who", help="Only this one.")] = None,
    rightstate: Annotated[str, typer.Option(help="The command to measure.")] = "rightstate",
    custodian: Annotated[Path, typer.Option(help="Where Cloud Custodian is installed.")] = Path(
        ".venv-c7n/bin/custodian"
    ),
    limit: Annotated[float, typer.Option(help="Seconds after which a run is ended.")] = 900,
    quick: Annotated[
        bool, typer.Option("--quick", help="One case, unless others are named: 50 broken databases at 20 ms.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the figures and their page into docs/.")
    ] = False,
) -> None:
    """Measure the floor, Cloud Custodian and Rightstate. Exit code 1 if a target is not met."""
    theirs = {"Cloud Custodian": _version(custodian)}
    known = sam_template.root() / "docs" / "benchmarks" / "peers.json"
    profile = Measured.model_validate_json(known.read_text()).profile if known.exists() else {}
    measured = Measured(machine=machine.describe(**theirs), results=[], profile=profile)
    every = (BROKEN, ONE_PERCENT, COMPLIANT, EACH_A_GROUP)
    cases = _cases(
        types or (["rds-instance"] if quick else DIRECTLY),
        counts or ([50] if quick else (50, 500)),
        states or ([BROKEN] if quick else every),
        milliseconds or ([20] if quick else (0, 20)),
    )
    with server.running() as slow:
        os.environ["AWS_ENDPOINT_URL"] = slow.endpoint
        for case in cases:
            for each in who or _ways(*case):
                result = _measure(slow, case, each, rightstate, custodian, limit)
                measured.results.append(result)
                print(result.model_dump_json(), file=sys.stderr, flush=True)
    page = peers_page.page(measured)
    print(page)
    if write:
        folder = sam_template.root() / "docs" / "benchmarks"
        folder.mkdir(exist_ok=True)
        (folder / "peers.json").write_text(measured.model_dump_json(indent=1) + "\n")
        (folder / "peers.md").write_text(page)
    sys.exit(1 if any(each.met is False for each in peers_page.targets(measured)) else 0)


if __name__ == "__main__":
    typer.run(main)
