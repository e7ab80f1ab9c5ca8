"""What is read of the settings of Systems Manager, and what is written."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from rightstate.aws.sessions import Phase, session_policy
from rightstate.catalogue import load
from rightstate.errors import CallFailed
from rightstate.models.decision import Outcome
from rightstate.policies.ssm_settings import HOST_MANAGEMENT_ROLE
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

SSM = load("ssm-settings")
PLACE = Place(account="123456789012", region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id=PLACE.account)
SHARING, HOSTS = (each.id for each in SSM.policies)
SHARING_ID = (
    "arn:aws:ssm:us-east-1:123456789012:servicesetting/ssm/documents/console/public-sharing-permission"
)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def test_both_are_set_and_an_undo_resets_what_nobody_had_set(account: Account) -> None:
    examples.load("ssm-settings").create(boto3.Session(region_name="us-east-1"), "", "")
    decision = remediate(SSM, account, RESOURCE, enabled(SSM))
    assert [change.after for change in decision.changes] == ["Disable", HOST_MANAGEMENT_ROLE]
    assert plan(SSM, account, RESOURCE, enabled(SSM)).outcome is Outcome.COMPLIANT
    back = undo(SSM, account, RESOURCE, decision)
    assert [call.operation for call in back.calls] == ["ResetServiceSetting"] * 2
    make(SSM, account, RESOURCE, back)
    assert {change.before for change in plan(SSM, account, RESOURCE, enabled(SSM)).changes} == {
        "Enable",
        None,
    }


def test_an_undo_sets_what_somebody_had_set(account: Account) -> None:
    account.client("ssm").update_service_setting(SettingId=SHARING_ID, SettingValue="Enable")
    decision = remediate(SSM, account, RESOURCE, enabled(SSM, SHARING))
    [call] = undo(SSM, account, RESOURCE, decision).calls
    assert (call.operation, call.parameters["SettingValue"]) == ("UpdateServiceSetting", "Enable")


def test_a_role_that_does_not_exist_is_not_set(account: Account) -> None:
    with pytest.raises(CallFailed, match="There is no role"):
        remediate(SSM, account, RESOURCE, enabled(SSM, HOSTS))
    assert "ssm:UpdateServiceSetting" not in account.calls


def test_another_role_stays_and_no_other_can_be_chosen(account: Account) -> None:
    hosts = SHARING_ID.replace(
        "documents/console/public-sharing-permission", "managed-instance/default-ec2-instance-management-role"
    )
    account.client("ssm").update_service_setting(SettingId=hosts, SettingValue="service-role/Theirs")
    assert plan(SSM, account, RESOURCE, enabled(SSM, HOSTS)).outcome is Outcome.COMPLIANT
    [policy] = [each for each in SSM.policies if each.id == HOSTS]
    assert policy.parameters["role_name"].accepts(f"{HOST_MANAGEMENT_ROLE}-eu")
    assert not policy.parameters["role_name"].accepts("Administrator")
    allowed = session_policy(SSM, Phase.APPLY, PLACE)
    assert f"arn:aws:iam::{PLACE.account}:role/{HOST_MANAGEMENT_ROLE}*" in allowed
