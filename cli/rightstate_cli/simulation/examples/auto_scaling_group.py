"""A group without a cooldown."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )
    session.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Default"},
        AvailabilityZones=[f"{session.region_name}a"],
        MinSize=0,
        MaxSize=4,
        DefaultCooldown=0,
    )
    return name


EXAMPLE = Example(
    name="checkout-web",
    policy="asg-cooldown",
    event="UpdateAutoScalingGroup",
    recorded=(
        "CreateAutoScalingGroup",
        "UpdateAutoScalingGroup",
    ),
    create=_create,
)
