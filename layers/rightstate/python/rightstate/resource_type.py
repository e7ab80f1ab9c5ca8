"""A resource type: how to find, describe and change one kind of AWS resource."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from botocore import xform_name
from pydantic import Field

from rightstate.event_rule import Rule, Subject
from rightstate.frozen import Frozen
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policy import Policy
from rightstate.wants import Value, Want

Observed = Mapping[str, Value]
"""Setting name -> value. Only what some enabled policy reads, never a raw response."""

Clients = Callable[[str], Any]
"""Service name -> boto3 client in the resource's account and region."""

Tags = Mapping[str, str]
"""Tag key -> value. They may hold anything, so that they are compared where they are read, and passed on
nowhere."""


class Place(Frozen):
    """An account in a region; the unit that resources are listed in."""

    account: str
    region: str
    partition: str = "aws"


class Resource(Place):
    """One resource. `id` is what its describe call takes: a name, an identifier, never a URL."""

    id: str


class Change(Frozen):
    """One setting to be written: the value read, the value to write, and the policies that ask.

    `want` travels along so that apply can decide again on a fresh read of a whole object. `beside` is what
    else has to be known of the state before, to restore it.
    """

    setting: str
    before: Value
    after: Value
    want: Want
    policies: tuple[str, ...]
    beside: Mapping[str, Value] = Field(default_factory=dict)


class Call(Frozen):
    """One API call that apply makes, with botocore's names; a plan shows it before it is made."""

    service: str
    operation: str
    parameters: dict[str, Any]
    settings: tuple[str, ...]


