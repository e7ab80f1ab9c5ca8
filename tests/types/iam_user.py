"""What the tests know of IAM users."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    iam = session.client("iam")
    return {
        "keys": or_error(iam.list_access_keys, UserName=name),
        "password": or_error(iam.get_login_profile, UserName=name),
    }


EXPECTED = Expected(
    arn="arn:{partition}:iam::{account}:user/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("iam").tag_user(UserName=name, Tags=LISTED),
    names={
        "ci-deployer": "ci-deployer",
        "arn:aws:iam::111122223333:user/ci-deployer": "ci-deployer",
        "arn:aws:iam::111122223333:user/build/eu/ci-deployer": "ci-deployer",
    },
    elsewhere={"arn:aws:iam::999999999999:user/ci-deployer": "account"},
    not_in_config="Config calls a user by the unique id that IAM has made up for it.",
    also_calls=("sts",),
    read_one_by_one=("iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:ListAccessKeys"),
    rarely_read={"sts:GetCallerIdentity": "before a key is switched off, lest it is the caller's own"},
    rarely_written={"iam:DeleteLoginProfile": "cannot be undone, so that the example has no password"},
)
