"""Which statements of a function's policy are removed, and how an undo adds them again."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

FUNCTION = load("lambda-function")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="resize-images")
POLICIES = enabled(FUNCTION)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        session = boto3.Session(region_name="us-east-1")
        examples.load("lambda-function").create(session, RESOURCE.id, "")
        yield Account()


def add(account: Account, sid: str, **parameters: Any) -> None:
    account.client("lambda").add_permission(
        FunctionName=RESOURCE.id, StatementId=sid, Principal="*", **parameters
    )


def sids(account: Account) -> list[str]:
    text = account.client("lambda").get_policy(FunctionName=RESOURCE.id)["Policy"]
    return [each["Sid"] for each in json.loads(text)["Statement"]]


def test_the_public_statement_goes_and_comes_back_as_the_last_one(account: Account) -> None:
    decision = remediate(FUNCTION, account, RESOURCE, POLICIES)
    assert sids(account) == ["Uploads"]
    assert plan(FUNCTION, account, RESOURCE, POLICIES).outcome is Outcome.COMPLIANT
    make(FUNCTION, account, RESOURCE, undo(FUNCTION, account, RESOURCE, decision))
    assert sids(account) == ["Uploads", "Anybody"]
    assert plan(FUNCTION, account, RESOURCE, POLICIES).changes == decision.changes


def test_each_call_names_the_revision_that_was_read_just_before(account: Account) -> None:
    add(account, "Also", Action="lambda:GetFunction")
    account.parameters.clear()
    remediate(FUNCTION, account, RESOURCE, POLICIES)
    removed = [sent for name, sent in account.parameters if name == "RemovePermission"]
    assert [each["StatementId"] for each in removed] == ["Also", "Anybody"]
    assert all(each["RevisionId"] for each in removed)


def test_a_statement_that_is_gone_by_then_is_not_removed_again(account: Account) -> None:
    decision = plan(FUNCTION, account, RESOURCE, POLICIES)
    account.client("lambda").remove_permission(FunctionName=RESOURCE.id, StatementId="Anybody")
    account.calls.clear()
    make(FUNCTION, account, RESOURCE, decision)
    assert account.calls == ["lambda:GetPolicy"]


# moto takes the conditions of a function URL as elements of the statement. AWS makes these of them.
URL = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
VIA_URL = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}


def observed_with(account: Account, monkeypatch: pytest.MonkeyPatch, *statements: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Id": "default", "Statement": statements})
    monkeypatch.setattr(
        account.client("lambda"), "get_policy", lambda **_: {"Policy": text, "RevisionId": "1"}
    )


def statement(sid: str, **more: Any) -> dict[str, Any]:
    content = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:resize-images",
        **more,
    }
    return {key: value for key, value in content.items() if value is not None}


def test_a_public_function_url_is_spared_unless_the_account_says_otherwise(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = statement("Url", Action="lambda:InvokeFunctionUrl", Condition=URL)
    observed_with(account, monkeypatch, url, statement("ViaUrl", Condition=VIA_URL))
    assert plan(FUNCTION, account, RESOURCE, POLICIES).outcome is Outcome.NOT_APPLICABLE
    strict = plan(FUNCTION, account, RESOURCE, enabled(FUNCTION, spare_function_urls=False))
    assert {call.parameters["StatementId"] for call in strict.calls} == {"Url", "ViaUrl"}


def test_beside_a_function_url_only_the_other_public_statement_goes(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = statement("Url", Action="lambda:InvokeFunctionUrl", Condition=URL)
    observed_with(account, monkeypatch, url, statement("Anybody"))
    decision = plan(FUNCTION, account, RESOURCE, POLICIES)
    assert [call.parameters["StatementId"] for call in decision.calls] == ["Anybody"]


@pytest.mark.parametrize(
    "odd",
    [
        {"Action": ["lambda:InvokeFunction", "lambda:GetFunction"]},
        {"Principal": {"AWS": ["*", "444455556666"]}},
        {"Sid": None},
        {"Principal": None, "NotPrincipal": {"AWS": "444455556666"}},
        {"Condition": {"StringEquals": {"aws:Referer": "x"}}},
    ],
    ids=str,
)
def test_what_an_undo_could_not_add_again_is_held(
    account: Account, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any]
) -> None:
    observed_with(account, monkeypatch, statement("Odd", **odd))
    decision = plan(FUNCTION, account, RESOURCE, POLICIES)
    assert (decision.calls, decision.verdicts[0].status) == ((), Status.HELD)


def test_the_policy_of_an_alias_is_read_and_changed_with_its_name(account: Account) -> None:
    # moto has one policy for a function and its aliases, so the alias has the statement too.
    client = account.client("lambda")
    version = client.publish_version(FunctionName=RESOURCE.id)["Version"]
    client.create_alias(FunctionName=RESOURCE.id, Name="live", FunctionVersion=version)
    decision = plan(FUNCTION, account, RESOURCE, POLICIES)
    assert {call.parameters.get("Qualifier") for call in decision.calls} == {None, "live"}


def test_a_function_without_a_policy_is_not_public_and_one_that_does_not_exist_is_gone(
    account: Account,
) -> None:
    for sid in ("Anybody", "Uploads"):
        account.client("lambda").remove_permission(FunctionName=RESOURCE.id, StatementId=sid)
    assert plan(FUNCTION, account, RESOURCE, POLICIES).outcome is Outcome.COMPLIANT
    missing = RESOURCE.model_copy(update={"id": "missing"})
    with pytest.raises(account.client("lambda").exceptions.ResourceNotFoundException):
        plan(FUNCTION, account, missing, POLICIES)
