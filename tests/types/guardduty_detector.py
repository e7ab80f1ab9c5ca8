"""What the tests know of GuardDuty detectors."""

from typing import Any

import boto3

from tests.support.answers import Readers
from tests.types import Dependent, Expected

_DETECTOR = "arn:{partition}:guardduty:{region}:{account}:detector/1ab2c3d4e5f60718293a4b5c6d7e8f90"


def _read(session: boto3.Session, account: str) -> Readers:
    guardduty = session.client("guardduty")

    def statuses() -> list[Any]:
        ids = guardduty.list_detectors()["DetectorIds"]
        return [guardduty.get_detector(DetectorId=each)["Status"] for each in ids]

    return {"detectors": statuses}


EXPECTED = Expected(
    arn="*",
    instead={
        "guardduty:CreateDetector": ["*"],
        "guardduty:DeleteDetector": [_DETECTOR],
        "guardduty:UpdateDetector": [_DETECTOR],
    },
    dependent=(
        Dependent(
            "iam:CreateServiceLinkedRole",
            "arn:{partition}:iam::{account}:role/aws-service-role/any",
            "iam:AWSServiceName",
            allowed=["guardduty.amazonaws.com"],
            refused=["malware-protection.guardduty.amazonaws.com", "ec2.amazonaws.com", None],
        ),
    ),
    read=_read,
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:guardduty:eu-west-1:111122223333:detector": "111122223333",
    },
    elsewhere={"arn:aws:guardduty:eu-west-1:999999999999:detector": "account"},
    not_in_config="Config knows a detector by its id, and an account without one not at all.",
    read_one_by_one=(
        "guardduty:GetAdministratorAccount",
        "guardduty:GetDetector",
        "guardduty:ListDetectors",
    ),
    rarely_written={"guardduty:CreateDetector": "where there is none, which the example has"},
    rarely_undone={"guardduty:DeleteDetector": "where there was none, which the example has"},
)
