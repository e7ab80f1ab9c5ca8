"""What is told of an execution: as an event to other systems, and as a message to people.

Pure: `record` sends both. Names and reasons are foreign text. In the message each stays on its line; the
event is data, which whoever shows it escapes for where it is shown.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from rightstate.clock import written
from rightstate.models import Outcome, Status
from rightstate.policy import Mode
from rightstate.wants import Value, as_change, as_text

SOURCE = "rightstate"
DETAIL_TYPE = "Rightstate Remediation"

TOLD = (Outcome.REMEDIATED, Outcome.REPORTED, Outcome.FAILED, Outcome.UNDONE)
"""The endings worth telling; of the others the ledger and the metric know. What waits for an approval is told
when it is asked for, and not again by those that find it waiting."""
_Unmade = Literal[
    Outcome.DENIED,
    Outcome.CHANGED_SINCE_PLAN,
    Outcome.OFF,
    Outcome.EXEMPT,
    Outcome.HALTED,
    Outcome.LIMITED,
    Outcome.COMPLIANT,
    Outcome.NOT_APPLICABLE,
    Outcome.GONE,
]
"""How an execution that has asked for an approval may end without the change: whoever has approved it counts
on it, so that these are told of such an execution."""
Told = Literal[
    Outcome.REMEDIATED,
    Outcome.REPORTED,
    Outcome.AWAITING_APPROVAL,
    Outcome.FAILED,
    Outcome.UNDONE,
    _Unmade,
]

# SNS takes 256 KiB with the attributes, PutEvents had the same limit for all of an entry before 2026. What is
# left free is for what goes around the text.
_LARGEST = 250_000
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}

# --- The event ---


class _Part(BaseModel):
    """Apart from the states' models, so that these can change and what is published stays."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Cause(_Part):
    """The API call that started the execution."""

    principal: str | None = Field(
        description="ARN of who made the call. Null where CloudTrail names none, as for AWS services."
    )
    event_name: str = Field(description="The API call.")
    event_id: str = Field(description="The id of EventBridge's event about it.")
    time: str = Field(description="When it was made.")


class Finding(_Part):
    """A setting that a policy wants otherwise."""

    setting: str = Field(description="Its name.")
    before: Value = Field(description="The value that was read.")
    after: Value = Field(description="The value to write.")


F = TypeVar("F", bound=Finding)


class Change(Finding):
    """A setting that was to be written."""

    policies: tuple[str, ...] = Field(description="The policies that asked for it.")


class Verdict(_Part):
    """What a policy made of the resource."""

    policy: str = Field(description="Its id.")
    mode: Mode = Field(description="What it may do, in this execution.")
    status: Status = Field(description="What it found.")
    reason: str = Field(description="Why it does nothing, where it does nothing.")
    findings: tuple[Finding, ...] = Field(description="What it wants otherwise.")


class Notification(_Part):
    """The detail of an event `Rightstate Remediation`.

    Within a version fields may be added; none is renamed, removed or given another meaning.
    """

    version: Literal["1"] = Field(default="1", description="The version of this format.")
    outcome: Told = Field(description="How the execution ended.")
    error: str | None = Field(description="Of a failed one: the name of the error.")
    reason: str = Field(description="The outcome in words; of a failed one, what happened and was changed.")
    account: str = Field(description="The resource's account; `?` where the input named none.")
    region: str = Field(description="The resource's region; `?` where the input named none.")
    resource_type: str = Field(description="E.g. `s3-bucket`.")
    resource: str = Field(
        description="The resource's identifier. Of a refused input: what it named, in quotes, or `*`."
    )
    arn: str | None = Field(description="The resource's ARN, where the identifier says all of it.")
    why: str = Field(description="The reason that the execution was started with, if any.")
    cause: Cause | None = Field(
        description="The API call that started it; null where it was started by hand."
    )
    changes: tuple[Change, ...] = Field(
        description="What was changed; of a failed one, what was to be: `reason` says how far it came."
    )
    verdicts: tuple[Verdict, ...] = Field(description="What each policy made of the resource.")
    calls: tuple[str, ...] = Field(description="The API calls, if all that were decided have been made.")
    verified: Mapping[str, Value] = Field(description="The settings that were changed, as read again.")
    execution: str = Field(description="The execution's ARN.")
    link: str | None = Field(description="The execution in the Step Functions console.")
    started: str = Field(description="When the execution started.")
    ended: str = Field(description="When this was told, which is the last that an execution does.")
    halted: tuple[str, ...] = Field(
        default=(),
        description="The policies that change this resource no more, until they are released: their changes "
        "did not last.",
    )
    tried: tuple[str, ...] = Field(
        default=(), description="The halted policies that have tried once more; they stay halted."
    )
    resumed: tuple[str, ...] = Field(
        default=(),
        description="The policies whose halt has ended: looked at again, the resource is as they want.",
    )
    approval: str | None = Field(
        default=None, description="Of what waits for an approval: its id, for `rightstate approvals`."
    )
    undo: str | None = Field(
        default=None, description="Of an undo: the ARN of the execution whose changes were taken back."
    )
    requester: str | None = Field(
        default=None, description="Of an undo: the aws:userid of who started it, as given."
    )
    approver: str | None = Field(
        default=None, description="Of an undo: who has approved it or, where nobody had to, its exemption."
    )
    exempt_until: str | None = Field(
        default=None,
        description="Of an undo: until when policies leave the resource as it is. Null where no exemption "
        "was needed, because the policies only ask.",
    )
    shortened: bool = Field(
        default=False,
        description="True where it was too large: values and reasons are shortened texts then. The ledger "
        "has the whole.",
    )


