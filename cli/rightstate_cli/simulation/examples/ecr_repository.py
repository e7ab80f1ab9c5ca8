"""A repository that everybody may pull from, and that does not scan."""

import json

import boto3

from rightstate_cli.simulation.examples import Example

_STATEMENTS = [
    {
        "Sid": "AnybodyMayPull",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    },
    {
        "Sid": "PartnerMayPull",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    },
]


def _create(session: boto3.Session, name: str, policy: str) -> str:
    ecr = session.client("ecr")
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": False})
    document = {"Version": "2012-10-17", "Statement": _STATEMENTS}
    ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(document))
    return name


EXAMPLE = Example(
    name="shop/checkout",
    policy="ecr-repository-policy-not-public",
    event="SetRepositoryPolicy",
    create=_create,
)
