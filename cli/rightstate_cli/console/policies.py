"""Policies and accounts: what each policy may do where, and one policy with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from rightstate.catalogue import find_policy, load_all
from rightstate.errors import InvalidInput, RightstateError, SettingsUnreadable
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Policy, Risk, Severity
from rightstate.resource_type import ResourceType
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.docs.reference import facts, parameters
from rightstate_cli.operations.enable_policies import OFF, hindrance
from rightstate_cli.planning import filters
from rightstate_cli.report.standing import Standing
from rightstate_cli.standards.frameworks import Framework

ACROSS = 6
"""Accounts beside each other."""


@dataclass(frozen=True)
class Row:
    """A policy in each of the accounts that are shown, how many resources stand how with it, and why it
    cannot be enabled in each account, if so."""

    policy: Policy
    enabled: Sequence[Enabled]
    standing: Sequence[int] | None
    hindrances: Sequence[str]

    @property
    def hindered(self) -> str:
        """Why it can be enabled in none of these accounts; empty if it can."""
        return self.hindrances[0] if self.hindrances and all(self.hindrances) else ""


@dataclass(frozen=True)
class Group:
    """The policies of a resource type."""

    of: ResourceType
    rows: Sequence[Row]


def matrix(visit: Visit) -> Response:
    """Policies by accounts, with filters."""
    known = visit.console.known.standing(patience=0)
    accounts, unreadable = registered(visit)
    wanted = visit.asked.get("account", ())
    chosen = [each for each in accounts if not wanted or each.account in wanted]
    first = visit.number("from", 0)
    shown = chosen[first : first + ACROSS]
    groups = list(_groups(visit, shown, known))
    return visit.filtered(
        "policies",
        section="policies",
        groups=groups,
        count=sum(len(group.rows) for group in groups),
        shown=shown,
        accounts=accounts,
        chosen=chosen,
        first=first,
        across=ACROSS,
        unreadable=unreadable,
        asked={name: visit.one(name) for name in _FILTERS},
        severities=list(reversed(Severity)),
        risks=list(Risk),
        frameworks=list(Framework),
        types=[each.name for each in load_all()],
        local=visit.local,
        written=visit.number("written", 0),
        command=visit.command("policies", "list", options=False),
    )


def show(visit: Visit) -> Response:
    """One policy, with its modes."""
    resource_type, policy = find_policy(visit.path("id"))
    accounts, _ = registered(visit)
    known = visit.console.known.standing(patience=0)
    return visit.page(
        "policy.html.j2",
        section="policies",
        policy=policy,
        of=resource_type,
        facts=facts(resource_type, policy),
        parameters=parameters(policy),
        modes=[
            (each, enabled_of(each, policy), hindrance(visit.workspace, each, resource_type, policy))
            for each in accounts
        ],
        standing=known.figures["policies"].get(policy.id) if known else None,
        local=visit.local,
        command=visit.command("policies", "show", policy.id, options=False),
    )


def registered(visit: Visit) -> tuple[list[Account], list[SettingsUnreadable]]:
    """The registered accounts in their order, and why the settings of some cannot be read.

    On this machine no account has to be registered: those of the ledger, and that of the credentials, are
    there too.
    """
    found = list(visit.workspace.registry.understood())
    understood = [each for _, each in found if isinstance(each, Account)]
    if visit.local:
        known = {account for account, _ in found}
        understood += [Account(account=each) for each in sorted(_others(visit) - known)]
    unreadable = [each for _, each in found if isinstance(each, SettingsUnreadable)]
    return sorted(understood, key=lambda each: (each.name or each.account, each.account)), unreadable


def _others(visit: Visit) -> set[str]:
    known = visit.console.known.latest
    found = set(known.figures["accounts"]) if known else set()
    try:
        return {*found, visit.workspace.caller.account}
    except RightstateError:
        # Settings can be read and written without credentials.
        return found


def enabled_of(account: Account, policy: Policy) -> Enabled:
    """How the policy is enabled there, by its id or an alias."""
    return next(
        (account.policies[name] for name in (policy.id, *policy.aliases) if name in account.policies), OFF
    )


def _groups(visit: Visit, shown: Sequence[Account], known: Standing | None) -> list[Group]:
    standing = known.figures["policies"] if known else {}
    mode, words = visit.one("mode"), visit.one("text").lower().split()
    found: dict[str, Group] = {}
    for resource_type, policy in _matching(visit):
        enabled = [enabled_of(account, policy) for account in shown]
        text = f"{policy.id} {policy.title} {policy.category}".lower()
        if not all(word in text for word in words) or (mode and all(each.mode != mode for each in enabled)):
            continue
        hindrances = [hindrance(visit.workspace, each, resource_type, policy) for each in shown]
        row = Row(policy, enabled, standing.get(policy.id), hindrances)
        before = found.get(resource_type.name, Group(resource_type, ()))
        found[resource_type.name] = Group(resource_type, (*before.rows, row))
    return list(found.values())


def _matching(visit: Visit) -> filters.Chosen:
    severity, risk, framework = visit.one("severity"), visit.one("risk"), visit.one("framework")
    every = {each.name for each in load_all()}
    try:
        return filters.policies(
            types=[each for each in visit.asked.get("type", ()) if each in every],
            risk=Risk(risk) if risk in set(Risk) else None,
            severity=Severity(severity) if severity in set(Severity) else None,
            framework=Framework(framework) if framework in set(Framework) else None,
        )
    except InvalidInput:
        return []


_FILTERS = ("text", "type", "severity", "risk", "framework", "mode")
ROUTES = [get("/policies", matrix), get("/policies/{id}", show)]
