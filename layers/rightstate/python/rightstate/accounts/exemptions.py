"""What excuses a policy from changing a resource: exemptions, and infrastructure as code. Pure: no AWS, no
clock.

An excuse only takes a change away, so in doubt the resource is excused.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase

from rightstate.catalogue import names
from rightstate.errors import SettingsUnreadable
from rightstate.identify import shown
from rightstate.models.decision import Excuse
from rightstate.models.settings import Account, Exemption, Handling, Managed
from rightstate.models.start import Event
from rightstate.models.tasks import Run
from rightstate.resource_type import Resource, ResourceType, Tags

Excuses = Mapping[str, Excuse]
"""Policy id -> why it leaves the resource alone."""

_STACK_NAME = "aws:cloudformation:stack-name"
# The session that CloudFormation makes of the role that a stack is given (CloudFormation User Guide, Use a
# service role).
_SESSION = "AWSCloudFormation"


MOST_BY_TAG = 20
"""So many may wait for a resource's tags: state data has at most 256 KiB (Step Functions quotas)."""


# The clock of the machine that wrote an exemption may be ahead of the hub's.
_CLOCKS = timedelta(minutes=5)


def in_force(exemption: Exemption, at: str) -> bool:
    """Whether it counts at that time: since it was created, until it ends."""
    created, until = datetime.fromisoformat(exemption.created), datetime.fromisoformat(exemption.until)
    return created - _CLOCKS <= datetime.fromisoformat(at) < until


def limited(account: Account, most_days: int) -> Account:
    """The account with no exemption that lasts longer than `most_days` after the day of its `created`.

    The settings table can be written without the command line. A longer exemption ends when the longest
    allowed one would; `settings_until` then has the end that the settings ask for.
    """
    exemptions = tuple(_limited(each, most_days) for each in account.exemptions)
    return account.model_copy(update={"exemptions": exemptions})


def _limited(exemption: Exemption, most_days: int) -> Exemption:
    created = datetime.fromisoformat(exemption.created)
    try:
        last = (created + timedelta(days=most_days)).date()
    except OverflowError:  # after the year 9999
        return exemption
    ends = datetime.combine(last, time(23, 59, 59), UTC)
    if datetime.fromisoformat(exemption.until) < ends + timedelta(seconds=1):
        return exemption
    return exemption.model_copy(
        update={"until": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "settings_until": exemption.until}
    )


def known(
    account: Account, resource_type: ResourceType, resource: Resource, policies: Iterable[str], at: str
) -> dict[str, Excuse]:
    """The excuses that do not depend on the resource's tags."""
    concerned = (
        each for each in account.exemptions if each.tag is None and _is_about(each, resource_type, resource)
    )
    return _excused(concerned, resource_type, policies, at)


def by_tag(
    account: Account, resource_type: ResourceType, policies: Iterable[str], at: str
) -> tuple[Exemption, ...]:
    """The exemptions by tag that may be about the resource. None where its account does not allow exemptions
    by tag, or the resource has no tags. Raises SettingsUnreadable where there are too many."""
    if not account.tag_exemptions or resource_type.tags is None:
        return ()
    asked = set(policies)
    found = []
    for each in account.exemptions:
        ids = tuple(_ids(each, resource_type, asked)) if each.tag is not None else ()
        if ids and in_force(each, at):
            # No more than is needed, because it becomes state data.
            found.append(each.model_copy(update={"policies": ids, "reason": _cut(each.reason), "by": ""}))
    if len(found) > MOST_BY_TAG:
        raise SettingsUnreadable(
            f"Account {account.account} has {len(found)} exemptions by tag from policies of "
            f"{resource_type.name}, and at most {MOST_BY_TAG} can be looked at. Nothing was changed. Take "
            "some out: `rightstate exempt remove`."
        )
    return tuple(found)


def of_run(run: Run, resource_type: ResourceType, tags: Tags, at: str) -> dict[str, Excuse]:
    """The excuses of the run that follow from the resource's tags and from the caller. They hold no value of
    a tag, except the name of a stack."""
    tagged = (each for each in run.tagged if each.tag is not None and _has(tags, each.tag))
    return {**_as_managed(run, tags), **_excused(tagged, resource_type, run.policies, at)}


def needs_tags(run: Run) -> bool:
    """Whether anything depends on the resource's tags."""
    return bool(run.tagged) or bool(run.managed and run.managed.tags)


def unknown(account: Account, resource_type: ResourceType) -> Iterator[str]:
    """The policies that exemptions name and this type does not have. Another type may have them. Raises
    SettingsUnreadable where an exemption names no possible resource."""
    kinds = names() if account.exemptions else []
    for each in account.exemptions:
        yield from (name for name in each.policies if resource_type.policy(name) is None)
        if each.resource is not None and not _is_a_resource(each.resource, kinds):
            raise SettingsUnreadable(
                f"Exemption {each.id} of account {account.account} is for {shown(each.resource)}, which is "
                "not REGION/TYPE/ID of a resource. Nothing was changed. Take it out: "
                f"`rightstate exempt remove {each.id} --account {account.account}`."
            )