def notification(
    entry: Mapping[str, Any], resource_type: str, started: datetime, ended: datetime
) -> Notification:
    """What to tell of an execution that ended with this entry of the ledger."""
    account, region, _, resource = entry["resource"].split("/", 3)
    event, approval = entry["event"], entry.get("approval")
    return Notification.model_validate(
        {
            **entry,
            "version": "1",  # of the format; that of the entry is Rightstate's
            "error": entry["error"] or None,
            "approval": approval["id"] if isinstance(approval, Mapping) else approval,
            "approver": entry.get("approver") or None,
            "exempt_until": entry.get("exempt_until") or None,
            "account": account,
            "region": region,
            "resource_type": resource_type,
            "resource": resource,
            "cause": event
            and {
                "principal": event["principal"] or None,
                "event_name": event["name"],
                "event_id": event["id"],
                "time": event["time"],
            },
            "link": console_link(entry["execution"]),
            "started": written(started),
            "ended": written(ended),
        }
    )


def console_link(execution: str) -> str | None:
    """The execution's page in the console of its partition and region."""
    _, partition, _, region, *_ = execution.split(":")
    console = _CONSOLES.get(partition)
    if console is None:
        return None
    page = f"#/v2/executions/details/{quote(execution, safe=':', errors='replace')}"
    return f"https://{region}.{console}/states/home?region={region}{page}"


def as_detail(told: Notification) -> str:
    """The event's detail, which is never too large for EventBridge."""
    whole = _json(told)
    return whole if len(whole.encode()) <= _LARGEST else _json(_shortened(told))


def _json(told: Notification) -> str:
    # A lone half of a surrogate pair is JSON, but no UTF-8.
    text = json.dumps(told.model_dump(mode="json"), ensure_ascii=False)
    return text.encode(errors="replace").decode()


def _shortened(told: Notification) -> Notification:
    """With nothing in it that grows: there are no more settings and policies than the resource type has."""

    def short(found: F) -> F:
        texts = {"before": _line(as_text(found.before), 100), "after": _line(as_text(found.after), 100)}
        return found.model_copy(update=texts)

    return told.model_copy(
        update={
            "shortened": True,
            "reason": _line(told.reason, 1000),
            "changes": tuple(short(each) for each in told.changes),
            "verdicts": tuple(
                each.model_copy(
                    update={
                        "reason": _line(each.reason, 200),
                        "findings": tuple(short(finding) for finding in each.findings),
                    }
                )
                for each in told.verdicts
            ),
            "verified": {name: _line(as_text(value), 100) for name, value in told.verified.items()},
        }
    )


# --- The message ---


def subject(told: Notification) -> str:
    """One line of printable ASCII, of less than 100 characters (SNS API reference, Publish)."""
    what = "URGENT: Rightstate halted" if told.halted else f"Rightstate {told.outcome}"
    if told.resumed and told.outcome not in TOLD:
        what = "Rightstate goes on with"
    text = f"{what} {told.resource_type} {_line(told.resource, 2048)} in {told.account}"
    return _cut(text.encode("ascii", "replace").decode(), 99)


