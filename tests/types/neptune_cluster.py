"""What the tests know of Neptune clusters."""

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
        "arn:aws:rds:eu-west-1:111122223333:cluster:relations": "relations",
        "Graph": "graph",
    },
    not_in_config=rds.NOT_IN_CONFIG,
)
