"""What is read of an Auto Scaling group, what is written, and what is left as it is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, session_policy
from rightstate.catalogue import load
from rightstate.deciding.planner import decide
from rightstate.errors import InvalidInput, NotReady, ResourceGone
from rightstate.identify import identify
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

GROUP = load("auto-scaling-group")
PLACE = Place(account="123456789012", region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="checkout-web")
POLICIES = enabled(GROUP)
COOLDOWN, CHECKS = "asg-cooldown", "asg-elb-health-check"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        made = Account()
        made.client("ec2").create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12c6146b"}
        )
        yield made


def create(account: Account, name: str = "checkout-web", **settings: Any) -> None:
    account.client("autoscaling").create_auto_scaling_group(
        **{
            "AutoScalingGroupName": name,
            "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "$Default"},
            "AvailabilityZones": ["us-east-1a"],
            "MinSize": 0,
            "MaxSize": 4,
            **settings,
        }
    )
    account.calls.clear()
    account.parameters.clear()


def described(account: Account) -> dict[str, Any]:
    [group] = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return dict(group)


def test_a_group_without_a_cooldown_gets_one_by_one_call_that_names_nothing_else(account: Account) -> None:
    create(account, DefaultCooldown=0)
    assert remediate(GROUP, account, RESOURCE, POLICIES).outcome is Outcome.REMEDIATED
    assert account.parameters == [
        ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["checkout-web"]}),
        ("UpdateAutoScalingGroup", {"AutoScalingGroupName": "checkout-web", "DefaultCooldown": 300}),
    ]


def test_everything_but_the_cooldown_stays_as_it_was(account: Account) -> None:
    create(
        account,
        DefaultCooldown=0,
        MinSize=1,
        DesiredCapacity=2,
        HealthCheckGracePeriod=77,
        NewInstancesProtectedFromScaleIn=True,
        TerminationPolicies=["OldestInstance"],
    )
    before = described(account)
    remediate(GROUP, account, RESOURCE, POLICIES)
    assert described(account) == {**before, "DefaultCooldown": 300}


def test_a_group_that_has_been_remediated_is_left_alone(account: Account) -> None:
    create(account, DefaultCooldown=0)
    remediate(GROUP, account, RESOURCE, POLICIES)
    account.calls.clear()
    assert remediate(GROUP, account, RESOURCE, POLICIES).outcome is Outcome.COMPLIANT
    assert account.calls == ["autoscaling:DescribeAutoScalingGroups"]


def test_the_cooldown_that_the_account_asks_for_is_written(account: Account) -> None:
    create(account, DefaultCooldown=0)
    remediate(GROUP, account, RESOURCE, enabled(GROUP, default_cooldown_seconds=90))
    assert described(account)["DefaultCooldown"] == 90


@given(cooldown=st.integers(min_value=1, max_value=100_000), wanted=st.integers(1, 100_000))
def test_a_cooldown_that_somebody_chose_is_neither_raised_nor_lowered(cooldown: int, wanted: int) -> None:
    asked = enabled(GROUP, COOLDOWN, default_cooldown_seconds=wanted)
    decision = decide(GROUP, RESOURCE, asked, {"DefaultCooldown": cooldown})
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())


def target_group(account: Account) -> str:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    elbv2 = account.client("elbv2")
    [made] = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"]
    return str(made["TargetGroupArn"])


@pytest.mark.parametrize(
    ("types", "grace", "written"),
    [
        ("EC2", 0, {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 300}),
        ("EC2", 900, {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 900}),
        ("EBS", 60, {"HealthCheckType": "EBS,ELB", "HealthCheckGracePeriod": 300}),
        (
            "EBS,EC2,VPC_LATTICE",
            300,
            {"HealthCheckType": "EBS,ELB,VPC_LATTICE", "HealthCheckGracePeriod": 300},
        ),
    ],
)
def test_the_balancers_checks_come_beside_the_others_and_the_grace_period_is_never_shortened(
    account: Account, types: str, grace: int, written: dict[str, Any]
) -> None:
    create(account, HealthCheckType=types, TargetGroupARNs=[target_group(account)])
    account.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="checkout-web", HealthCheckGracePeriod=grace
    )
    before = described(account)
    decision = remediate(GROUP, account, RESOURCE, enabled(GROUP, CHECKS))
    assert described(account) == {**before, **written}
    assert plan(GROUP, account, RESOURCE, enabled(GROUP, CHECKS)).outcome is Outcome.COMPLIANT
    make(GROUP, account, RESOURCE, undo(GROUP, account, RESOURCE, decision))
    after = described(account)
    assert after["HealthCheckGracePeriod"] == grace
    assert {*after["HealthCheckType"].split(","), "EC2"} == {*types.split(","), "EC2"}


@pytest.mark.parametrize("types", ["ELB", "EC2,ELB", "EBS,ELB"])
def test_a_group_that_uses_the_balancers_checks_is_left_alone_whatever_its_grace_period(
    account: Account, types: str
) -> None:
    create(account, HealthCheckType=types, HealthCheckGracePeriod=1, TargetGroupARNs=[target_group(account)])
    account.calls.clear()
    assert plan(GROUP, account, RESOURCE, enabled(GROUP, CHECKS)).outcome is Outcome.COMPLIANT
    assert account.calls == ["autoscaling:DescribeAutoScalingGroups"]


@pytest.mark.parametrize(
    "told",
    [{}, {"TrafficSources": [{"Identifier": "arn:aws:vpc-lattice:x", "Type": "vpc-lattice"}]}],
    ids=str,
)
def test_a_group_without_a_load_balancer_needs_no_checks_of_one(account: Account, told: Any) -> None:
    create(account)
    group = {**described(account), **told}
    with Stubber(account.client("autoscaling")) as stubber:
        stubber.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]})
        decision = plan(GROUP, account, RESOURCE, enabled(GROUP, CHECKS))
    assert decision.outcome is Outcome.NOT_APPLICABLE


HEALTH = [
    ("elbv2", "healthy", False),
    ("elbv2", "initial", False),
    ("elbv2", "draining", False),
    ("elbv2", "unhealthy", True),
    ("elbv2", "unused", True),
    ("elb", "InService", False),
    ("elb", "OutOfService", True),
]


@pytest.mark.parametrize(("service", "state", "held"), HEALTH)
def test_nothing_is_changed_while_a_member_is_unhealthy_unless_the_account_says_so(
    account: Account, service: str, state: str, held: bool
) -> None:
    create(account)
    sources = [{"Identifier": "web", "Type": service}]
    group = {**described(account), "Instances": [MEMBER], "TrafficSources": sources}
    answers: dict[str, tuple[str, dict[str, Any]]] = {
        "elb": (
            "describe_instance_health",
            {"InstanceStates": [{"InstanceId": each, "State": state} for each in ("i-1", "i-other")]},
        ),
        "elbv2": (
            "describe_target_health",
            {"TargetHealthDescriptions": [{"Target": {"Id": "i-1"}, "TargetHealth": {"State": state}}]},
        ),
    }
    for wanted in (True, False):
        with Stubber(account.client("autoscaling")) as groups, Stubber(account.client(service)) as health:
            groups.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]})
            health.add_response(*answers[service])
            decision = plan(GROUP, account, RESOURCE, enabled(GROUP, CHECKS, require_all_healthy=wanted))
        assert decision.apply is not (held and wanted)


MEMBER = {
    "InstanceId": "i-1",
    "AvailabilityZone": "us-east-1a",
    "LifecycleState": "InService",
    "HealthStatus": "Healthy",
    "ProtectedFromScaleIn": False,
}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"Status": "Delete in progress"}, "being deleted"),
        ({"Operator": {"Principal": "ecs.amazonaws.com"}}, "only that service may change it"),
    ],
    ids=str,
)
def test_a_group_that_cannot_be_changed_is_not_applicable(
    account: Account, told: dict[str, Any], reason: str
) -> None:
    create(account, DefaultCooldown=0)
    group = {**described(account), **told}
    with Stubber(account.client("autoscaling")) as stubber:
        stubber.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]})
        decision = remediate(GROUP, account, RESOURCE, POLICIES)
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert reason in decision.reason


def test_a_group_that_is_not_listed_is_gone(account: Account) -> None:
    with pytest.raises(ResourceGone):
        plan(GROUP, account, RESOURCE, POLICIES)


@pytest.mark.parametrize("code", ["ResourceContention", "ScalingActivityInProgress"])
def test_a_group_that_is_being_changed_is_waited_for(account: Account, code: str) -> None:
    create(account, DefaultCooldown=0)
    decision = plan(GROUP, account, RESOURCE, POLICIES)
    with Stubber(account.client("autoscaling")) as stubber:
        stubber.add_client_error("update_auto_scaling_group", code)
        with pytest.raises(NotReady), named_errors(gone=GROUP.gone, busy=GROUP.busy_errors):
            GROUP.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


def test_groups_are_listed_by_name_page_by_page(account: Account) -> None:
    names = [f"group-{number:03}" for number in range(101)]
    for name in names:
        create(account, name)
    found = GROUP.find(account.client, PLACE)
    assert next(iter(found)) == names[0]
    assert account.calls == ["autoscaling:DescribeAutoScalingGroups"]
    assert [names[0], *found] == names


@pytest.mark.parametrize(
    "name", ["*", "web-*", "web-?", "web:api", "${aws:username}", "we\nb", "web\n", "w\u00e9b", "", "x" * 256]
)
def test_a_name_that_could_mean_other_groups_too_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        identify(GROUP, PLACE, name)


def test_applying_may_change_that_group_only() -> None:
    applying = json.loads(session_policy(GROUP, Phase.APPLY, RESOURCE))["Statement"][1]
    assert applying == {
        "Effect": "Allow",
        "Action": ["autoscaling:UpdateAutoScalingGroup"],
        "Resource": [
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/checkout-web"
        ],
    }