def as_message(told: Notification) -> str:
    """The notification as plain text, which is never too large for SNS."""
    text = "\n\n".join("\n".join(section) for section in _sections(told) if section)
    return text.encode(errors="replace")[:_LARGEST].decode(errors="ignore") + "\n"


def _sections(told: Notification) -> Iterator[list[str]]:
    yield list(_heading(told))
    yield list(_facts(told))
    yield list(_changes(told))
    yield list(_left_alone(told))
    yield ["What to do", *(f"  {step}" for step in next_steps(told))]


def _heading(told: Notification) -> Iterator[str]:
    named = f"{told.resource_type} {_line(told.resource, 2048)}"
    if told.halted:
        yield f"URGENT: Rightstate stops changing {named}. Something sets it back, and it may be broken now."
        yield f"Halted: {', '.join(told.halted)}"
    if told.resumed:
        yield f"Rightstate has looked at {named} again and goes on: {', '.join(told.resumed)} halted no more."
    match told.outcome:
        case Outcome.REMEDIATED:
            yield f"Rightstate has put {named} right."
        case Outcome.AWAITING_APPROVAL:
            yield _question(told, named)
        case Outcome.UNDONE:
            yield f"Rightstate has taken its changes of {named} back."
        case _ if told.undo:
            yield f"Rightstate did not take its changes of {named} back: {told.error or told.outcome}."
        case Outcome.REPORTED:
            yield f"Rightstate found {named} in a wrong state and left it as it is."
        case Outcome.FAILED:
            yield f"Rightstate could not put {named} right: {told.error}."
        case Outcome.LIMITED:
            yield f"Rightstate leaves {named} and others as they are: account {told.account} is at a limit."
        case _ if told.halted or told.resumed:
            yield f"Rightstate leaves {named} as it is: {told.outcome}."
        case _:
            yield f"Rightstate has asked about {named}, and leaves it as it is: {told.outcome}."
    if told.reason and told.outcome is not Outcome.REMEDIATED:
        yield _line(told.reason, 2000)


def _question(told: Notification, named: str) -> str:
    """What is asked. An undo must not pass for a remediation."""
    if not told.undo:
        return f"Rightstate asks whether it may put {named} right."
    return (
        f"Rightstate asks whether it may UNDO its changes of {named}. That makes it less secure: it will "
        f"break {', '.join(_undone(told))} again."
    )


def _facts(told: Notification) -> Iterator[str]:
    if told.arn:
        yield f"Resource:   {_line(told.arn, 2048)}"
    yield f"Account:    {told.account}, region {told.region}"
    if told.cause is None:
        yield "Caused by:  no API call; it was started by hand"
    else:
        principal = told.cause.principal or "a caller that CloudTrail gives no ARN"
        yield f"Caused by:  {_line(principal, 2048)}"
        yield f"Call:       {_line(told.cause.event_name, 128)} at {_line(told.cause.time, 64)}"
        yield f"Event:      {told.cause.event_id}"
    if told.undo:
        yield f"Undone:     {_line(told.undo, 512)}"
        yield f"By:         {_line(told.requester or 'an unnamed caller', 256)}"
        yield f"Approved:   {_line(told.approver or 'by nobody', 2048)}"
        yield f"Exempt:     {f'until {told.exempt_until}' if told.exempt_until else 'no'}"
    if told.why:
        yield f"Reason:     {_line(told.why, 1024)}"
    yield f"Outcome:    {told.outcome}, {told.started} to {told.ended}"
    yield f"Execution:  {told.link or told.execution}"


def _changes(told: Notification) -> Iterator[str]:
    if not told.changes:
        return
    match told.outcome:
        case Outcome.REMEDIATED:
            yield "Changed, and verified by a fresh read"
        case Outcome.AWAITING_APPROVAL if told.undo:
            yield "To be set back, if it is approved"
        case Outcome.AWAITING_APPROVAL:
            yield "To be changed, if it is approved"
        case Outcome.UNDONE:
            yield "Restored, and verified by a fresh read"
        case _ if told.verified:
            yield "Changed; a fresh read shows it, except where it says not verified"
        case _ if told.calls:
            yield "Changed, but not verified"
        case _:
            yield "To be changed; the reason above says what was"
    for each in told.changes:
        yield f"  {_found(each)}"
        yield f"    for {', '.join(each.policies)}"
        if each.setting in told.verified and told.verified[each.setting] != each.after:
            yield f"    a fresh read shows {_line(as_text(told.verified[each.setting]), 300)}"
        if told.outcome is Outcome.FAILED and told.verified and each.setting not in told.verified:
            yield "    not verified"


