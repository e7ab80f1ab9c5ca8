"""Whose events the hub's bus takes beside those of its own account: its parameters say so."""

from collections.abc import Iterable
from enum import StrEnum

from botocore.exceptions import ClientError

from rightstate.errors import InvalidInput
from rightstate_cli import stacks
from rightstate_cli.aws import answers
from rightstate_cli.hub import Hub


class Admission(StrEnum):
    """Why an account's events are taken, or that they are not."""

    OWN = "own"
    LISTED = "listed"
    ORGANIZATION = "organization"
    NOT = "not"
    UNKNOWN = "unknown"


def listed(hub: Hub) -> list[str]:
    """The accounts that are admitted by their number."""
    return [account for account in hub.outputs.get("AdmittedAccounts", "").split(",") if account]


def of(hub: Hub, account: str) -> Admission:
    """Whether and why the account's events are taken; asks Organizations where the hub admits one.

    Raises Denied and Unavailable where AWS cannot be asked at all.
    """
    if account == hub.account:
        return Admission.OWN
    if account in listed(hub):
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


def admit(hub: Hub, accounts: Iterable[str]) -> None:
    """Have the hub's bus take the events of those accounts and of no others, beside the organization's.

    Raises CallFailed, Denied, Unavailable, InvalidInput.
    """
    cloudformation = hub.client("cloudformation")
    stack = stacks.find(cloudformation, hub.stack)
    if stack is None:
        raise InvalidInput(f"The stack {hub.stack} is gone. Deploy the hub again.")
    stacks.update(
        cloudformation,
        stack,
        {"MemberAccounts": ",".join(accounts)},
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )


def by_hand(hub: Hub, accounts: Iterable[str]) -> str:
    """The command that does the same, from the checkout that the hub was deployed from."""
    # SAM takes an empty value between quotes only, which have to outlive the shell.
    value = ",".join(accounts) or "''"
    return (
        f"sam deploy --stack-name {hub.stack} --region {hub.region} "
        f'--parameter-overrides MemberAccounts="{value}"'
    )
