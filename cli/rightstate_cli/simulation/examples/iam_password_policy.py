"""A weak password policy."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("iam").update_account_password_policy(
        MinimumPasswordLength=6, AllowUsersToChangePassword=True
    )
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="iam-password-policy-min-length",
    event="UpdateAccountPasswordPolicy",
    recorded=("UpdateAccountPasswordPolicy",),
    create=_create,
)
