"""`rightstate policies enable`, `disable` and `set-mode`: what may be done in which account."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from rightstate import __version__, settings
from rightstate.catalogue import load_all
from rightstate.errors import InvalidInput, RightstateError
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Policy, Risk
from rightstate.wants import Value, as_text
from rightstate_cli.operations import workspace
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning import filters
from rightstate_cli.planning.filters import Chosen
from rightstate_cli.planning.target import parameter
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.options import (
    CategoryOption,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    RiskOption,
    TypeOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, ask, print_json, print_table, say
from rightstate_cli.text import counted

_OFF = Enabled(mode=Mode.OFF)
_MEANING = {
    Mode.OFF: "off: nothing is looked at.",
    Mode.REPORT: "report: what is broken is told, and nothing is changed.",
    Mode.APPROVE: "approve: what is broken is mended once somebody approves it: `rightstate approvals list`.",
    Mode.AUTO: "auto: what is broken is mended, within seconds of the event that broke it.",
}
_MEANING_HERE = {
    Mode.REPORT: "report: `rightstate remediate` shows what is broken, and does not change it.",
    Mode.AUTO: "auto: `rightstate remediate` changes what is broken.",
}


class OnMode(StrEnum):
    """The modes in which a policy is enabled."""

    REPORT = "report"
    APPROVE = "approve"
    AUTO = "auto"


IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Policies, by id or alias.",
        show_default=False,
        autocompletion=completion.policies,
    ),
]
AccountsOption = Annotated[
    list[str] | None,
    typer.Option("--account", help="In this account; repeatable.", metavar="ID", show_default=False),
]
AllAccountsOption = Annotated[bool, typer.Option("--all-accounts", help="In every account registered.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every policy there is.")]


@dataclass(frozen=True)
class Change:
    """One policy of an account, before and after."""

    policy: Policy
    before: Enabled
    after: Enabled

    @property
    def risky(self) -> bool:
        """Whether it may from now on, and might not before, change what somebody may miss."""
        return (
            self.after.mode is Mode.AUTO and self.before != self.after and self.policy.risk is not Risk.SAFE
        )


@dataclass(frozen=True)
class Rewrite:
    """An account's settings with what changes in them."""

    account: Account
    changes: tuple[Change, ...]

    @property
    def after(self) -> Account:
        """The settings to be written, with each changed policy under its own id alone."""
        changed = {each.policy.id: each for each in self.changes}
        names = {name for each in self.changes for name in (each.policy.id, *each.policy.aliases)}
        kept = {name: each for name, each in self.account.policies.items() if name not in names}
        new = {name: each.after for name, each in changed.items() if each.after != _OFF}
        return self.account.model_copy(update={"policies": {**kept, **new}})


