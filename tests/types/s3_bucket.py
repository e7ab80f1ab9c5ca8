"""What the tests know of S3 buckets."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected

_READS = (
    "get_public_access_block",
    "get_bucket_acl",
    "get_bucket_versioning",
    "get_bucket_encryption",
    "get_bucket_accelerate_configuration",
    "get_bucket_ownership_controls",
    "get_bucket_policy",
    "get_bucket_tagging",
    "get_bucket_lifecycle_configuration",
    "get_bucket_logging",
)


def _read(session: boto3.Session, name: str) -> Readers:
    s3 = session.client("s3")
    return {read: or_error(getattr(s3, read), Bucket=name) for read in _READS}


# Service authorization reference, Amazon S3.
_IAM_ACTIONS = {
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:PutBucketAccelerateConfiguration": "s3:PutAccelerateConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
}


EXPECTED = Expected(
    arn="arn:{partition}:s3:::{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("s3").put_bucket_tagging(
        Bucket=name, Tagging={"TagSet": LISTED}
    ),
    names={
        "payments-archive": "payments-archive",
        "arn:aws:s3:::payments-archive": "payments-archive",
        "logs.example.com": "logs.example.com",
        "Old_Bucket": "Old_Bucket",
    },
    config_id=("logs", "logs"),
    iam_actions=_IAM_ACTIONS,
    read_one_by_one=(
        "s3:GetBucketAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketEncryption",
        "s3:GetBucketLifecycleConfiguration",
        "s3:GetBucketLogging",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetPublicAccessBlock",
    ),
    rarely_read={
        "s3:GetBucketObjectLockConfiguration": "asked of the bucket for logs before it gets any",
        "s3:GetBucketRequestPayment": "asked of the bucket for logs before it gets any",
        "s3:GetBucketLocation": "asked of servers that resemble S3 and do not list the regions of buckets",
    },
    nearest={
        "s3-versioning": {"get_bucket_versioning": {"Status": "Suspended"}},
        "s3-transfer-acceleration": {"get_bucket_accelerate_configuration": {"Status": "Suspended"}},
    },
    rarely_written={"s3:DeleteBucketPolicy": "where no statement is left"},
    also_starts={
        "DeleteAccountPublicAccessBlock": ("s3-account",),
        "PutAccountPublicAccessBlock": ("s3-account",),
    },
)
