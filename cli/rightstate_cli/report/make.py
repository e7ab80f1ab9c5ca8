"""Make a report: of a hub, of this machine, or of a file."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from rightstate.errors import RightstateError, SettingsUnreadable
from rightstate.models.settings import Account
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.report import looked, source, writer
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.writer import About, Written
from rightstate_cli.tables.exemptions import as_counted

_EVERY = 500
"""Entries between two calls of `progressed`."""

Say = Callable[[str], None]
Progressed = Callable[..., None]
"""Is given how many entries are done, how many there are if that is known, and what is being done."""


def of_workspace(
    kept: Workspace,
    chosen: Chosen,
    now: datetime,
    directory: Path,
    force: bool,
    say: Say,
    progressed: Progressed,
) -> tuple[Written, bool]:
    """The report of what the workspace has, and whether it is complete; `say` is given what is missing.

    Raises InvalidInput, Denied, Unavailable.
    """
    about, complete = about_of(kept, chosen, now, say)
    made = _written(source.kept(kept.ledger, chosen), about, directory, force, progressed)
    return made, complete


def about_of(
    kept: Workspace, chosen: Chosen, now: datetime, say: Say, most: int = looked.LISTED
) -> tuple[About, bool]:
    """What of the workspace a report is made of beside its entries, and whether it is complete; `say` is
    given what is missing. `most` is how many broken resources the looks list.

    Raises InvalidInput, Denied, Unavailable.
    """
    accounts, missing = _settings(kept, say)
    guarding = kept.guarding
    # Before the ledger: what is decided meanwhile has an entry there.
    requests = tuple(guarding.requests()) if guarding else ()
    halts = tuple(guarding.halts()) if guarding else ()
    looks, registered = kept.looks, [each.account for each in accounts]
    unread: str = ""
    reading: looked.Reading | None = None
    if looks:
        try:
            looks.accounts()
            reading = partial(looked.gather, looks, chosen, registered, most=most)
        except RightstateError as error:
            unread = str(error)
            say(f"The report lacks what surveys saw. {unread}")
    about = About(
        source=kept.title,
        chosen=chosen,
        accounts=accounts,
        now=now,
        missing=missing,
        requests=requests,
        halts=halts,
        looked=reading,
        local=kept.hub is None,
    )
    return about, not (missing or unread)


def of_file(
    path: Path,
    settings: Path | None,
    chosen: Chosen,
    now: datetime,
    directory: Path,
    force: bool,
    progressed: Progressed,
) -> Written:
    """The report of the entries in the file, with the exemptions of the accounts in the file `settings`.

    Such files have no requests, no halts and no looks. Raises InvalidInput.
    """
    accounts = tuple(source.exported_settings(settings)) if settings else None
    about = About(path.name, chosen, accounts, now, local=settings is None)
    return _written(source.exported(path, chosen), about, directory, force, progressed)


def _settings(kept: Workspace, say: Say) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """The accounts' settings, and the accounts whose settings are not understood."""
    understood, missing = [], []
    for account, found in kept.registry.understood():
        if isinstance(found, SettingsUnreadable):
            say(f"The report lacks the exemptions of account {account}. {found}")
            missing.append(account)
        else:
            understood.append(as_counted(found, kept.exemption_days))
    return tuple(understood), tuple(missing)


def _written(
    entries: Iterable[dict[str, Any]], about: About, directory: Path, force: bool, progressed: Progressed
) -> Written:
    def read() -> Iterable[dict[str, Any]]:
        for count, each in enumerate(entries, 1):
            if count % _EVERY == 0:
                progressed(count, None, "Reading the ledger")
            yield each

    def show(done: int, total: int) -> None:
        if done % _EVERY == 0 or done == total:
            progressed(done, total, "Writing the report")

    return writer.write(read(), about, directory, force, show)
