"""What the tests know of Neptune instances."""

from tests.support import rds
from tests.types import Expected

EXPECTED = Expected(
    arn=f"{rds.ARN}db:{{id}}",
    read=rds.read_instance,
    tag=rds.tag,
    beside=rds.MODIFY_INSTANCE,
    busy=rds.BUSY_INSTANCE,
    names={"arn:aws:rds:eu-west-1:111122223333:db:relations-1": "relations-1"},
    not_in_config=rds.NOT_IN_CONFIG,
)
