"""Who may put events on the hub's bus, messages on its topic and in the queues (threats T7 and T8)."""

from typing import Any

import pytest

from rightstate_cli.application import events, sam_template
from tests.support.authorization import Policy, Request, allowed
from tests.support.installation import (
    ADMINISTRATOR,
    AT,
    LISTED,
    ORGANIZATION,
    STRANGER,
    Installation,
    document,
    everywhere,
    policies,
)
from tests.support.template import Event, Stack, rules_of_machines

SHIPPED = [event for of_kind in events.shipped().values() for event in of_kind]

# --- The bus (T8) ---


def put_events(at: Installation, **changed: Any) -> Request:
    """A rule of a member forwards a call of S3."""
    told = {
        "events:source": "aws.s3",
        "events:detail-type": "AWS API Call via CloudTrail",
        "aws:PrincipalOrgID": ORGANIZATION,
        **changed.pop("context", {}),
    }
    request = {
        "principal": at.member.role("rightstate-member-ForwardingRole-1A2B3C4D"),
        "action": "events:PutEvents",
        "resource": at.hub.arn("events", "event-bus/default"),
        "context": {key: value for key, value in told.items() if value is not None},
        **changed,
    }
    return Request(**request)


def bus_policy(at: Installation, organization: str = ORGANIZATION, accounts: str = LISTED) -> list[Policy]:
    resources = dict(at.hub_resources(OrganizationId=organization))
    if accounts:
        resources |= at.admitting_resources(accounts)
    return [
        {"Statement": each["Properties"]["Statement"]}
        for each in resources.values()
        if each["Type"] == "AWS::Events::EventBusPolicy"
    ]


SOURCES = sorted({properties["EventPattern"]["source"][0] for _, properties in sam_template.rules()})


@everywhere
@pytest.mark.parametrize("source", SOURCES)
def test_the_bus_takes_each_source_from_the_organization_and_from_a_listed_account(
    at: Installation, source: str
) -> None:
    forwarding = policies(at.member_resources(), "ForwardingRole")
    ours = put_events(at, context={"events:source": source})
    assert allowed(ours, forwarding, bus_policy(at))
    listed_account = f"arn:{at.hub.partition}:iam::{LISTED}:role/forwarding"
    theirs = put_events(
        at, principal=listed_account, context={"events:source": source, "aws:PrincipalOrgID": None}
    )
    assert allowed(theirs, [ADMINISTRATOR], bus_policy(at))


REFUSED_EVENTS: dict[str, dict[str, Any]] = {
    "from outside any organization": {"context": {"aws:PrincipalOrgID": None}},
    "from another organization": {"context": {"aws:PrincipalOrgID": "o-0987654321"}},
    "from a longer organization": {"context": {"aws:PrincipalOrgID": f"{ORGANIZATION}1"}},
    "that are replayed": {"context": {"events:source": "rightstate.replay"}},
    "of our own kind": {"context": {"events:source": "rightstate"}},
    "of somebody's own": {"context": {"events:source": "com.example.shop"}},
    "that look like AWS's": {"context": {"events:source": "awsx.s3"}},
    "without a source": {"context": {"events:source": None}},
    "of which one is somebody's own": {"context": {"events:source": ["aws.s3", "com.example.shop"]}},
    "of another kind": {"context": {"events:detail-type": "Object Created"}},
    "of service events": {"context": {"events:detail-type": "AWS Service Event via CloudTrail"}},
    "of executions": {"context": {"events:detail-type": "Step Functions Execution Status Change"}},
    "without a kind": {"context": {"events:detail-type": None}},
    "to make a rule": {"action": "events:PutRule"},
    "to open the bus": {"action": "events:PutPermission"},
}


@everywhere
@pytest.mark.parametrize("changed", REFUSED_EVENTS.values(), ids=list(REFUSED_EVENTS))
def test_the_bus_takes_no_events(at: Installation, changed: dict[str, Any]) -> None:
    assert not allowed(put_events(at, **changed), [ADMINISTRATOR], bus_policy(at))