def enable(
    ids: IdsArgument = None,
    accounts: AccountsOption = None,
    all_accounts: AllAccountsOption = False,
    mode: Annotated[
        OnMode | None,
        typer.Option(
            help="What the policies may do. Left out: report, and those that are enabled keep theirs.",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    every: AllOption = False,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A value of your own for a policy's parameter; `rightstate policies show ID` names them; "
            "repeatable.",
            metavar="POLICY.PARAMETER=VALUE",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Enable policies in accounts.

    Says what will happen, and asks before a policy that may break something gets to change resources.

    - `rightstate policies enable s3-versioning --account 111122223333` begins with a report.
    - `rightstate policies enable --risk safe --all-accounts --mode auto` has the safe ones mend.
    - `rightstate policies enable asg-cooldown --account 111122223333 --set
      asg-cooldown.default_cooldown_seconds=90` sets a parameter.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    chosen = _chosen(ids, types, category, risk, every)
    values = _values(chosen, given or ())

    def enabled(policy: Policy, before: Enabled) -> Enabled:
        kept = Mode.REPORT if before.mode is Mode.OFF else before.mode
        return Enabled(
            mode=Mode(mode) if mode else kept,
            parameters={**before.parameters, **values.get(policy.id, {})},
        )

    _rewrite(kept, chosen, enabled, accounts or (), all_accounts, yes, format)


def disable(
    ids: IdsArgument = None,
    accounts: AccountsOption = None,
    all_accounts: AllAccountsOption = False,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    every: AllOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Disable policies in accounts, without asking.

    What is running ends as it began; the next execution leaves these policies out. Their parameters are
    kept for when they are enabled again.

    - `rightstate policies disable --all --all-accounts` stops everything.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    chosen = _chosen(ids, types, category, risk, every)

    def disabled(policy: Policy, before: Enabled) -> Enabled:
        return Enabled(mode=Mode.OFF, parameters=before.parameters)

    _rewrite(kept, chosen, disabled, accounts or (), all_accounts, True, format)


def set_mode(
    mode: Annotated[OnMode, typer.Argument(help="What the policies may do.", show_default=False)],
    ids: IdsArgument = None,
    accounts: AccountsOption = None,
    all_accounts: AllAccountsOption = False,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    every: AllOption = False,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Change the mode of policies that are enabled, and leave those that are off.

    - `rightstate policies set-mode auto s3-versioning --account 111122223333` has it mend from now on.
    - `rightstate policies set-mode report --all --all-accounts` has everything report, and change nothing.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    chosen = _chosen(ids, types, category, risk, every)

    def changed(policy: Policy, before: Enabled) -> Enabled:
        return before if before.mode is Mode.OFF else Enabled(mode=Mode(mode), parameters=before.parameters)

    _rewrite(kept, chosen, changed, accounts or (), all_accounts, yes, format)


# --- What is asked for ---


def _chosen(
    ids: Sequence[str] | None,
    types: Sequence[str] | None,
    category: str | None,
    risk: Risk | None,
    every: bool,
) -> Chosen:
    narrowed = bool(ids or types or category or risk)
    if narrowed == every:
        raise InvalidInput(
            "Say which policies: by id, --type, --category or --risk, or --all of them. Nothing was changed."
        )
    return filters.policies(ids or (), types or (), category, risk)


def _values(chosen: Chosen, given: Iterable[str]) -> dict[str, dict[str, Value]]:
    values: dict[str, dict[str, Value]] = {}
    known = {policy.id for _, policy in chosen}
    for each in given:
        policy, name, value = parameter(each)
        if policy not in known:
            raise InvalidInput(f"--set names {policy}, which is not among those chosen. Nothing was changed.")
        values.setdefault(policy, {})[name] = value
    return values


def _rewrite(
    kept: Workspace,
    chosen: Chosen,
    new: Callable[[Policy, Enabled], Enabled],
    named: Sequence[str],
    every: bool,
    yes: bool,
    format: Format,
) -> None:
    """Everything is read, decided and checked for all accounts before the first is written."""
    registry = kept.registry
    rewrites = [_decided(chosen, new, each) for each in filters.accounts(registry, named, every)]
    _check(kept, rewrites)
    changed = [each for each in rewrites if each.changes]
    _print_what_will_happen(changed, _MEANING if kept.hub else {**_MEANING, **_MEANING_HERE})
    failed: dict[str, str] = {}
    if not changed:
        say("There is nothing to change.")
    elif _confirmed(changed, yes):
        failed = _write(registry, changed)
    else:
        say("Nothing was changed.")
        raise typer.Exit(2)
    if format is Format.JSON:
        print_json([_facts(each, failed.get(each.account.account, "")) for each in rewrites])
    elif changed:
        print_table(
            "",
            ("Account", "Policies", ""),
            [
                (
                    _named(each.account),
                    _summary(each.changes),
                    failed.get(each.account.account) or "written",
                )
                for each in changed
            ],
        )
    if failed:
        written = [each.account.account for each in changed if each.account.account not in failed]
        say(f"Not written: {', '.join(failed)}. Written: {', '.join(written) or 'none'}. Run the same again.")
        raise typer.Exit(1)


def _decided(chosen: Chosen, new: Callable[[Policy, Enabled], Enabled], account: Account) -> Rewrite:
    changes = []
    for _, policy in chosen:
        names = [name for name in (policy.id, *policy.aliases) if name in account.policies]
        if len(names) > 1:
            raise InvalidInput(
                f"The settings of account {account.account} name {policy.id} twice: {', '.join(names)}. "
                "Nothing was changed. Take one of them out of the settings table."
            )
        before = account.policies[names[0]] if names else _OFF
        after = new(policy, before)
        if after != before:
            changes.append(Change(policy, before, after))
    return Rewrite(account, tuple(changes))


def _check(kept: Workspace, rewrites: Iterable[Rewrite]) -> None:
    """What the functions would stop at is refused here. Raises InvalidInput, SettingsUnreadable."""
    at = kept.hub
    asking = sorted(
        each.policy.id for one in rewrites for each in one.changes if each.after.mode is Mode.APPROVE
    )
    if asking and at is None:
        raise InvalidInput(
            f"Mode approve needs a hub: on this machine an execution ends with its command, and cannot wait "
            f"for an answer to {', '.join(asking)}. Nothing was changed. Choose report or auto, or give "
            "--deployed."
        )
    for rewrite in rewrites:
        for resource_type in load_all():
            enabled = settings.enabled(rewrite.after, resource_type)
            if at and enabled and resource_type.name not in at.machines():
                raise InvalidInput(
                    f"The hub has no state machine for {resource_type.name}: it is of version "
                    f"{at.outputs.get('Version', 'unknown')}. Nothing was changed. Deploy it again."
                )
    if at is None:
        return
    version = at.outputs.get("Version", "unknown")
    if version != __version__:
        say(
            f"The hub is of version {version}, and this is {__version__}: a policy that the hub does not "
            "know would stop every execution of the account."
        )


# --- What is said ---


def _print_what_will_happen(rewrites: Sequence[Rewrite], meaning: Mapping[Mode, str]) -> None:
    """In words, once for all accounts and for all policies in which the same happens."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for rewrite in rewrites:
        policies: dict[tuple[str, str], list[str]] = {}
        for each in rewrite.changes:
            policies.setdefault((_from_to(each), _may_break(each)), []).append(each.policy.id)
        lines = (f"- {', '.join(ids)}: {what}. {breaks}" for (what, breaks), ids in policies.items())
        alike.setdefault(tuple(lines), []).append(_named(rewrite.account))
    for said, accounts in alike.items():
        say(f"In {counted(len(accounts), 'account')}, {', '.join(accounts)}:")
        for line in said:
            say(line.rstrip())
    modes = {change.after.mode for each in rewrites for change in each.changes}
    for mode in Mode:
        if mode in modes:
            say(meaning[mode])


def _confirmed(rewrites: Sequence[Rewrite], yes: bool) -> bool:
    """Ask where something that may break gets to change resources; name the risks."""
    risky = {change.policy.id: change.policy for each in rewrites for change in each.changes if change.risky}
    if not risky or yes:
        return True
    risks = Counter(policy.risk for policy in risky.values())
    named = ", ".join(f"{risk} ({count})" for risk, count in risks.items())
    accounts = [each for each in rewrites if any(change.risky for change in each.changes)]
    answer = ask(
        f"Let {counted(len(risky), 'policy')} of risk {named} change resources in "
        f"{counted(len(accounts), 'account')}?"
    )
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    return answer


def _write(registry: Registry, rewrites: Iterable[Rewrite]) -> dict[str, str]:
    """Account -> why it was not written, of those that were not."""
    failed = {}
    for each in rewrites:
        try:
            registry.put(each.after)
        except RightstateError as error:
            failed[each.account.account] = str(error)
    return failed


def _summary(changes: Sequence[Change]) -> str:
    """`2 off -> report, 1 report -> auto`."""
    return ", ".join(f"{count} {what}" for what, count in Counter(map(_modes, changes)).items())


def _modes(change: Change) -> str:
    before, after = change.before.mode, change.after.mode
    return f"{before} -> {after}" if before is not after else f"stays {after}"


def _from_to(change: Change) -> str:
    values = [f"{name} = {as_text(value)}" for name, value in change.after.parameters.items()]
    changed = change.before.parameters != change.after.parameters
    return ", ".join((_modes(change), *(values if changed else ())))


def _may_break(change: Change) -> str:
    """What the policy may break where it changes resources, and whether that can be undone."""
    policy = change.policy
    match change.after.mode:
        case Mode.OFF:
            return ""
        case Mode.AUTO:
            return f"Risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"
        case _:
            return f"In auto, risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"


def _named(account: Account) -> str:
    return f"{account.account} ({account.name})" if account.name else account.account


def _facts(rewrite: Rewrite, error: str) -> dict[str, Any]:
    return {
        "account": rewrite.account.account,
        "written": bool(rewrite.changes) and not error,
        "error": error,
        "policies": [
            {
                "policy": each.policy.id,
                "risk": each.policy.risk.value,
                "before": each.before.model_dump(mode="json"),
                "after": each.after.model_dump(mode="json"),
            }
            for each in rewrite.changes
        ],
    }
