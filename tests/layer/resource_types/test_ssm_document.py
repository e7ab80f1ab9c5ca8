"""What is read of a document, and what is written."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

DOCUMENT = load("ssm-document")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="restart-shop")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        examples.load("ssm-document").create(boto3.Session(region_name="us-east-1"), RESOURCE.id, "")
        yield Account()


def test_a_document_is_public_no_more_and_an_undo_makes_it_public_again(account: Account) -> None:
    decision = remediate(DOCUMENT, account, RESOURCE, enabled(DOCUMENT))
    assert account.calls == ["ssm:DescribeDocumentPermission", "ssm:ModifyDocumentPermission"]
    assert plan(DOCUMENT, account, RESOURCE, enabled(DOCUMENT)).outcome is Outcome.COMPLIANT
    make(DOCUMENT, account, RESOURCE, undo(DOCUMENT, account, RESOURCE, decision))
    assert plan(DOCUMENT, account, RESOURCE, enabled(DOCUMENT)).apply


def test_everybody_is_found_on_whichever_page_and_in_whichever_case_and_the_version_with_them(
    account: Account,
) -> None:
    pages = {
        "": {"AccountIds": ["999999999999"], "NextToken": "2"},
        "2": {
            "AccountIds": ["All"],
            "AccountSharingInfoList": [{"AccountId": "all", "SharedDocumentVersion": "3"}],
        },
    }
    account.client("ssm").describe_document_permission = lambda **given: pages[given.get("NextToken", "")]
    decision = plan(DOCUMENT, account, RESOURCE, enabled(DOCUMENT))
    [change] = decision.changes
    assert (change.before, change.beside) == (True, {"SharedVersion": "3"})
    pages["2"] = {"AccountIds": []}
    [call] = undo(DOCUMENT, account, RESOURCE, decision).calls
    assert call.parameters["SharedDocumentVersion"] == "3"


def test_a_document_that_is_shared_with_some_is_left_alone(account: Account) -> None:
    ssm = boto3.client("ssm", "us-east-1")
    for given in ({"AccountIdsToRemove": ["all"]}, {"AccountIdsToAdd": ["999999999999"]}):
        ssm.modify_document_permission(Name=RESOURCE.id, PermissionType="Share", **given)
    assert plan(DOCUMENT, account, RESOURCE, enabled(DOCUMENT)).outcome is Outcome.COMPLIANT


def test_a_document_that_is_not_the_accounts_is_gone(account: Account) -> None:
    with pytest.raises(ClientError) as refused:
        plan(DOCUMENT, account, RESOURCE.model_copy(update={"id": "AWS-RunShellScript"}), enabled(DOCUMENT))
    assert refused.value.response["Error"]["Code"] in DOCUMENT.gone
