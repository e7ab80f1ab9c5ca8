"""Observed settings and enabled policies -> changes. Pure: no AWS, no clock, no state."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from rightstate.errors import PlanConflict
from rightstate.models.decision import Decision, Deviation, Excuse, Outcome, Status, Verdict
from rightstate.models.settings import Enabled
from rightstate.policy import Mode, Policy
from rightstate.resource_type import Change, Observed, Resource, ResourceType
from rightstate.wants import Includes, Value, Want

Policies = Mapping[str, Enabled]
"""Policy id -> its mode and parameters, as enabled for the account."""


def settings_to_read(resource_type: ResourceType, enabled: Policies) -> frozenset[str]:
    """The settings that a decision about the enabled policies depends on, and no others."""
    read = set(resource_type.facts)
    for policy, configured in _enabled(resource_type, enabled):
        read |= set(policy.wants)
        read |= {name for setting in policy.wants for name in resource_type.beside.get(setting, ())}
        read |= {
            want.offered
            for want in policy.wants.values()
            # A policy's own default is always offered.
            if isinstance(want, Includes) and want.offered and want.items_from in configured.parameters
        }
        for name in _cases(policy):
            case = resource_type.cases[name]
            if case.switch is None or policy.values(configured.parameters)[case.switch]:
                read |= set(case.reads)
    return frozenset(read)


def may_change(enabled: Policies) -> bool:
    """Whether any policy may write, be it once that is approved."""
    return any(configured.mode in (Mode.AUTO, Mode.APPROVE) for configured in enabled.values())


def decide(
    resource_type: ResourceType,
    resource: Resource,
    enabled: Policies,
    observed: Observed,
    excuses: Mapping[str, Excuse] = MappingProxyType({}),
) -> Decision:
    """What to do about the resource.

    Each policy in `auto` that it breaks becomes changes, one for each setting. All wants of the applicable
    policies on a setting meet in its change. Excused policies change nothing. Raises PlanConflict where wants
    contradict each other. `{account}` and `{region}` in a parameter are those of the resource.
    """
    enabled = {name: _in_place(configured, resource) for name, configured in enabled.items()}
    judged = list(_judgements(resource_type, enabled, observed, excuses, frozenset()))
    if written := {f.setting for v, _ in judged if _to_mend(v) for f in v.findings}:
        judged = list(_judgements(resource_type, enabled, observed, excuses, frozenset(written)))
    verdicts = [verdict for verdict, _ in judged]
    wants: dict[str, list[tuple[str, Want]]] = {}
    for verdict, wanted in judged:
        if verdict.mode is Mode.AUTO:
            for setting, want in wanted.items():
                wants.setdefault(setting, []).append((verdict.policy, want))
    changes = tuple(
        _change(resource_type, setting, observed, asked)
        for setting, asked in wants.items()
        if any(not want.holds(observed.get(setting)) for _, want in asked)
    )
    outcome, reason, rule = _outcome(verdicts, changes)
    if not verdicts:
        reason = resource_type.out_of_scope(observed)
    return Decision(
        apply=bool(changes),
        outcome=outcome,
        reason=reason,
        rule=rule,
        verdicts=tuple(verdicts),
        changes=changes,
        calls=tuple(resource_type.calls(resource, changes, observed)) if changes else (),
    )


def digest(resource_type: ResourceType, observed: Observed) -> str:
    """SHA-256, in hexadecimal, of what was read. It does not reveal what was read.

    Settings that pass are left out: what is decided from them is in the decision.
    """
    settings = resource_type.settings
    return _sha256({k: value for k, value in observed.items() if k not in settings or not settings[k].passes})


def fingerprint(state: str, shown: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of everything that an approver sees of a decision.

    `state` is the digest of what was read, `shown` has the `verdicts`, `changes` and `calls` of the decision,
    or of a plan file's item, in JSON's types. It changes with what was read, with each verdict, each value to
    be written and each call.
    """
    return _sha256(
        [
            state,
            sorted([each["policy"], each["status"], each["findings"]] for each in shown["verdicts"]),
            [[each[key] for key in ("setting", "before", "after", "policies")] for each in shown["changes"]],
            shown["calls"],
        ]
    )


def fingerprint_of(resource_type: ResourceType, observed: Observed, decision: Decision) -> str:
    """The fingerprint of a decision on what was read."""
    return fingerprint(digest(resource_type, observed), decision.model_dump(mode="json"))


