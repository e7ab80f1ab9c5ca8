"""What is read of the S3 settings of an account, and what is written."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

S3 = load("s3-account")
ACCOUNT = "123456789012"
RESOURCE = Resource(account=ACCOUNT, region="us-east-1", id=ACCOUNT)
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def put(account: Account, **values: bool) -> None:
    account.client("s3control").put_public_access_block(
        AccountId=ACCOUNT, PublicAccessBlockConfiguration=values
    )


def blocks(account: Account) -> dict[str, bool]:
    answer = account.client("s3control").get_public_access_block(AccountId=ACCOUNT)
    found: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
    return found


def test_an_account_without_a_block_gets_one_and_an_undo_deletes_it(account: Account) -> None:
    decision = remediate(S3, account, RESOURCE, enabled(S3))
    assert decision.outcome is Outcome.REMEDIATED
    assert blocks(account) == dict.fromkeys(BLOCKS, True)
    assert plan(S3, account, RESOURCE, enabled(S3)).outcome is Outcome.COMPLIANT
    back = undo(S3, account, RESOURCE, decision)
    assert [call.operation for call in back.calls] == ["DeletePublicAccessBlock"]
    make(S3, account, RESOURCE, back)
    assert plan(S3, account, RESOURCE, enabled(S3)).apply


@pytest.mark.parametrize("on", BLOCKS)
def test_what_is_on_stays_on_and_an_undo_takes_back_the_others(account: Account, on: str) -> None:
    before = {**dict.fromkeys(BLOCKS, False), on: True}
    put(account, **before)
    decision = remediate(S3, account, RESOURCE, enabled(S3))
    assert {change.setting for change in decision.changes} == {*BLOCKS} - {on}
    assert blocks(account) == dict.fromkeys(BLOCKS, True)
    make(S3, account, RESOURCE, undo(S3, account, RESOURCE, decision))
    assert blocks(account) == before


def test_a_value_that_somebody_switches_on_after_the_decision_stays_on(account: Account) -> None:
    put(account, **{**dict.fromkeys(BLOCKS, True), "BlockPublicAcls": False, "IgnorePublicAcls": False})
    decision = plan(S3, account, RESOURCE, enabled(S3))
    [call] = decision.calls
    only = call.model_copy(
        update={
            "parameters": {
                "AccountId": ACCOUNT,
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
            }
        }
    )
    put(account, **{**dict.fromkeys(BLOCKS, True), "BlockPublicAcls": False})
    S3.apply(account.client, RESOURCE, only, decision.changes)
    assert blocks(account) == dict.fromkeys(BLOCKS, True)
