"""`python -m benchmarks.peers`: buckets and databases put right by three ways, side by side on one server.

The floor is what has to be done at least: the calls themselves on eight threads, read again afterwards.
Cloud Custodian runs policies like ours, as far as it has them, and reads nothing again. Rightstate runs as a
user runs it. Each is a process of its own. What they leave is read by plain calls that none of them makes.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.request import Request, urlopen

import boto3
import typer
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from benchmarks.floor import DATABASE, DIRECTLY, FLAGS, LOGS
from rightstate_cli import examples, moto_gaps
from rightstate_cli.output import print_table

_REGION = "us-east-1"
_ADMINISTRATION = "/benchmark/"
_KEYS = {"AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "own", "AWS_DEFAULT_REGION": _REGION}


@dataclass(frozen=True)
class Result:
    """What one of them took, and left. `processor` are the seconds of its own process."""

    type: str
    resources: int
    state: str
    milliseconds: int
    who: str
    seconds: float
    processor: float
    calls: int
    left: dict[str, int]
    exit: int


# --- Cloud Custodian's policies ---


def _value(key: str, value: Any, op: str = "ne") -> dict[str, Any]:
    return {"type": "value", "key": key, "value": value, "op": op}


_CUSTODIAN: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "s3-bucket": [
        {
            "name": "block",
            "resource": "aws.s3",
            "filters": [
                {
                    "type": "check-public-block",
                    **dict.fromkeys(FLAGS, False),
                }
            ],
            "actions": [{"type": "set-public-block"}],
        },
        {
            "name": "versioning",
            "resource": "aws.s3",
            "filters": [_value("Versioning.Status", "Enabled")],
            "actions": [{"type": "toggle-versioning", "enabled": True}],
        },
        {
            "name": "encryption",
            "resource": "aws.s3",
            "filters": [{"type": "bucket-encryption", "state": False}],
            "actions": [{"type": "set-bucket-encryption", "crypto": "AES256", "enabled": True}],
        },
        {
            "name": "grants",
            "resource": "aws.s3",
            "filters": [{"type": "global-grants"}],
            "actions": [
                {
                    "type": "delete-global-grants",
                    "grantees": [
                        "http://acs.amazonaws.com/groups/global/AllUsers",
                        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
                    ],
                }
            ],
        },
    ],
    "rds-instance": [
        {
            "name": "databases",
            "resource": "aws.rds",
            "filters": [
                {
                    "or": [
                        *(_value(key, value) for key, value in DATABASE.items()),
                        _value("IAMDatabaseAuthenticationEnabled", True),
                        _value("PerformanceInsightsEnabled", True),
                        _value("EnabledCloudwatchLogsExports", "absent", "eq"),
                    ]
                }
            ],
            "actions": [
                {
                    "type": "modify-db",
                    "immediate": True,
                    "update": [
                        {"property": key, "value": value}
                        for key, value in {
                            **DATABASE,
                            "EnableIAMDatabaseAuthentication": True,
                            "EnablePerformanceInsights": True,
                            "CloudwatchLogsExportConfiguration": {"EnableLogTypes": LOGS},
                        }.items()
                    ],
                }
            ],
        }
    ],
}


# --- The server ---


def _serve(port: int) -> None:
    """moto, which answers after the time that is set, and counts the calls."""
    app = DomainDispatcherApplication(create_backend_app)
    known = {"milliseconds": 0, "calls": 0}

    def counted(environ: Any, start_response: Any) -> Any:
        path = str(environ["PATH_INFO"])
        if path.startswith(_ADMINISTRATION):
            calls, known["calls"] = known["calls"], 0
            known["milliseconds"] = int(path.removeprefix(_ADMINISTRATION))
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(calls).encode()]
        known["calls"] += 1
        time.sleep(known["milliseconds"] / 1000)
        return app(environ, start_response)

    with moto_gaps.fill():
        run_simple("127.0.0.1", port, counted, threaded=True)


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.peers", "--serve", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - this file
    try:
        while True:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _set(endpoint: str, milliseconds: int) -> int:
    """Answer after that time from now on; the calls since that was said last."""
    with urlopen(f"{endpoint}{_ADMINISTRATION}{milliseconds}") as answer:  # noqa: S310 - ours
        return int(answer.read())


# --- A run ---


def _make(endpoint: str, resource_type: str, count: int, state: str) -> list[str]:
    """Resources that break everything; all, one in a hundred, or none is left so."""
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - ours
    session = boto3.Session("own", "own", region_name=_REGION)
    service, read, fix = DIRECTLY[resource_type]
    example = examples.load(resource_type)
    left = {"broken": count, "1 % broken": max(1, count // 100), "compliant": 0}[state]

    client = session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
    names = [example.create(session, f"peer-{number}", example.policy) for number in range(count)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: fix(client, name, read(client, name)), names[left:]))
    return names


def _left(endpoint: str, resource_type: str, names: Sequence[str]) -> dict[str, int]:
    """Control -> how many resources break it."""
    service, read, _ = DIRECTLY[resource_type]
    client = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        aws_access_key_id="own",
        aws_secret_access_key="own",  # noqa: S106 - moto's
        region_name=_REGION,
    )
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(4) as pool:
        for broken in pool.map(lambda name: read(client, name), names):
            for control in broken:
                counts[control] = counts.get(control, 0) + 1
    return dict(sorted(counts.items()))


def _command(who: str, resource_type: str, rightstate: str, custodian: Path, folder: Path) -> list[str]:
    if who == "floor":
        return [sys.executable, "-m", "benchmarks.floor", resource_type]
    if who == "custodian":
        policies = folder / "policies.json"
        policies.write_text(json.dumps({"policies": _CUSTODIAN[resource_type]}))
        run = ["run", "--cache-period", "0", "-s", str(folder / "out"), "--region", _REGION, str(policies)]
        return [str(custodian), *run]
    return [*rightstate.split(), "remediate", "--yes", "--type", resource_type, "--format", "json"]


def _run(command: Sequence[str], endpoint: str, folder: Path, limit: float) -> tuple[float, float, int]:
    """Seconds, those of the processor, and the exit code; -1 where it was ended because it took too long."""
    environment = {**os.environ, **_KEYS, "AWS_ENDPOINT_URL": endpoint, "HOME": str(folder)}
    environment["RIGHTSTATE_HISTORY"] = str(folder / "history.json")
    began = time.perf_counter()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)  # noqa: S603 - ours
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
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, code


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
    output: Annotated[Path | None, typer.Option("-o", help="Also write the figures as JSON.")] = None,
    serve: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Measure the floor, Cloud Custodian and Rightstate."""
    if serve:
        _serve(serve)
    results = []
    with _server() as endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        for resource_type in types or DIRECTLY:
            for count in counts or (50, 500):
                for state in states or ("broken", "1 % broken", "compliant"):
                    for delay in milliseconds or (0, 20):
                        for each in who or ("floor", "custodian", "rightstate"):
                            with tempfile.TemporaryDirectory() as made:
                                _set(endpoint, 0)
                                names = _make(endpoint, resource_type, count, state)
                                command = _command(each, resource_type, rightstate, custodian, Path(made))
                                _set(endpoint, delay)
                                took = _run(command, endpoint, Path(made), limit)
                                calls = _set(endpoint, 0)
                                left = _left(endpoint, resource_type, names)
                                about = (resource_type, count, state, delay, each, took[0], took[1], calls)
                                result = Result(*about, left, took[2])
                                results.append(result)
                                print(json.dumps(asdict(result)), file=sys.stderr, flush=True)
    if output:
        output.write_text(json.dumps([asdict(each) for each in results], indent=2))
    print_table(
        "Put right side by side",
        ("Type", "N", "State", "ms", "By", "Seconds", "Processor", "Calls", "Each", "Controls left"),
        [
            (
                each.type,
                f"{each.resources:,}",
                each.state,
                str(each.milliseconds),
                each.who,
                f"{each.seconds:.1f}",
                f"{each.processor:.1f}",
                f"{each.calls:,}",
                f"{each.calls / each.resources:.2f}",
                ", ".join(f"{name} x {number}" for name, number in each.left.items()) or "none",
            )
            for each in results
        ],
    )


if __name__ == "__main__":
    typer.run(main)
