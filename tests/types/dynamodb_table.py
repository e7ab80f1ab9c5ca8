"""What the tests know of DynamoDB tables."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected

EXPECTED = Expected(
    arn="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    read=of_one("dynamodb", "TableName", "describe_table", "describe_continuous_backups"),
    tag=lambda session, name, arn: session.client("dynamodb").tag_resource(ResourceArn=arn, Tags=LISTED),
    busy=Busy("DescribeTable", ("Table", "TableStatus"), "UPDATING"),
    names={"Orders": "Orders"},
    config_id=("customers", "customers"),
    read_one_by_one=("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable"),
)
