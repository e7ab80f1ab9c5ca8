"""What the planner makes of a policy that is excused, on the small resource type of test_planner."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.deciding.planner import decide, decide_as_approved, fingerprint_of
from rightstate.errors import PlanConflict
from rightstate.models.decision import Decision, Excuse, Outcome, Status
from rightstate.models.settings import Enabled
from rightstate.policy import Mode, Policy
from rightstate.wants import AtLeast, Exactly, Value
from tests.layer.deciding.test_planner import ALL_AUTO, DAY, LOCK, RESOURCE, WEEK, policy, resource_type

Kind = Literal["exempt", "halted", "managed"]
KINDS: dict[Kind, tuple[Status, Outcome]] = {
    "exempt": (Status.EXEMPT, Outcome.EXEMPT),
    "halted": (Status.HALTED, Outcome.HALTED),
    "managed": (Status.MANAGED, Outcome.REPORTED),
}
BROKEN: dict[str, Value] = {"Lock": False, "Days": 0}


def excuse(kind: Kind = "exempt") -> Excuse:
    return Excuse(kind=kind, reason=f"It is {kind}.", rule=f"rule of {kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_an_excused_policy_says_what_it_found_and_why_and_writes_nothing(kind: Kind) -> None:
    status, outcome = KINDS[kind]
    decision = decide(resource_type(LOCK), RESOURCE, ALL_AUTO, BROKEN, {"lock": excuse(kind)})
    [verdict] = decision.verdicts
    assert (verdict.status, verdict.reason, verdict.rule) == (status, f"It is {kind}.", f"rule of {kind}")
    assert [finding.setting for finding in verdict.findings] == ["Lock"]
    assert (decision.apply, decision.changes, decision.calls) == (False, (), ())
    assert (decision.outcome, decision.reason) == (outcome, f"It is {kind}.")
    assert decision.rule == f"rule of {kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_excuse_makes_nothing_of_a_policy_that_is_not_broken(kind: Kind) -> None:
    fine: dict[str, Value] = {"Lock": True}
    assert decide(resource_type(LOCK), RESOURCE, ALL_AUTO, fine, {"lock": excuse(kind)}) == decide(
        resource_type(LOCK), RESOURCE, ALL_AUTO, fine
    )


def test_what_is_excused_is_excused_though_it_would_be_held_or_in_report() -> None:
    held = resource_type(LOCK, held={"Lock": "A change is pending."})
    report = {"lock": Enabled(mode=Mode.REPORT)}
    for kind, enabled in ((held, ALL_AUTO), (resource_type(LOCK), report)):
        assert decide(kind, RESOURCE, enabled, BROKEN, {"lock": excuse()}).outcome is Outcome.EXEMPT


def test_beside_an_excused_policy_the_others_change_what_they_ask_for() -> None:
    decision = decide(resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, BROKEN, {"lock": excuse()})
    assert [change.setting for change in decision.changes] == ["Days"]
    assert (decision.outcome, decision.rule) == (Outcome.REMEDIATED, "policies")


def test_on_one_setting_the_want_of_the_excused_policy_does_not_count() -> None:
    [change] = decide(resource_type(DAY, WEEK), RESOURCE, ALL_AUTO, BROKEN, {"week": excuse()}).changes
    assert (change.after, change.policies) == (1, ("day",))


def test_an_excused_policy_is_no_conflict() -> None:
    unlock = policy("unlock", {"Lock": Exactly(value=False)})
    kind, enabled = resource_type(LOCK, unlock), {**ALL_AUTO, "unlock": Enabled(mode=Mode.AUTO)}
    with pytest.raises(PlanConflict):
        decide(kind, RESOURCE, enabled, {"Lock": None})
    assert decide(kind, RESOURCE, enabled, {"Lock": None}, {"unlock": excuse()}).changes[0].after is True


@pytest.mark.parametrize(
    ("excuses", "enabled", "outcome", "rule"),
    [
        ({"lock": "halted", "week": "exempt"}, {}, Outcome.HALTED, "rule of halted"),
        ({"lock": "exempt", "week": "halted"}, {}, Outcome.HALTED, "rule of halted"),
        ({"lock": "managed", "week": "exempt"}, {}, Outcome.REPORTED, "rule of managed"),
        ({"lock": "managed", "week": "halted"}, {}, Outcome.HALTED, "rule of halted"),
        ({"lock": "halted"}, {"week": Enabled(mode=Mode.REPORT)}, Outcome.REPORTED, "mode report"),
        ({"lock": "exempt"}, {"week": Enabled(mode=Mode.APPROVE)}, Outcome.REPORTED, "mode approve"),
        ({"lock": "exempt"}, {"week": Enabled(mode=Mode.OFF)}, Outcome.EXEMPT, "rule of exempt"),
    ],
)
def test_the_outcome_is_what_asks_most_of_people(
    excuses: dict[str, Kind], enabled: dict[str, Enabled], outcome: Outcome, rule: str
) -> None:
    decision = decide(
        resource_type(LOCK, WEEK),
        RESOURCE,
        {**ALL_AUTO, **enabled},
        BROKEN,
        {name: excuse(kind) for name, kind in excuses.items()},
    )
    assert (decision.outcome, decision.rule) == (outcome, rule)


def test_an_exemption_is_told_before_that_the_rest_complies() -> None:
    observed: dict[str, Value] = {"Lock": False, "Days": 30}
    decision = decide(resource_type(WEEK, LOCK), RESOURCE, ALL_AUTO, observed, {"lock": excuse()})
    assert decision.outcome is Outcome.EXEMPT


@pytest.mark.parametrize(
    ("more", "observed", "rule"),
    [
        ({"not_applicable": ("is-big",)}, {"Lock": False, "Kind": "big"}, "case is-big"),
        ({"compliant_when": ("is-big",)}, {"Lock": False, "Kind": "big"}, "case is-big"),
        ({"exempt_when": ("is-big",)}, {"Lock": False, "Kind": "big"}, "case is-big"),
        ({"exempt_when": ("is-big",)}, {"Lock": True, "Kind": "big"}, "policies"),
        ({}, {"Lock": True}, "policies"),
        ({}, {"Lock": False}, "policies"),
        ({"scope": "is-big"}, {"Lock": False, "Kind": "small"}, "scope"),
    ],
)
def test_a_decision_names_the_rule_that_decided(
    more: dict[str, object], observed: dict[str, Value], rule: str
) -> None:
    found = policy("lock", {"Lock": Exactly(value=True)}, **more)
    assert decide(resource_type(found), RESOURCE, ALL_AUTO, observed).rule == rule


def test_a_pending_change_is_named_as_the_rule() -> None:
    held = resource_type(LOCK, held={"Lock": "A change is pending."})
    assert decide(held, RESOURCE, ALL_AUTO, BROKEN).rule == "held Lock"


# --- A plan that was approved ---


def approved(*excused: str) -> str:
    return fingerprint_of(resource_type(LOCK, WEEK), BROKEN, _decided(*excused))


def _decided(*excused: str) -> Decision:
    excuses = {name: excuse() for name in excused}
    return decide(resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, BROKEN, excuses)


def test_an_approved_plan_is_void_once_a_policy_of_it_is_exempt() -> None:
    decision = decide_as_approved(
        resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, BROKEN, approved(), {"lock": excuse()}
    )
    assert (decision.outcome, decision.apply) == (Outcome.CHANGED_SINCE_PLAN, False)


def test_an_approved_plan_is_void_once_an_exemption_that_it_shows_has_ended() -> None:
    decision = decide_as_approved(resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, BROKEN, approved("lock"))
    assert (decision.outcome, decision.apply) == (Outcome.CHANGED_SINCE_PLAN, False)


def test_an_approved_plan_with_the_exemption_in_it_is_applied_without_the_exempt_policy() -> None:
    decision = decide_as_approved(
        resource_type(LOCK, WEEK), RESOURCE, ALL_AUTO, BROKEN, approved("lock"), {"lock": excuse()}
    )
    assert [change.setting for change in decision.changes] == ["Days"]


def test_an_exemption_of_what_the_plan_does_not_change_leaves_it_as_approved() -> None:
    observed: dict[str, Value] = {"Lock": True, "Days": 0}
    kind = resource_type(LOCK, WEEK)
    planned = fingerprint_of(kind, observed, decide(kind, RESOURCE, ALL_AUTO, observed))
    decision = decide_as_approved(kind, RESOURCE, ALL_AUTO, observed, planned, {"lock": excuse()})
    assert decision.outcome is Outcome.REMEDIATED


# --- Whatever the policies, the resource and the excuses ---

POLICIES: tuple[Policy, ...] = (
    LOCK,
    DAY,
    WEEK,
    policy("month", {"Days": AtLeast(minimum=30)}),
    policy("both", {"Lock": Exactly(value=True), "Days": AtLeast(minimum=14)}),
    policy("small", {"Lock": Exactly(value=True)}, not_applicable=("is-big",)),
)
observations = st.fixed_dictionaries(
    {
        "Lock": st.sampled_from([True, False, None]),
        "Days": st.integers(0, 40),
        "Kind": st.sampled_from(["big", "small"]),
    }
)
modes = st.fixed_dictionaries({each.id: st.sampled_from(list(Mode)) for each in POLICIES})
excuse_sets = st.dictionaries(
    st.sampled_from([each.id for each in POLICIES]), st.sampled_from(list(KINDS)).map(excuse)
)


@given(observed=observations, modes=modes, excuses=excuse_sets)
def test_an_excuse_takes_changes_away_and_adds_none(
    observed: dict[str, Value], modes: dict[str, Mode], excuses: dict[str, Excuse]
) -> None:
    kind = resource_type(*POLICIES)
    enabled = {name: Enabled(mode=mode) for name, mode in modes.items()}
    without = decide(kind, RESOURCE, enabled, observed)
    with_excuses = decide(kind, RESOURCE, enabled, observed, excuses)
    written = {change.setting: change for change in with_excuses.changes}
    assert set(written) <= {change.setting for change in without.changes}
    for change in with_excuses.changes:
        assert change.policies
        assert not set(change.policies) & set(excuses)
    # Each of the others has what it wants, as it would have without the excuses.
    after = {**observed, **{name: change.after for name, change in written.items()}}
    for each in with_excuses.verdicts:
        found = kind.policy(each.policy)
        assert found is not None
        if each.mode is Mode.AUTO and each.status in (Status.BROKEN, Status.COMPLIANT):
            assert all(want.holds(after[setting]) for setting, want in found.wants.items())


@given(observed=observations, modes=modes)
def test_where_every_policy_is_excused_nothing_is_written(
    observed: dict[str, Value], modes: dict[str, Mode]
) -> None:
    enabled = {name: Enabled(mode=mode) for name, mode in modes.items()}
    excuses = {each.id: excuse() for each in POLICIES}
    assert decide(resource_type(*POLICIES), RESOURCE, enabled, observed, excuses).apply is False
