"""The records of this machine: one file, which needs neither a hub nor credentials to be read."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from platformdirs import user_data_path

from rightstate.catalogue import load_all
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import ResourceType
from rightstate.storage import Storage
from rightstate.storage.table import Item
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS, TableSpec
from rightstate.surveying.looks import Looks
from rightstate_cli.application import sam_template
from rightstate_cli.aws import Caller, sign_in
from rightstate_cli.embedded import accounts
from rightstate_cli.embedded.deaths import record_left_behind
from rightstate_cli.embedded.history import LocalHistory
from rightstate_cli.embedded.run_settings import Asked, RunSettings
from rightstate_cli.embedded.running import Running
from rightstate_cli.embedded.storage import SQLiteStorage, SQLiteTable
from rightstate_cli.executions.executions import SHORT, Execution, Start, Wanted
from rightstate_cli.planning.target import Target
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.tables.guards_table import Guarding
from rightstate_cli.tables.ledger_table import Ledger

if TYPE_CHECKING:
    from rightstate_cli.embedded.engine import Engine

_FOLDER, _FILE = "rightstate", "ledger.sqlite"


def file() -> Path:
    """Where the ledger lies: RIGHTSTATE_LEDGER, or a file in the user's data directory."""
    named = os.environ.get("RIGHTSTATE_LEDGER")
    return Path(named) if named else user_data_path(_FOLDER, appauthor=False) / _FILE


def beside(name: str) -> Path:
    """A file of that name in the ledger's directory."""
    return file().with_name(name)


@contextmanager
def demo_tables(ledger: Path) -> Iterator[Storage]:
    """Tables of which the ledger alone lasts, in that file. Simulated accounts have no place in the ledger of
    real ones."""
    lasting = SQLiteStorage(ledger)
    with TemporaryDirectory(prefix="rightstate-") as folder:
        passing = SQLiteStorage(Path(folder) / "tables.sqlite")
        yield lambda spec: (lasting if spec is LEDGER else passing)(spec)


@contextmanager
def engine_on(ledger: Path, region: str, asked: Asked, left: Event) -> Iterator["Engine"]:
    """As `Local.engine`, for any process: everything that it is given can be pickled."""
    with Local(ledger).engine(region, left, asked.within) as engine:
        yield engine


class LocalRegistry(Registry):
    """The accounts of this machine. A user who has credentials may act in an account, so none has to be
    registered. An account of which nothing is written has empty settings."""

    def get(self, account: str) -> Account:
        return self.find(account) or Account(account=account)


@dataclass(frozen=True)
class Local:
    """The file's records (`records.Records`). Raises InvalidInput and Unavailable where it cannot be used."""

    given: Path | None = None

    @property
    def hub(self) -> None:
        return None

    @property
    def path(self) -> Path:
        return self.given or file()

    @property
    def title(self) -> str:
        return f"the ledger {shown(str(self.path))}"

    @property
    def options(self) -> str:
        return f" --ledger {shlex.quote(str(self.given))}" if self.given else ""

    @cached_property
    def storage(self) -> SQLiteStorage:
        storage = SQLiteStorage(self.path)
        record_left_behind(storage)
        return storage

    @cached_property
    def caller(self) -> Caller:
        return sign_in()

    @cached_property
    def registry(self) -> LocalRegistry:
        return LocalRegistry(self.storage(SETTINGS))

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.storage(LEDGER))

    @cached_property
    def guarding(self) -> Guarding:
        return Guarding(self.storage(GUARDS))

    @cached_property
    def looks(self) -> Looks:
        days = int(sam_template.resolved({"Ref": "LedgerDays"}, {}))
        return Looks(self.storage.objects(), self.storage(LEDGER), days)

    @property
    def exemption_days(self) -> int:
        """What a hub allows by default."""
        return int(sam_template.resolved({"Ref": "ExemptionDays"}, {}))

    def settings_of(self, account: str) -> Account:
        """As `rightstate remediate` without options takes them."""
        every = {each.id: Enabled(mode=Mode.AUTO) for of in load_all() for each in of.policies}
        asked = accounts.with_role(Account(account=account, policies=every), self.caller)
        return Asked(asked, named=False, role_given=False).within(self.registry.get(account))

    def within(self, target: Target, asked: Asked) -> Target:
        """The target with the account's settings for the run, without the types of which nothing is enabled,
        and with what is halted. Raises InvalidInput where nothing that is asked about is enabled."""
        account = asked.within(self.registry.get(target.account.account))

        def concerned(resource_type: ResourceType) -> bool:
            return any(policy.id in account.policies for policy in resource_type.policies)

        types = tuple(each for each in target.types if concerned(each))
        if not types or not all(concerned(each) for each, _ in target.resources):
            off = ", ".join(each.name for each in target.types if not concerned(each))
            raise InvalidInput(
                f"No policy of {off} is enabled for account {account.account} in {self.title}, and others "
                "are. "
                "Nothing was changed. `rightstate policies enable` enables more; --policy or --type choose "
                "policies for this run."
            )
        return replace(target, account=account, types=types, guards=self.guarding.halted())

    def history(self, wanted: Wanted) -> LocalHistory:
        return LocalHistory(self.ledger, Running(self.storage), wanted)

    def find(self, named: str) -> tuple[str, Item]:
        """As `records.Records.find` says; of a name, SHORT characters or more."""
        found = []
        if named.startswith("arn:") or len(named) >= SHORT:
            found = [each.entry for each in self.history(Wanted()).named(named) if each.entry]
        if len(found) > 1:
            told = "; ".join(f"{each.execution} ({shown(each.resource)}, {each.outcome})" for each in found)
            raise InvalidInput(
                f"Several executions have a name that is, begins or ends like {shown(named)}: {told}. "
                "Nothing was changed. Name one by its ARN."
            )
        if not found:
            raise InvalidInput(
                f"{shown(named)} names no execution that has ended: give {SHORT} characters or more. Nothing "
                "was changed. `rightstate history` lists them."
            )
        [entry] = found
        item = self.storage(LEDGER).get({"resource": entry.resource, "at": entry.at})
        if item is None:  # expired meanwhile
            raise InvalidInput(f"The ledger has no entry of {shown(named)} any more. Nothing was changed.")
        return entry.execution, item

    def execute(self, start: Start, left: Event, started: Callable[[str], None]) -> Execution | None:
        """Run it in this process. Once `left` is set it no longer waits for the resource, and ends."""
        asked = accounts.with_role(Account(account=start.input["account"]), self.caller)
        within = Asked(asked, named=False, role_given=False).within
        with self.engine(start.input["region"], left, within) as engine:
            named = start.model_copy(update={"name": start.name or str(uuid4())})
            started(str(named.name))
            return next(engine.run([named]), None)

    @contextmanager
    def engine(self, region: str, left: Event, within: Callable[[Account], Account]) -> Iterator["Engine"]:
        """The application, run in this process with this ledger. `within` makes of an account's settings what
        the run takes them for."""
        from rightstate_cli.embedded.engine import acting_outside  # noqa: PLC0415 - it takes time to import

        settings = RunSettings(self.storage, SETTINGS, within)

        def table(spec: TableSpec) -> SQLiteTable:
            return settings if spec is SETTINGS else self.storage(spec)

        with (
            Running(self.storage).here() as watch,
            acting_outside(region, left, storage=table, watch=watch) as engine,
        ):
            yield engine
