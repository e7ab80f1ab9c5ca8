"""Whether Security Hub is on, and how it is enabled."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

HUB = load("security-hub")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="123456789012")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def test_it_is_enabled_with_one_call_and_an_undo_disables_it_with_consent(account: Account) -> None:
    decision = remediate(HUB, account, RESOURCE, enabled(HUB))
    assert account.calls == ["securityhub:DescribeHub", "securityhub:EnableSecurityHub"]
    assert plan(HUB, account, RESOURCE, enabled(HUB)).outcome is Outcome.COMPLIANT
    assert undo(HUB, account, RESOURCE, decision, consent=False).outcome is Outcome.UNDO_REFUSED
    make(HUB, account, RESOURCE, undo(HUB, account, RESOURCE, decision))
    assert plan(HUB, account, RESOURCE, enabled(HUB)).apply


@pytest.mark.parametrize(
    ("code", "off"),
    [("InvalidAccessException", True), ("ResourceNotFoundException", True), ("AccessDeniedException", False)],
)
def test_it_is_off_only_where_the_answer_says_so(account: Account, code: str, off: bool) -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": code}}, "DescribeHub")

    account.client("securityhub").describe_hub = refuse
    if off:
        assert plan(HUB, account, RESOURCE, enabled(HUB)).apply
    else:
        with pytest.raises(ClientError):
            plan(HUB, account, RESOURCE, enabled(HUB))
