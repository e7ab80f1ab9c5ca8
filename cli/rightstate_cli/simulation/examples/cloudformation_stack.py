"""A stack that anybody may delete."""

import json

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    return name


EXAMPLE = Example(
    name="checkout",
    policy="cloudformation-stack-termination-protection",
    event="UpdateTerminationProtection",
    recorded=("CreateStack",),
    create=_create,
)
