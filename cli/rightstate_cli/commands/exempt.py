"""`rightstate exempt`: what policies have to leave alone, why, and until when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from secrets import token_hex
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from rightstate import settings
from rightstate.catalogue import find_policy, load, load_all, names
from rightstate.deciding.exemptions import by_tag, in_force
from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.identify import identify, is_arn_of, place_of, shown
from rightstate.models.settings import Account, Exemption
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate_cli.aws import checked_account, checked_region
from rightstate_cli.operations import workspace
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.tables import exemptions
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
    on_one_line,
)
from rightstate_cli.terminal.output import Format, ask, print_json, print_table, say
from rightstate_cli.text import counted

app = typer.Typer(
    no_args_is_help=True,
    help="Exempt resources from policies, for a reason and for a time.",
    rich_markup_mode="markdown",
)

_END_OF_DAY = "T23:59:59Z"

AccountOption = Annotated[
    str, typer.Option("--account", help="The account, 12 digits.", metavar="ID", show_default=False)
]


@app.command()
def add(
    account: AccountOption,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT", show_default=False)],
    approver: Annotated[str, typer.Option(help="Who has approved it.", metavar="TEXT", show_default=False)],
    resource: Annotated[
        str | None,
        typer.Option(
            "--resource",
            "-r",
            help="This resource alone, by ARN or as REGION/TYPE/ID. Left out, as --tag: the whole account.",
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="The resource's region, where its ARN does not say it, as of a bucket.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(
            help="What carries this tag. The account has to allow it: `rightstate accounts set`.",
            metavar="KEY=VALUE",
            show_default=False,
        ),
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            "-p",
            help="From this policy alone, by id or alias; repeatable. Left out: from all.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="The last day on which it counts, in UTC.", metavar="DATE", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Or for so many days after today.", metavar="NUMBER", show_default=False),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Exempt an account, a resource or what carries a tag, from some policies or from all.

    What is exempt is still looked at, and what policies find there is kept in the ledger with the reason;
    nothing is changed, and nobody is told. It counts from the next execution on: what runs ends as it began.
    When it has ended, the next event or sweep has what is broken put right. Asks before a whole account is
    exempted.

    - `rightstate exempt add --account 111122223333 -r arn:aws:sqs:eu-west-1:111122223333:invoices --days 30
      --reason CHG-5521 --approver ana@example.com` exempts a queue.
    - `rightstate exempt add --account 111122223333 -p s3-versioning --until 2026-12-31 --reason "Cost review"
      --approver ana@example.com` asks, and exempts all buckets of the account from one policy.

    Exit codes: 0 done, 2 nothing was changed.
    """
    at = workspace.choose(deployed, stack, hub_region, ledger)
    registry = at.registry
    before = registry.get(checked_account(account))
    if resource and tag:
        raise InvalidInput("Give either --resource or --tag. Nothing was changed.")
    if region and not resource:
        raise InvalidInput("--region belongs to --resource. Nothing was changed.")
    if tag and not before.tag_exemptions:
        raise InvalidInput(
            f"Account {account} does not let tags exempt a resource, because whoever may tag it could. "
            f"Nothing was changed. `rightstate accounts set {account} --tag-exemptions` allows it."
        )
    ids = tuple(dict.fromkeys(find_policy(each)[1].id for each in policies or ()))
    now = datetime.now(UTC)
    given = {
        "tag": tag,
        "policies": ids,
        "reason": on_one_line("--reason", reason),
        "approver": on_one_line("--approver", approver, 256),
        "by": at.caller.arn,
        "created": _written(now),
        "until": _written(_until(at, now, until, days)),
    }
    selected = _named(at, account, region, resource, ids) if resource else [None]
    made = [_exemption({**given, "resource": each}) for each in selected]
    after = before.model_copy(update={"exemptions": (*before.exemptions, *made)})
    # What the functions would stop at is refused here.
    for resource_type in load_all():
        settings.enabled(after, resource_type)
        by_tag(after, resource_type, [policy.id for policy in resource_type.policies], _written(now))
    for new in made:
        for other in before.exemptions:
            if in_force(other, new.created) and _overlap(new, other):
                say(f"{other.id} ({_what(other)}, {_which(other)}) counts there too, until {other.until}.")
    if not resource and not tag:
        [whole] = made
        _confirm(f"Exempt the whole account {account} from {_which(whole)} until {whole.until}?", yes)
    registry.put(after)
    _print([(before, each) for each in made], now, format)


