"""What the tests know of provisioned Redshift clusters."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Busy, Expected


def _read(session: boto3.Session, name: str) -> Readers:
    redshift = session.client("redshift")
    return {
        "cluster": or_error(redshift.describe_clusters, ClusterIdentifier=name),
        # Where logs went before, and when they were delivered, is history and no setting.
        "logging": lambda: redshift.describe_logging_status(ClusterIdentifier=name)["LoggingEnabled"],
    }


EXPECTED = Expected(
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("redshift").create_tags(ResourceName=arn, Tags=LISTED),
    busy=Busy("DescribeClusters", ("Clusters", 0, "ClusterStatus"), "modifying"),
    read_one_by_one=("redshift:DescribeLoggingStatus",),
)
