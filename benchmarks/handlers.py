"""Import time and memory of each handler, in processes of their own."""

import json
import statistics
import subprocess
import sys
from typing import Any

from rightstate_cli.application import sam_template

_TRIES = 7
_MEASURE = """
import json, pathlib, sys, time
began = time.perf_counter()
{statements}
took = time.perf_counter() - began
# ru_maxrss would be that of the parent, which Linux carries over an exec.
status = pathlib.Path("/proc/self/status").read_text()
print(json.dumps([took, int(status.split("VmRSS:")[1].split()[0]) / 1024]))
"""
_BARE = "import boto3; boto3.client('sts', region_name='us-east-1')"
_HANDLER = "sys.path.insert(0, {folder!r}); import app"


def measure() -> list[dict[str, Any]]:
    """The median of several imports; `ratio` is to bare boto3 with one client, measured in between."""
    programs = {"bare boto3": _BARE} | {
        app.parent.name: _HANDLER.format(folder=str(app.parent)) for app in sam_template.functions().values()
    }
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(_TRIES):
        for name, statements in programs.items():
            samples[name].append(_once(statements))
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in samples.items()
    }
    bare = medians["bare boto3"][0]
    return [
        {"handler": name, "milliseconds": seconds * 1000, "ratio": seconds / bare, "megabytes": megabytes}
        for name, (seconds, megabytes) in medians.items()
    ]


def _once(statements: str) -> tuple[float, float]:
    done = subprocess.run(  # noqa: S603 - our own program text
        [sys.executable, "-c", _MEASURE.format(statements=statements)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes
