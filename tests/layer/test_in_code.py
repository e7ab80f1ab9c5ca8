"""Each setting that is written has its place in CloudFormation and in Terraform, or the reason why not."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from rightstate.catalogue import load, load_all
from rightstate.in_code import InCode
from rightstate.wants import Value

PLACES = [
    pytest.param(place, id=f"{each.name}-{name}-{number}")
    for each in load_all()
    for name, of_setting in each.in_code.items()
    for number, place in enumerate(of_setting.places())
]
every_place = pytest.mark.parametrize("place", PLACES)

# --- CloudFormation: the resource schemas that cfn-lint carries ---

SCHEMAS = files("cfnlint") / "data" / "schemas"


@cache
def schema(resource: str) -> Mapping[str, Any]:
    """Raises KeyError where CloudFormation has no such type."""
    names = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    found: Mapping[str, Any] = json.loads((SCHEMAS / "resources" / f"{names[resource]}.json").read_text())
    return found


def forms(whole: Mapping[str, Any], of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a part of a schema may be, its references followed."""
    yield of
    if "$ref" in of:
        yield from forms(whole, whole["definitions"][of["$ref"].rpartition("/")[2]])
    for one in (*of.get("oneOf", ()), *of.get("anyOf", ())):
        yield from forms(whole, one)


def has(whole: Mapping[str, Any], part: Mapping[str, Any], steps: list[str]) -> bool:
    """Whether the path leads to something in that part of the schema."""
    if not steps:
        return True
    (step, *rest), possible = steps, [*forms(whole, part)]
    if step == "[]":
        return any("items" in form and has(whole, form["items"], rest) for form in possible)
    if any(step in form.get("properties", ()) for form in possible):
        return any(
            has(whole, form["properties"][step], rest)
            for form in possible
            if step in form.get("properties", ())
        )
    # A map, as the parameters of a parameter group: its keys are free.
    return not rest and not any("properties" in form or "items" in form for form in possible)


def steps_of(path: str) -> list[str]:
    """`Items[key.of.one].Value` -> Items, [], Value."""
    return re.sub(r"\[[^]]*\]", ".[]", path).split(".")


def known(address: str) -> bool:
    resource, _, path = address.partition("/")
    return has(schema(resource), schema(resource), steps_of(path))


@every_place
def test_a_property_of_cloudformation_is_one_of_the_resource_type(place: InCode) -> None:
    assert not place.cloudformation or known(place.cloudformation)


@pytest.mark.parametrize(
    "wrong",
    [
        "AWS::S3::Bucket/VersioningConfiguration.State",
        "AWS::S3::Bucket/VersioningConfiguration[].Status",
        "AWS::S3::Bucket/BucketName.Status.Of",
        "AWS::ElasticLoadBalancingV2::LoadBalancer/LoadBalancerAttributes.Value",
        "AWS::RDS::DBParameterGroup/Parameters.a.b",
    ],
)
def test_a_property_that_does_not_exist_is_noticed(wrong: str) -> None:
    assert not known(wrong)


# --- Both ---


@pytest.mark.parametrize("name", [each.name for each in load_all()])
def test_every_setting_that_is_written_has_its_place_in_code(name: str) -> None:
    resource_type = load(name)
    assert set(resource_type.in_code) == {
        setting for setting, declared in resource_type.settings.items() if declared.write
    }


@every_place
def test_an_argument_of_terraform_is_named_with_its_resource(place: InCode) -> None:
    named = r"aws_[a-z0-9_]+(\|aws_[a-z0-9_]+)*(\.[a-z0-9_]+)+"
    assert not place.terraform or re.fullmatch(named, place.terraform)


@every_place
def test_what_has_no_place_has_a_reason_and_nothing_else_has(place: InCode) -> None:
    assert bool(place.without) == (not (place.cloudformation and place.terraform))


@pytest.mark.parametrize(
    ("resource_type", "setting", "value", "lines"),
    [
        (
            "s3-bucket",
            "BlockPublicAcls",
            True,
            [
                "CloudFormation AWS::S3::Bucket: PublicAccessBlockConfiguration.BlockPublicAcls: true",
                "Terraform aws_s3_bucket_public_access_block: block_public_acls = true",
            ],
        ),
        (
            "s3-bucket",
            "Versioning",
            "Enabled",
            [
                'CloudFormation AWS::S3::Bucket: VersioningConfiguration.Status: "Enabled"',
                'Terraform aws_s3_bucket_versioning: versioning_configuration.status = "Enabled"',
            ],
        ),
        (
            "s3-bucket",
            "Grants",
            [],
            [
                "CloudFormation AWS::S3::Bucket: AccessControl",
                "Terraform aws_s3_bucket_acl: access_control_policy.grant",
            ],
        ),
        (
            "dynamodb-table",
            "PointInTimeRecoveryStatus",
            "ENABLED",
            [
                "CloudFormation AWS::DynamoDB::Table: "
                "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled: true",
                "Terraform aws_dynamodb_table: point_in_time_recovery.enabled = true",
            ],
        ),
        (
            "sqs-queue",
            "Encryption",
            "SSE-SQS",
            [
                "CloudFormation AWS::SQS::Queue: SqsManagedSseEnabled: true",
                "Terraform aws_sqs_queue: sqs_managed_sse_enabled = true",
            ],
        ),
        (
            "sqs-queue",
            "Encryption",
            "alias/own",
            [
                'CloudFormation AWS::SQS::Queue: KmsMasterKeyId: "alias/own"',
                'Terraform aws_sqs_queue: kms_master_key_id = "alias/own"',
            ],
        ),
        (
            "rds-instance",
            "EnabledCloudwatchLogsExports",
            ["error", "general"],
            [
                'CloudFormation AWS::RDS::DBInstance: EnableCloudwatchLogsExports: ["error", "general"]',
                'Terraform aws_db_instance: enabled_cloudwatch_logs_exports = ["error", "general"]',
            ],
        ),
        (
            "rds-instance",
            "PubliclyAccessible",
            False,
            [
                "CloudFormation AWS::RDS::DBInstance: PubliclyAccessible: false",
                "Terraform aws_db_instance or aws_rds_cluster_instance: publicly_accessible = false",
            ],
        ),
        (
            "iam-password-policy",
            "MinimumPasswordLength",
            14,
            [
                "Terraform aws_iam_account_password_policy: minimum_password_length = 14",
                "CloudFormation has no resource type for the account's password policy.",
            ],
        ),
        (
            "cloudformation-stack",
            "EnableTerminationProtection",
            True,
            [
                "A template cannot protect its own stack. The tool that creates the stack does, such as "
                "terminationProtection of a CDK stack. The Terraform provider has no argument for it.",
            ],
        ),
    ],
)
def test_the_lines_say_what_to_write_where(
    resource_type: str, setting: str, value: Value, lines: list[str]
) -> None:
    assert list(load(resource_type).in_code[setting].lines(value)) == lines
