"""What the tests know of the settings of Systems Manager."""

import boto3

from tests.support.answers import Readers
from tests.types import Dependent, Expected

_SETTING = "arn:{partition}:ssm:{region}:{account}:servicesetting/ssm/"
_SETTINGS = [
    f"{_SETTING}documents/console/public-sharing-permission",
    f"{_SETTING}managed-instance/default-ec2-instance-management-role",
]


def _read(session: boto3.Session, account: str) -> Readers:
    ssm = session.client("ssm")
    at = {"partition": "aws", "region": session.region_name, "account": account}
    return {
        each: lambda each=each: ssm.get_service_setting(SettingId=each.format(**at))["ServiceSetting"]
        for each in _SETTINGS
    }


EXPECTED = Expected(
    arn="*",
    instead=dict.fromkeys(("ssm:ResetServiceSetting", "ssm:UpdateServiceSetting"), _SETTINGS),
    dependent=(
        Dependent(
            "iam:PassRole",
            "arn:{partition}:iam::{account}:role/service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole",
            "iam_PassedToService",
            allowed=["ssm.amazonaws.com"],
            refused=["ec2.amazonaws.com", "*", None],
        ),
    ),
    read=_read,
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:ssm:eu-west-1:111122223333:servicesetting": "111122223333",
    },
    elsewhere={"arn:aws:ssm:eu-west-1:999999999999:servicesetting": "account"},
    not_in_config="Config has no type for these settings.",
    also_calls=("iam",),
    read_one_by_one=("ssm:GetServiceSetting",),
    times=2,  # a setting each
    rarely_read={"iam:GetRole": "before the role of hosts is set, which has to exist"},
)
