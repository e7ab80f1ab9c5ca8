"""A bucket that its ACL and its policy open to the public, and that S3's log delivery may write to.

Beside it is the bucket that gets access logs, and a trail that delivers to it.
"""

import json
from typing import Any

import boto3

from rightstate_cli.simulation.examples import Example, s3_control

_GROUPS = "http://acs.amazonaws.com/groups/"
_PERMISSIONS = ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")


def _create(session: boto3.Session, name: str, policy: str) -> str:
    s3 = session.client("s3")
    account = session.client("sts").get_caller_identity()["Account"]
    # A block of the whole account would make up for what the bucket lacks.
    s3_control(session).delete_public_access_block(AccountId=account)
    _create_bucket(session, name)
    acl = s3.get_bucket_acl(Bucket=name)
    opened = [(group, each) for group in ("AllUsers", "AuthenticatedUsers") for each in _PERMISSIONS]
    grants = [
        *acl["Grants"],
        *(
            {"Grantee": {"Type": "Group", "URI": _GROUPS + group}, "Permission": permission}
            for group, permission in (
                *((f"global/{group}", permission) for group, permission in opened),
                ("s3/LogDelivery", "WRITE"),
            )
        ),
    ]
    s3.put_bucket_acl(
        Bucket=name,
        AccessControlPolicy={"Owner": acl["Owner"], "Grants": grants},  # type: ignore[typeddict-item]
    )
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_policy(name), indent=2))
    if policy.startswith("cloudtrail-"):
        session.client("cloudtrail").create_trail(Name=f"to-{name}", S3BucketName=name)
    _create_log_bucket(session, account)
    return name


def _create_bucket(session: boto3.Session, name: str) -> None:
    region = session.region_name
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    session.client("s3").create_bucket(Bucket=name, **elsewhere)  # type: ignore[arg-type]


def _policy(name: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{name}"
    partner = {"AWS": "arn:aws:iam::444455556666:root"}
    return {
        "Version": "2012-10-17",
        "Id": "downloads",
        "Statement": [
            {
                "Sid": "AnybodyMayDownload",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"{arn}/*",
            },
            {
                "Sid": "PartnerMayList",
                "Effect": "Allow",
                "Principal": partner,
                "Action": "s3:ListBucket",
                "Resource": arn,
            },
            {
                "Sid": "AnybodyMayUpload",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["s3:GetObjectTagging", "s3:PutObject"],
                "Resource": f"{arn}/incoming/*",
            },
        ],
    }


def _create_log_bucket(session: boto3.Session, account: str) -> None:
    name = f"access-logs-{account}-{session.region_name}"
    s3 = session.client("s3")
    if name in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        return
    _create_bucket(session, name)
    writer = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [writer]}))


EXAMPLE = Example(
    name="payments-archive",
    policy="s3-block-public-access",
    event="PutBucketAcl",
    recorded=(
        "CreateBucket",
        "DeleteAccountPublicAccessBlock",
        "DeleteBucketEncryption",
        "DeleteBucketPublicAccessBlock",
        "PutAccelerateConfiguration",
        "PutAccountPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketEncryption",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketVersioning",
    ),
    create=_create,
)
