"""The accounts whose events the hub's event bus accepts.

These are the accounts of the organization that the hub's stack names, and those that a second stack lists.
The list has a stack of its own because `sam deploy` sets every parameter of the hub's stack to the value in
samconfig.toml. That would undo `rightstate accounts add`.
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
"""The beginning of the description of every such stack."""
RECONCILE = "rightstate accounts admit"
"""The command that lets the bus accept the events of all registered accounts."""

_TAGS = [{"Key": "application", "Value": "rightstate"}]


class Admission(StrEnum):
    """Why an account's events are accepted, or that they are not."""

    OWN = "own"
    LISTED = "listed"
    ORGANIZATION = "organization"
    NOT = "not"
    UNKNOWN = "unknown"


def name(hub: Hub) -> str:
    """The name of the stack that lists the accounts."""
    return f"{hub.stack}-admission"


def template() -> dict[str, Any]:
    """The CloudFormation template of that stack: the statement for the organization, with accounts
    instead."""
    organization = sam_template.template()["Resources"]["OrganizationEvents"]["Properties"]["Statement"]
    statement = copy.deepcopy(organization)
    equals = statement["Condition"]["StringEquals"]
    del equals["aws:PrincipalOrgID"]
    # A condition takes half the space of a list of principals. The bus's policy has at most 10 KB.
    equals["aws:PrincipalAccount"] = {"Ref": "Accounts"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{MARK} - the accounts whose events the hub accepts, beside its organization's.",
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
                "Description": "Accounts whose events the hub accepts, beside its organization's.",
                "Value": {"Fn::Join": [",", {"Ref": "Accounts"}]},
            }
        },
    }


def find(hub: Hub) -> Stack | None:
    """The stack that lists the accounts, None if no account is listed. Raises Denied, Unavailable."""
    found = stacks.find(hub.client("cloudformation"), name(hub))
    return found if found and found.get("Description", "").startswith(MARK) else None


def listed(hub: Hub) -> list[str]:
    """The accounts in the list. Raises Denied, Unavailable, InvalidInput."""
    stack = find(hub)
    return stacks.outputs(stack)["Accounts"].split(",") if stack else []


def of(hub: Hub, account: str) -> Admission:
    """Whether and why the account's events are accepted. Asks Organizations if the hub accepts one.

    Raises Denied, Unavailable, InvalidInput.
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
    """The registered accounts to list, and those that may or may not be in the organization.

    Raises Denied, Unavailable, InvalidInput.
    """
    now = listed(hub)
    found = {account: _of(hub, account, now) for account in sorted(registered)}
    kept = [account for account in now if account in found]
    new = [account for account, why in found.items() if why is Admission.NOT]
    return [*kept, *new], [account for account, why in found.items() if why is Admission.UNKNOWN]


def admit(hub: Hub, account: str) -> None:
    """Let the hub's bus accept the events of that account too. Raises CallFailed, Denied, Unavailable."""
    set_accounts(hub, list(dict.fromkeys([*listed(hub), account])))


def dismiss(hub: Hub, account: str) -> None:
    """Let the hub's bus no longer accept the events of that account, unless the organization has it.

    Raises CallFailed, Denied, Unavailable.
    """
    set_accounts(hub, [each for each in listed(hub) if each != account])


def set_accounts(hub: Hub, accounts: list[str]) -> None:
    """Let the hub's bus accept the events of exactly those accounts, beside the organization's.

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
