"""Problems of stacks, each with the finding and its fix."""

from tests.cli.checks.breaking import FAIL, WARN, Problem, at, with_member, without
from tests.support.template import STACK
from tests.support.world import FAR, MEMBER

PROBLEMS: list[Problem] = [
    (
        "V2",
        "the hub's stack is not protected",
        at("hub_stack", "EnableTerminationProtection", to=False),
        WARN,
        "no termination protection",
        f"update-termination-protection --enable-termination-protection --stack-name {STACK} ",
    ),
    (
        "V2",
        "the hub's stack has failed",
        at("hub_stack", "StackStatus", to="UPDATE_ROLLBACK_FAILED"),
        FAIL,
        "UPDATE_ROLLBACK_FAILED",
        "sam deploy",
    ),
    (
        "V2",
        "the last deployment was undone",
        at("hub_stack", "StackStatus", to="UPDATE_ROLLBACK_COMPLETE"),
        WARN,
        "rolled back",
        "describe-stack-events",
    ),
    (
        "V2",
        "the hub's stack has drifted",
        at("hub_stack", "DriftInformation", "StackDriftStatus", to="DRIFTED"),
        WARN,
        "changed outside",
        "describe-stack-resource-drifts",
    ),
    (
        "V2",
        "a member's stack is gone",
        without("member_stacks", (MEMBER, FAR)),
        FAIL,
        "no events are forwarded",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V2",
        "a member's stack is another hub's",
        with_member(Parameters=[{"ParameterKey": "HubAccount", "ParameterValue": "999999999999"}]),
        FAIL,
        "no events are forwarded",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V2",
        "a member's stack is not protected",
        with_member(EnableTerminationProtection=False),
        WARN,
        "no termination protection",
        "update-termination-protection",
    ),
    ("V3", "the hub is older", at("outputs", "Version", to="0.0.1"), FAIL, "has version 0.0.1", "sam deploy"),
    (
        "V3",
        "a member is older",
        with_member(Outputs=[{"OutputKey": "Version", "OutputValue": "0.0.1"}]),
        FAIL,
        "has version 0.0.1",
        "rightstate accounts add",
    ),
]