def _is_a_resource(given: str, kinds: Iterable[str]) -> bool:
    region, _, rest = given.partition("/")
    kind, _, identifier = rest.partition("/")
    return bool(region and kind in kinds and identifier)


def _excused(
    exemptions: Iterable[Exemption], resource_type: ResourceType, policies: Iterable[str], at: str
) -> dict[str, Excuse]:
    """The exemption that lasts longest, for each policy."""
    found: dict[str, Excuse] = {}
    asked = set(policies)
    for each in sorted(exemptions, key=lambda each: datetime.fromisoformat(each.until)):
        if in_force(each, at):
            shortened = (
                f"; the settings ask for {each.settings_until}, which is longer than ExemptionDays allows"
                if each.settings_until
                else ""
            )
            excuse = Excuse(
                kind="exempt",
                reason=f"{_cut(each.reason)} (approved by {_cut(each.approver, 80)}, until "
                f"{each.until}{shortened})",
                rule=f"exemption {each.id}",
            )
            found |= dict.fromkeys(_ids(each, resource_type, asked), excuse)
    return found


def _cut(text: str, most: int = 200) -> str:
    """The part of an exemption that an execution repeats for each policy. The settings have all of it."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _ids(exemption: Exemption, resource_type: ResourceType, asked: set[str]) -> Iterator[str]:
    """The policies, of those given by id, that the exemption is for."""
    if not exemption.policies:
        yield from asked
    for name in exemption.policies:
        policy = resource_type.policy(name)
        if policy and policy.id in asked:
            yield policy.id


def _as_managed(run: Run, tags: Tags) -> dict[str, Excuse]:
    if run.managed is None:
        return {}
    why = _by_caller(run.managed, run.event) or _by_tags(run.managed, tags)
    if not why:
        return {}
    rule = f"managed: {run.managed.handling}"
    return dict.fromkeys(run.policies, Excuse(kind="managed", reason=why, rule=rule))


def _by_caller(managed: Managed, event: Event | None) -> str:
    """Why the event's caller is infrastructure as code; empty if it is not.

    `source` is CloudTrail's sourceIPAddress, which names the service if a service made the call.
    """
    if event is None:
        return ""
    session = event.principal.rpartition("/")[2] if ":assumed-role/" in event.principal else ""
    if event.source == "cloudformation.amazonaws.com" or session == _SESSION:
        return "CloudFormation made the change."
    if event.principal and any(
        fnmatchcase(event.principal, literal(pattern)) for pattern in managed.principals
    ):
        return "A principal of infrastructure as code made the change."
    return ""


def _by_tags(managed: Managed, tags: Tags) -> str:
    for tag in managed.tags:
        if _has(tags, tag):
            if tag.partition("=")[0] == _STACK_NAME:
                return f"The CloudFormation stack {tags[_STACK_NAME]} manages the resource."
            return f"Its tag {tag.partition('=')[0]} says that infrastructure as code manages the resource."
    return ""


def _has(tags: Tags, wanted: str) -> bool:
    """`key`, or `key=value`, both in full and in their case."""
    key, equals, value = wanted.partition("=")
    return key in tags and (not equals or tags[key] == value)


def literal(pattern: str) -> str:
    """With * as the only wildcard: fnmatch has ? and [ besides."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def delays(managed: Managed | None) -> bool:
    """Whether a managed resource is looked at again, instead of being left alone."""
    return managed is not None and managed.handling is Handling.DELAY


def resource_name(resource_type: ResourceType, resource: Resource) -> str:
    """The resource as exemptions name it: region/type/id."""
    return f"{resource.region}/{resource_type.name}/{resource.id}"


def _is_about(exemption: Exemption, resource_type: ResourceType, resource: Resource) -> bool:
    """Whether it names the resource, or none."""
    if exemption.resource is None:
        return True
    wanted, name = exemption.resource, resource_name(resource_type, resource)
    if resource_type.lower_case:
        # RDS takes an identifier in any case; spelling it otherwise must not get round an exemption.
        wanted, name = wanted.lower(), name.lower()
    return wanted == name


def covers(
    exemption: Exemption, policy_id: str, resource_type: ResourceType, resource: Resource, now: str
) -> bool:
    """Whether the exemption is in force for that policy and resource, whatever the resource's tags.

    An exemption by tag never is: everyone who may tag a resource could use it.
    """
    return (
        in_force(exemption, now)
        and exemption.tag is None
        and _is_about(exemption, resource_type, resource)
        and (not exemption.policies or policy_id in exemption.policies)
    )
