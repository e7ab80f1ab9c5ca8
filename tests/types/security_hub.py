"""What the tests know of Security Hub."""

from tests.support.answers import or_error
from tests.types import Dependent, Expected

_HUB = "arn:{partition}:securityhub:{region}:{account}:hub/default"

EXPECTED = Expected(
    arn="*",
    instead={"securityhub:DisableSecurityHub": [_HUB], "securityhub:EnableSecurityHub": [_HUB]},
    dependent=(
        Dependent(
            "iam:CreateServiceLinkedRole",
            "arn:{partition}:iam::{account}:role/aws-service-role/any",
            "iam:AWSServiceName",
            allowed=["securityhub.amazonaws.com"],
            refused=["ec2.amazonaws.com", None],
        ),
    ),
    read=lambda session, _: {
        "hub": or_error(lambda: "on" if session.client("securityhub").describe_hub() else "")
    },
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:securityhub:eu-west-1:111122223333:hub/default": "111122223333",
    },
    elsewhere={"arn:aws:securityhub:eu-west-1:999999999999:hub/default": "account"},
    not_in_config="Config has no type for it.",
    read_one_by_one=("securityhub:DescribeHub",),
)
