"""What the tests know of a resource type beside its declaration: one module for each type.

The module's `EXPECTED` is found by its name; nothing is registered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import boto3

from rightstate_cli.simulation import examples
from tests.support.answers import Readers


@dataclass(frozen=True)
class Busy:
    """How AWS answers that a resource is busy.

    operation, path, value: the operation that shows it, where in its answer, and the value while it is busy.
    policy: the policy that waits; left out, the example's.
    changes_at_once: AWS makes the change at once, so nobody waits after a write.
    entry: what is listed meanwhile, where nothing is listed otherwise.
    """

    operation: str
    path: tuple[str | int, ...]
    value: str
    policy: str = ""
    changes_at_once: bool = False
    entry: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dependent:
    """An action that AWS checks when we call a write action, and the condition under which it is allowed.

    checked_on: templates of ARNs as `Expected.arn`. key: the condition key. allowed, refused: values of it,
    None for a request without the key.
    """

    action: str
    checked_on: str
    key: str
    allowed: Sequence[str]
    refused: Sequence[str | None]


def _create(session: boto3.Session, number: int, example: examples.Example) -> None:
    example.create(session, f"survey-{number}", example.policy)


@dataclass(frozen=True)
class Expected:
    """What the tests expect of one resource type. ARNs are templates as those of its declaration.

    arn: what AWS checks its write actions on (service authorization reference).
    beside, instead: of a write action, the ARNs that AWS checks besides, or instead of `arn`.
    dependent: the actions that AWS checks for us.
    read(session, identifier): calls whose answers are all that AWS tells of the resource.
    tag(session, identifier, arn): puts the tags `tests.support.tags` on the resource. None: it has no tags.
    read_on: ARNs that its read actions are allowed on, where these are not everything.
    busy: how it is busy. None: it never is.
    names: other names of a resource, each with its identifier. The example's name and ARN are tested anyway.
    elsewhere: names of resources of another `account`, `region` or `partition`, each with which of these.
    other_kinds: names of resources of another kind.
    config_id: what AWS Config calls a resource, with {account} and {region}, and its identifier.
    not_in_config: why the type has no `config_type`.
    iam_prefixes: boto3's name of a service -> IAM's, where that is not the name that signs its calls.
    also_calls: boto3's names of services that it calls, where no setting is read from them.
    iam_actions: call, e.g. `s3:ListBuckets` -> its action, where that is not called as the operation is.
    read_one_by_one: the operations that a survey calls for each resource. None: the list tells (nearly) all.
    times: how often one of these is called for each resource, at most.
    listed: calls of a survey for each resource, at most, where the list tells (nearly) all.
    create_one_of_many(session, number, example): creates one of many resources.
    rarely_read, rarely_written, rarely_undone: declared actions that the examples do not need, each with when
        it is needed.
    nearest: policy -> what an undo leaves instead of the answers of before, by the name of the read.
    also_starts: event -> the other types that it starts.
    also_started_by: event -> the types before it whose events of that name start it too.
    """

    arn: str
    read: Callable[[boto3.Session, str], Readers]
    tag: Callable[[Any, str, str], None] | None
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    instead: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dependent: tuple[Dependent, ...] = ()
    read_on: Sequence[str] = ()
    busy: Busy | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    other_kinds: tuple[str, ...] = ()
    config_id: tuple[str, str] | None = None
    not_in_config: str = ""
    iam_prefixes: Mapping[str, str] = field(default_factory=dict)
    also_calls: tuple[str, ...] = ()
    iam_actions: Mapping[str, str] = field(default_factory=dict)
    read_one_by_one: tuple[str, ...] | None = None
    times: int = 1
    listed: float = 0.01
    create_one_of_many: Callable[[boto3.Session, int, examples.Example], None] = _create
    rarely_read: Mapping[str, str] = field(default_factory=dict)
    rarely_written: Mapping[str, str] = field(default_factory=dict)
    rarely_undone: Mapping[str, str] = field(default_factory=dict)
    nearest: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    also_starts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    also_started_by: Mapping[str, Sequence[str]] = field(default_factory=dict)


def known() -> tuple[str, ...]:
    """The resource types that have a module here."""
    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(__path__)))


@cache
def expected(resource_type: str) -> Expected:
    """What is expected of that resource type."""
    module = import_module(f"{__name__}.{resource_type.replace('-', '_')}")
    loaded: Expected = module.EXPECTED
    return loaded
