"""Whether the hub can work in an account: its own function tries the account's roles."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rightstate.aws.sessions import reading_role
from rightstate.models.settings import Account
from rightstate_cli.aws import Caller
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import probe
from rightstate_cli.member.probe import Probe
from rightstate_cli.member.template import READERS, WRITERS
from rightstate_cli.progress import SILENT, Progress

NEW_ROLE = (3.0, 5.0, 10.0, 10.0)
"""Seconds to wait between tries of a new role. IAM is eventually consistent: STS learns of it later."""

_REFUSED = "RoleNotAssumed"


@dataclass(frozen=True)
class Check:
    """`ok` is None if the test itself failed. `fix` is what to do if it is not ok."""

    ok: bool | None
    said: str
    fix: str = ""


def check(
    hub: Hub,
    account: Account,
    caller: Caller | None = None,
    waits: Sequence[float] = (),
    progress: Progress = SILENT,
) -> Check:
    """Have the hub assume the account's roles.

    Assuming the role that reads must work with the external id, and fail without it. The role that writes
    must refuse the function that tries. With `caller`, credentials of the account, IAM is asked for the cause
    of a refusal. Raises Denied and InvalidInput where the user may not have the hub try.
    """
    reading = account.read_role_arn or account.role_arn
    answer = probe.assume(hub, account, reading, account.external_id)
    for wait in waits:
        if answer.error != _REFUSED:
            break
        progress.say(f"The role is not assumed yet; it may be too new. Trying again in {wait:g} s ...")
        time.sleep(wait)
        answer = probe.assume(hub, account, reading, account.external_id)
    if not answer.assumed:
        if _upgraded(hub, account, answer):
            return Check(
                True,
                f"The hub assumes {reading_role(str(account.role_arn))}. The account has two roles now, but "
                "its settings name one.",
                f"Register the other: `rightstate accounts add {account.account}`.",
            )
        return _not_assumed(hub, account, answer, caller)
    if reading is None:
        return Check(True, f"The hub acts as {answer.arn}, with its functions' own permissions.")
    if not account.external_id:
        return _open_to_others(hub, account)
    without = probe.assume(hub, account, reading, None)
    if without.assumed:
        return _open_to_others(hub, account)
    if without.error != _REFUSED:
        return _unknown(
            f"{reading} is refused without the external id", without, f"The hub assumes {reading}. "
        )
    assumes = f"The hub assumes {reading} with the external id, and is refused without."
    if account.read_role_arn is None:
        return Check(
            True,
            f"{assumes} It is the account's one role for reading and writing. Members now have two.",
            f"Upgrade it: `rightstate accounts add {account.account} --install`. If a StackSet installed it: "
            "`rightstate organization deploy`, then `rightstate organization register`.",
        )
    return _check_writing(hub, account, caller, assumes)


def _upgraded(hub: Hub, account: Account, answer: Probe) -> bool:
    """Whether a member whose one role is refused now has two."""
    return answer.error == _REFUSED and account.read_role_arn is None and has_two_roles(hub, account)


def has_two_roles(hub: Hub, account: Account) -> bool:
    """Whether the hub assumes the role that reads, named after the one that writes.

    Raises Denied and InvalidInput where the user may not have the hub try.
    """
    role = account.role_arn and reading_role(account.role_arn)
    return bool(role) and probe.assume(hub, account, role, account.external_id).assumed


def _check_writing(hub: Hub, account: Account, caller: Caller | None, assumes: str) -> Check:
    writing = str(account.role_arn)
    tried = probe.assume(hub, account, writing, account.external_id)
    if tried.assumed:
        return Check(
            False,
            f"A function of the hub that only reads can assume {writing}. It must trust only Apply.",
            f"Its trust policy needs {_trust(hub, account, WRITERS)}. {_install(account)}",
        )
    if tried.error != _REFUSED:
        return _unknown(f"only Apply can assume {writing}", tried, f"{assumes} ")
    if caller and (found := _look(hub, account, caller, writing, WRITERS)):
        return found
    return Check(True, f"{assumes} {writing} refuses the functions that only read.")


def _unknown(what: str, answer: Probe, before: str = "") -> Check:
    return Check(
        None, f"{before}Could not test whether {what}: {answer.error}: {answer.reason}", "Try again."
    )


def _not_assumed(hub: Hub, account: Account, answer: Probe, caller: Caller | None) -> Check:
    if answer.error == "WrongAccount":
        if account.role_arn is None:
            said = f"No role is set for account {account.account}: {answer.reason}"
            return Check(False, said, f"`rightstate accounts add {account.account}` sets it.")
        return Check(False, answer.reason, "Give the role of that account with --role.")
    if answer.error != _REFUSED:
        return Check(None, f"The hub could not try the role: {answer.error}: {answer.reason}", "Try again.")
    reading = str(account.read_role_arn or account.role_arn)
    refused = f"The hub cannot assume {reading}."
    if "RegionDisabledException" in answer.reason:
        said = (
            f"{refused} STS is not active for {hub.region}, the hub's region, in account {account.account}."
        )
        return Check(False, said, "Activate it there: IAM console, Account settings, STS.")
    functions = READERS if account.read_role_arn else (*READERS, *WRITERS)
    found = _look(hub, account, caller, reading, functions) if caller else None
    if found:
        return found
    if caller and account.read_role_arn is None:
        return Check(
            False,
            f"{refused} It is the account's one role for reading and writing.",
            f"{_install(account)} Until then the hub has to be deployed with OneRoleMembers=true.",
        )
    return Check(
        False,
        f"{refused} STS does not say why: the role does not exist, or does not trust the hub's functions, or "
        "requires another external id.",
        f"In account {account.account}, `aws iam get-role --role-name {_name(reading)}` shows which. If it "
        f"finds none: {_install(account)} Else its trust policy needs {_trust(hub, account, READERS)}.",
    )


def _look(hub: Hub, account: Account, caller: Caller, role: str, functions: Sequence[str]) -> Check | None:
    """What is wrong with the role, as the account's IAM says. None if these credentials may not ask, or if
    nothing is wrong."""
    refused = f"The hub cannot assume {role}"
    try:
        found = caller.client("iam").get_role(RoleName=_name(role))["Role"]
    except BotoCoreError:
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            return None
        return Check(False, f"{refused}: it does not exist.", _install(account))
    trust = found["AssumeRolePolicyDocument"]
    fix = f"Its trust policy needs {_trust(hub, account, functions)}. {_install(account)}"
    if not _requires(trust, "sts:ExternalId", {account.external_id}):
        return Check(False, f"{refused}: it exists, but requires another external id, or none.", fix)
    named = {f"{hub.stack}-{hub.region}-{each}" for each in functions}
    if not _requires(trust, "aws:PrincipalArn", {_role_of(hub, each) for each in named}):
        return Check(False, f"{refused}: it exists, but does not trust the hub's functions.", fix)
    return None


def _role_of(hub: Hub, name: str) -> str:
    return f"arn:{hub.partition}:iam::{hub.account}:role/{name}"


def _requires(trust: Any, key: str, wanted: set[str | None]) -> bool:
    """Whether a statement of the trust policy names exactly those values for that condition key."""
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    required = [
        values if isinstance(values, list) else [values]
        for statement in statements
        for operator in statement.get("Condition", {}).values()
        for name, values in operator.items()
        if name.lower() == key.lower()
    ]
    return any(set(values) == wanted for values in required)


def _open_to_others(hub: Hub, account: Account) -> Check:
    return Check(
        False,
        f"The hub assumes {account.read_role_arn or account.role_arn} without an external id too. Anyone who "
        "makes the hub try a role could make it act there.",
        f"Its trust policy needs {_trust(hub, account, READERS)}. {_install(account)}",
    )


def _trust(hub: Hub, account: Account, functions: Sequence[str]) -> str:
    roles = f"{hub.stack}-{hub.region}-" + (
        f"{{{','.join(functions)}}}" if len(functions) > 1 else functions[0]
    )
    return (
        f"the principal {hub.account}, the conditions sts:ExternalId = "
        f"{account.external_id or hub.outputs['ExternalId']}, and aws:PrincipalArn = role/{roles} of it"
    )


def _install(account: Account) -> str:
    return (
        f"`rightstate accounts add {account.account} --install` does this with the account's credentials. "
        "Without --install it prints the commands for the account's administrator."
    )


def _name(arn: str) -> str:
    """The role's name, without its path."""
    return arn.rpartition("/")[2]
