"""What is read of GuardDuty, how it is enabled, and who else may look after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from tests.support.cycle import Account, decide, enabled, make, plan, remediate, undo

GUARDDUTY = load("guardduty-detector")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="123456789012")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def statuses(account: Account) -> list[str]:
    guardduty = account.client("guardduty")
    ids = guardduty.list_detectors()["DetectorIds"]
    return [guardduty.get_detector(DetectorId=each)["Status"] for each in ids]


def test_a_region_without_a_detector_gets_one_without_any_protection_plan(account: Account) -> None:
    decision = remediate(GUARDDUTY, account, RESOURCE, enabled(GUARDDUTY))
    [call] = decision.calls
    assert call.operation == "CreateDetector"
    assert {each["Status"] for each in call.parameters["Features"]} == {"DISABLED"}
    assert statuses(account) == ["ENABLED"]
    assert plan(GUARDDUTY, account, RESOURCE, enabled(GUARDDUTY)).outcome is Outcome.COMPLIANT


def test_an_undo_deletes_what_was_made_with_consent_alone(account: Account) -> None:
    decision = remediate(GUARDDUTY, account, RESOURCE, enabled(GUARDDUTY))
    refused = undo(GUARDDUTY, account, RESOURCE, decision, consent=False)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "deleted with its findings" in refused.reason
    make(GUARDDUTY, account, RESOURCE, undo(GUARDDUTY, account, RESOURCE, decision))
    assert statuses(account) == []


def test_a_suspended_detector_goes_on_with_its_plans_and_is_suspended_by_an_undo(account: Account) -> None:
    account.client("guardduty").create_detector(Enable=False)
    decision = remediate(GUARDDUTY, account, RESOURCE, enabled(GUARDDUTY))
    [call] = decision.calls
    assert (call.operation, "Features" in call.parameters) == ("UpdateDetector", False)
    assert statuses(account) == ["ENABLED"]
    make(GUARDDUTY, account, RESOURCE, undo(GUARDDUTY, account, RESOURCE, decision, consent=False))
    assert statuses(account) == ["DISABLED"]


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        ({"Administrator": "999999999999"}, "administrator account"),
        ({"ManagedBy": "GUARDDUTY_POLICY"}, "policy of the organization"),
    ],
)
def test_what_others_manage_is_left_to_them(observed: dict[str, Any], reason: str) -> None:
    decision = decide(GUARDDUTY, RESOURCE, enabled(GUARDDUTY), {"Status": "DISABLED", **observed})
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reason in decision.reason


@pytest.mark.parametrize(("status", "administrator"), [("Enabled", "999999999999"), ("Resigned", None)])
def test_only_an_administrator_whose_relation_is_enabled_counts(
    account: Account, status: str, administrator: str | None
) -> None:
    guardduty = account.client("guardduty")
    guardduty.create_detector(Enable=True)
    found = {"Administrator": {"AccountId": "999999999999", "RelationshipStatus": status}}
    guardduty.get_administrator_account = lambda **given: found
    observed = GUARDDUTY.describe(account.client, RESOURCE, frozenset({"Administrator"}))
    assert observed == {"Administrator": administrator}
