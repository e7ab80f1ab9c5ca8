"""A stopped recorder of one type, with a role of its own and without a delivery channel; or none at all."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    config = session.client("config")
    account = session.client("sts").get_caller_identity()["Account"]
    # A region has one, which an earlier example may have left.
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        for channel in config.describe_delivery_channels()["DeliveryChannels"]:
            config.delete_delivery_channel(DeliveryChannelName=channel["name"])
        config.delete_configuration_recorder(ConfigurationRecorderName=recorder["name"])
    if policy == "config-recorder-recording":
        return account
    # The option for the global types of IAM is one of a recorder of all types.
    of_all = {"allSupported": True, "includeGlobalResourceTypes": False}
    of_one = {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "inventory",
            "roleARN": f"arn:aws:iam::{account}:role/inventory",
            "recordingGroup": of_all if policy == "config-recorder-global-resources" else of_one,
            "recordingMode": {"recordingFrequency": "DAILY"},
        }
    )
    return account


EXAMPLE = Example(
    name="111122223333",
    policy="config-recorder-all-resources",
    event="PutConfigurationRecorder",
    create=_create,
)
