"""What the planner decides, on a small resource type of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.deciding.planner import (
    decide,
    decide_as_approved,
    fingerprint,
    fingerprint_of,
    may_change,
    settings_to_read,
)
from rightstate.errors import PlanConflict
from rightstate.models.decision import Outcome, Status
from rightstate.models.settings import Enabled
from rightstate.policy import Mode, Parameter, Policy, Risk, Severity
from rightstate.resource_type import Call, Case, Change, Observed, Resource, ResourceType, Setting
from rightstate.wants import AtLeast, Exactly, Includes, Value, Want

RESOURCE = Resource(account="111122223333", region="eu-west-1", id="thing")


def policy(name: str, wants: dict[str, Want], **more: object) -> Policy:
    return Policy.model_validate(
        {
            "id": name,
            "aliases": (),
            "title": name,
            "category": "test",
            "risk": Risk.SAFE,
            "severity": Severity.LOW,
            "side_effects": "none",
            "reversibility": "yes",
            "undo_note": "it is set back.",
            "wants": wants,
            **more,
        }
    )


def resource_type(*policies: Policy, held: dict[str, str] | None = None) -> ResourceType:
    def calls(resource: Resource, changes: tuple[Change, ...], observed: Observed) -> list[Call]:
        parameters = {change.setting: change.after for change in changes}
        return [Call(service="s", operation="Put", parameters=parameters, settings=tuple(parameters))]

    return ResourceType(
        name="thing",
        title="thing",
        service="s",
        policies=policies,
        settings={name: Setting("Get:x", "Put:x") for name in ("Days", "Lock", "Logs", "Kind", "Status")},
        arn="arn:{partition}:s:{region}:{account}:{id}",
        id_pattern="[a-z]+",
        find=lambda clients, place: (),
        describe=lambda clients, resource, settings: {},
        calls=calls,  # type: ignore[arg-type]
        read_actions=("s:Get",),
        write_actions=("s:Put",),
        write_resources=("*",),
        cases={
            "is-big": Case("It is big.", lambda observed: observed.get("Kind") == "big", ("Kind",)),
            "is-old": Case("It is old.", lambda observed: observed.get("Kind") == "old", ("Kind",), "exempt"),
            "is-other": Case("It is other.", lambda known: known["Kind"] != known["only"], ("Kind",), "only"),
        },
        facts=("Status",),
        held=lambda observed: held or {},
    )


LOCK = policy("lock", {"Lock": Exactly(value=True)})
WEEK = policy("week", {"Days": AtLeast(minimum=7)})
DAY = policy("day", {"Days": AtLeast(minimum=1)})
ALL_AUTO = {"lock": Enabled(mode=Mode.AUTO), "week": Enabled(mode=Mode.AUTO), "day": Enabled(mode=Mode.AUTO)}


def test_policies_on_one_setting_become_one_change_that_satisfies_all() -> None:
    decision = decide(resource_type(DAY, WEEK), RESOURCE, ALL_AUTO, {"Days": 0})
    [change] = decision.changes
    assert (change.before, change.after, set(change.policies)) == (0, 7, {"day", "week"})


def test_only_the_policies_that_are_broken_are_named_in_the_change() -> None:
    [change] = decide(resource_type(DAY, WEEK), RESOURCE, ALL_AUTO, {"Days": 3}).changes
    assert change.policies == ("week",)


def test_all_changes_go_into_the_calls_of_the_type() -> None:
    decision = decide(resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, {"Days": 0, "Lock": False})
    assert [call.parameters for call in decision.calls] == [{"Lock": True, "Days": 7}]


def test_a_resource_that_complies_needs_no_call() -> None:
    decision = decide(resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, {"Days": 30, "Lock": True})
    assert (decision.apply, decision.calls, decision.outcome) == (False, (), Outcome.COMPLIANT)


@pytest.mark.parametrize("mode", [Mode.REPORT, Mode.APPROVE])
def test_a_policy_that_may_not_write_reports_what_it_finds_and_changes_nothing(mode: Mode) -> None:
    decision = decide(resource_type(LOCK), RESOURCE, {"lock": Enabled(mode=mode)}, {"Lock": False})
    assert (decision.apply, decision.outcome) == (False, Outcome.REPORTED)
    [verdict] = decision.verdicts
    assert verdict.status is Status.BROKEN
    assert (verdict.findings[0].before, verdict.findings[0].after) == (False, True)


def test_a_policy_in_report_changes_nothing_beside_one_in_auto() -> None:
    enabled = {"lock": Enabled(mode=Mode.REPORT), "week": Enabled(mode=Mode.AUTO)}
    decision = decide(resource_type(LOCK, WEEK), RESOURCE, enabled, {"Lock": False, "Days": 0})
    assert [change.setting for change in decision.changes] == ["Days"]
    assert decision.outcome is Outcome.REMEDIATED


def test_a_policy_that_is_off_or_not_named_is_not_looked_at() -> None:
    decision = decide(resource_type(LOCK, WEEK), RESOURCE, {"lock": Enabled(mode=Mode.OFF)}, {"Lock": False})
    assert decision.verdicts == ()
    assert decision.outcome is Outcome.NOT_APPLICABLE


def test_a_not_applicable_case_gives_its_reason() -> None:
    found = policy("lock", {"Lock": Exactly(value=True)}, not_applicable=("is-big",))
    decision = decide(resource_type(found), RESOURCE, ALL_AUTO, {"Lock": False, "Kind": "big"})
    assert (decision.outcome, decision.reason) == (Outcome.NOT_APPLICABLE, "It is big.")


def test_a_compliant_case_satisfies_whatever_the_setting() -> None:
    found = policy("lock", {"Lock": Exactly(value=True)}, compliant_when=("is-big",))
    decision = decide(resource_type(found), RESOURCE, ALL_AUTO, {"Lock": False, "Kind": "big"})
    assert (decision.outcome, decision.reason) == (Outcome.COMPLIANT, "It is big.")


def test_outside_its_scope_a_policy_says_nothing() -> None:
    found = policy("lock", {"Lock": Exactly(value=True)}, scope="is-big")
    decision = decide(resource_type(found), RESOURCE, ALL_AUTO, {"Lock": False, "Kind": "small"})
    assert decision.verdicts == ()


@pytest.mark.parametrize(("exempt", "outcome"), [(True, Outcome.NOT_APPLICABLE), (False, Outcome.REMEDIATED)])
def test_a_case_with_a_switch_counts_only_where_the_account_switched_it_on(
    exempt: bool, outcome: Outcome
) -> None:
    found = policy(
        "lock",
        {"Lock": Exactly(value=True)},
        not_applicable=("is-old",),
        parameters={"exempt": Parameter(default=False, why="test")},
    )
    enabled = {"lock": Enabled(mode=Mode.AUTO, parameters={"exempt": exempt})}
    observed: dict[str, Value] = {"Lock": False, "Kind": "old"}
    assert decide(resource_type(found), RESOURCE, enabled, observed).outcome is outcome


@pytest.mark.parametrize(
    ("parameters", "read", "outcome"),
    [
        ({}, False, Outcome.REMEDIATED),
        ({"only": "big"}, True, Outcome.REMEDIATED),
        ({"only": "small"}, True, Outcome.NOT_APPLICABLE),
    ],
    ids=str,
)
def test_a_case_may_depend_on_a_parameter_and_counts_only_where_that_is_set(
    parameters: dict[str, Value], read: bool, outcome: Outcome
) -> None:
    found = resource_type(
        policy(
            "lock",
            {"Lock": Exactly(value=True)},
            not_applicable=("is-other",),
            parameters={"only": Parameter(default=None, why="test")},
        )
    )
    enabled = {"lock": Enabled(mode=Mode.AUTO, parameters=parameters)}
    assert ("Kind" in settings_to_read(found, enabled)) is read
    assert decide(found, RESOURCE, enabled, {"Lock": False, "Kind": "big"}).outcome is outcome


def test_a_held_setting_is_reported_with_the_reason_and_not_written() -> None:
    held = resource_type(LOCK, WEEK, held={"Lock": "Something is pending."})
    decision = decide(held, RESOURCE, ALL_AUTO, {"Lock": False, "Days": 0})
    assert [change.setting for change in decision.changes] == ["Days"]
    assert [(v.policy, v.status) for v in decision.verdicts if v.reason] == [("lock", Status.HELD)]


def test_policies_that_contradict_each_other_change_nothing_and_say_which() -> None:
    unlock = policy("unlock", {"Lock": Exactly(value=False)})
    enabled = {**ALL_AUTO, "unlock": Enabled(mode=Mode.AUTO)}
    with pytest.raises(PlanConflict, match="lock, unlock"):
        decide(resource_type(LOCK, unlock), RESOURCE, enabled, {"Lock": False})


def test_a_parameter_of_the_account_replaces_the_default() -> None:
    days = policy(
        "days",
        {"Days": AtLeast(minimum_from="days")},
        parameters={"days": Parameter(default=7, minimum=1, maximum=35, why="test")},
    )
    enabled = {"days": Enabled(mode=Mode.AUTO, parameters={"days": 30})}
    [change] = decide(resource_type(days), RESOURCE, enabled, {"Days": 14}).changes
    assert change.after == 30


def test_only_settings_of_enabled_policies_are_read() -> None:
    found = policy("lock", {"Lock": Exactly(value=True)}, not_applicable=("is-big",))
    assert settings_to_read(resource_type(found, WEEK), {"lock": Enabled(mode=Mode.REPORT)}) == {
        "Lock",
        "Kind",
        "Status",
    }


def test_a_case_that_is_switched_off_reads_nothing() -> None:
    found = policy(
        "lock",
        {"Lock": Exactly(value=True)},
        not_applicable=("is-old",),
        parameters={"exempt": Parameter(default=False, why="test")},
    )
    assert "Kind" not in settings_to_read(resource_type(found), ALL_AUTO)


@pytest.mark.parametrize(
    ("mode", "expected"), [(Mode.AUTO, True), (Mode.REPORT, False), (Mode.APPROVE, True)]
)
def test_what_only_reports_may_not_change(mode: Mode, expected: bool) -> None:
    assert may_change({"lock": Enabled(mode=mode)}) is expected


@given(
    st.dictionaries(st.sampled_from(["lock", "week", "day", "logs"]), st.sampled_from(list(Mode))),
    st.fixed_dictionaries(
        {
            "Lock": st.one_of(st.none(), st.booleans()),
            "Days": st.one_of(st.none(), st.integers(0, 40)),
            "Logs": st.lists(st.sampled_from(["audit", "error", "slow"]), unique=True),
        }
    ),
)
def test_applying_a_decision_leaves_nothing_to_change_and_everything_else_as_it_was(
    modes: dict[str, Mode], observed: dict[str, Value]
) -> None:
    kind = resource_type(LOCK, WEEK, DAY, policy("logs", {"Logs": Includes(items=("audit",))}))
    enabled = {name: Enabled(mode=mode) for name, mode in modes.items()}
    decision = decide(kind, RESOURCE, enabled, observed)
    after = {**observed, **{change.setting: change.after for change in decision.changes}}
    assert decide(kind, RESOURCE, enabled, after).changes == ()
    asked = {setting for each in kind.policies if modes.get(each.id) is Mode.AUTO for setting in each.wants}
    assert {setting for setting in observed if after[setting] != observed[setting]} <= asked
    assert set(observed["Logs"] or ()) <= set(after["Logs"] or ())  # type: ignore[arg-type]


OBSERVED = st.fixed_dictionaries(
    {"Days": st.integers(0, 40), "Lock": st.booleans() | st.none(), "Status": st.sampled_from(["on", "off"])}
)


def told(observed: Observed, mode: Mode = Mode.AUTO, *policies: Policy) -> str:
    enabled = {name: Enabled(mode=mode) for name in ALL_AUTO}
    of = resource_type(*(policies or (LOCK, WEEK, DAY)))
    return fingerprint_of(of, observed, decide(of, RESOURCE, enabled, observed))


@given(OBSERVED)
def test_a_plan_has_one_fingerprint_in_whatever_order_its_settings_were_read(observed: Observed) -> None:
    assert told(observed) == told(dict(reversed(list(observed.items()))))


@given(OBSERVED, st.fixed_dictionaries({name: st.sampled_from(list(Mode)) for name in ALL_AUTO}))
def test_of_a_plan_all_or_nothing_is_changed_whatever_the_modes_are_by_then(
    observed: Observed, modes: dict[str, Mode]
) -> None:
    """A part of it, which is what the modes may allow, is nothing that anybody has seen and approved."""
    of = resource_type(LOCK, WEEK, DAY)
    planned = decide(of, RESOURCE, ALL_AUTO, observed)
    enabled = {name: Enabled(mode=mode) for name, mode in modes.items()}
    decision = decide_as_approved(of, RESOURCE, enabled, observed, fingerprint_of(of, observed, planned))
    made = [(change.setting, change.before, change.after) for change in decision.changes]
    shown = [(change.setting, change.before, change.after) for change in planned.changes]
    assert made in ([], shown)
    assert decision.calls in ((), planned.calls)
    if set(modes.values()) <= {Mode.REPORT, Mode.APPROVE} and shown:
        assert decision.outcome is Outcome.REPORTED


def test_a_plan_of_which_the_modes_allow_a_part_says_which_policies_do_not() -> None:
    of, observed = resource_type(LOCK, WEEK), {"Lock": False, "Days": 0}
    planned = decide(of, RESOURCE, ALL_AUTO, observed)
    lower = {**ALL_AUTO, "week": Enabled(mode=Mode.REPORT)}
    decision = decide_as_approved(of, RESOURCE, lower, observed, fingerprint_of(of, observed, planned))
    assert decision.outcome is Outcome.CHANGED_SINCE_PLAN
    assert "Only a part of it may be changed, because of the modes of week (report)." in decision.reason


@given(OBSERVED, OBSERVED)
def test_two_states_never_have_one_fingerprint(one: Observed, other: Observed) -> None:
    assert (told(one) == told(other)) == (one == other)


def test_another_want_of_the_same_state_has_another_fingerprint() -> None:
    month = policy("week", {"Days": AtLeast(minimum=30)})
    assert told({"Days": 0}, Mode.AUTO, WEEK) != told({"Days": 0}, Mode.AUTO, month)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("verdicts", {"policy": "day"}),
        ("verdicts", {"status": "held"}),
        ("verdicts", {"findings": []}),
        ("changes", {"setting": "Lock"}),
        ("changes", {"before": 1}),
        ("changes", {"after": 30}),
        ("changes", {"policies": ["week", "day"]}),
        ("calls", {"service": "t"}),
        ("calls", {"operation": "Delete"}),
        ("calls", {"parameters": {"Days": 30}}),
        ("calls", {"settings": []}),
    ],
    ids=str,
)
def test_with_anything_that_is_shown_otherwise_the_fingerprint_is_another(
    part: str, other: dict[str, Any]
) -> None:
    shown = decide(resource_type(WEEK), RESOURCE, ALL_AUTO, {"Days": 0}).model_dump(mode="json")
    [one] = shown[part]
    assert {key: one[key] for key in other} != other
    assert fingerprint("state", {**shown, part: [{**one, **other}]}) != fingerprint("state", shown)


@given(OBSERVED, OBSERVED)
def test_a_decision_that_was_not_approved_changes_nothing(seen: Observed, now: Observed) -> None:
    of = resource_type(LOCK, WEEK, DAY)
    decision = decide_as_approved(of, RESOURCE, ALL_AUTO, now, told(seen))
    if seen == now:
        assert decision == decide(of, RESOURCE, ALL_AUTO, now)
    else:
        assert (decision.apply, decision.calls, decision.changes) == (False, (), ())
        assert decision.outcome is Outcome.CHANGED_SINCE_PLAN