@everywhere
def test_the_bus_takes_no_events_of_an_account_that_is_not_listed(at: Installation) -> None:
    principal = f"arn:{at.hub.partition}:iam::{STRANGER}:role/forwarding"
    request = put_events(at, principal=principal, context={"aws:PrincipalOrgID": None})
    assert not allowed(request, [ADMINISTRATOR], bus_policy(at))


@pytest.mark.parametrize(
    ("organization", "accounts", "from_the_organization", "from_the_listed"),
    [
        ("", "", False, False),
        (ORGANIZATION, "", True, False),
        ("", LISTED, False, True),
        ("", f"{STRANGER},{LISTED}", False, True),
    ],
)
def test_the_bus_is_open_to_those_alone_that_are_named(
    organization: str, accounts: str, from_the_organization: bool, from_the_listed: bool
) -> None:
    policy = bus_policy(AT, organization, accounts)
    principal = f"arn:aws:iam::{LISTED}:role/forwarding"
    listed_account = put_events(AT, principal=principal, context={"aws:PrincipalOrgID": None})
    assert allowed(put_events(AT), [ADMINISTRATOR], policy) is from_the_organization
    assert allowed(listed_account, [ADMINISTRATOR], policy) is from_the_listed


@everywhere
@pytest.mark.parametrize(
    "changed",
    [
        {"resource": "arn:{partition}:events:{region}:{hub}:event-bus/other"},
        {"resource": "arn:{partition}:events:{region}:{stranger}:event-bus/default"},
        {"resource": "arn:{partition}:events:xx-west-1:{hub}:event-bus/default"},
        {"action": "events:PutRule"},
        {"action": "sqs:SendMessage", "resource": "*"},
        {"action": "sts:AssumeRole", "resource": "*"},
    ],
    ids=str,
)
def test_the_rules_of_a_member_may_put_events_on_the_hubs_bus_and_nothing_else(
    at: Installation, changed: dict[str, str]
) -> None:
    forwarding = policies(at.member_resources(), "ForwardingRole")
    where = {
        "partition": at.hub.partition,
        "region": at.hub.region,
        "hub": at.hub.account,
        "stranger": STRANGER,
    }
    assert allowed(put_events(at), forwarding)
    request = put_events(at, **{key: value.format(**where) for key, value in changed.items()})
    assert not allowed(request, forwarding)


# --- Whose resource an event is about (T7) ---


@pytest.mark.parametrize("event", SHIPPED, ids=lambda event: event["detail"]["eventName"])
def test_the_account_is_the_senders_whatever_account_the_event_tells_of(event: Event) -> None:
    """The bus says who has sent an event; what is in it is the sender's."""
    elsewhere = {"recipientAccountId": STRANGER, "awsRegion": "xx-west-1", "account": STRANGER}
    caller = {"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": STRANGER}
    told = {**event, "detail": {**event["detail"], **elsewhere, "userIdentity": caller}}
    started = [rule for rule in rules_of_machines() if rule.matches(told)]
    assert started
    for rule in started:
        given = rule.input(told)
        assert (given["account"], given["region"]) == (event["account"], event["region"])


# --- The topic and the queues ---


def sends(service: str, action: str, resource: str, source: str, account: str, **more: str) -> Request:
    context = {"aws:SourceArn": source, "aws:SourceAccount": account, "aws:SecureTransport": "true", **more}
    return Request(f"{service}.amazonaws.com", action, resource, context)


