"""Reminders, once a day: of what is halted, and of exemptions that are about to end or have just ended."""

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from rightstate import storage
from rightstate.accounts import exemptions, settings
from rightstate.aws.errors import named_errors
from rightstate.errors import SettingsUnreadable
from rightstate.frozen import Frozen
from rightstate.guarding import guards
from rightstate.guarding.guards import Halt
from rightstate.identify import shown
from rightstate.models.settings import Account, Exemption
from rightstate.models.tasks import StateTask
from rightstate.notifying import channels
from rightstate.notifying.channels import Message

_TO_COME = "does not count before it was created"
_TOO_LONG = "counts no more: it was written for longer than ExemptionDays allows"
# Nothing has to be remembered: each is reminded of on these days, counted to its last one. It counts to that
# day's end, so that it has ended on the day after.
_DAYS_LEFT = {7: "ends in 7 days", 1: "ends tomorrow", -1: "has ended"}
_LISTED = 100
# SNS takes 256 KiB (API reference, Publish).
_LARGEST = 250_000


class Reminded(Frozen):
    """How many exemptions, unreadable accounts and halts the message names."""

    told: int
    halts: int


def remind(task: StateTask) -> Reminded:
    """Publish a message about halted resources and about exemptions that end or do not count, if there are
    any.

    Accounts whose settings cannot be read get a message too, every day: nothing is done there. Raises
    Denied, Throttled, Unavailable, CallFailed.
    """
    halted = [_halted(resource, halt) for resource, halt in guards.halts()]
    if halted:
        _publish(
            f"URGENT: Rightstate leaves {len(halted)} halted", _message(_HALTED, halted, _ALL_HALTS), "high"
        )
    today = datetime.fromisoformat(task.execution.started).date()
    told = [entry for account, item in _items() for entry in _entries(account, item, today)]
    if told:
        _publish(_subject(len(told)), _message(_ENDING, told, _ALL_EXEMPTIONS), "normal")
    return Reminded(told=len(told), halts=len(halted))


def _publish(subject: str, text: str, urgency: str) -> None:
    channels.publish(Message(subject, text, {"urgency": urgency}))


def _halted(resource: str, halt: Halt) -> str:
    account, region, resource_type, identifier = resource.split("/", 3)
    looks = f"looked at {halt.tries} times since" if halt.tries else "not looked at since"
    return "\n".join(
        (
            f"{resource_type} {shown(identifier)}: {halt.policy}",
            f"  Account: {account}, region {region}",
            f"  Halted: since {halt.since}, after {halt.applies} changes; {looks}",
            f"  Looked at again: {halt.look_again or 'within the hour'}",
            f"  Let it go on: {_printable(shlex.join(['rightstate', 'breaker', 'release', resource]))}",
        )
    )


def due(exemption: Exemption, today: date) -> str:
    """Why the exemption is in the message of that day. Empty if it is not.

    An exemption in the settings that does not count is in the message every day: somebody relies on it.
    """
    last = datetime.fromisoformat(exemption.until).date()
    if exemption.settings_until and last < today <= datetime.fromisoformat(exemption.settings_until).date():
        return _TOO_LONG
    if today < datetime.fromisoformat(exemption.created).date():
        return _TO_COME
    return _DAYS_LEFT.get((last - today).days, "")


def _items() -> Iterator[tuple[str, Mapping[str, Any]]]:
    with named_errors():
        for item in storage.settings().scan():
            yield item["account"], item


def _entries(account: str, item: Mapping[str, Any], today: date) -> Iterator[str]:
    try:
        found = settings.parsed(account, item)
    except SettingsUnreadable as error:
        yield f"{error} It stays so until they are corrected: rightstate verify --check V15"
        return
    for each in exemptions.limited(found, int(os.environ["EXEMPTION_DAYS"])).exemptions:
        if why := due(each, today):
            yield _entry(found, each, why)


def _entry(account: Account, exemption: Exemption, why: str) -> str:
    what = exemption.resource or (f"tag {exemption.tag}" if exemption.tag else "the whole account")
    own = ["--account", account.account]
    selector = [
        *(["--resource", exemption.resource] if exemption.resource else []),
        *(["--tag", exemption.tag] if exemption.tag else []),
        *(part for policy in exemption.policies for part in ("--policy", policy)),
    ]
    renew = shlex.join(["rightstate", "exempt", "add", *own, *selector, "--days", "30", "--deployed"])
    return "\n".join(
        (
            f"{exemption.id} {why}, until {exemption.until}",
            f"  Account: {account.account}{f' {shown(account.name)}' if account.name else ''}",
            f"  Exempt: {shown(what)} from {', '.join(exemption.policies) or 'all policies'}",
            f"  Approved by: {shown(exemption.approver)}, because: {shown(exemption.reason)}",
            f"  Renew: {_printable(renew)} --reason REASON --approver APPROVER",
            f"  Remove: rightstate exempt remove {exemption.id} --account {account.account} --deployed",
        )
    )


def _printable(text: str) -> str:
    """On its line: what is in the settings may have been written by hand."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _subject(count: int) -> str:
    return f"Rightstate: {count} exemption{'s' if count > 1 else ''} or settings to look at"


_ENDING = (
    "These exemptions end soon, have just ended, or do not count. Once one has ended, the next event or "
    "sweep fixes what is broken."
)
_ALL_EXEMPTIONS = "rightstate exempt list --all --deployed"
_HALTED = (
    "Something sets these resources back, so that Rightstate has stopped changing them. They may be broken. "
    "Find out what sets them back, then let Rightstate go on."
)
_ALL_HALTS = "rightstate breaker list --deployed"


def _message(first: str, told: list[str], all_of_them: str) -> str:
    left = len(told) - _LISTED
    more = [f"And {left} more: {all_of_them}"] if left > 0 else []
    text = "\n\n".join([first, *told[:_LISTED], *more])
    return text.encode(errors="replace")[:_LARGEST].decode(errors="ignore") + "\n"
