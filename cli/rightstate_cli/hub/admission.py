"""Whose events the hub's bus takes beside those of its own account.

Those of the organization that the hub's stack names, and those of accounts that a stack beside it lists. That
is a stack of its own so that `sam deploy`, which sets every parameter of the hub's stack to what
samconfig.toml has, cannot undo what `rightstate accounts add` has done.
"""

import copy
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import CallFailed
from rightstate_cli.application import sam_template
from rightstate_cli.aws import answers
from rightstate_cli.hub import stacks
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.stacks import Stack

MARK = "Rightstate, the admission"
"""So the description of every such stack begins."""
RECONCILE = "rightstate accounts admit"
"""The command that has the bus take the events of all accounts that are registered."""

_TAGS = [{"Key": "application", "Value": "rightstate"}]


class Admission(StrEnum):
    """Why an account's events are taken, or that they are not."""

    OWN = "own"
    LISTED = "listed"
    ORGANIZATION = "organization"
    NOT = "not"
    UNKNOWN = "unknown"


def name(hub: Hub) -> str:
    """The name of the stack that lists the accounts."""
    return f"{hub.stack}-admission"


def template() -> dict[str, Any]:
    """The CloudFormation template of that stack: the organization's statement, for accounts instead."""
    organization = sam_template.template()["Resources"]["OrganizationEvents"]["Properties"]["Statement"]
    statement = copy.deepcopy(organization)
    equals = statement["Condition"]["StringEquals"]
    del equals["aws:PrincipalOrgID"]
    # A condition takes half the room of a list of principals; the bus's policy has 10 KB.
    equals["aws:PrincipalAccount"] = {"Ref": "Accounts"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{MARK} - the accounts whose events the hub takes, beside its organization's.",
        "Parameters": {
            "HubStack": {"Type": "String", "Description": "Name of the hub's stack."},
            "Accounts": {
                "Type": "CommaDelimitedList",
                "AllowedPattern": "^[0-9]{12}$",
                "Description": "Accounts that may forward events to the hub.",
            },
        },
        "Resources": {
            "AccountEvents": {
                "Type": "AWS::Events::EventBusPolicy",
                "Properties": {
                    "StatementId": {"Fn::Sub": "${HubStack}-accounts"},
                    "Statement": statement,
                },
            }
        },
        "Outputs": {
            "Accounts": {
                "Description": "Accounts whose events the hub takes, beside its organization's.",
                "Value": {"Fn::Join": [",", {"Ref": "Accounts"}]},
            }
        },
    }


def find(hub: Hub) -> Stack | None:
    """The stack that lists the accounts, None where no account is listed. Raises Denied, Unavailable."""
    found = stacks.find(hub.client("cloudformation"), name(hub))
    return found if found and found.get("Description", "").startswith(MARK) else None


def listed(hub: Hub) -> list[str]:
    """The accounts that are admitted by their number. Raises Denied, Unavailable, InvalidInput."""
    stack = find(hub)
    return stacks.outputs(stack)["Accounts"].split(",") if stack else []


def of(hub: Hub, account: str) -> Admission:
    """Whether and why the account's events are taken; asks Organizations where the hub admits one.

    Raises Denied and Unavailable where AWS cannot be asked at all.
    """
    return _of(hub, account, listed(hub))


def _of(hub: Hub, account: str, accounts: Iterable[str]) -> Admission:
    if account == hub.account:
        return Admission.OWN
    if account in accounts:
        return Admission.LISTED
    organization = hub.outputs.get("OrganizationId")
    if not organization:
        return Admission.NOT
    with answers("Nothing was changed."):
        try:
            found = hub.client("organizations").describe_account(AccountId=account)["Account"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # Only the management account and delegated administrators may ask.
            return Admission.NOT if code == "AccountNotFoundException" else Admission.UNKNOWN
    # arn:aws:organizations::MANAGEMENT:account/ORGANIZATION/ACCOUNT
    return Admission.ORGANIZATION if f"/{organization}/" in found["Arn"] else Admission.NOT


def reconciled(hub: Hub, registered: Iterable[str]) -> tuple[list[str], list[str]]:
    """The accounts to list, of those that are registered; and those of which it cannot be told whether the
    organization lets them in. Raises Denied, Unavailable, InvalidInput."""
    now = listed(hub)
    found = {account: _of(hub, account, now) for account in sorted(registered)}
    kept = [account for account in now if account in found]
    new = [account for account, why in found.items() if why is Admission.NOT]
    return [*kept, *new], [account for account, why in found.items() if why is Admission.UNKNOWN]


def admit(hub: Hub, account: str) -> None:
    """Have the hub's bus take the events of that account too. Raises CallFailed, Denied, Unavailable."""
    set_accounts(hub, list(dict.fromkeys([*listed(hub), account])))


def dismiss(hub: Hub, account: str) -> None:
    """Have the hub's bus take the events of that account no more, unless it is the organization's.

    Raises CallFailed, Denied, Unavailable.
    """
    set_accounts(hub, [each for each in listed(hub) if each != account])


def set_accounts(hub: Hub, accounts: list[str]) -> None:
    """Have the hub's bus take the events of those accounts and of no others, beside the organization's.

    Raises CallFailed, Denied, Unavailable.
    """
    cloudformation = hub.client("cloudformation")
    stack = stacks.find(cloudformation, name(hub))
    if stack and not stack.get("Description", "").startswith(MARK):
        raise CallFailed(
            f"There is a stack {name(hub)} that is not Rightstate's, and Rightstate needs the name. It was "
            "left as it was. Delete it, or deploy the hub under another name."
        )
    given = {"HubStack": hub.stack, "Accounts": ",".join(accounts)}
    body = json.dumps(template(), separators=(",", ":"))
    if stack and not accounts:
        stacks.delete(cloudformation, stack)
    elif stack:
        stacks.update(cloudformation, stack, given, TemplateBody=body, Tags=_TAGS)
    elif accounts:
        protected = {"EnableTerminationProtection": True, "Tags": _TAGS}
        stacks.create(cloudformation, name(hub), given, TemplateBody=body, **protected)
