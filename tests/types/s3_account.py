"""What the tests know of the S3 settings of an account."""

from tests.support.answers import or_error
from tests.types import Expected

_IAM_ACTIONS = {
    "s3control:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3control:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}

EXPECTED = Expected(
    arn="*",
    read=lambda session, account: {
        "block": or_error(session.client("s3control").get_public_access_block, AccountId=account)
    },
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:s3::111122223333:account": "111122223333",
    },
    elsewhere={"arn:aws:s3::999999999999:account": "account"},
    not_in_config="Config has no identifier for it other than the account's, which other types have too.",
    iam_actions=_IAM_ACTIONS,
    read_one_by_one=("s3control:GetPublicAccessBlock",),
    also_starts={
        "DeleteAccountPublicAccessBlock": ("s3-bucket",),
        "PutAccountPublicAccessBlock": ("s3-bucket",),
    },
)
