"""What the tests know of provisioned Redshift clusters."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected

EXPECTED = Expected(
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    read=of_one("redshift", "ClusterIdentifier", "describe_clusters", "describe_logging_status"),
    tag=lambda session, name, arn: session.client("redshift").create_tags(ResourceName=arn, Tags=LISTED),
    busy=Busy("DescribeClusters", ("Clusters", 0, "ClusterStatus"), "modifying"),
    read_one_by_one=("redshift:DescribeLoggingStatus",),
)
