"""What the tests know of IAM Access Analyzer."""

from typing import Any

import boto3

from tests.support.answers import Readers
from tests.types import Busy, Dependent, Expected

_ANALYZER = "arn:{partition}:access-analyzer:{region}:{account}:analyzer/rightstate"


def _read(session: boto3.Session, account: str) -> Readers:
    def analyzers() -> list[Any]:
        found = session.client("accessanalyzer").list_analyzers()["analyzers"]
        return [{**each, "createdAt": ""} for each in found]

    return {"analyzers": analyzers}


EXPECTED = Expected(
    arn="*",
    instead={
        "access-analyzer:CreateAnalyzer": [_ANALYZER],
        "access-analyzer:DeleteAnalyzer": [_ANALYZER],
    },
    dependent=(
        Dependent(
            "iam:CreateServiceLinkedRole",
            "arn:{partition}:iam::{account}:role/aws-service-role/any",
            "iam:AWSServiceName",
            allowed=["access-analyzer.amazonaws.com"],
            refused=["ec2.amazonaws.com", None],
        ),
    ),
    read=_read,
    busy=Busy(
        "ListAnalyzers",
        ("analyzers", 0, "status"),
        "CREATING",
        entry={"name": "rightstate", "type": "ACCOUNT"},
    ),
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/everywhere": "111122223333",
    },
    elsewhere={"arn:aws:access-analyzer:eu-west-1:999999999999:analyzer/everywhere": "account"},
    not_in_config="Config knows an analyzer by its ARN, and a region without one not at all.",
    read_one_by_one=("accessanalyzer:ListAnalyzers",),
)
