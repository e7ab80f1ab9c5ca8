"""What EventBridge's rules start executions with, and what becomes of it.

EventBridge does not escape the values that it puts into an input (EventBridge User Guide, "Amazon EventBridge
input transformation", Common issues). So the rules pass on whole objects of the event, and this module picks
out the few values that are needed. It refuses every field that a rule does not set, so that nothing a caller
writes can become part of the input.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.event_rule import Subject
from rightstate.executions.step import parse
from rightstate.frozen import Frozen
from rightstate.identify import shown
from rightstate.models.backfill import BackfillInput
from rightstate.models.names import ACCOUNT, REGION
from rightstate.models.start import Event, StartInput
from rightstate.resource_type import ResourceType

_LONGEST = 2048
# ARNs and unique ids are of visible ASCII (IAM API reference: a path takes \u0021 to \u007E).
_VISIBLE = r"[\x21-\x7e]{1,%d}"
# An address, the DNS name of a service, or `AWS Internal` (CloudTrail User Guide, "CloudTrail record
# contents").
_SOURCE = r"[A-Za-z0-9.:_/ -]{1,256}"


class _Heading(Frozen):
    """The event as the envelope and the rule's pattern know it."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str = Field(pattern=r"^[A-Za-z0-9]{1,128}$")
    time: str = Field(max_length=64)


class _FromRule(Frozen):
    """What a rule hands to a remediation. A list is empty where the event lacks the value."""

    source: list[Any] = Field(max_length=1)
    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    event: _Heading
    who: list[Any] = Field(max_length=1)
    about: list[Any] = Field(max_length=1)


class _FromSecurityHub(Frozen):
    security_hub: list[Any] = Field(max_length=1)


class _FromConfig(Frozen):
    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    config: list[Any] = Field(max_length=1)


