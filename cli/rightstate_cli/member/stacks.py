"""A member's stacks: one in each of the account's regions, from the generated template.

The stack of one region has the roles. It is installed first, because the others need them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from botocore.config import Config

from rightstate.aws.sessions import CONFIG
from rightstate.catalogue import names
from rightstate.errors import InvalidInput, RightstateError
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate_cli.aws import Caller, answers
from rightstate_cli.hub import stacks
from rightstate_cli.hub.deployment import USABLE, Hub
from rightstate_cli.hub.stacks import Stack
from rightstate_cli.member import template as member_template

_MARK = "Rightstate, a member"
_AT_ONCE = 8
# CloudFormation quotas: "Maximum size of a template that you can pass in a request".
LONGEST_IN_REQUEST = 51_200
CAPABILITY = "CAPABILITY_NAMED_IAM"
TAGS = {"application": "rightstate"}


class Result(StrEnum):
    """What an installation did to the stack of one region."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Installed:
    """The stack of one region after an installation."""

    region: str
    result: Result
    reason: str = ""


@dataclass(frozen=True)
class Installation:
    """The stacks to install in an account, one in each region. The one with the roles is the first."""

    hub: Hub
    caller: Caller
    stack: str
    regions: tuple[str, ...]
    types: tuple[str, ...]
    body: str
    parameters: Mapping[str, str]
    found: Mapping[str, Stack | None]
    boundary: str | None

    def install(self) -> list[Installed]:
        """Create or update every stack, and wait. A failure is a result like the others."""
        # boto3 guide, Session: creating clients is not thread-safe; using them is.
        clients = {region: self.caller.client("cloudformation", region) for region in self.regions}
        first, *others = self.regions
        role = self._install(first, clients[first])
        if role.result is Result.FAILED:
            skipped = f"The roles in {first} have to exist first."
            return [role, *(Installed(region, Result.SKIPPED, skipped) for region in others)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [role, *pool.map(lambda region: self._install(region, clients[region]), others)]

    @cached_property
    def _template(self) -> dict[str, str]:
        return in_request(self.hub, self.body)

    def _install(self, region: str, cloudformation: Any) -> Installed:
        stack = self.found[region]
        try:
            request = {
                **self._template,
                "Capabilities": [CAPABILITY],
                "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
            }
            if stack is None:
                given = {**self.parameters, "PermissionsBoundary": self.boundary or ""}
                stacks.create(cloudformation, self.stack, given, EnableTerminationProtection=True, **request)
                return Installed(region, Result.CREATED)
            # An upgrade must not take the boundary away.
            kept = {**self.parameters, "PermissionsBoundary": self.boundary}
            changed = stacks.update(cloudformation, stack, kept, **request)
            return Installed(region, Result.UPDATED if changed else Result.UNCHANGED)
        except RightstateError as error:
            return Installed(region, Result.FAILED, str(error))


def in_request(hub: Hub, body: str) -> dict[str, str]:
    """How a request to CloudFormation has the template: in it, or, where it is too long, in the hub's bucket.

    The URL is signed, so that a principal of another account may read that one object for an hour. Raises
    Denied, Unavailable, CallFailed.
    """
    text = body.encode()
    if len(text) <= LONGEST_IN_REQUEST:
        return {"TemplateBody": body}
    s3 = hub.client("s3")
    named = {"Bucket": hub.outputs["WorkBucket"], "Key": f"templates/{hashlib.sha256(text).hexdigest()}.json"}
    with answers("Nothing was changed."):
        s3.put_object(Body=text, ContentType="application/json", **named)
        # botocore signs links to S3's global endpoint unless the style is path, and that endpoint redirects
        # for a bucket of the last hours (S3 User Guide, "Request redirection").
        config = CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
        signing = hub.caller.session.client("s3", region_name=hub.region, config=config)
        return {"TemplateURL": signing.generate_presigned_url("get_object", Params=named, ExpiresIn=3600)}


def name(hub: Hub) -> str:
    """The name of every member's stacks."""
    return f"{hub.stack}-member"


def parameters(hub: Hub, account: Account, home: str) -> dict[str, str]:
    """The parameters of the member's template, with the roles in the region `home`, without the boundary.

    Raises InvalidInput.
    """
    role = (account.role_arn or "").partition(":role/")[2]
    if "/" in role:
        raise InvalidInput(
            f"The role {shown(role)} has a path, but the member's template creates roles without one. "
            "Nothing was changed. Install that role yourself, or give --role only a name."
        )
    given = {
        "HubAccount": hub.account,
        "HubRegion": hub.region,
        "HubStack": hub.stack,
        "ExternalId": account.external_id or "",
        "MemberRoleName": role,
        "RoleRegion": home,
    }
    for key, value in given.items():
        checked(key, value)
    return given


def checked(parameter: str, value: str) -> str:
    """The value, if the member's template accepts it for that parameter. Raises InvalidInput."""
    declared = member_template.template()["Parameters"][parameter]
    if not re.fullmatch(declared["AllowedPattern"], value):
        raise InvalidInput(
            f"{shown(value)} cannot be the {parameter} of a member: it has to match "
            f"{declared['AllowedPattern']}. Nothing was changed."
        )
    return value


def body(types: Iterable[str]) -> str:
    """The template for those types, for all if none is named, without white space."""
    template = {key: value for key, value in member_template.template(types).items() if value}
    return json.dumps(template, separators=(",", ":"))


def prepare(
    hub: Hub,
    caller: Caller,
    account: Account,
    regions: Sequence[str],
    known: Sequence[str],
    types: Iterable[str],
    boundary: str | None,
) -> Installation:
    """The stacks to install with the credentials of `caller`, compared with those that exist.

    `known` are the regions that the account had before. Without `types`, the installed types stay, so an
    upgrade allows no more. Raises InvalidInput if a stack is not a member's or cannot be updated; Denied,
    Unavailable.
    """
    found = find(hub, caller, {*regions, *known})
    for region, stack in found.items():
        if stack:
            _check(hub, caller, region, stack)
    home = next(
        (stacks.parameters(stack)["RoleRegion"] for stack in found.values() if stack),
        # As chosen at first: it must not move when regions are added or removed.
        role_region(hub, known or regions),
    )
    if home not in found:
        found |= find(hub, caller, [home])
    chosen = tuple(types) or _types(found[home])
    return Installation(
        hub=hub,
        caller=caller,
        stack=name(hub),
        regions=_first(home, regions),
        types=chosen or tuple(names()),
        body=body(chosen),
        parameters=parameters(hub, account, home),
        found=found,
        boundary=boundary,
    )


def find(hub: Hub, caller: Caller, regions: Iterable[str]) -> dict[str, Stack | None]:
    """Region -> the stack with a member's name, None if there is none. Raises Denied, Unavailable,
    InvalidInput."""
    clients = {region: caller.client("cloudformation", region) for region in sorted(regions)}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda cloudformation: stacks.find(cloudformation, name(hub)), clients.values())
        return dict(zip(clients, found, strict=True))


