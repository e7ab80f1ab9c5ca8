"""Make a plan: of the accounts that are named, or of those that a hub looks after."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rightstate.errors import InvalidInput
from rightstate_cli.aws import bucket_place, sign_in
from rightstate_cli.embedded.local import Local
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations import looking
from rightstate_cli.planning import config_ids, findings, plan_file, survey
from rightstate_cli.planning.accounts import (
    Accounts,
    Wanted,
    named_accounts,
    of_resources,
    registered_accounts,
    targets,
)
from rightstate_cli.planning.plan_file import Plan
from rightstate_cli.planning.target import Target
from rightstate_cli.text import counted

Say = Callable[[str], None]
Progressed = Callable[[int, int], None]
"""Is given how many resources were read, and how many are known so far."""


@dataclass(frozen=True)
class Reading:
    """What a plan is made of: the resources, and the types that could not be listed."""

    items: list[survey.Item] = field(default_factory=list)
    unlisted: list[survey.Unlisted] = field(default_factory=list)

    def __iter__(self) -> Iterator[survey.Item | survey.Unlisted]:
        yield from self.items
        yield from self.unlisted


def make(
    wanted: Wanted,
    source: Path | None,
    hub: Hub | None,
    ledger: Path | None,
    say: Say,
    progressed: Progressed,
) -> Plan:
    """The plan of what is wanted, of the findings in the file `source` if one is given.

    With a hub the accounts are those of its settings. Without one, exemptions and halts are those of the
    ledger on this machine, and a plan that leaves out nothing is kept there as a look.

    Raises InvalidInput, Denied, Unavailable.
    """
    given = findings.read(source) if source else None
    if given and wanted.resources:
        raise InvalidInput("--from and --resource both say which resources to look at; give one of them.")
    if given and given.warning:
        say(given.warning)
    if hub:
        accounts = registered_accounts(wanted, hub)
    else:
        accounts = with_exemptions(named_accounts(_with_region(wanted)), ledger)
    if given is None:
        chosen, left = targets(accounts, wanted.resources), None
    else:
        matched = findings.match(config_ids.with_arns(given, accounts), accounts)
        chosen, left = of_resources(accounts, matched.wanted), matched.findings
    whole = hub is None and given is None and looking.whole(wanted)
    with looking.kept_in(Local(ledger), "plan", whole, say) as looked:
        read = read_all(chosen, say, progressed, looked)
    return plan_file.document(chosen, read.items, read.unlisted, accounts.modes, left)


def read_all(
    chosen: Sequence[Target], say: Say, progressed: Progressed, looked: survey.Looked = survey.unseen
) -> Reading:
    """Read the resources of the targets and decide about each."""
    say(f"Reading {_places([(target.place.account, target.place.region) for target in chosen])} ...")
    reading = Reading()
    for found in survey.plan(chosen, progressed, looked):
        if isinstance(found, survey.Unlisted):
            reading.unlisted.append(found)
        else:
            reading.items.append(found)
    return reading


def with_exemptions(accounts: Accounts, ledger: Path | None) -> Accounts:
    """The accounts with the exemptions and halts that this machine's ledger has for them.

    A ledger that does not exist yet is not made. Raises InvalidInput, SettingsUnreadable, Unavailable.
    """
    local = Local(ledger)
    if not local.path.exists():
        return accounts
    known = {}
    for name, account in accounts.accounts.items():
        found = local.registry.get(name)
        kept = ("exemptions", "tag_exemptions", "managed")
        known[name] = account.model_copy(update={key: getattr(found, key) for key in kept})
    return replace(accounts, accounts=known, guards=local.guarding.halted())


def _with_region(wanted: Wanted) -> Wanted:
    """Asks for the region of the buckets, where nothing but buckets of the user's own account is named."""
    if not wanted.resources or wanted.regions or wanted.accounts:
        return wanted
    if not all(":s3:::" in name for name in wanted.resources):
        return wanted
    caller = sign_in()
    found = [bucket_place(caller, name) for name in wanted.resources]
    regions = {place.region for place in found if place}
    return replace(wanted, regions=tuple(regions)) if all(found) and len(regions) == 1 else wanted


def _places(places: Sequence[tuple[str, str]]) -> str:
    accounts, regions = {account for account, _ in places}, {region for _, region in places}
    if len(accounts) == 1 and len(regions) == 1:
        return f"account {places[0][0]} in {places[0][1]}"
    return f"{counted(len(accounts), 'account')} in {counted(len(regions), 'region')}"
