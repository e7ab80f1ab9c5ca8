"""A user whose access key, or else password, is two years old and was never used."""

from datetime import timedelta

import boto3
from moto.iam.models import iam_backends

from rightstate_cli.simulation.examples import Example

_AGE = timedelta(days=730)


def _create(session: boto3.Session, name: str, policy: str) -> str:
    iam = session.client("iam")
    iam.create_user(UserName=name)
    if policy == "iam-user-unused-password":
        # Not beside a key: what removes a password cannot be undone.
        iam.create_login_profile(UserName=name, Password="planted-secret-1A")  # noqa: S106
    else:
        iam.create_access_key(UserName=name)
    # No call of AWS's makes anything that is old.
    user = iam_backends[session.client("sts").get_caller_identity()["Account"]]["aws"].users[name]
    user.create_date -= _AGE
    for key in user.access_keys:
        key.create_date -= _AGE
    return name


EXAMPLE = Example(
    name="ci-deployer",
    policy="iam-user-unused-access-keys",
    event="UpdateAccessKey",
    create=_create,
)
