"""What the user's AWS identity may not do with a hub, as IAM says. Nothing is tried.

Where IAM cannot tell, nothing is forbidden here: the user tries it, and AWS answers.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rightstate_cli.aws import Caller
from rightstate_cli.hub import admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.iam_simulation import Verdict, verdicts
from rightstate_cli.member import stack_sets
from rightstate_cli.operations.workspace import Workspace

_SECONDS_KEPT = 300.0
"""For how long an answer counts. After that, a permission that was granted meanwhile is noticed."""


class Act(StrEnum):
    """Something that changes a hub, or what it remediates."""

    WRITE_SETTINGS = "write-settings"
    FORGET_ACCOUNT = "forget-account"
    RELEASE = "release"
    DECIDE = "decide"
    START = "start"
    UNDO = "undo"
    ADMIT_FIRST = "admit-first"
    ADMIT = "admit"
    INSTALL_FIRST = "install-first"
    INSTALL = "install"


@dataclass(frozen=True)
class Need:
    """An action that has to be allowed on one of the resources. `named` says to people what these are."""

    action: str
    resources: tuple[str, ...]
    named: str
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Permissions:
    """What IAM says of the caller of a workspace, kept for a while. Threads may share it."""

    workspace: Workspace
    _kept: dict[Need, tuple[float, str]] = field(default_factory=dict)
    _principals: dict[str, str | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def refusal(self, act: Act, resource_type: str = "") -> str:
        """Why the user may not do that; empty if nothing is known that forbids it.

        `resource_type` says of what type an execution is to be started. Without it, only a user who may
        start none is refused.
        """
        hub = self.workspace.hub
        if hub is None:
            # The ledger is the user's own file. What a run needs depends on the resources that it finds.
            return ""
        reasons = (self._refusal(hub.caller, need) for need in needs(hub, act, resource_type))
        return next(filter(None, reasons), "")

    def _refusal(self, caller: Caller, need: Need) -> str:
        with self._lock:
            until, kept = self._kept.get(need, (0.0, ""))
            if until < time.monotonic():
                kept = _told(caller, need, self._ask(caller, need))
                self._kept[need] = (time.monotonic() + _SECONDS_KEPT, kept)
            return kept

    def _ask(self, caller: Caller, need: Need) -> Sequence[Verdict]:
        """The verdicts; none if IAM does not tell this caller."""
        iam = caller.client("iam")
        try:
            if caller.arn not in self._principals:
                self._principals[caller.arn] = _principal(caller)
            principal = self._principals[caller.arn]
            if principal is None:
                return ()
            return list(verdicts(iam, principal, [need.action], need.resources, dict(need.context)))
        except (BotoCoreError, ClientError, ResponseParserError):
            return ()


def needs(hub: Hub, act: Act, resource_type: str = "") -> Iterable[Need]:
    """What AWS has to allow for that. All of it is needed."""
    match act:
        case Act.WRITE_SETTINGS:
            return [_on_table(hub, "PutItem", "SettingsTable", "settings table")]
        case Act.FORGET_ACCOUNT:
            return [_on_table(hub, "DeleteItem", "SettingsTable", "settings table")]
        case Act.RELEASE:
            return [_on_table(hub, "DeleteItem", "GuardsTable", "guards table")]
        case Act.DECIDE:
            user = hub.caller.user_id
            # The policy ApproversPolicy allows items under the own aws:userid only.
            own = (("aws:userid", user), ("dynamodb:LeadingKeys", (user,)))
            return [
                _on_table(hub, "PutItem", "GuardsTable", "guards table", own),
                Need("states:SendTaskSuccess", (), "every task"),
            ]
        case Act.START:
            return [_start(hub, resource_type)]
        case Act.UNDO:
            return [_start(hub, resource_type), *needs(hub, Act.WRITE_SETTINGS)]
        case Act.ADMIT_FIRST | Act.ADMIT:
            does = "CreateStack" if act is Act.ADMIT_FIRST else "UpdateStack"
            stack = admission.name(hub)
            return [
                Need(
                    f"cloudformation:{does}",
                    (_arn(hub, "cloudformation", f"stack/{stack}/*"),),
                    f"stack {stack}",
                )
            ]
        case Act.INSTALL_FIRST | Act.INSTALL:
            does = "CreateStackSet" if act is Act.INSTALL_FIRST else "UpdateStackSet"
            name = stack_sets.name(hub.stack)
            arn = _arn(hub, "cloudformation", f"stackset/{name}:*")
            return [Need(f"cloudformation:{does}", (arn,), f"StackSet {name}")]


def _on_table(
    hub: Hub, does: str, output: str, named: str, context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
) -> Need:
    table = hub.outputs.get(output, "*")
    return Need(f"dynamodb:{does}", (_arn(hub, "dynamodb", f"table/{table}"),), f"{named} {table}", context)


def _start(hub: Hub, resource_type: str) -> Need:
    # For a start through an alias AWS looks at the machine's ARN (Step Functions developer guide,
    # "Authorization for versions and aliases").
    machines = hub.machines()
    named = f"state machine of {resource_type}" if resource_type else "state machines"
    chosen = (machines[resource_type],) if resource_type in machines else tuple(machines.values())
    return Need("states:StartExecution", chosen, named)


def _arn(hub: Hub, service: str, resource: str) -> str:
    return f"arn:{hub.partition}:{service}:{hub.region}:{hub.account}:{resource}"


def _principal(caller: Caller) -> str | None:
    """The ARN of the user or role whose policies count. None of one that IAM does not simulate.

    The ARN of a session has the role's name without its path, which a role of IAM Identity Center has.
    """
    if re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:user/.+", caller.arn):
        return caller.arn
    session = re.fullmatch(r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([^/]+)/.+", caller.arn)
    if session is None:
        # The root user, or a federated one.
        return None
    try:
        return str(caller.client("iam").get_role(RoleName=session[1])["Role"]["Arn"])
    except ClientError:
        # Where the role has a path after all, the simulation finds no such role.
        return f"arn:{caller.partition}:iam::{caller.account}:role/{session[1]}"


def _told(caller: Caller, need: Need, found: Sequence[Verdict]) -> str:
    """A sentence if none of the resources is allowed for sure, else nothing."""
    causes = [each.cause for each in found if each.cause and each.sure]
    if not found or len(causes) < len(found):
        return ""
    return (
        f"Your AWS identity may not do this. `{need.action}` on the {need.named} is {causes[0]}, "
        f"as IAM says of {caller.arn}. Nothing was tried. Ask your AWS administrator for it, or use other "
        "credentials."
    )
