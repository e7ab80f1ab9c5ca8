"""What the form of a change of policies asks for."""

import shlex
from collections.abc import Mapping, Sequence

from rightstate.errors import InvalidInput
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Policy
from rightstate.wants import Value
from rightstate_cli.console.policies import enabled_of
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations import enable_policies
from rightstate_cli.operations.enable_policies import OFF, Decide, SettingsChange
from rightstate_cli.planning import filters
from rightstate_cli.planning.filters import Chosen

_SET = "set."
"""What the name of a box for a parameter begins with; POLICY.PARAMETER follows."""


class Asked:
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
