"""Add, list and remove exemptions: what policies must not change, why, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from secrets import token_hex
from typing import Any

from pydantic import ValidationError

from rightstate.accounts import settings
from rightstate.accounts.exemptions import by_tag, in_force
from rightstate.catalogue import find_policy, load, load_all, names
from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.frozen import Frozen
from rightstate.identify import identify, is_arn_of, place_of, shown
from rightstate.models.settings import Account, Exemption
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate_cli.aws import checked_account, checked_region
from rightstate_cli.operations.workspace import Workspace, exemption_days
from rightstate_cli.tables import exemptions
from rightstate_cli.text import checked_line


class ExemptionRequest(Frozen):
    """The exemption to add: of a resource (ARN or REGION/TYPE/ID), of a tag (KEY=VALUE), else of the whole
    account. Without policies it is from all. Give either `until`, the last day (YYYY-MM-DD), or `days`."""

    account: str
    reason: str
    approver: str
    resource: str | None = None
    region: str | None = None
    tag: str | None = None
    policies: tuple[str, ...] = ()
    until: str | None = None
    days: int | None = None


@dataclass(frozen=True)
class Addition:
    """The exemptions that `prepare` made. Nothing has been written.

    There are several for an ARN that resources of several types may have. `overlapping` are older exemptions
    that count for some of the same resources and policies.
    """

    workspace: Workspace
    after: Account
    made: Sequence[Exemption]
    overlapping: Sequence[Exemption]

    @property
    def of_whole_account(self) -> bool:
        """Whether it exempts every resource of the account. A person has to agree to that."""
        return any(each.resource is None and each.tag is None for each in self.made)

    def run(self) -> None:
        """Write them. Raises InvalidInput, Denied, Unavailable."""
        self.workspace.registry.put(self.after)


@dataclass(frozen=True)
class Listed:
    """Exemptions by the time that they end, and why some account's settings cannot be read.

    `hidden` is the number of those that were left out because they do not count.
    """

    exemptions: Sequence[tuple[Account, Exemption]]
    unreadable: Sequence[SettingsUnreadable]
    hidden: int


@dataclass(frozen=True)
class Removal:
    """The exemption to remove, and whether it counts at `now`."""

    workspace: Workspace
    account: Account
    exemption: Exemption
    counts: bool

    def run(self) -> None:
        """Remove it. Raises InvalidInput, Denied, Unavailable."""
        kept = tuple(each for each in self.account.exemptions if each.id != self.exemption.id)
        self.workspace.registry.put(self.account.model_copy(update={"exemptions": kept}))


def prepare(workspace: Workspace, request: ExemptionRequest, now: datetime) -> Addition:
    """The exemptions that the request asks for, checked.

    Raises InvalidInput, UnknownAccount, SettingsUnreadable, Denied, Unavailable.
    """
    before = workspace.registry.get(checked_account(request.account))
    _check(request, before)
    ids = tuple(dict.fromkeys(find_policy(each)[1].id for each in request.policies))
    given = {
        "tag": request.tag,
        "policies": ids,
        "reason": checked_line("--reason", request.reason),
        "approver": checked_line("--approver", request.approver, 256),
        "by": workspace.caller.arn,
        "created": time_text(now),
        "until": time_text(_end(workspace, now, request.until, request.days)),
    }
    selected = _resource_names(workspace, request, ids) if request.resource else [None]
    made = [_exemption({**given, "resource": each}) for each in selected]
    after = before.model_copy(update={"exemptions": (*before.exemptions, *made)})
    _check_readable(after, time_text(now))
    overlapping = [
        other
        for other in before.exemptions
        if any(in_force(other, new.created) and _overlap(new, other) for new in made)
    ]
    return Addition(workspace, after, made, overlapping)


def find(workspace: Workspace, accounts: Sequence[str], every: bool, now: datetime) -> Listed:
    """The exemptions of those accounts, of all without any. With `every`, also those that have ended.

    Raises InvalidInput, UnknownAccount, Denied, Unavailable.
    """
    unreadable: list[SettingsUnreadable] = []
    if accounts:
        found = list({checked_account(each): workspace.registry.get(each) for each in accounts}.values())
    else:
        found, unreadable = _readable(workspace)
    counted = [exemptions.as_counted(each, workspace.exemption_days) for each in found]
    listed = [
        (account, each)
        for account in counted
        for each in account.exemptions
        if every or in_force(each, time_text(now))
    ]
    listed.sort(key=lambda each: (datetime.fromisoformat(each[1].until), each[0].account, each[1].id))
    return Listed(listed, unreadable, sum(len(each.exemptions) for each in found) - len(listed))


def prepare_removal(workspace: Workspace, exemption: str, account: str | None, now: datetime) -> Removal:
    """The exemption of that id. Raises InvalidInput, UnknownAccount, SettingsUnreadable, Denied,
    Unavailable."""
    found = [workspace.registry.get(checked_account(account))] if account else _readable(workspace)[0]
    matching = [(each, own) for each in found for own in each.exemptions if own.id == exemption]
    if not matching:
        raise InvalidInput(
            f"There is no exemption {shown(exemption)}. Nothing was changed. `rightstate exempt list --all` "
            "lists them."
        )
    if len(matching) > 1:
        raise InvalidInput(
            f"Several accounts have an exemption {shown(exemption)}. Nothing was changed. Give --account."
        )
    [(before, own)] = matching
    return Removal(workspace, before, own, in_force(own, time_text(now)))


def time_text(time: datetime) -> str:
    """To the second, as people read it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(request: ExemptionRequest, account: Account) -> None:
    if request.resource and request.tag:
        raise InvalidInput("Give either --resource or --tag. Nothing was changed.")
    if request.region and not request.resource:
        raise InvalidInput("--region belongs to --resource. Nothing was changed.")
    if request.tag and not account.tag_exemptions:
        raise InvalidInput(
            f"Account {request.account} does not let tags exempt a resource, because everybody who may tag "
            "it could. Nothing was changed. `rightstate accounts set "
            f"{request.account} --tag-exemptions` allows it."
        )


