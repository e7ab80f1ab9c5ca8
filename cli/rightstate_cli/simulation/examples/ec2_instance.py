"""An instance without detailed monitoring and termination protection, which answers to IMDSv1."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    answer = session.client("ec2").run_instances(
        ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData="planted-secret"
    )
    return answer["Instances"][0]["InstanceId"]


EXAMPLE = Example(
    name="i-0a1b2c3d4e5f60718",
    policy="ec2-termination-protection",
    event="ModifyInstanceAttribute",
    recorded=(
        "ModifyInstanceAttribute",
        "RunInstances",
    ),
    create=_create,
)
