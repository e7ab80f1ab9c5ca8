"""A hub and a member of it in each partition, in different accounts and regions, and their policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.authorization import Policy
from tests.support.template import Stack, admission_at, hub_at, member_at

ORGANIZATION = "o-1234567890"
LISTED = "444455556666"
STRANGER = "555566667777"
EXTERNAL_ID = "8a6b5c40-c9b5-11f0-8de9-0242ac120002"
ROLE = "rightstate-remediation"
ROLES = {"RemediationRole": ROLE, "ReadingRole": f"{ROLE}-read"}
ADMINISTRATOR: Policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Installation:
    hub: Stack
    member: Stack

    def hub_resources(self, **parameters: str) -> Mapping[str, Any]:
        return hub_at(self.hub, **{"OrganizationId": ORGANIZATION, **parameters})

    def admitting_resources(self, accounts: str = LISTED) -> Mapping[str, Any]:
        return admission_at(self.hub, accounts)

    def member_resources(self, *types: str) -> Mapping[str, Any]:
        return member_at(
            self.member,
            *types,
            HubAccount=self.hub.account,
            HubRegion=self.hub.region,
            HubStack=self.hub.name,
            ExternalId=EXTERNAL_ID,
            RoleRegion=self.member.region,
        )

    def function_role(self, function: str) -> str:
        return self.hub.role(f"{self.hub.name}-{self.hub.region}-{function}")


def installation(hub: str, member: str) -> Installation:
    return Installation(
        Stack("999988887777", hub, "rightstate"), Stack("111122223333", member, "rightstate-member")
    )


INSTALLATIONS = {
    "aws": installation("eu-west-1", "us-east-1"),
    "aws-us-gov": installation("us-gov-east-1", "us-gov-west-1"),
    "aws-cn": installation("cn-northwest-1", "cn-north-1"),
}
everywhere = pytest.mark.parametrize("at", INSTALLATIONS.values(), ids=list(INSTALLATIONS))
AT = INSTALLATIONS["aws"]


def policies(resources: Mapping[str, Any], role: str) -> list[Policy]:
    """All that are attached to a role of the template."""
    properties = resources[role]["Properties"]
    found = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for arn in properties.get("ManagedPolicyArns", []):
        [attached] = [name for name, each in resources.items() if _is(arn, name, each)]
        found.append(document(resources, attached))
    return found


def _is(arn: str, name: str, resource: Mapping[str, Any]) -> bool:
    """Whether that is the ARN of the managed policy of the template, which may leave its name to AWS."""
    if resource["Type"] != "AWS::IAM::ManagedPolicy":
        return False
    own = resource["Properties"].get("ManagedPolicyName")
    return arn.endswith(f":policy/{own}") if own else f"-{name}-" in arn


def trust(resources: Mapping[str, Any], role: str) -> Policy:
    document: Policy = resources[role]["Properties"]["AssumeRolePolicyDocument"]
    return document


def document(resources: Mapping[str, Any], name: str) -> Policy:
    """Of a topic or a queue."""
    policy: Policy = resources[name]["Properties"]["PolicyDocument"]
    return policy


def roles(resources: Mapping[str, Any]) -> list[str]:
    return [name for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"]


# What leads to more rights, to data, or to the end of what is watched -> what it is done to.
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:rightstate-apply"
ESCALATIONS = {
    "iam:PassRole": "arn:{partition}:iam::{account}:role/Administrator",
    "iam:PutRolePolicy": "arn:{partition}:iam::{account}:role/rightstate-remediation",
    "iam:AttachRolePolicy": "arn:{partition}:iam::{account}:role/rightstate-remediation",
    "iam:UpdateAssumeRolePolicy": "arn:{partition}:iam::{account}:role/rightstate-remediation",
    "iam:DeleteRolePermissionsBoundary": "arn:{partition}:iam::{account}:role/rightstate-remediation",
    "iam:CreateRole": "arn:{partition}:iam::{account}:role/another",
    "iam:CreateUser": "arn:{partition}:iam::{account}:user/another",
    "iam:CreateAccessKey": "arn:{partition}:iam::{account}:user/bruno",
    "iam:CreatePolicyVersion": "arn:{partition}:iam::{account}:policy/boundary",
    "sts:AssumeRole": "arn:{partition}:iam::{account}:role/Administrator",
    "lambda:UpdateFunctionCode": _FUNCTION,
    "lambda:UpdateFunctionConfiguration": _FUNCTION,
    "lambda:AddPermission": _FUNCTION,
    "lambda:CreateFunction": "arn:{partition}:lambda:{region}:{account}:function:another",
    "states:UpdateStateMachine": "arn:{partition}:states:{region}:{account}:stateMachine:rightstate-s3",
    "states:CreateStateMachine": "arn:{partition}:states:{region}:{account}:stateMachine:another",
    "cloudformation:UpdateStack": "arn:{partition}:cloudformation:{region}:{account}:stack/rightstate/x",
    "cloudformation:CreateStack": "arn:{partition}:cloudformation:{region}:{account}:stack/another/x",
    "events:PutPermission": "arn:{partition}:events:{region}:{account}:event-bus/default",
    "events:PutRule": "arn:{partition}:events:{region}:{account}:rule/another",
    "events:DisableRule": "arn:{partition}:events:{region}:{account}:rule/rightstate-s3-bucket",
    "cloudtrail:DeleteTrail": "arn:{partition}:cloudtrail:{region}:{account}:trail/management-events",
    "s3:GetObject": "arn:{partition}:s3:::payments-archive/2026/11.csv",
    "s3:PutObject": "arn:{partition}:s3:::payments-archive/2026/11.csv",
    "s3:ListBucket": "arn:{partition}:s3:::payments-archive",
    "s3:DeleteBucket": "arn:{partition}:s3:::payments-archive",
    "kms:Decrypt": "arn:{partition}:kms:{region}:{account}:key/1234abcd",
    "kms:PutKeyPolicy": "arn:{partition}:kms:{region}:{account}:key/1234abcd",
    "kms:ScheduleKeyDeletion": "arn:{partition}:kms:{region}:{account}:key/1234abcd",
    "secretsmanager:GetSecretValue": "arn:{partition}:secretsmanager:{region}:{account}:secret:x",
    "ssm:GetParameter": "arn:{partition}:ssm:{region}:{account}:parameter/x",
    "ssm:SendCommand": "arn:{partition}:ec2:{region}:{account}:instance/i-0a1b2c3d4e5f60718",
    "ec2:RunInstances": "arn:{partition}:ec2:{region}:{account}:instance/*",
    "ec2:TerminateInstances": "arn:{partition}:ec2:{region}:{account}:instance/i-0a1b2c3d4e5f60718",
    "dynamodb:GetItem": "arn:{partition}:dynamodb:{region}:{account}:table/customers",
    "dynamodb:DeleteTable": "arn:{partition}:dynamodb:{region}:{account}:table/customers",
    "kinesis:GetRecords": "arn:{partition}:kinesis:{region}:{account}:stream/clickstream",
    "sqs:ReceiveMessage": "arn:{partition}:sqs:{region}:{account}:invoices",
    "rds:DeleteDBInstance": "arn:{partition}:rds:{region}:{account}:db:orders",
    "rds:CopyDBSnapshot": "arn:{partition}:rds:{region}:{account}:snapshot:before-upgrade",
    "redshift:GetClusterCredentials": "arn:{partition}:redshift:{region}:{account}:dbuser:analytics/x",
    "organizations:LeaveOrganization": "*",
}