def _check_readable(account: Account, now: str) -> None:
    """Raise SettingsUnreadable for settings at which the functions would stop."""
    for resource_type in load_all():
        settings.enabled(account, resource_type)
        by_tag(account, resource_type, [policy.id for policy in resource_type.policies], now)


def _end(workspace: Workspace, now: datetime, until: str | None, days: int | None) -> datetime:
    """The end of the last day. Raises InvalidInput if that is over or too far away."""
    if (until is None) == (days is None):
        raise InvalidInput("Say how long: either --until or --days. Nothing was changed.")
    most = exemption_days(workspace)
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
            "Choose an earlier day; the hub's parameter ExemptionDays sets the limit."
        )
    return datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC)


def _resource_names(workspace: Workspace, request: ExemptionRequest, policies: Sequence[str]) -> list[str]:
    """REGION/TYPE/ID of the resource, once for each type that it may have.

    RDS and Neptune use the same ARNs, so an ARN alone does not say which of them it is.
    """
    if request.region:
        checked_region(request.region)
    types = {find_policy(each)[0].name for each in policies}
    place = Place(account=request.account, region=request.region or "", partition=workspace.caller.partition)
    found = [
        f"{resource.region}/{resource_type.name}/{resource.id}"
        for resource_type, resource in _identify(place, str(request.resource))
        if not types or resource_type.name in types
    ]
    if not found:
        raise InvalidInput(
            f"None of the policies applies to {shown(str(request.resource))}. Nothing was changed. Leave "
            "--policy out, or name one that does."
        )
    return found


def _identify(place: Place, given: str) -> list[tuple[ResourceType, Resource]]:
    """The resource of an ARN or of REGION/TYPE/ID, once for each type that it may have."""
    if not given.startswith("arn:"):
        region, _, rest = given.partition("/")
        kind, _, identifier = rest.partition("/")
        if kind not in names() or (place.region and place.region != region):
            raise InvalidInput(
                f"{shown(given)} is neither an ARN nor REGION/TYPE/ID. Nothing was changed. "
                "`rightstate policies` names the types."
            )
        place = place.model_copy(update={"region": checked_region(region)})
        return [(load(kind), identify(load(kind), place, identifier))]
    found = []
    for resource_type in load_all():
        if is_arn_of(resource_type, given):
            # `identify` refuses an ARN of another account or region than this.
            update = {"account": place.account, **({"region": place.region} if place.region else {})}
            there = place_of(resource_type, given, place).model_copy(update=update)
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
        options = ", ".join(sorted({f"--{each['loc'][0]}" for each in error.errors() if each["loc"]}))
        raise InvalidInput(
            f"{options} is too long, or has the wrong form (--tag is KEY=VALUE). Nothing was changed."
        ) from None


def _overlap(one: Exemption, other: Exemption) -> bool:
    """Whether both may exempt the same resource from the same policy."""
    selectors = [
        (each.resource, each.tag)
        for each in (one, other)
        if each.resource is not None or each.tag is not None
    ]
    apart = len(selectors) == 2 and selectors[0] != selectors[1]
    return not apart and (
        not one.policies or not other.policies or bool(set(one.policies) & set(other.policies))
    )


def _readable(workspace: Workspace) -> tuple[list[Account], list[SettingsUnreadable]]:
    found: list[Account] = []
    unreadable: list[SettingsUnreadable] = []
    for _, each in workspace.registry.understood():
        if isinstance(each, Account):
            found.append(each)
        else:
            unreadable.append(each)
    return found, unreadable
