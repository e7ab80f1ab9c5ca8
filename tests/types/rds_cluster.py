"""What the tests know of Aurora clusters and Multi-AZ DB clusters."""

from tests.support import rds
from tests.types import Expected

EXPECTED = Expected(
    arn=f"{rds.ARN}cluster:{{id}}",
    read=rds.read_cluster,
    tag=rds.tag,
    beside=rds.MODIFY_CLUSTER,
    dependent=(rds.SERVICE_ROLE,),
    busy=rds.BUSY_CLUSTER,
    names={
        "arn:aws:rds:eu-west-1:111122223333:cluster:checkout": "checkout",
        "arn:aws:rds:eu-west-1:111122223333:cluster:Orders": "orders",
    },
    not_in_config=rds.NOT_IN_CONFIG,
    listed=0.05,  # the classes of the members, of 25 clusters at a time
    rarely_read={
        "rds:DescribeGlobalClusters": "asked where a cluster is part of a global database",
    },
    also_starts={"CreateDBInstance": ["rds-instance"]},
)