def _left_alone(told: Notification) -> Iterator[str]:
    asked = told.outcome is Outcome.AWAITING_APPROVAL
    left = ([] if asked else _broken(told)) + _held(told) + _excused(told)
    if left:
        yield "Not changed"
    for verdict in left:
        why = verdict.status if verdict in _excused(told) else f"mode {verdict.mode}"
        yield f"  {verdict.policy}, {why}" + (f": {_line(verdict.reason, 500)}" if verdict.reason else "")
        yield from (f"    {_found(finding)}" for finding in verdict.findings)


def _broken(told: Notification) -> list[Verdict]:
    """What a policy found and may not change."""
    changing = {policy for change in told.changes for policy in change.policies}
    return [
        v
        for v in told.verdicts
        if v.status is Status.BROKEN and v.mode is not Mode.AUTO and v.policy not in changing
    ]


def _undone(told: Notification) -> list[str]:
    """The policies that an undo breaks again."""
    return sorted({policy for change in told.changes for policy in change.policies})


def _held(told: Notification) -> list[Verdict]:
    """What a policy found and must not change unseen, whatever its mode."""
    return [v for v in told.verdicts if v.status is Status.HELD]


def _excused(told: Notification) -> list[Verdict]:
    """What a policy found and something keeps it from changing."""
    return [v for v in told.verdicts if v.status in (Status.EXEMPT, Status.HALTED, Status.MANAGED)]


def _found(finding: Finding) -> str:
    return f"{finding.setting}: {_line(as_change(finding.before, finding.after), 300)}"


def next_steps(told: Notification) -> Iterator[str]:
    """What the reader can do now."""
    if told.outcome is Outcome.FAILED:
        yield NEXT_STEPS.get(told.error or "", _OTHERWISE).format(**told.model_dump())
        if told.undo:
            yield f"Then undo it again: rightstate undo {_name(told.undo)} --deployed --reason TEXT"
        elif told.error not in _NOT_AGAIN:
            yield "Then start it again: New execution, on the execution's page, takes the same input."
    if told.outcome is Outcome.REMEDIATED:
        yield (
            "Nothing, about what was changed. If a change is unwanted, take it back; an exemption then keeps "
            "it from being made again:"
        )
        yield f"  rightstate undo {_name(told.execution)} --deployed --reason TEXT"
    if told.outcome is Outcome.UNDONE and not told.exempt_until:
        yield (
            f"Mend what made the change unwanted. {', '.join(_undone(told))} will ask for the change again; "
            "deny that, or `rightstate exempt add --deployed` the resource."
        )
    elif told.outcome is Outcome.UNDONE:
        yield (
            f"Until {told.exempt_until}, mend what made the change unwanted. From then on the policies put "
            "the resource right again; `rightstate exempt` makes it longer or shorter."
        )
    yield from _of_halts_and_limits(told)
    if told.undo and told.outcome in _ASKED_AGAIN:
        yield "Nothing, if it is to stay as it is: nothing was undone, and no exemption was written for it."
    elif told.outcome in _ASKED_AGAIN:
        yield (
            "Nothing, if it is to stay as it is. The next event or sweep looks at the resource again, and so "
            "does `rightstate start`."
        )
    if told.outcome is Outcome.AWAITING_APPROVAL:
        yield "Approve or deny it; whoever caused it cannot:"
        yield f"  rightstate approvals approve {told.approval} --deployed --reason ..."
        yield f"  rightstate approvals deny {told.approval} --deployed --reason ..."
    elif broken := _broken(told):
        target = f"--account {told.account} --region {told.region} --resource {_target(told)}"
        chosen = " ".join(f"--policy {verdict.policy}" for verdict in broken)
        yield "See what would be done about what was not changed, and then do it:"
        yield f"  rightstate plan {target} {chosen}"
        yield f"  rightstate remediate {target} {chosen}"
        yield (
            "To have it done from now on, raise the mode of the policies with `rightstate policies "
            "set-mode`; `rightstate policies show ID` says what a policy may break."
        )
    if _held(told):
        yield "What has a reason beside it is not changed in any mode: it needs a person's decision."
    if any(verdict.status is Status.MANAGED for verdict in told.verdicts):
        yield "Change what infrastructure as code manages in the code: anything else is set back by it."
    yield f"`rightstate history {_name(told.execution)} --deployed` shows each state of the execution."


