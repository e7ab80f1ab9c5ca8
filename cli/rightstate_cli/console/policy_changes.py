"""Change what policies may do: the consequences first, then the change."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Policy
from rightstate.wants import Value
from rightstate_cli.console.policies import enabled_of
from rightstate_cli.console.visit import Visit, post
from rightstate_cli.operations import enable_policies
from rightstate_cli.operations.enable_policies import (
    OFF,
    AccountChange,
    Decide,
    SettingsChange,
    unseen_region,
)
from rightstate_cli.operations.policy_consequences import from_to, may_break, meanings, question
from rightstate_cli.planning import filters
from rightstate_cli.planning.filters import Chosen

_SET = "set."
"""What the name of a box for a parameter begins with; POLICY.PARAMETER follows."""


def consequences(visit: Visit) -> Response:
    """What the change means, before anything is written. Asks for values that are missing."""
    asked = _Asked(visit)
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
    asked = _Asked(visit)
    changing = asked.prepare()
    seen = dict(each.split(":", 1) for each in visit.form.get("revision", ()) if ":" in each)
    if any(seen.get(each.account.account) != str(each.account.revision) for each in changing.accounts):
        raise InvalidInput(
            "Somebody has changed the settings since the consequences were shown. Nothing was changed. "
            "Choose the policies again."
        )
    if changing.risky and not visit.given("agreed"):
        raise InvalidInput("Nothing was changed: nobody agreed to what the policies may break.")
    failed = changing.write()
    visit.console.known.change()
    if failed:
        why = " ".join(f"Account {account} was not written: {reason}" for account, reason in failed.items())
        written = [each.account.account for each in changing.changed if each.account.account not in failed]
        raise InvalidInput(f"{why} Written: {', '.join(written) or 'none'}.")
    return visit.go(f"/policies?written={len(changing.changed)}")


class _Asked:
    """What the form asks for. Raises InvalidInput where it names nothing that there is."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        ids, accounts = visit.form.get("policy", ()), visit.form.get("account", ())
        if not ids or not accounts:
            what = "policy" if not ids else "account"
            raise InvalidInput(f"No {what} is chosen. Nothing was changed.")
        if visit.given("mode") not in set(Mode):
            raise InvalidInput("No mode is chosen. Nothing was changed.")
        self.mode = Mode(visit.given("mode"))
        self.chosen: Chosen = filters.policies(ids)
        self.accounts: Sequence[Account] = filters.accounts(visit.workspace.registry, accounts, False)
        self.given = [
            f"{name.removeprefix(_SET)}={value.strip()}"
            for name, values in visit.form.items()
            if name.startswith(_SET)
            for value in values
            if value.strip()
        ]
        self.values = enable_policies.parameter_values(self.chosen, self.given)

    @property
    def missing(self) -> Sequence[tuple[Policy, Sequence[str]]]:
        """The policies that lack values which nobody can guess, and these."""
        if self.mode is Mode.OFF:
            return []
        return [
            (policy, names)
            for _, policy in self.chosen
            if (
                names := sorted(
                    {
                        name
                        for account in self.accounts
                        for name in policy.missing(self._known(account, policy))
                    }
                )
            )
        ]

    def _known(self, account: Account, policy: Policy) -> Mapping[str, Value]:
        return {**enabled_of(account, policy).parameters, **self.values.get(policy.id, {})}

    def prepare(self) -> SettingsChange:
        """What changes. Nothing is written."""
        return enable_policies.prepare(self.visit.workspace, self.chosen, self.accounts, self._decide)

    @property
    def _decide(self) -> Decide:
        if self.mode is not Mode.OFF:
            return enable_policies.enabling(self.mode, self.values)

        def off(policy: Policy, before: Enabled) -> Enabled:
            return before if before == OFF else enable_policies.disabling(policy, before)

        return off

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """What the next form sends again."""
        return [
            *(("policy", policy.id) for _, policy in self.chosen),
            *(("account", account.account) for account in self.accounts),
            *((f"{_SET}{each.partition('=')[0]}", each.partition("=")[2]) for each in self.given),
            ("mode", self.mode.value),
        ]

    @property
    def command(self) -> str:
        """The command that does the same."""
        on = self.mode is not Mode.OFF
        words = [
            "rightstate",
            "policies",
            "enable" if on else "disable",
            *(each.id for _, each in self.chosen),
        ]
        words += [word for each in self.accounts for word in ("--account", each.account)]
        words += ["--mode", self.mode.value] if on else []
        words += [word for each in self.given for word in ("--set", each)]
        return shlex.join([*words, *self.visit.console.named.options])


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
