"""Change what policies may do in accounts: read, decide and check all of it, then write.

`prepare` changes nothing. What it returns says what will happen and what may break.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rightstate import __version__
from rightstate.accounts import settings
from rightstate.catalogue import load_all
from rightstate.errors import InvalidInput, RightstateError
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Policy, Risk
from rightstate.resource_type import ResourceType
from rightstate.wants import Value
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning.filters import Chosen
from rightstate_cli.planning.target import parameter

OFF = Enabled(mode=Mode.OFF)

Decide = Callable[[Policy, Enabled], Enabled]
"""How a policy of an account is enabled afterwards, given how it is before."""


@dataclass(frozen=True)
class PolicyChange:
    """One policy of an account, before and after."""

    policy: Policy
    before: Enabled
    after: Enabled

    @property
    def risky(self) -> bool:
        """Whether the policy now gets to make changes that may break something."""
        return (
            self.after.mode is Mode.AUTO and self.before != self.after and self.policy.risk is not Risk.SAFE
        )


@dataclass(frozen=True)
class AccountChange:
    """An account's settings, and what changes in them. `off` has the chosen policies that are off there."""

    account: Account
    changes: tuple[PolicyChange, ...]
    off: tuple[str, ...] = ()

    @property
    def after(self) -> Account:
        """The settings to write, with each changed policy under its id only."""
        changed = {each.policy.id: each for each in self.changes}
        names = {name for each in self.changes for name in (each.policy.id, *each.policy.aliases)}
        kept = {name: each for name, each in self.account.policies.items() if name not in names}
        new = {name: each.after for name, each in changed.items() if each.after != OFF}
        return self.account.model_copy(update={"policies": {**kept, **new}})

    def without(self, policies: Collection[str]) -> "AccountChange":
        """The same without the changes of those policies."""
        return replace(self, changes=tuple(each for each in self.changes if each.policy.id not in policies))


@dataclass(frozen=True)
class SettingsChange:
    """What `prepare` decided, account by account."""

    workspace: Workspace
    accounts: Sequence[AccountChange]
    notices: Sequence[str] = field(default=())

    @property
    def changed(self) -> list[AccountChange]:
        return [each for each in self.accounts if each.changes]

    @property
    def modes(self) -> set[Mode]:
        """The modes that some policy gets."""
        return {change.after.mode for each in self.accounts for change in each.changes}

    @property
    def risky(self) -> dict[str, Policy]:
        """The policies that may now break something, by id. A person has to agree to these."""
        return {
            change.policy.id: change.policy
            for each in self.accounts
            for change in each.changes
            if change.risky
        }

    def write(self) -> dict[str, str]:
        """Write the changed settings. Returns the accounts that could not be written, with the reason."""
        failed = {}
        for each in self.changed:
            try:
                self.workspace.registry.put(each.after)
            except RightstateError as error:
                failed[each.account.account] = str(error)
        return failed


def enabling(mode: Mode | None, values: Mapping[str, Mapping[str, Value]]) -> Decide:
    """Enable in that mode. Without one, in report, and enabled policies keep theirs. `values` has the
    parameters to set, by policy."""

    def decide(policy: Policy, before: Enabled) -> Enabled:
        kept = Mode.REPORT if before.mode is Mode.OFF else before.mode
        return Enabled(mode=mode or kept, parameters={**before.parameters, **values.get(policy.id, {})})

    return decide


def disabling(policy: Policy, before: Enabled) -> Enabled:
    """Switch off, and keep the parameters."""
    return Enabled(mode=Mode.OFF, parameters=before.parameters)


def setting_mode(mode: Mode) -> Decide:
    """Change the mode of enabled policies."""

    def decide(policy: Policy, before: Enabled) -> Enabled:
        return before if before.mode is Mode.OFF else Enabled(mode=mode, parameters=before.parameters)

    return decide


def parameter_values(chosen: Chosen, given: Iterable[str]) -> dict[str, dict[str, Value]]:
    """Policy -> parameter -> value, of POLICY.PARAMETER=VALUE. Raises InvalidInput."""
    values: dict[str, dict[str, Value]] = {}
    known = {policy.id for _, policy in chosen}
    for each in given:
        policy, name, value = parameter(each)
        if policy not in known:
            raise InvalidInput(f"--set names {policy}, which is not among those chosen. Nothing was changed.")
        values.setdefault(policy, {})[name] = value
    return values