@everywhere
def test_the_topic_takes_messages_of_our_rule_and_our_alarms_alone(at: Installation) -> None:
    resources, hub = at.hub_resources(), at.hub
    policy = [document(resources, "NotificationsPolicy")]
    topic = hub.arn("sns", "rightstate-notifications")
    elsewhere = Stack(STRANGER, hub.region, hub.name)
    rule, alarm = "rule/rightstate-died-executions", "alarm:rightstate-undelivered-events"
    cases = [
        ("events", hub.arn("events", rule), True),
        ("events", hub.arn("events", f"{rule}-2"), False),
        ("events", hub.arn("events", "rule/somebodys"), False),
        ("events", elsewhere.arn("events", rule), False),
        ("cloudwatch", hub.arn("cloudwatch", alarm), True),
        ("cloudwatch", hub.arn("cloudwatch", "alarm:somebodys"), False),
        ("cloudwatch", elsewhere.arn("cloudwatch", alarm), False),
        ("cloudwatch", hub.arn("events", rule), False),
        ("s3", hub.arn("events", rule), False),
    ]
    for service, source, expected in cases:
        request = sends(service, "sns:Publish", topic, source, source.split(":")[4])
        assert allowed(request, policy) is expected, (service, source)
        plain = sends(service, "sns:Publish", topic, source, hub.account, **{"aws:SecureTransport": "false"})
        assert not allowed(plain, policy)
    for action in ("sns:Subscribe", "sns:SetTopicAttributes", "sns:AddPermission", "sns:DeleteTopic"):
        assert not allowed(sends("events", action, topic, hub.arn("events", rule), hub.account), policy)


@everywhere
def test_the_function_that_records_publishes_to_the_topic_over_tls_alone(at: Installation) -> None:
    resources = at.hub_resources()
    # In one account it is enough that either allows it.
    both = [*policies(resources, "RecordRole"), document(resources, "NotificationsPolicy")]
    topic = at.hub.arn("sns", "rightstate-notifications")
    for encrypted in (True, False):
        context = {"aws:SecureTransport": str(encrypted).lower()}
        request = Request(at.function_role("record"), "sns:Publish", topic, context)
        assert allowed(request, both) is encrypted


@everywhere
@pytest.mark.parametrize("whose", ["hub", "member"])
def test_a_queue_takes_what_our_rules_could_not_deliver_alone(at: Installation, whose: str) -> None:
    resources = at.hub_resources() if whose == "hub" else at.member_resources()
    stack = getattr(at, whose)
    policy = [document(resources, "UndeliveredEventsPolicy")]
    queue = stack.arn("sqs", f"{stack.name}-undelivered-events")
    elsewhere = Stack(STRANGER, stack.region, stack.name)
    rules = [each for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
    ours = [f"rule/{each['Properties']['Name']}" for each in rules]
    cases = [
        *(("events", stack.arn("events", rule), True) for rule in ours),
        ("events", stack.arn("events", "rule/somebodys"), False),
        ("events", elsewhere.arn("events", ours[0]), False),
        ("events", stack.arn("events", f"rule/bus/{stack.name}-x"), False),
        ("sns", stack.arn("events", ours[0]), False),
    ]
    assert len(ours) >= 4
    for service, source, expected in cases:
        request = sends(service, "sqs:SendMessage", queue, source, source.split(":")[4])
        assert allowed(request, policy) is expected, (service, source)
        plain = {"aws:SecureTransport": "false"}
        assert not allowed(sends(service, "sqs:SendMessage", queue, source, stack.account, **plain), policy)
    source = stack.arn("events", ours[0])
    for action in ("sqs:ReceiveMessage", "sqs:PurgeQueue", "sqs:SetQueueAttributes"):
        assert not allowed(sends("events", action, queue, source, stack.account), policy)


@everywhere
def test_a_queue_is_read_over_tls_alone_even_by_an_administrator(at: Installation) -> None:
    for resources, stack in ((at.hub_resources(), at.hub), (at.member_resources(), at.member)):
        both = [ADMINISTRATOR, document(resources, "UndeliveredEventsPolicy")]
        queue = stack.arn("sqs", f"{stack.name}-undelivered-events")
        for encrypted in (True, False):
            context = {"aws:SecureTransport": str(encrypted).lower()}
            request = Request(stack.role("Administrator"), "sqs:ReceiveMessage", queue, context)
            assert allowed(request, both) is encrypted
