"""AMIs that the account owns: whether everybody may launch them."""

from collections.abc import Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, the_one
from rightstate.policies.ec2_image import POLICIES
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
from rightstate.wants import Value

# An image's ARN has no account (service authorization reference).
_ARN = "arn:{partition}:ec2:{region}::image/{id}"


def _one(clients: Clients, resource: Resource) -> Answer:
    return the_one(clients("ec2").describe_images(ImageIds=[resource.id])["Images"], "DescribeImages")


def _observe(
    clients: Clients, resource: Resource, image: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "Public": bool(image["Public"]),
        "SharedBy": None if image["OwnerId"] == resource.account else image["OwnerId"],
        "State": image["State"],
    }
    return {name: observed[name] for name in settings}


_LISTING = Listing(
    pages=paged("ec2", "describe_images", "Images", Owners=["self"], MaxResults=PAGE),
    id_of=lambda image: str(image["ImageId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too. Accounts and organizations that are named in the permissions stay."""
    [change] = changes
    permission = {"Add" if change.after else "Remove": [{"Group": "all"}]}
    return [
        Call(
            service="ec2",
            operation="ModifyImageAttribute",
            parameters={"ImageId": resource.id, "LaunchPermission": permission},
            settings=("Public",),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="ec2-image",
    title="AMI",
    service="ec2",
    policies=POLICIES,
    settings={
        "Public": Setting(
            read="DescribeImages:Images[].Public",
            write="ModifyImageAttribute:LaunchPermission.Remove[].Group",
        ),
        "SharedBy": Setting(read="DescribeImages:Images[].OwnerId"),
        "State": Setting(read="DescribeImages:Images[].State"),
    },
    in_code={
        "Public": InCode(
            terraform="aws_ami_launch_permission.group",
            named_only=True,
            without="CloudFormation has no resource for the permissions of an image.",
        ),
    },
    cases={
        "of-another-account": Case(
            reason="Another account owns the image and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "not-available": Case(
            reason="The image cannot be launched by anybody in its state.",
            holds=lambda observed: observed.get("State") != "available",
            reads=("State",),
        ),
    },
    arn=_ARN,
    # EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
    id_pattern=r"ami-(?:[0-9a-f]{17}|[0-9a-f]{8})",
    listing=_LISTING,
    rules=(
        Rule("PermissionCalls", "ec2", ("ModifyImageAttribute",), Subject(("requestParameters.imageId",))),
    ),
    calls=_calls,
    read_actions=("ec2:DescribeImages",),
    write_actions=("ec2:ModifyImageAttribute",),
    write_resources=(_ARN,),
    gone=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"),
)
