"""What the tests know of CloudTrail trails."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Dependent, Expected


def _read(session: boto3.Session, name: str) -> Readers:
    cloudtrail = session.client("cloudtrail")
    return {
        # What a trail has logged, and when it was started, is history and no setting.
        "trail": or_error(cloudtrail.get_trail, Name=name),
        "logging": lambda: cloudtrail.get_trail_status(Name=name)["IsLogging"],
    }


EXPECTED = Expected(
    arn="arn:{partition}:cloudtrail:{region}:{account}:trail/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("cloudtrail").add_tags(ResourceId=arn, TagsList=LISTED),
    dependent=(
        Dependent(
            "iam:PassRole",
            "arn:{partition}:iam::{account}:role/any",
            "iam_PassedToService",
            allowed=["cloudtrail.amazonaws.com"],
            refused=["ec2.amazonaws.com", "cloudtrail.amazonaws.com.example", "*", None],
        ),
    ),
    read_one_by_one=("cloudtrail:GetTrailStatus",),
    also_starts=dict.fromkeys(("CreateTrail", "UpdateTrail"), ("log-group",)),
    rarely_read={
        "cloudtrail:GetEventSelectors": "asked of the other trails that log, so that one is spared for them",
    },
)
