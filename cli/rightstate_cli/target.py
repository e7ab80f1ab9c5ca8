"""Which account and region a command acts on, and with which credentials and policies."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from rightstate.catalogue import find_policy, load, load_all
from rightstate.errors import Denied, InvalidInput
from rightstate.identify import identify, is_arn_of
from rightstate.models import ACCOUNT, REGION, Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.wants import Value

DEFAULT_ROLE = "rightstate-remediation"
"""The name that the member's remediation role has unless the user says otherwise."""


@dataclass(frozen=True)
class Target:
    """The place, the account's settings for this run, and what to look at there.

    `resources` empty means: list them.
    """

    place: Place
    account: Account
    types: tuple[ResourceType, ...]
    resources: tuple[tuple[ResourceType, Resource], ...]


def target(
    account: str | None,
    region: str | None,
    role: str | None,
    external_id: str | None,
    types: Sequence[str],
    policies: Sequence[str],
    resources: Sequence[str],
    parameters: Sequence[str],
    mode: Mode,
) -> Target:
    """The target that the command line names. Raises InvalidInput, Denied."""
    place, caller = _place(account, region)
    enabled = _enabled(types, policies, parameters, mode)
    chosen = _types(types, policies, resources)
    if not role and place.account != caller:
        role = DEFAULT_ROLE
    configured = Account(
        account=place.account,
        role_arn=_role_arn(role, place) if role else None,
        external_id=external_id,
        policies=enabled,
    )
    named = tuple(each for given in resources for each in _named(chosen, place, given))
    return Target(place=place, account=configured, types=chosen, resources=named)


def _place(account: str | None, region: str | None) -> tuple[Place, str]:
    """The place, and the account of the credentials."""
    session = boto3.Session()
    # The AWS CLI reads AWS_REGION, boto3 does not.
    region = region or os.environ.get("AWS_REGION") or session.region_name
    if not region:
        raise InvalidInput("No region is known. Give --region, or set AWS_DEFAULT_REGION.")
    if not re.fullmatch(REGION, region):
        raise InvalidInput(f"{region!r} is not a region; they look like eu-west-1.")
    if account and not re.fullmatch(ACCOUNT, account):
        raise InvalidInput(f"{account!r} is not an account; they have 12 digits.")
    try:
        caller = str(session.client("sts", region_name=region).get_caller_identity()["Account"])
    except NoCredentialsError:
        raise Denied(
            "There are no AWS credentials. Configure them as for the AWS CLI: https://docs.aws.amazon.com"
            "/cli/latest/userguide/cli-chap-configure.html"
        ) from None
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise Denied(
            f"The AWS credentials cannot be used: GetCallerIdentity was answered with {code}."
        ) from None
    return (
        Place(
            account=account or caller,
            region=region,
            partition=session.get_partition_for_region(region),
        ),
        caller,
    )


def _role_arn(role: str, place: Place) -> str:
    return role if role.startswith("arn:") else f"arn:{place.partition}:iam::{place.account}:role/{role}"


def _enabled(
    types: Sequence[str], policies: Sequence[str], parameters: Sequence[str], mode: Mode
) -> dict[str, Enabled]:
    """The policies named, else all of the types named, else all; each with its parameters."""
    if policies:
        chosen = [find_policy(name)[1] for name in policies]
    else:
        chosen = [policy for each in ([load(t) for t in types] or load_all()) for policy in each.policies]
    values: dict[str, dict[str, Value]] = {policy.id: {} for policy in chosen}
    for given in parameters:
        policy, name, value = _parameter(given)
        if policy not in values:
            raise InvalidInput(f"--set names {policy}, which this run leaves out.")
        values[policy][name] = value
    return {policy: Enabled(mode=mode, parameters=own) for policy, own in values.items()}


def _parameter(given: str) -> tuple[str, str, Value]:
    """`POLICY.PARAMETER=VALUE` -> policy id, parameter, value. A list's items are comma-separated."""
    named, equals, text = given.partition("=")
    policy_name, _, name = named.rpartition(".")
    if not equals or not policy_name:
        raise InvalidInput(f"--set takes POLICY.PARAMETER=VALUE, not {given!r}.")
    policy = find_policy(policy_name)[1]
    declared = policy.parameters.get(name)
    if declared is None:
        takes = ", ".join(policy.parameters) or "none"
        raise InvalidInput(f"{policy.id} has no parameter {name!r}; it takes: {takes}.")
    value: Value
    if isinstance(declared.default, bool):
        value = {"true": True, "false": False}.get(text.lower(), text)
    elif isinstance(declared.default, int):
        value = int(text) if text.isdecimal() else text
    elif isinstance(declared.default, list):
        value = text.split(",")
    else:
        value = text
    if not declared.accepts(value):
        bounds = (
            f"{declared.minimum} to {declared.maximum}" if declared.maximum else ", ".join(declared.choices)
        )
        raise InvalidInput(f"{text!r} is not a value for {policy.id}.{name}. It takes: {bounds or 'a text'}.")
    return policy.id, name, value


def _types(
    types: Sequence[str], policies: Sequence[str], resources: Sequence[str]
) -> tuple[ResourceType, ...]:
    if types:
        return tuple(load(name) for name in dict.fromkeys(types))
    if policies:
        return tuple(load(name) for name in sorted({find_policy(name)[0].name for name in policies}))
    everything = tuple(load_all())
    of_arns = tuple(each for each in everything if any(is_arn_of(each, given) for given in resources))
    return of_arns or everything


def _named(
    types: Sequence[ResourceType], place: Place, given: str
) -> Iterator[tuple[ResourceType, Resource]]:
    """The resource of that name or ARN, as each type that it may be of: those of RDS and Neptune have the
    same ARNs, and only a look tells them apart. A bare name needs the one type that it belongs to."""
    matching = [each for each in types if is_arn_of(each, given)]
    if not matching and len(types) != 1:
        raise InvalidInput(f"{given!r} could be of several types. Give its ARN, or one --type.")
    for each in matching or types:
        yield each, identify(each, place, given)
