"""What the tests know of CloudFormation stacks."""

from typing import Any

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected


def _tag(session: Any, name: str, arn: str) -> None:
    session.client("cloudformation").update_stack(StackName=name, UsePreviousTemplate=True, Tags=LISTED)


EXPECTED = Expected(
    arn="arn:{partition}:cloudformation:{region}:{account}:stack/{id}/8a6b5c40",
    read=of_one("cloudformation", "StackName", "describe_stacks"),
    tag=_tag,
    busy=Busy("DescribeStacks", ("Stacks", 0, "StackStatus"), "UPDATE_IN_PROGRESS", changes_at_once=True),
    listed=0.02,  # moto gives 50 a page
    rarely_read={
        "cloudformation:ListStacks": "checked too where DescribeStacks names no stack, as in a list of all",
    },
)
