"""Two simulated accounts with resources in a wrong state, for the demo and for trying an event."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, repeat, zip_longest
from typing import Any

import boto3
from moto.rds.models import rds_backends

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load_all, names
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.planning.target import DEFAULT_ROLE
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession

FIRST, SECOND = "111122223333", "444455556666"
_BUSY_READS = 5

Made = Mapping[str, Mapping[str, str]]
"""Account -> an example's name for a resource -> the identifier of the account's own."""


def role_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{DEFAULT_ROLE}"


def roles(account: str) -> dict[str, str]:
    """The account's two roles, as its settings name them."""
    return {"role_arn": role_arn(account), "read_role_arn": reading_role(role_arn(account))}


# Once it is applied, nothing is left to fix in buckets that are public.
_REPORTED = "s3-account-block-public-access"


def settings(mode: Mode) -> list[Account]:
    """Every policy enabled in both accounts, with that mode, but one that would hide what others do."""
    policies = {
        policy.id: Enabled(
            mode=mode.lowered_to(Mode.REPORT) if policy.id == _REPORTED else mode, parameters=policy.examples
        )
        for each in load_all()
        for policy in each.policies
    }
    return [
        Account(account=account, **roles(account), external_id="rightstate-demo", policies=policies)
        for account in (FIRST, SECOND)
    ]


def events_of_both(shipped: Mapping[str, list[dict[str, Any]]], made: Made) -> Iterator[dict[str, Any]]:
    """All shipped events about the first account's resources, and one about each other resource.

    In turns, so that those about one resource do not come all at once.
    """
    streams = [
        _about(name, events if account == FIRST else change_event(name, events), account, own)
        for account, own in made.items()
        for name, events in shipped.items()
    ]
    for turn in zip_longest(*streams):
        yield from (_just_called(event) for event in turn if event)


def _just_called(event: dict[str, Any]) -> dict[str, Any]:
    """The event as if its call had just been made, so that a report of the demo has times of the demo."""
    time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    detail = event["detail"]
    called = {"eventTime": time} if "eventTime" in detail else {}
    return {**event, "time": time, "detail": {**detail, **called}}


def change_event(resource_type: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the type's events the one that says that an existing resource was changed."""
    return [e for e in events if e["detail"]["eventName"] == examples.load(resource_type).event]


def _about(
    resource_type: str, events: list[dict[str, Any]], account: str, own: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    example = examples.load(resource_type)
    words = {FIRST: account, example.name: own[example.name]}
    for event in events:
        yield examples.event_about(event, words)
    [changed] = change_event(resource_type, events)
    for other, policy in example.others.items():
        words = {FIRST: account, example.name: own[other], **example.words(policy)}
        yield examples.event_about(changed, words)


@contextmanager
def built(region: str) -> Iterator[Made]:
    """Fill both accounts. A database of the first is busy when it is looked at first."""
    with moto_gaps.fill():
        first = session(FIRST, region)
        made = {FIRST: _filled(first, ""), SECOND: _filled(session(SECOND, region), "dev-")}
        _website(first, "company-website")
        _busy_at_first(rds_backends[FIRST][region].databases["ledger"])
        yield made


def session(account: str, region: str) -> boto3.Session:
    """The account's own administrator, who makes the resources."""
    keys = boto3.client("sts", region_name=region).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/administrator", RoleSessionName="simulated-accounts"
    )["Credentials"]
    return KeepingSession(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )


def _filled(own: boto3.Session, prefix: str) -> dict[str, str]:
    return {
        name: example.create(own, prefix + name, policy)
        for example in map(examples.load, names())
        for name, policy in {example.name: example.policy, **example.others}.items()
    }


def _busy_at_first(database: Any) -> None:
    """Let it be modified for its next reads. moto's databases are always available."""
    statuses = chain(repeat("modifying", _BUSY_READS), repeat("available"))
    status = property(lambda self: next(statuses), lambda self, value: None)
    database.__class__ = type("BusyDatabase", (type(database),), {"status": status})


def _website(own: boto3.Session, name: str) -> None:
    examples.load("s3-bucket").create(own, name, "s3-block-public-access")
    own.client("s3").put_bucket_website(
        Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