def _sha256(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=list, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def decide_as_approved(
    resource_type: ResourceType,
    resource: Resource,
    enabled: Policies,
    observed: Observed,
    approved: str,
    excuses: Mapping[str, Excuse] = MappingProxyType({}),
) -> Decision:
    """The decision if its fingerprint is the approved one. Otherwise the resource is left alone.

    A plan shows what would be changed if every policy could change it. Where the modes allow all of that, it
    is done. Where they allow nothing, the reason says so. Where they allow only a part, nothing is done,
    because nobody has approved that part alone. If a policy has been excused since, the decision is a
    different one.
    """
    decision = decide(resource_type, resource, enabled, observed, excuses)
    if fingerprint_of(resource_type, observed, decision) == approved:
        return decision
    planned = decide(resource_type, resource, in_auto(enabled), observed, excuses)
    as_planned = fingerprint_of(resource_type, observed, planned) == approved
    if as_planned and not decision.changes:
        return decision
    halted = [verdict.policy for verdict in decision.verdicts if verdict.status is Status.HALTED]
    if as_planned:
        lower = [
            f"{verdict.policy} ({verdict.mode})"
            for verdict in decision.verdicts
            if verdict.findings and verdict.mode is not Mode.AUTO
        ]
        next_step = f"Only a part of it may be changed, because of the modes of {', '.join(lower)}."
    elif halted:
        next_step = f"{', '.join(halted)} is halted for it: `rightstate breaker release`."
    else:
        next_step = "Make a new plan."
    return Decision(
        apply=False,
        outcome=Outcome.CHANGED_SINCE_PLAN,
        reason="The resource, or what is wanted of it, is not any more as it was planned and approved. "
        f"Nothing was changed. {next_step}",
        rule="plan",
        verdicts=decision.verdicts,
    )


def in_auto(enabled: Policies) -> Policies:
    """The policies as a plan assumes them: each policy that is not off may change what it finds."""
    return {
        name: configured.model_copy(update={"mode": Mode.AUTO})
        for name, configured in enabled.items()
        if configured.mode is not Mode.OFF
    }


def _in_place(configured: Enabled, resource: Resource) -> Enabled:
    """With the resource's account and region in the parameters: a bucket for logs has one for each."""

    def filled(value: Value) -> Value:
        if isinstance(value, list):
            return [str(filled(each)) for each in value]
        if not isinstance(value, str):
            return value
        return value.replace("{account}", resource.account).replace("{region}", resource.region)

    parameters = {name: filled(value) for name, value in configured.parameters.items()}
    return configured.model_copy(update={"parameters": parameters})


def _enabled(resource_type: ResourceType, enabled: Policies) -> Iterator[tuple[Policy, Enabled]]:
    for policy in resource_type.policies:
        configured = enabled.get(policy.id)
        if configured is not None and configured.mode is not Mode.OFF:
            yield policy, configured


def _cases(policy: Policy) -> tuple[str, ...]:
    scope = (policy.scope,) if policy.scope else ()
    return (
        *scope,
        *policy.not_applicable,
        *policy.compliant_when,
        *policy.exempt_when,
        *policy.held_when,
    )


Judgement = tuple[Verdict, Mapping[str, Want]]
"""A policy's verdict and, where it applies by its settings, its wants."""


def _to_mend(verdict: Verdict) -> bool:
    return verdict.status is Status.BROKEN and verdict.mode is Mode.AUTO


def _judgements(
    resource_type: ResourceType,
    enabled: Policies,
    observed: Observed,
    excuses: Mapping[str, Excuse],
    written: frozenset[str],
) -> Iterator[Judgement]:
    """The verdict of each policy that has the resource in its scope, while other policies write `written`."""
    held = resource_type.held(observed)
    for policy, configured in _enabled(resource_type, enabled):
        values = policy.values(configured.parameters)
        if policy.scope is None or resource_type.cases[policy.scope].holds({**observed, **values}):
            excuse = excuses.get(policy.id)
            yield _judge(resource_type, policy, configured, observed, held, excuse, written)


def _judge(
    resource_type: ResourceType,
    policy: Policy,
    configured: Enabled,
    observed: Observed,
    held: Mapping[str, str],
    excuse: Excuse | None,
    written: frozenset[str],
) -> Judgement:
    values = policy.values(configured.parameters)
    known = {**observed, **values}

    def first(names: tuple[str, ...]) -> tuple[str, str] | None:
        """The reason and the rule."""
        for name in names:
            case = resource_type.cases[name]
            counts = case.unless_written not in written and (case.switch is None or values[case.switch])
            if counts and case.holds(known):
                return case.reason, f"case {name}"
        return None

    if (case := first(policy.not_applicable)) is not None:
        return _verdict(policy, configured, Status.NOT_APPLICABLE, *case), {}
    if (case := first(policy.compliant_when)) is not None:
        return _verdict(policy, configured, Status.COMPLIANT, *case), {}
    wants = {
        setting: want.given(observed) for setting, want in policy.bound_wants(configured.parameters).items()
    }
    findings = tuple(
        Deviation(setting=setting, before=before, after=after)
        for setting, want in wants.items()
        if not want.holds(observed.get(setting))
        for before, after in (want.shown(observed.get(setting), want.target(observed.get(setting))),)
    )
    if not findings:
        return _verdict(policy, configured, Status.COMPLIANT), wants
    if (case := first(policy.exempt_when)) is not None:
        return _verdict(policy, configured, Status.EXEMPT, *case, findings), {}
    if excuse is not None:
        return _verdict(policy, configured, _EXCUSED[excuse.kind], excuse.reason, excuse.rule, findings), {}
    if (case := first(policy.held_when)) is not None:
        return _verdict(policy, configured, Status.HELD, *case, findings), {}
    setting = next((f.setting for f in findings if f.setting in held), None)
    if setting is not None:
        return _verdict(policy, configured, Status.HELD, held[setting], f"held {setting}", findings), {}
    rule = "" if configured.mode is Mode.AUTO else f"mode {configured.mode}"
    return _verdict(policy, configured, Status.BROKEN, "", rule, findings), wants


_EXCUSED = {"exempt": Status.EXEMPT, "halted": Status.HALTED, "managed": Status.MANAGED}


def _verdict(
    policy: Policy,
    configured: Enabled,
    status: Status,
    reason: str = "",
    rule: str = "",
    findings: tuple[Deviation, ...] = (),
) -> Verdict:
    return Verdict(
        policy=policy.id, mode=configured.mode, status=status, reason=reason, rule=rule, findings=findings
    )


def _change(
    resource_type: ResourceType, setting: str, observed: Observed, asked: list[tuple[str, Want]]
) -> Change:
    before = observed.get(setting)
    try:
        want = reduce(lambda met, other: met.meet(other), (want for _, want in asked))
    except PlanConflict as conflict:
        policies = ", ".join(policy for policy, _ in asked)
        raise PlanConflict(
            f"{policies} conflict on {setting}: {conflict}. Nothing was changed. Disable one of them or "
            "change its parameters."
        ) from None
    return Change(
        setting=setting,
        before=before,
        after=want.target(before),
        want=want,
        policies=tuple(policy for policy, own in asked if not own.holds(before)),
        beside={name: observed.get(name) for name in resource_type.beside.get(setting, ())},
    )


_OUTCOMES = (
    ((Status.HELD, Status.BROKEN), Outcome.REPORTED),
    ((Status.HALTED,), Outcome.HALTED),
    ((Status.MANAGED,), Outcome.REPORTED),
    ((Status.EXEMPT,), Outcome.EXEMPT),
    ((Status.COMPLIANT,), Outcome.COMPLIANT),
    ((Status.NOT_APPLICABLE,), Outcome.NOT_APPLICABLE),
)
"""What a decision to change nothing comes to: the first of these of which there is a verdict."""


def _outcome(verdicts: list[Verdict], changes: tuple[Change, ...]) -> tuple[Outcome, str, str]:
    """The outcome, its reason, and the rule that decided. The outcome of a change counts once the change is
    verified."""
    if changes:
        return Outcome.REMEDIATED, "", "policies"
    for statuses, outcome in _OUTCOMES:
        for status in statuses:
            first = next((verdict for verdict in verdicts if verdict.status is status), None)
            if first is not None:
                unsaid = "Report only: nothing was changed."
                reason = first.reason or (unsaid if outcome is Outcome.REPORTED else "")
                return outcome, reason, first.rule or "policies"
    return Outcome.NOT_APPLICABLE, "", "scope"
