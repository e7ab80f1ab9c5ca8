"""`python -m benchmarks.growth`: how a survey's time and memory grow with the number of resources.

Databases, of which moto's list gives a hundred a page, as that of RDS does, and buckets, of which each takes
some reads. Each survey is a process of its own, which assesses every resource by all policies and keeps none.
"""

import json
import os
import subprocess
import sys
from typing import Annotated

import typer

from benchmarks import growth_page, machine, server
from benchmarks.growth_page import Grown, Surveyed
from rightstate_cli.application import sam_template

_REGION = "us-east-1"
_COUNTS = (100, 1_000, 10_000, 100_000)


def main(
    counts: Annotated[list[int] | None, typer.Argument(help="Resources; 100 to 100,000.")] = None,
    resource_type: Annotated[
        str, typer.Option("--type", help="Or s3-bucket, six calls for each: of 100,000, half an hour.")
    ] = "rds-instance",
    write: Annotated[
        bool, typer.Option("--write", help="Write the figures and their page into docs/.")
    ] = False,
) -> None:
    """Survey more and more resources. The page keeps what it has of the other type. Exit code 1 if the time
    is not linear or the memory not flat."""
    surveys = [_measured(resource_type, each) for each in counts or _COUNTS]
    grown = Grown(type=resource_type, machine=machine.describe(), surveys=surveys)
    folder = sam_template.root() / "docs" / "benchmarks"
    data = folder / "growth.json"
    before = growth_page.READ.validate_json(data.read_text()) if data.exists() else []
    every = sorted([*(each for each in before if each.type != resource_type), grown], key=lambda of: of.type)
    print(growth_page.page([grown]))
    if write:
        folder.mkdir(exist_ok=True)
        data.write_bytes(growth_page.READ.dump_json(every, indent=1) + b"\n")
        (folder / "growth.md").write_text(growth_page.page(every))
        (folder / "growth.svg").write_bytes(growth_page.plot(every))
    sys.exit(0 if all(each.met for each in growth_page.targets(grown)) else 1)


def _measured(resource_type: str, count: int) -> Surveyed:
    with server.running("benchmarks.growth_server", resource_type, str(count)) as slow:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": slow.endpoint,
            "AWS_ACCESS_KEY_ID": "own",
            "AWS_SECRET_ACCESS_KEY": "own",
            "AWS_DEFAULT_REGION": _REGION,
        }
        slow.answer_after(0)
        command = [sys.executable, "-m", "benchmarks.growth_survey", resource_type]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
        worked = slow.answer_after(0)
    surveyed = Surveyed(**json.loads(ran.stdout), calls=worked.calls, server=worked.processor)
    if surveyed.resources != count:
        raise SystemExit(f"Of {count} resources {surveyed.resources} were looked at.")
    print(surveyed.model_dump_json(), file=sys.stderr, flush=True)
    return surveyed


if __name__ == "__main__":
    typer.run(main)