class _Picked(BaseModel):
    """A part of an object that AWS makes; it holds much more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Named(_Picked):
    id: str = Field(alias="Id", min_length=1, max_length=_LONGEST)


class _SecurityHubFinding(_Picked):
    """AWS Security Hub User Guide, "AWS Security Finding Format"."""

    id: str = Field(alias="Id", default="")
    account: str = Field(alias="AwsAccountId", pattern=ACCOUNT)
    region: str = Field(alias="Region", pattern=REGION, max_length=32)
    resources: tuple[_Named, ...] = Field(alias="Resources", min_length=1)


class _ConfigFinding(_Picked):
    """`evaluationResultQualifier` (AWS Config API reference, EvaluationResultQualifier)."""

    rule: str = Field(alias="configRuleName", default="")
    type: str = Field(alias="resourceType", min_length=1, max_length=128)
    resource: str = Field(alias="resourceId", min_length=1, max_length=_LONGEST)


@dataclass(frozen=True)
class Trigger:
    """An understood input. `caused_by` is the ARN of the role whose session made the call of the event, empty
    where there is none."""

    start: StartInput
    caused_by: str = ""


def is_of_rule(given: Mapping[str, Any]) -> bool:
    """Whether a rule has made the input. No input that is made by hand has one of these fields."""
    return "who" in given or "about" in given


def understood(resource_type: ResourceType, given: Mapping[str, Any]) -> Trigger:
    """The input of a remediation, from a rule or from a person.

    Raises InvalidInput, and UnexpectedEvent where an event does not hold what its rule expects.
    """
    if not is_of_rule(given):
        return Trigger(parse(StartInput, given))
    of_rule = _of_rule(given)
    subject = resource_type.events.get(of_rule.event.name)
    if subject is None:
        raise UnexpectedEvent(
            f"No event named {of_rule.event.name} starts the remediation of type {resource_type.name}. "
            "Nothing was changed."
        )
    start = {
        "account": of_rule.account,
        "region": of_rule.region,
        "event": _event(of_rule),
        subject.kind: _named(subject, of_rule),
    }
    try:
        return Trigger(parse(StartInput, start), _issuer(of_rule))
    except InvalidInput:
        raise UnexpectedEvent(
            f"What {of_rule.event.name} says at {subject.places} cannot be the name of a "
            "resource. Nothing was changed."
        ) from None


def event_of(given: Mapping[str, Any]) -> Event | None:
    """The event of an input that a rule has made, as far as it is understood."""
    try:
        return _event(_of_rule(given))
    except UnexpectedEvent:
        return None


def _of_rule(given: Mapping[str, Any]) -> _FromRule:
    try:
        return parse(_FromRule, given)
    except InvalidInput as error:
        raise UnexpectedEvent(f"{error} A rule starts no execution with such an input.") from None


def _event(of_rule: _FromRule) -> Event:
    """Values that cannot be what they should be are left out, never cut."""
    who = _first(of_rule.who)
    return Event(
        id=of_rule.event.id,
        name=of_rule.event.name,
        time=of_rule.event.time,
        principal=_text(who.get("arn"), _VISIBLE % _LONGEST),
        principal_id=_text(who.get("principalId"), _VISIBLE % 256),
        source=_text(of_rule.source[0] if of_rule.source else None, _SOURCE),
    )


def _issuer(of_rule: _FromRule) -> str:
    context = _object(_first(of_rule.who).get("sessionContext"))
    return _text(_object(context.get("sessionIssuer")).get("arn"), _VISIBLE % _LONGEST)


def _named(subject: Subject, of_rule: _FromRule) -> Any:
    """What the event names. Raises UnexpectedEvent, which says which path leads nowhere."""
    if not subject.paths:
        return of_rule.account if subject.kind == "resource" else "account"
    for path in subject.paths:
        found = of_rule.about[0] if of_rule.about else None
        if not subject.by_aws:
            found = _object(found).get(path.rpartition(".")[2])
        if found and isinstance(found, list if subject.kind == "resources" else str):
            if isinstance(found, list):
                return found
            with suppress(KeyError):
                return subject.identifier(found, _object(of_rule.about[0]))
    raise UnexpectedEvent(
        f"The event {of_rule.event.name} names nothing at {subject.places}, where its rule "
        "expects a name. Nothing was changed. docs/testing.md says which shapes of events are confirmed; "
        "please report this one."
    )


def backfill_input(given: Mapping[str, Any]) -> BackfillInput:
    """The input of a backfill, from a rule or from a person: of a finding, the one resource that it names.

    Raises InvalidInput, and UnexpectedEvent where a finding does not hold what its rule expects.
    """
    try:
        if "security_hub" in given:
            return _of_security_hub(parse(_FromSecurityHub, given))
        if "config" in given:
            return _of_config(parse(_FromConfig, given))
    except InvalidInput as error:
        raise UnexpectedEvent(f"The finding is not as its rule expects it. {error}") from None
    return parse(BackfillInput, given)


def _of_security_hub(given: _FromSecurityHub) -> BackfillInput:
    finding = parse(_SecurityHubFinding, _first(given.security_hub))
    return _about(
        {"account": finding.account, "region": finding.region, "resource": finding.resources[0].id},
        f"Security Hub finding {finding.id}",
    )


def _of_config(given: _FromConfig) -> BackfillInput:
    finding = parse(_ConfigFinding, _first(given.config))
    return _about(
        {
            "account": given.account,
            "region": given.region,
            "resource": finding.resource,
            "config_type": finding.type,
        },
        f"AWS Config rule {finding.rule}",
    )


def _about(named: Mapping[str, str], found_by: str) -> BackfillInput:
    fits = len(found_by) <= 1024 and found_by.isprintable()
    reason = found_by if fits else f"a finding with an unusual name, {shown(found_by)}"
    return parse(BackfillInput, {"resources": [named], "reason": reason})


def _first(found: list[Any]) -> Mapping[str, Any]:
    return _object(found[0] if found else None)


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: Any, pattern: str) -> str:
    return found if isinstance(found, str) and re.fullmatch(pattern, found) else ""
