"""The checks of `rightstate verify`, and running them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate_cli.checks import canary, events, hub, members, operations, stacks
from rightstate_cli.checks.check import Check, CheckResult, Clients, Per, Site, Status, examine
from rightstate_cli.hub.deployment import Hub

__all__ = ["ALL", "Check", "CheckResult", "Clients", "Per", "Result", "Site", "Status", "chosen", "run"]

_AT_ONCE = 16

ALL: tuple[Check, ...] = tuple(
    sorted(
        (
            each
            for module in (canary, events, hub, members, operations, stacks)
            for each in vars(module).values()
            if isinstance(each, Check)
        ),
        key=lambda each: (each.number, list(Per).index(each.per), each.title),
    )
)
"""Every check, found in the modules; nothing is registered."""


@dataclass(frozen=True)
class Result:
    """One finding of a check, and where."""

    check: Check
    account: str
    region: str
    finding: CheckResult


def chosen(names: Sequence[str]) -> list[Check]:
    """The checks with those ids; without ids all. Raises InvalidInput."""
    ids = {each.id for each in ALL}
    wanted = {name.upper() for name in names}
    if unknown := sorted(wanted - ids):
        listed = ", ".join(dict.fromkeys(each.id for each in ALL))
        raise InvalidInput(f"There is no check {shown(unknown[0])}. The checks are: {listed}.")
    return [each for each in ALL if not wanted or each.id in wanted]


def run(
    checks: Sequence[Check],
    hub: Hub,
    accounts: Mapping[str, Account | SettingsUnreadable],
    clients: Clients,
    among: Sequence[str] = (),
) -> Iterator[Result]:
    """Run the checks, many at a time, and yield their findings in the order of the checks.

    `among` names the accounts to check; without it all. The hub's checks always see all accounts.
    """
    sites = [(each, site) for each in checks for site in _sites(each.per, hub, accounts, clients, among)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (each, site), findings in zip(sites, pool.map(lambda one: examine(*one), sites), strict=True):
            for finding in findings:
                yield Result(each, site.account, "" if each.per is Per.ACCOUNT else site.region, finding)


def _sites(
    per: Per,
    hub: Hub,
    accounts: Mapping[str, Account | SettingsUnreadable],
    clients: Clients,
    among: Sequence[str],
) -> Iterator[Site]:
    if per is Per.HUB:
        yield Site(hub, accounts, clients, hub.account, hub.region)
        return
    for account in sorted(among or accounts):
        settings = accounts[account]
        regions = (not isinstance(settings, SettingsUnreadable) and settings.regions) or (hub.region,)
        for region in regions if per is Per.REGION else regions[:1]:
            yield Site(hub, accounts, clients, account, region)
