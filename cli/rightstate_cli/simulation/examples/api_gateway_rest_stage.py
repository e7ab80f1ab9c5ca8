"""A stage that logs nothing, and caches the answers of one method unencrypted."""

import re

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    service = session.client("apigateway")
    # AWS makes up the id of an API; moto takes it from this tag.
    known = re.sub(r"[^a-z0-9]", "", name.partition("/")[0])
    api = service.create_rest_api(name="shop", tags={"_custom_id_": known})["id"]
    root = service.get_resources(restApiId=api)["items"][0]["id"]
    service.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    service.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = service.create_deployment(restApiId=api)["id"]
    service.create_stage(
        restApiId=api,
        stageName="prod",
        deploymentId=deployment,
        cacheClusterEnabled=True,
    )
    settings = {
        "/*/*/logging/loglevel": "OFF",
        "/~1carts/GET/logging/loglevel": "OFF",
        "/~1carts/GET/caching/enabled": "true",
        "/~1carts/GET/caching/dataEncrypted": "false",
    }
    service.update_stage(
        restApiId=api,
        stageName="prod",
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in settings.items()],
    )
    role = f"arn:aws:iam::{session.client('sts').get_caller_identity()['Account']}:role/api-gateway-logs"
    service.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    return f"{api}/stages/prod"


EXAMPLE = Example(
    name="a1b2c3d4e5/stages/prod",
    policy="api-gateway-rest-execution-logging",
    event="UpdateStage",
    create=_create,
)
