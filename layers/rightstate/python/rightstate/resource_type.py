"""A resource type: how to list, describe and change one kind of AWS resource."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rightstate.frozen import Frozen
from rightstate.policy import Policy
from rightstate.wants import Value, Want

Observed = Mapping[str, Value]
"""Setting name -> value. Only what some enabled policy reads, never a raw response."""

Clients = Callable[[str], Any]
"""Service name -> boto3 client in the resource's account and region."""


class Resource(Frozen):
    """One resource, by account, region, and the identifier that its describe call takes."""

    account: str
    region: str
    resource: str
    partition: str = "aws"


class Change(Frozen):
    """One setting to be written: the value read, the value wanted, and who asks for it."""

    setting: str
    before: Value
    after: Value
    want: Want
    policies: tuple[str, ...]


class Call(Frozen):
    """One API call that apply makes. `parameters` is what a person sees of it in a plan."""

    operation: str
    parameters: dict[str, Any]
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A named circumstance, decided from the observed settings it reads."""

    reason: str
    holds: Callable[[Observed], bool]
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """Where a setting is read and written.

    `shape` names the path in botocore's output shape of `read` and `writes` the parameter path in the
    input shape of `write`; both are checked against botocore's models by a test. `write` is empty for
    a fact that is only read.
    """

    read: str
    shape: str
    write: str = ""
    writes: str = ""


@dataclass(frozen=True)
class ResourceType:
    """The declaration of a resource type.

    describe(clients, resource, settings) reads the named settings and the facts that cases read.
        Raises ResourceGone.
    busy(observed) says why the resource cannot be changed now, or None.
    hold(observed) says, for the settings it names, why they must not be written unseen.
    calls(resource, changes) gives the API calls that apply makes, in order, without making any.
    apply(clients, resource, call, changes) makes one of them; it re-reads first where the API
        replaces a whole object, and never weakens what it finds.
    members(clients, group) gives the resources that an event about `group` concerns.
    identify(text, resource) turns a name, URL or ARN into the identifier, or None if it is not one.
    """

    name: str
    title: str
    service: str
    settings: Mapping[str, Setting]
    identify: Callable[[str, str, str], str | None]
    list: Callable[[Clients, str], Iterable[str]]
    describe: Callable[[Clients, Resource, frozenset[str]], Observed]
    calls: Callable[[Resource, Sequence[Change]], Sequence[Call]]
    apply: Callable[[Clients, Resource, Call, Sequence[Change]], None]
    read_actions: tuple[str, ...]
    write_actions: tuple[str, ...]
    write_resources: tuple[str, ...]
    policies: tuple[Policy, ...]
    arn: str
    cases: Mapping[str, Case] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    busy_errors: tuple[str, ...] = ()
    busy: Callable[[Observed], str | None] = lambda observed: None
    hold: Callable[[Observed], Mapping[str, str]] = lambda observed: {}
    members: Callable[[Clients, Resource, str], Iterable[tuple[str, str]]] | None = None
    home_region: str | None = None
