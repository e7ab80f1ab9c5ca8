"""A function that everybody may invoke, and a bucket of the account too."""

import io
import json
import zipfile

import boto3

from rightstate_cli.simulation.examples import Example

_ROLE = "resize-images"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    client = session.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=_role(session),
        Handler="app.handler",
        Code={"ZipFile": _code()},
    )
    client.add_permission(
        FunctionName=name, StatementId="Anybody", Action="lambda:InvokeFunction", Principal="*"
    )
    client.add_permission(
        FunctionName=name,
        StatementId="Uploads",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::uploads",
        SourceAccount=account,
    )
    return name


def _role(session: boto3.Session) -> str:
    iam = session.client("iam")
    for role in iam.list_roles()["Roles"]:
        if role["RoleName"] == _ROLE:
            return role["Arn"]
    made = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    return made["Role"]["Arn"]


def _code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", "def handler(event, context):\n    return None\n")
    return archive.getvalue()


EXAMPLE = Example(
    name="resize-images",
    policy="lambda-function-not-public",
    event="AddPermission20150331v2",
    create=_create,
)
