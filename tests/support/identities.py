"""Users and roles of the own account with policies of their own, to be signed in as."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.server import Server

Statements = Sequence[Mapping[str, Any]]
_TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
_KEYS = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}


def user(server: Server, statements: Statements, managed: Sequence[str] = ()) -> dict[str, str]:
    """The environment of a user with those policies."""
    iam, name = server.session().client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=_document(statements))
    for arn in managed:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    return _environment(server, iam.create_access_key(UserName=name)["AccessKey"])


def role(server: Server, statements: Statements, path: str = "/") -> dict[str, str]:
    """The environment of a session of a role with those policies."""
    iam, name = server.session().client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=_document([_TRUST]))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(statements))
    sts = server.session().client("sts")
    return _environment(server, sts.assume_role(RoleArn=made["Arn"], RoleSessionName="ben")["Credentials"])


def _environment(server: Server, keys: Mapping[str, Any]) -> dict[str, str]:
    given = {name: keys[key] for name, key in _KEYS.items() if key in keys}
    server.calls.clear()
    return {**server.environment, **given}


def _document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
