"""Changes of what policies may do: what will happen, the question, and the result."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from rightstate_cli.operations.enable_policies import AccountChange, PolicyChange, SettingsChange
from rightstate_cli.operations.policy_consequences import from_to, may_break, meanings, modes_of, question
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.accounts import title
from rightstate_cli.terminal.options import optional
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.terminal.waiting import confirmed_change
from rightstate_cli.text import counted


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
    elif (change.risky or consequences) and not confirmed_change(question(change), yes):
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
            policies.setdefault((from_to(one), may_break(one)), []).append(one.policy.id)
        lines = (f"- {', '.join(ids)}: {what}. {breaks}" for (what, breaks), ids in policies.items())
        alike.setdefault(tuple(lines), []).append(title(each.account))
    for sentences, accounts in alike.items():
        say(f"In {counted(len(accounts), 'account')}, {', '.join(accounts)}:")
        for line in sentences:
            say(line.rstrip())
    for sentence in meanings(change):
        say(sentence)


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
    return ", ".join(f"{count} {what}" for what, count in Counter(map(modes_of, changes)).items())


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
