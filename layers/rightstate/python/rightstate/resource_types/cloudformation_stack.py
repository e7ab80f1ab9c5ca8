"""CloudFormation stacks, by name. Of the stacks that exist, only one in a region has a name."""

import re
from collections.abc import Callable, Sequence

from rightstate.aws.errors import named_errors
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, paged
from rightstate.policies.cloudformation_stack import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    listed_tags,
)

# How the names of stacks begin that Elastic Beanstalk, eksctl, SAM, Cloud9 and Service Catalog make for
# themselves. Service Catalog's begin with SC-, the account and -pp-.
_OF_SERVICES = re.compile(r"awseb-|eksctl-|aws-sam-cli-managed-|aws-cloud9-|SC-[0-9]{12}-pp-")
# How the descriptions of Rightstate's own templates begin.
_OURS = "Rightstate, "


def _observe(
    clients: Clients, resource: Resource, stack: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed = {
        "StackName": stack["StackName"],
        "StackStatus": stack["StackStatus"],
        "Nested": bool(stack.get("ParentId") or stack.get("RootId")),
        "Own": str(stack.get("Description", "")).startswith(_OURS),
        "EnableTerminationProtection": stack.get("EnableTerminationProtection"),
    }
    return {name: observed[name] for name in settings}


def _stack(clients: Clients, resource: Resource) -> Answer:
    # DescribeStacks answers so about a stack that does not exist (API reference). The code is not in the
    # type's `gone`, because UpdateTerminationProtection uses it for other errors too.
    with named_errors(gone=("ValidationError",)):
        found: list[Answer] = clients("cloudformation").describe_stacks(StackName=resource.id)["Stacks"]
    [stack] = found
    return stack


_LISTING = Listing(
    # Without a name it describes every stack but those that are deleted. That needs ListStacks too (API
    # reference, DescribeStacks).
    pages=paged("cloudformation", "describe_stacks", "Stacks"),
    id_of=lambda stack: str(stack["StackName"]),
    one=_stack,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        Call(
            service="cloudformation",
            operation="UpdateTerminationProtection",
            parameters={"StackName": resource.id, change.setting: change.after},
            settings=(change.setting,),
        )
        for change in changes
    ]


def _status(*prefixes: str) -> Callable[[Observed], bool]:
    return lambda observed: str(observed["StackStatus"]).startswith(prefixes)


_CASES = {
    # API reference, UpdateTerminationProtection: set on the root stack, it cannot be changed on a nested one.
    "nested": Case(
        reason="The stack is nested, so its root stack decides.",
        holds=lambda observed: observed["Nested"] is True,
        reads=("Nested",),
    ),
    "of-a-stack-set": Case(
        reason="The stack is an instance of a StackSet, which has to be able to delete it.",
        holds=lambda observed: str(observed["StackName"]).startswith("StackSet-"),
        reads=("StackName",),
    ),
    "of-a-service": Case(
        reason="Elastic Beanstalk, eksctl, SAM, Cloud9 or Service Catalog made the stack and has to be able "
        "to delete it.",
        holds=lambda observed: _OF_SERVICES.match(str(observed["StackName"])) is not None,
        reads=("StackName",),
    ),
    "own": Case(
        reason="The stack is Rightstate's own.",
        holds=lambda observed: observed["Own"] is True,
        reads=("Own",),
    ),
    "deleted": Case(
        reason="The stack is being deleted, or was to be.",
        holds=_status("DELETE_"),
        reads=("StackStatus",),
    ),
    "in-review": Case(
        reason="The stack has no resources yet: its first change set waits to be executed.",
        holds=_status("REVIEW_IN_PROGRESS"),
        reads=("StackStatus",),
    ),
    "not-created": Case(
        reason="The stack could not be created, and has to be deleted before another can have its name.",
        holds=_status("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"),
        reads=("StackStatus",),
    ),
}


def _busy(observed: Observed) -> str | None:
    """Do not wait for a stack that would be left alone in the end."""
    in_progress = str(observed["StackStatus"]).endswith("_IN_PROGRESS")
    if not in_progress or any(case.holds(observed) for case in _CASES.values()):
        return None
    return f"The stack is in {observed['StackStatus']}."


RESOURCE_TYPE = ResourceType(
    name="cloudformation-stack",
    title="CloudFormation stack",
    service="cloudformation",
    policies=POLICIES,
    settings={
        "StackName": Setting(read="DescribeStacks:Stacks[].StackName"),
        "StackStatus": Setting(read="DescribeStacks:Stacks[].StackStatus"),
        "Nested": Setting(read="DescribeStacks:Stacks[].ParentId"),
        "Own": Setting(read="DescribeStacks:Stacks[].Description"),
        "EnableTerminationProtection": Setting(
            read="DescribeStacks:Stacks[].EnableTerminationProtection",
            write="UpdateTerminationProtection:EnableTerminationProtection",
        ),
    },
    in_code={
        "EnableTerminationProtection": InCode(
            without="A template cannot protect its own stack. The tool that creates the stack does, such as "
            "terminationProtection of a CDK stack. The Terraform provider has no argument for it."
        )
    },
    cases=_CASES,
    facts=("StackName", "StackStatus", "Nested", "Own"),
    arn="arn:{partition}:cloudformation:{region}:{account}:stack/{id}",
    # API reference, CreateStack: up to 128 letters, digits and hyphens, a letter first. The ARN, which is the
    # stack's id, has a UUID after that. Never empty: DescribeStacks without a name describes all stacks.
    id_pattern=r"(?P<id>[A-Za-z][A-Za-z0-9-]{0,127})(?:/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?",
    config_type="AWS::CloudFormation::Stack",
    listing=_LISTING,
    rules=(
        Rule(
            "StackCalls",
            "cloudformation",
            ("CreateStack", "UpdateTerminationProtection"),
            Subject(("responseElements.stackId",)),
        ),
        Rule(
            "ChangeSetCalls",
            "cloudformation",
            ("ExecuteChangeSet",),
            Subject(("requestParameters.stackName",)),
            name="cloudformation-change-set",
            # Not those that name a change set by its ARN alone, which does not say whose it is. SAM, CDK and
            # the console name the stack.
            where={
                "$or": [
                    {"requestParameters": {"stackName": [{"exists": True}]}},
                    {
                        "requestParameters": {
                            "changeSetName": [{"exists": False}, {"anything-but": {"prefix": "arn:"}}]
                        }
                    },
                ]
            },
        ),
        Rule(
            "StackImports",
            "cloudformation",
            ("ImportStacksToStackSet",),
            Subject(("requestParameters.stackIds",), kind="resources"),
            name="cloudformation-import",
            # Not those whose stacks are listed in a file of S3.
            where={"requestParameters": {"stackIdsUrl": [{"exists": False}]}},
        ),
    ),
    calls=_calls,
    busy=_busy,
    read_actions=("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
    write_actions=("cloudformation:UpdateTerminationProtection",),
    write_resources=("arn:{partition}:cloudformation:{region}:{account}:stack/{id}/*",),
)
