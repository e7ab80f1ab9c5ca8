"""A deployed hub as a workspace: its tables, and its executions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import Event

from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate.storage.objects import S3Objects
from rightstate.storage.table import Item
from rightstate.surveying.looks import Looks
from rightstate_cli.aws import Caller
from rightstate_cli.executions.executions import Execution, Start, Wanted
from rightstate_cli.hub import ledger_lookup
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.history import HubHistory
from rightstate_cli.hub.waiting import following_until_asked
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.tables.exemptions import as_counted
from rightstate_cli.tables.guards_table import Guarding
from rightstate_cli.tables.ledger_table import Ledger


@dataclass(frozen=True)
class HubWorkspace:
    """Implements `operations.workspace.Workspace`: tables in DynamoDB, executions in Step Functions.

    `say` is given a sentence where requests for approval cannot be read.
    """

    hub: Hub
    say: Callable[[str], None] = lambda sentence: None
    options = " --deployed"

    @property
    def title(self) -> str:
        return f"the hub {shown(self.hub.stack)} in account {self.hub.account}, {self.hub.region}"

    @property
    def caller(self) -> Caller:
        return self.hub.caller

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.hub.settings)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.hub.ledger)

    @cached_property
    def guarding(self) -> Guarding | None:
        return Guarding(self.hub.guards) if self.hub.guards else None

    @cached_property
    def looks(self) -> Looks | None:
        bucket = self.hub.outputs.get("WorkBucket")
        return Looks(S3Objects(self.hub.client("s3"), bucket), self.hub.ledger) if bucket else None

    def settings_of(self, account: str) -> Account | None:
        found = self.registry.find(account)
        return as_counted(found, self.exemption_days) if found else None

    @property
    def exemption_days(self) -> int | None:
        return self.hub.exemption_days

    def history(self, wanted: Wanted) -> HubHistory:
        return HubHistory(self.hub, wanted, self.say)

    def find(self, named: str) -> tuple[str, Item]:
        return ledger_lookup.find(self.hub, named)

    def execute(self, start: Start, left: Event, started: Callable[[str], None]) -> Execution | None:
        self.hub.machine(start.resource_type)
        following, asked = following_until_asked(self.hub, left, self.say)
        started(following.start(start))
        return next(following.run(), None) or next(iter(asked.executions), None)
