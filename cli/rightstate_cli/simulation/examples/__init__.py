"""Resources in a wrong state, for the demo, the tests and the benchmark: one module for each resource type.

They are made in simulated accounts only. The module's `EXAMPLE` is found by its name; nothing is registered.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import boto3

from rightstate.aws.sessions import without_account_host


def _no_words(policy: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Example:
    """How to make a resource of one type that breaks its policies.

    name: the identifier that the type's files in events/ use.
    policy: a policy that such a resource breaks; it breaks every other one too that can be broken at the
        same time.
    event: the file in events/ that says that an existing resource has changed.
    recorded: the events of which a CloudTrail record of a real call was matched, and gave the right resource.
    create(session, name, policy) makes a resource that breaks the policy, called `name` where its service
        lets one choose, and returns its identifier.
    also: further identifiers that those files use, of resources that `create` makes beside it.
    others: further resources for the demo, each with a policy that it breaks.
    words(policy): other words to put into an event about a resource that breaks the policy.
    """

    name: str
    policy: str
    event: str
    create: Callable[[boto3.Session, str, str], str]
    recorded: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    words: Callable[[str], Mapping[str, str]] = _no_words


def s3_control(session: boto3.Session) -> Any:
    """A client of S3 Control that puts no account before the host: a server named by AWS_ENDPOINT_URL has no
    such name."""
    client = session.client("s3control")
    if ".amazonaws.com" not in client.meta.endpoint_url:
        client.meta.events.register("before-call.s3-control", without_account_host)
    return client


@cache
def load(resource_type: str) -> Example:
    """The example of that resource type."""
    module = import_module(f"{__name__}.{resource_type.replace('-', '_')}")
    loaded: Example = module.EXAMPLE
    return loaded


def event_about(event: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The event with other words in it: `words` says which becomes which.

    Of an identifier like `snapshot:NAME` it is the name alone, as calls take it. Of one like
    `API/stages/STAGE` these are two names.
    """
    text = json.dumps(event)
    for ours, theirs in words.items():
        both = (each.rpartition(":")[2].split("/stages/") for each in (ours, theirs))
        for our, their in zip(*both, strict=True):
            text = re.sub(rf"(?<!\w){re.escape(our)}(?!\w)", their, text)
    changed: dict[str, Any] = json.loads(text)
    return changed
