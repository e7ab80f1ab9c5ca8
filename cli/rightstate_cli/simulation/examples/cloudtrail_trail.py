"""A trail of one region that does not log, without a key and without a log group."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("s3", region_name="us-east-1").create_bucket(Bucket=f"{name}-of-trail")
    session.client("cloudtrail").create_trail(
        Name=name,
        S3BucketName=f"{name}-of-trail",
        IncludeGlobalServiceEvents=False,
        IsMultiRegionTrail=False,
        EnableLogFileValidation=False,
    )
    return name


EXAMPLE = Example(
    name="management-events",
    policy="cloudtrail-logging-enabled",
    event="UpdateTrail",
    recorded=(
        "CreateTrail",
        "DeleteTrail",
        "StopLogging",
        "UpdateTrail",
    ),
    create=_create,
)
