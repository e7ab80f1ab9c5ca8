"""Whether there is an analyzer of external access, how one is made, and when none is."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

ANALYZER = load("access-analyzer")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="123456789012")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def answering(account: Account, *analyzers: dict[str, Any]) -> None:
    """Have those analyzers, each with what matters alone."""
    account.client("accessanalyzer").list_analyzers = lambda **given: {"analyzers": list(analyzers)}


def test_an_analyzer_of_the_account_is_made_with_one_call_and_deleted_with_consent_alone(
    account: Account,
) -> None:
    decision = remediate(ANALYZER, account, RESOURCE, enabled(ANALYZER))
    [call] = decision.calls
    assert (call.operation, call.parameters) == (
        "CreateAnalyzer",
        {"analyzerName": "rightstate", "type": "ACCOUNT"},
    )
    assert plan(ANALYZER, account, RESOURCE, enabled(ANALYZER)).outcome is Outcome.COMPLIANT
    refused = undo(ANALYZER, account, RESOURCE, decision, consent=False)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "findings and archive rules" in refused.reason
    make(ANALYZER, account, RESOURCE, undo(ANALYZER, account, RESOURCE, decision))
    assert account.client("accessanalyzer").list_analyzers()["analyzers"] == []


@pytest.mark.parametrize(
    ("type_", "counts"),
    [
        ("ACCOUNT", True),
        ("ORGANIZATION", True),
        ("ACCOUNT_UNUSED_ACCESS", False),
        ("ORGANIZATION_INTERNAL_ACCESS", False),
    ],
)
def test_only_analyzers_of_external_access_count(account: Account, type_: str, counts: bool) -> None:
    account.client("accessanalyzer").create_analyzer(analyzerName="mine", type=type_)
    decision = plan(ANALYZER, account, RESOURCE, enabled(ANALYZER))
    assert (decision.outcome is Outcome.COMPLIANT) is counts
    assert decision.apply is not counts


@pytest.mark.parametrize("status", ["DISABLED", "FAILED"])
def test_an_analyzer_that_does_not_work_is_reported_with_the_reason_and_stays(
    account: Account, status: str
) -> None:
    reason = {"code": "SERVICE_LINKED_ROLE_CREATION_FAILED"}
    answering(account, {"name": "mine", "type": "ACCOUNT", "status": status, "statusReason": reason})
    decision = plan(ANALYZER, account, RESOURCE, enabled(ANALYZER))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert f"mine is {status} because of SERVICE_LINKED_ROLE_CREATION_FAILED" in decision.reason


def test_an_organization_s_analyzer_that_does_not_work_is_no_reason_against_one_of_the_account(
    account: Account,
) -> None:
    answering(account, {"name": "ours", "type": "ORGANIZATION", "status": "DISABLED"})
    assert plan(ANALYZER, account, RESOURCE, enabled(ANALYZER)).apply


def test_an_analyzer_that_is_being_made_is_waited_for(account: Account) -> None:
    answering(account, {"name": "mine", "type": "ACCOUNT", "status": "CREATING"})
    observed = ANALYZER.describe(account.client, RESOURCE, frozenset(ANALYZER.facts))
    assert ANALYZER.busy(observed) == "The analyzer mine is CREATING."


def test_an_account_that_its_organization_s_analyzer_covers_is_left_alone(account: Account) -> None:
    covered = enabled(ANALYZER, organization_analyzer_elsewhere=True)
    decision = plan(ANALYZER, account, RESOURCE, covered)
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("create_analyzer", {"analyzerName": "mine", "type": "ACCOUNT_UNUSED_ACCESS"}, "ConflictException"),
        ("create_analyzer", {"analyzerName": "more", "type": "ACCOUNT"}, "ServiceQuotaExceededException"),
        ("create_analyzer", {"analyzerName": "more", "type": "EVERYTHING"}, "ValidationException"),
        ("create_analyzer", {"analyzerName": "1 more", "type": "ORGANIZATION"}, "ValidationException"),
        ("delete_analyzer", {"analyzerName": "more"}, "ResourceNotFoundException"),
    ],
)
def test_what_stands_in_for_the_service_refuses_as_aws_does(
    account: Account, call: str, given: dict[str, str], code: str
) -> None:
    analyzers = account.client("accessanalyzer")
    analyzers.create_analyzer(analyzerName="mine", type="ACCOUNT")
    with pytest.raises(ClientError) as refused:
        getattr(analyzers, call)(**given)
    assert refused.value.response["Error"]["Code"] == code
    assert [each["name"] for each in analyzers.list_analyzers()["analyzers"]] == ["mine"]


def test_what_stands_in_for_the_service_is_laxer_than_aws_about_time_and_organizations(
    account: Account,
) -> None:
    """AWS answers CREATING first, and lets only an organization's administrator make the second."""
    analyzers = account.client("accessanalyzer")
    analyzers.create_analyzer(analyzerName="mine", type="ACCOUNT")
    analyzers.create_analyzer(analyzerName="ours", type="ORGANIZATION")
    assert {each["status"] for each in analyzers.list_analyzers()["analyzers"]} == {"ACTIVE"}
