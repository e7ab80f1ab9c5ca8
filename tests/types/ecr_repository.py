"""What the tests know of ECR repositories."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ecr = session.client("ecr")
    return {
        "repository": or_error(ecr.describe_repositories, repositoryNames=[name]),
        "policy": or_error(ecr.get_repository_policy, repositoryName=name),
    }


EXPECTED = Expected(
    arn="arn:{partition}:ecr:{region}:{account}:repository/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ecr").tag_resource(resourceArn=arn, tags=LISTED),
    names={
        "checkout": "checkout",
        "shop/checkout": "shop/checkout",
        "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout": "shop/checkout",
    },
    elsewhere={
        "arn:aws:ecr:eu-west-1:999999999999:repository/checkout": "account",
        "arn:aws:ecr:us-east-1:111122223333:repository/checkout": "region",
        "arn:aws-cn:ecr:eu-west-1:111122223333:repository/checkout": "partition",
    },
    config_id=("shop/checkout", "shop/checkout"),
    read_one_by_one=("ecr:GetRepositoryPolicy",),
    rarely_written={"ecr:DeleteRepositoryPolicy": "where no statement is left"},
)
