"""Change what policies may do: the consequences first, then the change."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.models.settings import Account
from rightstate_cli.console.policy_form import Asked
from rightstate_cli.console.routing import post
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations.enable_policies import (
    AccountChange,
    SettingsChange,
    unseen_region,
)
from rightstate_cli.operations.policy_consequences import from_to, may_break, meanings, question


def consequences(visit: Visit) -> Response:
    """What the change means, before anything is written. Asks for values that are missing."""
    asked = Asked(visit)
    if needed := asked.missing:
        return visit.page("policy_values.html.j2", section="policies", asked=asked, needed=needed)
    change = asked.prepare()
    return visit.page(
        "policy_consequences.html.j2",
        section="policies",
        asked=asked,
        change=change,
        alike=_alike(change),
        meanings=meanings(change),
        question=question(change),
        notices=[*change.notices, *_unseen(change)],
        command=asked.command,
    )


def change(visit: Visit) -> Response:
    """Write it, if the settings are still those that the consequences were shown for."""
    asked = Asked(visit)
    changing = asked.prepare()
    seen = dict(each.split(":", 1) for each in visit.form.get("revision", ()) if ":" in each)
    if any(seen.get(each.account.account) != str(each.account.revision) for each in changing.accounts):
        raise InvalidInput(
            "Somebody has changed the settings since the consequences were shown. Nothing was changed. "
            "Choose the policies again."
        )
    if changing.risky and not visit.given("agreed"):
        raise InvalidInput("Nothing was changed. Confirm first that you accept what the policies may break.")
    failed = changing.write()
    visit.console.known.change()
    if failed:
        why = " ".join(f"Account {account} was not written: {reason}" for account, reason in failed.items())
        written = [each.account.account for each in changing.changed if each.account.account not in failed]
        raise InvalidInput(f"{why} Written: {', '.join(written) or 'none'}.")
    return visit.go(f"/policies?written={len(changing.changed)}")


def _alike(
    change: SettingsChange,
) -> list[tuple[Sequence[Account], Sequence[tuple[Sequence[str], str, str]]]]:
    """Accounts in which the same changes, with policies, what changes of them, and what they may break."""
    found: dict[tuple[Any, ...], list[Account]] = {}
    for each in change.changed:
        found.setdefault(_lines(each), []).append(each.account)
    return [(accounts, lines) for lines, accounts in found.items()]


def _lines(change: AccountChange) -> tuple[tuple[Sequence[str], str, str], ...]:
    policies: dict[tuple[str, str], list[str]] = {}
    for one in change.changes:
        policies.setdefault((from_to(one), may_break(one)), []).append(one.policy.id)
    return tuple((tuple(ids), what, breaks) for (what, breaks), ids in policies.items())


def _unseen(change: SettingsChange) -> list[str]:
    """A sentence for each account and type of which no event arrives."""
    found = {
        (
            each.account.account,
            unseen_region(change.workspace.hub, each.account, find_policy(one.policy.id)[0]),
        )
        for each in change.changed
        for one in each.changes
    }
    return [f"Account {account}: {why}" for account, why in sorted(found) if why]


ROUTES = [post("/policies/consequences", consequences), post("/policies/change", change)]
