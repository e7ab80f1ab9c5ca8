"""What is read of an EC2 instance, what is written, and what is left as it is."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from moto.ec2.models import ec2_backends

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, session_policy
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, NotReady, ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, observe, plan, reasons, remediate, undo

INSTANCE = load("ec2-instance")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
MONITORING = "ec2-detailed-monitoring"
PROTECTION = "ec2-termination-protection"
TOKENS = "ec2-imdsv2-required"
SECRET = "planted-in-the-user-data"
READS = ["ec2:DescribeInstances", "ec2:DescribeInstanceAttribute"]


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def launch(account: Account, **settings: Any) -> Resource:
    wanted = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "UserData": SECRET, **settings}
    launched = account.client("ec2").run_instances(**wanted)["Instances"]
    account.calls.clear()
    account.parameters.clear()
    return Resource(**PLACE.model_dump(), id=launched[0]["InstanceId"])


def described(account: Account, resource: Resource) -> dict[str, Any]:
    answer = account.client("ec2").describe_instances(InstanceIds=[resource.id])
    return dict(answer["Reservations"][0]["Instances"][0])


def attribute(account: Account, resource: Resource, name: str) -> Any:
    answer = account.client("ec2").describe_instance_attribute(InstanceId=resource.id, Attribute=name)
    return answer[name[0].upper() + name[1:]]


def in_moto(resource: Resource) -> Any:
    return ec2_backends[OWNER]["us-east-1"].get_instance(resource.id)


def writes(account: Account) -> list[tuple[str, dict[str, Any]]]:
    return [made for made in account.parameters if not made[0].startswith("Describe")]


# --- What is written ---


def test_an_instance_without_detailed_monitoring_gets_it_by_one_call(account: Account) -> None:
    instance = launch(account)
    assert remediate(INSTANCE, account, instance, enabled(INSTANCE, MONITORING)).apply
    assert account.parameters == [
        ("DescribeInstances", {"InstanceIds": [instance.id]}),
        ("MonitorInstances", {"InstanceIds": [instance.id]}),
    ]
    assert described(account, instance)["Monitoring"] == {"State": "enabled"}


def test_an_instance_without_termination_protection_gets_it_by_one_call(account: Account) -> None:
    instance = launch(account)
    assert remediate(INSTANCE, account, instance, enabled(INSTANCE, PROTECTION)).apply
    assert account.parameters == [
        ("DescribeInstances", {"InstanceIds": [instance.id]}),
        ("DescribeInstanceAttribute", {"InstanceId": instance.id, "Attribute": "disableApiTermination"}),
        (
            "ModifyInstanceAttribute",
            {"InstanceId": instance.id, "DisableApiTermination": {"Value": True}},
        ),
    ]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        account.client("ec2").terminate_instances(InstanceIds=[instance.id])


def test_all_policies_together_describe_the_instance_once(account: Account) -> None:
    remediate(INSTANCE, account, launch(account), enabled(INSTANCE))
    assert account.calls == [
        *READS,
        "cloudwatch:GetMetricStatistics",
        "ec2:MonitorInstances",
        "ec2:ModifyInstanceAttribute",
        "ec2:ModifyInstanceMetadataOptions",
    ]


def test_an_instance_that_answers_to_imdsv1_requires_tokens_and_keeps_its_other_options(
    account: Account,
) -> None:
    options = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"}
    instance = launch(account, MetadataOptions=options)
    before = described(account, instance)["MetadataOptions"]
    decision = remediate(INSTANCE, account, instance, enabled(INSTANCE, TOKENS))
    assert described(account, instance)["MetadataOptions"] == {**before, "HttpTokens": "required"}
    assert plan(INSTANCE, account, instance, enabled(INSTANCE, TOKENS)).outcome is Outcome.COMPLIANT
    make(INSTANCE, account, instance, undo(INSTANCE, account, instance, decision))
    assert described(account, instance)["MetadataOptions"] == before


def test_an_instance_without_an_endpoint_keeps_none(account: Account) -> None:
    instance = launch(account, MetadataOptions={"HttpTokens": "optional", "HttpEndpoint": "disabled"})
    decision = remediate(INSTANCE, account, instance, enabled(INSTANCE, TOKENS))
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())
    assert account.calls == ["ec2:DescribeInstances"]


@pytest.mark.parametrize(
    ("days_ago", "wanted", "held"),
    [(None, 14, False), (1, 14, True), (13, 14, True), (16, 14, False), (1, 0, False), (60, 90, True)],
)
def test_an_instance_that_used_imdsv1_lately_is_reported_and_left_alone(
    account: Account, days_ago: int | None, wanted: int, held: bool
) -> None:
    instance = launch(account)
    if days_ago is not None:
        account.client("cloudwatch").put_metric_data(
            Namespace="AWS/EC2",
            MetricData=[
                {
                    "MetricName": "MetadataNoToken",
                    "Dimensions": [{"Name": "InstanceId", "Value": instance.id}],
                    "Timestamp": datetime.now(UTC) - timedelta(days=days_ago),
                    "Value": 3,
                }
            ],
        )
    decision = plan(INSTANCE, account, instance, enabled(INSTANCE, TOKENS, require_no_v1_use_days=wanted))
    assert decision.apply is not held
    assert [verdict.status for verdict in decision.verdicts] == [Status.HELD if held else Status.BROKEN]
    assert ("MetadataNoToken" in decision.reason) is held


def test_an_instance_that_has_been_remediated_is_left_alone(account: Account) -> None:
    instance = launch(account)
    remediate(INSTANCE, account, instance, enabled(INSTANCE))
    account.calls.clear()
    assert remediate(INSTANCE, account, instance, enabled(INSTANCE)).outcome is Outcome.COMPLIANT
    assert account.calls == READS


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_everything_else_stays_as_it_was(account: Account, state: str) -> None:
    instance = launch(account, InstanceType="t3.micro", EbsOptimized=True)
    if state == "stopped":
        account.client("ec2").stop_instances(InstanceIds=[instance.id])
    kept = ("userData", "instanceType", "instanceInitiatedShutdownBehavior", "disableApiStop", "ebsOptimized")
    before = described(account, instance), [attribute(account, instance, name) for name in kept]
    remediate(INSTANCE, account, instance, enabled(INSTANCE))
    after = described(account, instance), [attribute(account, instance, name) for name in kept]
    assert before[0]["State"]["Name"] == state
    options = {**before[0]["MetadataOptions"], "HttpTokens": "required"}
    assert after == (
        {**before[0], "Monitoring": {"State": "enabled"}, "MetadataOptions": options},
        before[1],
    )


# --- What does not apply ---


def stubbed(account: Account, **told: Any) -> tuple[Stubber, Resource]:
    """An instance of which EC2 tells that too, and which is asked for nothing else."""
    instance = launch(account)
    answer = {"Reservations": [{"Instances": [{**described(account, instance), **told}]}]}
    account.calls.clear()
    stubber = Stubber(account.client("ec2"))
    stubber.add_response("describe_instances", answer, {"InstanceIds": [instance.id]})
    return stubber, instance


def tagged(key: str, value: str = "x") -> dict[str, Any]:
    return {"Tags": [{"Key": "Name", "Value": "ledger"}, {"Key": key, "Value": value}]}


@pytest.mark.parametrize("policy", [MONITORING, PROTECTION])
@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"State": {"Code": 32, "Name": "shutting-down"}}, "is terminated"),
        ({"State": {"Code": 48, "Name": "terminated"}}, "is terminated"),
        ({"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}}, "left to that service"),
    ],
    ids=str,
)
def test_an_instance_that_cannot_be_changed_is_not_applicable(
    account: Account, policy: str, told: dict[str, Any], reason: str
) -> None:
    stubber, instance = stubbed(account, **told)
    with stubber:
        decision = remediate(INSTANCE, account, instance, enabled(INSTANCE, policy))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert reason in decision.reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        # moto lets a Spot Instance be protected; EC2 does not.
        ({"InstanceLifecycle": "spot"}, "Spot Instance"),
        (tagged("aws:autoscaling:groupName", "web"), "belongs to an Auto Scaling group"),
        (tagged("aws:elasticmapreduce:job-flow-id", "j-1"), "EMR, "),
        (tagged("elasticbeanstalk:environment-name"), "Elastic Beanstalk"),
        (tagged("eks:nodegroup-name"), "an EKS node group"),
        (tagged("karpenter.sh/nodepool", "default"), "Karpenter"),
        (tagged("karpenter.sh/provisioner-name", "default"), "Karpenter"),
        (tagged("aws:ec2:fleet-id", "fleet-2d8e1d2f-f834-6bbe-2e18-84a8a3ec40b1"), "an EC2 Fleet"),
        (tagged("aws:ec2spot:fleet-request-id", "sfr-73fbd2ce-aa30-494c-8788-1cee4EXAMPLE"), "a Spot Fleet"),
        (tagged("CreatedBy", "EC2 Image Builder"), "Image Builder"),
        (tagged("CreatedBy", "EC2 Fast Launch"), "Image Builder"),
    ],
    ids=str,
)
def test_an_instance_that_must_stay_terminable_is_not_protected_and_not_asked_whether_it_is(
    account: Account, told: dict[str, Any], reason: str
) -> None:
    stubber, instance = stubbed(account, **told)
    with stubber:
        decision = remediate(INSTANCE, account, instance, enabled(INSTANCE, PROTECTION))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert reason in decision.reason
    assert account.calls == ["ec2:DescribeInstances"]


@pytest.mark.parametrize(
    "told",
    [
        {"InstanceLifecycle": "scheduled"},
        tagged("aws:cloudformation:stack-name"),
        tagged("groupName", "aws:autoscaling:groupName"),
        tagged("eks:cluster-name"),
        tagged("karpenter.sh/discovery", "shop"),
        tagged("CreatedBy", "terraform"),
        tagged("BuiltBy", "EC2 Image Builder"),
        tagged("aws:ec2launchtemplate:id", "lt-0f1e2d3c4b5a69788"),
        {"Operator": {"Managed": False}},
    ],
    ids=str,
)
def test_an_instance_that_only_resembles_those_is_protected(account: Account, told: dict[str, Any]) -> None:
    stubber, instance = stubbed(account, **told)
    stubber.add_response("describe_instance_attribute", {"DisableApiTermination": {"Value": False}})
    with stubber:
        assert plan(INSTANCE, account, instance, enabled(INSTANCE, PROTECTION)).apply


def test_an_instance_is_protected_once_it_has_left_its_group(account: Account) -> None:
    instance = launch(account)
    auto_scaling = account.client("autoscaling")
    auto_scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        InstanceId=instance.id,
        AvailabilityZones=["us-east-1a"],
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=0,
    )
    auto_scaling.attach_instances(AutoScalingGroupName="web", InstanceIds=[instance.id])
    policies = enabled(INSTANCE, PROTECTION)
    assert remediate(INSTANCE, account, instance, policies).outcome is Outcome.NOT_APPLICABLE
    auto_scaling.detach_instances(
        AutoScalingGroupName="web", InstanceIds=[instance.id], ShouldDecrementDesiredCapacity=True
    )
    assert remediate(INSTANCE, account, instance, policies).outcome is Outcome.REMEDIATED


@pytest.mark.parametrize(("exempt", "outcome"), [(True, Outcome.NOT_APPLICABLE), (False, Outcome.REMEDIATED)])
def test_the_launch_template_decides_about_monitoring_unless_the_account_says_otherwise(
    account: Account, exempt: bool, outcome: Outcome
) -> None:
    stubber, instance = stubbed(account, **tagged("aws:autoscaling:groupName", "web"))
    with stubber:
        decision = plan(
            INSTANCE, account, instance, enabled(INSTANCE, MONITORING, exempt_group_members=exempt)
        )
    assert decision.outcome is outcome
    assert ["launch template" in reason for reason in reasons(decision)] == [True] * exempt


@pytest.mark.parametrize(
    ("key", "outcome"), [("critical", Outcome.REMEDIATED), ("Critical", Outcome.NOT_APPLICABLE)]
)
def test_only_instances_with_the_tag_are_monitored_where_the_account_names_one(
    account: Account, key: str, outcome: Outcome
) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "critical", "Value": SECRET}]}]
    instance = launch(account, TagSpecifications=tags)
    decision = remediate(INSTANCE, account, instance, enabled(INSTANCE, MONITORING, monitor_tag=key))
    assert decision.outcome is outcome
    assert [name for name, _ in writes(account)] == ["MonitorInstances"] * decision.apply


# --- What waits ---


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        ({"State": "pending"}, "The instance is pending."),
        ({"State": "stopping"}, "The instance is stopping."),
        ({"State": "running", "Monitoring": "pending"}, "Detailed monitoring is pending."),
        ({"State": "running", "Monitoring": "disabling"}, "Detailed monitoring is disabling."),
        ({"State": "running", "Monitoring": "enabled"}, None),
        ({"State": "running", "Monitoring": "disabled"}, None),
        ({"State": "running"}, None),
        ({"State": "stopped", "Monitoring": "pending"}, None),
        ({"State": "shutting-down"}, None),
        ({"State": "terminated", "Monitoring": "pending"}, None),
    ],
    ids=str,
)
def test_what_passes_by_itself_is_waited_for(observed: Observed, reason: str | None) -> None:
    assert INSTANCE.busy(observed) == reason


def test_an_instance_that_has_just_been_launched_is_busy_until_it_runs(account: Account) -> None:
    instance = launch(account)
    in_moto(instance)._state.name = "pending"
    assert INSTANCE.busy(observe(INSTANCE, account, instance, enabled(INSTANCE))) is not None
    in_moto(instance)._state.name = "running"
    assert INSTANCE.busy(observe(INSTANCE, account, instance, enabled(INSTANCE))) is None


def test_monitoring_in_transition_does_not_keep_protection_waiting(account: Account) -> None:
    instance = launch(account)
    in_moto(instance).monitoring_state = "pending"
    assert INSTANCE.busy(observe(INSTANCE, account, instance, enabled(INSTANCE, PROTECTION))) is None
    assert INSTANCE.busy(observe(INSTANCE, account, instance, enabled(INSTANCE, MONITORING))) is not None


@pytest.mark.parametrize(
    ("state", "broken"), [("disabled", True), ("disabling", True), ("pending", False), ("enabled", False)]
)
def test_monitoring_that_is_pending_counts_as_enabled(account: Account, state: str, broken: bool) -> None:
    instance = launch(account)
    in_moto(instance).monitoring_state = state
    [verdict] = plan(INSTANCE, account, instance, enabled(INSTANCE, MONITORING, mode=Mode.REPORT)).verdicts
    assert (verdict.status is Status.BROKEN) is broken


@pytest.mark.parametrize(
    ("code", "error"),
    [("IncorrectInstanceState", NotReady), ("InvalidInstanceID.NotFound", ResourceGone)],
)
@pytest.mark.parametrize(
    ("policy", "operation"),
    [(MONITORING, "monitor_instances"), (PROTECTION, "modify_instance_attribute")],
)
def test_an_instance_that_changed_its_state_meanwhile_waits_or_is_gone(
    account: Account, code: str, error: type[Exception], policy: str, operation: str
) -> None:
    instance = launch(account)
    decision = plan(INSTANCE, account, instance, enabled(INSTANCE, policy))
    with Stubber(account.client("ec2")) as stubber:
        stubber.add_client_error(operation, code)
        with pytest.raises(error), named_errors(gone=INSTANCE.gone, busy=INSTANCE.busy_errors):
            INSTANCE.apply(account.client, instance, decision.calls[0], decision.changes)


def test_an_instance_that_does_not_exist_is_gone(account: Account) -> None:
    unknown = Resource(**PLACE.model_dump(), id="i-0a1b2c3d4e5f60718")
    with pytest.raises(ResourceGone), named_errors(gone=INSTANCE.gone, busy=INSTANCE.busy_errors):
        observe(INSTANCE, account, unknown, enabled(INSTANCE))


def test_an_instance_of_somebody_else_is_left_out_of_the_answer_and_gone(account: Account) -> None:
    instance = launch(account)
    with Stubber(account.client("ec2")) as stubber:
        stubber.add_response("describe_instances", {"Reservations": []})
        with pytest.raises(ResourceGone):
            observe(INSTANCE, account, instance, enabled(INSTANCE))


# --- What is read ---


def test_neither_user_data_nor_the_value_of_a_tag_is_observed(account: Account) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": SECRET}]}]
    instance = launch(account, TagSpecifications=tags)
    observed = INSTANCE.describe(account.client, instance, frozenset(INSTANCE.settings))
    assert set(observed) == set(INSTANCE.settings)
    assert SECRET not in json.dumps(observed)
    attributes = [given.get("Attribute") for name, given in account.parameters if "Attribute" in name]
    assert attributes == ["disableApiTermination"]


@pytest.mark.parametrize(
    ("parameters", "settings"),
    [
        ({}, ["AutoScalingGroup", "Monitoring", "Operator", "State"]),
        ({"exempt_group_members": False}, ["Monitoring", "Operator", "State"]),
        (
            {"monitor_tag": "critical"},
            ["AutoScalingGroup", "Monitoring", "Operator", "State", "TagKeys"],
        ),
    ],
    ids=str,
)
def test_only_what_an_enabled_policy_depends_on_is_observed(
    account: Account, parameters: Mapping[str, Any], settings: list[str]
) -> None:
    policies = enabled(INSTANCE, MONITORING, **parameters)
    assert sorted(observe(INSTANCE, account, launch(account), policies)) == settings


def test_instances_are_listed_but_for_those_that_are_terminated(account: Account) -> None:
    running, stopped, terminated = (launch(account) for _ in range(3))
    account.client("ec2").stop_instances(InstanceIds=[stopped.id])
    account.client("ec2").terminate_instances(InstanceIds=[terminated.id])
    assert set(INSTANCE.find(account.client, PLACE)) == {running.id, stopped.id}


def test_instances_are_listed_page_by_page(account: Account) -> None:
    pages = [{"Reservations": [{"Instances": [{"InstanceId": f"i-{n:08}"}]}]} for n in range(2)]
    with Stubber(account.client("ec2")) as stubber:
        stubber.add_response("describe_instances", {**pages[0], "NextToken": "more"})
        found = iter(INSTANCE.find(account.client, PLACE))
        assert next(found) == "i-00000000"
        stubber.add_response("describe_instances", pages[1])
        assert list(found) == ["i-00000001"]


def test_the_members_of_a_reservation_are_the_instances_launched_together(account: Account) -> None:
    assert INSTANCE.members is not None
    launch(account)
    launched = account.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=3, MaxCount=3)
    members = INSTANCE.members(account.client, PLACE, launched["ReservationId"])
    assert set(members) == {("us-east-1", each["InstanceId"]) for each in launched["Instances"]}


def test_a_reservation_without_an_instance_is_gone(account: Account) -> None:
    assert INSTANCE.members is not None
    launch(account)
    with pytest.raises(ResourceGone, match="r-0f9e8d7c6b5a40312"):
        INSTANCE.members(account.client, PLACE, "r-0f9e8d7c6b5a40312")


@pytest.mark.parametrize("group", ["*", "r-*", "r-????????", "r-0f9e8d7c\n", "i-0f9e8d7c", "account", ""])
def test_a_group_that_is_no_reservation_is_refused_without_a_call(account: Account, group: str) -> None:
    assert INSTANCE.members is not None
    with pytest.raises(InvalidInput):
        INSTANCE.members(account.client, PLACE, group)
    assert account.calls == []


def test_applying_may_change_that_instance_only() -> None:
    instance = Resource(**PLACE.model_dump(), id="i-0a1b2c3d4e5f60718")
    applying = json.loads(session_policy(INSTANCE, Phase.APPLY, instance))["Statement"][1]
    assert applying["Resource"] == [f"arn:aws:ec2:us-east-1:{OWNER}:instance/i-0a1b2c3d4e5f60718"]
