"""A group without a cooldown, which does not ask its load balancer who is healthy."""

import re

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )
    [vpc, *_] = session.client("ec2").describe_vpcs()["Vpcs"]
    [target_group] = session.client("elbv2").create_target_group(
        # At most 32 letters, digits and hyphens.
        Name=re.sub("[^A-Za-z0-9]+", "-", name)[:32].strip("-"),
        Protocol="HTTP",
        Port=80,
        VpcId=vpc["VpcId"],
    )["TargetGroups"]
    session.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Default"},
        AvailabilityZones=[f"{session.region_name}a"],
        MinSize=0,
        MaxSize=4,
        DefaultCooldown=0,
        HealthCheckGracePeriod=60,
        TargetGroupARNs=[target_group["TargetGroupArn"]],
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
