"""`python -m benchmarks`: measure, and say whether each target is met.

Exit code 1 if one is not. Call counts are exact; times depend on the machine, so a target about time is
a ratio to something measured beside it.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import calls, executions, handlers, layer, planning
from rightstate_cli.terminal.output import print_table, results

app = typer.Typer()


@app.command()
def bench(
    size: Annotated[int, typer.Option(help="Resources of each kind in the throughput run.")] = 200,
    output: Annotated[Path | None, typer.Option("-o", help="Also write the figures as JSON.")] = None,
) -> None:
    """Measure calls, executions, cold starts, planning and the layer."""
    figures = {
        "calls": calls.measure(),
        "executions": executions.measure(size),
        "handlers": handlers.measure(),
        "planning": planning.measure(size),
        "layer": layer.measure(),
    }
    print_table(
        "AWS calls per resource that breaks every policy, and once more when it complies",
        ("Resource type", "Phase", "Calls", "Operations"),
        [
            (
                each["type"],
                each["phase"],
                str(sum(each["operations"].values())),
                _operations(each["operations"]),
            )
            for each in figures["calls"]
        ],
    )
    print_table(
        "Executions in the embedded engine",
        ("Resource type", "Executions", "Seconds", "Per second"),
        [
            (
                each["type"],
                str(each["count"]),
                f"{each['seconds']:.1f}",
                f"{each['count'] / each['seconds']:.1f}",
            )
            for each in figures["executions"]
        ],
    )
    print_table(
        "Import of each handler, beside `import boto3` with one client",
        ("Handler", "Milliseconds", "Times bare", "MB resident"),
        [
            (
                each["handler"],
                f"{each['milliseconds']:.0f}",
                f"{each['ratio']:.2f}",
                f"{each['megabytes']:.0f}",
            )
            for each in figures["handlers"]
        ],
    )
    planned = figures["planning"]
    results.print(
        f"Plan of {planned['resources']} queues in {planned['accounts']} accounts, each answer after 50 ms: "
        f"{planned['parallel']:.1f} s, one by one {planned['one_by_one']:.1f} s, "
        f"{planned['ratio']:.1f} times as fast."
    )
    built = figures["layer"]
    results.print(f"Layer: {built['zipped'] / 1e6:.1f} MB zipped, {built['unzipped'] / 1e6:.1f} MB unzipped.")
    missed = [
        *(
            f"{each['handler']} imports in {each['ratio']:.2f} times bare boto3 (target 1.5)"
            for each in figures["handlers"]
            if each["ratio"] > 1.5
        ),
        *(
            ["A plan reads less than 5 times as fast as one by one."]
            if figures["planning"]["ratio"] < 5
            else []
        ),
        *(["The layer is over 20 MB zipped."] if built["zipped"] > 20e6 else []),
        *([] if built["compiled"] else ["The layer is not compiled, so the imports above are not Lambda's."]),
    ]
    if output:
        output.write_text(json.dumps(figures, indent=2))
    for each in missed:
        results.print(f"Missed: {each}")
    sys.exit(1 if missed else 0)


def _operations(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} x {count}" if count > 1 else name for name, count in counted.items())


app()
