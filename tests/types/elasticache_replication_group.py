"""What the tests know of ElastiCache replication groups."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected

ARN = "arn:{partition}:elasticache:{region}:{account}:"

EXPECTED = Expected(
    arn=f"{ARN}replicationgroup:{{id}}",
    read=of_one("elasticache", "ReplicationGroupId", "describe_replication_groups"),
    tag=lambda session, name, arn: session.client("elasticache").add_tags_to_resource(
        ResourceName=arn, Tags=LISTED
    ),
    beside={
        "elasticache:ModifyReplicationGroup": [
            f"{ARN}{kind}:any" for kind in ("parametergroup", "securitygroup", "usergroup")
        ]
    },
    busy=Busy("DescribeReplicationGroups", ("ReplicationGroups", 0, "Status"), "modifying"),
    names={
        "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:sessions": "sessions",
        "Sessions": "sessions",
    },
    not_in_config="Config does not record replication groups.",
    listed=0.03,  # and the list of their nodes, two in each
)
