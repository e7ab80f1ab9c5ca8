"""Accounts as this machine knows them: the role that a run acts with, and whether it can be assumed."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rightstate.aws.sessions import Phase, open_session
from rightstate.catalogue import load_all
from rightstate.errors import RightstateError, RoleNotAssumed, WrongAccount
from rightstate.models.settings import Account
from rightstate.resource_type import Place
from rightstate_cli.aws import Caller
from rightstate_cli.member.role import Check
from rightstate_cli.planning.target import DEFAULT_ROLE, role_arn


def wanted(
    before: Account,
    caller: Caller,
    regions: Sequence[str],
    name: str | None,
    role: str | None,
    external_id: str | None,
) -> Account:
    """The settings as they were, with what is given in them. Raises InvalidInput."""
    given: dict[str, object] = {}
    if regions:
        given["regions"] = tuple(dict.fromkeys(regions))
    if name is not None:
        given["name"] = name
    if role is not None:
        # One role for reading and writing: whose it is has been decided by who gave it.
        place = Place(account=before.account, region=caller.region, partition=caller.partition)
        given["role_arn"] = given["read_role_arn"] = role_arn(role, place)
    if external_id is not None:
        given["external_id"] = external_id
    return before.model_copy(update=given)


def with_role(account: Account, caller: Caller) -> Account:
    """The account with the role that a run acts with there: that of the settings; in another account than
    that of the credentials the one that a member has."""
    if account.role_arn or account.account == caller.account:
        return account
    place = Place(account=account.account, region=caller.region, partition=caller.partition)
    role = role_arn(DEFAULT_ROLE, place)
    return account.model_copy(update={"role_arn": role, "read_role_arn": role})


def check(account: Account, caller: Caller) -> Check:
    """Assume the account's role with the credentials of this machine."""
    acting = with_role(account, caller)
    region = account.regions[0] if account.regions else caller.region
    place = Place(account=account.account, region=region, partition=caller.partition)
    name = f"rightstate-check-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        session = open_session(acting, load_all()[0], place, Phase.READ, name)
    except (RoleNotAssumed, WrongAccount) as error:
        again = f"rightstate accounts add {account.account} --role ROLE --external-id ID"
        return Check(False, str(error), f"Name a role that trusts you: `{again}`.")
    except RightstateError as error:
        return Check(None, str(error), "Try again.")
    return Check(True, f"You act there as {session.identity.arn}.")
