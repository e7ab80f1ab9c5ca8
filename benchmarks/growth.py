"""`python -m benchmarks.growth`: how a survey's time and memory grow with the number of resources.

Databases, of which moto's list gives a hundred a page, as that of RDS does. Each survey is a process of its
own, which assesses every database by all policies, and keeps none of them.
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
    write: Annotated[
        bool, typer.Option("--write", help="Write the figures and their page into docs/.")
    ] = False,
) -> None:
    """Survey more and more databases. Exit code 1 if the time is not linear or the memory not flat."""
    grown = Grown(machine=machine.describe(), surveys=[_measured(each) for each in counts or _COUNTS])
    page = growth_page.page(grown)
    print(page)
    if write:
        folder = sam_template.root() / "docs" / "benchmarks"
        folder.mkdir(exist_ok=True)
        (folder / "growth.json").write_text(grown.model_dump_json(indent=1) + "\n")
        (folder / "growth.md").write_text(page)
        (folder / "growth.svg").write_bytes(growth_page.plot(grown))
    sys.exit(0 if all(each.met for each in growth_page.targets(grown)) else 1)


def _measured(count: int) -> Surveyed:
    with server.running("benchmarks.growth_server", str(count)) as slow:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": slow.endpoint,
            "AWS_ACCESS_KEY_ID": "own",
            "AWS_SECRET_ACCESS_KEY": "own",
            "AWS_DEFAULT_REGION": _REGION,
        }
        slow.answer_after(0)
        command = [sys.executable, "-m", "benchmarks.growth_survey"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
        worked = slow.answer_after(0)
    surveyed = Surveyed(**json.loads(ran.stdout), calls=worked.calls, server=worked.processor)
    if surveyed.resources != count:
        raise SystemExit(f"Of {count} databases {surveyed.resources} were looked at.")
    print(surveyed.model_dump_json(), file=sys.stderr, flush=True)
    return surveyed


if __name__ == "__main__":
    typer.run(main)
