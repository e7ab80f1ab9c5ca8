"""What the tests know of AWS Config's recorder."""

from typing import Any

import boto3

from tests.support.answers import Readers
from tests.types import Dependent, Expected

_RECORDER = "arn:{partition}:config:{region}:{account}:configuration-recorder/inventory/1a2b3c4d"
_ROLE = "arn:{partition}:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def _read(session: boto3.Session, account: str) -> Readers:
    config = session.client("config")

    def recording() -> list[Any]:
        # When it was started and stopped is history, and no setting.
        statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        return [each["recording"] for each in statuses]

    return {
        "recorders": config.describe_configuration_recorders,
        "channels": config.describe_delivery_channels,
        "recording": recording,
    }


EXPECTED = Expected(
    arn="*",
    instead={
        "config:DeleteConfigurationRecorder": [_RECORDER],
        "config:DeleteDeliveryChannel": ["*"],
        "config:PutConfigurationRecorder": [_RECORDER],
        "config:PutDeliveryChannel": ["*"],
        "config:StartConfigurationRecorder": [_RECORDER],
        "config:StopConfigurationRecorder": [_RECORDER],
        "iam:CreateServiceLinkedRole": [_ROLE],
    },
    dependent=(
        Dependent(
            "iam:PassRole",
            "arn:{partition}:iam::{account}:role/any",
            "iam_PassedToService",
            allowed=["config.amazonaws.com"],
            refused=["ec2.amazonaws.com", "config.amazonaws.com.example", "*", None],
        ),
    ),
    read=_read,
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:config:eu-west-1:111122223333:configuration-recorder": "111122223333",
    },
    elsewhere={"arn:aws:config:eu-west-1:999999999999:configuration-recorder": "account"},
    not_in_config="Config knows a recorder by its name, and a region without one not at all.",
    also_calls=("iam",),
    read_one_by_one=(
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannels",
        "iam:GetRole",
    ),
    rarely_undone={"config:DeleteConfigurationRecorder": "where there was none, which the example has"},
)
