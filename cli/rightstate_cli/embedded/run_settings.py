"""An account's settings as a run from this machine takes them: what is asked for, within what is written."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rightstate.accounts import settings
from rightstate.catalogue import load_all
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.storage.table import Item, Key
from rightstate_cli.embedded.storage import SQLiteTable
from rightstate_cli.planning.target import without_lacking


@dataclass(frozen=True)
class Asked:
    """What a command line asks for: the account with its role and with policies in the mode of the run.

    `named` says that it chooses the policies, itself or by their types, and `role_given` that it names the
    role."""

    account: Account
    named: bool
    role_given: bool

    def within(self, found: Account) -> Account:
        """The account's settings for the run.

        Exemptions and the handling of managed resources are those of the settings. Policies that are enabled
        there keep their parameters, and their mode where it allows less. The others count as enabled for the
        run if the command line chooses them, or if the settings enable none at all. Raises
        SettingsUnreadable; InvalidInput where a value is missing that all of them need."""
        written = {name: each for of in load_all() for name, each in settings.enabled(found, of).items()}
        policies = {
            name: _lowered(asked, written.get(name))
            for name, asked in self.account.policies.items()
            if name in written or self.named or not written
        }
        policies = without_lacking(policies)
        ours = self.role_given or found.role_arn is None
        role = self.account if ours else found
        return found.model_copy(
            update={
                "policies": policies,
                # The command line names the region.
                "regions": (),
                "role_arn": role.role_arn,
                "read_role_arn": role.read_role_arn,
                "external_id": role.external_id,
            }
        )


def _lowered(asked: Enabled, written: Enabled | None) -> Enabled:
    if written is None:
        return asked
    # Nobody can be asked: an execution that waits for an approval would end with this process.
    limit = Mode.REPORT if written.mode is Mode.APPROVE else written.mode
    return Enabled(mode=asked.mode.lowered_to(limit), parameters={**written.parameters, **asked.parameters})


@dataclass(frozen=True)
class RunSettings(SQLiteTable):
    """The settings table as the executions of a run read it: what is written while the run goes on counts for
    those that start after that."""

    _within: Callable[[Account], Account]
    _read: dict[str, tuple[Item | None, Item]] = field(default_factory=dict, compare=False)

    def get(self, key: Key) -> Item | None:
        account, item = key["account"], super().get(key)
        # Every execution asks, and the answer is seldom another one.
        before = self._read.get(account)
        if before is None or before[0] != item:
            found = settings.parsed(account, item) if item else Account(account=account)
            before = self._read[account] = item, settings.as_item(self._within(found))
        return before[1]
