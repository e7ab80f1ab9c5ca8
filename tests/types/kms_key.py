"""What the tests know of KMS keys."""

from tests.support.answers import of_one
from tests.support.tags import TAGS
from tests.types import Busy, Expected

EXPECTED = Expected(
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
    read=of_one("kms", "KeyId", "describe_key", "get_key_rotation_status"),
    tag=lambda session, name, arn: session.client("kms").tag_resource(
        KeyId=name, Tags=[{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]
    ),
    busy=Busy("DescribeKey", ("KeyMetadata", "KeyState"), "Updating", changes_at_once=True),
    rarely_written={
        "kms:CancelKeyDeletion": "called for a key that is to be deleted, which the example is not",
    },
    read_one_by_one=("kms:DescribeKey", "kms:GetKeyRotationStatus"),
)