@app.command(name="list")
def list_exemptions(
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            help="Of this account; repeatable. Left out: of all.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List exemptions, with those first that end first.

    - `rightstate exempt list --all --format json` gives those that have ended too to a script.

    Exit codes: 0 done, 2 the settings of some account are not understood.
    """
    at = workspace.choose(deployed, stack, hub_region, ledger)
    registry = at.registry
    wanted = {checked_account(each): registry.get(each) for each in accounts or ()}
    found, unread = _understood(registry) if not accounts else (list(wanted.values()), [])
    now = datetime.now(UTC)
    listed = [
        (account, each)
        for account in (exemptions.as_counted(each, at.exemption_days) for each in found)
        for each in account.exemptions
        if every or in_force(each, _written(now))
    ]
    listed.sort(key=lambda each: (datetime.fromisoformat(each[1].until), each[0].account, each[1].id))
    if listed or format is Format.JSON:
        _print(listed, now, format)
        for _, each in listed:
            if each.settings_until:
                say(
                    f"{each.id} counts until {each.until} only: the settings ask for {each.settings_until}, "
                    "longer than the hub's parameter ExemptionDays allows."
                )
    else:
        ended = sum(len(account.exemptions) for account in found)
        others = f" `--all` lists {counted(ended, 'exemption')}." if ended else ""
        say(f"No exemption counts.{others}")
    for error in unread:
        say(str(error))
    if unread:
        raise typer.Exit(2)


@app.command()
def remove(
    exemption: Annotated[
        str, typer.Argument(metavar="ID", help="As `exempt list` shows it.", show_default=False)
    ],
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            help="The account, 12 digits. Left out: whichever has it.",
            metavar="ID",
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
    """Remove an exemption: from the next execution on, what it kept is put right.

    - `rightstate exempt remove ex-1a2b3c4d` shows what it is about, and asks.

    Exit codes: 0 it is removed, 2 nothing was changed.
    """
    registry = workspace.choose(deployed, stack, hub_region, ledger).registry
    found = [registry.get(checked_account(account))] if account else _understood(registry)[0]
    having = [(each, own) for each in found for own in each.exemptions if own.id == exemption]
    if not having:
        raise InvalidInput(
            f"There is no exemption {shown(exemption)}. Nothing was changed. `rightstate exempt list --all` "
            "lists them."
        )
    if len(having) > 1:
        raise InvalidInput(
            f"Several accounts have an exemption {shown(exemption)}. Nothing was changed. Give --account."
        )
    [(before, own)] = having
    now = datetime.now(UTC)
    if in_force(own, _written(now)):
        say(
            f"{own.id} keeps {_which(own)} from changing {_what(own)} in account {before.account}, until "
            f"{own.until}: {own.reason} (approved by {own.approver}). The next execution puts right what is "
            "broken there."
        )
        _confirm(f"Remove exemption {own.id}?", yes)
    kept = tuple(each for each in before.exemptions if each.id != own.id)
    registry.put(before.model_copy(update={"exemptions": kept}))
    say(f"Exemption {own.id} of account {before.account} was removed.")
    if format is Format.JSON:
        print_json({"account": before.account, **own.model_dump(mode="json"), "removed": True})


# --- What is asked for ---


def _until(at: Workspace, now: datetime, until: str | None, days: int | None) -> datetime:
    """The end of the last day. Raises InvalidInput where that is not to come, or too far away."""
    if (until is None) == (days is None):
        raise InvalidInput("Say how long: either --until or --days. Nothing was changed.")
    most = workspace.exemption_days(at)
    try:
        last = date.fromisoformat(until) if until else now.date() + timedelta(days=days or 0)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"--until takes a day, e.g. 2026-12-31, not {shown(until or str(days))}. Nothing was changed."
        ) from None
    left = (last - now.date()).days
    if left < 0:
        raise InvalidInput(f"{last} is over. Nothing was changed.")
    if left > most:
        raise InvalidInput(
            f"{last} is {left} days away, and an exemption lasts at most {most} here. Nothing was changed. "
            "Choose an earlier day; the hub's parameter ExemptionDays says how long."
        )
    return datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC)


def _named(at: Workspace, account: str, region: str | None, given: str, policies: Sequence[str]) -> list[str]:
    """REGION/TYPE/ID of the resource, once for each type that it may be of: those of RDS and Neptune have the
    same ARNs, and only a look tells them apart."""
    if region:
        checked_region(region)
    kinds = {find_policy(each)[0].name for each in policies}
    found = [
        f"{resource.region}/{resource_type.name}/{resource.id}"
        for resource_type, resource in _identified(at, account, region, given)
        if not kinds or resource_type.name in kinds
    ]
    if not found:
        raise InvalidInput(
            f"None of the policies is about {shown(given)}. Nothing was changed. Leave --policy out, or name "
            "one that is."
        )
    return found


def _identified(
    at: Workspace, account: str, region: str | None, given: str
) -> list[tuple[ResourceType, Resource]]:
    place = Place(account=account, region=region or "", partition=at.caller.partition)
    if not given.startswith("arn:"):
        where, _, rest = given.partition("/")
        kind, _, identifier = rest.partition("/")
        if kind not in names() or (region and region != where):
            raise InvalidInput(
                f"{shown(given)} is neither an ARN nor REGION/TYPE/ID. Nothing was changed. "
                "`rightstate policies` names the types."
            )
        place = place.model_copy(update={"region": checked_region(where)})
        return [(load(kind), identify(load(kind), place, identifier))]
    found = []
    for resource_type in load_all():
        if is_arn_of(resource_type, given):
            # An ARN of another account or region than was asked for is refused.
            there = place_of(resource_type, given, place).model_copy(
                update={"account": account, **({"region": region} if region else {})}
            )
            if not there.region and not resource_type.home_regions:
                raise InvalidInput(
                    f"{shown(given)} does not say the region. Nothing was changed. Give --region."
                )
            found.append((resource_type, identify(resource_type, there, given)))
    if not found:
        raise InvalidInput(
            f"{shown(given)} is not the ARN of a resource of any type. Nothing was changed. "
            "`rightstate policies` names the types."
        )
    return found


def _exemption(given: dict[str, Any]) -> Exemption:
    try:
        return Exemption.model_validate({**given, "id": f"ex-{token_hex(4)}"})
    except ValidationError as error:
        where = ", ".join(sorted({f"--{each['loc'][0]}" for each in error.errors() if each["loc"]}))
        raise InvalidInput(
            f"{where} is too long, or not in its form (--tag is KEY=VALUE). Nothing was changed."
        ) from None


def _overlap(one: Exemption, other: Exemption) -> bool:
    """Whether both may excuse one policy of one resource."""
    selectors = [
        (each.resource, each.tag)
        for each in (one, other)
        if each.resource is not None or each.tag is not None
    ]
    apart = len(selectors) == 2 and selectors[0] != selectors[1]
    return not apart and (
        not one.policies or not other.policies or bool(set(one.policies) & set(other.policies))
    )


def _confirm(question: str, yes: bool) -> None:
    """Go on only after a yes. Raises InvalidInput where nobody answers, and ends the command after a no."""
    answer = yes or ask(question)
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    if not answer:
        say("Nothing was changed.")
        raise typer.Exit(2)


def _understood(registry: Registry) -> tuple[list[Account], list[SettingsUnreadable]]:
    found: list[Account] = []
    unread: list[SettingsUnreadable] = []
    for _, each in registry.understood():
        if isinstance(each, Account):
            found.append(each)
        else:
            unread.append(each)
    return found, unread


# --- What is shown ---


def _print(listed: Sequence[tuple[Account, Exemption]], now: datetime, format: Format) -> None:
    if format is Format.JSON:
        print_json(
            [
                {
                    "account": account.account,
                    **each.model_dump(mode="json"),
                    "days_left": _days_left(each, now),
                    "expired": not in_force(each, _written(now)),
                }
                for account, each in listed
            ]
        )
        return
    print_table(
        counted(len(listed), "exemption"),
        ("Exemption", "Account", "What", "Policies", "Reason", "Approver", "Until", "Left"),
        [
            (
                each.id,
                account.account,
                _what(each),
                ", ".join(each.policies) or "all",
                each.reason,
                each.approver,
                each.until[:10] if each.until.endswith(_END_OF_DAY) else f"{each.until[:16]}Z",
                _left(each, now) if in_force(each, _written(now)) else "EXPIRED",
            )
            for account, each in listed
        ],
        whole=("Exemption", "Account", "Until", "Left"),
    )


def _what(exemption: Exemption) -> str:
    return exemption.resource or (f"tag {exemption.tag}" if exemption.tag else "the whole account")


def _which(exemption: Exemption) -> str:
    return ", ".join(exemption.policies) or "all policies"


def _days_left(exemption: Exemption, now: datetime) -> int:
    return max(0, (datetime.fromisoformat(exemption.until) - now).days)


def _left(exemption: Exemption, now: datetime) -> str:
    """`30 days`, and of less than two days the hours."""
    left = datetime.fromisoformat(exemption.until) - now
    if left >= timedelta(days=2):
        return counted(left.days, "day")
    hours = left // timedelta(hours=1)
    return counted(hours, "hour") if hours else counted(left // timedelta(minutes=1), "minute")


def _written(time: datetime) -> str:
    """To the second, as people read it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
