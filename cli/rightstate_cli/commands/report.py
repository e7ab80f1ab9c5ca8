"""`rightstate report`: what was found, changed and let alone in a period, for people and for other tools."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.models.settings import Account
from rightstate_cli.operations import workspace
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.report import manifest, period, source, writer
from rightstate_cli.report.writer import About, Written
from rightstate_cli.tables.exemptions import as_counted
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_table, progress, say
from rightstate_cli.text import counted

_SHOWN_EVERY = 500


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
    - `rightstate report --check november` says whether somebody has changed a file since.

    What waits for an approval has no entry yet. It is read from the hub; a report --from a file lacks it.

    Exit codes: 0 written, or unchanged; 1 a file was changed or is missing, or the settings of an account
    are not understood, so that its exemptions are missing; 2 it could not be written or told.
    """
    _check_usage(output, from_file, settings, check, [since, until, account, from_file, settings, force])
    if check:
        _checked(check, format)
        return
    if output is None:  # unreachable: for mypy, which does not know of the check above
        raise typer.Exit(2)
    now = datetime.now(UTC)
    accounts: tuple[Account, ...] | None
    missing: tuple[str, ...] = ()
    chosen = period.chosen(since, until, account or [], now)
    if from_file:
        accounts = tuple(source.exported_settings(settings)) if settings else None
        requests = halts = None
        entries = source.exported(from_file, chosen)
        where = from_file.name
    else:
        kept = workspace.choose(deployed, stack, hub_region, ledger)
        accounts, missing = _settings(kept)
        guarding = kept.guarding
        # Before the ledger: what is decided meanwhile has an entry there.
        requests = tuple(guarding.requests()) if guarding else ()
        halts = tuple(guarding.halts()) if guarding else ()
        entries = source.kept(kept.ledger, chosen)
        where = kept.title
    about = About(where, chosen, accounts, now, missing, requests, halts)
    _print(_written(entries, about, output, force), output, format)
    if requests is None:
        say("A file does not have what waits for an approval: what waits is as its entries say.")
    if missing:
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


def _checked(directory: Path, format: Format) -> None:
    faults = manifest.faults(directory)
    if format is Format.JSON:
        print_json({"unchanged": not faults, "faults": faults})
    elif faults:
        print_table("", ("File", "Since it was written"), [(each["name"], each["fault"]) for each in faults])
    else:
        say("Every file is as its manifest says.")
    if faults:
        raise typer.Exit(1)


def _settings(kept: Workspace) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """The accounts' settings, and the accounts whose settings are not understood, of which it is said."""
    understood, missing = [], []
    for account, found in kept.registry.understood():
        if isinstance(found, SettingsUnreadable):
            say(f"The report lacks the exemptions of account {account}. {found}")
            missing.append(account)
        else:
            understood.append(as_counted(found, kept.exemption_days))
    return tuple(understood), tuple(missing)


def _written(entries: Iterable[dict[str, Any]], about: About, output: Path, force: bool) -> Written:
    with progress() as bar:
        reading = bar.add_task("Reading the ledger", total=None)

        def read() -> Iterable[dict[str, Any]]:
            for count, each in enumerate(entries, 1):
                if count % _SHOWN_EVERY == 0:
                    bar.update(reading, completed=count)
                yield each

        def show(done: int, total: int) -> None:
            if done % _SHOWN_EVERY == 0 or done == total:
                bar.update(reading, description="Writing the report", completed=done, total=total)

        return writer.write(read(), about, output, force, show)


def _print(written: Written, output: Path, format: Format) -> None:
    found = written.manifest
    hash_of_all = manifest.describe(output / manifest.NAME).sha256
    if format is Format.JSON:
        print_json(
            {
                "directory": str(output),
                "manifest": found.model_dump(mode="json"),
                "manifest_sha256": hash_of_all,
                "figures": {
                    name: written.figures[name]
                    for name in ("records", "resources", "pairs", "changed", "failed", "waiting", "outcomes")
                },
            }
        )
        return
    figures = written.figures
    lines = [
        ("Entries", str(figures["records"])),
        ("Filters", _filters(found.filters)),
        ("Period", f"{found.first} to {found.last}" if found.first else "there are none"),
        ("Resources", str(figures["resources"])),
        ("Changed", f"{counted(figures['changed']['settings'], 'setting')}"),
        ("Failed", str(figures["failed"])),
        ("Waiting", str(figures["waiting"])),
        ("Halted", str(found.counts.get("halts", "not known"))),
        ("Page", str(output / "index.html")),
        ("Manifest", f"SHA-256 {hash_of_all}"),
    ]
    print_table(f"Report in {output}", ("", ""), lines)
    say("Open the page in a browser. Keep the manifest's SHA-256 elsewhere, if the report is evidence.")


def _filters(filters: Mapping[str, Sequence[str]]) -> str:
    found = [f"--{name} {each}" for name, given in filters.items() for each in given]
    return " ".join(found) or "none, all of the ledger"
