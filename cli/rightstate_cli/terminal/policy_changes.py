"""Changes of what policies may do: what will happen, the question, and the result."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from rightstate.policy import Mode
from rightstate.wants import as_text
from rightstate_cli.operations.enable_policies import AccountChange, PolicyChange, SettingsChange
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.accounts import title
from rightstate_cli.terminal.options import optional
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.terminal.waiting import confirmed_change
from rightstate_cli.text import counted

_MEANING = {
    Mode.OFF: "off: resources are not looked at.",
    Mode.REPORT: "report: deviations are reported, and nothing is changed.",
    Mode.APPROVE: "approve: deviations are fixed after a person approves: `rightstate approvals list`.",
    Mode.AUTO: "auto: deviations are fixed within seconds of the event that caused them.",
}
_MEANING_HERE = {
    **_MEANING,
    Mode.REPORT: "report: `rightstate remediate` shows deviations, and does not change them.",
    Mode.AUTO: "auto: `rightstate remediate` fixes deviations.",
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
InAccountsOption = Annotated[list[str] | None, optional("ID", "In this account; repeatable.", "--account")]
AllAccountsOption = Annotated[bool, typer.Option("--all-accounts", help="In every registered account.")]
AllPoliciesOption = Annotated[bool, typer.Option("--all", help="All policies.")]


def change_settings(
    change: SettingsChange, yes: bool, format: Format, consequences: Sequence[str] = ()
) -> int:
    """Say what will happen, ask where something may break, write, and print the result. With `consequences`,
    which are said first, ask whatever the policies may do.

    Returns the exit code: 0 done, 1 an account could not be written, 2 a person said no.
    """
    for notice in (*consequences, *change.notices):
        say(notice)
    _say_what_will_happen(change)
    changed, failed = change.changed, {}
    if not changed:
        say("There is nothing to change.")
    elif (change.risky or consequences) and not confirmed_change(_question(change), yes):
        return 2
    else:
        failed = change.write()
    _print(change, failed, format)
    if failed:
        written = [each.account.account for each in changed if each.account.account not in failed]
        say(f"Not written: {', '.join(failed)}. Written: {', '.join(written) or 'none'}. Run the same again.")
    return 1 if failed else 0


def _say_what_will_happen(change: SettingsChange) -> None:
    """In words, once for all accounts and policies with the same change."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in change.changed:
        policies: dict[tuple[str, str], list[str]] = {}
        for one in each.changes:
            policies.setdefault((_from_to(one), _may_break(one)), []).append(one.policy.id)
        lines = (f"- {', '.join(ids)}: {what}. {breaks}" for (what, breaks), ids in policies.items())
        alike.setdefault(tuple(lines), []).append(title(each.account))
    for sentences, accounts in alike.items():
        say(f"In {counted(len(accounts), 'account')}, {', '.join(accounts)}:")
        for line in sentences:
            say(line.rstrip())
    meaning = _MEANING if change.workspace.hub else _MEANING_HERE
    for mode in Mode:
        if mode in change.modes:
            say(meaning[mode])


def _question(change: SettingsChange) -> str:
    risky = change.risky
    if not risky:
        count = len({one.policy.id for each in change.changed for one in each.changes})
        modes = ", ".join(mode for mode in Mode if mode in change.modes)
        where = counted(len(change.changed), "account")
        return f"Enable {counted(count, 'policy')} in {where}, in mode {modes}?"
    risks = ", ".join(f"{risk} ({n})" for risk, n in Counter(each.risk for each in risky.values()).items())
    accounts = [each for each in change.accounts if any(one.risky for one in each.changes)]
    return (
        f"Let {counted(len(risky), 'policy')} of risk {risks} change resources in "
        f"{counted(len(accounts), 'account')}?"
    )


def _print(change: SettingsChange, failed: dict[str, str], format: Format) -> None:
    if format is Format.JSON:
        print_json([_facts(each, failed.get(each.account.account, "")) for each in change.accounts])
    elif change.changed:
        print_table(
            "",
            ("Account", "Policies", ""),
            [
                (
                    title(each.account),
                    _summary(each.changes),
                    failed.get(each.account.account) or "written",
                )
                for each in change.changed
            ],
        )


def _summary(changes: Sequence[PolicyChange]) -> str:
    """`2 off -> report, 1 report -> auto`."""
    return ", ".join(f"{count} {what}" for what, count in Counter(map(_modes, changes)).items())


def _modes(change: PolicyChange) -> str:
    before, after = change.before.mode, change.after.mode
    return f"{before} -> {after}" if before is not after else f"stays {after}"


def _from_to(change: PolicyChange) -> str:
    values = [f"{name} = {as_text(value)}" for name, value in change.after.parameters.items()]
    changed = change.before.parameters != change.after.parameters
    return ", ".join((_modes(change), *(values if changed else ())))


def _may_break(change: PolicyChange) -> str:
    """What the policy may break where it changes resources, and whether that can be undone."""
    policy = change.policy
    match change.after.mode:
        case Mode.OFF:
            return ""
        case Mode.AUTO:
            return f"Risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"
        case _:
            return f"In auto, risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"


def _facts(change: AccountChange, error: str) -> dict[str, Any]:
    return {
        "account": change.account.account,
        "written": bool(change.changes) and not error,
        "error": error,
        "policies": [
            {
                "policy": each.policy.id,
                "risk": each.policy.risk.value,
                "before": each.before.model_dump(mode="json"),
                "after": each.after.model_dump(mode="json"),
            }
            for each in change.changes
        ],
    }
