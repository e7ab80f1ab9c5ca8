"""How AWS Config is enabled, what its recorder records, and what is kept of a recorder."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, plan, reasons, remediate, undo

RECORDER = load("config-recorder")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="123456789012")
ROLE = "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
ALL = "ALL_SUPPORTED_RESOURCE_TYPES"
RECORDING, ALL_RESOURCES, GLOBAL, OWN_ROLE = (
    f"config-recorder-{each}"
    for each in ("recording", "all-resources", "global-resources", "service-linked-role")
)
INSTANCES = {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def record(account: Account, group: Mapping[str, Any], name: str = "inventory", **more: Any) -> None:
    account.client("config").put_configuration_recorder(
        ConfigurationRecorder={
            "name": name,
            "roleARN": "arn:aws:iam::123456789012:role/inventory",
            "recordingGroup": group,
            "recordingMode": {"recordingFrequency": "DAILY"},
            **more,
        }
    )


def recorders(account: Account) -> list[dict[str, Any]]:
    return account.client("config").describe_configuration_recorders()["ConfigurationRecorders"]


def test_a_region_without_config_gets_all_of_it_in_the_order_that_aws_asks_for(account: Account) -> None:
    policies = enabled(RECORDER, RECORDING, deliver_to="s3://logs/of/config")
    decision = remediate(RECORDER, account, RESOURCE, policies)
    assert [call.operation for call in decision.calls] == [
        "CreateServiceLinkedRole",
        "PutConfigurationRecorder",
        "PutDeliveryChannel",
        "StartConfigurationRecorder",
    ]
    [recorder] = recorders(account)
    assert (recorder["roleARN"], recorder["recordingGroup"]["allSupported"]) == (ROLE, True)
    [channel] = account.client("config").describe_delivery_channels()["DeliveryChannels"]
    assert (channel["s3BucketName"], channel["s3KeyPrefix"]) == ("logs", "of/config")
    account.calls.clear()
    assert plan(RECORDER, account, RESOURCE, policies).outcome is Outcome.COMPLIANT
    assert len(account.calls) == 3


def test_all_policies_together_make_a_recorder_with_one_call(account: Account) -> None:
    decision = remediate(RECORDER, account, RESOURCE, enabled(RECORDER))
    [put] = [call for call in decision.calls if call.operation == "PutConfigurationRecorder"]
    assert set(put.settings) == {"Recorder", "AllSupported", "GlobalTypes", "ServiceLinkedRole"}
    [recorder] = recorders(account)
    assert recorder["recordingGroup"]["includeGlobalResourceTypes"] is True
    assert plan(RECORDER, account, RESOURCE, enabled(RECORDER)).outcome is Outcome.COMPLIANT
    make(RECORDER, account, RESOURCE, undo(RECORDER, account, RESOURCE, decision))
    assert recorders(account) == []


def test_a_recorder_that_has_the_global_types_of_iam_has_all_others_too(account: Account) -> None:
    remediate(RECORDER, account, RESOURCE, enabled(RECORDER, RECORDING, GLOBAL))
    [recorder] = recorders(account)
    assert recorder["recordingGroup"]["allSupported"] is True
    assert recorder["recordingGroup"]["includeGlobalResourceTypes"] is True


def test_a_stopped_recorder_is_started_and_an_undo_stops_it_and_leaves_the_channel(account: Account) -> None:
    record(account, INSTANCES)
    channel = {"name": "mine", "s3BucketName": "mine"}
    account.client("config").put_delivery_channel(DeliveryChannel=channel)
    decision = remediate(RECORDER, account, RESOURCE, enabled(RECORDER, RECORDING))
    [call] = decision.calls
    assert (call.operation, call.parameters) == (
        "StartConfigurationRecorder",
        {"ConfigurationRecorderName": "inventory"},
    )
    make(RECORDER, account, RESOURCE, undo(RECORDER, account, RESOURCE, decision, consent=False))
    assert plan(RECORDER, account, RESOURCE, enabled(RECORDER, RECORDING)).calls == decision.calls
    assert account.client("config").describe_delivery_channels()["DeliveryChannels"] == [channel]


@pytest.mark.parametrize(
    "group",
    [
        INSTANCES,
        {
            "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]},
            "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        },
    ],
    ids=["some types", "all but some"],
)
def test_all_types_are_recorded_with_the_role_and_the_frequency_of_before_and_an_undo_restores_the_list(
    account: Account, group: dict[str, Any]
) -> None:
    record(account, group)
    [before] = recorders(account)
    decision = remediate(RECORDER, account, RESOURCE, enabled(RECORDER, ALL_RESOURCES))
    [after] = recorders(account)
    assert after["recordingGroup"]["recordingStrategy"] == {"useOnly": ALL}
    assert {**after, "recordingGroup": None} == {**before, "recordingGroup": None}
    make(RECORDER, account, RESOURCE, undo(RECORDER, account, RESOURCE, decision))
    assert recorders(account) == [before]


IAM = [f"AWS::IAM::{kind}" for kind in ("Group", "Policy", "Role", "User")]


@pytest.mark.parametrize(
    ("group", "with_iam"),
    [
        (INSTANCES, False),
        ({"resourceTypes": ["AWS::IAM::Role"]}, True),
        ({"exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]}}, True),
        ({"exclusionByResourceTypes": {"resourceTypes": IAM}}, False),
    ],
    ids=["named without", "named with", "not left out", "left out"],
)
def test_types_of_iam_that_were_recorded_are_recorded_on(
    account: Account, group: dict[str, Any], with_iam: bool
) -> None:
    strategy = "EXCLUSION" if "exclusionByResourceTypes" in group else "INCLUSION"
    record(account, {**group, "recordingStrategy": {"useOnly": f"{strategy}_BY_RESOURCE_TYPES"}})
    remediate(RECORDER, account, RESOURCE, enabled(RECORDER, ALL_RESOURCES))
    [recorder] = recorders(account)
    assert recorder["recordingGroup"]["includeGlobalResourceTypes"] is with_iam


def test_the_global_types_are_added_to_what_is_recorded_and_taken_off_by_an_undo(account: Account) -> None:
    record(account, {"allSupported": True})
    [before] = recorders(account)
    decision = remediate(RECORDER, account, RESOURCE, enabled(RECORDER, GLOBAL))
    [after] = recorders(account)
    assert after["recordingGroup"] == {**before["recordingGroup"], "includeGlobalResourceTypes": True}
    make(RECORDER, account, RESOURCE, undo(RECORDER, account, RESOURCE, decision))
    assert recorders(account) == [before]


def test_the_global_types_are_wanted_in_one_region_alone(account: Account) -> None:
    record(account, {"allSupported": True})
    elsewhere = enabled(RECORDER, GLOBAL, global_resources_region="eu-west-1")
    decision = plan(RECORDER, account, RESOURCE, elsewhere)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "global_resources_region" in decision.reason


def test_a_recorder_of_some_types_takes_the_global_ones_only_with_all_types(account: Account) -> None:
    record(account, INSTANCES)
    alone = plan(RECORDER, account, RESOURCE, enabled(RECORDER, GLOBAL))
    assert (alone.outcome, alone.calls) == (Outcome.REPORTED, ())
    assert "only for all types" in alone.reason
    remediate(RECORDER, account, RESOURCE, enabled(RECORDER, GLOBAL, ALL_RESOURCES))
    [recorder] = recorders(account)
    assert recorder["recordingGroup"]["includeGlobalResourceTypes"] is True


def test_a_recorder_that_names_all_global_types_records_them(account: Account) -> None:
    record(account, {"resourceTypes": IAM, "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}})
    assert plan(RECORDER, account, RESOURCE, enabled(RECORDER, GLOBAL)).outcome is Outcome.COMPLIANT


def test_the_service_linked_role_is_made_once_and_the_role_of_before_comes_back(account: Account) -> None:
    record(account, INSTANCES)
    [before] = recorders(account)
    decision = remediate(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE))
    assert [call.operation for call in decision.calls] == [
        "CreateServiceLinkedRole",
        "PutConfigurationRecorder",
    ]
    assert recorders(account) == [{**before, "roleARN": ROLE}]
    make(RECORDER, account, RESOURCE, undo(RECORDER, account, RESOURCE, decision))
    assert recorders(account) == [before]
    again = remediate(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE))
    assert [call.operation for call in again.calls] == ["PutConfigurationRecorder"]


@pytest.mark.parametrize(
    "receiver",
    [
        {"snsTopicARN": "arn:aws:sns:us-east-1:123456789012:config"},
        {"s3KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d-0000-4000-8000-000000000000"},
    ],
    ids=["topic", "key"],
)
def test_a_role_that_a_topic_or_a_key_may_count_on_is_left_unless_somebody_says_otherwise(
    account: Account, receiver: dict[str, str]
) -> None:
    record(account, INSTANCES)
    channel: Any = {"name": "default", "s3BucketName": "mine", **receiver}
    account.client("config").put_delivery_channel(DeliveryChannel=channel)
    held = plan(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE))
    assert (held.outcome, held.calls) == (Outcome.REPORTED, ())
    assert "hold_topic_or_key=false" in held.reason
    assert plan(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE, hold_topic_or_key=False)).apply


def test_a_recorder_of_control_tower_is_left_to_it(account: Account) -> None:
    record(account, INSTANCES, name="aws-controltower-BaselineConfigRecorder")
    decision = plan(RECORDER, account, RESOURCE, enabled(RECORDER))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert all("Control Tower manages" in reason for reason in reasons(decision))


def test_without_a_recorder_only_the_policy_that_makes_one_applies(account: Account) -> None:
    decision = plan(RECORDER, account, RESOURCE, enabled(RECORDER, ALL_RESOURCES, GLOBAL, OWN_ROLE))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert all("config-recorder-recording makes one" in reason for reason in reasons(decision))


def test_a_recorder_of_another_service_is_none(account: Account) -> None:
    record(account, INSTANCES)
    [found] = recorders(account)
    theirs = {**found, "servicePrincipal": "securityhub.amazonaws.com"}
    account.client("config").describe_configuration_recorders = lambda: {"ConfigurationRecorders": [theirs]}
    assert RECORDER.describe(account.client, RESOURCE, frozenset({"Recorder", "AllSupported"})) == {
        "Recorder": None,
        "AllSupported": None,
    }


def test_another_change_of_the_recorder_in_between_is_kept(account: Account) -> None:
    record(account, {"allSupported": True})
    decision = plan(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE))
    record(account, INSTANCES)
    make(RECORDER, account, RESOURCE, decision)
    [recorder] = recorders(account)
    assert recorder["recordingGroup"]["resourceTypes"] == ["AWS::EC2::Instance"]


def test_a_refusal_to_read_the_role_is_no_sign_that_there_is_none(account: Account) -> None:
    record(account, INSTANCES)

    def refuse(**given: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetRole")

    account.client("iam").get_role = refuse
    with pytest.raises(ClientError):
        plan(RECORDER, account, RESOURCE, enabled(RECORDER, OWN_ROLE))
