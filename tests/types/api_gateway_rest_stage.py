"""What the tests know of stages of API Gateway REST APIs."""

from typing import Any

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import TAGS
from tests.types import Busy, Expected

ARN = "arn:{partition}:apigateway:{region}::"


def _read(session: boto3.Session, name: str) -> Readers:
    api, _, stage = name.partition("/stages/")
    return {"stage": or_error(session.client("apigateway").get_stage, restApiId=api, stageName=stage)}


def _tag(session: Any, name: str, arn: str) -> None:
    session.client("apigateway").tag_resource(resourceArn=arn, tags=TAGS)


EXPECTED = Expected(
    arn=f"{ARN}/restapis/{{id}}",
    read=_read,
    tag=_tag,
    read_on=(f"{ARN}/account", f"{ARN}/restapis", f"{ARN}/restapis/a1/stages", f"{ARN}/restapis/{{id}}"),
    busy=Busy(
        "GetStage",
        ("cacheClusterStatus",),
        "FLUSH_IN_PROGRESS",
        policy="api-gateway-rest-cache-encryption",
    ),
    names={"arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod": "a1b2c3d4e5/stages/prod"},
    elsewhere={
        "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod": "region",
        "arn:aws-cn:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod": "partition",
    },
    other_kinds=("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5",),
    config_id=(
        "arn:aws:apigateway:{region}::/restapis/a1b2c3d4e5/stages/prod",
        "a1b2c3d4e5/stages/prod",
    ),
    iam_actions={
        "apigateway:GetAccount": "apigateway:GET",
        "apigateway:GetRestApis": "apigateway:GET",
        "apigateway:GetStage": "apigateway:GET",
        "apigateway:GetStages": "apigateway:GET",
        "apigateway:UpdateStage": "apigateway:PATCH",
    },
    listed=1.06,  # each API takes a call for its stages
)
