"""Whether the hub can work in an account: what its own function says of the account's role, and why."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rightstate.models import Account
from rightstate_cli import probe
from rightstate_cli.aws import Caller
from rightstate_cli.hub import Hub
from rightstate_cli.member import HUB_ROLES
from rightstate_cli.output import say
from rightstate_cli.probe import Probe

NEW_ROLE = (3.0, 5.0, 10.0, 10.0)
"""Seconds to wait between tries, where the role may be new: IAM makes it known to STS only after a while."""

_REFUSED = "RoleNotAssumed"


@dataclass(frozen=True)
class Check:
    """`ok` is None where it could not be told. `fix` is what to do if it is not ok."""

    ok: bool | None
    said: str
    fix: str = ""


def check(hub: Hub, account: Account, caller: Caller | None = None, waits: Sequence[float] = ()) -> Check:
    """Have the hub assume the role with the external id, which must work, and without, which must not.

    With `caller`, credentials of the account, a refusal is looked into. Raises Denied and InvalidInput where
    the user may not have the hub try.
    """
    answer = probe.assume(hub, account, account.external_id)
    for wait in waits:
        if answer.error != _REFUSED:
            break
        say(f"The role is not assumed yet; it may be too new. Trying again in {wait:g} s ...")
        time.sleep(wait)
        answer = probe.assume(hub, account, account.external_id)
    if not answer.assumed:
        return _not_assumed(hub, account, answer, caller)
    if account.role_arn is None:
        return Check(True, f"The hub acts as {answer.arn}, with its functions' own permissions.")
    if not account.external_id:
        return _open_to_others(hub, account)
    without = probe.assume(hub, account, None)
    if without.assumed:
        return _open_to_others(hub, account)
    if without.error != _REFUSED:
        return Check(
            None,
            f"The hub assumes {account.role_arn}. Whether that is refused without the external id could not "
            f"be told: {without.error}: {without.reason}",
            "Try again.",
        )
    return Check(True, f"The hub assumes {account.role_arn} with the external id, and is refused without.")


def _not_assumed(hub: Hub, account: Account, answer: Probe, caller: Caller | None) -> Check:
    if answer.error == "WrongAccount":
        if account.role_arn is None:
            said = f"No role is set for account {account.account}: {answer.reason}"
            return Check(False, said, f"`rightstate accounts add {account.account}` sets it.")
        return Check(False, answer.reason, "Give the role of that account with --role.")
    if answer.error != _REFUSED:
        return Check(None, f"The hub could not try the role: {answer.error}: {answer.reason}", "Try again.")
    refused = f"The hub cannot assume {account.role_arn}."
    if "RegionDisabledException" in answer.reason:
        said = (
            f"{refused} STS is not active for {hub.region}, the hub's region, in account {account.account}."
        )
        return Check(False, said, "Activate it there: IAM console, Account settings, STS.")
    found = _look(hub, account, caller) if caller else None
    return found or Check(
        False,
        f"{refused} STS does not say why: the role does not exist, or does not trust the hub's functions, or "
        "wants another external id.",
        f"In account {account.account}, `aws iam get-role --role-name {_role(account)}` tells which. If it "
        f"finds none: {_install(account)} Else its trust policy has to have {_trust(hub, account)}.",
    )


def _look(hub: Hub, account: Account, caller: Caller) -> Check | None:
    """What the account's own IAM says of the role; None where it does not say it to these credentials."""
    refused = f"The hub cannot assume {account.role_arn}"
    try:
        role = caller.client("iam").get_role(RoleName=_role(account))["Role"]
    except BotoCoreError:
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            return None
        return Check(False, f"{refused}: it does not exist.", _install(account))
    fix = f"Its trust policy has to have {_trust(hub, account)}. {_install(account)}"
    if _wants(role["AssumeRolePolicyDocument"], account.external_id):
        return Check(False, f"{refused}: it exists, and does not trust the hub's functions.", fix)
    return Check(False, f"{refused}: it exists, and wants another external id, or none.", fix)


def _wants(trust: Any, external_id: str | None) -> bool:
    """Whether some statement of the trust policy asks for that external id."""
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    asked = [
        values if isinstance(values, list) else [values]
        for statement in statements
        for operator in statement.get("Condition", {}).values()
        for key, values in operator.items()
        if key.lower() == "sts:externalid"
    ]
    return any(external_id in values for values in asked)


def _open_to_others(hub: Hub, account: Account) -> Check:
    return Check(
        False,
        f"The hub assumes {account.role_arn} without an external id too: whoever gets the hub to try a role "
        "could have it act there.",
        f"Its trust policy has to have {_trust(hub, account)}. {_install(account)}",
    )


def _trust(hub: Hub, account: Account) -> str:
    roles = f"{hub.stack}-{hub.region}-{{{','.join(HUB_ROLES)}}}"
    return (
        f"the principal {hub.account}, the conditions sts:ExternalId = "
        f"{account.external_id or hub.outputs['ExternalId']}, and aws:PrincipalArn = role/{roles} of it"
    )


def _install(account: Account) -> str:
    return (
        f"`rightstate accounts add {account.account} --install` makes it so with the account's credentials; "
        "without --install it prints the commands for the account's administrator."
    )


def _role(account: Account) -> str:
    return (account.role_arn or "").rpartition("/")[2]
