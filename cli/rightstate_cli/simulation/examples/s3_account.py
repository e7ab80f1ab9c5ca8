"""An account whose four values are all off."""

import boto3

from rightstate_cli.simulation.examples import Example, s3_control


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    s3_control(session).put_public_access_block(
        AccountId=account,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
        ),
    )
    return account


EXAMPLE = Example(
    name="111122223333",
    policy="s3-account-block-public-access",
    event="PutAccountPublicAccessBlock",
    recorded=("DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
    create=_create,
)
