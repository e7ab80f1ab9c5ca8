"""The notification about an execution: an event for other systems, and a message for people.

Pure: `record` sends both. Names and reasons are foreign text. In the message each stays on its line. The
event is data: its reader escapes it.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.in_code import IF_MANAGED, MANAGED
from rightstate.models.decision import Outcome, Status
from rightstate.policy import Mode
from rightstate.wants import Value, as_change, as_text

SOURCE = "rightstate"
DETAIL_TYPE = "Rightstate Remediation"

TOLD = (Outcome.REMEDIATED, Outcome.REPORTED, Outcome.FAILED, Outcome.UNDONE)
"""These outcomes always send a notification. The others are only in the ledger and the metrics. An approval
request sends one when it is made; later executions that find it waiting send none."""
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
"""How an execution that asked for an approval may end without the change. Its approver counts on the change,
so these outcomes send a notification too."""
Told = Literal[
    Outcome.REMEDIATED,
    Outcome.REPORTED,
    Outcome.AWAITING_APPROVAL,
    Outcome.FAILED,
    Outcome.UNDONE,
    _Unmade,
]

# SNS takes 256 KiB with the attributes; PutEvents had the same limit for a whole entry before 2026. The rest
# is for what goes around the text.
_LARGEST = 250_000
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}

# --- The event ---


class _Part(BaseModel):
    """Separate from the states' models: these can change while the published format stays."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Cause(_Part):
    """The API call that started the execution."""

    principal: str | None = Field(
        description="ARN of the caller. Null if CloudTrail names none, as for AWS services."
    )
    event_name: str = Field(description="The API call.")
    event_id: str = Field(description="The id of the EventBridge event about it.")
    time: str = Field(description="When the call was made.")


class Deviation(_Part):
    """A setting that a policy wants to be different."""

    setting: str = Field(description="Its name.")
    before: Value = Field(description="The value that was read.")
    after: Value = Field(description="The value to write.")


F = TypeVar("F", bound=Deviation)


class Change(Deviation):
    """A setting to write."""

    policies: tuple[str, ...] = Field(description="The policies that asked for it.")


class Verdict(_Part):
    """What a policy found about the resource."""

    policy: str = Field(description="Its id.")
    mode: Mode = Field(description="What it may do in this execution.")
    status: Status = Field(description="What it found.")
    reason: str = Field(description="If it does nothing: why.")
    findings: tuple[Deviation, ...] = Field(description="The settings that it wants to be different.")


class Notification(_Part):
    """The detail of an event `Rightstate Remediation`.

    Within a version fields may be added. No field is renamed, removed or given another meaning.
    """

    version: Literal["1"] = Field(default="1", description="The version of this format.")
    outcome: Told = Field(description="How the execution ended.")
    error: str | None = Field(description="If it failed: the name of the error.")
    reason: str = Field(
        description="The outcome in words. If it failed: what happened, and what was changed."
    )
    account: str = Field(description="The resource's account; `?` if the input named none.")
    region: str = Field(description="The resource's region; `?` if the input named none.")
    resource_type: str = Field(description="E.g. `s3-bucket`.")
    resource: str = Field(
        description="The resource's identifier. If the input was refused: what it named, in quotes, or `*`."
    )
    arn: str | None = Field(description="The resource's ARN, if the identifier determines it.")
    why: str = Field(description="The reason given when the execution was started, if any.")
    cause: Cause | None = Field(description="The API call that started it; null if it was started by hand.")
    changes: tuple[Change, ...] = Field(
        description="What was changed. If it failed: what was planned; `reason` says what was done."
    )
    verdicts: tuple[Verdict, ...] = Field(description="What each policy found.")
    calls: tuple[str, ...] = Field(description="The API calls, if all of them were made.")
    verified: Mapping[str, Value] = Field(description="The changed settings, as read again.")
    execution: str = Field(description="The execution's ARN.")
    link: str | None = Field(description="The execution in the Step Functions console.")
    started: str = Field(description="When the execution started.")
    ended: str = Field(description="When this notification was sent, the last step of an execution.")
    halted: tuple[str, ...] = Field(
        default=(),
        description="The policies that do not change this resource until they are released, because their "
        "changes did not last.",
    )
    tried: tuple[str, ...] = Field(
        default=(), description="The halted policies that tried once more. They stay halted."
    )
    resumed: tuple[str, ...] = Field(
        default=(),
        description="The policies whose halt has ended: a later check found the resource compliant.",
    )
    approval: str | None = Field(
        default=None, description="If it waits for an approval: the request's id, for `rightstate approvals`."
    )
    undo: str | None = Field(
        default=None, description="For an undo: the ARN of the execution whose changes were taken back."
    )
    requester: str | None = Field(
        default=None, description="For an undo: the aws:userid of the person who started it, as given."
    )
    approver: str | None = Field(
        default=None, description="For an undo: who approved it or, if it needed no approval, its exemption."
    )
    exempt_until: str | None = Field(
        default=None,
        description="For an undo: the time until which policies leave the resource as it is. Null if it "
        "needed no exemption, because the policies only ask.",
    )
    shortened: bool = Field(
        default=False,
        description="True if the event was too large: values and reasons are then shortened texts. The "
        "ledger has them in full.",
    )


