"""What the tests know of SSM documents."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ask = session.client("ssm").describe_document_permission
    return {"permissions": or_error(ask, Name=name, PermissionType="Share")}


EXPECTED = Expected(
    arn="arn:{partition}:ssm:{region}:{account}:document/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ssm").add_tags_to_resource(
        ResourceType="Document", ResourceId=name, Tags=LISTED
    ),
    not_in_config="How Config calls a document is not documented.",
    read_one_by_one=("ssm:DescribeDocumentPermission",),
)