def send(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Make `call` as it stands."""
    getattr(clients(call.service), xform_name(call.operation))(**call.parameters)


def write_anew(
    change: Change, now: str | None, put: Callable[[str], object], delete: Callable[[], object]
) -> None:
    """Write the text of a policy as it now is with what `change` wants of it. Without a text, delete it."""
    text = change.want.target(now)
    if text == now:
        return
    if isinstance(text, str):
        put(text)
    else:
        delete()


def tags_in(listed: Iterable[Mapping[str, str]]) -> Tags:
    """Tags as most services list them. A tag may have no value (ELB API reference, Tag: not required)."""
    return {tag["Key"]: tag.get("Value", "") for tag in listed}


def listed_tags(clients: Clients, resource: "Resource", answer: Answer, shared: Shared) -> Tags:
    """The tags in what a list or describe call answers under `Tags`. For `Listing.tags`."""
    return tags_in(answer.get("Tags", ()))


@dataclass(frozen=True)
class Case:
    """A named circumstance, decided from the observed settings that it reads.

    `holds` is given the policy's parameters beside them; no setting is in lower case, as all of those are.
    `switch` names a parameter of the policy; the case counts only where it is true, or set at all. It does
    not count either where another enabled policy writes the setting `unless_written` in the same execution.
    `parameters` names the other parameters that `holds` reads.
    """

    reason: str
    holds: Callable[[Observed], bool]
    reads: tuple[str, ...] = ()
    switch: str | None = None
    unless_written: str | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """Where a setting is read and written, for people and for a test against botocore's models.

    `read` is an operation and the path in its output, `write` an operation and the path in its input,
    e.g. `DescribeDBInstances:DBInstances[].DeletionProtection`. `read` is empty for what the identifier
    says by itself, `write` for a mere fact. `set_back_by` names the CloudTrail events of the calls that can
    set it back, where these are not the operation of `write`. `passes` says that it changes by itself, as the
    day or the last use of a key does: a plan or an approval stands as long as the same is decided from it.
    """

    read: str = ""
    write: str = ""
    set_back_by: tuple[str, ...] = ()
    passes: bool = False


@dataclass(frozen=True)
class Listing:
    """How a list API answers about many resources at once, and how such an answer becomes settings.

    pages(clients, place, token) gives the answers page by page, from the page that `token` names (empty: the
        first), each page with the token of the next (empty: there is none).
    id_of(answer) gives the identifier.
    one(clients, resource) gives the answer about one resource, of the same shape.
    observe(clients, resource, answer, settings, shared) gives the settings that are asked for. What the
        answer lacks it reads, through `shared` what serves several resources. None for a resource of another
        place, which a list may name too.
    tags(clients, resource, answer, shared) gives the tags, where the answer or a call about several resources
        has them. None where each resource's have to be read by themselves.
    """

    pages: Callable[[Clients, Place, str], Iterable[tuple[Sequence[Answer], str]]]
    id_of: Callable[[Answer], str]
    one: Callable[[Clients, Resource], Answer]
    observe: Callable[[Clients, Resource, Answer, frozenset[str], Shared], Observed | None]
    tags: Callable[[Clients, Resource, Answer, Shared], Tags] | None = None

    def find(self, clients: Clients, place: Place) -> Iterator[str]:
        """The identifiers, page by page."""
        for answers, _ in self.pages(clients, place, ""):
            yield from map(self.id_of, answers)

    def describe(self, clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
        """The settings of one resource."""
        answer = self.one(clients, resource)
        return self.observe(clients, resource, answer, settings, Shared((answer,))) or {}

    def tags_of(self, clients: Clients, resource: Resource) -> Tags:
        """The tags of one resource, where the listing tells them."""
        answer = self.one(clients, resource)
        return self.tags(clients, resource, answer, Shared((answer,))) if self.tags else {}


def _from_the_listing(*given: Any) -> Any:
    """Stands where the listing's own belongs, until `ResourceType` puts it there."""


@dataclass(frozen=True)
class ResourceType:
    """The declaration of a resource type. Its functions make AWS calls through `clients` only.

    in_code: each setting that is written -> where CloudFormation and Terraform have it.
    arn, write_resources: templates over {partition}, {region}, {account} and {id}. An arn without {id}
        says that each account has exactly one; a * stands for a part that AWS has made up.
    id_pattern, url_pattern: what an identifier must match in full; a URL's groups are `account`,
        `region` and `id`, each optional but the last. Where AWS says more than the identifier, as the ARN
        of a stack does, id_pattern has a group `id` for that.
    lower_case: whether AWS takes an identifier in any case, and keeps it in lower case.
    config_type: AWS Config's name for the type, where Config's ids are identifiers, ARNs or URLs of ours.
    find(clients, place) lists identifiers, page by page.
    describe(clients, resource, settings) reads the named settings with one call per AWS object.
    listing: how to observe many at once. `find`, `describe` and `tags` are its own where nothing else is
        declared. Without one, a survey describes what `find` names, side by side.
    readers: reads at a time in a survey, fewer where AWS allows few calls a second.
    tags(clients, resource) reads the tags, apart from the settings: few decisions depend on them. None where
        the resource can have none.
    calls(resource, changes, observed) gives the API calls that apply makes, in order, without making
        any.
    apply(clients, resource, call, changes) makes one of them; where the API replaces a whole object it
        reads that again first, and never weakens what it finds.
    facts: settings that `busy` and `held` read, so that every describe includes them.
    busy(observed) says why the resource cannot be changed now, or None.
    held(observed) says, by setting, why it must not be written unseen.
    out_of_scope(observed) says why no enabled policy is about the resource.
    members(clients, place, group) gives region and identifier of each resource that an event about
        `group` (a parameter group, the account) concerns.
    rules: the events that start the remediation.
    home_regions: partition -> the one region where a global service is looked after.
    gone, busy_errors: AWS error codes that mean so.
    dependent_actions: actions that AWS checks when we call a write action, each with the condition under
        which it may be used (condition key -> what its value is like); we never call them ourselves.
    dependent_resources: dependent action -> the template of the ARNs that it is limited to, where they are
        known; the others are allowed on everything.
    restore(resource, changes, observed) gives the calls that write the values of before; `calls` where the
        same calls do it. `observed` has the settings `restore_reads` too.
    undo_actions: actions that nothing but `restore` needs, on the same ARNs.
    read_on: templates of the ARNs that the read actions are allowed on, where these actions read more than
        the resources, e.g. keys.
    unscoped_actions: those of the write and undo actions that AWS checks on no resource, as the service
        authorization reference says. Limited to an ARN they would be denied.
    beside: setting -> the settings whose values are kept with a change of it, because what restores it
        depends on them.
    nearest: setting -> the value that is set instead of none, which it cannot have a second time.
    destroys(change) says what is lost for good when that change is made by an undo, or nothing.
    irrecoverable(changes, observed) says why the earlier values cannot be restored now, or None.
    """

    name: str
    title: str
    service: str
    policies: tuple[Policy, ...]
    settings: Mapping[str, Setting]
    arn: str
    id_pattern: str
    calls: Callable[[Resource, Sequence[Change], Observed], Sequence[Call]]
    read_actions: tuple[str, ...]
    write_actions: tuple[str, ...]
    write_resources: tuple[str, ...]
    listing: Listing | None = None
    find: Callable[[Clients, Place], Iterable[str]] = _from_the_listing
    describe: Callable[[Clients, Resource, frozenset[str]], Observed] = _from_the_listing
    tags: Callable[[Clients, Resource], Tags] | None = None
    in_code: Mapping[str, InCode] = field(default_factory=dict)
    dependent_actions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dependent_resources: Mapping[str, str] = field(default_factory=dict)
    undo_actions: tuple[str, ...] = ()
    read_on: tuple[str, ...] = ("*",)
    unscoped_actions: tuple[str, ...] = ()
    restore: Callable[[Resource, Sequence[Change], Observed], Sequence[Call]] | None = None
    restore_reads: tuple[str, ...] = ()
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nearest: Mapping[str, Value] = field(default_factory=dict)
    destroys: Callable[[Change], str] = lambda change: ""
    irrecoverable: Callable[[Sequence[Change], Observed], str | None] = lambda changes, observed: None
    apply: Callable[[Clients, Resource, Call, Sequence[Change]], None] = send
    readers: int = 16
    cases: Mapping[str, Case] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    busy: Callable[[Observed], str | None] = lambda observed: None
    held: Callable[[Observed], Mapping[str, str]] = lambda observed: {}
    out_of_scope: Callable[[Observed], str] = lambda observed: (
        "No enabled policy covers this kind of resource."
    )
    members: Callable[[Clients, Place, str], Iterable[tuple[str, str]]] | None = None
    rules: tuple[Rule, ...] = ()
    home_regions: Mapping[str, str] = field(default_factory=dict)
    url_pattern: str | None = None
    lower_case: bool = False
    config_type: str = ""
    gone: tuple[str, ...] = ()
    busy_errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take from the listing what is not declared. Raises TypeError where there is neither."""
        if self.listing is None:
            if _from_the_listing in (self.find, self.describe):
                raise TypeError(f"{self.name} needs a listing, or `find` and `describe`.")
            return
        # A frozen dataclass sets its own fields in no other way.
        if self.find is _from_the_listing:
            object.__setattr__(self, "find", self.listing.find)
        if self.describe is _from_the_listing:
            object.__setattr__(self, "describe", self.listing.describe)
        if self.tags is None and self.listing.tags is not None:
            object.__setattr__(self, "tags", self.listing.tags_of)

    @property
    def per_account(self) -> bool:
        """Whether each account has exactly one, whose id is the account's."""
        return "{id}" not in self.arn

    @cached_property
    def events(self) -> Mapping[str, Subject]:
        """Name of a CloudTrail event that starts the remediation -> what it is about."""
        return {name: rule.about for rule in self.rules for name in rule.events}

    @property
    def starts_others(self) -> bool:
        """Whether one of its executions may start others: for the resources of a group or of a list."""
        return self.members is not None or any(rule.about.kind != "resource" for rule in self.rules)

    def policy(self, name: str) -> Policy | None:
        """The policy of that id or alias."""
        return next((p for p in self.policies if name == p.id or name in p.aliases), None)

    def writes(self, undo: bool) -> list[tuple[list[str], list[str]]]:
        """The write actions, those of an undo too where asked for, with what each group is allowed on:
        templates as of `write_resources`, or * for what AWS checks on no resource."""
        actions = {*self.write_actions, *(self.undo_actions if undo else ())}
        unscoped = actions & {*self.unscoped_actions}
        groups = ((actions - unscoped, self.write_resources), (unscoped, ("*",)))
        return [(sorted(some), sorted(resources)) for some, resources in groups if some]

    def arn_of(self, resource: Resource) -> str:
        """The resource's ARN."""
        return self.arn.format(**resource.model_dump())