def notification(
    entry: Mapping[str, Any], resource_type: str, started: datetime, ended: datetime
) -> Notification:
    """The notification about an execution that ended with this entry of the ledger."""
    account, region, _, resource = entry["resource"].split("/", 3)
    event, approval = entry["event"], entry.get("approval")
    return Notification.model_validate(
        {
            **entry,
            "version": "1",  # of the format; the entry's own version is Rightstate's
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
    """The event's detail, never too large for EventBridge."""
    whole = _json(told)
    return whole if len(whole.encode()) <= _LARGEST else _json(_shortened(told))


def _json(told: Notification) -> str:
    # Half of a surrogate pair is valid JSON, but not valid UTF-8.
    text = json.dumps(told.model_dump(mode="json"), ensure_ascii=False)
    return text.encode(errors="replace").decode()


def _shortened(told: Notification) -> Notification:
    """The same without long texts. Lists are short: a resource type has a fixed number of settings and
    policies."""

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
    """One line of printable ASCII, under 100 characters (SNS API reference, Publish)."""
    what = "URGENT: Rightstate halted" if told.halted else f"Rightstate {told.outcome}"
    if told.resumed and told.outcome not in TOLD:
        what = "Rightstate resumes"
    text = f"{what} {told.resource_type} {_line(told.resource, 2048)} in {told.account}"
    return _cut(text.encode("ascii", "replace").decode(), 99)


def as_message(told: Notification) -> str:
    """The notification as plain text, never too large for SNS."""
    text = "\n\n".join("\n".join(section) for section in _sections(told) if section)
    return text.encode(errors="replace")[:_LARGEST].decode(errors="ignore") + "\n"


def _sections(told: Notification) -> Iterator[list[str]]:
    yield list(_heading(told))
    yield list(_facts(told))
    yield list(_changes(told))
    yield list(_left_alone(told))
    yield list(_in_code(told))
    yield ["What to do", *(f"  {step}" for step in next_steps(told))]


def _heading(told: Notification) -> Iterator[str]:
    named = f"{told.resource_type} {_line(told.resource, 2048)}"
    if told.halted:
        yield f"URGENT: Rightstate stops changing {named}. Something sets it back, and it may be broken now."
        yield f"Halted: {', '.join(told.halted)}"
    if told.resumed:
        yield f"Rightstate checked {named} again. No longer halted: {', '.join(told.resumed)}."
    match told.outcome:
        case Outcome.REMEDIATED:
            yield f"Rightstate fixed {named}."
        case Outcome.AWAITING_APPROVAL:
            yield _question(told, named)
        case Outcome.UNDONE:
            yield f"Rightstate took its changes to {named} back."
        case _ if told.undo:
            yield f"Rightstate did not take its changes to {named} back: {told.error or told.outcome}."
        case Outcome.REPORTED:
            yield f"Rightstate found that {named} breaks a policy, and did not change it."
        case Outcome.FAILED:
            yield f"Rightstate could not fix {named}: {told.error}."
        case Outcome.LIMITED:
            yield f"Rightstate did not change {named} and others: account {told.account} is at a limit."
        case _ if told.halted or told.resumed:
            yield f"Rightstate did not change {named}: {told.outcome}."
        case _:
            yield f"Rightstate asked to change {named}, and did not change it: {told.outcome}."
    if told.reason and told.outcome is not Outcome.REMEDIATED:
        yield _line(told.reason, 2000)


def _question(told: Notification, named: str) -> str:
    """The question. An undo must not look like a remediation."""
    if not told.undo:
        return f"Rightstate asks for your approval to fix {named}."
    return (
        f"Rightstate asks for your approval to UNDO its changes to {named}. That makes it less secure: it "
        f"will break {', '.join(_undone(told))} again."
    )


def _facts(told: Notification) -> Iterator[str]:
    if told.arn:
        yield f"Resource:   {_line(told.arn, 2048)}"
    yield f"Account:    {told.account}, region {told.region}"
    if told.cause is None:
        yield "Caused by:  no API call; it was started by hand"
    else:
        principal = told.cause.principal or "a caller without an ARN in CloudTrail"
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
            yield "Will be set back if approved"
        case Outcome.AWAITING_APPROVAL:
            yield "Will be changed if approved"
        case Outcome.UNDONE:
            yield "Restored, and verified by a fresh read"
        case _ if told.verified:
            yield "Changed, and verified by a fresh read unless marked not verified"
        case _ if told.calls:
            yield "Changed, but not verified"
        case _:
            yield "Planned changes; the reason above says which were made"
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


def _in_code(told: Notification) -> Iterator[str]:
    """What to change in infrastructure as code. Whether that manages the resource is known only if
    the account's settings handle such resources apart: nothing else depends on the resource's tags."""
    wanted: dict[str, Value] = {each.setting: each.after for each in told.changes}
    for verdict in (*_broken(told), *_held(told), *_excused(told)):
        wanted.update({each.setting: each.after for each in verdict.findings if each.setting not in wanted})
    if told.undo or not wanted:
        return
    managed = any(verdict.status is Status.MANAGED for verdict in told.verdicts)
    yield MANAGED if managed else IF_MANAGED
    places = load(told.resource_type).in_code
    # An older version may have written the entry, with settings that are not known any more.
    known = ((places[setting], after) for setting, after in wanted.items() if setting in places)
    lines = (line for place, after in known for line in place.lines(after))
    yield from (f"  {_line(line, 400)}" for line in dict.fromkeys(lines))


def _broken(told: Notification) -> list[Verdict]:
    """What a policy found, and its mode does not let it change."""
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
    """What a policy found, and no mode lets it change without a person."""
    return [v for v in told.verdicts if v.status is Status.HELD]


def _excused(told: Notification) -> list[Verdict]:
    """What a policy found, and an exemption, a halt or infrastructure as code keeps it from changing."""
    return [v for v in told.verdicts if v.status in (Status.EXEMPT, Status.HALTED, Status.MANAGED)]


def _found(finding: Deviation) -> str:
    return f"{finding.setting}: {_line(as_change(finding.before, finding.after), 300)}"


def next_steps(told: Notification) -> Iterator[str]:
    """What the reader can do now."""
    if told.outcome is Outcome.FAILED:
        yield NEXT_STEPS.get(told.error or "", _OTHERWISE).format(**told.model_dump())
        if told.undo:
            yield f"Then run the undo again: rightstate undo {_name(told.undo)} --deployed --reason TEXT"
        elif told.error not in _NOT_AGAIN:
            yield "Then start it again: `New execution` on the execution's page takes the same input."
    if told.outcome is Outcome.REMEDIATED:
        yield (
            "Nothing, if you want the changes. To take them back, and to exempt the resource so that they "
            "are not made again:"
        )
        yield f"  rightstate undo {_name(told.execution)} --deployed --reason TEXT"
    if told.outcome is Outcome.UNDONE and not told.exempt_until:
        yield (
            f"Fix what made the change unwanted. {', '.join(_undone(told))} will ask for the change again. "
            "Deny it, or exempt the resource with `rightstate exempt add --deployed`."
        )
    elif told.outcome is Outcome.UNDONE:
        yield (
            f"Fix what made the change unwanted before {told.exempt_until}. After that, the policies fix the "
            "resource again. `rightstate exempt` makes the exemption longer or shorter."
        )
    yield from _of_halts_and_limits(told)
    if told.undo and told.outcome in _ASKED_AGAIN:
        yield "Nothing, if the resource may stay as it is. Nothing was undone, and no exemption was written."
    elif told.outcome in _ASKED_AGAIN:
        yield (
            "Nothing, if the resource may stay as it is. The next event or sweep checks the resource again, "
            "and so does `rightstate start`."
        )
    if told.outcome is Outcome.AWAITING_APPROVAL:
        yield "Approve or deny it. The person who caused it cannot:"
        yield f"  rightstate approvals approve {told.approval} --deployed --reason ..."
        yield f"  rightstate approvals deny {told.approval} --deployed --reason ..."
    elif broken := _broken(told):
        target = f"--account {told.account} --region {told.region} --resource {_target(told)}"
        chosen = " ".join(f"--policy {verdict.policy}" for verdict in broken)
        yield "Look at the missing changes, then make them:"
        yield f"  rightstate plan {target} {chosen}"
        yield f"  rightstate remediate {target} {chosen}"
        yield (
            "To make such changes automatically, set the policies' mode with `rightstate policies set-mode`. "
            "`rightstate policies show ID` says what a policy may break."
        )
    if _held(told):
        yield "Policies with a reason next to them change nothing in any mode: they need a person's decision."
    if any(verdict.status is Status.MANAGED for verdict in told.verdicts):
        yield "Change the code as said above. It sets back any other change."
    yield f"`rightstate history {_name(told.execution)} --deployed` shows each state of the execution."


def _of_halts_and_limits(told: Notification) -> Iterator[str]:
    if told.halted:
        yield (
            f"Find out now what sets the resource back. {', '.join(told.halted)} changed it so often that "
            "Rightstate halted it here. Then resume with `rightstate breaker release --deployed`. Until then "
            "Rightstate checks the resource after an hour, two hours, four and so on up to a day, and "
            "changes it once each time. If a change lasts, the halt ends and you get a message."
        )
    if told.tried:
        yield (
            f"This was one more try: {', '.join(told.tried)} is still halted here. If the change lasts until "
            "the next check, the halt ends. `rightstate breaker list --deployed` says when that is."
        )
    if told.outcome is Outcome.LIMITED:
        yield (
            "Find out what happens in the account. You get no more such messages in this hour. `rightstate "
            f"history --deployed --account {told.account} --outcome limited` lists the resources that were "
            "not changed. The hub's parameters ChangesPerHour and RequestsPerHour are the limits."
        )


def _name(execution: str) -> str:
    """The name of the execution with that ARN, as a shell takes it."""
    return shlex.quote(_line(execution.rpartition(":")[2], 80))


NEXT_STEPS = {
    "RoleNotAssumed": "`rightstate verify` says what is wrong with the role in account {account}. It must "
    "exist, trust the hub, and require the external id of the settings.",
    "WrongAccount": "The settings of account {account} name a role of another account. Correct them. "
    "`rightstate verify` checks them.",
    "UnknownAccount": "Register account {account} with `rightstate accounts add --deployed`. Or, if you do "
    "not want its events, stop forwarding them.",
    "SettingsUnreadable": "Correct the settings of account {account} as the reason says. Until then "
    "Rightstate does nothing in that account. `rightstate verify` checks them.",
    "Denied": "Allow the call that the reason names. These can deny it: the policy or permissions boundary "
    "of the role in account {account}, a policy of the organization, the resource's own policy, or the "
    "policy of its KMS key.",
    "InvalidInput": "Start it with another input. The reason says what is wrong with this one.",
    "NotReady": "The resource was busy for longer than Rightstate waits. Find out what it is doing, and let "
    "that finish.",
    "Locked": "Another execution held the resource for longer than Rightstate waits. The ledger says which. "
    "Find out what it is doing.",
    "ChangedSincePlan": "Make a new plan, or get the change approved again.",
    "Interrupted": "The reason says which changes were made and which were not. Start it again for the rest, "
    "or make them by hand.",
    "AlreadyAsked": "Answer the approval request that is open: `rightstate approvals list --deployed`.",
    "NotVerified": "Find out whether something else sets it back, e.g. infrastructure as code, and change "
    "that.",
    "PlanConflict": "Disable one of the policies that the reason names with `rightstate policies disable`, "
    "or change its parameters.",
    "CallFailed": "The reason has AWS's error code. Remove its cause.",
    "Throttled": "AWS throttled the calls for longer than Rightstate waits. Find out what else calls it so "
    "often.",
    "Unavailable": "AWS did not answer for longer than Rightstate waits. Look at the AWS Health Dashboard.",
    "Defect": "This is an error in Rightstate. Please report it, with the reason above.",
}
"""Error -> how to fix it."""

_OTHERWISE = "The execution's history has the state that failed, and why."
_NOT_AGAIN = ("InvalidInput", "Defect")
_ASKED_AGAIN = (Outcome.DENIED, Outcome.CHANGED_SINCE_PLAN, Outcome.OFF)


def _target(told: Notification) -> str:
    """The resource for `--resource`."""
    if told.arn:
        return shlex.quote(_line(told.arn, 2048))
    return f"{shlex.quote(_line(told.resource, 2048))} --type {told.resource_type}"


def _line(text: str, longest: int) -> str:
    """Foreign text on one line, no longer than that."""
    safe = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: longest + 1])
    return _cut("".join(safe), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
