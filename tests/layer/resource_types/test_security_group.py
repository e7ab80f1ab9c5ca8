"""What is read of a security group, which rules are written, and which groups are left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

GROUP = load("security-group")
SSH = "security-group-no-public-ssh"
RDP = "security-group-no-public-rdp"
DEFAULT = "security-group-default-closed"
ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "for all"}]}
EVERYTHING = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, **ANYWHERE}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


@pytest.fixture
def ec2(account: Account) -> Any:
    return boto3.client("ec2", region_name="us-east-1")


def group_of(ec2: Any, *permissions: dict[str, Any], default: bool = False, **more: Any) -> Resource:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if default:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    else:
        group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    for permission in permissions:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission], **more)
    return Resource(account="123456789012", region="us-east-1", id=group)


def rules_of(account: Account, group: Resource) -> list[str]:
    observed = GROUP.describe(account.client, group, frozenset({"PublicIngress", "OtherIngress", "Egress"}))
    return [rule for name in ("PublicIngress", "OtherIngress", "Egress") for rule in observed[name]]  # type: ignore[union-attr]


def test_pieces_go_in_before_the_wide_rule_goes_out_with_description_and_tags(
    account: Account, ec2: Any
) -> None:
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "web"}]}]
    group = group_of(ec2, EVERYTHING, TagSpecifications=tags)
    decision = remediate(GROUP, account, group, enabled(GROUP, SSH, RDP))
    assert account.calls[-2:] == ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    assert decision.outcome is Outcome.REMEDIATED
    of_rule = '0.0.0.0/0 "for all" tags {"team": "web"}'
    assert sorted(rules_of(account, group)[:-1]) == [
        f"tcp 0-21 {of_rule}",
        f"tcp 23-3388 {of_rule}",
        f"tcp 3390-65535 {of_rule}",
    ]
    assert plan(GROUP, account, group, enabled(GROUP, SSH, RDP)).outcome is Outcome.COMPLIANT


def test_an_undo_brings_the_wide_rule_back_and_takes_the_pieces_away(account: Account, ec2: Any) -> None:
    group = group_of(ec2, EVERYTHING)
    before = rules_of(account, group)
    decision = remediate(GROUP, account, group, enabled(GROUP, SSH))
    assert rules_of(account, group) != before
    make(GROUP, account, group, undo(GROUP, account, group, decision))
    assert rules_of(account, group) == before


def test_other_rules_of_the_group_are_never_in_a_call(account: Account, ec2: Any) -> None:
    office = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    group = group_of(ec2, office, {**office, **ANYWHERE})
    ids = {
        rule["CidrIpv4"]: rule["SecurityGroupRuleId"]
        for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group.id]}])[
            "SecurityGroupRules"
        ]
        if not rule["IsEgress"]
    }
    [call] = remediate(GROUP, account, group, enabled(GROUP, SSH)).calls
    assert call.parameters["SecurityGroupRuleIds"] == [ids["0.0.0.0/0"]]
    assert "tcp 22 203.0.113.0/24" in rules_of(account, group)


def test_a_rule_for_all_protocols_is_reported_and_goes_only_where_the_account_says_so(
    account: Account, ec2: Any
) -> None:
    group = group_of(ec2, {"IpProtocol": "-1", **ANYWHERE})
    [verdict] = plan(GROUP, account, group, enabled(GROUP, SSH)).verdicts
    assert (verdict.status, "ICMP" in verdict.reason) == (Status.HELD, True)
    remediate(GROUP, account, group, enabled(GROUP, SSH, keep_all_protocols=False))
    assert rules_of(account, group) == ["all all 0.0.0.0/0"]  # the rule for what goes out


def test_a_default_group_loses_all_rules_whatever_the_other_policies_want(account: Account, ec2: Any) -> None:
    group = group_of(ec2, EVERYTHING, default=True)
    decision = remediate(GROUP, account, group, enabled(GROUP))
    assert [call.operation for call in decision.calls] == [
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
    ]
    assert rules_of(account, group) == []
    assert plan(GROUP, account, group, enabled(GROUP)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize(
    ("only_unused", "status"), [(True, Status.HELD), (False, Status.BROKEN)], ids=["reported", "closed"]
)
def test_a_default_group_in_use_is_closed_only_where_the_account_says_so(
    account: Account, ec2: Any, only_unused: bool, status: Status
) -> None:
    group = group_of(ec2, default=True)
    vpc = ec2.describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, Groups=[group.id])
    [verdict] = plan(GROUP, account, group, enabled(GROUP, DEFAULT, only_unused=only_unused)).verdicts
    assert verdict.status is status


def test_the_policy_on_default_groups_is_silent_about_others(account: Account, ec2: Any) -> None:
    assert plan(GROUP, account, group_of(ec2, EVERYTHING), enabled(GROUP, DEFAULT)).verdicts == ()


def test_a_group_that_another_account_shares_is_left_alone(account: Account, ec2: Any) -> None:
    group = group_of(ec2, EVERYTHING).model_copy(update={"account": "444455556666"})
    assert plan(GROUP, account, group, enabled(GROUP, SSH)).outcome is Outcome.NOT_APPLICABLE


def test_a_new_vpc_is_about_its_default_group(account: Account, ec2: Any) -> None:
    group = group_of(ec2, default=True)
    vpc = ec2.describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]["VpcId"]
    assert GROUP.members is not None
    assert list(GROUP.members(account.client, Place(account="123456789012", region="us-east-1"), vpc)) == [
        ("us-east-1", group.id)
    ]
