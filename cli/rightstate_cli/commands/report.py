"""`rightstate report`: what was found, changed and let alone in a period, for people and for other tools."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.operations import workspace
from rightstate_cli.report import make, manifest, period
from rightstate_cli.terminal.options import (
    FormatOption,
    FrameworkOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    SeverityOption,
)
from rightstate_cli.terminal.output import Format, say, showing_progress
from rightstate_cli.terminal.reports import print_faults, print_written


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The directory to write the report into.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only what was started then or later: a day, a time, or so long ago, e.g. 30d.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Only what was started before; of a day, before its end.", metavar="TIME", show_default=False
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="Only of this account; repeatable.", metavar="ID", show_default=False),
    ] = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Read the ledger from a file of JSON lines, without AWS, e.g. from another report's "
            "records.jsonl.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="With --from: the accounts' settings, as `rightstate accounts list --format json` prints "
            "them, for the exemptions.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Write nothing; compare the files of that report with its manifest.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the report that is in the directory.")
    ] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Write a report of what the ledger of this machine, or of a hub, has: a page to read, and files for
    other tools.

    The directory then holds `index.html`, which needs no network and no other file, `frameworks.html` with
    the state of each requirement of CIS, NIST, PCI DSS and others, `changes.csv`,
    `records.jsonl` with all of the entries, `ocsf.jsonl` with findings in the OCSF, and `manifest.json` with
    the SHA-256 of each.

    - `rightstate report -o november --since 2026-11-01 --until 2026-11-30`
    - `rightstate report -o mine --from november/records.jsonl --account 111122223333`
    - `rightstate report -o cis --framework cis-7.0 --severity high` has what matters most of CIS 7.0.
    - `rightstate report --check november` says whether somebody has changed a file since.

    Posture counts every resource: what surveys saw, and what executions found since. What waits for an
    approval is read from the hub. A report --from a file has neither.

    Exit codes: 0 written, or unchanged; 1 a file was changed or is missing, or the report lacks an account's
    exemptions or what surveys saw; 2 it could not be written or checked.
    """
    _check_usage(
        output,
        from_file,
        settings,
        check,
        [since, until, account, severity, framework, from_file, settings, force],
    )
    if check:
        faults = manifest.faults(check)
        print_faults(faults, format)
        raise typer.Exit(1 if faults else 0)
    if output is None:  # unreachable: for mypy, which does not know of the check above
        raise typer.Exit(2)
    now = datetime.now(UTC)
    chosen = period.chosen(since, until, account or [], now, severity, framework)
    with showing_progress("Reading the ledger") as progressed:
        if from_file:
            written = make.of_file(from_file, settings, chosen, now, output, force, progressed)
            complete = True
        else:
            kept = workspace.choose(deployed, stack, hub_region, ledger)
            written, complete = make.of_workspace(kept, chosen, now, output, force, say, progressed)
    print_written(written, output, format)
    if from_file:
        say("A file has neither what waits for an approval nor what surveys saw: only its entries count.")
    if not complete:
        raise typer.Exit(1)


def _check_usage(
    output: Path | None,
    from_file: Path | None,
    settings: Path | None,
    check: Path | None,
    of_writing: Iterable[Any],
) -> None:
    if (output is None) == (check is None):
        raise InvalidInput("Give one of -o, the directory to write, and --check, the one to look at.")
    if check and any(of_writing):
        raise InvalidInput("--check takes no option about writing.")
    if settings and not from_file:
        raise InvalidInput("--settings belongs to --from; a hub has its own.")
