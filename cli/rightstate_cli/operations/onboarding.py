"""The steps of an account from its registration to its first remediation: what is done, and what is next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rightstate.errors import RightstateError
from rightstate.models.settings import Account
from rightstate.policy import Mode
from rightstate_cli.hub import admission, contacts
from rightstate_cli.hub.admission import Admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member.role import Check
from rightstate_cli.operations import account_lines, account_settings
from rightstate_cli.operations.workspace import Workspace


class Name(StrEnum):
    """A step."""

    REGISTERED = "Registered"
    ROLE = "Its role works"
    EVENTS = "The hub accepts its events"
    CONTACTS = "Its contacts get the messages"
    POLICIES = "Policies are enabled"
    LOOKED = "Policies have looked at it"
    FIXES = "A policy may fix something"


@dataclass(frozen=True)
class Step:
    """`done` is None if it could not be told, or need not be done. `said` is what was found. `fix` is what to
    do, with the command. `repairs` says that the account's stacks or settings have to be written anew."""

    name: Name
    done: bool | None
    said: str
    fix: str = ""
    repairs: bool = False


def steps(workspace: Workspace, account: Account, looked: bool) -> list[Step]:
    """The steps, in their order. `looked` says whether any resource of the account is known.

    A step that cannot be told says why, and hides no other.
    """
    found = [Step(Name.REGISTERED, True, f"In {account_lines.regions(account)}.")] if account.revision else []
    found.append(_step(Name.ROLE, lambda: _role(account_settings.check_role(workspace, account))))
    if workspace.hub:
        hub = workspace.hub
        found.append(_step(Name.EVENTS, lambda: _events(hub, account)))
        found.append(_step(Name.CONTACTS, lambda: _contacts(hub, account)))
    return [*found, *_policies(workspace, account, looked)]


def next_step(found: Sequence[Step]) -> Step | None:
    """The first step that is not done. None if all are, as far as can be told."""
    return next((each for each in found if each.done is False), None)


def _step(name: Name, find: Callable[[], Step]) -> Step:
    try:
        return find()
    except RightstateError as error:
        return Step(name, None, str(error))


def _role(check: Check) -> Step:
    # A role that works may still have to be upgraded; then there is something to do too.
    return Step(Name.ROLE, check.ok, check.said, check.fix, repairs=bool(check.fix) and check.ok is not None)


def _events(hub: Hub, account: Account) -> Step:
    command = f"`{admission.RECONCILE} {account.account}`"
    match admission.of(hub, account.account):
        case Admission.OWN:
            return Step(Name.EVENTS, True, "It is the hub's own account.")
        case Admission.LISTED:
            return Step(Name.EVENTS, True, f"The stack {admission.name(hub)} lists it.")
        case Admission.ORGANIZATION:
            return Step(Name.EVENTS, True, f"It is in the organization {hub.outputs['OrganizationId']}.")
        case Admission.UNKNOWN:
            said = (
                f"If it is in the organization {hub.outputs['OrganizationId']}. Your credentials may not ask."
            )
            return Step(Name.EVENTS, None, said, f"If it is not: {command}.")
        case Admission.NOT:
            return Step(Name.EVENTS, False, "Changes in the account start nothing.", command)


def _contacts(hub: Hub, account: Account) -> Step:
    if not account.contacts:
        said = "It has none. Its messages go only to those who get every message of the hub."
        return Step(Name.CONTACTS, None, said)
    missing = contacts.unconfirmed(hub, account.account, account.contacts)
    if not missing:
        return Step(Name.CONTACTS, True, f"{', '.join(account.contacts)}.")
    return Step(
        Name.CONTACTS,
        False,
        f"{', '.join(missing)} has not confirmed the subscription, or is not subscribed.",
        f"The link in AWS's e-mail confirms it. A new e-mail: `rightstate accounts add {account.account}`.",
        repairs=True,
    )


def _policies(workspace: Workspace, account: Account, looked: bool) -> list[Step]:
    modes = {each.mode for each in account.policies.values()} - {Mode.OFF}
    where = f"--account {account.account}"
    if not modes and workspace.hub is None:
        found = [
            Step(Name.POLICIES, None, "None is. Without settings a run on this machine takes all policies.")
        ]
    else:
        enable = f"`rightstate policies enable POLICY --mode report {where}`"
        found = [
            Step(
                Name.POLICIES,
                bool(modes),
                f"{account_lines.modes(account)}." if modes else "None is, so nothing is looked at.",
                "" if modes else enable,
            )
        ]
    plan = f"`rightstate plan {where}`"
    said = "The overview has what they found." if looked else "Nothing is known of its resources yet."
    found.append(Step(Name.LOOKED, looked, said, "" if looked else plan))
    if modes:
        fixes = bool(modes & {Mode.AUTO, Mode.APPROVE})
        said = "" if fixes else "All are in mode report, which changes nothing."
        raised = f"`rightstate policies set-mode auto POLICY {where}`"
        found.append(Step(Name.FIXES, fixes, said, "" if fixes else raised))
    return found
