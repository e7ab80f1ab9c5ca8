"""A bucket that its ACL opens to the public, and that S3's log delivery may write to."""

import boto3

from rightstate_cli.simulation.examples import Example

_GROUPS = "http://acs.amazonaws.com/groups/"
_PERMISSIONS = ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")


def _create(session: boto3.Session, name: str, policy: str) -> str:
    s3 = session.client("s3")
    region = session.region_name
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    s3.create_bucket(Bucket=name, **elsewhere)  # type: ignore[arg-type]
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
    return name


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