def _of_halts_and_limits(told: Notification) -> Iterator[str]:
    if told.halted:
        yield (
            f"Find out now what sets the resource back: {', '.join(told.halted)} changed it so often that it "
            "is halted here. Then let it go on with `rightstate breaker release --deployed`. Until then the "
            "resource is "
            "looked at again after an hour, two hours, four and so on up to a day, and changed once each "
            "time. What lasts ends the halt, which is told."
        )
    if told.tried:
        yield (
            f"This was one more try: {', '.join(told.tried)} is still halted here. If the change lasts until "
            "the next look, the halt ends. `rightstate breaker list --deployed` says when that is."
        )
    if told.outcome is Outcome.LIMITED:
        yield (
            "Look what happens in the account: more is not told in this hour. `rightstate history --deployed "
            f"--account {told.account} --outcome limited` lists what was left. The hub's parameters "
            "ChangesPerHour and RequestsPerHour are the limits."
        )


def _name(execution: str) -> str:
    """The name of the execution with that ARN, as a shell takes it."""
    return shlex.quote(_line(execution.rpartition(":")[2], 80))


NEXT_STEPS = {
    "RoleNotAssumed": "`rightstate verify` says what the role in account {account} lacks: it must exist, "
    "trust the hub, and ask for the external id of the settings.",
    "WrongAccount": "The settings of account {account} name a role of another account. Correct them; "
    "`rightstate verify` checks them.",
    "UnknownAccount": "Register account {account} with `rightstate accounts add --deployed` or, if its "
    "events come here "
    "unasked, have them forwarded no more.",
    "SettingsUnreadable": "Correct the settings of account {account} where the reason says; until then "
    "nothing is done in that account. `rightstate verify` checks them.",
    "Denied": "Allow the call that the reason names. What can refuse it: the policy or permissions boundary "
    "of the role in account {account}, a policy of the organization, the resource's own policy, or that of "
    "its KMS key.",
    "InvalidInput": "Start it with another input; the reason says what was wrong with this one.",
    "NotReady": "The resource was busy for longer than is waited. Look what it is at, and let it end.",
    "Locked": "Another execution had the resource for longer than is waited; the ledger says which. Look "
    "what it is at.",
    "ChangedSincePlan": "Make a new plan, or have the change approved anew.",
    "Interrupted": "The reason says what was made and what was not. Start the resource again for the rest, "
    "or set it by hand.",
    "AlreadyAsked": "Answer the approval that is asked for: `rightstate approvals list --deployed`.",
    "NotVerified": "Look whether something else sets it back, e.g. infrastructure as code, and have that "
    "want the same.",
    "PlanConflict": "Switch one of the policies that the reason names off with `rightstate policies "
    "set-mode`, or change its parameters.",
    "CallFailed": "The reason has the code of AWS's refusal. Remove what stands in the way.",
    "Throttled": "AWS asked for fewer calls, for longer than is waited. Look what else calls it so often.",
    "Unavailable": "AWS did not answer, for longer than is waited. Look at the AWS Health Dashboard.",
    "Defect": "Rightstate is at fault. Please report it, with the reason above.",
}
"""Error -> what mends it."""

_OTHERWISE = "The execution's history has the state that failed, and why."
_NOT_AGAIN = ("InvalidInput", "Defect")
_ASKED_AGAIN = (Outcome.DENIED, Outcome.CHANGED_SINCE_PLAN, Outcome.OFF)


def _target(told: Notification) -> str:
    """The resource for `--resource`."""
    if told.arn:
        return shlex.quote(_line(told.arn, 2048))
    return f"{shlex.quote(_line(told.resource, 2048))} --type {told.resource_type}"


def _line(text: str, longest: int) -> str:
    """Foreign text that stays on its line and is no longer than that."""
    safe = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: longest + 1])
    return _cut("".join(safe), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
