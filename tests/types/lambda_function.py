"""What the tests know of Lambda functions."""

import json
from typing import Any

import boto3

from tests.support.answers import Readers
from tests.support.tags import TAGS
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    client = session.client("lambda")

    def statements() -> Any:
        # An undo adds them in another order, and each change makes a new revision.
        return json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]

    return {"statements": statements}


EXPECTED = Expected(
    arn="arn:{partition}:lambda:{region}:{account}:function:{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("lambda").tag_resource(Resource=arn, Tags=TAGS),
    names={
        "resize-images": "resize-images",
        "resize-images:live": "resize-images",
        "111122223333:function:resize-images": "resize-images",
        "arn:aws:lambda:eu-west-1:111122223333:function:resize-images": "resize-images",
        "arn:aws:lambda:eu-west-1:111122223333:function:resize-images:live": "resize-images",
    },
    elsewhere={
        "arn:aws:lambda:eu-west-1:999999999999:function:resize-images": "account",
        "arn:aws:lambda:us-east-1:111122223333:function:resize-images": "region",
        "arn:aws-cn:lambda:eu-west-1:111122223333:function:resize-images": "partition",
    },
    config_id=("resize-images", "resize-images"),
    read_one_by_one=("lambda:GetPolicy", "lambda:ListAliases"),
    rarely_read={
        "lambda:GetFunctionConcurrency": "tells a function without a policy from one that does not exist",
    },
)