def is_ours(hub: Hub, stack: Stack) -> bool:
    """Whether it is the stack of a member of this hub."""
    given = stacks.parameters(stack)
    hubs = (given.get("HubAccount"), given.get("HubRegion"), given.get("HubStack"))
    return stack.get("Description", "").startswith(_MARK) and hubs == (hub.account, hub.region, hub.stack)


def _types(stack: Stack | None) -> tuple[str, ...]:
    """The types that the stack is for, without those that this version does not know."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in (stack or {}).get("Outputs", [])}
    found = outputs.get("ResourceTypes", "").split(",")
    return tuple(each for each in names() if each in found)


def _check(hub: Hub, caller: Caller, region: str, stack: Stack) -> None:
    named, status = stack["StackName"], stack["StackStatus"]
    where = f"The stack {named} in account {caller.account}, {region},"
    if not is_ours(hub, stack):
        raise InvalidInput(
            f"{where} is not a member of the hub {hub.stack} in account {hub.account}, {hub.region}. Nothing "
            "was changed. If nobody needs it, delete it; else deploy the hub under another name."
        )
    if status in USABLE:
        return
    its = f"--stack-name {named} --region {region}"
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        step = (
            "Nothing in it works. Delete it, and try again: `aws cloudformation "
            f"update-termination-protection --no-enable-termination-protection {its}`, then `aws "
            f"cloudformation delete-stack {its}`."
        )
    elif status == "UPDATE_ROLLBACK_FAILED":
        step = f"Fix it first: `aws cloudformation continue-update-rollback {its}`."
    else:
        step = (
            f"Wait until it is complete. `aws cloudformation describe-stack-events {its}` shows its progress."
        )
    with answers("Nothing was changed."):
        reason = stacks.why(caller.client("cloudformation", region), named)
    raise InvalidInput(f"{where} is {status}{f' ({reason})' if reason else ''}. Nothing was changed. {step}")


def commands(
    hub: Hub,
    account: Account,
    regions: Sequence[str],
    known: Sequence[str],
    types: Iterable[str],
    boundary: str,
) -> list[str]:
    """The commands with which the account's administrator installs the member. Raises InvalidInput."""
    home = role_region(hub, known or regions)
    given = {**parameters(hub, account, home), "PermissionsBoundary": boundary}
    overrides = " ".join(f"{key}={value}" for key, value in given.items() if value)
    tags = " ".join(f"{key}={value}" for key, value in TAGS.items())
    wanted = "".join(f" --type {each}" for each in types)
    lines = [f"rightstate accounts template{wanted} > member.yaml"]
    text = member_template.as_yaml(member_template.template(types))
    # `aws cloudformation deploy` takes a longer one only by way of a bucket.
    bucket = " --s3-bucket BUCKET" if len(text.encode()) > LONGEST_IN_REQUEST else ""
    for region in _first(home, regions):
        its = f"--stack-name {name(hub)} --region {region}"
        lines += [
            f"aws cloudformation deploy --template-file member.yaml {its} --capabilities {CAPABILITY} "
            f"--tags {tags} --no-fail-on-empty-changeset{bucket} --parameter-overrides {overrides}",
            f"aws cloudformation update-termination-protection --enable-termination-protection {its}",
        ]
    return lines


def role_region(hub: Hub, regions: Sequence[str]) -> str:
    """Which of a new member's regions gets the roles."""
    return hub.region if hub.region in regions else regions[0]


def _first(region: str, regions: Sequence[str]) -> tuple[str, ...]:
    return (region, *(each for each in regions if each != region))


def enabled_regions(caller: Caller) -> tuple[str, ...]:
    """The regions that are enabled in the account of those credentials. Raises Denied, Unavailable."""
    with answers("Nothing was changed. Name the regions with --region."):
        pages = (
            caller.client("account")
            .get_paginator("list_regions")
            .paginate(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
        )
        return tuple(sorted(each["RegionName"] for page in pages for each in page["Regions"]))
