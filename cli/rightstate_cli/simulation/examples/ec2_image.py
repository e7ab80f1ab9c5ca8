"""An image that everybody may launch."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    ec2 = session.client("ec2")
    image = ec2.register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    return image


EXAMPLE = Example(
    name="ami-0a1b2c3d4e5f60718",
    policy="ec2-image-not-public",
    event="ModifyImageAttribute",
    create=_create,
)
