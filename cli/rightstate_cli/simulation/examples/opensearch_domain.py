"""A domain with a public endpoint that everybody may search."""

import json

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    # AWS takes 28 characters.
    name = name[:28].rstrip("-")
    arn = f"arn:aws:es:{session.region_name}:{account}:domain/{name}/*"
    statements = [
        {"Sid": "", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "es:ESHttpGet", "Resource": arn},
        {
            "Sid": "Shippers",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:role/log-shipper"},
            "Action": "es:ESHttp*",
            "Resource": arn,
        },
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    session.client("opensearch").create_domain(DomainName=name, AccessPolicies=json.dumps(document))
    return name


EXAMPLE = Example(
    name="search",
    policy="opensearch-access-policy-not-public",
    event="UpdateDomainConfig",
    create=_create,
)
