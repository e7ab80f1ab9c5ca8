"""`python -m benchmarks.profile`: where an execution about a database spends the processor's time.

`rightstate remediate` runs here, in this process, with every thread profiled.
"""

import cProfile
import os
import pstats
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from benchmarks import peers, peers_page, server
from benchmarks.markdown import table
from rightstate_cli.application import sam_template

_TYPE = "rds-instance"
Calls = dict[tuple[str, str], float]
"""Seconds in a function and what it calls, by the end of its file's name and its own."""


def main(
    resources: Annotated[int, typer.Argument(help="Broken databases.")] = 60,
    write: Annotated[bool, typer.Option("--write", help="Write the shares into docs/benchmarks/.")] = False,
) -> None:
    """Print milliseconds for each execution, by part."""
    with server.running() as slow, TemporaryDirectory() as folder:
        os.environ.update(peers.KEYS, AWS_ENDPOINT_URL=slow.endpoint)
        os.environ["RIGHTSTATE_LEDGER"] = str(Path(folder) / "ledger.sqlite")
        peers.make(slow, _TYPE, resources, peers_page.BROKEN)
        spent = _profiled()
    parts = {name: seconds / resources * 1000 for name, seconds in _parts(spent).items()}
    print("\n".join(table(("part", "ms"), [(name, f"{part:.1f}") for name, part in parts.items()])))
    if write:
        data = sam_template.root() / "docs" / "benchmarks" / "peers.json"
        measured = peers_page.Measured.model_validate_json(data.read_text())
        measured.profile = {name: round(part, 1) for name, part in parts.items()}
        data.write_text(measured.model_dump_json(indent=1) + "\n")
        data.with_suffix(".md").write_text(peers_page.page(measured))


def _profiled() -> Calls:
    from rightstate_cli.main import app  # noqa: PLC0415 - its imports are no part of an execution

    profiles: list[cProfile.Profile] = []
    run = threading.Thread.run

    def profiled(self: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        profile.runcall(run, self)

    threading.Thread.run = profiled  # type: ignore[method-assign]
    try:
        # Fewer than two processes take.
        command = ["remediate", "--yes", "--type", _TYPE, "--at-once", "4", "--format", "json"]
        with suppress(SystemExit), Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            app(command, standalone_mode=False)
    finally:
        threading.Thread.run = run  # type: ignore[method-assign]
    spent: Calls = {}
    for profile in profiles:
        profile.create_stats()
        if not profile.stats:  # type: ignore[attr-defined]
            continue
        found: Any = pstats.Stats(profile)
        for (file, _, name), (_, _, _, cumulated, _) in found.stats.items():
            key = ("/".join(Path(file).parts[-2:]), name)
            spent[key] = spent.get(key, 0) + cumulated
    return spent


def _parts(spent: Calls) -> dict[str, float]:
    """Parts that share nothing."""
    calls = spent["botocore/client.py", "_api_call"]
    executions = spent["embedded/interpreter.py", "_run"]
    functions = spent["embedded/interpreter.py", "_call"]
    survey = spent["planning/survey.py", "run"]
    decisions = spent["deciding/planner.py", "decide"]
    tables = spent["~", "<method 'execute' of 'sqlite3.Connection' objects>"]
    logs = spent["logging/logger.py", "info"]
    inside = functions + survey - calls - decisions - tables - logs
    return {
        "calls to AWS: botocore and urllib3": calls,
        "the interpreter of the definition": executions - functions,
        "deciding": decisions,
        "tables": tables,
        "logs": logs,
        "everything else of the functions and the survey": inside,
    }


if __name__ == "__main__":
    sys.exit(typer.run(main))