def prepare(
    workspace: Workspace,
    chosen: Chosen,
    accounts: Sequence[Account],
    decide: Decide,
    by_filters: bool = False,
) -> SettingsChange:
    """What changes in those accounts. Settings that would stop an execution are refused here.

    A policy that lacks a value is refused. If `by_filters` chose the policies, it is left out instead, and a
    notice says which value it needs.

    Raises InvalidInput, SettingsUnreadable, Denied, Unavailable.
    """
    decided = [_decide(chosen, decide, each) for each in accounts]
    lacking = _lacking(decided)
    left_out = [f"{policy} is left out. {how}" for policy, how in lacking.items()]
    if lacking and not by_filters:
        told = " ".join(f"{policy} cannot be enabled yet. {how}" for policy, how in lacking.items())
        raise InvalidInput(f"{told} Nothing was changed.")
    decided = [each.without(lacking) for each in decided]
    if workspace.hub is None:
        _check_modes_here(decided)
        for each in decided:
            _check_settings(each, None)
        return SettingsChange(workspace, decided, left_out)
    for each in decided:
        _check_settings(each, workspace.hub)
    return SettingsChange(workspace, decided, [*left_out, *_version_notices(workspace.hub)])


def hindrance(workspace: Workspace, account: Account, resource_type: ResourceType, policy: Policy) -> str:
    """Why the policy cannot be enabled in the account as things are, and what to do. Empty if it can."""
    hub = workspace.hub
    enabled = next((account.policies[n] for n in (policy.id, *policy.aliases) if n in account.policies), OFF)
    if missing := policy.missing(enabled.parameters):
        return f"It needs {', '.join(missing)}. Its page has a box for it."
    if hub is None:
        return ""
    if resource_type.name not in hub.machines():
        return (
            f"The hub has no state machine for {resource_type.name}: it is of version "
            f"{hub.outputs.get('Version', 'unknown')}. Deploy it again."
        )
    if not account.role_arn and account.account != hub.account:
        return (
            "The account's settings name no role. `rightstate accounts add "
            f"{account.account}` says how to install one."
        )
    return ""


def unseen_region(hub: Hub | None, account: Account, resource_type: ResourceType) -> str:
    """Why no event starts anything for the type in that account. Empty if events arrive."""
    home = resource_type.home_regions.get(hub.partition) if hub else None
    if not home or not account.regions or home in account.regions:
        return ""
    return f"Events of {resource_type.name} arrive only in {home}, which is not among the account's regions."


def check_none_off(change: SettingsChange, named: Iterable[str], mode: Mode) -> None:
    """Raise InvalidInput for a policy that was named and is off in all of the accounts."""
    off = [id for id in named if all(id in each.off for each in change.accounts)]
    if off:
        accounts = [each.account.account for each in change.accounts]
        options = " ".join(f"--account {each}" for each in accounts)
        raise InvalidInput(
            f"{', '.join(off)} {'is' if len(off) == 1 else 'are'} off in {', '.join(accounts)}, and set-mode "
            "changes only enabled policies. Nothing was changed. Enable: `rightstate policies enable "
            f"{' '.join(off)} --mode {mode} {options}`."
        )


def _decide(chosen: Chosen, decide: Decide, account: Account) -> AccountChange:
    changes, off = [], []
    for _, policy in chosen:
        names = [name for name in (policy.id, *policy.aliases) if name in account.policies]
        if len(names) > 1:
            raise InvalidInput(
                f"The settings of account {account.account} name {policy.id} twice: {', '.join(names)}. "
                "Nothing was changed. Remove one of them from the settings table."
            )
        before = account.policies[names[0]] if names else OFF
        after = decide(policy, before)
        if after != before:
            changes.append(PolicyChange(policy, before, after))
        if after.mode is Mode.OFF:
            off.append(policy.id)
    return AccountChange(account, tuple(changes), tuple(off))


def _lacking(accounts: Iterable[AccountChange]) -> dict[str, str]:
    """Policy that would be enabled without a value that it needs -> how to give the value."""
    return {
        change.policy.id: change.policy.how_to_give(missing)
        for each in accounts
        for change in each.changes
        if change.after.mode is not Mode.OFF and (missing := change.policy.missing(change.after.parameters))
    }


def _check_modes_here(accounts: Iterable[AccountChange]) -> None:
    asking = sorted(
        change.policy.id for each in accounts for change in each.changes if change.after.mode is Mode.APPROVE
    )
    if asking:
        raise InvalidInput(
            "Mode approve needs a hub: on this machine an execution ends with its command, and cannot wait "
            f"for an answer to {', '.join(asking)}. Nothing was changed. Choose report or auto, or give "
            "--deployed."
        )


def _check_settings(change: AccountChange, hub: Hub | None) -> None:
    for resource_type in load_all():
        enabled = settings.enabled(change.after, resource_type)
        if hub and enabled and resource_type.name not in hub.machines():
            raise InvalidInput(
                f"The hub has no state machine for {resource_type.name}: it is of version "
                f"{hub.outputs.get('Version', 'unknown')}. Nothing was changed. Deploy it again."
            )


def _version_notices(hub: Hub) -> list[str]:
    version = hub.outputs.get("Version", "unknown")
    if version == __version__:
        return []
    return [
        f"The hub is of version {version}, this command of {__version__}. A policy that the hub does not "
        "know stops every execution of the account."
    ]
