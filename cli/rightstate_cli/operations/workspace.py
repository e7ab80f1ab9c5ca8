"""A workspace keeps settings, ledger and guards: a deployed hub, or a file on this machine.

Operations work on both in the same way.
"""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from rightstate.errors import InvalidInput
from rightstate.models.settings import Account
from rightstate.storage.table import Item
from rightstate.surveying.looks import Looks
from rightstate_cli.aws import Caller
from rightstate_cli.executions.executions import Execution, Start, Wanted
from rightstate_cli.executions.recorded import Past
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.hub.workspace import HubWorkspace
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.tables.guards_table import Guarding
from rightstate_cli.tables.ledger_table import Ledger


class History(Protocol):
    """Past executions."""

    def latest(self, limit: int) -> tuple[list[Past], str]:
        """The latest ones, oldest first, and a sentence about what is left out, if anything."""

    def named(self, name: str) -> list[Past]:
        """Those with that name or ARN, or that begin or end of a name. Raises InvalidInput if there are
        none."""

    def definition(self, execution: Execution) -> Any:
        """The definition that the execution ran, None where AWS no longer has it."""


class Workspace(Protocol):
    """Settings, ledger and guards, and what runs on them."""

    @property
    def hub(self) -> Hub | None:
        """The deployed hub, None where they are in a file on this machine."""

    @property
    def title(self) -> str:
        """A name for people: `the hub 'rightstate' in account …`."""

    @property
    def options(self) -> str:
        """The options with which another command uses it too, with a space before them; may be empty."""

    @property
    def caller(self) -> Caller:
        """The user's credentials. Raises Denied, Unavailable, InvalidInput without usable credentials."""

    @property
    def registry(self) -> Registry:
        """The accounts' settings."""

    @property
    def ledger(self) -> Ledger:
        """What executions decided and changed."""

    @property
    def guarding(self) -> Guarding | None:
        """Requests for approval, and halts. None if the hub is older than these."""

    @property
    def looks(self) -> Looks | None:
        """What surveys saw of every resource. None where a hub is older than looks."""

    def settings_of(self, account: str) -> Account | None:
        """The account's settings as its executions read them, None if it has none. Raises
        SettingsUnreadable, Denied, Unavailable, InvalidInput."""

    @property
    def exemption_days(self) -> int | None:
        """How long an exemption may last. None if the hub is older than exemptions."""

    def history(self, wanted: Wanted) -> History:
        """The past executions that `wanted` selects."""

    def find(self, named: str) -> tuple[str, Item]:
        """The ARN of the execution with that ARN or name, or whose name alone begins or ends so, and its
        entry.

        Raises InvalidInput where there is none, or several are named so; Denied, Unavailable.
        """

    def execute(self, start: Start, left: Event, started: Callable[[str], None]) -> Execution | None:
        """Start the execution, tell its ARN to `started`, and wait until it has ended or waits for an
        approval.

        None once `left` is set. Raises Denied, Unavailable, InvalidInput.
        """


def choose(
    deployed: bool,
    stack: str | None,
    hub_region: str | None,
    ledger: Path | None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Workspace:
    """The workspace that the options name, else the environment. Without any of them, this machine's.

    `say` is given a sentence where a hub's requests for approval cannot be read.

    Raises InvalidInput where the options name both, or where what is named is not there; Denied, Unavailable.
    """
    if ledger and (deployed or stack or hub_region):
        raise InvalidInput(
            "--ledger names a file on this machine, and --deployed, --stack and --hub-region name a hub. "
            "Nothing was changed. Leave one of them out."
        )
    if not ledger:
        stack = stack or os.environ.get("RIGHTSTATE_STACK")
        hub_region = hub_region or os.environ.get("RIGHTSTATE_HUB_REGION")
        if deployed or stack or hub_region:
            return HubWorkspace(hubs.find(stack or DEFAULT_STACK, hub_region), say)
    from rightstate_cli.embedded.local import Local  # noqa: PLC0415 - a hub needs nothing of it

    return Local(ledger)


def guarding_of(workspace: Workspace) -> Guarding:
    """Requests and halts. Raises InvalidInput where the hub is older than these."""
    if workspace.guarding is None:
        raise InvalidInput(
            f"{_capitalized(workspace.title)} is older than approvals and halts: {_version(workspace)} "
            "Deploy it again."
        )
    return workspace.guarding


def exemption_days(workspace: Workspace) -> int:
    """How long an exemption may last. Raises InvalidInput where the hub is older than exemptions."""
    if workspace.exemption_days is None:
        raise InvalidInput(
            f"The hub knows no exemptions: {_version(workspace)} Nothing was changed. Deploy it again."
        )
    return workspace.exemption_days


def _version(workspace: Workspace) -> str:
    outputs = workspace.hub.outputs if workspace.hub else {}
    return f"it is of version {outputs.get('Version', 'unknown')}."


def _capitalized(title: str) -> str:
    return title[:1].upper() + title[1:]
